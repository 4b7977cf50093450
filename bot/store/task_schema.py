"""The tables of tasks on PostgreSQL: Procrastinate's own, in a schema of their own, brought up to date file by file."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection, text

from bot.errors import StoreError
from bot.store.engine import Store

#: Not in the search path of our own statements, so that neither sees the other's tables.
SCHEMA = "procrastinate"
#: The step stands in the comment on the schema.
_STEP = text("select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = :schema")


def newest_step() -> str:
    """The last step that the installed Procrastinate knows, `03.04.00_50_post_…`."""
    return _steps()[-1].stem


def installed_step(store: Store) -> str:
    """The step that the database's tables of tasks are at; empty where it has none, as on SQLite."""
    if store.is_sqlite:
        return ""
    with store.reading() as connection:
        return _step(connection)


def require_tasks(store: Store) -> None:
    """See that the tables of tasks are those that this version works with; SQLite needs none.

    Raises:
        StoreError: they are missing, older or newer.
    """
    if store.is_sqlite:
        return
    there, newest = installed_step(store), newest_step()
    if there > newest:
        raise _newer(store, there)
    if there != newest:
        raise StoreError(store.name, f"tables of tasks are {there or 'missing'}, need {newest}; run `bot db upgrade`")


def upgrade_tasks(store: Store) -> tuple[str, str]:
    """Bring the tables of tasks up to date; the steps before and after, both empty on SQLite.

    Each step is a transaction of its own: PostgreSQL lets a new member of an enum be used only after the
    transaction that added it. What breaks off in between goes on from there.

    Raises:
        StoreError: made by a newer version, or they cannot be written.
    """
    if store.is_sqlite:
        return "", ""
    before = installed_step(store)
    if before > newest_step():
        raise _newer(store, before)
    if not before:
        with store.writing(lock="schema") as connection:
            # Somebody else may have been quicker.
            if not _step(connection):
                connection.execute(text(f"create schema if not exists {SCHEMA}"))
                _run(connection, _folder() / "schema.sql", newest_step())
    for file in _steps():
        with store.writing(lock="schema") as connection:
            if file.stem > _step(connection):
                _run(connection, file, file.stem)
    return before, newest_step()


def _run(connection: Connection, file: Path, step: str) -> None:
    """Apply a file of Procrastinate's, which names its tables without a schema, and write down where we are."""
    connection.execute(text(f"set local search_path = {SCHEMA}"))
    # Without parameters, so that the driver sends it as it is: several statements, with `%` in them.
    connection.execution_options(no_parameters=True).exec_driver_sql(file.read_text("utf-8"))
    # A comment is dumped and restored with what it is about, and is no table among Procrastinate's own.
    connection.exec_driver_sql(f"comment on schema {SCHEMA} is '{step}'")


def _step(connection: Connection) -> str:
    return connection.execute(_STEP, {"schema": SCHEMA}).scalar() or ""


def _steps() -> list[Path]:
    # Their names are in the order in which they are applied.
    return sorted((_folder() / "migrations").glob("*.sql"))


def _folder() -> Path:
    """Found without importing the package, which takes a quarter of a second: every command looks here."""
    spec = find_spec("procrastinate")
    if spec is None or not spec.submodule_search_locations:
        raise StoreError("PostgreSQL", "needs Procrastinate, which is not installed; install the bot anew")
    return Path(spec.submodule_search_locations[0]) / "sql"


def _newer(store: Store, step: str) -> StoreError:
    return StoreError(store.name, f"tables of tasks were made by a newer version ({step}); upgrade the bot")
