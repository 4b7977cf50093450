"""Home and the pages of feeds, as anybody sees them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.models.papers import Finding, Mark
from bot.store import feeds
from bot.store.schema import open_store
from tests.builders import NOW, announcement, save
from tests.web.sites import SENTENCES, Visit, fill, settings, visiting

SLUG = "/feeds/chronic-fatigue-syndrome"


def test_home_shows_every_feed_with_its_week_and_newest_papers(visit: Visit) -> None:
    page = visit.get("/").text
    assert [page.index(name) for name in ("Blastomycosis", "Chronic fatigue syndrome", "Microbicides")] == sorted(
        page.index(name) for name in ("Blastomycosis", "Chronic fatigue syndrome", "Microbicides")
    )
    assert "15 new papers this week" in page
    assert re.findall(r"Fatigue paper \d+", page) == ["Fatigue paper 0", "Fatigue paper 1"]
    assert 'href="/feeds/microbicides"' in page
    assert page.count("No papers yet") == 1
    assert page.count("<h1") == 1


def test_pages_show_what_is_at_or_above_the_threshold_and_say_what_was_retracted(visit: Visit) -> None:
    slug = "chronic-fatigue-syndrome"
    feed_id = feeds.feed(visit.store, slug).id
    found = [
        Finding(announcement(70, title="Retracted one", marks=(Mark.RETRACTED,)), 0.9, "", NOW - timedelta(minutes=1)),
        Finding(announcement(71, title="Barely about it"), 0.3, "", NOW - timedelta(minutes=2)),
        Finding(announcement(72, title="Much about it"), 0.8, "", NOW - timedelta(minutes=3)),
    ]
    save(visit.store, feed_id, found, lambda: NOW)
    (known,) = [feed for feed in feeds.catalogue(visit.store) if feed.slug == slug]
    page = visit.get(SLUG).text
    assert "23 papers &middot; <b>18 new this week</b>" in page
    assert "Barely about it" in page
    feeds.apply_catalogue(visit.store, [replace(known, threshold=0.5)], NOW)
    page = visit.get(SLUG).text
    assert "22 papers &middot; <b>17 new this week</b>" in page
    assert "Barely about it" not in page
    assert "Much about it" in page
    retracted = page[page.index("Retracted one") : page.index("</article>", page.index("Retracted one"))]
    assert '<b class="retracted">Retracted</b>' in retracted
    home = visit.get("/").text
    assert "Barely about it" not in home
    assert '<b class="retracted">Retracted</b>' in home[home.index("Retracted one") :].partition("</li>")[0]


def test_feeds_stand_by_their_fields_with_boxes_of_the_form(visit: Visit) -> None:
    known = {feed.slug: feed for feed in feeds.catalogue(visit.store)}
    placed = [
        replace(known["microbicides"], field="Zoology & <more>"),
        replace(known["chronic-fatigue-syndrome"], field="Botany"),
    ]
    feeds.apply_catalogue(visit.store, placed, NOW)
    page = visit.get("/").text
    assert re.findall(r'<h2 id="field-\d+">(.*?)</h2>', page) == ["Botany", "Zoology &amp; &lt;more&gt;", "More feeds"]
    boxes = re.findall(r'<input type="checkbox" form="sign-up" name="(.*?)" value="(.*?)"', page)
    assert boxes == [("feed[]", slug) for slug in ("chronic-fatigue-syndrome", "microbicides", "blastomycosis")]
    assert page.count('<form method="post"') == 1
    assert 'id="sign-up"' in page


def test_a_feed_page_tells_how_its_sources_are_and_what_is_near(visit: Visit) -> None:
    shared = feeds.feed(visit.store, "microbicides").id
    save(visit.store, shared, [Finding(announcement(3, title="Fatigue paper 3"))], lambda: NOW)
    page = visit.get(SLUG).text
    assert "<dt>PubMed</dt>\n<dd>not asked yet</dd>" in page
    near = page[page.index('id="related"') :].partition("</section>")[0]
    assert re.findall(r'href="(.*?)"', near) == ["/feeds/microbicides"]
    assert "Related feeds" not in visit.get("/feeds/blastomycosis").text
    for kind, ending in (("rss+xml", "rss"), ("atom+xml", "atom"), ("feed+json", "json")):
        assert f'<link rel="alternate" type="application/{kind}"' in page
        assert f'href="{SLUG}.{ending}"' in page


def test_weeks_are_an_archive(visit: Visit) -> None:
    page = visit.get(SLUG).text
    # 23 November 2026 is a Monday.
    for name, week in (("23–29 November 2026", "2026-W48"), ("16–22 November 2026", "2026-W47")):
        assert f'<a href="{SLUG}/weeks/{week}">{name}</a>' in page
    whole = visit.get(f"{SLUG}/weeks").text
    assert re.findall(r"(\d+) papers?</span>", whole) == ["1", "14", "5"]
    week = visit.get(f"{SLUG}/weeks/2026-W47").text
    assert re.findall(r"Fatigue paper (\d+)</a></h3>", week) == [str(number) for number in range(1, 15)]
    assert f'href="{SLUG}/weeks/2026-W48"' in week
    assert f'href="{SLUG}/weeks/2026-W46"' in week


@pytest.mark.parametrize(
    "name", ["2026-W45", "2026-W54", "2026-W00", "9999-W53", "0000-W01", "2026-w47", "x", "2026-W4²"]
)
def test_a_week_without_papers_is_not_found(quick: Visit, name: str) -> None:
    assert quick.get(f"{SLUG}/weeks/{name}").status_code == 404


def test_pages_speak_the_language_that_is_asked_for(quick: Visit) -> None:
    for query, accepted, code in (("", "de-AT, en;q=0.5", "de"), ("?lang=ar", "de", "ar"), ("", "", "en")):
        for path in ("/", SLUG, "/search", "/papers/1", f"{SLUG}/weeks", "/nope"):
            answer = quick.client.get(path + query, headers={"Accept-Language": accepted})
            direction = "rtl" if code == "ar" else "ltr"
            assert f'<html lang="{code}" dir="{direction}">' in answer.text
            assert answer.headers["content-language"] == code
            assert answer.headers["vary"] == "Accept-Language"
            assert (f'href="/search?lang={code}"' in answer.text) == bool(query)


def test_a_digest_can_be_looked_at(visit: Visit) -> None:
    answer = visit.get("/sample")
    assert answer.status_code == 200
    assert "style-src 'unsafe-inline'" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "Fatigue paper 0" in answer.text
    assert "<script" not in answer.text
    assert len(answer.content) < 100_000


def test_a_retired_feed_is_not_on_the_home_page_but_can_be_read(visit: Visit) -> None:
    feeds.retire(visit.store, "chronic-fatigue-syndrome", NOW)
    assert "Chronic fatigue" not in visit.get("/").text
    page = visit.get(SLUG)
    assert page.status_code == 200
    assert "no longer kept up" in page.text
    assert "Fatigue paper 3" in page.text


def test_a_feed_page_shows_papers_by_day_with_all_that_is_known(visit: Visit) -> None:
    page = visit.get(SLUG).text
    assert "20 papers &middot; <b>15 new this week</b>" in page
    days = re.findall(r"<h2>(.*?)</h2>", page)
    assert '<a href="/papers/1">Fatigue paper 0</a>' in page
    assert days[:2] == ["Monday 23 November 2026", "Sunday 22 November 2026"]
    assert len(days) == 8
    assert '<a href="https://doi.org/10.5555/sample.0">Read at the journal<' in page
    assert "Okafor A, Lindqvist P" in page
    assert "<i>Journal of Samples</i>, 20 November 2026" in page


def test_a_long_abstract_is_cut_at_a_sentence_and_whole_when_opened(quick: Visit) -> None:
    page = quick.get(SLUG).text
    article = page[page.index("<article") : page.index("</article>")]
    found = re.search(
        r"<b class=\"label\">Results</b> (.*?)</p>.*<summary>Rest.*?</summary>\s*<p>(.*?)</p>", article, re.S
    )
    assert found is not None
    assert found[1].endswith(" of its own.")
    assert f"{found[1]} {found[2]}" == SENTENCES


def test_a_feed_is_paged(visit: Visit) -> None:
    first, second = visit.get(SLUG), visit.get(SLUG + "?page=2")
    assert [len(re.findall("<article", page.text)) for page in (first, second)] == [15, 5]
    assert f'<a rel="next" href="{SLUG}?page=2">' in first.text
    assert f'<a rel="prev" href="{SLUG}">' in second.text
    assert "Page 2 of 2" in second.text
    assert "Fatigue paper 19" in second.text


@pytest.mark.parametrize("page", ["3", "0", "-1", "01", "x", "", "²", "99999999999999999999", "2'--"])
def test_a_page_that_there_is_not_is_not_found(quick: Visit, page: str) -> None:
    assert quick.client.get(SLUG, params={"page": page}).status_code == 404


def test_an_unknown_feed_is_answered_with_the_known_ones(visit: Visit) -> None:
    for slug in ("nope", "%00", "a%0Ab", "Microbicides", "%F0%9F%92%A9", "x" * 3000, "..%2f.."):
        page = visit.get(f"/feeds/{slug}")
        assert page.status_code == 404
        if "%2f" not in slug:
            assert '<a href="/feeds/microbicides">Microbicides</a>' in page.text


def test_what_sources_write_is_text_and_their_links_are_web_links(quick: Visit) -> None:
    for path in ("/", "/feeds/blastomycosis"):
        page = quick.get(path).text
        assert re.findall("<script[^>]*>", page) == re.findall(r'<script src="/sign-up.js[^>]*>', page)
        assert "javascript:" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; p&lt;0.05" in page
    assert "Fatigue &amp; &lt;its&gt; causes." in quick.get(SLUG).text


def test_the_days_are_those_of_the_zone_in_the_settings_and_paths_begin_as_the_public_url_does(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/bot.db")
    fill(store)
    told = settings(timezone="Pacific/Auckland", public_url="https://example.org/digests/", postal_address="")
    for visit in visiting(store, told):
        page = visit.get(SLUG).text
        # 09:30 and, twelve hours before, 21:30 in UTC are 22:30 and 10:30 of one day over there.
        assert re.findall(r"<h2>(.*?)</h2>", page)[0] == "Monday 23 November 2026"
        first_day = page.split("<h2>")[1]
        assert "Fatigue paper 1<" in first_day
        assert set(re.findall(r'(?:href|action|src)="(/[^/"]*)', page)) == {"/digests"}
        assert f'href="/digests{SLUG}?page=2"' in page
        assert 'href="/digests/style.css?v=' in page
        assert "Disallow: /digests/unsubscribe" in visit.get("/robots.txt").text
    store.close()
