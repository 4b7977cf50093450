"""Rounds through a real mail system: Postfix, Dovecot and postgrey on loopback, from `../shared/mta`."""

from __future__ import annotations

from email import message_from_bytes
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.deliver.url import SmtpUrl
from bot.store.engine import Store
from bot.store.tables import alarm
from tests.deliver.rounds import deliver_to, suppressed
from tests.deliver.rows import column, fill, states
from tests.real_mail import new_in

SUBMISSION = "smtp+starttls://digest:s3cret@localhost:2587"
TLS = "smtps://digest:s3cret@localhost:2465"
RECEIVER = "smtp://127.0.0.1:2526"


def arrived(folder: Path, mailbox: str) -> list[bytes]:
    """The mails of a mailbox, once there are any."""
    return [path.read_bytes() for path in new_in(folder / "dove/mail" / mailbox)]


def alarms(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(select(alarm.c.about).order_by(alarm.c.id)).scalars())


def test_what_is_submitted_under_tls_arrives_once(sqlite_store: Store, mail_system: Path) -> None:
    fill(sqlite_store, 3, emails=["zoe@reader.example", "ann@reader.example", "bob@reader.example"])
    urls = [SmtpUrl.parse(SUBMISSION), SmtpUrl.parse(TLS)]
    report = deliver_to(sqlite_store, *urls, connections=2, ca_file=mail_system / "tls/ca.pem")
    assert (report.sent, report.error) == (3, None)
    for name, message_id in zip(("zoe", "ann", "bob"), column(sqlite_store, "message_id"), strict=True):
        (mail,) = arrived(mail_system, name)
        assert message_from_bytes(mail)["Message-ID"] == message_id


def test_each_recipient_gets_the_state_that_the_server_says(sqlite_store: Store, mail_system: Path) -> None:
    names = ("zoe", "full", "later", "policy", "grey", "nobody")
    fill(sqlite_store, 6, emails=[f"{name}@reader.example" for name in names])
    report = deliver_to(sqlite_store, SmtpUrl.parse(RECEIVER), connections=3)
    assert states(sqlite_store) == ["sent", "deferred", "deferred", "failed", "deferred", "failed"]
    assert column(sqlite_store, "reply_enhanced") == ["2.0.0", "4.2.2", "4.3.0", "5.7.1", "4.2.0", "5.1.1"]
    assert report.error is None
    # Not for its policy, which is about us.
    assert suppressed(sqlite_store) == ["nobody@reader.example"]


@pytest.mark.parametrize(
    ("url", "trusted", "words", "about"),
    [
        (TLS.replace("s3cret", "wrong"), True, "refused at auth: 535 5.7.8", "the mail server refuses our credentials"),
        (SUBMISSION, False, "its certificate is not trusted", "the mail server cannot be spoken to under TLS"),
        (TLS.replace("2465", "2587"), True, "no TLS with it", "the mail server cannot be spoken to under TLS"),
    ],
)
def test_what_wants_an_admin_stops_the_round_and_is_told(
    sqlite_store: Store, mail_system: Path, url: str, trusted: bool, words: str, about: str
) -> None:
    fill(sqlite_store, 12)
    ca_file = mail_system / "tls/ca.pem" if trusted else None
    report = deliver_to(sqlite_store, SmtpUrl.parse(url), connections=8, ca_file=ca_file)
    assert words in str(report.error)
    assert alarms(sqlite_store) == [about]
    assert states(sqlite_store) == ["queued"] * 12
    # One login was tried, and not eight.
    log = (mail_system / "pf-out/maillog").read_text()
    assert log.count("authentication failed") <= 1
