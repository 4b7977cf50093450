"""One mail that is no digest, from claimed to settled: what alarms and letters have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.deliver.retry import FIRST_WAIT, concerns_server, decide
from bot.deliver.smtp import Connection
from bot.errors import BotError, RefusedError
from bot.models.deliveries import Message, Outcome, Reply, State


@dataclass(frozen=True, slots=True)
class Promise:
    """A mail that the caller has claimed."""

    #: Makes it; None where there is nothing left to tell.
    render: Callable[[], Message | None]
    #: Writes down that the final dot is about to be sent; raises RefusedError where it must not be.
    hand_over: Callable[[], None]
    #: Writes down what became of it, with the server's word where there was one.
    settle: Callable[[Outcome, Reply | None], None]
    #: Earlier tries that were used up.
    attempts: int
    #: Nothing is tried after this time.
    expires_at: datetime
    #: After what is no fault of this mail: the server cannot be used, a template is broken.
    wait: timedelta = FIRST_WAIT


def send_single(connection: Connection, promise: Promise, clock: Callable[[], datetime]) -> Outcome:
    """What became of the mail; it is settled.

    Raises:
        BotError: it could not be tried, and was put off; a MailServerError where no other one can be, either.
    """
    reply, why = None, "nothing left to tell"
    try:
        message = promise.render()
        if message is not None:
            reply = connection.send(message, promise.hand_over)
    except RefusedError as refused:
        why = refused.why
    except BotError:
        promise.settle(_later(promise, clock()), None)
        raise
    if reply is None:
        outcome = Outcome(State.SKIPPED, why, tried=False)
    elif concerns_server(reply):
        outcome = _later(promise, clock())
    else:
        outcome = decide(reply, promise.attempts, clock(), promise.expires_at)
    promise.settle(outcome, reply)
    return outcome


def _later(promise: Promise, now: datetime) -> Outcome:
    return Outcome(State.DEFERRED, due_at=now + promise.wait, tried=False)
