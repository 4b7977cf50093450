"""Copies of a PostgreSQL database are found out: templates, dumps, and what is restored in place."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from bot.errors import CopyError
from bot.store import home
from bot.store.engine import Store
from bot.store.home import adopt, assure_home
from bot.store.schema import open_store, upgrade


def libpq(url: str, name: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://").rpartition("/")[0] + f"/{name}"


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Store]:
    made = Store(postgres_url)
    upgrade(made)
    yield made
    made.close()


@pytest.fixture
def second_url(postgres_url: str, postgres_server: str) -> Iterator[str]:
    """The URL of a database that there is not yet."""
    url = postgres_url + "_second"
    yield url
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(url.rpartition("/")[2]))
        )


def create(server_url: str, url: str, template: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as server:
        new, old = (sql.Identifier(one.rpartition("/")[2]) for one in (url, template))
        server.execute(sql.SQL("create database {} template {}").format(new, old))


def is_a_copy(url: str) -> None:
    copy = open_store(url)
    try:
        with pytest.raises(CopyError) as caught:
            assure_home(copy)
        assert caught.value.why == home.OTHER_DATABASE
        assert adopt(copy) == home.OTHER_DATABASE
        assure_home(copy)
    finally:
        copy.close()


def test_a_database_made_from_it_sends_nothing(
    postgres: Store, postgres_url: str, postgres_server: str, second_url: str
) -> None:
    postgres.close()
    create(postgres_server, second_url, postgres_url)
    is_a_copy(second_url)
    assure_home(postgres)


def test_a_renamed_database_goes_on_sending(
    postgres: Store, postgres_url: str, postgres_server: str, second_url: str
) -> None:
    postgres.close()
    with psycopg.connect(postgres_server, autocommit=True) as server:
        old, new = (sql.Identifier(one.rpartition("/")[2]) for one in (postgres_url, second_url))
        server.execute(sql.SQL("alter database {} rename to {}").format(old, new))
        renamed = open_store(second_url)
        assure_home(renamed)
        renamed.close()
        server.execute(sql.SQL("alter database {} rename to {}").format(new, old))


def dumped(url: str, file: Path) -> None:
    if shutil.which("pg_dump") is None:
        pytest.skip("no pg_dump here")
    words = ["pg_dump", "--format=custom", "--no-owner", f"--file={file}", f"--dbname={url}"]
    subprocess.run(words, check=True, capture_output=True)


def test_what_is_restored_from_a_dump_sends_nothing(
    postgres: Store, postgres_url: str, postgres_server: str, second_url: str, tmp_path: Path
) -> None:
    assure_home(postgres)
    dumped(postgres.libpq_url, tmp_path / "bot.dump")
    create(postgres_server, second_url, "template0")
    target = libpq(postgres_url, second_url.rpartition("/")[2])
    command = ["pg_restore", "--no-owner", "--exit-on-error", f"--dbname={target}", str(tmp_path / "bot.dump")]
    subprocess.run(command, check=True, capture_output=True)
    is_a_copy(second_url)
    assure_home(postgres)


def test_so_does_what_is_restored_in_place(postgres: Store, postgres_url: str, tmp_path: Path) -> None:
    assure_home(postgres)
    dumped(postgres.libpq_url, tmp_path / "bot.dump")
    postgres.close()
    words = ["pg_restore", "--clean", "--if-exists", "--no-owner", "--exit-on-error"]
    command = [*words, f"--dbname={postgres.libpq_url}", str(tmp_path / "bot.dump")]
    subprocess.run(command, check=True, capture_output=True)
    is_a_copy(postgres_url)


def test_work_on_the_tables_leaves_it_at_home(postgres: Store, postgres_url: str) -> None:
    postgres.close()
    with psycopg.connect(postgres.libpq_url, autocommit=True) as server:
        server.execute("vacuum full instance")
        server.execute("alter table instance add column more text default 'more'")
        server.execute("reindex table instance")
    assure_home(postgres)
