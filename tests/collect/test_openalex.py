"""OpenAlex as a source, against a small one on 127.0.0.1: complete, or an error, never a short success."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.collect.fetch import Limits
from bot.collect.sources.identifiers import doi_of
from bot.collect.sources.openalex import OpenAlex
from bot.collect.sources.openalex_works import announcement_of
from bot.collect.sources.protocol import IndexWindow, Page
from bot.errors import FetchError, SourceError
from bot.models.papers import AbstractSection, Author, Identifier, Mark, MeshHeading
from tests.collect.services import Answer, Asked, Service, always, as_json, fetcher, in_turn, loopback

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = NOW.date()
WEEK = IndexWindow(NOW - timedelta(days=7), NOW)


def index_of(text: str) -> dict[str, list[int]]:
    """An abstract as OpenAlex gives it."""
    index: dict[str, list[int]] = {}
    for position, word in enumerate(text.split()):
        index.setdefault(word, []).append(position)
    return index


def work(number: int = 1, **fields: Any) -> dict[str, Any]:
    """A record as OpenAlex gives it; None takes a field away."""
    whole: dict[str, Any] = {
        "id": f"https://openalex.org/W{number}",
        "doi": f"https://doi.org/10.5555/soil.{number}",
        "title": "Fungi of the forest soil",
        "display_name": "Fungi of the forest soil",
        "publication_year": 2026,
        "publication_date": "2026-11-19",
        "ids": {"openalex": f"https://openalex.org/W{number}", "doi": f"https://doi.org/10.5555/soil.{number}"},
        "language": "en",
        "primary_location": {
            "landing_page_url": f"https://doi.org/10.5555/soil.{number}",
            "source": {"id": "https://openalex.org/S1", "display_name": "Invented Mycology", "type": "journal"},
        },
        "type": "article",
        "authorships": [{"author_position": "first", "raw_author_name": "Ada Kowalska", "author": {"id": None}}],
        "is_retracted": False,
        "is_paratext": False,
        "created_date": "2026-11-20",
        "updated_date": "2026-11-22T18:00:00.123456",
    } | fields  # fmt: skip
    return {name: value for name, value in whole.items() if value is not None}


def listed(works: list[dict[str, Any]], count: int | None = None, cursor: str | None = None) -> Answer:
    """A list of works."""
    meta = {"count": len(works) if count is None else count, "db_response_time_ms": 9, "page": None, "per_page": 10}
    return as_json({"meta": meta | {"next_cursor": cursor}, "results": works, "group_by": []})


@dataclass
class Works:
    """Works that are known by number and day of publication; every search finds all from its first day on."""

    service: Service
    days: dict[int, date] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.service.rules["/works"] = self.answer

    def answer(self, asked: Asked) -> Answer:
        first = date.fromisoformat(asked.fields["filter"].rpartition(":")[2])
        found = [number for number, day in self.days.items() if day >= first]
        given = [number for number in found if number not in self.lost]
        start = 0 if asked.fields["cursor"] == "*" else int(asked.fields["cursor"].removeprefix("Ilsx="))
        size = int(asked.fields["per_page"])
        shown = given[start : start + size]
        return listed([work(number) for number in shown], len(found), f"Ilsx={start + size}" if shown else None)


@pytest.fixture
def works() -> Iterator[Works]:
    with loopback() as service:
        yield Works(service, {100 + n: date(2026, 11, 17) + timedelta(days=n % 6) for n in range(25)})


def source(works: Works, **options: Any) -> OpenAlex:
    return OpenAlex(works.service.url, "admin@papers.example.org", **({"per_page": 10} | options))


def pages(
    openalex: OpenAlex, window: IndexWindow = WEEK, query: str = '"soil fungi"', kept: list[Page] | None = None
) -> list[Page]:
    kept = [] if kept is None else kept

    async def ask() -> None:
        async with fetcher(limits=Limits(tries=2)) as fetch:
            async for page in openalex.collect(query, window, fetch):
                kept.append(page)

    asyncio.run(ask())
    return kept


def names(found: list[Page]) -> list[int]:
    return [int(paper.identifiers[0].value[1:]) for page in found for paper in page.announcements]


# --- pages ----------------------------------------------------------------------------------------------------------


def test_every_page_is_read_and_counted(works: Works) -> None:
    found = pages(source(works, api_key="sesame"), query='"soil fungi" type:article')
    assert [len(page.announcements) for page in found] == [10, 10, 5]
    assert {page.stated for page in found} == {25}
    assert names(found) == list(works.days)
    # Each page costs: none is asked for once all are there.
    assert len(works.service.asked) == 3
    first = works.service.asked[0]
    assert first.fields == {
        "search.title_and_abstract": '"soil fungi"',
        "filter": "type:article,from_publication_date:2026-11-16",
        "per_page": "10", "cursor": "*", "mailto": "admin@papers.example.org",
    }  # fmt: skip
    assert first.headers["authorization"] == "Bearer sesame"


def test_a_key_is_never_in_an_address_an_error_or_a_log(works: Works) -> None:
    openalex = source(works, api_key="sesame")
    assert "sesame" not in repr(openalex)
    refusal = {"error": "Invalid or missing API key", "message": "API key sesame is not known"}
    for answer in (Answer(500), Answer(401, as_json(refusal).body), Answer(403, as_json(refusal).body)):
        works.service.rules["/works"] = always(answer)
        with pytest.raises((FetchError, SourceError)) as caught:
            pages(openalex)
        assert "sesame" not in f"{caught.value!r} {caught.value}"
    assert not any("sesame" in asked.target for asked in works.service.asked)


def test_a_key_is_not_taken_along_to_another_service(works: Works) -> None:
    with loopback() as other:
        other.rules["/works"] = always(listed([]))
        here = Answer(302, headers={"Location": f"{other.url}/works"})
        works.service.rules["/works"] = always(here)
        assert pages(source(works, api_key="sesame")) == [Page(stated=0)]
        assert "authorization" not in other.asked[0].headers
    assert works.service.asked[0].headers["authorization"] == "Bearer sesame"


def test_without_a_key_the_refusal_says_where_one_is(works: Works) -> None:
    works.service.rules["/works"] = always(Answer(401, as_json({"error": "Cursors need a key"}).body))
    with pytest.raises(
        SourceError, match=r"Cursors need a key; OpenAlex wants an API key, .*openalex.org/settings/api"
    ):
        pages(source(works))
    assert len(works.service.asked) == 1
    assert "authorization" not in works.service.asked[0].headers


@pytest.mark.parametrize("ending", ["", "/", "/works", "/works/"])
def test_the_base_may_end_in_works(works: Works, ending: str) -> None:
    assert len(names(pages(OpenAlex(works.service.url + ending)))) == 25
    assert works.service.asked[0].fields["per_page"] == "100"


def test_nothing_found_is_one_empty_page(works: Works) -> None:
    works.days.clear()
    assert pages(source(works)) == [Page(stated=0)]


def test_works_that_are_dated_ahead_are_taken_when_they_are_shown(works: Works) -> None:
    works.days = {1: date(2027, 2, 1), 2: date(2026, 11, 15)}
    assert names(pages(source(works))) == [1]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 30), st.integers(1, 7))
def test_whatever_the_pages_each_paper_comes_once(count: int, per_page: int) -> None:
    with loopback() as service:
        known = {n + 1: date(2026, 11, 20) for n in range(count)}
        assert names(pages(source(Works(service, known), per_page=per_page))) == list(known)


def test_a_shortfall_is_an_error(works: Works) -> None:
    works.lost = {103}
    kept: list[Page] = []
    with pytest.raises(SourceError, match="short: 24 of 25 records came"):
        pages(source(works), kept=kept)
    assert len(names(kept)) == 24


def test_a_cursor_that_does_not_advance_is_an_error(works: Works) -> None:
    works.service.rules["/works"] = always(listed([work(1), work(2)], 25, "Ilsx="))
    with pytest.raises(SourceError, match="the cursor does not advance after 2 of 25 records"):
        pages(source(works))


def test_too_much_is_refused(works: Works) -> None:
    with pytest.raises(SourceError, match="25 works, more than 20; narrow the query"):
        pages(source(works, most=20))
    assert len(works.service.asked) == 1


def test_what_is_no_paper_counts_and_is_left_out(works: Works) -> None:
    mixed = [work(1), work(2, is_paratext=True), work(3, type="dataset"), work(4, display_name=None, title=None)]
    mixed += [work(5, type_crossref="component"), {"display_name": "Nobody's"}]
    works.service.rules["/works"] = always(listed(mixed))
    assert names(pages(source(works))) == [1]


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(), "empty answer"),
        (Answer(body=b"<!doctype html><title>404</title>", kind="text/html"), "a web page instead of json"),
        (Answer(body=listed([work()]).body[:-40]), "broken json"),
        (as_json([]), "not a list of works"),
        (as_json(work()), "not a list of works"),
        (as_json({"meta": {"count": None}, "results": []}), "not a list of works"),
        (as_json({"meta": {"count": 3}, "results": None}), "not a list of works"),
        (as_json({"error": "Busy", "message": "come back"}), "not a list of works"),
        (Answer(400, as_json({"error": "?", "message": "No such filter"}).body), "refused the query: No such filter"),
        (Answer(400, b"<html>no</html>"), "refused the query: http 400"),
        (Answer(429, headers={"Retry-After": "3600"}), "http 429.*asks to wait 3600 s"),
        (Answer(404), "http 404"),
    ],
)  # fmt: skip
def test_an_answer_that_went_wrong_is_never_a_quiet_day(works: Works, answer: Answer, problem: str) -> None:
    works.service.rules["/works"] = always(answer)
    with pytest.raises((FetchError, SourceError), match=problem):
        pages(source(works))


def test_an_error_page_is_asked_for_again(works: Works) -> None:
    right, wrong = works.answer, in_turn(Answer(body=b"<html>Busy</html>"), Answer(503), Answer())
    turns = iter(range(100))
    works.service.rules["/works"] = lambda asked: wrong(asked) if next(turns) % 2 == 0 else right(asked)
    assert names(pages(source(works))) == list(works.days)


def test_a_faulty_query_is_not_even_asked(works: Works) -> None:
    with pytest.raises(SourceError, match=re.escape("query: OpenAlex gives up 'title.search'")):
        pages(source(works), query="title.search:fungi")
    assert not works.service.asked
    assert source(works).selects("soil fungi")
    assert not source(works).selects("primary_location.source.id:S1")


def test_broken_characters_are_repaired_and_flagged(works: Works) -> None:
    body = listed([work(1, display_name="Fungi XX"), work(2)]).body.replace(b"XX", b"\xff")
    works.service.rules["/works"] = always(Answer(body=body))
    ((first, second),) = [page.announcements for page in pages(source(works))]
    assert (first.title, first.repairs, second.repairs) == ("Fungi \ufffd", ("charset",), ())


# --- what a record says ---------------------------------------------------------------------------------------------


def test_a_whole_record() -> None:
    record = work(
        42,
        doi="https://doi.org/10.5555/Soil.42",
        display_name="Fungi of the <i>forest</i> soil &amp; roots",
        ids={
            "openalex": "https://openalex.org/W42",
            "pmid": "https://pubmed.ncbi.nlm.nih.gov/12345",
            "pmcid": "https://www.ncbi.nlm.nih.gov/pmc/articles/77",
        },
        abstract_inverted_index=index_of("<jats:title>Aims</jats:title> <jats:p>To see soil in soil.</jats:p>"),
        authorships=[
            {"author_position": "first", "author": {"display_name": "A. Kowalska"}, "raw_author_name": "Kowalska, Ada"},
            {"author": {"display_name": "Jan van der Veen"}, "raw_author_name": None},
            {"author": {}, "raw_author_name": "Forest Soil Consortium"},
            None,
        ],
        keywords=[
            {"id": "https://openalex.org/keywords/soil", "display_name": "Soil", "score": 0.7},
            {"display_name": "Ghost town", "score": 0.01},
            {"keyword": "Fungi"},
        ],
        mesh=[
            {"descriptor_ui": "D1", "descriptor_name": "Soil", "qualifier_ui": "Q1", "is_major_topic": False},
            {"descriptor_ui": "D1", "descriptor_name": "Soil", "qualifier_ui": "Q2", "is_major_topic": True},
            {"descriptor_ui": "D2", "descriptor_name": "Fungi", "qualifier_ui": "", "is_major_topic": False},
        ],
    )  # fmt: skip
    paper = announcement_of(record, TODAY)
    assert paper is not None
    assert paper.identifiers == (
        Identifier("openalex", "W42"),
        Identifier("doi", "10.5555/soil.42"),
        Identifier("pmid", "12345"),
        Identifier("pmcid", "PMC77"),
    )
    assert (paper.title, paper.url) == ("Fungi of the forest soil & roots", "https://doi.org/10.5555/soil.42")
    assert paper.abstract == (AbstractSection("Aims", "To see soil in soil."),)
    assert paper.authors == (
        Author("Kowalska", "Ada", "A"), Author("van der Veen", "Jan", "J"), Author("Forest Soil Consortium"),
    )  # fmt: skip
    assert (paper.journal, paper.keywords) == ("Invented Mycology", ("Soil", "Fungi"))
    assert paper.mesh == (MeshHeading("Soil", "D1", major=True), MeshHeading("Fungi", "D2"))
    assert (paper.publication_types, paper.language, paper.preprint) == (("Journal Article",), "en", False)
    assert (paper.published, paper.indexed, paper.revised) == ("2026-11-19", date(2026, 11, 20), date(2026, 11, 22))
    assert (paper.repairs, paper.links, paper.marks) == ((), (), ())


def location(page: str, kind: str = "repository", name: str = "arXiv (Somewhere University)") -> dict[str, Any]:
    return {"landing_page_url": page, "source": {"display_name": name, "type": kind}}


def test_a_preprint_is_told_from_an_article_and_linked_to_it() -> None:
    arxiv, page = "https://arxiv.org/abs/2611.01234v2", "https://doi.org/10.48550/arxiv.2611.01234"
    preprint = announcement_of(
        work(doi=page, type="preprint", primary_location=location(arxiv), locations=[
            location(arxiv), location("https://doi.org/10.5555/article", "journal", "Invented Mycology"),
            location("https://doi.org/10.5281/zenodo.1"), location("javascript:alert(1)"), {}, None,
        ]),
        TODAY,
    )  # fmt: skip
    assert preprint is not None
    assert preprint.identifiers[1:] == (
        Identifier("arxiv", "2611.01234"),
        Identifier("doi", "10.48550/arxiv.2611.01234"),
    )
    assert (preprint.preprint, preprint.journal, preprint.publication_types) == (True, "arXiv", ("Preprint",))
    assert preprint.links == (Identifier("doi", "10.5555/article"),)
    copies = [
        location(arxiv),
        location("https://doi.org/10.1101/2026.11.01.123456v1"),
        location("https://core.example/1"),
    ]
    article = announcement_of(work(locations=copies), TODAY)
    assert article is not None
    assert article.links == (
        Identifier("arxiv", "2611.01234"),
        Identifier("doi", "10.48550/arxiv.2611.01234"),
        Identifier("doi", "10.1101/2026.11.01.123456"),
    )
    # OpenAlex puts copies together by title and authors: `Introduction` is everybody's.
    short = announcement_of(work(display_name="Introduction", locations=copies), TODAY)
    assert short is not None
    assert short.links == ()


def test_where_an_article_is_kept_is_not_its_journal() -> None:
    paper = announcement_of(
        work(doi=None, ids={}, primary_location=location("https://repository.example.org/7")), TODAY
    )
    assert paper is not None
    assert (paper.journal, paper.url) == ("", "https://repository.example.org/7")
    paper = announcement_of(work(doi=None, ids={}, primary_location=location("javascript:alert(1)")), TODAY)
    assert paper is not None
    assert paper.url == "https://openalex.org/W1"
    paper = announcement_of(work(doi=None, ids={"pmid": "77"}, primary_location=None), TODAY)
    assert paper is not None
    assert paper.url == "https://pubmed.ncbi.nlm.nih.gov/77/"


@pytest.mark.parametrize(
    ("fields", "kinds", "marks"),
    [
        ({"type": "review"}, ("Review",), ()),
        ({"type": "erratum"}, ("Published Erratum",), ()),
        ({"type": "article", "type_crossref": "proceedings-article"}, ("Conference Paper",), ()),
        ({"type": "book-chapter"}, ("Book Chapter",), ()),
        ({"type": "other"}, (), ()),
        ({"is_retracted": True}, ("Journal Article", "Retracted Publication"), (Mark.RETRACTED,)),
        ({"is_retracted": "yes"}, ("Journal Article",), ()),
        ({"type": "retraction", "is_retracted": True}, ("Retraction of Publication",), ()),
    ],
)
def test_types_in_plain_words(fields: dict[str, Any], kinds: tuple[str, ...], marks: tuple[Mark, ...]) -> None:
    paper = announcement_of(work(**fields), TODAY)
    assert paper is not None
    assert (paper.publication_types, paper.marks) == (kinds, marks)


@pytest.mark.parametrize(
    ("fields", "published", "indexed", "sound"),
    [
        ({"publication_date": "2026-01-01"}, "2026", date(2026, 11, 20), True),
        ({"publication_date": None}, "2026", date(2026, 11, 20), True),
        ({"publication_date": None, "publication_year": None}, "", date(2026, 11, 20), True),
        ({"publication_date": "2026-02-31"}, "2026-02", date(2026, 11, 20), False),
        ({"publication_date": "2125-01-01"}, "2026-11-23", date(2026, 11, 20), False),
        ({"publication_date": "soon"}, "2026-11-23", date(2026, 11, 20), False),
        ({"created_date": "2125-01-01"}, "2026-11-19", TODAY, False),
        ({"created_date": None}, "2026-11-19", TODAY, False),
        ({"created_date": "2026-02-31"}, "2026-11-19", TODAY, False),
    ],
)
def test_dates_are_possible_and_never_far_ahead(
    fields: dict[str, Any], published: str, indexed: date, sound: bool
) -> None:
    paper = announcement_of(work(**fields), TODAY)
    assert paper is not None
    assert (paper.published, paper.indexed, paper.repairs) == (published, indexed, () if sound else ("date",))


def test_hostile_text_is_text() -> None:
    paper = announcement_of(
        work(
            display_name="<script>alert(1)</script>Fungi\x00 \u202eof <b onclick='x()'>soil</b>",
            authorships=[{"raw_author_name": "Ada\r\nBcc: Kowalska"}],
            abstract_inverted_index={"<script>": [0], "soil": [-1, 10**18], "is": [2], "p<0.05": [3]},
        ),
        TODAY,
    )
    assert paper is not None
    assert (paper.title, paper.authors[0].family) == ("Fungi of soil", "Kowalska")
    assert "\n" not in repr(paper.authors)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["source", "type", "pmid"]), inner),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from([*work(), "mesh", "keywords", "locations", "abstract_inverted_index"]), anything)
)
def test_whatever_a_field_holds_a_record_is_read_or_left_out(fields: dict[str, Any]) -> None:
    paper = announcement_of({**work(), **fields}, TODAY)
    assert paper is None or (paper.title and paper.identifiers and paper.indexed and paper.indexed <= TODAY)


# --- real answers ---------------------------------------------------------------------------------------------------


def test_real_answers(shared: Path, works: Works) -> None:
    read = 0
    for path in sorted((shared / "data/api/openalex").glob("paper-qa*")):
        body = path.read_bytes()
        answer = json.loads(body) if path.suffix == ".json" else {}
        items = answer.get("results", [answer] if "id" in answer else [])
        if items and "results" not in answer:
            body = listed(items).body
        works.service.rules["/works"] = always(Answer(body=body))
        if not items:
            with pytest.raises(FetchError, match=r"a web page instead of json|not a list of works"):
                pages(source(works))
            continue
        papers = [paper for page in pages(source(works)) for paper in page.announcements]
        for paper, item in zip(papers, items, strict=True):
            assert paper.title
            assert paper.identifiers[0].value == item["id"].rpartition("/")[2]
            assert Identifier("doi", doi_of(item["doi"])) in paper.identifiers
            index = item["abstract_inverted_index"] or {}
            words = sum(map(len, index.values()))
            assert abs(sum(len(part.text.split()) for part in paper.abstract) - words) <= words / 20
        read += len(papers)
    assert read == 7
