"""PubMed as a source, against a small E-utilities on 127.0.0.1: complete, or an error, never a short success."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.collect.fetch import Limits
from bot.collect.sources import IndexWindow, Page, known_sources
from bot.collect.sources.pubmed import PubMed
from bot.errors import FetchError, SourceError
from tests.collect.citations import article_set, citation
from tests.collect.services import Answer, Asked, Service, Time, always, as_json, fetcher, in_turn, loopback

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEEK = IndexWindow(NOW - timedelta(days=7), NOW)


@dataclass
class Eutils:
    """E-utilities over records that are known by PMID and day; every term finds all of the window."""

    service: Service
    days: dict[int, date] = field(default_factory=dict)
    #: PMIDs that a search finds and efetch does not give, at first or ever.
    shy: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    said: dict[str, Any] = field(default_factory=dict)
    _kept: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.service.rules["/esearch.fcgi"] = self.search
        self.service.rules["/efetch.fcgi"] = self.fetch

    def search(self, asked: Asked) -> Answer:
        first, last = (date(*map(int, asked.fields[name].split("/"))) for name in ("mindate", "maxdate"))
        found = [pmid for pmid, day in self.days.items() if first <= day <= last]
        web_env = f"MCID_{len(self._kept)}"
        self._kept[web_env] = found
        shown = [str(pmid) for pmid in found[: int(asked.fields["retmax"])]]
        answer = {"count": str(len(found)), "idlist": shown, "webenv": web_env, "querykey": "1"}
        return as_json({"header": {"type": "esearch"}, "esearchresult": answer | self.said})

    def fetch(self, asked: Asked) -> Answer:
        if "id" in asked.fields:
            wanted = [int(pmid) for pmid in asked.fields["id"].split(",")]
            given = [pmid for pmid in wanted if pmid not in self.lost]
        else:
            start, size = int(asked.fields["retstart"]), int(asked.fields["retmax"])
            wanted = self._kept[asked.fields["WebEnv"]][start : start + size]
            given = [pmid for pmid in wanted if pmid not in self.shy | self.lost]
        return Answer(body=article_set(*(citation(pmid, entered=self.days[pmid]) for pmid in given)))


@pytest.fixture
def eutils() -> Iterator[Eutils]:
    with loopback() as service:
        yield Eutils(service, {100 + n: date(2026, 11, 17 + n % 6) for n in range(25)})


def source(eutils: Eutils, **options: Any) -> PubMed:
    return PubMed(eutils.service.url + "/", "admin@papers.example.org", **({"page": 10} | options))


def pages(
    pubmed: PubMed, window: IndexWindow = WEEK, query: str = "sting", kept: list[Page] | None = None
) -> list[Page]:
    kept = [] if kept is None else kept

    async def ask() -> None:
        async with fetcher(limits=Limits(tries=2)) as fetch:
            async for page in pubmed.collect(query, window, fetch):
                kept.append(page)

    asyncio.run(ask())
    return kept


def pmids(found: list[Page]) -> list[int]:
    return [int(paper.identifiers[0].value) for page in found for paper in page.announcements]


def test_every_page_is_read_and_counted(eutils: Eutils) -> None:
    found = pages(source(eutils))
    assert [len(page.announcements) for page in found] == [10, 10, 5]
    assert {page.stated for page in found} == {25}
    assert sorted(pmids(found)) == sorted(eutils.days)
    search = eutils.service.asked[0]
    assert search.fields == {
        "db": "pubmed", "term": "sting", "datetype": "edat", "mindate": "2026/11/16", "maxdate": "2026/11/23",
        "usehistory": "y", "retmode": "json", "retmax": "9999", "tool": "concept-digest",
        "email": "admin@papers.example.org",
    }  # fmt: skip


def test_nothing_found_is_one_empty_page(eutils: Eutils) -> None:
    eutils.days.clear()
    assert pages(source(eutils)) == [Page(stated=0)]


def test_a_key_travels_in_a_body_and_never_in_an_address(eutils: Eutils) -> None:
    pages(source(eutils, api_key="sesame"))
    assert all(asked.method == "POST" and asked.fields["api_key"] == "sesame" for asked in eutils.service.asked)
    assert not any("sesame" in asked.target for asked in eutils.service.asked)
    assert "sesame" not in repr(source(eutils, api_key="sesame"))
    eutils.service.rules["/esearch.fcgi"] = always(Answer(500))
    with pytest.raises(FetchError) as caught:
        pages(source(eutils, api_key="sesame"))
    assert "sesame" not in repr(caught.value)


def test_a_long_term_is_posted(eutils: Eutils) -> None:
    term = " OR ".join(f"concept{n}[tiab]" for n in range(100))
    pages(source(eutils), query=term)
    assert (eutils.service.asked[0].method, eutils.service.asked[0].fields["term"]) == ("POST", term)


def test_windows_touch_every_day_they_cover() -> None:
    day = datetime(2026, 11, 20, tzinfo=UTC)
    assert IndexWindow(day, day + timedelta(days=1)).last_day == date(2026, 11, 20)
    assert IndexWindow(day, day + timedelta(days=1, seconds=1)).last_day == date(2026, 11, 21)
    assert IndexWindow(day, day).last_day == date(2026, 11, 20)
    with pytest.raises(ValueError, match="naive"):
        IndexWindow(datetime(2026, 1, 1), day)  # noqa: DTZ001 (what is refused)
    with pytest.raises(ValueError, match="before"):
        IndexWindow(day, day - timedelta(days=1))


def test_more_than_the_service_shows_is_split_by_days(eutils: Eutils) -> None:
    found = pages(source(eutils, most=9, page=4))
    assert sorted(pmids(found)) == sorted(eutils.days)
    assert {page.stated for page in found} == {25}
    assert len(pmids(found)) == 25


def test_a_day_that_is_too_full_is_an_error_that_says_so(eutils: Eutils) -> None:
    with pytest.raises(SourceError, match="more than 3 records entered on 2026-11-17; narrow the query"):
        pages(source(eutils, most=3))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 7), max_size=30), st.integers(1, 7), st.integers(5, 40))
def test_whatever_the_pages_and_limits_each_paper_comes_once(days: list[int], page: int, most: int) -> None:
    with loopback() as service:
        eutils = Eutils(service, {n + 1: date(2026, 11, 16) + timedelta(days=day) for n, day in enumerate(days)})
        crowded = any(days.count(day) > most for day in days)
        try:
            found = pages(source(eutils, page=page, most=most))
        except SourceError:
            assert crowded
        else:
            assert not crowded
            assert sorted(pmids(found)) == list(range(1, len(days) + 1))


def test_records_that_are_missing_at_first_are_asked_for_by_name(eutils: Eutils) -> None:
    eutils.shy = {103, 117}
    assert sorted(pmids(pages(source(eutils)))) == sorted(eutils.days)
    assert eutils.service.asked[-1].fields["id"] == "103,117"


def test_records_that_never_come_make_the_round_short(eutils: Eutils) -> None:
    eutils.lost = {103}
    kept: list[Page] = []
    with pytest.raises(SourceError, match="short: 24 of 25 records; missing: 103"):
        pages(source(eutils), kept=kept)
    assert len(pmids(kept)) == 24


def test_a_list_shorter_than_the_count_is_short(eutils: Eutils) -> None:
    eutils.said = {"count": "30"}
    with pytest.raises(SourceError, match="short: esearch listed 25 of 30 records"):
        pages(source(eutils))


def test_what_pubmed_says_about_the_query_is_passed_on(eutils: Eutils) -> None:
    eutils.said = {
        "errorlist": {"phrasesnotfound": ["zzyzx"], "fieldsnotfound": ["tiba"]},
        "warninglist": {
            "phrasesignored": ["the"],
            "quotedphrasesnotfound": ['"x y"'],
            "outputmessages": ["No items found."],
        },
    }
    first, *rest = pages(source(eutils))
    assert first.warnings == ("unknown field: tiba", "found nowhere: zzyzx", "ignored: the", 'found nowhere: "x y"')
    assert all(not page.warnings for page in rest)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (
            as_json({"esearchresult": {"ERROR": "Empty term and query_key - nothing todo"}}),
            "refused the query: Empty term",
        ),
        (as_json({"error": "API key invalid", "count": "1"}), "refused the query: API key invalid"),
        (as_json({"esearchresult": {"ERROR": "Search Backend failed: timed out"}}), "Search Backend failed"),
        (as_json({"esearchresult": {"count": "many", "idlist": []}}), "no count"),
        (as_json({"esearchresult": {"count": "1", "idlist": ["1"]}}), "kept no history"),
        (as_json([]), "no count"),
        (Answer(body=b"<!doctype html><title>Maintenance</title>", kind="text/html"), "a web page instead of json"),
        (Answer(body=b'{"esearchresult": {"count"'), "broken json"),
        (Answer(), "empty answer"),
        (Answer(500), "http 500"),
    ],
)
def test_a_search_that_went_wrong_is_never_a_quiet_day(eutils: Eutils, answer: Answer, problem: str) -> None:
    eutils.service.rules["/esearch.fcgi"] = always(answer)
    with pytest.raises((FetchError, SourceError), match=problem):
        pages(source(eutils))


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(), "empty answer"),
        (
            Answer(body=b"<!doctype html><html><title>Maintenance</title>", kind="text/html"),
            "a web page instead of xml",
        ),
        (
            Answer(body=b"<eFetchResult><ERROR>Cannot retrieve history\n</ERROR></eFetchResult>"),
            "Cannot retrieve history",
        ),
        (Answer(body=article_set(citation(1))[:-5]), "answer cut off"),
        (Answer(body=b"<PubmedArticleSet><a></PubmedArticleSet>"), "broken xml"),
        (Answer(body=article_set()), "short: 0 of 25"),
    ],
)
def test_a_page_that_went_wrong_is_never_a_quiet_day(eutils: Eutils, answer: Answer, problem: str) -> None:
    eutils.service.rules["/efetch.fcgi"] = always(answer)
    with pytest.raises((FetchError, SourceError), match=re.escape(problem)):
        pages(source(eutils))


def test_an_error_page_between_is_asked_for_again(eutils: Eutils) -> None:
    right, wrong = eutils.fetch, in_turn(Answer(body=b"<html>Busy</html>"), Answer(503), Answer())
    turns = iter(range(100))
    eutils.service.rules["/efetch.fcgi"] = lambda asked: wrong(asked) if next(turns) % 2 == 0 else right(asked)
    assert sorted(pmids(pages(source(eutils)))) == sorted(eutils.days)


def test_the_day_of_fetching_bounds_the_dates(eutils: Eutils) -> None:
    late = article_set(citation(200, entered=date(2125, 1, 1)))
    eutils.days = {200: date(2026, 11, 20)}
    eutils.service.rules["/efetch.fcgi"] = always(Answer(body=late))
    ((paper,),) = [page.announcements for page in pages(source(eutils))]
    assert (paper.indexed, paper.repairs) == (date(2026, 11, 23), ("date",))


def test_the_registry_knows_pubmed() -> None:
    @dataclass
    class Told:
        pubmed_url: str = "http://127.0.0.1:1/entrez"
        contact_email: str | None = None
        ncbi_api_key: str | None = "sesame"

    sources = known_sources(Told())
    assert sources["pubmed"] == PubMed("http://127.0.0.1:1/entrez", None, "sesame")
    assert {name: one.searches for name, one in sources.items()} == {"pubmed": True, "syndication": False}


def test_ncbis_pace_is_kept_over_all_pages(eutils: Eutils) -> None:
    time = Time()

    async def ask() -> None:
        async with fetcher(time) as fetch:
            fetch.budget = type(fetch.budget)({"127.0.0.1": 0.34})
            async for _ in source(eutils).collect("sting", WEEK, fetch):
                pass

    asyncio.run(ask())
    assert sum(time.slept) == pytest.approx(0.34 * 3, abs=0.05)
