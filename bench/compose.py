"""Digests a second: composed in memory, composed from a database, and planned into its outbox; in flat memory."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

from bench import clusters
from bench.measure import Asked, Case, compared, in_turn
from bench.weeks import BEGINNING, CHOSEN, FEEDS, PAPERS, SEED, WEEK, Weeks, popular
from bot.digests.compose import Composer, compose
from bot.digests.plan import plan
from bot.models.deliveries import Digest, Entry
from bot.store.due import AT_ONCE
from bot.store.schema import open_store

READERS = 20_000
#: Batches that are composed in memory.
BATCHES = 10
#: One in so many votes, where votes are measured.
VOTERS = 100
#: So few are planned one at a time: each needs a transaction.
ONE_BY_ONE = 300
#: Subscribers in whose rounds memory is measured.
FEW, MANY = 10_000, 40_000
PEER = "one at a time"

#: Gives the URL of a fresh database.
Fresh = Callable[[], AbstractContextManager[str]]


def run(asked: Asked) -> Iterator[Case]:
    """In memory; then for SQLite and, where there is one, for PostgreSQL.

    The peer composes, or plans, one subscriber at a time by the same rules.

    Raises:
        BotError: there is a PostgreSQL, and it does not start.
    """
    asked.tell(f"compose: {asked.rounds} rounds in memory")
    yield _in_memory(asked.rounds)
    yield from _in_a_database("SQLite", _file, asked)
    with clusters.server() as server:
        if server is None:
            asked.tell(f"compose: no PostgreSQL here: install one, or name one in {clusters.URL}")
        else:
            yield from _in_a_database("PostgreSQL", lambda: clusters.database(server), asked)


def _in_memory(rounds: int) -> Case:
    """From values to what the outbox keeps, for as many as are planned together."""
    draw = random.Random(SEED)
    entries: dict[int, list[Entry]] = {feed: [] for feed in range(FEEDS)}
    for number in range(PAPERS):
        for feed in popular(draw, draw.randint(1, 3)):
            entries[feed].append(Entry(number, BEGINNING + WEEK * number / PAPERS, round(draw.uniform(0.3, 1), 3)))
    had = range(0, PAPERS, 20)
    batches = [
        [(tuple(popular(draw, CHOSEN)), frozenset(draw.sample(had, 2))) for _ in range(AT_ONCE)] for _ in range(BATCHES)
    ]
    window = (BEGINNING, BEGINNING + WEEK)

    def together() -> Iterator[Digest | None]:
        for readers in batches:
            composer = Composer(entries)
            for feeds, shown in readers:
                yield composer.digest(feeds, window, shown=shown)

    def one_by_one() -> Iterator[Digest | None]:
        return (compose(feeds, entries, window, shown=shown) for readers in batches for feeds, shown in readers)

    def freeze(digests: Iterator[Digest | None]) -> None:
        for digest in digests:
            if digest:
                digest.frozen()

    if list(together()) != list(one_by_one()):
        raise RuntimeError("composed together and one by one, digests differ")
    sides = in_turn(rounds, lambda: freeze(together()), lambda: freeze(one_by_one()), clock=time.process_time)
    rates = [[BATCHES * AT_ONCE / seconds for seconds in side] for side in sides]
    return compared("compose", f"in memory, {AT_ONCE:,} at a time", "digests/s", rates[0], PEER, rates[1])


def _in_a_database(name: str, fresh: Fresh, asked: Asked) -> Iterator[Case]:
    """Week after week: the first one is not measured, and the last ones are with votes."""
    with fresh() as url:
        asked.tell(f"compose: {name}: {READERS:,} subscribers join")
        weeks = Weeks(url, READERS)
        try:
            weeks.pass_on()
            plan(weeks.store, weeks.clock)
            rates = [_week(weeks, f"{name}: week {turn + 1} of {asked.rounds}", asked) for turn in range(asked.rounds)]
            for what, place in (("read and composed", 0), ("into the outbox", 2)):
                ours, theirs = ([week[place + side] for week in rates] for side in (0, 1))
                yield compared("compose", f"{name}, {what}", "digests/s", ours, PEER, theirs)
            weeks.vote(VOTERS)
            rates = [_week(weeks, f"{name}: votes: week {turn + 1}", asked) for turn in range(asked.rounds)]
            ours, theirs = ([week[2 + side] for week in rates] for side in (0, 1))
            case = f"{name}, into the outbox, 1 in {VOTERS} votes"
            yield compared("compose", case, "digests/s", ours, PEER, theirs)
        finally:
            weeks.close()
    asked.tell(f"compose: {name}: memory")
    few, many = _peak(fresh, FEW), _peak(fresh, MANY)
    case = f"{name}, memory, {MANY:,} subscribers"
    yield Case("compose", case, round(many, 1), "MB", f"{FEW:,} subscribers", round(few, 1), round(few / many, 2))


def _week(weeks: Weeks, which: str, asked: Asked) -> tuple[float, float, float, float]:
    """Digests a second, ours and one at a time: read and composed, then into the outbox."""
    asked.tell(f"compose: {which}")
    weeks.pass_on()
    read_one, read = _rate(weeks, at_once=1, most=ONE_BY_ONE, dry_run=True), _rate(weeks, dry_run=True)
    planned_one, planned = _rate(weeks, at_once=1, most=ONE_BY_ONE), _rate(weeks)
    return read, read_one, planned, planned_one


def _rate(weeks: Weeks, *, at_once: int = AT_ONCE, most: int | None = None, dry_run: bool = False) -> float:
    seen = 0

    def note(count: int) -> None:
        nonlocal seen
        seen = count

    started = time.perf_counter()
    report = plan(
        weeks.store,
        weeks.clock,
        dry_run=dry_run,
        at_once=at_once,
        progress=note,
        should_stop=lambda: most is not None and seen >= most,
    )
    seconds = time.perf_counter() - started
    if report.skipped or not report.chosen:
        raise RuntimeError(f"{report.chosen} digests, skipped {report.skipped}")
    return report.chosen / seconds


@contextmanager
def _file() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="bot-bench-") as folder:
        yield f"sqlite:///{folder}/bot.db"


def _peak(fresh: Fresh, readers: int) -> float:
    """The most memory of a process that plans the second week of so many subscribers, in MB."""
    with fresh() as url:
        weeks = Weeks(url, readers)
        weeks.pass_on()
        plan(weeks.store, weeks.clock)
        weeks.pass_on()
        weeks.close()
        words = [sys.executable, "-m", "bench.compose", url, weeks.now.isoformat()]
        done = subprocess.run(words, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)  # noqa: S603 (this very file)
    return float(done.stdout)


def _main(url: str, now: datetime) -> None:
    store = open_store(url)
    plan(store, lambda: now)
    store.close()
    # What getrusage tells was the parent's before this program was started in its place.
    peak = next(line for line in Path("/proc/self/status").read_text("ascii").splitlines() if line.startswith("VmHWM"))
    print(int(peak.split()[1]) / 1024)  # noqa: T201 (read by the process that asked)


if __name__ == "__main__":
    _main(sys.argv[1], datetime.fromisoformat(sys.argv[2]))
