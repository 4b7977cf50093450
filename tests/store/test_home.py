"""Mails are sent from one database, and from no copy of it."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from bot.errors import CopyError, StoreError
from bot.store import home
from bot.store.engine import Store
from bot.store.home import adopt, assure_home, settle_in, why_not_home
from bot.store.schema import open_store
from bot.store.tables import this_instance

NO_FILE = home.NO_FILE.format(name="bot.db-home")


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Store]]:
    """Opens SQLite databases, and closes them in the end."""
    stores: list[Store] = []

    def open_one(path: Path) -> Store:
        stores.append(open_store(f"sqlite:///{path}"))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def first(tmp_path: Path, opened: Callable[[Path], Store]) -> Store:
    """A database in a folder of its own that has sent before."""
    (tmp_path / "first").mkdir()
    store = opened(tmp_path / "first/bot.db")
    assure_home(store)
    return store


def kept(store: Store) -> tuple[str, str]:
    """The home and the seal that the database remembers."""
    with store.reading() as connection:
        row = connection.execute(select(this_instance.c.home, this_instance.c.seal)).one()
    return row.home, row.seal


def remember(store: Store, **values: str) -> None:
    with store.writing() as connection:
        connection.execute(update(this_instance).values(**values))


# On both databases


def test_a_new_database_is_at_home_before_it_sends(store: Store) -> None:
    assert kept(store)[0]
    assert why_not_home(store) == ""
    assure_home(store)
    assure_home(store)
    assert why_not_home(store) == ""


def test_one_from_before_there_were_homes_takes_the_place_that_it_sends_from(store: Store) -> None:
    remember(store, home="", seal="")
    assert why_not_home(store) == ""
    assert kept(store) == ("", "")
    assure_home(store)
    assert kept(store)[0]
    settle_in(store)
    assure_home(store)


def test_looking_changes_nothing(store: Store) -> None:
    before = kept(store)
    why_not_home(store)
    settle_in(store)
    assert kept(store) == before


def test_a_database_from_elsewhere_sends_nothing_until_it_is_adopted(store: Store) -> None:
    remember(store, home="file=1 database=1 table=1")
    why = why_not_home(store)
    assert why in {home.OTHER_FILE, home.OTHER_DATABASE}
    for _ in range(2):
        with pytest.raises(CopyError, match=r"nothing is sent, .* run `bot db adopt`$") as caught:
            assure_home(store)
        assert caught.value.why == why
    settle_in(store)
    assert why_not_home(store) == why
    assert adopt(store) == why
    assert adopt(store) == ""
    assure_home(store)


def test_marks_that_cannot_be_had_just_now_are_not_forgotten(store: Store) -> None:
    name = "cluster" if store.is_sqlite else "machine"
    remember(store, home=f"{kept(store)[0]} {name}=7")
    assure_home(store)
    assert kept(store)[0].endswith(f" {name}=7")


def test_several_may_send_at_once(store: Store, database_url: str) -> None:
    others = [open_store(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda turn: assure_home(others[turn % 4]), range(40)))
    for other in others:
        other.close()
    assure_home(store)


# SQLite: the file beside


def test_a_copied_file_sends_nothing(first: Store, tmp_path: Path, opened: Callable[[Path], Store]) -> None:
    first.close()
    shutil.copy2(tmp_path / "first/bot.db", tmp_path / "bot.db")
    with pytest.raises(CopyError) as caught:
        assure_home(opened(tmp_path / "bot.db"))
    assert caught.value.why == NO_FILE
    assert not (tmp_path / "bot.db-home").exists()
    assure_home(first)


def test_a_copied_folder_sends_nothing(first: Store, tmp_path: Path, opened: Callable[[Path], Store]) -> None:
    first.close()
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    with pytest.raises(CopyError) as caught:
        assure_home(opened(tmp_path / "second/bot.db"))
    assert caught.value.why == home.OTHER_FILE
    assure_home(first)


def test_a_copy_from_before_anything_was_sent_is_one(tmp_path: Path, opened: Callable[[Path], Store]) -> None:
    opened(tmp_path / "bot.db").close()
    shutil.copy2(tmp_path / "bot.db", tmp_path / "copy.db")
    with pytest.raises(CopyError):
        assure_home(opened(tmp_path / "copy.db"))


def test_an_older_state_that_is_put_back_sends_nothing(
    first: Store, tmp_path: Path, opened: Callable[[Path], Store]
) -> None:
    first.close()
    shutil.copy2(tmp_path / "first/bot.db", tmp_path / "old.db")
    assure_home(first)
    first.close()
    shutil.copy2(tmp_path / "old.db", tmp_path / "first/bot.db")
    restored = opened(tmp_path / "first/bot.db")
    with pytest.raises(CopyError) as caught:
        assure_home(restored)
    assert caught.value.why == home.OLDER
    assert adopt(restored) == home.OLDER
    assure_home(restored)


def test_a_state_that_nothing_was_sent_after_may_be_put_back(
    first: Store, tmp_path: Path, opened: Callable[[Path], Store]
) -> None:
    first.close()
    shutil.copy2(tmp_path / "first/bot.db", tmp_path / "old.db")
    (tmp_path / "old.db").replace(tmp_path / "first/bot.db")
    assure_home(opened(tmp_path / "first/bot.db"))


def test_a_renamed_folder_goes_on_sending(first: Store, tmp_path: Path, opened: Callable[[Path], Store]) -> None:
    first.close()
    (tmp_path / "first").rename(tmp_path / "renamed")
    assure_home(opened(tmp_path / "renamed/bot.db"))


def test_a_link_leads_to_the_same_home(first: Store, tmp_path: Path, opened: Callable[[Path], Store]) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "first/bot.db")
    assure_home(opened(tmp_path / "link.db"))
    assure_home(first)
    assert not (tmp_path / "link.db-home").exists()


def test_a_lost_file_is_asked_about(first: Store, tmp_path: Path) -> None:
    (tmp_path / "first/bot.db-home").unlink()
    assert why_not_home(first) == NO_FILE
    assert adopt(first) == NO_FILE
    assure_home(first)


def test_the_file_is_private_and_its_owner_that_of_the_database(first: Store, tmp_path: Path) -> None:
    there, database = (tmp_path / "first/bot.db-home").stat(), (tmp_path / "first/bot.db").stat()
    assert there.st_mode & 0o777 == 0o600
    assert (there.st_uid, there.st_gid) == (database.st_uid, database.st_gid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_adopts_its_owner_can_use(first: Store, tmp_path: Path) -> None:
    (tmp_path / "first/bot.db-home").unlink()
    os.chown(tmp_path / "first/bot.db", 65534, 65534)
    adopt(first)
    assert (tmp_path / "first/bot.db-home").stat().st_uid == 65534


def test_a_file_that_cannot_be_used_is_named(first: Store, tmp_path: Path) -> None:
    (tmp_path / "first/bot.db-home").unlink()
    (tmp_path / "first/bot.db-home").mkdir()
    for step in (assure_home, why_not_home, adopt):
        with pytest.raises(StoreError, match=r"bot\.db-home: is a directory; check who owns it") as caught:
            step(first)
        assert not isinstance(caught.value, CopyError)


def test_a_database_in_memory_has_no_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite://")
    assert why_not_home(store) == adopt(store) == ""
    assure_home(store)
    assert list(tmp_path.iterdir()) == []
    store.close()


# SQLite: the seal, and what a crash leaves of a change


@pytest.mark.parametrize(
    ("in_file", "in_database", "why"),
    [
        ("a a", "a", ""),
        ("a b", "a", ""),
        ("a b", "b", ""),
        ("b b", "b", ""),
        ("b b", "a", home.OLDER),
        ("a a", "b", home.OLDER),
        ("", "a", NO_FILE),
        ("a", "", home.OLDER),
        ("\0\0\0\0", "a", home.OLDER),
    ],
)
def test_every_step_of_a_change_can_be_gone_on_from(
    first: Store, tmp_path: Path, in_file: str, in_database: str, why: str
) -> None:
    seals = {"a": "a" * 32, "b": "b" * 32}
    file = tmp_path / "first/bot.db-home"
    file.write_text("".join(seals.get(one, one) for one in in_file), "utf-8")
    remember(first, seal=seals.get(in_database, ""))
    assert why_not_home(first) == why
    if why:
        with pytest.raises(CopyError):
            assure_home(first)
    else:
        assure_home(first)
        now = kept(first)[1]
        assert now not in seals.values()
        assert file.read_text("utf-8") == f"{now} {now}\n"


def refuse_changes(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(
            text("create trigger no before update on instance begin select raise(abort, 'disk I/O error'); end")
        )


def allow_changes(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(text("drop trigger no"))


def test_a_database_that_cannot_be_written_is_still_at_home(first: Store) -> None:
    refuse_changes(first)
    with pytest.raises(Exception, match="disk I/O error"):
        assure_home(first)
    allow_changes(first)
    assert why_not_home(first) == ""
    assure_home(first)


@pytest.mark.parametrize("in_place", [True, False])
def test_an_adoption_that_fails_is_none(
    first: Store, tmp_path: Path, opened: Callable[[Path], Store], in_place: bool
) -> None:
    first.close()
    shutil.copy2(tmp_path / "first/bot.db", tmp_path / "copy.db")
    assure_home(first)
    first.close()
    if in_place:
        (tmp_path / "copy.db").replace(tmp_path / "first/bot.db")
    copy = opened(tmp_path / ("first/bot.db" if in_place else "copy.db"))
    refuse_changes(copy)
    with pytest.raises(Exception, match="disk I/O error"):
        adopt(copy)
    allow_changes(copy)
    assert why_not_home(copy)
    assert adopt(copy)
    assure_home(copy)


def test_killed_at_any_instant_it_is_at_home(first: Store) -> None:
    chance = random.Random(22)
    program = (
        "import sys; from bot.store.engine import Store; from bot.store.home import assure_home\n"
        "store = Store(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "while True: assure_home(store)"
    )
    for _ in range(6):
        command = (sys.executable, "-c", program, first.name)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0.01, 0.2))
            process.kill()
        assert why_not_home(first) == ""
        assure_home(first)
