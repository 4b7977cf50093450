"""What becomes of a delivery before it is tried, and after a reply: pure decisions."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from bot.models.deliveries import Claim, Outcome, Phase, Reply, State
from bot.models.subscribers import Standing

#: Before the second try; each later wait is twice the one before.
FIRST_WAIT = timedelta(minutes=15)
LONGEST_WAIT = timedelta(days=1)
#: RFC 5321, 4.5.4.1 asks for four to five days.
PATIENCE = timedelta(days=5)
#: How much longer than the bare wait one may be, as a part of it: so that many do not come back at one instant.
SPREAD = 0.2

TOO_LATE = "too late"
GAVE_UP = "still refused after 5 days"


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


def decide(reply: Reply, attempts: int, now: datetime, expires_at: datetime, jitter: float = 0.0) -> Outcome:
    """What becomes of a delivery.

    Args:
        attempts: earlier tries that were used up.
        expires_at: nothing is tried after this time.
        jitter: 0 to 1, see `jitter_of`.
    """
    if reply.phase is Phase.DOT:
        if reply.code // 100 == 2:
            return Outcome(State.SENT)
        if reply.code < 400:
            return Outcome(State.UNCERTAIN, reason_of(reply))
    if reply.code >= 500 and not _is_passing(reply):
        return Outcome(State.FAILED, reason_of(reply))
    wait = backoff(attempts, jitter)
    if wait is None:
        return Outcome(State.FAILED, GAVE_UP)
    if now + wait >= expires_at:
        return Outcome(State.FAILED, TOO_LATE)
    return Outcome(State.DEFERRED, reason_of(reply), now + wait)


def backoff(attempts: int, jitter: float = 0.0) -> timedelta | None:
    """How long to wait after one more failed try; None when five days of trying are over."""
    waited = sum((_wait(n) for n in range(attempts)), timedelta())
    if waited >= PATIENCE:
        return None
    return _wait(attempts) * (1 + SPREAD * jitter)


def jitter_of(delivery_id: int, attempts: int) -> float:
    """A number in 0..1 that looks random from delivery to delivery, and is the same each time it is asked for."""
    return int.from_bytes(sha256(f"{delivery_id}:{attempts}".encode()).digest()[:4]) / 2**32


def concerns_server(reply: Reply) -> bool:
    """Whether a refusal would meet every recipient, and must not count against this one.

    421: it closes down (RFC 5321, 3.8). 530, 534, 535, 538: it wants TLS, or other credentials (RFC 4954, RFC 3207).
    """
    return reply.code in {421, 530, 534, 535, 538}


def concerns_sender(reply: Reply) -> bool:
    """Whether a final refusal is about us or the server, not about this recipient or message.

    RFC 3463: 5.3 is the mail system's own state, 5.5 a misunderstanding of the protocol, 5.7 its policy; 5.3.4 and 5.6
    are about one message. 500 to 504 say that commands are not understood (RFC 5321, 4.2.2).
    """
    if reply.code < 500 or reply.code == 552 or reply.enhanced.startswith(("5.3.4", "5.6.")):
        return False
    if reply.enhanced.startswith(("5.3.", "5.5.", "5.7.")) or reply.phase is Phase.MAIL:
        return True
    return reply.code <= 504 and not reply.enhanced


def reason_of(reply: Reply) -> str:
    """A reply in words that can be counted: not those of the server, which may name the recipient."""
    if not reply.code:
        return f"connection lost at {reply.phase}"
    return f"{'refused' if reply.code >= 500 else 'put off'} at {reply.phase}: {reply.code} {reply.enhanced}".strip()


def _is_passing(reply: Reply) -> bool:
    # RFC 5321, 4.5.3.1.10: some servers say 552 where 452 is meant.
    return reply.code == 552 and reply.phase is Phase.RCPT


def _wait(attempts: int) -> timedelta:
    return min(FIRST_WAIT * (1 << min(attempts, 16)), LONGEST_WAIT)
