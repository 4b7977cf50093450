"""The outbox: deliveries are claimed, handed over and settled, durably at each step.

A claim holds a lease. Whoever writes on must still hold that very lease, and the state must allow it
(`TRANSITIONS`), so that of two senders who both believe that a delivery is theirs, one is stopped before
the final dot.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Update, case, exists, func, insert, select, true, update

from bot.models.deliveries import OPEN, TRANSITIONS, Claim, Digest, Outcome, Phase, Reply, State
from bot.models.subscribers import address_key
from bot.models.suppressions import SuppressionReason
from bot.store.engine import Store
from bot.store.giving_back import Given, give_back, lock_subscribers
from bot.store.runs import held, reopen_for
from bot.store.tables import delivery, run, subscriber, suppression

#: Reasons of deliveries in doubt.
LOST = "no reply to the final dot"
AGAIN = "sent once more"
LOST_AGAIN = "no reply to the final dot, twice"

_WAITING = (State.QUEUED, State.DEFERRED)
_UNSENT = frozenset({State.FAILED, State.SUPPRESSED, State.SKIPPED})
#: Of the server's words, and of a reason.
_TEXT_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many deliveries wait to be claimed."""

    due: int
    later: int
    #: In runs that are paused.
    held: int = 0


@dataclass(frozen=True, slots=True)
class Recovered:
    """What senders that died had left behind, and what was in doubt for long enough."""

    claimed: int
    uncertain: int
    again: int


def claim(
    store: Store, now: datetime, lease: timedelta, *, domain: str, due_by: datetime | None = None, limit: int = 1
) -> list[Claim]:
    """The deliveries that are due longest, at most `limit`, now taken by the caller and by nobody else.

    What they need of the subscriber is looked up in the same transaction.

    Args:
        lease: how long the caller may take; then it is taken for dead.
        domain: where Message-IDs are made, for those that have none yet.
        due_by: only what was due by then; now, where it is None.
    """
    until = now + lease
    with store.writing() as connection:
        ids = _due(connection, due_by or now, limit, lock=True)
        for delivery_id in ids:
            mine = update(delivery).where(delivery.c.id == delivery_id)
            connection.execute(mine.values(state=State.CLAIMED, claimed_until=until, phase=Phase.NONE))
            fresh = mine.where(delivery.c.message_id == "")
            connection.execute(fresh.values(message_id=f"<{secrets.token_hex(16)}@{domain}>"))
        return _read(connection, ids)


def upcoming(store: Store, now: datetime, limit: int | None = None) -> list[Claim]:
    """What `claim` would give, taken by nobody."""
    with store.reading() as connection:
        return _read(connection, _due(connection, now, limit, lock=False))


def waiting_for(store: Store, subscriber_id: int) -> Claim | None:
    """What waits to be sent to a subscriber, taken by nobody; the longest due first, None if there is nothing."""
    query = (
        select(delivery.c.id)
        .where(delivery.c.subscriber_id == subscriber_id, delivery.c.state.in_(_WAITING))
        .order_by(delivery.c.due_at)
        .limit(1)
    )
    with store.reading() as connection:
        found = _read(connection, list(connection.execute(query).scalars()))
    return found[0] if found else None


def hand_over(store: Store, taken: Claim, now: datetime, lease: timedelta) -> Claim | None:
    """The claim, with "handed over" written down and a fresh lease; None if it is the caller's no more.

    Called right before the final dot: a sender that dies afterwards leaves the delivery in doubt.
    """
    until = now + lease
    values = {"state": State.HANDED_OVER, "phase": Phase.DOT, "claimed_until": until}
    with store.writing() as connection:
        done = connection.execute(_step(taken, State.HANDED_OVER).values(values)).rowcount
    return replace(taken, claimed_until=until) if done else None


def settle(
    store: Store,
    taken: Claim,
    outcome: Outcome,
    now: datetime,
    reply: Reply | None = None,
    suppress: SuppressionReason | None = None,
) -> bool:
    """Write down what became of a delivery; False if it is the caller's no more, and nothing was written.

    What was never sent gives its papers back, so that they may still reach the subscriber. What is in doubt can
    still be sent or failed, by a late reply, but not go back as if never sent: `recover` alone queues it again.

    Args:
        reply: kept as the last one; None where the server was not asked, or had no say in it.
        suppress: closes the address in the same transaction.
    """
    # What is in doubt was counted when it came into doubt: a late reply is to the same try.
    tried = case((delivery.c.state == State.UNCERTAIN, 0), else_=int(outcome.tried))
    values: dict[str, Any] = {"state": outcome.state, "attempts": delivery.c.attempts + tried}
    if reply is not None:
        values |= {"phase": reply.phase, "reply_code": reply.code}
        values |= {"reply_enhanced": reply.enhanced, "reply_text": reply.text[:_TEXT_LENGTH]}
    if outcome.due_at is not None:
        values["due_at"] = outcome.due_at
    if outcome.state not in OPEN:
        values |= {"settled_at": now, "reason": outcome.reason[:_TEXT_LENGTH]}
    if outcome.state is State.UNCERTAIN:
        # The lease stays: the reply may yet come, and then it counts.
        values["reason"] = _lost()
    else:
        values["claimed_until"] = None
    with store.writing() as connection:
        if outcome.state in _UNSENT and taken.subscriber_id is not None:
            lock_subscribers(connection, [taken.subscriber_id])
        query = select(delivery.c.state, delivery.c.doubted_at).where(delivery.c.id == taken.delivery_id)
        before = connection.execute(query.with_for_update()).first()
        mine = _step(taken, outcome.state)
        if outcome.state is State.QUEUED:
            # Of what is in doubt, it would be sent a third time, and be settled and open at once.
            mine = mine.where(delivery.c.state == State.CLAIMED)
        if before is None or not connection.execute(mine.values(values)).rowcount:
            return False
        if before.state == State.UNCERTAIN:
            reopen_for(connection, taken.run_id)
        # What may have arrived at an earlier try keeps its papers.
        if outcome.state in _UNSENT and before.doubted_at is None and taken.subscriber_id is not None:
            give_back(connection, [Given(taken.subscriber_id, taken.window_start, taken.digest.paper_ids)])
        if suppress is not None:
            row = {"email_key": address_key(taken.email), "reason": suppress, "detail": str(reply or "")[:_TEXT_LENGTH]}
            connection.execute(insert(suppression).values(**row, at=now))
    return True


def recover(
    store: Store, now: datetime, *, everybody: bool = False, resend_after: timedelta | None = None
) -> Recovered:
    """Take back what senders that died had left behind, and bring the books up to date.

    What was claimed goes again. What was handed over is in doubt, and so it stays, or it is sent once more,
    with the same Message-ID, if the server has had time, the delivery has not expired and its run is not cancelled.

    Args:
        everybody: nobody is at work, so that no lease need run out; see `bot.store.attendance`.
        resend_after: how long after coming into doubt; None leaves it to an admin.
    """
    left = true() if everybody else delivery.c.claimed_until <= now
    with store.writing() as connection:
        claimed = connection.execute(
            update(delivery)
            .where(delivery.c.state == State.CLAIMED, left)
            .values(state=State.QUEUED, claimed_until=None)
        ).rowcount
        uncertain = connection.execute(
            update(delivery)
            .where(delivery.c.state == State.HANDED_OVER, left)
            .values(
                state=State.UNCERTAIN,
                reason=_lost(),
                attempts=delivery.c.attempts + 1,
                settled_at=now,
            )
        ).rowcount
        again = 0
        if resend_after is not None:
            again = connection.execute(
                update(delivery)
                .where(
                    delivery.c.state == State.UNCERTAIN,
                    delivery.c.doubted_at.is_(None),
                    delivery.c.settled_at <= now - resend_after,
                    delivery.c.expires_at > now,
                    delivery.c.run_id.not_in(select(run.c.id).where(run.c.cancelled_at.is_not(None))),
                )
                .values(once_more(now))
            ).rowcount
    return Recovered(claimed, uncertain, again)


def once_more(now: datetime) -> dict[str, Any]:
    """What is written when a delivery in doubt is queued again: from now on it is known that it may have arrived."""
    return {
        "state": State.QUEUED,
        "reason": AGAIN,
        "due_at": now,
        "settled_at": None,
        "claimed_until": None,
        "doubted_at": now,
    }


def waiting(store: Store, now: datetime) -> Waiting:
    """How many deliveries wait, due now, due later, and in runs that are held up."""
    due = delivery.c.due_at <= now
    with store.reading() as connection:
        left = delivery.c.run_id.in_(held(connection))
        sums = (due & ~left, ~due & ~left, left)
        query = select(*(func.count().filter(one) for one in sums)).where(delivery.c.state.in_(_WAITING))
        row = connection.execute(query).one()
    return Waiting(due=row[0], later=row[1], held=row[2])


def _due(connection: Connection, now: datetime, limit: int | None, *, lock: bool) -> list[int]:
    """Ids, longest due first. One query per state, so that the index gives the first ones without sorting all."""
    found: list[tuple[datetime, int]] = []
    left = held(connection)
    for state in _WAITING:
        query = (
            select(delivery.c.due_at, delivery.c.id)
            .where(delivery.c.state == state, delivery.c.due_at <= now)
            .order_by(delivery.c.due_at)
            .limit(limit)
        )
        if left:
            query = query.where(delivery.c.run_id.not_in(left))
        rows = connection.execute(query.with_for_update(skip_locked=True) if lock else query)
        found += [(row.due_at, row.id) for row in rows]
    return [delivery_id for _, delivery_id in sorted(found)[:limit]]


def _read(connection: Connection, ids: Sequence[int]) -> list[Claim]:
    suppressed = exists().where(suppression.c.email_key == subscriber.c.email_key)
    query = (
        select(
            delivery,
            subscriber.c.email,
            subscriber.c.name,
            subscriber.c.standing,
            subscriber.c.language,
            subscriber.c.timezone,
            subscriber.c.learns,
            suppressed.label("suppressed"),
        )
        .outerjoin(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .where(delivery.c.id == ids[0] if len(ids) == 1 else delivery.c.id.in_(ids))
    )
    rows = {row.id: row for row in connection.execute(query)} if ids else {}
    return [_claim(rows[delivery_id]) for delivery_id in ids]


def _claim(row: Any) -> Claim:
    return Claim(
        delivery_id=row.id,
        run_id=row.run_id,
        subscriber_id=row.subscriber_id,
        email=row.email or "",
        name=row.name or "",
        standing=row.standing or "",
        language=row.language or "",
        timezone=row.timezone or "",
        suppressed=bool(row.suppressed),
        message_id=row.message_id,
        attempts=row.attempts,
        window_start=row.window_start,
        window_end=row.window_end,
        expires_at=row.expires_at,
        digest=Digest.thawed(row.content),
        learns=bool(row.learns),
        claimed_until=row.claimed_until,
    )


def _lost() -> ColumnElement[str]:
    return case((delivery.c.doubted_at.is_not(None), LOST_AGAIN), else_=LOST)


def _step(taken: Claim, to: State) -> Update:
    """An update of this delivery alone, if its state allows it and the lease is still the caller's."""
    before = [state for state, then in TRANSITIONS.items() if to in then]
    return update(delivery).where(
        delivery.c.id == taken.delivery_id,
        delivery.c.claimed_until == taken.claimed_until,
        delivery.c.state.in_(before),
    )
