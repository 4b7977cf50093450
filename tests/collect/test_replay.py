"""PubMed's own records over its own protocol, with every fault: equal to the truth, or an error, never less."""

from __future__ import annotations

import asyncio
import gzip
import json
import resource
import socket
import subprocess
import sys
import time as real_time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from bot.collect.budget import HostBudget
from bot.collect.fetch import Fetcher, Limits
from bot.collect.sources import IndexWindow
from bot.collect.sources.pubmed import PubMed
from bot.errors import FetchError, SourceError
from bot.models.papers import Announcement
from tests.collect.services import fetcher

SHARED = Path(__file__).parents[3] / "shared"
RECORDS = SHARED / "data" / "pubmed" / "pubmed21n1298-public1.xml.gz"
NEWEST = datetime(2026, 11, 23, 23, tzinfo=UTC)
MONTH = IndexWindow(NEWEST - timedelta(days=30), NEWEST)
QUERY = "cells[tiab] OR patients[tiab]"
#: So many of the records are enough, and soon loaded.
ENOUGH = 1200


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    script = SHARED / "replay" / "replay.py"
    if not script.is_file() or not RECORDS.is_file():
        pytest.skip(f"no replay service or no records here: {SHARED}")
    some = tmp_path_factory.mktemp("replay") / "some.xml"
    with gzip.open(RECORDS) as whole:
        parts = whole.read().split(b"</PubmedArticle>", ENOUGH)[:ENOUGH]
    some.write_bytes(b"".join(part + b"</PubmedArticle>" for part in parts) + b"</PubmedArticleSet>")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(script), "--port", str(port), "--pubmed", str(some), "--newest", "2026-11-23"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout
            assert child.stdout.readline().startswith("replay: ")
            yield f"http://127.0.0.1:{port}"
        finally:
            child.kill()


@pytest.fixture(scope="module")
def truth(replay: str) -> set[str]:
    asked = urlencode(
        {"term": QUERY, "mindate": "2026/10/24", "maxdate": "2026/11/23", "retmax": 9999, "retmode": "json"}
    )
    with urlopen(f"{replay}/entrez/eutils/esearch.fcgi?{asked}", timeout=30) as answer:
        found = set(json.load(answer)["esearchresult"]["idlist"])
    assert len(found) > 200
    return found


def collected(
    base: str, limits: Limits | None = None, fetch: Fetcher | None = None, page: int = 200, most: int = 9999
) -> list[Announcement]:
    async def ask() -> list[Announcement]:
        async with fetch or fetcher(limits=limits) as opened:
            found = PubMed(base, page=page, most=most).collect(QUERY, MONTH, opened)
            return [paper async for part in found for paper in part.announcements]

    return asyncio.run(ask())


def pmids(papers: list[Announcement]) -> list[str]:
    return [name.value for paper in papers for name in paper.identifiers if name.scheme == "pmid"]


@pytest.mark.parametrize(("page", "most"), [(200, 9999), (37, 9999), (200, 60)])
def test_each_paper_comes_once(replay: str, truth: set[str], page: int, most: int) -> None:
    papers = collected(f"{replay}/entrez/eutils", page=page, most=most)
    assert sorted(pmids(papers)) == sorted(truth)
    for paper in papers:
        assert paper.indexed
        assert MONTH.first_day <= paper.indexed <= MONTH.last_day
        assert not paper.repairs


@pytest.mark.parametrize("fault", ["503-then-ok", "bad-utf8"])
def test_what_can_be_recovered_equals_the_truth(replay: str, truth: set[str], fault: str) -> None:
    papers = collected(f"{replay}/fault/{fault}/entrez/eutils", page=100)
    assert sorted(pmids(papers)) == sorted(truth)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("500", "http 500"),
        ("429", "http 429"),
        ("drop", "cut off|connection lost"),
        ("truncated", "cut off"),
        ("slow", "no whole answer within 1 s"),
        ("hang", r"no (whole )?answer (within 1 s|in time)"),
        ("gzip-bomb", "answer larger than 32 MiB"),
        ("huge", "answer larger than 32 MiB"),
        ("xml-bomb", "a web page instead of json"),
        ("html", "a web page instead of json"),
        ("loop", "redirects"),
        ("to-file", "redirect refused: file:/etc/passwd"),
        ("empty", "empty answer"),
    ],
)
def test_every_fault_ends_as_an_error_in_time_and_memory(replay: str, fault: str, problem: str) -> None:
    started, before = real_time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises((FetchError, SourceError), match=problem):
        collected(f"{replay}/fault/{fault}/entrez/eutils", Limits(total=1.0, read=0.5) if fault in _WAITING else None)
    assert real_time.monotonic() - started < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 << 10


_WAITING = {"slow", "hang"}


def test_a_pace_that_the_service_enforces_is_kept(replay: str, truth: set[str]) -> None:
    """Real seconds and NCBI's real pace, on loopback too: as its log tells, no more in a second than it allows."""
    base = f"{replay}/entrez/eutils"
    fetch = Fetcher(allow_private=True, budget=HostBudget({"pubmed": base}))
    before = len(asked_of(replay))
    papers = collected(base, fetch=fetch, page=40)
    assert sorted(pmids(papers)) == sorted(truth)
    times = asked_of(replay)[before:]
    assert len(times) == 1 + -(-len(truth) // 40) >= 6
    # Four of them within a second would be one too many; what arrives a little unevenly is allowed for.
    assert all(later - first > 0.95 for first, later in zip(times, times[3:], strict=False))


def asked_of(replay: str) -> list[float]:
    """When each request came, in seconds."""
    with urlopen(f"{replay}/_requests", timeout=30) as answer:
        return [request["time"] for request in json.load(answer)]
