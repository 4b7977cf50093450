"""A real delivery status notification, from Postfix, read from the Maildir and over IMAP of Dovecot."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.errors import MailboxError
from bot.settings import read_settings
from bot.store.schema import open_store
from bot.suppress.imap import ImapFolder
from bot.suppress.mailbox_url import ImapUrl, read_mailbox
from bot.suppress.maildir import Maildir
from bot.suppress.mails import read_mail
from bot.wiring import App
from tests.deliver.rows import fill, states
from tests.real_mail import new_in

IMAP = "imap://bounce:s3cret@127.0.0.1:2143/INBOX"


def test_a_mail_that_really_comes_back_closes_its_address_once(
    sqlite_url: str, mail_system: Path, tmp_path: Path
) -> None:
    environ = {
        "BOT_DATABASE_URL": sqlite_url,
        "BOT_FROM": "Concept Digest <digest@papers.example.org>",
        "BOT_POSTAL_ADDRESS": "1 Sample Street",
        "BOT_BOUNCE_ADDRESS": "bounce@papers.example.org",
        "BOT_BOUNCES": IMAP,
        "BOT_SMTP_URL": "smtp+starttls://digest:s3cret@localhost:2587",
        "BOT_SMTP_CA_FILE": str(mail_system / "tls/ca.pem"),
    }
    at = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    app = App(read_settings(tmp_path, environ), open_store(sqlite_url), lambda: at)
    try:
        fill(app.store, 2, emails=["nobody@reader.example", "zoe@reader.example"])
        assert app.deliver().sent == 2
        maildir = mail_system / "dove/mail/bounce"
        (first,) = new_in(maildir)
        kept = first.read_bytes()
        report = app.take_bounces(Maildir(maildir))
        assert (report.read, report.counts, report.suppressed) == (1, {"gone": 1}, 1)
        assert [path.name.partition(":")[2] for path in (maildir / "cur").iterdir()] == ["2,S"]
        # The same once more, over IMAP, beside one of a person that stays unread.
        first.with_name("1.again").write_bytes(kept)
        first.with_name("2.person").write_bytes(b"From: zoe@reader.example\n\nThanks!\n")
        for repeated in (1, 0):
            report = app.take_bounces()
            assert (report.counts.get("repeated", 0), report.suppressed, report.left) == (repeated, 0, 1)
        assert states(app.store) == ["sent", "sent"]
        _without_token_it_has_our_name(kept)
        _refusals_are_told()
    finally:
        app.close()


def _without_token_it_has_our_name(mail: bytes) -> None:
    """Postfix gives our envelope id back."""
    read = read_mail(mail)
    assert (read.status, len(read.tokens)) == ("5.1.1", 1)
    assert read.message_ids[0].startswith("1.")


def _refusals_are_told() -> None:
    for url, words in (
        (IMAP.replace("s3cret", "wr0ng"), "refused at AUTHENTICATE: .*failed"),
        (IMAP.replace("INBOX", "none such"), "refused at SELECT: "),
        (IMAP.replace("imap:", "imaps:"), "no TLS that can be trusted"),
    ):
        where = read_mailbox(url)
        assert isinstance(where, ImapUrl)
        box = ImapFolder(where)
        with pytest.raises(MailboxError, match=words) as refusal:
            box.count()
        box.close()
        assert "wr0ng" not in str(refusal.value)
