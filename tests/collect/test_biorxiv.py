"""bioRxiv and medRxiv as sources, against a small API on 127.0.0.1: complete, or an error, never a short success."""

from __future__ import annotations

import asyncio
import csv
import gzip
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.collect.fetch import Limits
from bot.collect.sources.biorxiv import Rxiv, announced
from bot.collect.sources.protocol import IndexWindow, Page
from bot.errors import FetchError, SourceError
from bot.models.papers import AbstractSection, Announcement, Author, Identifier
from tests.collect.services import Answer, Asked, Service, always, as_json, fetcher, in_turn, loopback

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = date(2026, 11, 23)
WEEK = IndexWindow(NOW - timedelta(days=7), NOW)


def record(number: int, day: str = "2026-11-20", version: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "doi": f"10.64898/2026.11.16.{700000 + number}",
        "title": f"Stress granules dissolve in case {number}",
        "authors": "Doe, J.; Roe, R. A.; The Granule Consortium",
        "date": day,
        "version": str(version),
        "type": "new results",
        "category": "cell biology",
        "abstract": "Granules form and dissolve.",
        "published": "NA",
        "server": "bioRxiv",
    } | more


@dataclass
class Api:
    """The details API over records."""

    service: Service
    records: list[dict[str, Any]] = field(default_factory=list)
    page: int = 10
    #: Whether the category is looked at.
    sorts: bool = True
    #: Changes an answer before it goes out.
    spoil: Callable[[dict[str, Any], int], dict[str, Any]] = lambda answer, start: answer

    def __post_init__(self) -> None:
        class Anywhere(dict[str, Any]):
            def get(inner, path: str, default: Any = None) -> Any:  # noqa: N805 (a rule for every path)
                return super().get(path) or self.details

        self.service.rules = Anywhere(self.service.rules)

    def details(self, asked: Asked) -> Answer:
        _, details, server, first, last, cursor, form = asked.path.split("/")
        assert (details, form) == ("details", "json")
        category = asked.fields.get("category", "").replace("_", " ")
        found = [
            each
            for each in self.records
            if first <= each["date"] <= last
            and server == each["server"].lower()
            and (not category or not self.sorts or each["category"].lower() == category)
        ]
        start = int(cursor)
        rows = found[start : start + self.page]
        if not rows:
            return as_json(self.spoil({"messages": [{"status": "no posts found"}], "collection": []}, start))
        message = {
            "status": "ok", "category": category or "all", "interval": f"{first}:{last}", "cursor": cursor,
            "count": len(rows), "count_new_papers": "3", "total": str(len(found)),
        }  # fmt: skip
        return as_json(self.spoil({"messages": [message], "collection": rows}, start))


@pytest.fixture
def api() -> Iterator[Api]:
    with loopback() as service:
        yield Api(service, [record(n, f"2026-11-{17 + n % 6}") for n in range(25)])


def pages(api: Api, query: str = "", kept: list[Page] | None = None, server: Any = "biorxiv") -> list[Page]:
    kept = [] if kept is None else kept

    async def ask() -> None:
        async with fetcher(limits=Limits(tries=2)) as fetch:
            async for page in Rxiv(server, api.service.url + "/").collect(query, WEEK, fetch):
                kept.append(page)

    asyncio.run(ask())
    return kept


def numbers(found: list[Page]) -> list[int]:
    return [int(paper.identifiers[0].value[-6:]) - 700000 for page in found for paper in page.announcements]


# --- asking ---------------------------------------------------------------------------------------------------------


def test_every_page_is_read_and_counted(api: Api) -> None:
    found = pages(api)
    assert [len(page.announcements) for page in found] == [10, 10, 5]
    assert {page.stated for page in found} == {25}
    assert sorted(numbers(found)) == list(range(25))
    assert [asked.target for asked in api.service.asked] == [
        f"/details/biorxiv/2026-11-16/2026-11-23/{cursor}/json" for cursor in (0, 10, 20)
    ]


def test_nothing_found_is_one_empty_page(api: Api) -> None:
    assert pages(api, server="medrxiv") == [Page(stated=0)]
    api.records[:] = [record(3, server="medRxiv")]
    ((paper,),) = [page.announcements for page in pages(api, server="medrxiv")]
    assert (paper.source, paper.identifiers[0].scheme, paper.journal) == ("medrxiv", "medrxiv", "medRxiv")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(14, 25), max_size=30), st.integers(1, 7))
def test_whatever_the_pages_each_paper_of_the_window_comes_once(days: list[int], page: int) -> None:
    with loopback() as service:
        api = Api(service, [record(n, f"2026-11-{day}") for n, day in enumerate(days)], page)
        assert sorted(numbers(pages(api))) == [n for n, day in enumerate(days) if 16 <= day <= 23]


@pytest.mark.parametrize("sorts", [True, False])
def test_categories_and_texts_are_filtered(api: Api, sorts: bool) -> None:
    api.sorts = sorts
    api.records += [
        record(30, category="Neuroscience", title="Amyloid in STING"),
        record(31, category="neuroscience", title="It is stinging", abstract="amyloids"),
        record(32, category="zoology", title="Whales"),
    ]
    assert numbers(pages(api, "category:neuroscience")) == [30, 31]
    assert numbers(pages(api, 'category:"Zoology" category:neuroscience')) == [32, 30, 31]
    assert numbers(pages(api, "text:STING")) == [30]
    assert numbers(pages(api, 'text:STING text:"whale"')) == [30, 32]
    assert numbers(pages(api, "category:neuroscience text:Amyloid")) == [30, 31]
    assert numbers(pages(api, "category:zoology text:amyloid")) == []
    assert [page.stated for page in pages(api, "text:whale")] == [None] * 3
    assert all("_" not in asked.fields.get("category", "") for asked in api.service.asked)
    pages(api, "category:cell_biology")
    assert api.service.asked[-1].fields["category"] == "cell_biology"


def test_a_query_that_is_none_asks_nothing(api: Api) -> None:
    with pytest.raises(SourceError, match="query not understood: not a field: 'granules'"):
        pages(api, "granules")
    assert not api.service.asked


def test_only_texts_select() -> None:
    source = Rxiv("biorxiv", "https://api.biorxiv.org")
    assert [source.selects(query) for query in ("", "category:zoology", "text:STING", "text:")] == [
        False, False, True, False,
    ]  # fmt: skip


def test_versions_of_a_preprint_are_records_of_their_own(api: Api) -> None:
    api.records[:] = [record(1, "2026-11-18"), record(1, "2026-11-20", 2)]
    one, two = pages(api)[0].announcements
    assert one.identifiers == two.identifiers
    assert [(paper.version, paper.revised) for paper in (one, two)] == [
        (1, date(2026, 11, 18)),
        (2, date(2026, 11, 20)),
    ]


def test_a_later_page_that_is_empty_makes_the_round_fail(api: Api) -> None:
    api.spoil = lambda answer, start: answer if start < 20 else {"messages": [{"status": "no posts found"}]}
    kept: list[Page] = []
    with pytest.raises(FetchError, match="no posts found at 20 of 25 records"):
        pages(api, kept=kept)
    assert len(numbers(kept)) == 20


def test_a_cursor_that_does_not_advance_ends_as_an_error(api: Api) -> None:
    api.spoil = lambda answer, start: answer | {"collection": api.records[:10]}
    with pytest.raises(SourceError, match="the cursor does not advance: 20 of 25 records came"):
        pages(api)
    assert len(api.service.asked) == 2


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(), "empty answer"),
        (Answer(500), "http 500"),
        (Answer(body=b"<!doctype html><title>Maintenance</title>", kind="text/html"), "a web page instead of json"),
        (Answer(body=b'{"messages":[{"status":"ok","total":"3"}],"collection":[{"doi":"10.5'), "broken json"),
        (Answer(body=b'"busy"', kind="application/json"), "no json"),
        (as_json({"messages": [{"status": "Both dates must be given"}], "collection": []}), "Both dates must be given"),
        (as_json({"messages": [{"status": "ok"}], "collection": []}), "no total"),
        (as_json({"messages": [{"status": "ok", "total": "3"}], "collection": []}), "no records in the answer"),
        (as_json({"messages": [{"status": "ok", "total": 9}]}), "no records in the answer, though 0 of 9"),
        (as_json({"messages": [{"status": "ok", "total": 9}], "collection": [{}] * 1001}), "more than 1000 records"),
    ],
)
def test_an_answer_that_went_wrong_is_never_a_quiet_day(api: Api, answer: Answer, problem: str) -> None:
    paths = [f"/details/biorxiv/2026-11-16/2026-11-23/{cursor}/json" for cursor in (0, 10, 20)]
    api.service.rules[paths[0]] = always(answer)
    with pytest.raises((FetchError, SourceError), match=re.escape(problem)):
        pages(api)
    wrong, turns = in_turn(answer, Answer()), iter(range(100))
    for path in paths:
        api.service.rules[path] = lambda asked: wrong(asked) if next(turns) % 2 == 0 else api.details(asked)
    assert sorted(numbers(pages(api))) == list(range(25))


@pytest.mark.parametrize("spot", [b"Stress granules", b'"title"', b'"2026-11-1'])
def test_broken_characters_are_repaired_and_told(api: Api, spot: bytes) -> None:
    def broken(asked: Asked) -> Answer:
        body = api.details(asked).body
        middle = body.index(spot) + 1
        return Answer(body=body[:middle] + b"\xff\xfe\xc3" + body[middle:], kind="application/json")

    for cursor in (0, 10, 20):
        api.service.rules[f"/details/biorxiv/2026-11-16/2026-11-23/{cursor}/json"] = broken
    found = pages(api)
    assert sum(len(page.announcements) for page in found) == 25
    assert any(paper.repairs for page in found for paper in page.announcements)


# --- records --------------------------------------------------------------------------------------------------------


def test_a_whole_record() -> None:
    paper = announced(
        record(
            5, version=3, published="10.5555/J.Gran.7", title="Loss of <i>Tdp</i>-43, p < 0.05", category="Cell Biology"
        ),
        "biorxiv",
        TODAY,
    )
    assert paper == Announcement(
        source="biorxiv",
        identifiers=(
            Identifier("biorxiv", "2026.11.16.700005"),
            Identifier("doi", "10.64898/2026.11.16.700005"),
        ),
        title="Loss of Tdp-43, p < 0.05",
        url="https://doi.org/10.64898/2026.11.16.700005",
        abstract=(AbstractSection("", "Granules form and dissolve."),),
        authors=(Author("Doe", "J.", "J"), Author("Roe", "R. A.", "RA"), Author("The Granule Consortium")),
        journal="bioRxiv",
        keywords=("Cell Biology",),
        published="2026-11-20",
        indexed=date(2026, 11, 20),
        preprint=True,
        version=3,
        revised=date(2026, 11, 20),
        links=(Identifier("doi", "10.5555/j.gran.7"),),
    )


@pytest.mark.parametrize(
    ("day", "published", "indexed", "repairs"),
    [
        ("2125-01-01", "2026-11-23", "2026-11-23", ("date",)),
        ("2026-02-31", "2026-02", "2026-11-23", ("date",)),
        ("", "", "2026-11-23", ("date",)),
        (None, "", "2026-11-23", ("date",)),
        # Posted where it is tomorrow already.
        ("2026-11-24", "2026-11-24", "2026-11-23", ()),
    ],
)
def test_dates_are_never_ahead(day: Any, published: str, indexed: str, repairs: tuple[str, ...]) -> None:
    paper = announced(record(1) | {"date": day}, "biorxiv", TODAY)
    assert (paper.published, str(paper.indexed), paper.repairs) == (published, indexed, repairs)


def test_hostile_text_is_text() -> None:
    paper = announced(
        {
            "doi": "10.5555/<script>", "title": "<script>alert(1)</script>\u202eGranules\u0000", "version": "-1",
            "authors": "<b>Doe</b>, J.;;", "published": "javascript:alert(1)", "abstract": ["x"], "category": "NA",
        },
        "medrxiv",
        TODAY,
    )  # fmt: skip
    assert (paper.title, paper.authors, paper.links, paper.keywords) == (
        "Granules",
        (Author("Doe", "J.", "J"),),
        (),
        (),
    )
    assert paper.url == "https://doi.org/10.5555/%3Cscript%3E"
    assert paper.version == 1


_ODD = st.none() | st.integers() | st.text(max_size=12) | st.lists(st.text(max_size=3), max_size=2)


@given(st.dictionaries(st.sampled_from("doi title authors date version category abstract published".split()), _ODD))
def test_no_record_is_too_odd(odd: dict[str, Any]) -> None:
    paper = announced(odd, "biorxiv", TODAY)
    assert paper.title
    assert paper.url.startswith("https://")
    assert paper.indexed
    assert paper.indexed <= TODAY


# --- real records ---------------------------------------------------------------------------------------------------


def test_real_records(shared: Path) -> None:
    folder = shared / "data" / "api" / "biorxiv"
    before = csv.field_size_limit(1 << 24)
    with (folder / "medrxivResults.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    with gzip.open(folder / "biorxiv_abstracts_raw_2025-10-21.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        more = [row for _, row in zip(range(2_000), csv.DictReader(stream), strict=False)]
    csv.field_size_limit(before)
    papers = [announced(dict(row), "medrxiv", TODAY) for row in rows]
    papers += [announced(dict(row), "biorxiv", TODAY) for row in more]
    assert len(papers) > 200
    assert all(paper.identifiers[0].scheme in {"biorxiv", "medrxiv"} for paper in papers)
    assert all(paper.title != "[no title]" and paper.keywords for paper in papers)
