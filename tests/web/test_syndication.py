"""Feeds for feed readers, read as those read them."""

from __future__ import annotations

import json
from datetime import datetime

import feedparser
import pytest
from lxml import etree

from bot.models.papers import AbstractSection
from bot.store import feeds
from tests.builders import NOW, finding, save
from tests.web.sites import Visit

SLUG = "/feeds/chronic-fatigue-syndrome"
KINDS = ("rss", "atom", "json")


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_feed_readers_read_it(quick: Visit, kind: str) -> None:
    answer = quick.get(f"{SLUG}.{kind}")
    assert answer.headers["content-type"].startswith(f"application/{kind}+xml")
    etree.fromstring(answer.content)
    read = feedparser.parse(answer.content)
    assert not read.bozo
    assert read.feed.title == "Chronic fatigue syndrome · Sample Digest"
    assert [entry.title for entry in read.entries] == [f"Fatigue paper {number}" for number in range(20)]
    first = read.entries[0]
    assert first.link == "http://127.0.0.1:8000/papers/1"
    assert first.id == "tag:127.0.0.1,2026:paper/1"
    assert first.published_parsed[:5] == (2026, 11, 23, 9, 30)
    content = first.content[-1].value
    assert "Sentence number 39" in content
    assert "<b>RESULTS</b>" in content
    names = [author["name"] for author in first.authors]
    assert names == ["Okafor A", "Lindqvist P"] if kind == "atom" else "Okafor A" in names[0] or names


def test_json_feed_has_what_its_version_asks_for(quick: Visit) -> None:
    answer = quick.get(f"{SLUG}.json")
    assert answer.headers["content-type"] == "application/feed+json"
    feed = json.loads(answer.content)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == f"http://127.0.0.1:8000{SLUG}.json"
    assert len({item["id"] for item in feed["items"]}) == 20
    assert datetime.fromisoformat(feed["items"][0]["date_published"]) == NOW
    assert feed["items"][0]["external_url"] == "https://doi.org/10.5555/sample.0"
    assert all(isinstance(item["id"], str) and item["content_html"] for item in feed["items"])


@pytest.mark.parametrize("kind", KINDS)
def test_what_sources_write_stays_text(visit: Visit, kind: str) -> None:
    hostile = finding(
        91,
        title="]]> <script>alert(1)</script> & α",
        abstract=(AbstractSection("<b>", "p<0.05 & ]]>"),),
        url="javascript:x",
    )
    save(visit.store, feeds.feed(visit.store, "microbicides").id, [hostile], lambda: NOW)
    content = visit.get(f"/feeds/microbicides.{kind}").content
    assert b"javascript" not in content
    if kind == "json":
        item = json.loads(content)["items"][0]
        assert item["title"] == "]]> <script>alert(1)</script> & α"
        assert "p&lt;0.05 &amp; ]]&gt;" in item["content_html"]
        return
    text = "".join(etree.fromstring(content).itertext())
    assert "]]> <script>alert(1)</script> & α" in text
    assert "<p><b>&lt;b&gt;</b> p&lt;0.05 &amp; ]]&gt;</p>" in text


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_sent_again_that_has_not_changed(quick: Visit, kind: str) -> None:
    first = quick.get(f"{SLUG}.{kind}")
    assert first.headers["last-modified"] == "Mon, 23 Nov 2026 09:30:00 GMT"
    for name, value in (
        ("If-None-Match", first.headers["etag"]),
        ("If-Modified-Since", first.headers["last-modified"]),
    ):
        again = quick.client.get(f"{SLUG}.{kind}", headers={name: value})
        assert (again.status_code, again.content) == (304, b"")
    assert quick.get(f"/feeds/microbicides.{kind}").status_code == 200
    assert quick.get(f"/feeds/nope.{kind}").status_code == 404
