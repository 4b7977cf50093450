"""The migrations make what the models describe, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from bot.errors import StoreError
from bot.store import migrations, search_index
from bot.store.engine import Store
from bot.store.schema import current_version, open_store, upgrade
from bot.store.tables import METADATA


def is_described(name: str | None, kind: str, _parents: object) -> bool:
    """Whether models describe it: neither FTS5's tables nor a `tsvector` can be written down for both databases."""
    return not (kind == "table" and name is not None and name.startswith(search_index.TABLE))


def test_migrations_and_models_give_the_same_schema(store: Store) -> None:
    with store.reading() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_name": is_described}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []


def test_check_constraints_are_in_both(store: Store) -> None:
    from sqlalchemy import inspect

    with store.reading() as connection:
        names = {c["name"] for c in inspect(connection).get_check_constraints("subscriber")}
    assert names == {"ck_subscriber_hour", "ck_subscriber_weekday"}


def test_the_newest_step_is_the_one_that_is_named() -> None:
    folder = Path(migrations.__file__).parent
    assert ScriptDirectory(str(folder)).get_heads() == [migrations.HEAD]


def test_first_use_of_sqlite_sets_it_up(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/new.db")
    assert current_version(store) == migrations.HEAD
    assert upgrade(store) == (migrations.HEAD, migrations.HEAD)
    store.close()


def test_postgres_waits_for_its_admin(postgres_url: str) -> None:
    with pytest.raises(StoreError, match=r"schema is empty, needs .* run `bot db upgrade`"):
        open_store(postgres_url)


def test_a_newer_database_is_left_alone(store: Store, database_url: str) -> None:
    with store.writing() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version"):
        open_store(database_url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "not a database URL"),
        ("mysql://host/db", "no such database: 'mysql'; known: sqlite"),
        ("sqlite:////no/such/folder/bot.db", "no such folder: '/no/such/folder'; make it first"),
        ("postgresql://bot:s3cret@127.0.0.1:1/bot", "refused"),
    ],
)
def test_a_database_that_cannot_be_used_is_named(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        open_store(url)
    assert "s3cret" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "bot.db").write_bytes(b"certainly not a database" * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        open_store(f"sqlite:///{tmp_path}/bot.db")
