"""What a benchmark is asked, how it measures, and what it answers."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bot.errors import BotError


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a benchmark: a module of this folder with a function `run(asked)` that gives its cases."""

    #: How often each side is measured.
    rounds: int = 5
    #: PubMed XML, plain or gzipped, or folders of data sets, in the place of what is made up.
    records: tuple[Path, ...] = ()
    #: Tells what is going on.
    tell: Callable[[str], None] = lambda _: None

    @property
    def pubmed(self) -> tuple[Path, ...]:
        """The files of the records, and of each folder those with PubMed's XML, by their names.

        Raises:
            BotError: where a folder has none.
        """
        found: list[Path] = []
        for path in self.records:
            files = sorted(path.glob("pubmed/pubmed*.xml*")) if path.is_dir() else [path]
            if not files:
                raise BotError(f"records: {path}: no pubmed/pubmed*.xml*; name files, or the folder that has pubmed/")
            found += files
        return tuple(found)


class Case(NamedTuple):
    """One line of the result. Without a peer, the last three are None."""

    bench: str
    case: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    #: How many times better than the peer.
    ratio: float | None = None


def compared(
    bench: str, case: str, unit: str, ours: Sequence[float], peer: str, theirs: Sequence[float], *, less: bool = False
) -> Case:
    """The medians of both sides, and how they compare.

    Args:
        less: less is better (seconds, bytes); otherwise more is.
    """
    value, peer_value = median(ours), median(theirs)
    ratio = (peer_value / value if less else value / peer_value) if value and peer_value else 0.0
    return Case(bench, case, round(value, 3), unit, peer, round(peer_value, 3), round(ratio, 2))


def in_turn(
    rounds: int, *sides: Callable[[], object], clock: Callable[[], float] = time.perf_counter
) -> list[list[float]]:
    """Seconds of each side in each round; the order changes from round to round, so that none always goes first.

    Args:
        clock: `time.process_time` for what only computes, so that a busy machine disturbs it less.
    """
    seconds: list[list[float]] = [[] for _ in sides]
    for turn in range(rounds):
        order = range(len(sides)) if turn % 2 == 0 else reversed(range(len(sides)))
        for at in order:
            gc.collect()
            started = clock()
            sides[at]()
            seconds[at].append(clock() - started)
    return seconds
