"""One round of delivering: what is due in the outbox goes to the mail server, one message at a time."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.deliver.grammar import ascii_domain
from bot.deliver.report import DeliverReport
from bot.deliver.retry import FIRST_WAIT, TOO_LATE, concerns_sender, concerns_server, decide, jitter_of
from bot.deliver.smtp import Connection
from bot.errors import BotError, MailServerError, SettingsError, StoreError
from bot.models.deliveries import Claim, Message, Outcome, Phase, Reply, State
from bot.models.subscribers import Standing
from bot.models.suppressions import SuppressionReason
from bot.store import outbox, runs
from bot.store.attendance import attending
from bot.store.engine import Store

#: How long one delivery may take, before and again after it is handed over.
LEASE = timedelta(minutes=30)
#: How long, once asked to stop, to wait for the server in the middle of a message.
STOP_GRACE = timedelta(seconds=5)
#: Connections lost in a row: then it is the server.
LOSSES = 3
#: Closed with 421 in a row.
CLOSINGS = 2
#: The brake: more than this many of the last so many failed for a reason of ours, so that all would.
OURS, OURS_OF = 10, 200

log = structlog.get_logger(__name__)


class _TakenOverError(Exception):
    """The delivery is ours no more: the lease ran out and another sender has it, or its run was cancelled."""


def nobody(_claim: Claim, _outcome: Outcome) -> None:
    """For those who do not watch."""


def refusal(taken: Claim, now: datetime) -> Outcome | None:
    """Why this must not be sent, though it was planned; None where it may."""
    if taken.subscriber_id is None:
        return Outcome(State.SKIPPED, "erased", tried=False)
    if taken.standing != Standing.ACTIVE:
        reason = "not confirmed" if taken.standing == Standing.PENDING else taken.standing
        return Outcome(State.SKIPPED, reason, tried=False)
    if taken.suppressed:
        return Outcome(State.SUPPRESSED, "suppressed", tried=False)
    if taken.expires_at <= now:
        return Outcome(State.SKIPPED, TOO_LATE, tried=False)
    return None


def deliver(
    store: Store,
    connection: Connection,
    render: Callable[[Claim], Message],
    clock: Callable[[], datetime],
    *,
    domain: str,
    suppression_for: Callable[[Reply], SuppressionReason | None],
    resend_after: timedelta | None = timedelta(minutes=10),
    limit: int | None = None,
    dry_run: bool = False,
    progress: Callable[[Claim, Outcome], None] = nobody,
    should_stop: Callable[[], bool] = lambda: False,
    quiet_until: Callable[[datetime], datetime | None] = lambda _now: None,
) -> DeliverReport:
    """What became of all that was due when the round began; it raises nothing that an admin must mend.

    Args:
        render: the message of a claim; what it raises fails that delivery alone.
        clock: gives aware times.
        domain: where Message-IDs are made.
        suppression_for: why a reply closes the address, if it does.
        resend_after: how long after coming into doubt a delivery is sent once more; None: never.
        limit: so many deliveries at the most.
        dry_run: take and send nothing; tell what would be sent (as `State.QUEUED`).
        progress: told of each delivery when it is settled.
        should_stop: asked before each delivery, and while waiting for the server.
        quiet_until: when the quiet hours end that a time lies in, if it does: nothing is claimed in them.
    """
    this = _Round(store, connection, render, clock, domain, suppression_for, progress, should_stop, quiet_until)
    error: BotError | None = None
    try:
        if dry_run:
            this.rehearse(limit)
        else:
            this.drain(limit, resend_after)
    except (MailServerError, StoreError, SettingsError, _BrakeError) as caught:
        error = caught.cause if isinstance(caught, _BrakeError) else caught
    finally:
        connection.close()
    stopped = should_stop()
    if stopped and isinstance(error, MailServerError):
        error = None
    seconds = (clock() - this.started).total_seconds()
    return DeliverReport.of(this.states, this.reasons, seconds, error, stopped=stopped, quiet_until=this.quiet_until)


class _BrakeError(Exception):
    """Too many fail for a reason of ours."""

    def __init__(self, cause: BotError) -> None:
        self.cause = cause
        super().__init__(str(cause))


class _Round:
    """A round under way, and what it has counted so far."""

    def __init__(
        self,
        store: Store,
        connection: Connection,
        render: Callable[[Claim], Message],
        clock: Callable[[], datetime],
        domain: str,
        suppression_for: Callable[[Reply], SuppressionReason | None],
        progress: Callable[[Claim, Outcome], None],
        should_stop: Callable[[], bool],
        quiet_until: Callable[[datetime], datetime | None],
    ) -> None:
        self._store, self._connection, self._render, self._clock = store, connection, render, clock
        self._domain, self._suppression_for = ascii_domain(domain), suppression_for
        self._progress, self._should_stop, self._ask_quiet = progress, should_stop, quiet_until
        self.states: Counter[State] = Counter()
        self.reasons: Counter[str] = Counter()
        self.started = clock()
        #: When the quiet hours end that ended the round.
        self.quiet_until: datetime | None = None
        self._losses = 0
        #: Of the last ones: whether each failed for a reason of ours.
        self._ours: deque[bool] = deque(maxlen=OURS_OF)
        self._stop_asked_at: datetime | None = None

    def rehearse(self, limit: int | None) -> None:
        """Count what would become of what is due, and change nothing."""
        for taken in outbox.upcoming(self._store, self.started, limit):
            outcome = refusal(taken, self.started) or Outcome(State.QUEUED)
            self._count(outcome)
            self._progress(taken, outcome)

    def drain(self, limit: int | None, resend_after: timedelta | None) -> None:
        """Deliver what is due, until there is no more of it, or a reason to stop."""
        with attending(self._store, lambda: self._recover(resend_after, everybody=True)):
            self._recover(resend_after)
            self.started = self._clock()
            done = 0
            try:
                # What becomes due meanwhile is for the next round, so that every round ends.
                while not self._should_stop() and (limit is None or done < limit):
                    now = self._clock()
                    self.quiet_until = self._ask_quiet(now)
                    if self.quiet_until is not None:
                        break
                    claims = outbox.claim(self._store, now, LEASE, domain=self._domain, due_by=self.started)
                    if not claims:
                        break
                    self._deliver(claims[0])
                    done += 1
            finally:
                runs.close_runs(self._store, self._clock())

    def _recover(self, resend_after: timedelta | None, *, everybody: bool = False) -> None:
        skipped = runs.skip_cancelled(self._store, self._clock())
        if skipped:
            self.states[State.SKIPPED] += skipped
            self.reasons[runs.CANCELLED] += skipped
        found = outbox.recover(self._store, self._clock(), everybody=everybody, resend_after=resend_after)
        if found.uncertain:
            # The sender that died has reported nothing.
            self.states[State.UNCERTAIN] += found.uncertain
            self.reasons[outbox.LOST] += found.uncertain
        if found.claimed or found.uncertain or found.again:
            log.warning("recovered", claimed=found.claimed, uncertain=found.uncertain, again=found.again)

    def _deliver(self, taken: Claim) -> None:
        refused = refusal(taken, self._clock())
        if refused is not None:
            self._settle(taken, refused)
            return
        message = self._rendered(taken)
        if message is None:
            return
        try:
            renewed, reply = self._send(taken, message)
        except MailServerError:
            self._settle_unsent(taken)
            raise
        except _TakenOverError:
            log.warning("taken over by another sender, or cancelled", delivery=taken.delivery_id)
            return
        if _is_loss(reply) and reply.code == 0 and renewed is taken and self._should_stop():
            self._settle_unsent(taken)
            return
        self._conclude(renewed, reply)

    def _rendered(self, taken: Claim) -> Message | None:
        """The message; None, and the delivery settled, where it cannot be made."""
        cause: BotError
        try:
            message = self._render(taken)
        except (StoreError, SettingsError):
            self._settle_unsent(taken)
            raise
        except BotError as error:
            cause = error
        except Exception as error:
            # A fault in one digest must not keep the others from going out.
            log.exception("not rendered", delivery=taken.delivery_id)
            cause = BotError(f"rendering: {type(error).__name__}: {error}")
        else:
            return message
        self._settle(taken, Outcome(State.FAILED, str(cause), tried=False))
        self._brake(cause, ours=True)
        return None

    def _send(self, taken: Claim, message: Message) -> tuple[Claim, Reply]:
        """The claim as it is now, and the reply; a connection lost before the dot gets a second chance at once."""

        def before_dot() -> None:
            nonlocal taken
            renewed = outbox.hand_over(self._store, taken, self._clock(), LEASE)
            if renewed is None:
                raise _TakenOverError
            taken = renewed

        claimed = taken
        reply = self._connection.send(message, before_dot, self._give_up)
        if _is_loss(reply):
            self._losses += 1
            if taken is claimed and self._losses < LOSSES and not self._should_stop():
                reply = self._connection.send(message, before_dot, self._give_up)
                self._losses += _is_loss(reply)
        elif reply.code == 0:
            # After the dot there is no second chance; but a server that never answers it would put everybody in doubt.
            self._losses += 1
        if reply.code not in {0, 421}:
            self._losses = 0
        return taken, reply

    def _conclude(self, taken: Claim, reply: Reply) -> None:
        """Settle what was tried; raises if the reply says that the others would fare no better."""
        now, server = self._clock(), self._connection.url.server
        if concerns_server(reply):
            # Later, so that if it is this message after all that the server closes down on, others get their turn.
            later = Outcome(State.DEFERRED, f"the mail server's trouble: {reply.code}", now + FIRST_WAIT, tried=False)
            self._settle(taken, later, reply)
            if reply.code != 421 or self._losses >= CLOSINGS:
                raise MailServerError(server, f"refused at {reply}")
            return
        outcome = decide(reply, taken.attempts, now, taken.expires_at, jitter_of(taken.delivery_id, taken.attempts))
        self._settle(taken, outcome, reply)
        if self._losses >= LOSSES:
            raise MailServerError(server, f"lost {self._losses} times in a row; last at {reply}")
        problem = MailServerError(server, f"refuses our mails; last at {reply}; find out why before going on")
        self._brake(problem, ours=concerns_sender(reply))

    def _settle_unsent(self, taken: Claim) -> None:
        """Put a delivery back that is not to blame."""
        outbox.settle(self._store, taken, Outcome(State.QUEUED, tried=False), self._clock())

    def _settle(self, taken: Claim, outcome: Outcome, reply: Reply | None = None) -> None:
        suppress = self._suppression_for(reply) if reply is not None and outcome.state is State.FAILED else None
        if not outbox.settle(self._store, taken, outcome, self._clock(), reply, suppress):
            log.warning("settled by another sender", delivery=taken.delivery_id, not_written=outcome.state)
            return
        if outcome.state is State.UNCERTAIN:
            log.warning("uncertain", delivery=taken.delivery_id, message_id=taken.message_id)
        self._count(outcome)
        self._progress(taken, outcome)

    def _count(self, outcome: Outcome) -> None:
        self.states[outcome.state] += 1
        if outcome.reason:
            self.reasons[outcome.reason] += 1

    def _brake(self, cause: BotError, *, ours: bool) -> None:
        self._ours.append(ours)
        if ours and sum(self._ours) > OURS:
            raise _BrakeError(cause)

    def _give_up(self) -> bool:
        """Whether we were asked to stop, and the server has had its time since."""
        if not self._should_stop():
            return False
        self._stop_asked_at = self._stop_asked_at or self._clock()
        return self._clock() - self._stop_asked_at >= STOP_GRACE


def _is_loss(reply: Reply) -> bool:
    """Lost before the dot, or closed by the server: the connection's trouble."""
    return reply.code == 421 or (reply.code == 0 and reply.phase is not Phase.DOT)
