"""How commands speak: results to stdout, talk to stderr, progress where somebody watches."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from bot.render.wording import zone_named

#: Seconds between lines of progress where there is no terminal.
LINE_EVERY = 5.0


def show(text: str = "") -> None:
    """A line of the result."""
    sys.stdout.write(text + "\n")


def talk(text: str) -> None:
    """A line beside the result: what is going on, what was odd."""
    sys.stderr.write(text + "\n")


def show_json(value: object) -> None:
    """The result as one JSON document."""
    show(json.dumps(value, ensure_ascii=False, indent=2, default=_as_json))


def _as_json(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"no JSON for {type(value).__name__}")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """The result as a table; as wide as it needs to be where nobody watches, so that lines can be searched."""
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console.width = 240
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    console.print(table)


def local(when: datetime | None, zone: str = "UTC") -> str:
    """A time as a person in `zone` reads it: `Mon 2026-11-23 07:00 CET`; in UTC where that zone is gone."""
    return when.astimezone(zone_named(zone)).strftime("%a %Y-%m-%d %H:%M %Z") if when else "-"


def counted(counts: dict[str, int]) -> str:
    """`nothing new 3, suppressed 1`; empty for none."""
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


def plural(count: int, one: str, many: str = "") -> str:
    """`1 paper`, `2 papers`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


@contextmanager
def progress(words: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on a terminal, a line now and then where there is none; tell it how much is done, and of how much."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(words)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(words, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(words: str) -> Callable[[int, int | None], None]:
    told = time.monotonic()

    def tell(done: int, total: int | None) -> None:
        nonlocal told
        if time.monotonic() - told >= LINE_EVERY:
            told = time.monotonic()
            talk(f"{words}: {done:,} of {total:,}" if total else f"{words}: {done:,}")

    return tell
