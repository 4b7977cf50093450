"""The database: its schema, its backups, and which of its copies sends."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.context import opened
from bot.cli.output import counted, plural, progress, show, talk
from bot.errors import BackupError
from bot.models.deliveries import State
from bot.settings import read_settings
from bot.store import home, mending, outbox
from bot.store.backup import back_up
from bot.store.engine import Store, may_be_there
from bot.store.migrations import HEAD
from bot.store.schema import current_version
from bot.store.schema import upgrade as upgrade_schema
from bot.wiring import App

app = typer.Typer(help="The database: its schema, its backups, and which of its copies sends.", no_args_is_help=True)

#: Where a sender that died may have left deliveries, or the server's reply was lost: they are tried once more.
_LEFT = (State.CLAIMED, State.HANDED_OVER, State.UNCERTAIN)


@app.command()
def upgrade() -> None:
    """Bring the database to the schema that this version needs."""
    store = Store(read_settings().database_url)
    try:
        before, after = upgrade_schema(store)
    finally:
        store.close()
    show(f"schema {after} already" if before == after else f"schema {before or 'empty'} -> {after}")


@app.command()
def current() -> None:
    """Show the database's schema, and the one that this version needs."""
    store = Store(read_settings().database_url)
    try:
        found = current_version(store)
    finally:
        store.close()
    show(f"{found or 'empty'} (this version needs {HEAD})")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file that the backup goes into.")],
) -> None:
    """Back an SQLite database up into a new file, while the bot works."""
    url = read_settings().database_url
    if not may_be_there(url):
        raise BackupError(str(file), "there is no database to back up; see that BOT_DATABASE_URL names the right one")
    # At the schema that it has: the time for a backup is before an upgrade.
    store = Store(url)
    try:
        with progress("copying") as tell:
            back_up(store, file, tell)
    finally:
        store.close()
    show(f"backup written: {file} ({file.stat().st_size / 1e6:,.1f} MB), whole and checked")
    talk("it holds addresses and keys; wherever it is put, it sends nothing before `bot db adopt`")


@app.command()
def adopt(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be sent, and change nothing.")] = False,
) -> None:
    """Make this the database that sends: a copy, one that was restored, or one that was moved."""
    with opened() as bot:
        why = home.why_not_home(bot.store) if dry_run else home.adopt(bot.store)
        if not why:
            show(f"{bot.store.name} sends already")
            return
        if dry_run:
            show(f"{bot.store.name} {why}; adopted, it would send")
        else:
            show(f"{bot.store.name} sends from now on (it {why})")
        _tell_what_waits(bot)


def _tell_what_waits(bot: App) -> None:
    waits = outbox.waiting(bot.store, bot.clock())
    states, _ = mending.deliveries(bot.store, limit=0)
    left = {state.value: states.get(state, 0) for state in _LEFT}
    if not (waits.due or waits.later or waits.held or any(left.values())):
        show("nothing waits to be sent")
        return
    if waits.due:
        show(
            f"due now: {plural(waits.due, 'delivery', 'deliveries')}, sent in the next round if their time is not over"
        )
    if any(left.values()):
        show(f"tried when the copy was made: {counted(left)}; tried once more if their time is not over")
    if waits.later or waits.held:
        show(f"for later: {counted({'due later': waits.later, 'in runs that are paused': waits.held})}")
    talk("what has been sent since the copy was made goes out a second time: `bot outbox list` shows what is open,")
    talk("`bot deliver --dry-run` what is due, and `bot runs pause RUN` keeps a run back")
