"""Alarms that wait to be mailed to the admin: each is told once, whoever sends and whatever breaks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from bot.models.alarms import AlarmRecord
from bot.models.deliveries import Outcome, State
from bot.store.engine import Store
from bot.store.tables import alarm

#: Alarms in one mail.
MOST = 200
#: How long one mail may take; whoever has not said what became of it by then has died over it.
LEASE = timedelta(minutes=15)


def take(store: Store, now: datetime, message_id: str, oldest: datetime) -> tuple[AlarmRecord, ...]:
    """The alarms that are due, for one mail; nobody else gets them before the lease has run out.

    What is from before `oldest` is told no more.

    What a sender left behind before the final dot is taken up again; what it left after it may have arrived, and is
    not sent twice.
    """
    with store.writing(lock="alarms") as connection:
        left = (alarm.c.state == State.HANDED_OVER) & (alarm.c.due_at <= now)
        connection.execute(update(alarm).where(left).values(state=State.UNCERTAIN, settled_at=now))
        open_ = or_(alarm.c.state == State.QUEUED, alarm.c.state == State.DEFERRED, alarm.c.state == State.CLAIMED)
        connection.execute(update(alarm).where(open_, alarm.c.at < oldest).values(state=State.SKIPPED, settled_at=now))
        rows = connection.execute(
            select(alarm).where(open_, alarm.c.due_at <= now).order_by(alarm.c.id).limit(MOST)
        ).all()
        ids = [row.id for row in rows]
        claimed = {"state": State.CLAIMED, "due_at": now + LEASE, "message_id": message_id}
        connection.execute(update(alarm).where(alarm.c.id.in_(ids)).values(**claimed))
    return tuple(
        AlarmRecord(row.id, row.at, row.feed, row.source, row.query, row.health, row.since, row.words, row.attempts)
        for row in rows
    )


def hand_over(store: Store, ids: Sequence[int], now: datetime) -> None:
    """Write down that the final dot of their mail is about to be sent."""
    with store.writing(lock="alarms") as connection:
        values = {"state": State.HANDED_OVER, "due_at": now + LEASE}
        connection.execute(update(alarm).where(alarm.c.id.in_(list(ids))).values(**values))


def settle(store: Store, ids: Sequence[int], outcome: Outcome, now: datetime) -> None:
    """Write down what became of their mail."""
    values: dict[str, object] = {"state": outcome.state}
    if outcome.due_at:
        values["due_at"] = outcome.due_at
    if outcome.tried:
        values["attempts"] = alarm.c.attempts + 1
    if outcome.state not in {State.QUEUED, State.DEFERRED}:
        values["settled_at"] = now
    with store.writing(lock="alarms") as connection:
        connection.execute(update(alarm).where(alarm.c.id.in_(list(ids))).values(**values))


def waiting(store: Store, now: datetime) -> bool:
    """Whether any alarm is due."""
    open_ = alarm.c.state.in_([State.QUEUED, State.DEFERRED, State.CLAIMED, State.HANDED_OVER])
    with store.reading() as connection:
        return connection.execute(select(alarm.c.id).where(open_, alarm.c.due_at <= now).limit(1)).first() is not None
