"""From the mailbox of bounces to what follows from them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bot.errors import SettingsError
from bot.settings import Settings
from bot.store.engine import Store
from bot.store.home import assure_home
from bot.subscribe.tokens import Tokens
from bot.suppress.imap import ImapFolder
from bot.suppress.mailbox_url import VARIABLE, read_mailbox
from bot.suppress.mailboxes import BounceBox
from bot.suppress.maildir import Maildir
from bot.suppress.taking import BouncesReport, take_all

NO_MAILBOX = (
    f"{VARIABLE} is not set; write a Maildir's folder or imaps://user:password@host/INBOX, or name one: "
    "--maildir, --imap or --stdin"
)


def mailbox_of(text: str | None) -> BounceBox:
    """The mailbox that `text` names, not connected to yet.

    Raises:
        SettingsError: it names none.
        MailboxError: it is no Maildir.
    """
    if not text:
        raise SettingsError([NO_MAILBOX])
    where = read_mailbox(text)
    return Maildir(where) if isinstance(where, Path) else ImapFolder(where)


def take_bounces(
    store: Store, mailbox: BounceBox, tokens: Tokens, clock: Callable[[], datetime], should_stop: Callable[[], bool]
) -> BouncesReport:
    """Take what there is; see `bot.suppress.taking.take_all`. The mailbox is closed at the end.

    Raises:
        StoreError: the database cannot be used, or is a copy, which would take them from the one that sends.
        MailboxError: the mailbox cannot be read.
    """
    try:
        assure_home(store)
        return take_all(store, mailbox, tokens, clock, should_stop)
    finally:
        mailbox.close()


def look_at(settings: Settings) -> str:
    """Whether bounces can be read, in words.

    Raises:
        SettingsError, MailboxError: they cannot.
    """
    if not settings.bounces:
        return f"not read; set {VARIABLE}, so that addresses that are gone are not written to again"
    mailbox = mailbox_of(settings.bounces)
    try:
        return f"{mailbox.count():,} unread in {mailbox.name}"
    finally:
        mailbox.close()
