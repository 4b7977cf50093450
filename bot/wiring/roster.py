"""A roster file into the database: read, sifted and stored batch by batch, in flat memory."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path

from bot.digests.cadence import next_occasion
from bot.errors import RosterError
from bot.models.rosters import REFUSED, Fate, RosterProblem, RosterRow
from bot.store import feeds, imports, rosters
from bot.store.engine import Store
from bot.store.erasing import Pseudonyms
from bot.subscribe.roster import Roster, open_roster

#: Rows that go into the database together.
BATCH = 20_000
#: Problems that are told one by one; the rest are counted.
PROBLEMS_TOLD = 1000
#: Rows of each fate that are shown.
SHOWN = 3


@dataclass(frozen=True, slots=True)
class RowReport:
    """What became of one row of a roster file, or would."""

    line: int
    email: str
    fate: Fate
    #: What would change, or why the row was not taken; empty where there is nothing to say.
    words: str = ""


@dataclass(slots=True)
class ImportReport:
    """What became of the rows of a roster file, or would."""

    #: None for a dry run.
    import_id: int | None = None
    rows: Counter[Fate] = field(default_factory=Counter)
    #: The first few of each fate, by line.
    first: dict[Fate, list[RowReport]] = field(default_factory=dict)
    #: The first of the rows that did not do what the file says, and why.
    problems: list[RosterProblem] = field(default_factory=list)
    #: Headers that mean nothing here.
    ignored: tuple[str, ...] = ()
    #: Rows up to this line came in earlier, before this import was interrupted; 0 for an import from the beginning.
    resumed_after: int = 0

    @property
    def added(self) -> int:
        """How many came in."""
        return self.rows[Fate.NEW]

    @property
    def refused(self) -> int:
        """Rows that did not do what the file says."""
        return sum(self.rows[fate] for fate in REFUSED)

    def as_json(self) -> dict[str, object]:
        """What `bot subscribers import --json` prints."""
        first = {
            fate.value: [{"line": one.line, "email": one.email, "words": one.words} for one in self.first.get(fate, ())]
            for fate in Fate
        }
        return {
            "import": self.import_id,
            "added": self.added,
            "changed": self.rows[Fate.CHANGED],
            "unchanged": self.rows[Fate.UNCHANGED],
            "refused": self.refused,
            "rows": {fate.value: self.rows[fate] for fate in Fate},
            "first": first,
            "problems": [
                {"line": p.line, "email": p.email, "problem": p.problem, "fate": p.fate.value} for p in self.problems
            ],
            "ignored_columns": list(self.ignored),
            "resumed_after": self.resumed_after,
        }


def import_roster(
    store: Store,
    path: Path,
    now: datetime,
    *,
    defaults: rosters.Defaults,
    columns: Mapping[str, str] | None = None,
    dry_run: bool = False,
    update: bool = False,
    pending: bool = False,
    pseudonyms: Pseudonyms,
    each: Callable[[RowReport], None] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> ImportReport:
    """Add the people of a roster file.

    Each batch is a transaction. An import of the same file, in the same manner, that was interrupted goes on after the
    last batch that came in.

    Args:
        defaults: what a row gets where it does not say.
        columns: roster column -> the file's own header for it.
        update: give people who are here what the file says; otherwise they keep what they have.
        pending: newcomers are asked to confirm; otherwise they are active, and the admin vouches for their consent.
        pseudonyms: by which people who were erased are known.
        each: told what becomes of every row.
        progress: told the bytes read and the bytes in all.

    Raises:
        RosterError: the file is no roster.
    """
    # A large roster says the same few wishes over and over.
    next_due = lru_cache(maxsize=65536)(lambda wish: next_occasion(wish, now))
    known = [feed.slug for feed in feeds.feeds(store)]
    how = f"{path.name}: " + ("asked to confirm first" if pending else "the admin vouches for their consent")
    report = ImportReport()
    with open_roster(path, feeds=known, wish=defaults.wish, columns=columns) as roster:
        report.ignored = roster.ignored
        if not dry_run:
            digest = _digest(path, columns or {}, update=update, pending=pending)
            before = imports.interrupted(store, digest)
            report.import_id = before.id if before else rosters.begin_import(store, path.name, now, digest)
            report.resumed_after = before.line if before else 0
        with closing(_read_ahead(roster)) as batches:
            for batch, position in batches:
                last = batch[-1].line
                if last > report.resumed_after:
                    rest = [item for item in batch if item.line > report.resumed_after]
                    done = rosters.import_rows(
                        store,
                        [item for item in rest if isinstance(item, RosterRow)],
                        import_id=report.import_id or 0,
                        how=how,
                        defaults=defaults,
                        next_due=next_due,
                        now=now,
                        dry_run=dry_run,
                        update=update,
                        pending=pending,
                        pseudonyms=pseudonyms,
                        line=last,
                    )
                    broken = [item for item in rest if isinstance(item, RosterProblem)]
                    _count(report, done, broken, each)
                progress(position, roster.size)
    if report.import_id is not None:
        imports.finish(store, report.import_id, now)
    return report


def _read_ahead(roster: Roster) -> Generator[tuple[list[RosterRow | RosterProblem], int], None, None]:
    """The rows in batches, each with the bytes read; the next one is read while the database has this one."""
    items = iter(roster)

    def read() -> tuple[list[RosterRow | RosterProblem], int]:
        return list(islice(items, BATCH)), roster.position

    with ThreadPoolExecutor(1, thread_name_prefix="roster") as ahead:
        coming = ahead.submit(read)
        while (batch := coming.result())[0]:
            coming = ahead.submit(read)
            yield batch


def _count(
    report: ImportReport,
    done: rosters.Imported,
    broken: Sequence[RosterProblem],
    each: Callable[[RowReport], None] | None,
) -> None:
    problems = sorted((*broken, *done.problems), key=lambda problem: problem.line)
    report.problems += problems[: PROBLEMS_TOLD - len(report.problems)]
    report.rows.update(problem.fate for problem in problems)
    report.rows[Fate.NEW] += len(done.fresh)
    report.rows[Fate.CHANGED] += len(done.changes)
    report.rows[Fate.UNCHANGED] += len(done.unchanged)
    if each is not None:
        for one in sorted(_reports(done, problems), key=lambda one: one.line):
            each(one)
    # Rows of one fate come in their order, so that nothing has to be made of those that are not shown.
    for one in _reports(done, problems, SHOWN):
        shown = report.first.setdefault(one.fate, [])
        if len(shown) < SHOWN:
            shown.append(one)


def _reports(done: rosters.Imported, problems: Sequence[RosterProblem], most: int | None = None) -> Iterator[RowReport]:
    """What became of rows, those of one fate in their order; of all but the refused so many at the most."""
    for row in islice(done.fresh, most):
        yield RowReport(row.line, row.email, Fate.NEW)
    for change in islice(done.changes, most):
        yield RowReport(change.row.line, change.row.email, Fate.CHANGED, change.words())
    for row in islice(done.unchanged, most):
        yield RowReport(row.line, row.email, Fate.UNCHANGED)
    for problem in problems:
        yield RowReport(problem.line, problem.email, problem.fate, problem.problem)


def _digest(path: Path, columns: Mapping[str, str], *, update: bool, pending: bool) -> str:
    """By which an import is known again: the file's bytes, and how they are read."""
    try:
        with path.open("rb") as file:
            made = hashlib.file_digest(file, "sha256")
    except OSError as error:
        raise RosterError(str(path), (error.strerror or str(error)).lower()) from error
    made.update(json.dumps([sorted(columns.items()), update, pending]).encode())
    return made.hexdigest()
