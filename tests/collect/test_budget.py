"""One line per host, kept in the process or in the database, with the same rules."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.collect.budget import NCBI_SECONDS_WITH_KEY, PACES, HostBudget, Lines, OwnLines, Pace
from bot.store.engine import Store
from bot.store.hosts import SharedLines
from bot.store.schema import open_store

NOW = 1_795_000_000.0
MakeLines = Callable[[], Lines]


@pytest.fixture(params=["own", "shared"])
def make_lines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeLines]:
    store = open_store(f"sqlite:///{tmp_path}/bot.db")
    yield OwnLines if request.param == "own" else lambda: SharedLines(store)
    store.close()


def waits(budget: HostBudget, *urls: str, now: float = NOW) -> list[float]:
    async def ask() -> list[float]:
        return [round((await budget.turn(url, now)).wait, 3) for url in urls]

    return asyncio.run(ask())


def test_one_line_for_a_domain_and_none_for_this_machine(make_lines: MakeLines) -> None:
    budget = HostBudget(paces={"pubmed": Pace("ncbi.nlm.nih.gov", 0.25)}, others=2.0, lines=make_lines())
    hosts = ("eutils.ncbi.nlm.nih.gov", "pubmed.ncbi.nlm.nih.gov.", "ncbi.nlm.nih.gov")
    assert waits(budget, *(f"https://{host}/x" for host in hosts)) == [0.0, 0.25, 0.5]
    assert waits(budget, "https://journal.example.org/a", "https://journal.example.org/b") == [0.0, 2.0]
    assert waits(budget, *["http://127.0.0.1:8000/"] * 3) == [0.0, 0.0, 0.0]
    assert waits(budget, "https://eutils.ncbi.nlm.nih.gov/", now=NOW + 90) == [0.0]
    assert waits(budget, "https://notncbi.nlm.nih.gov.example.org/") == [0.0]


def test_a_service_keeps_its_pace_wherever_it_is_served() -> None:
    budget = HostBudget({"pubmed": "http://127.0.0.1:8811/entrez/eutils"})
    place = "http://127.0.0.1:8811/entrez/eutils/esearch.fcgi?term=x"
    assert waits(budget, place, "http://127.0.0.1:8811/feeds/a.xml", place) == [0.0, 0.0, PACES["pubmed"].seconds]


def test_ncbi_is_asked_three_times_a_second_or_ten_with_a_key() -> None:
    with_key = PACES | {"pubmed": Pace("ncbi.nlm.nih.gov", NCBI_SECONDS_WITH_KEY)}
    for budget, per_second in ((HostBudget(), 3), (HostBudget(paces=with_key), 10)):
        places = waits(budget, *["https://eutils.ncbi.nlm.nih.gov/entrez"] * 20)
        assert sum(place < 1.0 for place in places) <= per_second


def test_a_host_may_ask_to_be_left_alone(make_lines: MakeLines) -> None:
    budget = HostBudget(lines=make_lines())

    async def ask() -> tuple[float, ...]:
        await budget.hold("https://a.example.org/x", NOW + 20, NOW)
        await budget.hold("https://a.example.org/y", NOW + 15, NOW)
        turns = [
            await budget.turn(f"https://{host}/z", moment)
            for host, moment in (
                ("a.example.org", NOW + 12),
                ("b.example.org", NOW + 12),
                ("a.example.org", NOW + 30),
            )
        ]
        return tuple(turn.held for turn in turns)

    assert asyncio.run(ask()) == (8.0, 0.0, 0.0)


def test_processes_on_one_database_share_the_lines(store: Store) -> None:
    """Places are taken by many at once, each through lines of its own, and no two are closer than the pace."""
    taken: list[float] = []

    def take() -> None:
        lines = SharedLines(store)
        taken.extend(lines.take("pubmed", 0.34, NOW).wait for _ in range(5))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(round(wait, 2) for wait in taken) == [round(at * 0.34, 2) for at in range(20)]


def test_a_clock_that_was_wrong_keeps_nobody_waiting(store: Store) -> None:
    lines = SharedLines(store)
    lines.take("arxiv", 3.0, NOW + 86_400)
    lines.hold("biorxiv", NOW + 6 * 86_400, NOW + 5 * 86_400)
    assert lines.take("arxiv", 3.0, NOW).wait == 0.0
    assert lines.take("biorxiv", 1.0, NOW).held == 0.0


def test_nobody_is_kept_away_for_more_than_a_day(make_lines: MakeLines) -> None:
    lines = make_lines()
    lines.hold("crossref", NOW + 2 * 86_400, NOW)
    assert lines.take("crossref", 0.5, NOW + 3600).held == pytest.approx(23 * 3600)
    assert lines.take("crossref", 0.5, NOW + 86_401).held == 0.0
    lines.hold("crossref", NOW + 90_000, NOW + 86_401)
    assert lines.take("crossref", 0.5, NOW + 86_402).held > 0
