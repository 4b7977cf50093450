"""JSON Feed 1.0 and 1.1: what it may say, what it must not, and that it is found whatever the server calls it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.collect.sources import Page
from bot.collect.sources.confined import ConfinedParser
from bot.collect.sources.entries import announcements_of
from bot.collect.sources.feed_child import RefusedError, answer
from bot.collect.sources.syndication import readable
from bot.errors import FetchError, SourceError
from bot.models.papers import AbstractSection, Announcement, Author, Identifier
from tests.collect.feeds import TODAY, json_feed, names, pages, papers
from tests.collect.services import Answer, Service, always, in_turn, loopback

ADDRESS = "https://x.example.org/feed.json"


@pytest.fixture(scope="module")
def parser() -> Iterator[ConfinedParser]:
    running = ConfinedParser()
    yield running
    running.close()


@pytest.fixture
def service() -> Iterator[Service]:
    with loopback() as running:
        yield running


def read(body: str | bytes) -> tuple[Announcement, ...]:
    body = body.encode() if isinstance(body, str) else body
    return announcements_of(answer(readable(body, "")[0], "", ADDRESS), ADDRESS, TODAY)


ITEM = {
    "id": "tag:example.org,2026:7",
    "url": "https://journal.example.org/papers/7?utm_source=json",
    "external_url": "https://doi.org/10.5555/EX.7",
    "title": "On <i>E. coli</i>",
    "content_html": "<p>We found H<sub>2</sub>O.</p>",
    "summary": "Water.",
    "date_published": "2026-11-19T23:30:00-05:00",
    "date_modified": "2026-11-21T10:00:00Z",
    "authors": [{"name": "Marie Curie", "url": "https://x.example.org/"}, {"url": "https://y.example.org/"}],
    "tags": ["Physics", "Water", 7],
    "language": "en-GB",
    "attachments": [{"url": "https://x.example.org/a.pdf", "mime_type": "application/pdf"}],
    "_own": {"anything": [1]},
}


def test_an_item_with_everything(parser: ConfinedParser, service: Service) -> None:
    (paper,) = papers(parser, service, json_feed(ITEM), kind="application/feed+json")
    assert paper == Announcement(
        source="syndication",
        identifiers=(
            Identifier("doi", "10.5555/ex.7"),
            Identifier("guid", "tag:example.org,2026:7"),
            Identifier("link", "https://journal.example.org/papers/7"),
        ),
        title="On E. coli",
        url="https://journal.example.org/papers/7?utm_source=json",
        abstract=(AbstractSection("", "We found H₂O."),),
        authors=(Author("Curie", "Marie", "M"),),
        journal="Journal of Examples",
        keywords=("Physics", "Water"),
        published="2026-11-19",
        indexed=date(2026, 11, 20),
        revised=date(2026, 11, 21),
        language="en",
    )


@pytest.mark.parametrize("kind", ["application/feed+json", "application/json", "text/plain", "text/xml", ""])
@pytest.mark.parametrize("before", ["", "\ufeff", "\r\n \t"])
def test_it_is_known_by_what_it_is(parser: ConfinedParser, service: Service, kind: str, before: str) -> None:
    (paper,) = papers(parser, service, before + json_feed({"id": "1", "title": "Größe"}), kind=kind)
    assert paper.title == "Größe"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read(parser: ConfinedParser, service: Service, encoding: str) -> None:
    body = json_feed({"id": "1", "title": "Größe"}).encode(encoding)
    (paper,) = papers(parser, service, body)
    assert paper.title == "Größe"


def test_version_1_has_one_author() -> None:
    (paper,) = read(
        json_feed({"id": "1", "title": "One", "author": {"name": "Curie M"}}, version="https://jsonfeed.org/version/1")
    )
    assert paper.authors == (Author("Curie", "", "M"),)


def test_links_are_made_whole_and_only_lead_to_the_web() -> None:
    found = read(
        json_feed(
            {"id": "1", "title": "One", "url": "/papers/1"},
            {"id": "2", "title": "Two", "external_url": "https://y.example.org/2"},
            {"id": "3", "title": "Three", "url": "javascript:alert(1)"},
            {"id": "https://x.example.org/4", "title": "Four"},
            {"id": "5", "title": "Five", "url": "http://[broken"},
        )
    )
    assert [paper.url for paper in found] == [
        "https://x.example.org/papers/1",
        "https://y.example.org/2",
        "https://journal.example.org/",
        "https://x.example.org/4",
        "https://journal.example.org/",
    ]


def test_plain_text_is_no_markup() -> None:
    (paper,) = read(json_feed({"id": "1", "title": "One", "content_text": "where a <b> c & p < 0.05"}))
    assert paper.abstract == (AbstractSection("", "where a <b> c & p < 0.05"),)


def test_an_id_may_be_a_number() -> None:
    (paper,) = read(json_feed({"id": 1234, "title": "One"}))
    assert names(paper) == {"guid:journal.example.org/ 1234"}


def test_an_item_without_title_or_text_is_none() -> None:
    assert read(json_feed({"id": "1", "url": "https://x.example.org/1"}, {"id": "2", "content_text": "Text."}))[
        0
    ].title == ("Text.")


def test_items_that_break_the_rules_make_the_feed_short(parser: ConfinedParser, service: Service) -> None:
    bad: list[object] = [5, None, [], {"id": "2", "title": {"no": "text"}}, {"id": "3", "title": "x", "tags": "none"}]
    service.rules["/feed"] = always(Answer(body=json_feed({"id": "1", "title": "One"}, *bad).encode()))
    kept: list[Page] = []
    with pytest.raises(SourceError, match=r"short: 5 items of .* are not what json feed promises"):
        pages(parser, service.url + "/feed", kept)
    assert [paper.title for page in kept for paper in page.announcements] == ["One"]
    assert all(page.validators is None for page in kept)


VERSION = '"version": "https://jsonfeed.org/version/1.1"'


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("{" + VERSION + ', "items": {}}', "without a list of items"),
        ("{" + VERSION + "}", "without a list of items"),
        ("{" + VERSION + ', "title": 5, "items": []}', "title is no text"),
        ("{" + VERSION + ', "items": [NaN]}', "broken json"),
        ("{" + VERSION + ', "items": [' + "9" * 5_000 + "]}", "broken json"),
        ("{" + VERSION + ', "items": [{"title": ' + "[" * 200_000 + "]" * 200_000 + "}]}", "nested without end"),
        ("{" + VERSION + ', "items": [}', "broken json"),
        ("{" + VERSION + ', "items": [{"id": "1", "title": "On', "cut off"),
        ('{"version": ["jsonfeed.org/version/1"], "items": []}', "not a feed"),
        ('{"title": "https://jsonfeed.org/version/1", "items": []}', "not a feed"),
        ('{"error": "busy"}', "json that is not a feed"),
        ('["https://jsonfeed.org/version/1"]', "not a feed"),
    ],
)
def test_what_is_no_json_feed_is_never_a_quiet_day(
    parser: ConfinedParser, service: Service, body: str, problem: str
) -> None:
    with pytest.raises((FetchError, SourceError), match=problem):
        papers(parser, service, body)


def test_an_error_in_json_is_asked_for_again(parser: ConfinedParser, service: Service) -> None:
    service.rules["/feed"] = in_turn(Answer(body=b'{"error": "busy"}'), Answer(body=json_feed().encode()))
    assert pages(parser, service.url + "/feed") == [Page()]


def test_broken_characters_are_told() -> None:
    body = json_feed({"id": "1", "title": "Groesse @ und Strasse"}).encode().replace(b"oe", "ö".encode())
    (paper,) = read(body.replace(b"@", b"\xff"))
    assert (paper.title, paper.repairs) == ("Grösse \ufffd und Strasse", ("date", "charset"))


@pytest.mark.parametrize(
    ("said", "published", "indexed", "sound"),
    [
        ("2026-10-31T10:00:00Z", "2026-10-31", date(2026, 10, 31), True),
        ("2026-10-31", "2026-10-31", date(2026, 10, 31), True),
        ("2026-02-31T10:00:00Z", "2026-02", TODAY, False),
        ("2125-01-01T00:00:00Z", "2026-11-23", TODAY, False),
        ("0001-01-01T00:00:00Z", "2026-11-23", TODAY, False),
        ("soon", "2026-11-23", TODAY, False),
    ],
)
def test_dates(said: str, published: str, indexed: date, sound: bool) -> None:
    (paper,) = read(json_feed({"id": "1", "title": "One", "date_published": said}))
    assert (paper.published, paper.indexed, paper.repairs == ()) == (published, indexed, sound)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(ITEM)), inner, max_size=4),
    max_leaves=15,
)


@settings(deadline=None)
@given(st.lists(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(ITEM, JSON)), max_size=4))
def test_whatever_the_items_are_they_are_read_or_counted(items: list[object]) -> None:
    try:
        found = answer(json_feed(*items).encode(), "", ADDRESS)
    except RefusedError:
        return
    assert len(found["entries"]) + found["odd"] == len(items)
    for paper in announcements_of(found, ADDRESS, TODAY):
        assert paper.title or paper.abstract
        assert paper.url.startswith(("http://", "https://"))
        assert paper.identifiers
