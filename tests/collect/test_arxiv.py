"""arXiv as a source, against a small API on 127.0.0.1: complete, or an error, never a short success."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from bot.collect.fetch import Limits
from bot.collect.sources.arxiv import Arxiv, announced
from bot.collect.sources.arxiv_subjects import subject_of
from bot.collect.sources.protocol import IndexWindow, Page
from bot.errors import FetchError, SourceError
from bot.models.papers import AbstractSection, Announcement, Author, Identifier
from tests.collect.services import Answer, Asked, Service, always, fetcher, in_turn, loopback

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = date(2026, 11, 23)
WEEK = IndexWindow(NOW - timedelta(days=7), NOW)
_SPAN = re.compile(r"submittedDate:\[(\d{8})0000 TO (\d{8})2359\]$")
_XMLNS = (
    'xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom" '
    'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"'
)


def entry(number: int, day: str = "2026-11-20", version: int = 1, title: str = "", more: str = "") -> str:
    return (
        f"<entry><id>http://arxiv.org/abs/2611.{number:05d}v{version}</id>"
        f"<title>{title or f'Granules dissolve in case {number}'}</title>"
        f"<updated>{day}T09:00:00Z</updated><published>{day}T08:00:00Z</published>"
        f"<summary>We study granules.</summary><author><name>Jane Doe</name></author>{more}</entry>"
    )


def feed(*entries: str, total: object) -> bytes:
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><feed {_XMLNS}><id>https://arxiv.org/api/x</id><title>arXiv</title>"
        f"<opensearch:totalResults>{total}</opensearch:totalResults>{''.join(entries)}</feed>"
    ).encode()


def error_feed(words: str) -> bytes:
    said = f"<id>http://arxiv.org/api/errors#x</id><title>Error</title><summary>{escape(words)}</summary>"
    return feed(f"<entry>{said}<author><name>arXiv api core</name></author></entry>", total=1)


@dataclass
class Api:
    """arXiv's API over papers that are known by number and day; every query finds all of its days."""

    service: Service
    days: dict[int, str] = field(default_factory=dict)
    #: Changes which numbers come, by where a slice starts.
    spoil: Callable[[list[int], int], list[int]] = lambda rows, start: rows

    def __post_init__(self) -> None:
        self.service.rules["/api/query"] = self.query

    def query(self, asked: Asked) -> Answer:
        span = _SPAN.search(asked.fields["search_query"])
        assert span
        found = sorted((day, number) for number, day in self.days.items() if span[1] <= day.replace("-", "") <= span[2])
        start = int(asked.fields["start"])
        rows = [number for _, number in found[start : start + int(asked.fields["max_results"])]]
        entries = (entry(number, self.days[number]) for number in self.spoil(rows, start))
        return Answer(body=feed(*entries, total=len(found)), kind="application/atom+xml")


@pytest.fixture
def api() -> Iterator[Api]:
    with loopback() as service:
        yield Api(service, {n: f"2026-11-{17 + n % 6}" for n in range(25)})


def pages(api: Api, query: str = "cat:q-bio.SC", kept: list[Page] | None = None, **options: Any) -> list[Page]:
    kept = [] if kept is None else kept

    async def ask() -> None:
        async with fetcher(limits=Limits(tries=2)) as fetch:
            async for page in Arxiv(f"{api.service.url}/api", **({"page": 10} | options)).collect(query, WEEK, fetch):
                kept.append(page)

    asyncio.run(ask())
    return kept


def numbers(found: list[Page]) -> list[int]:
    return [int(paper.identifiers[0].value[5:]) for page in found for paper in page.announcements]


# --- asking ---------------------------------------------------------------------------------------------------------


def test_every_page_is_read_and_counted(api: Api) -> None:
    found = pages(api, "ti:granule OR abs:granule")
    assert [len(page.announcements) for page in found] == [10, 10, 5]
    assert {page.stated for page in found} == {25}
    assert sorted(numbers(found)) == list(range(25))
    assert api.service.asked[1].fields == {
        "search_query": "(ti:granule OR abs:granule) AND submittedDate:[202611160000 TO 202611232359]",
        "start": "10", "max_results": "10", "sortBy": "submittedDate", "sortOrder": "ascending",
    }  # fmt: skip


def test_a_base_may_name_the_query_already(api: Api) -> None:
    async def ask() -> list[Page]:
        async with fetcher() as fetch:
            return [page async for page in Arxiv(f"{api.service.url}/api/query").collect("", WEEK, fetch)]

    assert len(numbers(asyncio.run(ask()))) == 25
    assert api.service.asked[0].fields["search_query"].startswith("submittedDate:")


def test_a_long_query_is_posted(api: Api) -> None:
    query = " OR ".join(f'ti:"concept number {n}"' for n in range(100))
    assert len(numbers(pages(api, query))) == 25
    assert {asked.method for asked in api.service.asked} == {"POST"}


def test_nothing_found_is_one_empty_page(api: Api) -> None:
    api.days.clear()
    assert pages(api) == [Page(stated=0)]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(14, 25), max_size=30), st.integers(1, 7), st.integers(4, 40))
def test_whatever_the_pages_and_limits_each_paper_comes_once(days: list[int], page: int, most: int) -> None:
    with loopback() as service:
        api = Api(service, {n: f"2026-11-{day}" for n, day in enumerate(days)})
        wanted = [n for n, day in enumerate(days) if 16 <= day <= 23]
        crowded = any(days.count(day) > most for day in range(16, 24))
        try:
            found = pages(api, page=page, most=most)
        except SourceError:
            assert crowded
        else:
            assert not crowded
            assert sorted(numbers(found)) == wanted
            assert {one.stated for one in found} == {len(wanted)}


def test_a_day_that_is_too_full_is_an_error_that_says_so(api: Api) -> None:
    with pytest.raises(SourceError, match="more than 3 records of 2026-11-17; narrow the query"):
        pages(api, most=3)


def test_a_slice_that_is_not_full_is_gone_on_with(api: Api) -> None:
    api.spoil = lambda rows, start: rows[:4]
    assert sorted(numbers(pages(api))) == list(range(25))


def test_papers_that_are_passed_over_make_the_round_short(api: Api) -> None:
    api.spoil = lambda rows, start: [rows[0], *rows[1:-1], rows[0]]
    with pytest.raises(SourceError, match="short: 22 of 25 records came"):
        pages(api)


def test_an_empty_slice_is_asked_for_again_and_then_an_error(api: Api) -> None:
    turns = iter([False, True] + [False] * 100)
    api.spoil = lambda rows, start: [] if next(turns) else rows
    assert sorted(numbers(pages(api))) == list(range(25))
    api.spoil = lambda rows, start: [] if start else rows
    kept: list[Page] = []
    with pytest.raises(FetchError, match="an empty page, though 10 of 25 papers have come"):
        pages(api, kept=kept)
    assert len(numbers(kept)) == 10


def test_a_start_that_is_not_heeded_ends_as_an_error(api: Api) -> None:
    api.spoil = lambda rows, start: list(range(10))
    with pytest.raises(SourceError, match="the same papers again: 10 of 25 came"):
        pages(api)
    assert len(api.service.asked) == 2


def test_a_query_that_arxiv_refuses_is_not_asked_again(api: Api) -> None:
    api.service.rules["/api/query"] = always(Answer(body=error_feed("malformed query & more")))
    with pytest.raises(SourceError, match="arxiv refused the query: malformed query & more"):
        pages(api)
    assert len(api.service.asked) == 1
    api.service.rules["/api/query"] = always(Answer(400, error_feed("max_results too large")))
    with pytest.raises(FetchError, match="http 400"):
        pages(api)


def test_a_paper_may_be_called_error(api: Api) -> None:
    api.service.rules["/api/query"] = always(Answer(body=feed(entry(1, title="Error"), total=1)))
    assert pages(api)[0].announcements[0].title == "Error"


_BOMB = (
    '<?xml version="1.0"?><!DOCTYPE feed [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    f'<!ENTITY c "{"&b;" * 50}">]><feed {_XMLNS}><opensearch:totalResults xmlns:opensearch="x">&c;'
)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(), "empty answer"),
        (Answer(503), "http 503"),
        (Answer(body=b"Rate exceeded.", kind="text/plain"), "not a feed"),
        (Answer(body=b"<!doctype html><html><title>Busy</title>", kind="text/html"), "a web page instead of a feed"),
        (Answer(body=feed(entry(1), total=1)[:-9]), "broken xml"),
        (Answer(body=_BOMB.encode()), "broken xml"),
        (Answer(body=feed(entry(1), total="many")), "no total"),
        (Answer(body=f"<feed {_XMLNS}></feed>".encode()), "no total"),
        (Answer(body=feed(total=3)), "an empty page, though 0 of 3"),
        (Answer(body=feed(*map(entry, range(12)), total=12)), "more than the 10 papers that were asked for"),
    ],
)
def test_an_answer_that_went_wrong_is_never_a_quiet_day(api: Api, answer: Answer, problem: str) -> None:
    right, wrong, turns = api.query, in_turn(answer, Answer()), iter(range(100))
    api.service.rules["/api/query"] = always(answer)
    with pytest.raises((FetchError, SourceError), match=problem):
        pages(api)
    api.service.rules["/api/query"] = lambda asked: wrong(asked) if next(turns) % 2 == 0 else right(asked)
    assert sorted(numbers(pages(api))) == list(range(25))


def test_nothing_outside_is_read(api: Api, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("sesame")
    body = feed(entry(1, title="Granules &x; here"), total=1).replace(
        b"<feed", f'<!DOCTYPE feed [<!ENTITY x SYSTEM "{secret.as_uri()}">]><feed'.encode(), 1
    )
    api.service.rules["/api/query"] = always(Answer(body=body))
    assert "sesame" not in repr(pages(api))


@pytest.mark.parametrize("spot", [b"Granules", b"<summary", b"2026-11-20T"])
def test_broken_characters_are_repaired_and_told(api: Api, spot: bytes) -> None:
    body = feed(*map(entry, range(5)), total=5)
    middle = body.index(spot, len(body) // 2) + 3
    api.service.rules["/api/query"] = always(Answer(body=body[:middle] + b"\xff\xc3\x00" + body[middle:]))
    (page,) = pages(api)
    assert len(page.announcements) == 5
    assert any(paper.repairs for paper in page.announcements)


def test_other_encodings_are_read(api: Api) -> None:
    text = feed(entry(1, title="Größe"), total=1).decode().replace("'UTF-8'", "'UTF-16'")
    api.service.rules["/api/query"] = always(Answer(body=text.encode("utf-16")))
    assert pages(api)[0].announcements[0].title == "Größe"


# --- entries --------------------------------------------------------------------------------------------------------


def told(markup: str) -> Announcement:
    return announced(etree.fromstring(markup.replace("<entry>", f"<entry {_XMLNS}>", 1)), TODAY)


def test_a_whole_entry() -> None:
    paper = told(
        "<entry><id>http://arxiv.org/abs/2611.00007v3</id>"
        "<title>Loss of\n  $\\alpha$-granules, p &lt; 0.05, in Erd\\H{o}s' model</title>"
        "<updated>2026-11-22T09:00:00Z</updated><published>2026-11-18T08:00:00Z</published>"
        '<summary>  We show $x_1 \\le 2$.\n</summary><category term="q-bio.SC"/><category term="68T05"/>'
        '<category term="cs.LG"/><arxiv:doi>10.5555/J.Gran.7</arxiv:doi><arxiv:journal_ref>J Gran 7</arxiv:journal_ref>'
        "<author><name>Jane A. van der Doe</name><arxiv:affiliation>Here</arxiv:affiliation></author>"
        "<author><name>Granule Collaboration</name></author></entry>"
    )
    assert paper == Announcement(
        source="arxiv",
        identifiers=(Identifier("arxiv", "2611.00007"), Identifier("doi", "10.48550/arxiv.2611.00007")),
        title="Loss of α-granules, p < 0.05, in Erdős' model",
        url="https://arxiv.org/abs/2611.00007",
        abstract=(AbstractSection("", "We show x₁ ≤ 2."),),
        authors=(Author("van der Doe", "Jane A.", "JA"), Author("Granule Collaboration")),
        keywords=("subcellular processes", "machine learning"),
        published="2026-11-18",
        indexed=date(2026, 11, 18),
        preprint=True,
        version=3,
        revised=date(2026, 11, 22),
        links=(Identifier("doi", "10.5555/j.gran.7"),),
    )


def test_old_identifiers_and_later_versions() -> None:
    old = told(
        "<entry><id>http://arxiv.org/abs/astro-ph/0601001v1</id><published>2006-01-02T00:00:00Z</published></entry>"
    )
    assert old.identifiers[0] == Identifier("arxiv", "astro-ph/0601001")
    assert (old.title, old.url) == ("[no title]", "https://arxiv.org/abs/astro-ph/0601001")
    one, two = told(entry(1)), told(entry(1, version=2))
    assert one.identifiers == two.identifiers
    assert (one.version, two.version) == (1, 2)


def test_arxivs_own_doi_is_no_link_to_an_article() -> None:
    assert told(entry(7, more="<arxiv:doi>10.48550/arXiv.2611.00007</arxiv:doi>")).links == ()


@pytest.mark.parametrize(
    ("day", "published", "indexed", "repairs"),
    [
        ("2125-01-01", "2026-11-23", "2026-11-23", ("date",)),
        ("2026-02-31", "2026-02", "2026-11-23", ("date",)),
        ("", "", "2026-11-23", ("date",)),
    ],
)
def test_dates_are_never_ahead(day: str, published: str, indexed: str, repairs: tuple[str, ...]) -> None:
    paper = told(entry(1, day))
    assert (paper.published, str(paper.indexed), paper.repairs) == (published, indexed, repairs)
    assert not paper.revised or paper.revised <= TODAY


def test_what_was_encoded_twice_is_mended_and_told() -> None:
    doubled = "Größe von ω-Granula".encode().decode("latin-1")
    paper = told(entry(1, title=doubled))
    assert (paper.title, paper.repairs) == ("Größe von ω-Granula", ("charset",))
    assert told(entry(1, title="Größe von ω-Granula")).repairs == ()


def test_hostile_text_is_text() -> None:
    paper = told(entry(1, title="&lt;script&gt;alert(1)&lt;/script&gt;\u202e a &lt; b"))
    assert paper.title == "<script>alert(1)</script> a < b"
    odd = told("<entry><id>javascript:alert(1)</id><title/><arxiv:doi>javascript:x</arxiv:doi></entry>")
    assert (odd.identifiers, odd.links, odd.url) == ((), (), "https://arxiv.org/")


def test_subjects_have_names() -> None:
    assert subject_of("q-bio.NC") == "neurons and cognition"
    assert subject_of("68T05; 62H30") == ""


def test_real_entries(shared: Path) -> None:
    papers = []
    for path in sorted((shared / "data" / "api" / "arxiv").glob("*.xml")):
        found = etree.parse(path).getroot().iterfind("{http://www.w3.org/2005/Atom}entry")
        papers += [announced(each, TODAY) for each in found]
    assert len(papers) > 100
    for paper in papers:
        assert [name.scheme for name in paper.identifiers] == ["arxiv", "doi"]
        assert paper.keywords
        assert paper.authors
        assert "date" not in paper.repairs
        assert "Ã" not in repr(paper)
