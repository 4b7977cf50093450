"""`bot db`: backups, and copies that send only when they are told to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.store.schema import open_store
from tests.cli.conftest import Ran
from tests.deliver.rows import NOW, change, fill

Bot = Callable[..., Ran]


def made(folder: Path, deliveries: int = 0) -> None:
    store = open_store(f"sqlite:///{folder}/bot.db")
    if deliveries:
        fill(store, deliveries, expires_at=NOW.replace(year=2099))
        change(store, 0, state="uncertain", settled_at=NOW)
        change(store, 1, due_at=NOW.replace(year=2098))
        for number in range(2, deliveries):
            change(store, number, due_at=NOW.replace(year=2020))
    store.close()


def checked(bot: Bot) -> str:
    """What `bot check` says of the home."""
    return next(line for line in bot("check").out.splitlines() if " home: " in line)


def test_a_backup_is_told_and_sends_nothing(bot: Bot, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(folder, 5)
    ran = bot("db", "backup", "copy.db")
    assert ran.code == 0
    assert ran.out.startswith("backup written: copy.db (")
    assert "it sends nothing before `bot db adopt`" in ran.err
    assert checked(bot) == "ok     home: mails are sent from this database"
    monkeypatch.setenv("BOT_DATABASE_URL", "sqlite:///copy.db")
    assert checked(bot).startswith("WRONG  home: database: sqlite:///copy.db: is a backup; nothing is sent, ")

    ran = bot("db", "adopt", "--dry-run")
    told = ran.out.splitlines()
    assert told[0] == "sqlite:///copy.db is a backup; adopted, it would send"
    assert told[1].startswith("due now: 3 deliveries, ")
    assert told[2].startswith("tried when the copy was made: uncertain 1; ")
    assert told[3] == "for later: due later 1"
    assert "`bot outbox list`" in ran.err
    assert checked(bot).startswith("WRONG")

    ran = bot("db", "adopt")
    assert ran.out.splitlines()[0] == "sqlite:///copy.db sends from now on (it is a backup)"
    assert ran.out.splitlines()[1:] == told[1:]
    assert checked(bot).startswith("ok")
    assert bot("db", "adopt").out == "sqlite:///copy.db sends already\n"


def test_adopted_with_nothing_waiting_it_says_so(bot: Bot, folder: Path) -> None:
    made(folder)
    (folder / "bot.db-home").unlink()
    ran = bot("db", "adopt")
    assert ran.code == 0
    assert ran.out.endswith("\nnothing waits to be sent\n")
    assert ran.err == ""


def test_no_backup_is_one_clear_line(bot: Bot, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = bot("db", "backup", "copy.db")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "bot: backup: copy.db: there is no database to back up; see that BOT_DATABASE_URL names the right one\n"
    )
    assert list(folder.iterdir()) == []
    made(folder)
    (folder / "copy.db").touch()
    assert bot("db", "backup", "copy.db").err == (
        "bot: backup: copy.db: there already, and kept as it is; name a new file\n"
    )
    monkeypatch.setenv("BOT_DATABASE_URL", "postgresql://bob:s3cret@db.example.org/bot")
    ran = bot("db", "backup", "new.db")
    assert ran.code == 1
    assert "pg_dump" in ran.err
    assert "s3cret" not in ran.err
