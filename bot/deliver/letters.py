"""Letters to single people, by the same rules as digests: each goes out once, or is tried again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.deliver.grammar import ascii_domain
from bot.deliver.retry import PATIENCE
from bot.deliver.single import Promise, send_single
from bot.deliver.smtp import Connection
from bot.errors import BotError, MailServerError, StoreError
from bot.models.deliveries import Message, Outcome, Reply, State
from bot.models.letters import LetterKind, LetterRecord
from bot.models.suppressions import SuppressionReason
from bot.store import letters
from bot.store.engine import Store

#: While the mail server cannot be used; somebody looks into their mailbox, and it may be back in a moment.
WAIT = timedelta(minutes=1)

log = structlog.get_logger(__name__)


def send_letters(
    store: Store,
    connection: Connection,
    render: Callable[[LetterRecord], Message],
    clock: Callable[[], datetime],
    *,
    domain: str,
    suppression_for: Callable[[Reply], SuppressionReason | None],
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """How many letters the mail server took; a faulty one is told, put off, and does not keep the others back.

    Args:
        domain: where Message-IDs are made.
        suppression_for: why a reply means that the address must not be written to again, if it does.

    Raises:
        MailServerError: the mail server cannot be used; the letters are tried again later.
        StoreError: the database cannot be used.
    """
    sent = 0
    while taken := letters.take(store, clock(), ascii_domain(domain), PATIENCE):
        left = list(taken)
        try:
            while left and not should_stop():
                sent += _sent(store, connection, left.pop(0), render, clock, suppression_for)
        finally:
            # What was not tried is not kept until its lease runs out.
            for one in left:
                letters.settle(store, one, Outcome(State.QUEUED, due_at=clock() + WAIT, tried=False), clock())
        if left:
            break
    return sent


def _sent(
    store: Store,
    connection: Connection,
    one: LetterRecord,
    render: Callable[[LetterRecord], Message],
    clock: Callable[[], datetime],
    suppression_for: Callable[[Reply], SuppressionReason | None],
) -> bool:
    if one.refusal:
        state = State.SUPPRESSED if one.suppressed else State.SKIPPED
        letters.settle(store, one, Outcome(state, one.refusal, tried=False), clock())
        return False

    def settle(outcome: Outcome, reply: Reply | None) -> None:
        suppress = None
        # An address that a stranger mistyped has not become ours to remember.
        if reply is not None and outcome.state is State.FAILED and one.kind is not LetterKind.CONFIRMATION:
            suppress = suppression_for(reply)
        letters.settle(store, one, outcome, clock(), suppress)

    promise = Promise(
        render=lambda: render(one),
        hand_over=lambda: letters.hand_over(store, one),
        settle=settle,
        attempts=one.attempts,
        expires_at=one.created_at + PATIENCE,
        wait=WAIT,
    )
    try:
        outcome = send_single(connection, promise, clock)
    except (MailServerError, StoreError):
        raise
    except BotError as error:
        log.error("letter not sent", letter=one.id, kind=one.kind, error=str(error))
        return False
    log.info("letter", letter=one.id, kind=one.kind, state=outcome.state)
    return outcome.state is State.SENT
