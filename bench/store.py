"""Papers a second into an SQLite file: recognised, joined, entered into a feed, and durable; in flat memory."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

from bench import citations
from bench.labelled import opened
from bench.measure import Asked, Case, compared
from bot.collect.identity import RULES
from bot.collect.sources.pubmed_xml import Citation
from bot.collect.sources.pubmed_xml import citations as announced
from bot.collect.sources.streams import Bytes
from bot.errors import BotError
from bot.models.feeds import CatalogueFeed, CatalogueQuery
from bot.models.papers import Finding
from bot.store import feeds, saving
from bot.store.schema import open_store

#: As many as a page of PubMed's holds.
BATCH = 200
COUNT = 30_000
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PEER = "sqlite3, bare rows"


def run(asked: Asked) -> Iterator[Case]:
    """New papers, papers that are there already, and how much memory three times as many take.

    The peer writes title, abstract and PMID of the same papers in transactions of the same size, with the same
    durability, and recognises nothing: the price of recognising is what the ratio shows.

    Raises:
        BotError: where a folder has no PubMed XML, or a file cannot be read or has no citations.
    """
    files = asked.pubmed or (None,)
    for records in files:
        name = records.name if records else f"{COUNT:,} made up"
        ours: list[float] = []
        again: list[float] = []
        theirs: list[float] = []
        for turn in range(asked.rounds):
            asked.tell(f"store: {name}: round {turn + 1} of {asked.rounds}")
            first, second = _ours(records, COUNT)
            ours.append(first)
            again.append(second)
            theirs.append(_theirs(records, COUNT))
        yield compared("store", f"{name}, new", "papers/s", ours, PEER, theirs)
        yield compared("store", f"{name}, again", "papers/s", again, PEER, theirs)
    asked.tell("store: memory")
    few, many = _peak(COUNT // 3), _peak(COUNT)
    case = f"memory, {COUNT:,} papers"
    yield Case("store", case, round(many, 1), "MB", f"{COUNT // 3:,} papers", round(few, 1), round(few / many, 2))


def _found(records: Path | None, count: int) -> Iterator[list[Finding]]:
    """Batches of findings; they are made before the clock runs, and let go after."""
    with ExitStack() as stack:
        stream: Bytes
        if records is None:
            written = io.BytesIO()
            citations.write(written.write, count)
            written.seek(0)
            stream = written
        else:
            stream = stack.enter_context(opened(records))
        found = (one for one in announced(stream, date(2026, 11, 23)) if isinstance(one, Citation))
        while batch := [Finding(one.announcement, 0.5, "found") for one in islice(found, BATCH)]:
            yield batch


def _ours(records: Path | None, count: int) -> tuple[float, float]:
    """Papers a second, new ones and the same ones again."""
    with tempfile.TemporaryDirectory(prefix="bot-bench-") as folder:
        store = open_store(f"sqlite:///{folder}/bot.db")
        offered = CatalogueFeed("sample", "Sample", queries=(CatalogueQuery("pubmed", "sample"),))
        feeds.apply_catalogue(store, [offered], NOW)
        feed_id = feeds.feed(store, "sample").id
        rates = []
        for _ in range(2):
            seconds, stored = 0.0, 0
            for batch in _found(records, count):
                started = time.perf_counter()
                saving.save(store, feed_id, batch, lambda: NOW, RULES)
                seconds += time.perf_counter() - started
                stored += len(batch)
            if not stored:
                raise BotError(f"records: {records}: no citations in it")
            rates.append(stored / seconds)
        store.close()
    return rates[0], rates[1]


def _theirs(records: Path | None, count: int) -> float:
    with tempfile.TemporaryDirectory(prefix="bot-bench-") as folder:
        database = sqlite3.connect(Path(folder) / "peer.db", isolation_level=None)
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = full")
        database.execute("create table paper (id integer primary key, pmid text unique, title text, abstract text)")
        seconds, stored = 0.0, 0
        for batch in _found(records, count):
            rows = [
                (one.announcement.identifiers[0].value, one.announcement.title, json.dumps(one.announcement.abstract))
                for one in batch
            ]
            started = time.perf_counter()
            database.execute("begin immediate")
            database.executemany("insert or ignore into paper (pmid, title, abstract) values (?, ?, ?)", rows)
            database.execute("commit")
            seconds += time.perf_counter() - started
            stored += len(batch)
        database.close()
    return stored / seconds


def _peak(count: int) -> float:
    """The most memory of a process that reads and stores so many papers, in MB."""
    words = [sys.executable, "-m", "bench.store", str(count)]
    done = subprocess.run(words, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)  # noqa: S603 (this very file)
    return float(done.stdout)


def _main(count: int) -> None:
    with tempfile.NamedTemporaryFile(prefix="bot-bench-", suffix=".xml") as file:
        citations.write(file.write, count)
        file.flush()
        store_all(Path(file.name))
    # What getrusage tells was the parent's before this program was started in its place.
    peak = next(line for line in Path("/proc/self/status").read_text("ascii").splitlines() if line.startswith("VmHWM"))
    print(int(peak.split()[1]) / 1024)  # noqa: T201 (read by the process that asked)


def store_all(path: Path) -> None:
    """Read and store every citation of a file, as collecting would."""
    with tempfile.TemporaryDirectory(prefix="bot-bench-") as folder:
        store = open_store(f"sqlite:///{folder}/bot.db")
        offered = CatalogueFeed("sample", "Sample", queries=(CatalogueQuery("pubmed", "sample"),))
        feeds.apply_catalogue(store, [offered], NOW)
        feed_id = feeds.feed(store, "sample").id
        for batch in _found(path, 0):
            saving.save(store, feed_id, batch, lambda: NOW, RULES)
        store.close()


if __name__ == "__main__":
    _main(int(sys.argv[1]))
