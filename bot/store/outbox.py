"""The outbox: deliveries are claimed, and taken back from senders that died; `bot.store.settling` has what follows."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, case, exists, func, select, true, update

from bot.models.deliveries import Claim, Phase, State
from bot.models.paces import Limits
from bot.models.subscribers import Standing
from bot.store.bulk import among, relation, update_all
from bot.store.engine import Store
from bot.store.paces import admit
from bot.store.runs import held
from bot.store.tables import delivery, run, subscriber, suppression

#: Reasons of deliveries in doubt.
LOST = "no reply to the final dot"
AGAIN = "sent once more"
LOST_AGAIN = "no reply to the final dot, twice"

_WAITING = (State.QUEUED, State.DEFERRED)
_TAKE = f"""
update delivery set
    state = '{State.CLAIMED}',
    phase = '{Phase.NONE}',
    claimed_until = one.claimed_until,
    message_id = case when delivery.message_id = '' then one.message_id else delivery.message_id end
from {{rows}}
where delivery.id = one.id
returning delivery.id, delivery.message_id
"""  # noqa: S608 (words of our own)


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


class Claimed(NamedTuple):
    """What a sender has taken on, and what it had to leave for its receiver's pace."""

    claims: list[Claim]
    #: By delivery: until when it was put off.
    put_off: Mapping[int, datetime]
    #: Domains whose servers matter to a limit, and are to be looked up.
    unknown: frozenset[str]


def claim(
    store: Store, now: datetime, lease: timedelta, *, domain: str, due_by: datetime | None = None, limit: int = 1
) -> list[Claim]:
    """The deliveries that are due longest, at most `limit`; see `claim_at_pace`, here without any."""
    return claim_at_pace(store, now, lease, Limits(), domain=domain, due_by=due_by, limit=limit).claims


def claim_at_pace(
    store: Store,
    now: datetime,
    lease: timedelta,
    limits: Limits,
    *,
    domain: str,
    due_by: datetime | None = None,
    limit: int = 1,
) -> Claimed:
    """The deliveries that are due longest and may go now, taken by the caller and by nobody else.

    What they need of the subscriber is looked up in the same transaction, and there it is that those are put off
    whose receivers have had enough for now.

    Args:
        lease: how long the caller may take; then it is taken for dead.
        domain: where Message-IDs are made, for those that have none yet.
        due_by: only what was due by then; now, where it is None.
        limit: so many are looked at.
    """
    until = now + lease
    with store.writing() as connection:
        rows = _rows(connection, _due(connection, due_by or now, limit, lock=True))
        admitted = admit(connection, [(row.id, _receiver(row)) for row in rows], limits, now)
        put_off: dict[str, Sequence[Any]] = {"id": list(admitted.put_off), "due_at": list(admitted.put_off.values())}
        update_all(connection, delivery, "id", put_off)
        message_ids = _take(connection, admitted.taken, until, domain)
        claims = [_claim(row, until, message_ids[row.id]) for row in rows if row.id in message_ids]
    return Claimed(claims, admitted.put_off, admitted.unknown)


def _receiver(row: Any) -> str:
    """The domain whose servers would take it; empty where it will not be sent."""
    goes = row.subscriber_id is not None and row.standing == Standing.ACTIVE and not row.suppressed
    return _domain(row) if goes else ""


def look_again(store: Store, taken: Claim) -> Claim | None:
    """A claim with what is known of the subscriber now; None if it is the caller's no more."""
    with store.reading() as connection:
        found = _read(connection, [taken.delivery_id], delivery.c.state == State.CLAIMED)
    return found[0] if found and found[0].claimed_until == taken.claimed_until else None


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


def planned(store: Store, delivery_id: int) -> Claim | None:
    """A delivery with what is known of its subscriber now, whatever became of it; None if it is not there any more."""
    with store.reading() as connection:
        found = _read(connection, [delivery_id])
    return found[0] if found else None


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
                reason=lost(),
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


def _take(connection: Connection, ids: Sequence[int], until: datetime, domain: str) -> dict[int, str]:
    """Make these the caller's; their Message-IDs."""
    if not ids:
        return {}
    # Its number leads from a bounce to the row (`bot.models.bounces`), and the rest is a secret.
    fresh = [f"<{number}.{secrets.token_hex(16)}@{domain}>" for number in ids]
    rows, parameters = relation(
        connection,
        delivery,
        {"id": ids, "claimed_until": [until] * len(ids), "message_id": fresh},
    )
    # In one step: PostgreSQL would look at the subscriber again, and wait for whoever has locked it, if a row were
    # changed twice in one transaction.
    return {row[0]: row[1] for row in connection.exec_driver_sql(_TAKE.format(rows=rows), parameters)}


def _read(connection: Connection, ids: Sequence[int], *which: ColumnElement[bool]) -> list[Claim]:
    return [_claim(row, row.claimed_until, row.message_id) for row in _rows(connection, ids, *which)]


def _rows(connection: Connection, ids: Sequence[int], *which: ColumnElement[bool]) -> list[Any]:
    suppressed = exists().where(suppression.c.email_key == subscriber.c.email_key)
    query = (
        select(
            # Not all columns: each that is read and not needed takes a microsecond.
            *delivery.c["id", "run_id", "subscriber_id", "message_id", "attempts", "content", "claimed_until"],
            *delivery.c["window_start", "window_end", "expires_at"],
            subscriber.c.email,
            subscriber.c.email_key,
            subscriber.c.name,
            subscriber.c.standing,
            subscriber.c.language,
            subscriber.c.timezone,
            subscriber.c.learns,
            suppressed.label("suppressed"),
        )
        .outerjoin(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .where(among(connection, delivery.c.id, ids), *which)
    )
    rows = {row.id: row for row in connection.execute(query)} if ids else {}
    return [rows[delivery_id] for delivery_id in ids if delivery_id in rows]


def _domain(row: Any) -> str:
    # In keys, domains are in ASCII and in lower case.
    return (row.email_key or "").rpartition("@")[2]


def _claim(row: Any, claimed_until: datetime | None, message_id: str) -> Claim:
    return Claim(
        delivery_id=row.id,
        run_id=row.run_id,
        subscriber_id=row.subscriber_id,
        email=row.email or "",
        domain=_domain(row),
        name=row.name or "",
        standing=row.standing or "",
        language=row.language or "",
        timezone=row.timezone or "",
        suppressed=bool(row.suppressed),
        message_id=message_id,
        attempts=row.attempts,
        window_start=row.window_start,
        window_end=row.window_end,
        expires_at=row.expires_at,
        content=row.content,
        learns=bool(row.learns),
        claimed_until=claimed_until,
    )


def _lost() -> ColumnElement[str]:
    return case((delivery.c.doubted_at.is_not(None), LOST_AGAIN), else_=LOST)


def lost() -> ColumnElement[str]:
    """The reason of what comes into doubt."""
    return case((delivery.c.doubted_at.is_not(None), LOST_AGAIN), else_=LOST)
