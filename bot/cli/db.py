"""The database: its schema."""

from __future__ import annotations

import typer

from bot.cli.output import show
from bot.settings import read_settings
from bot.store.engine import Store
from bot.store.migrations import HEAD
from bot.store.schema import current_version
from bot.store.schema import upgrade as upgrade_schema

app = typer.Typer(help="The database: its schema.", no_args_is_help=True)


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
