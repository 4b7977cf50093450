"""Citations a second from PubMed's XML to announcements with all their fields."""

from __future__ import annotations

import gzip
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any, cast

from bench import citations
from bench.labelled import opened
from bench.measure import Asked, Case, compared, in_turn
from bot.collect.sources.pubmed_xml import citations as announced
from bot.errors import BotError

PEER = "pubmed_parser"
#: Made up where no records are named.
COUNT = 30_000
_GZIP = b"\x1f\x8b"


def run(asked: Asked) -> Iterator[Case]:
    """A case for each file of records, or one for those that are made up.

    The peer reads nothing but gzip, which is not what is measured: so both read a gzip file that is only stored. They
    keep nothing of what they have read.

    Raises:
        BotError: where the peer is missing, a folder has no PubMed XML, or a file cannot be read.
    """
    others, peer = _peer()
    today = date.today()  # noqa: DTZ011 (any day will do)
    with tempfile.TemporaryDirectory(prefix="bot-bench-") as folder:
        for name, path in _files(asked, Path(folder)):
            asked.tell(f"parse: {name}: {asked.rounds} rounds")
            counts: list[set[int]] = [set(), set()]

            def ours(path: Path = path, counted: set[int] = counts[0]) -> None:
                with gzip.open(path) as stream:
                    counted.add(sum(1 for _ in announced(cast("IO[bytes]", stream), today)))

            def theirs(path: Path = path, counted: set[int] = counts[1]) -> None:
                counted.add(sum(1 for _ in others(str(path))))

            seconds = in_turn(asked.rounds, ours, theirs, clock=time.process_time)
            rates = [[max(count) / one for one in side] for count, side in zip(counts, seconds, strict=True)]
            yield compared("parse", name, "citations/s", rates[0], peer, rates[1])


def _peer() -> tuple[Callable[[str], Iterator[Any]], str]:
    """The peer's reader, and the peer's name."""
    try:
        return import_module(PEER).parse_medline_xml, f"{PEER} {version(PEER)}"
    except (ImportError, PackageNotFoundError) as error:
        raise BotError(
            f"bench: {PEER}: not installed, or not whole; install what benchmarks need: make bench"
        ) from error


def _files(asked: Asked, folder: Path) -> Iterator[tuple[str, Path]]:
    """Stored gzip files to read, with their names."""
    path = folder / "records.xml.gz"
    if not asked.records:
        asked.tell(f"parse: making up {COUNT:,} citations")
        with gzip.open(path, "wb", compresslevel=0) as out:
            citations.write(out.write, COUNT)
        yield f"{COUNT:,} made up", path
    for given in asked.pubmed:
        with opened(given) as file, gzip.open(path, "wb", compresslevel=0) as out:
            shutil.copyfileobj(file, out)
        yield given.name, path
