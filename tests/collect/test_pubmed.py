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

from bot.collect.budget import HostBudget, Pace
from bot.collect.fetch import Limits
from bot.collect.sources import IndexWindow, Page
from bot.collect.sources.pubmed import PubMed
from bot.errors import FetchError, SourceError
from bot.models.papers import Announcement, Identifier
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
    with pytest.raises(SourceError, match="more than 3 records of 2026-11-17; narrow the query"):
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


def test_versions_of_a_paper_are_one_and_the_highest_counts(eutils: Eutils) -> None:
    eutils.days = {5: date(2026, 11, 20), 6: date(2026, 11, 20)}
    both = article_set(
        citation(5, title="One."), citation(5, version=3, title="Three."), citation(5, version=2), citation(6)
    )
    eutils.service.rules["/efetch.fcgi"] = always(Answer(body=both))
    ((three, six),) = [page.announcements for page in pages(source(eutils))]
    assert (three.title, three.version) == ("Three.", 3)
    assert pmids(pages(source(eutils))) == [5, 6]
    assert six.version == 1


def test_a_version_that_comes_on_a_later_page_is_given_where_it_is_higher(eutils: Eutils) -> None:
    eutils.days = {1: date(2026, 11, 20), 2: date(2026, 11, 20)}
    eutils.service.rules["/efetch.fcgi"] = in_turn(
        Answer(body=article_set(citation(1, version=2))),
        Answer(body=article_set(citation(1, version=1), citation(2), citation(1, version=3))),
    )
    found = pages(source(eutils, page=1))
    assert [[(one.identifiers[0].value, one.version) for one in page.announcements] for page in found] == [
        [("1", 2)],
        [("2", 1), ("1", 3)],
    ]


def test_pages_are_small_however_much_an_answer_holds(eutils: Eutils) -> None:
    eutils.days = {n: date(2026, 11, 20) for n in range(1, 451)}
    everything = article_set(*(citation(n) for n in [*eutils.days, *range(1000, 1500)]))
    eutils.service.rules["/efetch.fcgi"] = always(Answer(body=everything))
    found = pages(source(eutils, page=450))
    assert [len(page.announcements) for page in found] == [200, 200, 50]
    assert pmids(found) == list(eutils.days)


def test_records_that_nobody_asked_for_are_passed_by(eutils: Eutils) -> None:
    eutils.days = {7: date(2026, 11, 20)}
    eutils.service.rules["/efetch.fcgi"] = always(Answer(body=article_set(citation(8), citation(7), citation(""))))
    assert pmids(pages(source(eutils))) == [7]


def test_a_flood_of_records_that_nobody_asked_for_is_no_answer(eutils: Eutils) -> None:
    eutils.days = {7: date(2026, 11, 20)}
    flood = article_set(citation(7), "<PubmedArticle></PubmedArticle>" * 10_001)
    eutils.service.rules["/efetch.fcgi"] = always(Answer(body=flood))
    with pytest.raises(SourceError, match="more than 10,000 records that nobody asked for"):
        pages(source(eutils))


def test_what_pubmed_took_back_is_told_and_not_missed(eutils: Eutils) -> None:
    eutils.days = {n: date(2026, 11, 20) for n in (1, 2, 3)}
    taken = ((2, 1), (3, 1), (9, 2))
    pmids = "".join(f'<PMID Version="{version}">{pmid}</PMID>' for pmid, version in taken)
    gone = f"<DeleteCitation>{pmids}</DeleteCitation>"
    eutils.service.rules["/efetch.fcgi"] = always(Answer(body=article_set(citation(1), citation(3, version=2), gone)))
    (page,) = pages(source(eutils))
    assert [one.identifiers[0].value for one in page.announcements] == ["1", "3"]
    # Of the third only a version, and of a ninth only the second one.
    assert page.withdrawn == (Identifier("pmid", "2"),)


def test_parts_that_do_not_make_the_whole_are_short(eutils: Eutils) -> None:
    right = eutils.search

    def half(asked: Asked) -> Answer:
        whole = asked.fields["mindate"] == "2026/11/16" and asked.fields["maxdate"] == "2026/11/23"
        return as_json({"esearchresult": {"count": "40", "idlist": [], "webenv": "MCID_1"}}) if whole else right(asked)

    eutils.service.rules["/esearch.fcgi"] = half
    with pytest.raises(SourceError, match="short: 25 of 40 records came"):
        pages(source(eutils, most=30))


def test_a_list_of_ids_that_is_no_list_is_not_read(eutils: Eutils) -> None:
    eutils.service.rules["/esearch.fcgi"] = always(Answer(body=b"[" + b"[]," * 500_000 + b"[]]"))
    with pytest.raises(FetchError, match="too large"):
        pages(source(eutils))


def one_page(eutils: Eutils, body: bytes, *found: int) -> tuple[Announcement, ...]:
    eutils.days = {pmid: date(2026, 11, 20) for pmid in found}
    eutils.service.rules["/efetch.fcgi"] = always(Answer(body=body))
    (page,) = pages(source(eutils))
    return page.announcements


def test_broken_characters_are_marked_and_told(eutils: Eutils) -> None:
    body = article_set(citation(1), citation(2, title="Gut @ und schlecht @.")).replace(b"@", b"\xff")
    one, two = one_page(eutils, body, 1, 2)
    assert (one.title, one.repairs) == ("A title.", ())
    assert (two.title, two.repairs) == ("Gut \ufffd und schlecht \ufffd.", ("charset",))


def test_broken_characters_inside_of_a_tag_are_left_out_and_told(eutils: Eutils) -> None:
    body = article_set(citation(1, title="Whole.")).replace(b"</ArticleTitle>", b"</Article\xff\xfe\xc3Title>")
    (one,) = one_page(eutils, body, 1)
    assert (one.title, one.repairs) == ("Whole.", ("charset",))


def test_nul_and_other_controls_are_left_out(eutils: Eutils) -> None:
    (one,) = one_page(eutils, article_set(citation(1, title="A\x00 tit\x08le.")), 1)
    assert one.title == "A title."


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_other_encodings_are_read_as_they_say(eutils: Eutils, encoding: str) -> None:
    text = (
        article_set(citation(1, title="Größe."))
        .decode()
        .replace('version="1.0"', f'version="1.0" encoding="{encoding}"')
    )
    (one,) = one_page(eutils, text.encode(encoding), 1)
    assert (one.title, one.repairs) == ("Größe.", ())


def test_ncbis_pace_is_kept_over_all_pages(eutils: Eutils) -> None:
    time = Time()

    async def ask() -> None:
        async with fetcher(time) as fetch:
            fetch.budget = HostBudget({"pubmed": eutils.service.url}, {"pubmed": Pace("ncbi.nlm.nih.gov", 0.34)})
            async for _ in source(eutils).collect("sting", WEEK, fetch):
                pass

    asyncio.run(ask())
    assert sum(time.slept) == pytest.approx(0.34 * 3, abs=0.05)
