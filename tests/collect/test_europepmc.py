"""Europe PMC as a source, against a small service on 127.0.0.1: complete, or an error, never a short success."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.collect.fetch import Limits
from bot.collect.sources.europepmc import EuropePmc
from bot.collect.sources.protocol import PAPERS, IndexWindow, Page
from bot.errors import FetchError, SourceError
from tests.collect.core_records import record
from tests.collect.services import Answer, Asked, Service, always, as_json, fetcher, in_turn, loopback

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEEK = IndexWindow(NOW - timedelta(days=7), NOW)
_DAYS = re.compile(r"FIRST_IDATE:\[(\S+) TO (\S+)\]$")


@dataclass
class Webservice:
    """The RESTful service over records; every query finds all of its days."""

    service: Service
    records: list[dict[str, Any]] = field(default_factory=list)
    #: Changes an answer before it goes out.
    spoil: Callable[[dict[str, Any], int], dict[str, Any]] = lambda answer, start: answer

    def __post_init__(self) -> None:
        self.service.rules["/rest/search"] = self.service.rules["/rest/searchPOST"] = self.search

    def search(self, asked: Asked) -> Answer:
        days = _DAYS.search(asked.fields["query"])
        assert days
        found = [each for each in self.records if days[1] <= each["firstIndexDate"] <= days[2]]
        cursor = asked.fields["cursorMark"]
        start = 0 if cursor == "*" else int(cursor.removeprefix("AoJ"))
        rows = found[start : start + int(asked.fields["pageSize"])]
        answer = {
            "version": "6.9",
            "hitCount": len(found),
            "nextCursorMark": f"AoJ{start + len(rows)}" if rows else cursor,
            "request": {"queryString": asked.fields["query"]},
            "resultList": {"result": rows},
        }
        return as_json(self.spoil(answer, start))


@pytest.fixture
def epmc() -> Iterator[Webservice]:
    with loopback() as service:
        yield Webservice(service, [record(n, f"2026-11-{17 + n % 6}") for n in range(1, 26)])


def pages(
    epmc: Webservice,
    query: str = "TITLE:sting",
    kept: list[Page] | None = None,
    window: IndexWindow = WEEK,
    **options: Any,
) -> list[Page]:
    kept = [] if kept is None else kept
    source = EuropePmc(f"{epmc.service.url}/rest/", **({"page": 10} | options))

    async def ask() -> None:
        async with fetcher(limits=Limits(tries=2)) as fetch:
            async for page in source.collect(query, window, fetch):
                kept.append(page)

    asyncio.run(ask())
    return kept


def pmids(found: list[Page]) -> list[int]:
    return [int(paper.identifiers[0].value) for page in found for paper in page.announcements]


# --- asking ---------------------------------------------------------------------------------------------------------


def test_every_page_is_read_and_counted(epmc: Webservice) -> None:
    found = pages(epmc, email="admin@papers.example.org")
    assert [len(page.announcements) for page in found] == [10, 10, 5]
    assert {page.stated for page in found} == {25}
    assert sorted(pmids(found)) == list(range(1, 26))
    assert len(epmc.service.asked) == 3
    assert epmc.service.asked[0].fields == {
        "query": "( TITLE:sting ) AND FIRST_IDATE:[2026-11-16 TO 2026-11-23]", "resultType": "core", "format": "json",
        "pageSize": "10", "synonym": "false", "email": "admin@papers.example.org", "cursorMark": "*",
    }  # fmt: skip


def test_a_base_may_name_the_search_already(epmc: Webservice) -> None:
    source = EuropePmc(f"{epmc.service.url}/rest/search")

    async def ask() -> list[Page]:
        async with fetcher() as fetch:
            return [page async for page in source.collect("", WEEK, fetch)]

    assert len(pmids(asyncio.run(ask()))) == 25
    assert epmc.service.asked[0].fields["query"] == "FIRST_IDATE:[2026-11-16 TO 2026-11-23]"


def test_a_long_query_is_posted(epmc: Webservice) -> None:
    query = " OR ".join(f'TITLE:"concept number {n}"' for n in range(300))
    assert len(pmids(pages(epmc, query))) == 25
    assert {(asked.method, asked.path) for asked in epmc.service.asked} == {("POST", "/rest/searchPOST")}


def test_nothing_found_is_one_empty_page(epmc: Webservice) -> None:
    epmc.records.clear()
    assert pages(epmc) == [Page(stated=0)]


def test_large_answers_come_in_pages(epmc: Webservice) -> None:
    epmc.records = [record(n) for n in range(450)]
    assert [len(page.announcements) for page in pages(epmc, page=5_000)] == [PAPERS, PAPERS, 50]
    assert epmc.service.asked[0].fields["pageSize"] == "1000"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(14, 25), max_size=30), st.integers(1, 7))
def test_whatever_the_pages_each_paper_of_the_window_comes_once(days: list[int], page: int) -> None:
    with loopback() as service:
        epmc = Webservice(service, [record(n, f"2026-11-{day}") for n, day in enumerate(days, start=1)])
        wanted = [n for n, day in enumerate(days, start=1) if 16 <= day <= 23]
        assert sorted(pmids(pages(epmc, page=page))) == wanted


@pytest.mark.parametrize("absent", [True, False])
def test_an_end_that_comes_too_early_is_short(epmc: Webservice, absent: bool) -> None:
    def end(answer: dict[str, Any], start: int) -> dict[str, Any]:
        if start == 10:
            answer["nextCursorMark"] = "AoJ10"
            if absent:
                del answer["nextCursorMark"]
        return answer

    epmc.spoil = end
    kept: list[Page] = []
    with pytest.raises(SourceError, match="short: 20 of 25 records came"):
        pages(epmc, kept=kept)
    assert len(pmids(kept)) == 20


def test_a_cursor_that_does_not_advance_ends_as_an_error(epmc: Webservice) -> None:
    turns = iter(range(1_000))
    epmc.spoil = lambda answer, start: answer | {
        "resultList": {"result": epmc.records[:10]}, "nextCursorMark": f"AoJ{next(turns)}"
    }  # fmt: skip
    with pytest.raises(SourceError, match="the cursor does not advance: 10 of 25 records came"):
        pages(epmc)
    assert len(epmc.service.asked) == 2


def test_more_records_than_were_stated_are_an_error(epmc: Webservice) -> None:
    epmc.spoil = lambda answer, start: answer | {"hitCount": 7}
    with pytest.raises(SourceError, match="10 records came, though 7 were stated"):
        pages(epmc)


def test_a_total_that_grows_is_believed(epmc: Webservice) -> None:
    epmc.spoil = lambda answer, start: answer | {"hitCount": 25 if start else 20}
    assert len(pmids(pages(epmc))) == 25


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(), "empty answer"),
        (Answer(500), "http 500"),
        (Answer(body=b"<!doctype html><title>Maintenance</title>", kind="text/html"), "a web page instead of json"),
        (Answer(body=b'{"version": "6.9", "hitCount": 3, "resultList": {"result": [{"id": "1"'), "broken json"),
        (Answer(body=b"[1, 2]", kind="application/json"), "no hitCount"),
        (as_json({"errCode": 404, "errMsg": "Search failed for now"}), "europe pmc says: Search failed for now"),
        (as_json({"hitCount": 3, "resultList": {"result": []}}), "no records in the answer, though 0 of 3"),
        (as_json({"hitCount": 3}), "no records in the answer, though 0 of 3"),
        (as_json({"hitCount": 12, "resultList": {"result": [record(n) for n in range(12)]}}), "more than the 10"),
        (as_json({"hitCount": "many", "resultList": {"result": []}}), "no hitCount"),
    ],
)
def test_an_answer_that_went_wrong_is_never_a_quiet_day(epmc: Webservice, answer: Answer, problem: str) -> None:
    right = epmc.search
    epmc.service.rules["/rest/search"] = always(answer)
    with pytest.raises((FetchError, SourceError), match=re.escape(problem)):
        pages(epmc)
    # Asked for again, and then right.
    wrong = in_turn(answer, Answer())
    turns = iter(range(100))
    epmc.service.rules["/rest/search"] = lambda asked: wrong(asked) if next(turns) % 2 == 0 else right(asked)
    assert sorted(pmids(pages(epmc))) == list(range(1, 26))


@pytest.mark.parametrize("spot", [b"Stress granules", b'"pmid"', b'"2026-11-20"'])
def test_broken_characters_are_repaired_and_told(epmc: Webservice, spot: bytes) -> None:
    def broken(asked: Asked) -> Answer:
        body = epmc.search(asked).body
        middle = body.index(spot, len(body) // 2) + 1
        return Answer(body=body[:middle] + b"\xff\xfe\xc3" + body[middle:], kind="application/json")

    epmc.records = [record(n) for n in range(1, 8)]
    epmc.service.rules["/rest/search"] = broken
    found = pages(epmc)
    assert sum(len(page.announcements) for page in found) == 7
    assert any(paper.repairs for page in found for paper in page.announcements)


# --- the replayed service ---------------------------------------------------------------------------------------------


def test_the_replayed_service_gives_what_its_own_search_finds(
    shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    script, whole = shared / "replay" / "replay.py", shared / "data" / "pubmed" / "pubmed21n1298-public1.xml.gz"
    some = tmp_path_factory.mktemp("replay") / "some.xml"
    with gzip.open(whole) as stream:
        parts = stream.read().split(b"</PubmedArticle>", 400)[:400]
    some.write_bytes(b"".join(part + b"</PubmedArticle>" for part in parts) + b"</PubmedArticleSet>")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(script), "--port", str(port), "--pubmed", str(some), "--newest", "2026-11-23"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout
            assert child.stdout.readline().startswith("replay: ")
            base = f"http://127.0.0.1:{port}"
            days = {"mindate": "2026/10/24", "maxdate": "2026/11/23", "retmax": "9999", "retmode": "json"}
            asked = urlencode(days | {"term": "cells[tiab] OR patients[tiab]"})
            with urlopen(f"{base}/entrez/eutils/esearch.fcgi?{asked}", timeout=30) as answer:
                truth = sorted(map(int, json.load(answer)["esearchresult"]["idlist"]))
            assert len(truth) > 50
            month = IndexWindow(NOW - timedelta(days=30), NOW + timedelta(hours=11))
            for path, size in (("", 37), ("/fault/503-then-ok", 1000), ("/fault/bad-utf8", 50)):
                source = EuropePmc(f"{base}{path}/europepmc/webservices/rest", page=size)

                async def ask(source: EuropePmc = source) -> list[Page]:
                    async with fetcher() as fetch:
                        found = source.collect("TITLE_ABS:cells OR TITLE_ABS:patients", month, fetch)
                        return [page async for page in found]

                assert sorted(pmids(asyncio.run(ask()))) == truth
        finally:
            child.kill()
