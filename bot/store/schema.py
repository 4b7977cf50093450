"""The schema's version: what it is, what it should be, and how it gets there."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text

from bot.errors import StoreError
from bot.store.engine import Store
from bot.store.home import settle_in
from bot.store.migrations import HEAD
from bot.store.task_schema import require_tasks, upgrade_tasks


def open_store(url: str) -> Store:
    """The database at `url`, at the newest schema.

    A new SQLite file is set up, and an older one brought up to date, without being asked: there is
    one program on it. A PostgreSQL database may serve other machines, so an admin upgrades it.

    Raises:
        StoreError: out of reach, newer than this program, or (PostgreSQL) not upgraded yet.
    """
    store = Store(url)
    try:
        current = current_version(store)
        if current > HEAD:
            raise _newer(store, current)
        if current != HEAD and not store.is_sqlite:
            raise StoreError(store.name, f"schema is {current or 'empty'}, needs {HEAD}; run `bot db upgrade`")
        if current != HEAD:
            upgrade(store)
        require_tasks(store)
    except BaseException:
        store.close()
        raise
    return store


def current_version(store: Store) -> str:
    """The database's schema version, `0001`; empty for a new database."""
    with store.reading() as connection:
        return _version(connection)


def upgrade(store: Store) -> tuple[str, str]:
    """Bring the schema up to date; the versions before and after. A new database is at home where this is done.

    Raises:
        StoreError: made by a newer version, or it cannot be written.
    """
    with store.writing(lock="schema") as connection:
        before = _version(connection)
        if before > HEAD:
            raise _newer(store, before)
        if before != HEAD:
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    settle_in(store)
    upgrade_tasks(store)
    return before, HEAD


def _newer(store: Store, version: str) -> StoreError:
    return StoreError(store.name, f"made by a newer version (schema {version}, this one knows {HEAD}); upgrade the bot")


def _version(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("select version_num from alembic_version")).scalar() or ""
