"""Asking a feed again: only for what has changed, on to its older documents, and in pages that can be stored."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.collect.sources import Page
from bot.collect.sources.confined import ConfinedParser
from bot.collect.sources.protocol import PAPERS, Validators
from bot.collect.sources.syndication import _WEB_PAGE, MOST_DOCUMENTS
from bot.errors import SourceError
from tests.collect.feeds import json_feed, pages, papers, rss
from tests.collect.services import Answer, Asked, Service, always, in_turn, loopback

FRESH = "<pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate>"
OLD = "<pubDate>Sun, 01 Nov 2026 10:00:00 GMT</pubDate>"
TAGGED = {"ETag": 'W/"7"', "Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT"}
KNOWN = Validators('W/"7"', "Sun, 22 Nov 2026 10:00:00 GMT")


@pytest.fixture(scope="module")
def parser() -> Iterator[ConfinedParser]:
    running = ConfinedParser()
    yield running
    running.close()


@pytest.fixture
def service() -> Iterator[Service]:
    with loopback() as running:
        yield running


def item(name: str, date: str = FRESH) -> str:
    return f"<title>{name}</title><link>https://x.example.org/{name}</link>{date}"


def titles(found: list[Page]) -> list[str]:
    return [paper.title for page in found for paper in page.announcements]


def test_what_the_service_calls_its_answer_is_handed_on_and_back(parser: ConfinedParser, service: Service) -> None:
    service.rules["/feed"] = always(Answer(body=rss(item("1")).encode(), headers=TAGGED))
    (page,) = pages(parser, service.url + "/feed")
    assert page.validators == KNOWN
    asked = service.asked[-1].headers
    assert "if-none-match" not in asked
    assert "if-modified-since" not in asked
    pages(parser, service.url + "/feed", known=KNOWN)
    asked = service.asked[-1].headers
    assert (asked["if-none-match"], asked["if-modified-since"]) == (KNOWN.etag, KNOWN.last_modified)


def test_an_unchanged_feed_is_one_empty_page(parser: ConfinedParser, service: Service) -> None:
    service.rules["/feed"] = in_turn(Answer(503), Answer(304, headers={"ETag": 'W/"7"'}))
    assert pages(parser, service.url + "/feed", known=KNOWN) == [Page(validators=KNOWN, unchanged=True)]


def test_a_feed_that_names_nothing_is_asked_as_before(parser: ConfinedParser, service: Service) -> None:
    service.rules["/feed"] = always(Answer(body=rss(item("1")).encode()))
    (page,) = pages(parser, service.url + "/feed", known=Validators())
    assert (page.validators, page.unchanged) == (None, False)
    assert not {"if-none-match", "if-modified-since"} & set(service.asked[-1].headers)


@pytest.mark.parametrize("etag", ["\u00e9", "x" * 301])
def test_a_name_that_cannot_be_sent_back_is_not_kept(parser: ConfinedParser, service: Service, etag: str) -> None:
    service.rules["/feed"] = always(Answer(body=rss(item("1")).encode(), headers={"ETag": etag}))
    (page,) = pages(parser, service.url + "/feed")
    assert page.validators is None


def test_a_feed_that_is_cut_off_is_not_known(parser: ConfinedParser, service: Service) -> None:
    body = rss(*(item(str(n)) for n in range(4))).encode()[:-60]
    service.rules["/feed"] = always(Answer(body=body, headers=TAGGED))
    kept: list[Page] = []
    with pytest.raises(SourceError, match="cut off"):
        pages(parser, service.url + "/feed", kept)
    assert titles(kept)[:3] == ["0", "1", "2"]
    assert all(page.validators is None for page in kept)


def test_a_large_feed_comes_in_pages(parser: ConfinedParser, service: Service) -> None:
    body = rss(*(item(str(n), OLD) for n in range(2 * PAPERS + 1)))
    service.rules["/feed"] = always(Answer(body=body.encode(), headers=TAGGED))
    found = pages(parser, service.url + "/feed")
    assert [len(page.announcements) for page in found] == [PAPERS, PAPERS, 1]
    assert titles(found) == [str(n) for n in range(2 * PAPERS + 1)]
    assert [page.validators for page in found] == [None, None, KNOWN]


def archive(service: Service, *documents: list[str], host: str = "") -> None:
    """A feed in several documents, each of which leads to the next (RFC 5005, section 3)."""

    def say(asked: Asked) -> Answer:
        at = int(asked.fields.get("page", 0))
        more = f'<atom:link rel="next" href="{host}/feed?page={at + 1}"/>' if at + 1 < len(documents) else ""
        return Answer(body=rss(*documents[at], more=more).encode(), headers=TAGGED | {"ETag": f'"{at}"'})

    service.rules["/feed"] = say


def test_a_feed_in_several_documents_is_read_as_far_back_as_the_window(
    parser: ConfinedParser, service: Service
) -> None:
    archive(service, [item("1"), item("2")], [item("3"), item("4")], [item("5"), item("6", OLD)], [item("7", OLD)])
    found = pages(parser, service.url + "/feed")
    assert titles(found) == list("123456")
    assert [page.validators.etag if page.validators else "" for page in found] == ["", "", '"0"']


@pytest.mark.parametrize(
    "date", [OLD, "", "<pubDate>soon</pubDate>", "<pubDate>Mon, 01 Jan 2125 00:00:00 GMT</pubDate>"]
)
def test_it_is_not_read_on_where_dates_do_not_say_so(parser: ConfinedParser, service: Service, date: str) -> None:
    archive(service, [item("1"), item("2", date)], [item("3")])
    assert titles(pages(parser, service.url + "/feed")) == ["1", "2"]


def test_it_is_not_read_on_at_another_host(parser: ConfinedParser, service: Service) -> None:
    archive(service, [item("1")], [item("2")], host="http://169.254.169.254")
    assert titles(pages(parser, service.url + "/feed")) == ["1"]


def test_a_feed_that_leads_in_a_circle_ends(parser: ConfinedParser, service: Service) -> None:
    more = '<atom:link rel="next" href="/feed?page=1"/>'
    service.rules["/feed"] = always(Answer(body=rss(item("1"), more=more).encode(), headers=TAGGED))
    found = pages(parser, service.url + "/feed")
    assert (titles(found), found[-1].validators) == (["1"], KNOWN)
    assert len(service.asked) == 2


def test_a_feed_that_shows_the_same_under_ever_new_addresses_ends(parser: ConfinedParser, service: Service) -> None:
    def say(asked: Asked) -> Answer:
        more = f'<atom:link rel="next" href="/feed?page={int(asked.fields.get("page", 0)) + 1}"/>'
        return Answer(body=rss(item("1"), more=more).encode())

    service.rules["/feed"] = say
    assert titles(pages(parser, service.url + "/feed")) == ["1"]
    assert len(service.asked) == 2


def test_a_feed_without_end_is_short_and_says_so(parser: ConfinedParser, service: Service) -> None:
    archive(service, *([item(str(n))] for n in range(MOST_DOCUMENTS + 5)))
    kept: list[Page] = []
    with pytest.raises(SourceError, match=r"short: .* goes on after 40 documents"):
        pages(parser, service.url + "/feed", kept)
    assert titles(kept) == [str(n) for n in range(MOST_DOCUMENTS)]


def test_a_document_that_fails_makes_the_feed_fail(parser: ConfinedParser, service: Service) -> None:
    def say(asked: Asked) -> Answer:
        more = '<atom:link rel="next" href="/feed?page=1"/>'
        return Answer(body=b"<other/>" if asked.fields else rss(item("1"), more=more).encode(), headers=TAGGED)

    service.rules["/feed"] = say
    kept: list[Page] = []
    with pytest.raises(SourceError, match="not a feed"):
        pages(parser, service.url + "/feed", kept)
    assert (titles(kept), [page.validators for page in kept]) == (["1"], [None])


def test_a_json_feed_is_read_on_too(parser: ConfinedParser, service: Service) -> None:
    def say(asked: Asked) -> Answer:
        one = {"id": asked.target, "title": asked.target, "date_published": "2026-11-22T10:00:00Z"}
        return Answer(body=json_feed(one, next_url="/feed?page=1").encode())

    service.rules["/feed"] = say
    assert titles(pages(parser, service.url + "/feed")) == ["/feed", "/feed?page=1"]


def test_links_are_relative_to_where_the_answer_says_it_is(parser: ConfinedParser, service: Service) -> None:
    for place, url in (
        ("/a/b/", f"{service.url}/a/b/papers/1"),
        ("https://y.example.org/c", "https://y.example.org/papers/1"),
        ("javascript:x", f"{service.url}/papers/1"),
    ):
        body = rss("<title>One</title><link>papers/1</link>")
        (paper,) = papers(parser, service, body, headers={"Content-Location": place})
        assert paper.url == url


def test_a_feed_of_many_comments_is_looked_at_no_longer_than_another() -> None:
    body = b"<!-- -->" * 490 + b"<rss version='2.0'/>"
    assert _WEB_PAGE.match(body) is None
    assert _WEB_PAGE.match(b"<?xml version='1.0'?> <!-- a --><!-- b -->\n<!doctype html><p>")
    assert _WEB_PAGE.match(b"\n<html>")
