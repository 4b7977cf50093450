"""Which database may take bounces, and what is told of a mailbox."""

from __future__ import annotations

import io
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.demo.mailbox import Mailbox
from bot.errors import CopyError, MailboxError, SettingsError
from bot.models.signups import SIGN_UP_LIMITS, Asked
from bot.settings import read_settings
from bot.store import feeds
from bot.store.home import assure_home
from bot.store.signups import ask
from bot.store.suppressions import why
from bot.suppress.mailboxes import Piped
from bot.wiring import build
from bot.wiring.bounces import look_at, mailbox_of
from tests.builders import catalogue_feed
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


def test_a_confirmation_that_comes_back_closes_the_address_that_was_typed(sqlite_url: str, tmp_path: Path) -> None:
    with Mailbox(tmp_path / "mails") as mailbox:
        environ = {
            "BOT_DATABASE_URL": sqlite_url,
            "BOT_FROM": "Concept Digest <digest@papers.example.org>",
            "BOT_POSTAL_ADDRESS": "1 Sample Street",
            "BOT_BOUNCE_ADDRESS": "bounce@papers.example.org",
            "BOT_SMTP_URL": mailbox.url,
        }
        app = build(read_settings(tmp_path, environ), lambda: NOW)
        typed = "typo@reader.example"
        feeds.apply_catalogue(app.store, [catalogue_feed("one")], NOW)
        asked = Asked(typed, typed, ("one",), "en", "UTC", "Send me papers", "192.0.2.0/24", "")
        ask(app.store, asked, SIGN_UP_LIMITS, NOW)
        assert app.answer() == 1
        (sent,) = mailbox.mails
        report = app.take_bounces(Piped(io.BytesIO(dsn(sent.sender))))
        assert (report.counts, report.suppressed) == ({"gone": 1}, 1)
        assert why(app.store, typed, app.tokens.pseudonyms).suppressions[0].detail.startswith("letter: 5.1.1 ")
        app.close()
