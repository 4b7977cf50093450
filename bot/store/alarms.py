"""What waits to be mailed to the admin: each is told once, whoever sends and whatever breaks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from bot.models.alarms import AlarmKind, AlarmRecord
from bot.models.deliveries import Outcome, State
from bot.store.engine import Store
from bot.store.tables import alarm

#: Alarms in one mail.
MOST = 200
#: How long one mail may take; whoever has not said what became of it by then has died over it.
LEASE = timedelta(minutes=15)
#: Writers of alarms wait for each other, so that of two who see the same trouble one raises it.
LOCK = "alarms"
#: Of words, and of what they are about.
_LENGTH = 500


def raise_alarm(
    connection: Connection, about: str, words: str, now: datetime, *, again_after: timedelta | None
) -> bool:
    """Queue an alarm of something that does not pass by itself; False if it is known already.

    Args:
        connection: of a transaction that holds `LOCK`, where `again_after` is to count among several senders.
        about: what has happened, in a few words of English: `run 7 was stopped`.
        words: why, and how to go on; in English.
        again_after: how long the same is not raised again; None: it is told each time.
    """
    about = about[:_LENGTH]
    if again_after is not None:
        same = (alarm.c.kind == AlarmKind.TROUBLE, alarm.c.about == about, alarm.c.at > now - again_after)
        # A time to come is from before the clock was set back, and must not keep the admin in the dark.
        if connection.execute(select(alarm.c.id).where(*same, alarm.c.at <= now).limit(1)).first():
            return False
    values = {"kind": AlarmKind.TROUBLE, "about": about, "words": words[:_LENGTH], "at": now, "due_at": now}
    connection.execute(insert(alarm).values(**values))
    return True


def take(store: Store, now: datetime, message_id: str, oldest: datetime) -> tuple[AlarmRecord, ...]:
    """What is due, for one mail: all alarms, or else one report; nobody else gets it before the lease has run out.

    What is from before `oldest` is told no more.

    What a sender left behind before the final dot is taken up again; what it left after it may have arrived, and is
    not sent twice.
    """
    with store.writing(lock=LOCK) as connection:
        left = (alarm.c.state == State.HANDED_OVER) & (alarm.c.due_at <= now)
        connection.execute(update(alarm).where(left).values(state=State.UNCERTAIN, settled_at=now))
        open_ = or_(alarm.c.state == State.QUEUED, alarm.c.state == State.DEFERRED, alarm.c.state == State.CLAIMED)
        connection.execute(update(alarm).where(open_, alarm.c.at < oldest).values(state=State.SKIPPED, settled_at=now))
        is_report = alarm.c.kind == AlarmKind.REPORT
        due = select(alarm).where(open_, alarm.c.due_at <= now).order_by(alarm.c.id)
        rows = connection.execute(due.where(~is_report).limit(MOST)).all()
        rows = rows or connection.execute(due.where(is_report).limit(1)).all()
        claimed = {"state": State.CLAIMED, "due_at": now + LEASE, "message_id": message_id}
        connection.execute(update(alarm).where(alarm.c.id.in_([row.id for row in rows])).values(**claimed))
    return tuple(_record(row) for row in rows)


def hand_over(store: Store, ids: Sequence[int], now: datetime) -> None:
    """Write down that the final dot of their mail is about to be sent."""
    with store.writing(lock=LOCK) as connection:
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
    with store.writing(lock=LOCK) as connection:
        connection.execute(update(alarm).where(alarm.c.id.in_(list(ids))).values(**values))


def waiting(store: Store, now: datetime) -> bool:
    """Whether anything is due."""
    open_ = alarm.c.state.in_([State.QUEUED, State.DEFERRED, State.CLAIMED, State.HANDED_OVER])
    with store.reading() as connection:
        return connection.execute(select(alarm.c.id).where(open_, alarm.c.due_at <= now).limit(1)).first() is not None


def _record(row: Any) -> AlarmRecord:
    return AlarmRecord(
        id=row.id,
        at=row.at,
        feed=row.feed,
        source=row.source,
        query=row.query,
        health=row.health,
        since=row.since,
        words=row.words,
        attempts=row.attempts,
        about=row.about,
        kind=row.kind,
    )
