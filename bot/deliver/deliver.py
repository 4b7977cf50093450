"""One round of delivering: what is due in the outbox goes to the mail servers, over several connections at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.deliver.grammar import ascii_domain
from bot.deliver.means import Means, Render
from bot.deliver.pool import Relays
from bot.deliver.receivers import Receivers
from bot.deliver.report import DeliverReport
from bot.deliver.retry import refusal
from bot.deliver.round import Round
from bot.errors import BotError, MailServerError, SettingsError, StoreError
from bot.models.deliveries import Claim, Outcome, Phase, Reply, State
from bot.models.paces import Limits
from bot.models.suppressions import SuppressionReason
from bot.store import halting, outbox, runs
from bot.store.attendance import attending
from bot.store.engine import Store
from bot.store.home import assure_home

log = structlog.get_logger(__name__)


def nobody(_claim: Claim, _outcome: Outcome) -> None:
    """For those who do not watch."""


def deliver(
    store: Store,
    relays: Relays,
    render: Render,
    clock: Callable[[], datetime],
    *,
    domain: str,
    suppression_for: Callable[[Reply], SuppressionReason | None],
    resend_after: timedelta | None = timedelta(minutes=10),
    limit: int | None = None,
    limits: Limits | None = None,
    receivers: Receivers | None = None,
    dry_run: bool = False,
    progress: Callable[[Claim, Outcome], None] = nobody,
    should_stop: Callable[[], bool] = lambda: False,
    quiet_until: Callable[[datetime], datetime | None] = lambda _now: None,
) -> DeliverReport:
    """What became of all that was due when the round began; it raises nothing that an admin must mend.

    Args:
        render: the messages of some claims, in their order; an error in the place of one fails that delivery alone,
            a StoreError or SettingsError that it raises ends the round.
        clock: gives aware times.
        domain: where Message-IDs are made.
        suppression_for: why a reply closes the address, if it does.
        resend_after: how long after coming into doubt a delivery is sent once more; None: never.
        limit: so many deliveries at the most.
        limits: how fast receivers may be sent to.
        receivers: looks up who takes the mail of a domain; without it, each domain is its own.
        dry_run: take and send nothing; tell what would be sent (as `State.QUEUED`).
        progress: told of each delivery when it is settled.
        should_stop: asked all the while.
        quiet_until: when the quiet hours end that a time lies in, if it does: nothing is begun in them.
    """
    states: Counter[State] = Counter()
    reasons: Counter[str] = Counter()
    started = clock()
    if dry_run:
        return _rehearse(store, started, limit, progress)
    means = Means(
        store,
        relays,
        render,
        clock,
        ascii_domain(domain),
        suppression_for,
        progress,
        should_stop,
        quiet_until,
        limits or Limits(),
        receivers,
    )
    error: BotError | None = None
    quiet: datetime | None = None
    try:
        with attending(store, lambda: _recover(means, states, reasons, resend_after, everybody=True)):
            _recover(means, states, reasons, resend_after)
            started = clock()
            try:
                quiet = quiet_until(started)
                if limit != 0 and quiet is None and not should_stop() and outbox.upcoming(store, started, 1):
                    assure_home(store)
                    this = Round(means, states, reasons)
                    asyncio.run(this.drain(limit))
                    error, quiet = this.error, this.quiet_until
                    for trouble in this.troubles:
                        _tell_trouble(store, trouble, clock())
            finally:
                runs.close_runs(store, clock())
    except (MailServerError, StoreError, SettingsError) as caught:
        error = error or caught
    stopped = should_stop()
    if stopped and isinstance(error, MailServerError):
        error = None
    seconds = (clock() - started).total_seconds()
    return DeliverReport.of(states, reasons, seconds, error, stopped=stopped, quiet_until=quiet)


def _rehearse(
    store: Store, now: datetime, limit: int | None, progress: Callable[[Claim, Outcome], None]
) -> DeliverReport:
    """Count what would become of what is due, and change nothing."""
    states: Counter[State] = Counter()
    reasons: Counter[str] = Counter()
    try:
        for taken in outbox.upcoming(store, now, limit):
            outcome = refusal(taken, now) or Outcome(State.QUEUED)
            states[outcome.state] += 1
            if outcome.reason:
                reasons[outcome.reason] += 1
            progress(taken, outcome)
    except StoreError as error:
        return DeliverReport.of(states, reasons, 0.0, error)
    return DeliverReport.of(states, reasons, 0.0)


def _recover(
    means: Means,
    states: Counter[State],
    reasons: Counter[str],
    resend_after: timedelta | None,
    *,
    everybody: bool = False,
) -> None:
    store, now = means.store, means.clock()
    skipped = runs.skip_cancelled(store, now)
    if skipped:
        states[State.SKIPPED] += skipped
        reasons[runs.CANCELLED] += skipped
    found = outbox.recover(store, now, everybody=everybody, resend_after=resend_after)
    if found.uncertain:
        # The sender that died has reported nothing.
        states[State.UNCERTAIN] += found.uncertain
        reasons[outbox.LOST] += found.uncertain
    if found.claimed or found.uncertain or found.again:
        log.warning("recovered", claimed=found.claimed, uncertain=found.uncertain, again=found.again)


def _tell_trouble(store: Store, error: MailServerError, now: datetime) -> None:
    """Alarm the admin of what keeps all mails back, and does not pass by itself."""
    if error.phase == Phase.AUTH and not error.passing:
        halting.trouble(store, "the mail server refuses our credentials", str(error), now)
    elif error.phase == Phase.STARTTLS:
        halting.trouble(store, "the mail server cannot be spoken to under TLS", str(error), now)
