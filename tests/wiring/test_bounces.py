"""Which database may take bounces, and what is told of a mailbox."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.errors import CopyError, MailboxError, SettingsError
from bot.settings import read_settings
from bot.store.home import assure_home
from bot.wiring import build
from bot.wiring.bounces import look_at, mailbox_of
from tests.suppress.reports import dsn

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def test_a_copy_of_the_database_leaves_them_to_the_one_that_sends(tmp_path: Path) -> None:
    app = build(read_settings(tmp_path, {"BOT_DATABASE_URL": f"sqlite:///{tmp_path}/bot.db"}), lambda: NOW)
    assure_home(app.store)
    app.close()
    (tmp_path / "copied").mkdir()
    shutil.copy2(tmp_path / "bot.db", tmp_path / "copied/bot.db")
    for part in ("new", "cur"):
        (tmp_path / "box" / part).mkdir(parents=True)
    (tmp_path / "box/new/1").write_bytes(dsn())
    environ = {"BOT_DATABASE_URL": f"sqlite:///{tmp_path}/copied/bot.db", "BOT_BOUNCES": str(tmp_path / "box")}
    copy = build(read_settings(tmp_path, environ), lambda: NOW)
    with pytest.raises(CopyError):
        copy.take_bounces()
    copy.close()
    assert (tmp_path / "box/new/1").exists()


def test_a_check_tells_what_is_there_what_is_wrong_and_what_is_missing(tmp_path: Path) -> None:
    assert look_at(read_settings(tmp_path, {})).startswith("not read; set BOT_BOUNCES")
    with pytest.raises(MailboxError, match="no Maildir"):
        look_at(read_settings(tmp_path, {"BOT_BOUNCES": str(tmp_path)}))
    with pytest.raises(SettingsError, match="BOT_BOUNCES is not set"):
        mailbox_of(None)
