"""Rosters: people in and out by files, and how an import is taken back."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.context import opened
from bot.cli.output import local, plural, progress, show, show_json, show_table, talk
from bot.cli.rounds import AsJson
from bot.errors import BotError
from bot.models.rosters import Fate, RosterRow
from bot.models.signups import SIGN_UP_LIMITS
from bot.models.subscribers import Standing
from bot.store import imports, subscribers
from bot.store.personal import all_about
from bot.store.signups import waiting_for_turn
from bot.subscribe.mydata import as_csv, as_json
from bot.subscribe.roster import write
from bot.subscribe.tables import harmless
from bot.wiring import App, ImportReport, RowReport

app = typer.Typer()

#: From the longest on, in minutes.
_LONG = ((2 * 1440, 1440, "day"), (120, 60, "hour"), (0, 1, "minute"))

#: What is said of the rows of each fate, for one and for many; the first two are done, or would be.
_SAID = {
    Fate.NEW: ("subscriber {verb}", "subscribers {verb}"),
    Fate.CHANGED: ("subscriber {changed}", "subscribers {changed}"),
    Fate.UNCHANGED: ("is here as the file says", "are here as the file says"),
    Fate.KEPT: ("is here with other choices, and keeps them", "are here with other choices, and keep them"),
    Fate.LEFT: ("has left, and is not brought back", "have left, and are not brought back"),
    Fate.SUPPRESSED: ("must not be written to", "must not be written to"),
    Fate.ERASED: ("was erased, and is not brought back", "were erased, and are not brought back"),
    Fate.DUPLICATE: ("stands in the file before", "stand in the file before"),
    Fate.BROKEN: ("cannot be read", "cannot be read"),
}


@app.command("import")
def import_roster(
    file: Annotated[Path, typer.Argument(help="A CSV file; only the column email must be there.", metavar="FILE.csv")],
    column: Annotated[
        list[str] | None, typer.Option(help='The file\'s own name for a column: email="E-Mail".', metavar="OURS=THEIRS")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would happen, and change nothing.")] = False,
    update: Annotated[bool, typer.Option("--update", help="Give those who are here what the file says.")] = False,
    pending: Annotated[bool, typer.Option("--pending", help="Ask each newcomer to confirm first.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write what becomes of every row into this CSV file.", metavar="FILE")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Add the people of a roster file, as active: you vouch for their consent.

    Rows with errors are reported and left out. Nobody comes back this way who has left, was erased or is suppressed,
    and nobody who is here is changed without --update. What was interrupted goes on when it is called again.
    """
    columns = dict(_pair(one) for one in column or ())
    with opened() as bot:
        with _reporting(report) as each, progress(f"reading {file.name}") as tell:
            done = bot.import_roster(
                file, columns=columns, dry_run=dry_run, update=update, pending=pending, each=each, progress=tell
            )
        waiting = waiting_for_turn(bot.store) if pending and not dry_run else 0
    if as_json:
        show_json(done.as_json())
    else:
        _tell(done, dry_run=dry_run, pending=pending)
    if waiting:
        talk(f"waiting to be asked: {plural(waiting, 'person', 'people')}, {_pace(waiting)}")
    return 3 if done.refused else 0


def _tell(done: ImportReport, *, dry_run: bool, pending: bool) -> None:
    if done.ignored:
        talk(f"columns that mean nothing here: {', '.join(done.ignored)}")
    if done.resumed_after:
        talk(f"goes on where it was interrupted: the rows up to line {done.resumed_after:,} came in before")
    verb = ("would be " if dry_run else "to be " * pending) + ("asked to confirm" if pending else "added")
    changed = "would be changed" if dry_run else "changed"
    for fate in Fate:
        count = done.rows[fate]
        if not count and fate is not Fate.NEW:
            continue
        words = _SAID[fate][count != 1].format(verb=verb, changed=changed)
        show(f"{fate:10} {count:>9,}  {words}")
        first = done.first.get(fate, [])
        for one in first:
            show(f"{'':10} {f'line {one.line:,}':>14}: {one.email or '-'}{f': {one.words}' if one.words else ''}")
        if count > len(first):
            show(f"{'':10} {'…':>14}")
    if done.import_id is not None:
        show(f"import {done.import_id}; `bot subscribers undo {done.import_id}` takes it back")


def _pace(waiting: int) -> str:
    """`10 a minute: some 3 hours`."""
    most, window = SIGN_UP_LIMITS.brought_in.most, SIGN_UP_LIMITS.brought_in.window
    minutes = ceil(waiting / most * window / timedelta(minutes=1))
    size, name = next((size, name) for least, size, name in _LONG if minutes >= least)
    return f"{most} a minute: some {plural(ceil(minutes / size), name)}"


@contextmanager
def _reporting(path: Path | None) -> Iterator[Callable[[RowReport], None] | None]:
    """Writes what becomes of each row, as CSV that is harmless to spreadsheets; nothing where there is no file."""
    if path is None:
        yield None
        return
    try:
        file = path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise BotError(f"report: {path}: cannot be written: {(error.strerror or str(error)).lower()}") from error
    with file:
        writer = csv.writer(file)
        writer.writerow(("line", "email", "fate", "words"))
        yield lambda one: writer.writerow((one.line, harmless(one.email), one.fate.value, harmless(one.words)))


@app.command("imports")
def list_imports(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many at the most.", metavar="N")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the imports, newest first: what each brought, and whether it came to its end."""
    with opened() as bot:
        found = imports.imports(bot.store, limit)
    if as_json:
        show_json(
            [
                {
                    "import": one.id,
                    "name": one.name,
                    "at": one.at,
                    "added": one.added,
                    "changed": one.changed,
                    "line": one.line,
                    "open": one.open,
                    "undone": one.undone_at,
                }
                for one in found
            ]
        )
        return
    if not found:
        show("no imports yet; run `bot subscribers import FILE.csv`")
        return
    rows = [(one.id, one.name, local(one.at), f"{one.added:,}", f"{one.changed:,}", _state(one)) for one in found]
    show_table(("ID", "FILE", "AT", "ADDED", "CHANGED", "STATE"), rows, right=("ID", "ADDED", "CHANGED"))


def _state(one: imports.ImportRecord) -> str:
    if one.undone_at:
        return f"undone {local(one.undone_at)}"
    return f"goes on, or was interrupted, after line {one.line:,}; import the file again" if one.open else "whole"


@app.command()
def undo(
    import_id: Annotated[int, typer.Argument(help="As `bot subscribers imports` tells.", metavar="IMPORT", min=1)],
    as_json: AsJson = False,
) -> None:
    """Take an import back: whom it brought goes, whom it changed gets back what they had.

    Whoever has done something since stays as they are.
    """
    with opened() as bot, progress("undoing") as tell:
        done = bot.undo_import(import_id, tell)
    if as_json:
        show_json({"import": import_id, "removed": done.removed, "restored": done.restored, "stayed": done.stayed})
        return
    show(f"removed: {plural(done.removed, 'subscriber')}; as they were: {done.restored:,}")
    if done.stayed:
        show(f"{plural(done.stayed, 'subscriber')} did something since, and stayed")


@app.command()
def export(
    out: Annotated[Path | None, typer.Option(help="Write it into this file.", metavar="FILE")] = None,
    standing: Annotated[Standing | None, typer.Option(help="Only these.")] = None,
    person: Annotated[
        str | None,
        typer.Option(help="All that is stored about one person, as JSON, or as CSV into FILE.csv.", metavar="EMAIL"),
    ] = None,
) -> None:
    """Write the roster as CSV, harmless to spreadsheets; importing it gives the same people."""
    if person is not None and standing is not None:
        raise typer.BadParameter("--person and --standing exclude each other")
    with opened() as bot:
        lines = write(_rows(bot, standing)) if person is None else _all_about(bot, person, out)
        if out is None:
            sys.stdout.reconfigure(newline="")  # type: ignore[union-attr]  # a text stream, whatever it is typed as
            sys.stdout.writelines(lines)
            return
        try:
            with out.open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
        except OSError as error:
            raise BotError(f"export: {out}: cannot be written: {(error.strerror or str(error)).lower()}") from error
    talk(f"written: {out}")


def _all_about(bot: App, email: str, out: Path | None) -> Iterable[str]:
    """The same file that the preferences offer, for whoever asks the admin for it."""
    tables = all_about(bot.store, subscribers.subscriber_by_email(bot.store, email).id)
    written = as_csv if out is not None and out.suffix.lower() == ".csv" else as_json
    return (written(tables, bot.clock()),)


def _rows(bot: App, standing: Standing | None) -> Iterator[RosterRow]:
    after = 0
    while page := subscribers.subscribers(bot.store, after=after, standing=standing):
        for one in page:
            yield RosterRow(0, one.email, "", one.name, one.feeds, one.wish, one.max_papers, one.language)
        after = page[-1].id


def _pair(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not equals or not ours.strip() or not theirs.strip():
        raise typer.BadParameter(f"not a renamed column: '{text}'; write email=\"E-Mail\"")
    return ours.strip().lower(), theirs.strip()
