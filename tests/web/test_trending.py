"""Trending feeds on the home page, and a feed's weeks on its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from bot.store import feeds
from bot.store.engine import Store
from bot.store.schema import open_store
from bot.web.growth import KEPT, Growing
from tests.builders import NOW, catalogue_feed, finding, save
from tests.web.sites import Visit, fill, settings, visiting

SVG = "{http://www.w3.org/2000/svg}"
WEEKS = [2, *[4, 5, 3] * 10, 20]


def enter(store: Store, slug: str, weeks: list[int]) -> None:
    """Papers in each week of a feed, the last week last."""
    feeds.apply_catalogue(store, [catalogue_feed(slug, name=f"{slug} <b>&")], NOW - timedelta(weeks=len(weeks)))
    feed_id = feeds.feed(store, slug).id
    found = [
        replace(finding(feed_id * 10_000 + 100 * back + number), entered_at=NOW - timedelta(weeks=back, days=3))
        for back, papers in enumerate(reversed(weeks))
        for number in range(papers)
    ]
    save(store, feed_id, found, lambda: NOW)


@pytest.fixture
def busy(store: Store) -> Iterator[Visit]:
    """A site with one feed that grows and one that does not, on each kind of database."""
    fill(store)
    enter(store, "grows", WEEKS)
    enter(store, "rests", WEEKS[:-1])
    yield from visiting(store, settings())


def charts(page: str) -> list[etree._Element]:
    """The drawings of a page, each well-formed by itself."""
    drawings = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    return [etree.fromstring(one.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)) for one in drawings]


def test_home_names_the_feeds_that_grow_with_their_weeks(busy: Visit) -> None:
    page = busy.get("/").text
    section = page[page.index('<section class="trends"') : page.index("</section>")]
    assert '<a href="/feeds/grows">grows &lt;b&gt;&amp;</a>' in section
    assert "20 papers this week, 4 in a usual week" in section
    assert "rests" not in section
    (chart,) = charts(page)
    assert len(chart.findall(f"{SVG}rect")) == 12


def test_home_says_nothing_of_trends_where_there_are_none(quick: Visit) -> None:
    page = quick.get("/").text
    assert "Trending" not in page
    assert "<svg" not in page


def test_a_feed_shows_its_weeks_on_its_first_page(busy: Visit) -> None:
    first, second = busy.get("/feeds/grows").text, busy.get("/feeds/grows?page=2").text
    (chart,) = charts(first)
    assert len(chart.findall(f"{SVG}rect")) == len(WEEKS)
    assert "Trending: 20 papers this week, 4 in a usual week" in first
    assert "Papers a week since April 2026" in first
    assert charts(second) == []
    rests = busy.get("/feeds/rests").text
    assert len(charts(rests)) == 1
    assert "Trending" not in rests


def test_a_chart_can_be_read_without_being_seen(busy: Visit) -> None:
    (chart,) = charts(busy.get("/feeds/grows").text)
    assert chart.get("role") == "img"
    assert chart.get("aria-label") == chart.findtext(f"{SVG}title")
    assert chart.get("aria-label") == "Papers in each of the last 32 weeks: 20 this week, 20 in the busiest"
    description = chart.find(f"{SVG}desc")
    assert description is not None
    assert description.get("id") == chart.get("aria-describedby")
    assert description.text is not None
    assert ", ".join(map(str, WEEKS)) in description.text


def test_a_chart_needs_nothing_that_the_policy_forbids(busy: Visit) -> None:
    for path in ("/", "/feeds/grows"):
        page = busy.get(path)
        assert "style=" not in page.text
        assert "<style" not in page.text
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        for chart in charts(page.text):
            allowed = {"svg", "title", "desc", "rect", "path"}
            assert {etree.QName(part).localname for part in chart.iter()} <= allowed
            assert not any("href" in name for part in chart.iter() for name in part.attrib)


def test_a_feed_without_papers_or_retired_has_no_chart(busy: Visit) -> None:
    feeds.retire(busy.store, "grows", NOW)
    for path in ("/", "/feeds/microbicides", "/feeds/grows"):
        assert charts(busy.get(path).text) == []


def test_what_was_seen_is_kept_for_a_minute(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/bot.db")
    growing = Growing(store)
    enter(store, "grows", WEEKS)

    def named(moment: datetime) -> int:
        return len(growing.seen(moment).trends)

    assert named(NOW) == 1
    enter(store, "rests", WEEKS)
    assert named(NOW + KEPT - timedelta(seconds=1)) == 1
    assert named(NOW + KEPT) == 2
    # A clock that was set back must not keep an old picture for ever.
    feeds.retire(store, "rests", NOW)
    assert named(NOW - timedelta(days=1)) == 1
    store.close()
