"""Backups of an SQLite database: whole, made while it is written, and sending nothing."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.errors import BackupError, CopyError
from bot.store import backup, home
from bot.store.backup import back_up
from bot.store.engine import Store
from bot.store.home import adopt, assure_home
from bot.store.schema import open_store
from tests.deliver.rows import fill, states


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Store]:
    """An SQLite database with a few deliveries."""
    store = open_store(f"sqlite:///{tmp_path}/bot.db")
    fill(store, 3)
    yield store
    store.close()


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir() if not one.name.startswith("bot.db")}


def test_a_backup_is_one_private_file_with_all_that_there_is(made: Store, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    back_up(made, tmp_path / "copy.db", lambda done, total: told.append((done, total)))
    assert names(tmp_path) == {"copy.db"}
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    assert told[-1][0] == told[-1][1] > 0
    copy = open_store(f"sqlite:///{tmp_path}/copy.db")
    assert states(copy) == states(made) == ["queued"] * 3
    copy.close()


@pytest.mark.parametrize("sent_since", [True, False])
def test_it_sends_nothing_wherever_it_is_put(made: Store, tmp_path: Path, sent_since: bool) -> None:
    assure_home(made)
    back_up(made, tmp_path / "copy.db")
    if sent_since:
        assure_home(made)
    made.close()
    (tmp_path / "elsewhere").mkdir()
    shutil.copy2(tmp_path / "copy.db", tmp_path / "elsewhere/bot.db")
    (tmp_path / "copy.db").replace(tmp_path / "bot.db")
    for path in (tmp_path / "elsewhere/bot.db", tmp_path / "bot.db"):
        restored = open_store(f"sqlite:///{path}")
        with pytest.raises(CopyError) as caught:
            assure_home(restored)
        assert caught.value.why == home.RESTORED
        assert adopt(restored) == home.RESTORED
        assure_home(restored)
        restored.close()


def test_what_is_written_meanwhile_neither_waits_nor_tears_it(
    made: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "PAGES", 5)
    with made.writing() as connection:
        connection.execute(text("create table pair (one blob, two integer)"))
        for _ in range(300):
            connection.execute(text("insert into pair values (zeroblob(3000), 0)"))
    written = 0

    def write(_done: int, _all: int) -> None:
        nonlocal written
        written += 1
        with closing(sqlite3.connect(tmp_path / "bot.db", timeout=0, isolation_level=None)) as other:
            other.execute("update pair set two = two + 1")
            other.execute("pragma wal_checkpoint(passive)")

    back_up(made, tmp_path / "copy.db", write)
    assert written > 20
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("select min(two), max(two), count(*) from pair").fetchone() == (0, 0, 300)
        assert copy.execute("pragma integrity_check").fetchone() == ("ok",)


def test_several_at_once_are_each_whole(made: Store, tmp_path: Path) -> None:
    refused: list[str] = []

    def make() -> None:
        try:
            back_up(made, tmp_path / "copy.db")
        except BackupError as error:
            refused.append(error.problem)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["there already, and kept as it is; name a new file"] * 3
    assert names(tmp_path) == {"copy.db"}
    open_store(f"sqlite:///{tmp_path}/copy.db").close()


@pytest.mark.parametrize("there", ["file", "folder", "link"])
def test_what_is_there_is_kept(made: Store, tmp_path: Path, there: str) -> None:
    target = tmp_path / "copy.db"
    if there == "file":
        target.write_text("mine", "utf-8")
    elif there == "folder":
        target.mkdir()
    else:
        target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(BackupError, match="there already, and kept as it is; name a new file"):
        back_up(made, target)
    assert there != "file" or target.read_text("utf-8") == "mine"
    assert names(tmp_path) == {"copy.db"}


def test_a_folder_that_there_is_not_is_named(made: Store, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"no such folder: '.*/nowhere'; make it first"):
        back_up(made, tmp_path / "nowhere/copy.db")


def test_one_that_is_given_up_leaves_nothing(made: Store, tmp_path: Path) -> None:
    def stop(_done: int, _all: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(made, tmp_path / "copy.db", stop)
    assert names(tmp_path) == set()


def test_of_a_damaged_database_there_is_no_backup(made: Store, tmp_path: Path) -> None:
    with made.reading() as connection:
        page = connection.execute(text("select rootpage from sqlite_master where name = 'delivery'")).scalar_one()
    made.close()
    with (tmp_path / "bot.db").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(BackupError, match=r"cannot be made: .*(damaged|malformed)"):
        back_up(made, tmp_path / "copy.db")
    assert names(tmp_path) == set()


def test_a_database_of_an_older_schema_is_copied_as_it_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "bot.db")) as old:
        old.execute("create table instance (id integer)")
        old.execute("insert into instance values (7)")
        old.commit()
    store = Store(f"sqlite:///{tmp_path}/bot.db")
    back_up(store, tmp_path / "copy.db")
    store.close()
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("select * from instance").fetchall() == [(7,)]


def test_postgres_has_its_own_program_for_it(tmp_path: Path) -> None:
    store = Store("postgresql+psycopg://bob:s3cret@db.example.org:5433/bot?sslmode=verify-full&password=s3cret")
    with pytest.raises(BackupError) as caught:
        back_up(store, tmp_path / "a b.dump")
    assert str(caught.value).endswith(
        f"pg_dump --format=custom --no-owner '--file={tmp_path}/a b.dump' "
        "'--dbname=postgresql://bob@db.example.org:5433/bot?sslmode=verify-full'"
    )
    assert "s3cret" not in str(caught.value)
    assert names(tmp_path) == set()
