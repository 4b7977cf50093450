"""The marks by which places are told apart."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql
from sqlalchemy import make_url

from bot.store import places
from bot.store.engine import Store
from bot.store.schema import upgrade

FILE = {"file": "12", "generation": "345", "machine": "ab"}
DATABASE = {"database": "16384", "table": "16390", "cluster": "76"}

marks = st.dictionaries(
    st.sampled_from(["file", "generation", "machine", "database", "table", "cluster"]),
    st.text("0123456789abcdef", min_size=1, max_size=16),
)


@given(marks)
def test_what_is_written_is_read_again_and_is_the_same_place(place: places.Place) -> None:
    assert places.read(places.written(place)) == place
    assert places.difference(place, place) == ""


@pytest.mark.parametrize(
    ("then", "now", "differs"),
    [
        (FILE, FILE | {"file": "13"}, "file"),
        (FILE, FILE | {"generation": "346"}, "generation"),
        (FILE, FILE | {"machine": "cd"}, "machine"),
        # What cannot be had on one side says nothing.
        (FILE, {"file": "12"}, ""),
        ({"file": "12"}, FILE, ""),
        # What must be there and is not, does.
        (FILE, DATABASE, "file"),
        ({}, FILE, "file"),
        (DATABASE, DATABASE | {"database": "16385"}, "database"),
        (DATABASE, DATABASE | {"table": "16500"}, "table"),
        (DATABASE, DATABASE | {"cluster": "77"}, "cluster"),
        (DATABASE, {"database": "16384", "table": "16390"}, ""),
    ],
)
def test_places_differ_by_any_mark_that_both_have(then: places.Place, now: places.Place, differs: str) -> None:
    assert places.difference(then, now) == differs


def test_a_file_is_the_same_under_another_name_and_another_one_when_copied(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("content", "utf-8")
    with (tmp_path / "a").open("rb") as file:
        before = places.of_file(file.fileno())
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "b").write_text("other content", "utf-8")
    (tmp_path / "b").chmod(0o600)
    (tmp_path / "c").write_text("other content", "utf-8")
    with (tmp_path / "b").open("rb") as renamed, (tmp_path / "c").open("rb") as copied:
        assert places.of_file(renamed.fileno()) == before
        assert places.difference(before, places.of_file(copied.fileno())) == "file"
        assert before["file"] == str(os.fstat(renamed.fileno()).st_ino)


@pytest.mark.parametrize("content", [b"", b"uninitialized\n", b"0123456789abcdef", None])
def test_a_machine_without_an_id_has_no_number(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "machine-id").write_bytes(content)
    assert places.machine(tmp_path / "machine-id") == ""


def test_a_machine_s_number_does_not_tell_its_id(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"0123456789abcdef0123456789abcdef\n")
    (tmp_path / "two").write_bytes(b"1123456789abcdef0123456789abcdef\n")
    one, two = places.machine(tmp_path / "one"), places.machine(tmp_path / "two")
    assert one != two
    assert len(one) == 16
    assert one not in "0123456789abcdef0123456789abcdef"


@pytest.fixture
def ordinary(postgres_url: str) -> Iterator[Callable[[str], Store]]:
    """The database as a new role sees it, which owns it and is nothing else; SQL may be said before as an admin."""
    role = f"role_{postgres_url.rpartition('/')[2]}"
    admin = postgres_url.replace("postgresql+psycopg://", "postgresql://")
    stores: list[Store] = []

    def say(words: str) -> None:
        with psycopg.connect(admin, autocommit=True) as server:
            names = {"role": sql.Identifier(role), "database": sql.Identifier(postgres_url.rpartition("/")[2])}
            server.execute(sql.SQL(words).format(**names))

    def opened(before: str) -> Store:
        say(f"create role {{role}} login; alter database {{database}} owner to {{role}}; {before}")
        stores.append(Store(str(make_url(postgres_url).set(username=role))))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()
    say("reassign owned by {role} to current_user; drop owned by {role}; drop role {role}")


def test_an_ordinary_role_may_ask_where_its_database_is(ordinary: Callable[[str], Store]) -> None:
    store = ordinary("select 1")
    upgrade(store)
    with store.reading() as connection:
        assert set(places.of_postgres(connection)) == {"database", "table", "cluster"}


def test_a_role_that_may_not_ask_for_the_cluster_does_without(ordinary: Callable[[str], Store]) -> None:
    store = ordinary("revoke execute on function pg_control_system() from public")
    upgrade(store)
    with store.reading() as connection:
        assert set(places.of_postgres(connection)) == {"database", "table"}
