"""Crossref as a source, against a small one on 127.0.0.1: complete, or an error, never a short success."""

from __future__ import annotations

import asyncio
import gzip
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
from bot.collect.sources.crossref import Crossref
from bot.collect.sources.crossref_works import LEFT_OUT, announcement_of
from bot.collect.sources.identifiers import doi_of
from bot.collect.sources.protocol import IndexWindow, Page
from bot.errors import FetchError, SourceError
from bot.models.papers import AbstractSection, Author, Identifier, Mark, Notice
from tests.collect.services import Answer, Asked, Service, always, as_json, fetcher, in_turn, loopback

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = NOW.date()
WEEK = IndexWindow(NOW - timedelta(days=7), NOW)


def work(doi: str = "10.5555/soil.1", *others: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A record as Crossref gives it; None takes a field away."""
    whole: dict[str, Any] = {
        "DOI": doi,
        "type": "journal-article",
        "title": ["Fungi of the forest soil"],
        "created": {"date-parts": [[2026, 11, 20]], "date-time": "2026-11-20T08:00:00Z", "timestamp": 1},
        "deposited": {"date-parts": [[2026, 11, 21]], "date-time": "2026-11-21T08:00:00Z"},
        "indexed": {"date-parts": [[2026, 11, 23]], "date-time": "2026-11-23T01:00:00Z"},
        "issued": {"date-parts": [[2026, 11]]},
        "published-print": {"date-parts": [[2026, 12]]},
        "published-online": {"date-parts": [[2026, 11, 19]]},
        "author": [{"given": "Ada", "family": "Kowalska", "sequence": "first", "affiliation": []}],
        "container-title": ["Journal of Invented Mycology"],
        "language": "en",
        "reference-count": 0,
    }
    for each in (*others, fields):
        whole |= each
    return {name: value for name, value in whole.items() if value is not None}


def listed(works: list[dict[str, Any]], total: int | None = None, cursor: str | None = "DnF1") -> Answer:
    """A list of works."""
    total = len(works) if total is None else total
    message: dict[str, Any] = {"facets": {}, "next-cursor": cursor, "total-results": total}
    whole = {"status": "ok", "message-type": "work-list", "message-version": "1.0.0"}
    return as_json(whole | {"message": message | {"items": works, "items-per-page": 3}})


@dataclass
class Works:
    """Works that are known by DOI and day of registration; every search finds all of its days.

    The cursor is one and the same for all pages, as Crossref's is: the service remembers how far it got.
    """

    service: Service
    days: dict[str, date] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    _open: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.service.rules["/works"] = self.answer

    def answer(self, asked: Asked) -> Answer:
        days = re.findall(r"(?:from|until)-created-date:(\d{4}-\d\d-\d\d)", asked.fields["filter"])
        first, last = map(date.fromisoformat, days)
        found = [doi for doi, day in self.days.items() if first <= day <= last]
        cursor = asked.fields["cursor"]
        if cursor == "*":
            cursor = f"DnF1+{len(self._open)}/=="
            self._open[cursor] = [doi for doi in found if doi not in self.lost]
        left, rows = self._open[cursor], int(asked.fields["rows"])
        self._open[cursor] = left[rows:]
        return listed([work(doi) for doi in left[:rows]], len(found), cursor)


@pytest.fixture
def works() -> Iterator[Works]:
    with loopback() as service:
        yield Works(service, {f"10.5555/soil.{n}": date(2026, 11, 17) + timedelta(days=n % 6) for n in range(25)})


def source(works: Works, **options: Any) -> Crossref:
    return Crossref(works.service.url, "admin@papers.example.org", **({"rows": 10} | options))


def pages(
    crossref: Crossref, window: IndexWindow = WEEK, query: str = "soil fungi", kept: list[Page] | None = None
) -> list[Page]:
    kept = [] if kept is None else kept

    async def ask() -> None:
        async with fetcher(limits=Limits(tries=2)) as fetch:
            async for page in crossref.collect(query, window, fetch):
                kept.append(page)

    asyncio.run(ask())
    return kept


def dois(found: list[Page]) -> list[str]:
    return [paper.identifiers[0].value for page in found for paper in page.announcements]


# --- pages ----------------------------------------------------------------------------------------------------------


def test_every_page_is_read_and_counted_though_the_cursor_stays(works: Works) -> None:
    found = pages(source(works), query="soil fungi type:journal-article")
    assert [len(page.announcements) for page in found] == [10, 10, 5]
    assert {page.stated for page in found} == {25}
    assert dois(found) == list(works.days)
    assert len(works.service.asked) == 3
    assert works.service.asked[0].fields == {
        "query.bibliographic": "soil fungi",
        "filter": "type:journal-article,from-created-date:2026-11-16,until-created-date:2026-11-23",
        "rows": "10", "cursor": "*", "mailto": "admin@papers.example.org",
    }  # fmt: skip
    assert works.service.asked[1].fields["cursor"] == "DnF1+0/=="


@pytest.mark.parametrize("ending", ["", "/", "/works", "/works/"])
def test_the_base_may_end_in_works(works: Works, ending: str) -> None:
    found = pages(Crossref(works.service.url + ending))
    assert len(dois(found)) == 25
    assert "mailto" not in works.service.asked[0].fields


def test_nothing_found_is_one_empty_page(works: Works) -> None:
    works.days.clear()
    assert pages(source(works)) == [Page(stated=0)]


def test_more_than_is_read_is_split_by_days(works: Works) -> None:
    found = pages(source(works, most=9, rows=4))
    assert sorted(dois(found)) == sorted(works.days)
    assert len(dois(found)) == 25
    assert {page.stated for page in found} == {25}


def test_a_day_that_is_too_full_is_an_error_that_says_so(works: Works) -> None:
    with pytest.raises(SourceError, match="more than 3 records of 2026-11-17; narrow the query"):
        pages(source(works, most=3))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 7), max_size=30), st.integers(1, 7), st.integers(5, 40))
def test_whatever_the_pages_and_limits_each_paper_comes_once(days: list[int], rows: int, most: int) -> None:
    with loopback() as service:
        known = {f"10.5555/{n}": date(2026, 11, 16) + timedelta(days=day) for n, day in enumerate(days)}
        crowded = any(days.count(day) > most for day in days)
        try:
            found = pages(source(Works(service, known), rows=rows, most=most))
        except SourceError:
            assert crowded
        else:
            assert not crowded
            assert sorted(dois(found)) == sorted(known)


def test_a_shortfall_is_an_error(works: Works) -> None:
    works.lost = {"10.5555/soil.3"}
    kept: list[Page] = []
    with pytest.raises(SourceError, match="short: 24 of 25 records came"):
        pages(source(works), kept=kept)
    assert len(dois(kept)) == 24


def test_a_cursor_that_does_not_advance_is_an_error(works: Works) -> None:
    works.service.rules["/works"] = always(listed([work(f"10.5555/{n}") for n in range(3)], 25))
    with pytest.raises(SourceError, match="the cursor does not advance after 3 of 25 records"):
        pages(source(works))
    assert len(works.service.asked) == 2


def test_a_work_that_two_pages_show_counts_once(works: Works) -> None:
    first, second, third = (work(f"10.5555/{n}") for n in range(3))
    works.service.rules["/works"] = in_turn(listed([first, second], 3), listed([second, third], 3))
    assert dois(pages(source(works))) == ["10.5555/0", "10.5555/1", "10.5555/2"]
    works.service.rules["/works"] = in_turn(listed([first, second], 4), listed([second, third], 4), listed([], 4))
    with pytest.raises(SourceError, match="short: 3 of 4"):
        pages(source(works))


def test_a_list_without_a_cursor_is_short(works: Works) -> None:
    works.service.rules["/works"] = always(listed([work()], 25, None))
    with pytest.raises(SourceError, match="short: 1 of 25"):
        pages(source(works))


def test_a_total_that_grows_for_ever_ends(works: Works) -> None:
    def rule(asked: Asked) -> Answer:
        number = len(works.service.asked)
        return listed([work(f"10.5555/{number}")], number * 4)

    works.service.rules["/works"] = rule
    with pytest.raises(SourceError, match="more than 10"):
        pages(source(works, most=10))


def test_what_is_no_paper_counts_and_is_left_out(works: Works) -> None:
    mixed = [work(), work("10.5555/figure", type="component", title=None), work("10.5555/3", title=[])]
    works.service.rules["/works"] = always(listed(mixed))
    assert dois(pages(source(works))) == ["10.5555/soil.1"]


def test_a_page_larger_than_asked_for_is_handed_on_in_parts(works: Works) -> None:
    works.service.rules["/works"] = always(listed([work(f"10.5555/{n}") for n in range(450)]))
    assert [len(page.announcements) for page in pages(source(works))] == [200, 200, 50]


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(), "empty answer"),
        (Answer(body=b" \n"), "empty answer"),
        (Answer(body=b"<!doctype html><title>Busy</title>", kind="text/html"), "a web page instead of json"),
        (Answer(body=listed([work()]).body[:-40]), "broken json"),
        (Answer(body=b'{"status": '), "broken json"),
        (Answer(body=b"Resource not found."), "no json"),
        (as_json({"message": {"total-results": 1, "items": [{"DOI": "10.5555/x"}] * 1001}}), "more than 1,000 works"),
        (as_json([]), "not a list of works"),
        (as_json({"status": "ok", "message-type": "work", "message": work()}), "not a list of works"),
        (as_json({"status": "ok", "message": {"items": []}}), "not a list of works"),
        (as_json({"status": "ok", "message": {"items": [], "total-results": "many"}}), "not a list of works"),
        (as_json({"status": "failed", "message": [{"message": "Index is away"}]}), "Index is away"),
        (Answer(500), "http 500"),
        (Answer(404, b"Resource not found."), "http 404"),
        (Answer(dropped=True), "answer cut off or not http|connection lost"),
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
    assert dois(pages(source(works))) == list(works.days)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (
            {
                "status": "failed",
                "message-type": "validation-failure",
                "message": [
                    {"type": "filter-not-available", "value": "isnn", "message": "There is no filter 'isnn'"},
                    {"type": "integer-not-valid", "value": "x", "message": "\u202eRows <b>is</b> none"},
                ],
            },
            "refused the query: There is no filter 'isnn'; Rows <b>is</b> none",
        ),
        ({"status": "failed", "message": "Out of order"}, "refused the query: Out of order"),
        ({"error": "?"}, "refused the query: http 400"),
    ],
)  # fmt: skip
def test_a_refusal_says_why_and_is_not_repeated(works: Works, answer: dict[str, Any], problem: str) -> None:
    works.service.rules["/works"] = always(Answer(400, as_json(answer).body))
    with pytest.raises(SourceError, match=re.escape(problem)):
        pages(source(works))
    assert len(works.service.asked) == 1


def test_a_faulty_query_is_not_even_asked(works: Works) -> None:
    with pytest.raises(SourceError, match="query: unknown name: 'isnn'; did you mean issn"):
        pages(source(works), query="isnn:1234-5679")
    assert not works.service.asked
    assert not source(works).selects("soil fungi")


def test_broken_characters_are_repaired_and_flagged(works: Works) -> None:
    body = listed([work(title=["Fungi of the XX soil"]), work("10.5555/2")]).body.replace(b"XX", b"\xff\xfe\x00")
    works.service.rules["/works"] = always(Answer(body=body))
    ((first, second),) = [page.announcements for page in pages(source(works))]
    assert first.title == "Fungi of the \ufffd\ufffd soil"
    assert (first.repairs, second.repairs) == (("charset",), ())


# --- what a record says ---------------------------------------------------------------------------------------------


def test_a_whole_record() -> None:
    record = work(
        "https://doi.org/10.5555/Soil.1",
        title=["Fungi of the <i>forest</i> soil &amp; CO<sub>2</sub>"],
        subtitle=["A survey"],
        abstract="<jats:sec><jats:title>Aims</jats:title><jats:p>To see p &lt; 0.05.</jats:p></jats:sec>",
        author=[
            {"given": "Ada Maria", "family": "Kowalska", "suffix": "Jr", "sequence": "first"},
            {"given": "Jan", "family": "van der Veen"},
            {"name": "Forest Soil Consortium", "sequence": "additional"},
            {"given": "Plato", "family": "-"},
            {"sequence": "additional", "affiliation": []},
            "nobody",
        ],
        subject=["Mycology", "Soil science", "Mycology"],
        language="eng",
    )
    paper = announcement_of(record, TODAY)
    assert paper is not None
    assert paper.identifiers == (Identifier("doi", "10.5555/soil.1"),)
    assert paper.title == "Fungi of the forest soil & CO₂: A survey"
    assert paper.url == "https://doi.org/10.5555/soil.1"
    assert paper.abstract == (AbstractSection("Aims", "To see p < 0.05."),)
    assert paper.authors == (
        Author("Kowalska", "Ada Maria", "AM Jr"),
        Author("van der Veen", "Jan", "J"),
        Author("Forest Soil Consortium"),
        Author("Plato"),
    )
    assert paper.journal == "Journal of Invented Mycology"
    assert paper.keywords == ("Mycology", "Soil science")
    assert paper.publication_types == ("Journal Article",)
    assert (paper.published, paper.indexed, paper.revised) == ("2026-11-19", date(2026, 11, 20), date(2026, 11, 21))
    assert (paper.language, paper.preprint, paper.version, paper.repairs) == ("en", False, 1, ())
    assert (paper.links, paper.marks, paper.notices) == ((), (), ())


def test_a_preprint_and_its_article_point_at_each_other() -> None:
    article = "10.5555/article"
    record = work(
        "10.1101/2026.11.01.123456",
        {"group-title": "Ecology", "container-title": None, "published-online": None},
        type="posted-content",
        subtype="preprint",
        institution=[{"name": "bioRxiv"}],
        version={"version": "v2"},
        posted={"date-parts": [[2026, 11, 3]]},
        relation={
            "is-preprint-of": [{"id-type": "doi", "id": article, "asserted-by": "subject"}],
            "has-review": [{"id-type": "doi", "id": "10.5555/review"}],
            "cites": [],
        },
    )
    paper = announcement_of(record, TODAY)
    assert paper is not None
    assert (paper.preprint, paper.version, paper.journal, paper.keywords) == (True, 2, "bioRxiv", ("Ecology",))
    assert (paper.publication_types, paper.published) == (("Preprint",), "2026-11-03")
    assert paper.links == (Identifier("doi", article),)
    other = announcement_of(
        work(
            article,
            relation={
                "has-preprint": [
                    {"id-type": "doi", "id": "https://doi.org/10.1101/2026.11.01.123456v2"},
                    {"id-type": "arxiv", "id": "arXiv:2611.01234v2"},
                    {"id-type": "doi", "id": article},
                    None,
                ],
                "is-translation-of": [{"id-type": "doi", "id": "10.5555/uebersetzung"}],
                "is-same-as": {"id-type": "pmid", "id": "12345"},
                "has-version": [{"id-type": "pmcid", "id": "PMC77"}, {"id-type": "uri", "id": "javascript:alert(1)"}],
            },
        ),
        TODAY,
    )
    assert other is not None
    assert set(other.links) == {
        Identifier("doi", "10.1101/2026.11.01.123456"),
        Identifier("arxiv", "2611.01234"),
        Identifier("doi", "10.48550/arxiv.2611.01234"),
        Identifier("pmid", "12345"),
        Identifier("pmcid", "PMC77"),
    }


@pytest.mark.parametrize(
    ("fields", "preprint", "kinds"),
    [
        ({"type": "posted-content", "subtype": "other"}, False, ()),
        ({"type": "posted-content", "subtype": "working_paper"}, False, ("Working Paper",)),
        ({"type": "posted-content"}, True, ("Preprint",)),
        ({"type": "journal-article", "DOI": "10.2139/ssrn.123"}, True, ("Preprint",)),
        ({"type": "proceedings-article"}, False, ("Conference Paper",)),
        ({"type": "book-chapter"}, False, ("Book Chapter",)),
        ({"type": "a-new-type"}, False, ("A New Type",)),
        ({"type": None}, False, ()),
    ],
)
def test_types_in_plain_words(fields: dict[str, Any], preprint: bool, kinds: tuple[str, ...]) -> None:
    paper = announcement_of(work("10.5555/soil.1", fields), TODAY)
    assert paper is not None
    assert (paper.preprint, paper.publication_types) == (preprint, kinds)


@pytest.mark.parametrize("kind", sorted(LEFT_OUT))
def test_records_that_are_no_papers_are_left_out(kind: str) -> None:
    assert announcement_of(work(type=kind), TODAY) is None


def test_notices_say_what_they_are_about_and_papers_what_became_of_them() -> None:
    updates = [
        {"DOI": "10.5555/OLD", "type": "retraction", "label": "Retraction", "source": "publisher"},
        {"DOI": "10.5555/old", "type": "retraction", "source": "retraction-watch"},
        {"DOI": "10.5555/other", "type": "expression_of_concern"},
        {"DOI": "10.5555/third", "type": "corrigendum"},
        {"DOI": "10.5555/earlier", "type": "new_version"},
        {"DOI": "10.5555/fourth", "type": "addendum"},
        {"DOI": "nothing", "type": "erratum"},
        None,
    ]
    notice = announcement_of(work("10.5555/notice", {"update-to": updates}), TODAY)
    assert notice is not None
    assert notice.notices == (
        Notice(Mark.RETRACTED, Identifier("doi", "10.5555/old")),
        Notice(Mark.CONCERN, Identifier("doi", "10.5555/other")),
        Notice(Mark.CORRECTED, Identifier("doi", "10.5555/third")),
    )
    assert notice.links == (Identifier("doi", "10.5555/earlier"),)
    assert notice.marks == ()
    assert notice.publication_types[:3] == (
        "Retraction of Publication", "Expression of Concern", "Published Erratum",
    )  # fmt: skip
    paper = announcement_of(
        work(
            "10.5555/soil.1",
            {"updated-by": [{"DOI": "10.5555/n", "type": "Expression-of-Concern"}, {"type": "withdrawal"}]},
        ),
        TODAY,
    )
    assert paper is not None
    assert paper.marks == (Mark.RETRACTED, Mark.CONCERN)
    assert paper.publication_types == ("Journal Article", "Retracted Publication")


def test_a_notice_in_the_place_of_its_paper_marks_it() -> None:
    paper = announcement_of(
        work("10.5555/soil.1", {"update-to": [{"DOI": "10.5555/Soil.1", "type": "removal"}]}), TODAY
    )
    assert paper is not None
    assert (paper.marks, paper.notices) == ((Mark.RETRACTED,), ())


@pytest.mark.parametrize(
    ("fields", "published", "sound"),
    [
        ({"published-online": None, "published-print": None}, "2026-11", True),
        ({"published-online": {"date-parts": [[2026]]}}, "2026-11", True),
        ({"published-online": {"date-parts": [[2025]]}}, "2025", True),
        ({"published-online": {"date-parts": [[2026, 2, 31]]}, "issued": None}, "2026-02", False),
        ({"published-online": {"date-parts": [[2125, 1, 1]]}}, "2026-12", False),
        ({"published-online": {"date-parts": [[2125]]}, "published-print": None, "issued": None}, "2026-11-23", False),
        ({"published-online": {"date-parts": [["?"]]}, "published-print": None, "issued": None}, "2026-11-23", False),
        ({"published-online": None, "published-print": None, "issued": {"date-parts": [[None]]}}, "", True),
        ({"published-online": None, "published-print": None, "issued": {"date-parts": []}}, "", True),
        ({"published-online": None, "published-print": None, "issued": {"date-parts": [None]}}, "", True),
        ({"published-online": None, "published-print": None, "issued": None}, "", True),
    ],
)  # fmt: skip
def test_dates_are_possible_and_never_far_ahead(fields: dict[str, Any], published: str, sound: bool) -> None:
    paper = announcement_of(work("10.5555/soil.1", fields), TODAY)
    assert paper is not None
    assert (paper.published, paper.repairs) == (published, () if sound else ("date",))


@pytest.mark.parametrize(
    "created",
    [None, {}, {"date-time": "2125-01-01T00:00:00Z"}, {"date-parts": [[2026, 2, 31]]}, {"date-parts": [[None]]}, "x"],
)
def test_the_day_of_fetching_stands_for_a_registration_that_cannot_be(created: object) -> None:
    paper = announcement_of(work(created=created), TODAY)
    assert paper is not None
    assert (paper.indexed, paper.repairs) == (TODAY, ("date",))


def test_hostile_text_is_text() -> None:
    paper = announcement_of(
        work(
            "10.5555/soil.1",
            {"container-title": ["J <a href='javascript:x'>Soil</a>"], "URL": "javascript:alert(1)"},
            title=["<script>alert(1)</script>Fungi\x00 \u202eof <b onclick='x()'>soil</b> p<0.05"],
            author=[{"family": "O&apos;Hara\r\nBcc: x", "given": "<i>A.</i>"}],
        ),
        TODAY,
    )
    assert paper is not None
    assert paper.title == "Fungi of soil p<0.05"
    assert paper.authors == (Author("O'Hara Bcc: x", "A.", "A"),)
    assert (paper.journal, paper.url) == ("J Soil", "https://doi.org/10.5555/soil.1")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["DOI", "id", "type", "name"]), inner),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from([*work(), "relation", "update-to", "updated-by", "abstract", "version"]), anything)
)
def test_whatever_a_field_holds_a_record_is_read_or_left_out(fields: dict[str, Any]) -> None:
    paper = announcement_of({**work(), **fields}, TODAY)
    assert paper is None or (paper.title and paper.identifiers and paper.indexed and paper.indexed <= TODAY)


# --- real answers ---------------------------------------------------------------------------------------------------


def _list_of(path: Path) -> tuple[bytes, list[dict[str, Any]], int]:
    """A recorded list of works with its records and their stated total; one record or a line each make a list too."""
    body = path.read_bytes()
    try:
        message = json.loads(body).get("message")
    except ValueError:
        records = list({one["DOI"]: one for one in map(json.loads, body.splitlines())}.values())
        return listed(records).body, records, len(records)
    if isinstance(message, dict) and "items" in message:
        return body, message["items"], message["total-results"]
    return body, [], 0


def test_real_answers(shared: Path, works: Works) -> None:
    read = 0
    for path in sorted((shared / "data/api/crossref").glob("*.json")):
        body, records, total = _list_of(path)
        works.service.rules["/works"] = always(Answer(400 if b'"status":"failed"' in body[:100] else 200, body))
        kept: list[Page] = []
        if not records and b"work-list" not in body[:100]:
            with pytest.raises((FetchError, SourceError), match=r"refused the query: [A-Z]|not a list of works"):
                pages(source(works))
        elif total > len(records):
            with pytest.raises(SourceError, match=r"short|advance"):
                pages(source(works, most=10**9), kept=kept)
        else:
            pages(source(works), kept=kept)
        papers = [paper for page in kept for paper in page.announcements]
        titled = [one for one in records if any(one.get("title", "")) and one.get("type") not in LEFT_OUT]
        assert {paper.identifiers[0].value for paper in papers} >= {doi_of(one["DOI"]) for one in titled}
        assert all(paper.title and paper.title.isprintable() for paper in papers)
        read += len(papers)
    assert read > 250


def test_the_largest_real_record(shared: Path) -> None:
    record = json.loads(gzip.decompress((shared / "data/api/crossref/fatcat_huge_crossref_doi.json.gz").read_bytes()))
    paper = announcement_of(record, TODAY)
    assert paper is not None
    assert paper.identifiers == (Identifier("doi", record["DOI"].lower()),)
    assert paper.title
