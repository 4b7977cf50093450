"""Mails to the admin, over the same connection and by the same rules as digests: told once, or tried again."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.deliver.grammar import ascii_domain
from bot.deliver.single import Promise, send_single
from bot.deliver.smtp import Connection
from bot.errors import BotError
from bot.models.alarms import AlarmRecord
from bot.models.deliveries import Message, State
from bot.store import alarms
from bot.store.engine import Store

#: An alarm that could not be sent for so long has lost its sense; the log and `bot sources list` have it.
OLDEST = timedelta(days=5)

log = structlog.get_logger(__name__)


def send_alarms(
    store: Store,
    connection: Connection,
    render: Callable[[Sequence[AlarmRecord], str], Message | None],
    clock: Callable[[], datetime],
    *,
    domain: str,
) -> int:
    """How many alarms, or reports, were told in one mail to the admin; 0 where none is due.

    Args:
        render: the mail that tells of some alarms or of one report, with that Message-ID; None where there is nothing
            left to tell.
        domain: where Message-IDs are made.

    Raises:
        MailServerError: the mail server cannot be used; the alarms are tried again later.
    """
    now = clock()
    message_id = f"<alarm.{secrets.token_hex(16)}@{ascii_domain(domain)}>"
    taken = alarms.take(store, now, message_id, oldest=now - OLDEST)
    if not taken:
        return 0
    ids = [one.id for one in taken]
    promise = Promise(
        render=lambda: render(taken, message_id),
        hand_over=lambda: alarms.hand_over(store, ids, clock()),
        settle=lambda outcome, _reply: alarms.settle(store, ids, outcome, clock()),
        attempts=min(one.attempts for one in taken),
        expires_at=taken[-1].at + OLDEST,
    )
    try:
        outcome = send_single(connection, promise, clock)
    except BotError as error:
        log.error("alarm not sent", error=str(error), kind=taken[0].kind, alarms=len(ids))
        raise
    log.info("alarm", state=outcome.state, kind=taken[0].kind, alarms=len(ids))
    return len(ids) if outcome.state is State.SENT else 0
