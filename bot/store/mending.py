"""What an admin does with single deliveries: look at them, queue failed ones again, and settle those in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, select, update

from bot.errors import RefusedError, UnknownError
from bot.models.deliveries import Digest, Phase, Reply, State
from bot.models.subscribers import Standing
from bot.store.engine import Store
from bot.store.giving_back import Given, give_back, lock_subscribers, take_again
from bot.store.outbox import once_more
from bot.store.runs import reopen_for
from bot.store.tables import delivery, run, subscriber, suppression

#: The reason of what an admin has settled.
BY_ADMIN = "so says an admin"


class Verdict(StrEnum):
    """What an admin knows of a delivery in doubt, or wants of it."""

    SENT = "sent"
    """It arrived."""
    FAILED = "failed"
    """It did not, at any try."""
    AGAIN = "again"
    """Whether it did or not, it is to be sent once more."""


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A row of the outbox, as it is shown."""

    id: int
    run_id: int
    #: Empty once the person is erased.
    email: str
    state: State
    reason: str
    attempts: int
    due_at: datetime
    expires_at: datetime
    settled_at: datetime | None
    message_id: str
    #: What the server said last; None where it has said nothing.
    reply: Reply | None
    #: Whether an earlier try than the last one may have arrived.
    doubted: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A delivery that was not queued again, and why."""

    id: int
    email: str
    why: str


@dataclass(frozen=True, slots=True)
class Retried:
    """What came of queueing failed deliveries again."""

    queued: tuple[int, ...]
    refused: tuple[Refused, ...]


def deliveries(
    store: Store,
    *,
    limit: int,
    state: State | None = None,
    run_id: int | None = None,
    subscriber_id: int | None = None,
) -> tuple[dict[State, int], list[DeliveryRecord]]:
    """How many there are by state, and the newest of them, newest first."""
    wanted: list[ColumnElement[bool]] = []
    if state is not None:
        wanted.append(delivery.c.state == state)
    if run_id is not None:
        wanted.append(delivery.c.run_id == run_id)
    if subscriber_id is not None:
        wanted.append(delivery.c.subscriber_id == subscriber_id)
    with store.reading() as connection:
        number = select(delivery.c.state, func.count()).where(*wanted).group_by(delivery.c.state)
        counts = {State(name): int(count) for name, count in connection.execute(number)}
        rows = connection.execute(_shown().where(*wanted).order_by(delivery.c.id.desc()).limit(limit)).all()
    return {one: counts[one] for one in State if one in counts}, [_record(row) for row in rows]


def failed_of(store: Store, run_id: int) -> list[int]:
    """Ids of a run's failed deliveries."""
    query = select(delivery.c.id).where(delivery.c.run_id == run_id, delivery.c.state == State.FAILED)
    with store.reading() as connection:
        return list(connection.execute(query.order_by(delivery.c.id)).scalars())


def retry(store: Store, ids: Sequence[int], now: datetime) -> Retried:
    """Queue failed deliveries again, each in a transaction of its own.

    Papers that a delivery gave back when it failed are its own again; where another digest has had one of them since,
    the delivery is refused. So is one that would not be sent anyway.
    """
    queued: list[int] = []
    refused: list[Refused] = []
    for delivery_id in dict.fromkeys(ids):
        with store.writing() as connection:
            row = _taken(connection, delivery_id)
            why = "no such delivery" if row is None else _against(row, now) or _queue_again(connection, row, now)
        if why:
            refused.append(Refused(delivery_id, (row.email or "") if row is not None else "", why))
        else:
            queued.append(delivery_id)
    return Retried(tuple(queued), tuple(refused))


def settle_by_hand(store: Store, delivery_id: int, verdict: Verdict, now: datetime) -> State:
    """Write down what an admin says of a delivery in doubt; the state that it comes to.

    One that has not arrived gives its papers back: the admin's word is on the message, and so on all of its tries.

    Raises:
        UnknownError: there is no such delivery.
        RefusedError: it is not in doubt, or too late to be sent once more.
    """
    with store.writing() as connection:
        row = _taken(connection, delivery_id)
        if row is None:
            raise UnknownError("delivery", str(delivery_id), mend="`bot outbox list` names them")
        why = "" if row.state == State.UNCERTAIN else f"it is {row.state}; only what is uncertain can be settled"
        if verdict is Verdict.AGAIN:
            why = why or _unsendable(row, now)
        if why:
            raise RefusedError("delivery", str(delivery_id), why)
        values: dict[str, Any] = {"settled_at": now, "reason": BY_ADMIN, "claimed_until": None}
        match verdict:
            case Verdict.SENT:
                values["state"] = State.SENT
            case Verdict.FAILED:
                values["state"] = State.FAILED
                values["doubted_at"] = None
                if row.subscriber_id is not None:
                    ids = Digest.thawed(row.content).paper_ids
                    give_back(connection, [Given(row.subscriber_id, row.window_start, ids)])
            case Verdict.AGAIN:
                values = once_more(now)
        connection.execute(update(delivery).where(delivery.c.id == delivery_id).values(values))
        reopen_for(connection, row.run_id)
    return State(values["state"])


def _taken(connection: Connection, delivery_id: int) -> Any:
    """A delivery, locked with its subscriber; None if there is none."""
    found = connection.execute(select(delivery.c.subscriber_id).where(delivery.c.id == delivery_id)).first()
    if found is not None and found.subscriber_id is not None:
        lock_subscribers(connection, [found.subscriber_id])
    return connection.execute(_shown().where(delivery.c.id == delivery_id).with_for_update(of=delivery)).first()


def _against(row: Any, now: datetime) -> str:
    """Why a delivery cannot be queued again; empty if it can, as far as its papers let it."""
    if row.state != State.FAILED:
        return f"it is {row.state}; only what has failed can be retried"
    return _unsendable(row, now)


def _unsendable(row: Any, now: datetime) -> str:
    """Why a delivery would not be sent, whatever is queued."""
    if row.cancelled_at is not None:
        return f"its run {row.run_id} was cancelled"
    if row.subscriber_id is None:
        return "its subscriber was erased"
    if row.standing != Standing.ACTIVE:
        return f"its subscriber is {row.standing}"
    if row.suppressed:
        return "its address is suppressed"
    if row.expires_at <= now:
        return "too late: the next occasion has come"
    return ""


def _queue_again(connection: Connection, row: Any, now: datetime) -> str:
    """Why it was not queued; empty if it was."""
    # What may have arrived at an earlier try has kept its papers.
    if row.doubted_at is None and not take_again(
        connection, row.subscriber_id, Digest.thawed(row.content), row.window_start, row.window_end
    ):
        return "its papers were given back, and another digest has had some of them since"
    values = {"state": State.QUEUED, "reason": "", "attempts": 0, "due_at": now, "settled_at": None}
    connection.execute(update(delivery).where(delivery.c.id == row.id).values(values))
    reopen_for(connection, row.run_id)
    return ""


def _shown() -> Select[*tuple[Any, ...]]:
    suppressed = exists().where(suppression.c.email_key == subscriber.c.email_key)
    return (
        select(
            delivery,
            subscriber.c.email,
            subscriber.c.standing,
            run.c.cancelled_at,
            and_(subscriber.c.id.is_not(None), suppressed).label("suppressed"),
        )
        .join(run, run.c.id == delivery.c.run_id)
        .outerjoin(subscriber, subscriber.c.id == delivery.c.subscriber_id)
    )


def _record(row: Any) -> DeliveryRecord:
    reply = Reply(Phase(row.phase), row.reply_code, row.reply_text, row.reply_enhanced) if row.reply_code else None
    return DeliveryRecord(
        id=row.id,
        run_id=row.run_id,
        email=row.email or "",
        state=State(row.state),
        reason=row.reason,
        attempts=row.attempts,
        due_at=row.due_at,
        expires_at=row.expires_at,
        settled_at=row.settled_at,
        message_id=row.message_id,
        reply=reply,
        doubted=row.doubted_at is not None,
    )
