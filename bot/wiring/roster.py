"""A roster file into the database: read, sifted and stored batch by batch, in flat memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path

from bot.digests.cadence import next_occasion
from bot.models.subscribers import RosterProblem, RosterRow
from bot.store import feeds, subscribers
from bot.store.engine import Store
from bot.subscribe.roster import open_roster

#: Rows that go into the database together.
BATCH = 2000
#: Problems that are told one by one; the rest are counted.
PROBLEMS_TOLD = 1000


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the rows of a roster file."""

    #: None for a dry run.
    import_id: int | None
    added: int
    #: Rows that were not taken.
    refused: int
    #: The first of them, and why.
    problems: tuple[RosterProblem, ...]
    #: Headers that mean nothing here.
    ignored: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """What `bot subscribers import --json` prints."""
        return {
            "import": self.import_id,
            "added": self.added,
            "refused": self.refused,
            "problems": [{"line": p.line, "email": p.email, "problem": p.problem} for p in self.problems],
            "ignored_columns": list(self.ignored),
        }


def import_roster(
    store: Store,
    path: Path,
    now: datetime,
    *,
    defaults: subscribers.Defaults,
    columns: Mapping[str, str] | None = None,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> ImportReport:
    """Add the people of a roster file, as active.

    Args:
        defaults: what a row gets where it does not say.
        columns: roster column -> the file's own header for it.
        progress: told the bytes read and the bytes in all.

    Raises:
        RosterError: the file is no roster.
    """
    # A large roster says the same few wishes over and over.
    next_due = lru_cache(maxsize=65536)(lambda wish: next_occasion(wish, now))
    known = [feed.slug for feed in feeds.feeds(store)]
    added, refused = 0, 0
    told: list[RosterProblem] = []
    with open_roster(path, feeds=known, wish=defaults.wish, columns=columns) as roster:
        import_id = None if dry_run else subscribers.begin_import(store, path.name, now)
        items = iter(roster)
        while batch := list(islice(items, BATCH)):
            done = subscribers.import_rows(
                store,
                [row for row in batch if isinstance(row, RosterRow)],
                import_id=import_id or 0,
                how=f"{path.name}: the admin vouches for their consent",
                defaults=defaults,
                next_due=next_due,
                now=now,
                dry_run=dry_run,
            )
            wrong = [item for item in batch if isinstance(item, RosterProblem)]
            problems = sorted((*wrong, *done.problems), key=lambda problem: problem.line)
            added, refused = added + done.added, refused + len(problems)
            told += problems[: PROBLEMS_TOLD - len(told)]
            progress(roster.position, roster.size)
        return ImportReport(import_id, added, refused, tuple(told), roster.ignored)
