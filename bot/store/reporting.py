"""Which closed runs the admin is told of, and when: one at once, others gathered; and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, exists, func, insert, literal_column, or_, select, update

from bot.models.alarms import AlarmKind
from bot.models.deliveries import CLOSED, State
from bot.models.subscribers import Standing
from bot.store.alarms import LOCK
from bot.store.bulk import among
from bot.store.engine import Store
from bot.store.tables import account, alarm, delivery, evidence, run, subscriber

#: Runs that close within so long of the last report are gathered: each subscriber has a clock of their own, so that
#: runs may be planned every minute.
GATHER = timedelta(hours=1)

#: Which runs are told: every one, those in which something went wrong, or none.
Which = Literal["all", "trouble", "none"]

#: How people come to be subscribers, and how they go, as the evidence has it.
_CAME, _WENT = ("added", "confirmed", "imported"), ("left",)
_UNSENT = tuple(state for state in CLOSED if state is not State.SENT)


@dataclass(frozen=True, slots=True)
class Told:
    """What a report tells of."""

    runs: tuple[int, ...]
    #: Their deliveries by state, those that none is in left out.
    counts: Mapping[State, int]
    #: Why deliveries were not sent, in words that are counted.
    reasons: Mapping[str, int]
    #: Subscribers who came and who left in the period, and who are active now.
    new: int
    left: int
    active: int


def queue_report(store: Store, now: datetime, which: Which) -> bool:
    """Queue a report of the runs that have closed, if there are any and it is time for one; whether it was.

    The runs are marked in the same transaction, so that each is told of once. So are those that are not worth a report:
    they are never told.
    """
    # Mostly there is nothing to do, and no writer need wait for that.
    with store.reading() as connection:
        if not _ripe(connection, now, which):
            return False
    with store.writing(lock=LOCK) as connection:
        ids = _ripe(connection, now, which, lock=True)
        if not ids:
            return False
        these = among(connection, run.c.id, ids)
        worth = which == "all" or (which == "trouble" and _troubled(connection, ids))
        if worth:
            # From the end of what was told before, so that whoever comes or leaves is counted once.
            newest = select(func.max(run.c.reported_at)).where(run.c.reported_at.is_not(None))
            first = select(func.min(run.c.planned_at)).where(these)
            since: datetime = connection.execute(newest).scalar() or connection.execute(first).scalar_one()
            report = {"kind": AlarmKind.REPORT, "at": now, "since": min(since, now), "due_at": now}
            connection.execute(insert(alarm).values(**report))
        connection.execute(update(run).where(these).values(reported_at=now))
    return worth


def told_in(store: Store, at: datetime, since: datetime) -> Told | None:
    """What the report of `at` tells of, over the half-open period from `since`; None where it has no runs any more."""
    with store.reading() as connection:
        ids = connection.execute(select(run.c.id).where(run.c.reported_at == at).order_by(run.c.id)).scalars().all()
        if not ids:
            return None
        ours = among(connection, delivery.c.run_id, ids)
        counts = select(delivery.c.state, func.count()).where(ours).group_by(delivery.c.state)
        why = (
            select(delivery.c.reason, func.count())
            .where(ours, delivery.c.state.in_(_UNSENT), delivery.c.reason != "")
            .group_by(delivery.c.reason)
        )
        people = func.count(evidence.c.subscriber_id.distinct())
        came, went = (people.filter(evidence.c.what.in_(what)) for what in (_CAME, _WENT))
        in_period = (evidence.c.at >= since, evidence.c.at < at)
        new, left = connection.execute(select(came, went).where(*in_period)).one()
        active = select(func.count()).where(subscriber.c.standing == Standing.ACTIVE)
        return Told(
            runs=tuple(ids),
            counts={State(state): count for state, count in connection.execute(counts)},
            reasons=dict(connection.execute(why).all()),
            new=new,
            left=left,
            active=connection.execute(active).scalar_one(),
        )


def _ripe(connection: Connection, now: datetime, which: Which, *, lock: bool = False) -> Sequence[int]:
    """The runs that have closed since the last report; none as long as more are gathered."""
    query = (
        select(run.c.id)
        # As the index has it, and no parameter: SQLite would not take the index for that.
        .where(run.c.closed_at.is_not(None), run.c.reported_at.is_(None), run.c.chosen > literal_column("0"))
        .order_by(run.c.id)
    )
    ids = connection.execute(query.with_for_update(key_share=True) if lock else query).scalars().all()
    if ids and which != "none":
        report = select(alarm.c.at).where(alarm.c.kind == AlarmKind.REPORT)
        last: datetime | None = connection.execute(report.order_by(alarm.c.id.desc()).limit(1)).scalar()
        # One of a time to come is from before the clock was set back.
        if last is not None and last <= now < last + GATHER:
            return ()
    return ids


def _troubled(connection: Connection, ids: Sequence[int]) -> bool:
    went_wrong = or_(account.c.failed > 0, account.c.uncertain > 0, run.c.cancelled_at.is_not(None))
    query = select(run.c.id).join(account, account.c.run_id == run.c.id)
    return bool(connection.execute(select(exists(query.where(among(connection, run.c.id, ids), went_wrong)))).scalar())
