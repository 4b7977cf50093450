"""What those who are due could get, and the outbox rows that follow: one short transaction per batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from bot.models.deliveries import Due, Entry, PassedOver, PlannedDelivery, State
from bot.models.subscribers import Standing
from bot.store.belonging import belongs
from bot.store.due import dues
from bot.store.engine import Store
from bot.store.instance import tick
from bot.store.queries import out_of_reach
from bot.store.tables import concept_feed, delivery, feed_entry, run, shown, subscriber


@dataclass(frozen=True, slots=True)
class Window:
    """What a batch is composed from: the moment of planning, and feed entries by feed, oldest first."""

    moment: datetime
    entries: Mapping[int, Sequence[Entry]]
    #: By feed, sources that could not be reached for it.
    unreached: Mapping[int, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one subscriber: a delivery or a reason for none, and what their clock says then."""

    outcome: PlannedDelivery | PassedOver
    #: The next occasion.
    next_due: datetime
    #: Where the next window begins.
    covered_until: datetime


#: Judges a batch.
Judge = Callable[[Sequence[Due], Window], Sequence[Verdict]]


@dataclass(frozen=True, slots=True)
class Batch:
    """What was done with a batch of subscribers; `last` is the highest id looked at, None at the end."""

    chosen: int
    reasons: tuple[str, ...]
    last: int | None
    run_id: int | None


def plan_batch(
    store: Store,
    judge: Judge,
    clock: Callable[[], datetime],
    *,
    at: datetime,
    everyone: bool,
    lookback: datetime,
    after: int = 0,
    run_id: int | None = None,
    limit: int = 500,
    dry_run: bool = False,
    only: int | None = None,
) -> Batch:
    """Plan the next `limit` subscribers who are due at `at`, in the order of their ids.

    Whoever plans at the same time waits, and then finds these subscribers planned.

    Args:
        judge: composes; called inside the transaction with plain values.
        everyone: every active subscriber, due or not.
        lookback: where the window of somebody begins who has had no digest yet.
        after: the `last` of the batch before.
        run_id: the run that the batch before made, if any.
        dry_run: judge, but write nothing.
        only: nobody but this subscriber.
    """
    with store.writing() as connection:
        moment = tick(connection, clock())
        place = after if everyone or dry_run else None
        due, last = dues(connection, at, everyone, place, limit, lookback, only, moment)
        if not due:
            return Batch(0, (), last, run_id)
        start = min(one.covered_until or lookback for one in due)
        feed_ids = {feed for one in due for feed in one.feed_ids}
        entries = _entries(connection, feed_ids, start, moment)
        verdicts = judge(due, Window(moment, entries, out_of_reach(connection, list(feed_ids))))
        planned, twice = _new_occasions(connection, [v.outcome for v in verdicts])
        reasons = (
            *(v.outcome.reason for v in verdicts if isinstance(v.outcome, PassedOver)),
            *(["planned already"] * twice),
        )
        if dry_run:
            connection.rollback()
            return Batch(len(planned), reasons, last, None)
        if run_id is None:
            run_id = connection.execute(insert(run).values(planned_at=moment).returning(run.c.id)).scalar_one()
        _write(connection, run_id, planned, moment)
        _cover(connection, verdicts, everyone)
        return Batch(len(planned), reasons, last, run_id)


def close_planning(store: Store, run_id: int, passed_over: Mapping[str, int], now: datetime) -> None:
    """Write down whom a run passed over; a run that chose nobody is closed at once."""
    with store.writing() as connection:
        chosen = connection.execute(select(run.c.chosen).where(run.c.id == run_id)).scalar_one()
        values: dict[str, object] = {"passed_over": json.dumps(dict(passed_over), sort_keys=True)}
        if not chosen:
            values["closed_at"] = now
        connection.execute(update(run).where(run.c.id == run_id).values(**values))


def next_occasion_of_all(store: Store) -> datetime | None:
    """When somebody is due next; None when nobody ever is."""
    query = select(func.min(subscriber.c.next_due)).where(subscriber.c.standing == Standing.ACTIVE)
    with store.reading() as connection:
        when: datetime | None = connection.execute(query).scalar()
    return when


def _entries(connection: Connection, feed_ids: Iterable[int], start: datetime, end: datetime) -> dict[int, list[Entry]]:
    query = (
        select(feed_entry.c.feed_id, feed_entry.c.paper_id, feed_entry.c.entered_at, feed_entry.c.relevance)
        .join(concept_feed, concept_feed.c.id == feed_entry.c.feed_id)
        .where(
            feed_entry.c.feed_id.in_(list(feed_ids)),
            feed_entry.c.entered_at >= start,
            feed_entry.c.entered_at < end,
            belongs(),
        )
        .order_by(feed_entry.c.entered_at, feed_entry.c.paper_id)
    )
    entries: dict[int, list[Entry]] = {}
    for row in connection.execute(query):
        entries.setdefault(row.feed_id, []).append(Entry(row.paper_id, row.entered_at, row.relevance))
    return entries


def _write(connection: Connection, run_id: int, planned: Sequence[PlannedDelivery], moment: datetime) -> None:
    if not planned:
        return
    connection.execute(
        insert(delivery),
        [
            {
                "run_id": run_id,
                "subscriber_id": one.subscriber_id,
                "occasion": one.occasion,
                "window_start": one.window_start,
                "window_end": one.window_end,
                "content": one.digest.frozen(),
                "state": State.QUEUED,
                "due_at": moment,
                "expires_at": one.expires_at,
            }
            for one in planned
        ],
    )
    connection.execute(
        insert(shown),
        [{"subscriber_id": one.subscriber_id, "paper_id": p} for one in planned for p in one.digest.paper_ids],
    )
    connection.execute(update(run).where(run.c.id == run_id).values(chosen=run.c.chosen + len(planned)))


def _new_occasions(
    connection: Connection, outcomes: Sequence[PlannedDelivery | PassedOver]
) -> tuple[list[PlannedDelivery], int]:
    """The deliveries whose occasion has none yet, and how many had one.

    A clock that was set back, or a wish that was changed to and fro, can bring an occasion up again.
    """
    planned = [one for one in outcomes if isinstance(one, PlannedDelivery)]
    there = select(delivery.c.subscriber_id, delivery.c.occasion).where(
        delivery.c.subscriber_id.in_([one.subscriber_id for one in planned]),
        delivery.c.occasion.in_({one.occasion for one in planned}),
    )
    known = set(connection.execute(there).all())
    new = [one for one in planned if (one.subscriber_id, one.occasion) not in known]
    return new, len(planned) - len(new)


def _cover(connection: Connection, verdicts: Sequence[Verdict], everyone: bool) -> None:
    """Move each subscriber's window on; outside of their own clock (`everyone`) the next occasion stays."""
    moved: dict[str, object] = {"covered_until": bindparam("until")}
    if not everyone:
        moved["next_due"] = bindparam("next")
    connection.execute(
        update(subscriber).where(subscriber.c.id == bindparam("who")).values(moved),
        [{"who": v.outcome.subscriber_id, "next": v.next_due, "until": v.covered_until} for v in verdicts],
    )
