"""What those who are due could get, and the outbox rows that follow: one short transaction per batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from bot.models.deliveries import Due, Entry, PassedOver, PlannedDelivery, State
from bot.models.runs import SMALL, USUAL_DAYS, UsualSize
from bot.models.subscribers import Standing
from bot.store.belonging import belongs
from bot.store.bulk import among, insert_all, update_all
from bot.store.due import BackTo, dues
from bot.store.engine import Store
from bot.store.halting import halt_within
from bot.store.instance import tick
from bot.store.queries import out_of_reach
from bot.store.runs import reopen_for
from bot.store.tables import concept_feed, delivery, evidence, feed_entry, run, shown, subscriber
from bot.store.tasks import DELIVER, defer


@dataclass(frozen=True, slots=True)
class Window:
    """What a batch is composed from: the moment of planning, and feed entries by feed, oldest first."""

    moment: datetime
    entries: Mapping[int, Sequence[Entry]]
    #: By feed, sources that could not be reached for it.
    unreached: Mapping[int, Sequence[str]] = field(default_factory=dict)


class Verdict(NamedTuple):
    """What becomes of one subscriber: a delivery or a reason for none, and what their clock says then."""

    outcome: PlannedDelivery | PassedOver
    #: The next occasion.
    next_due: datetime
    #: Where the next window begins; None where there has been none.
    covered_until: datetime | None


#: Judges a batch.
Judge = Callable[[Sequence[Due], Window], Sequence[Verdict]]


@dataclass(frozen=True, slots=True)
class Planned:
    """A run that is being planned, as the batches so far have left it."""

    id: int
    chosen: int = 0
    #: Asked once it is no small run any more.
    usual: UsualSize | None = None
    #: Whether it was held up for its size.
    held: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """What was done with a batch of subscribers."""

    chosen: int
    reasons: tuple[str, ...]
    #: None where nobody was due yet, or nothing is written.
    run: Planned | None


def plan_batch(
    store: Store,
    judge: Judge,
    clock: Callable[[], datetime],
    ids: Sequence[int],
    *,
    at: datetime,
    everyone: bool,
    lookback: datetime,
    back_to: BackTo,
    under_way: Planned | None = None,
    dry_run: bool = False,
) -> Batch:
    """Plan those of some subscribers who are due at `at`, in the order of their ids.

    Whoever plans at the same time waits, and then finds these subscribers planned. A run that grows far beyond what is
    usual is held up in the same transaction, so that nothing of this batch is sent before an admin has seen it.

    Args:
        judge: composes; called inside the transaction with plain values.
        ids: of a batch, as `bot.store.due.batches` gives it.
        everyone: every active subscriber, due or not.
        lookback: where the window of somebody begins who has had no digest yet.
        back_to: bounds the window of somebody whose pause has ended, by their wish.
        under_way: the run as the batch before left it, if there was one.
        dry_run: judge, but write nothing.
    """
    # In a transaction of its own, so that others can plan at the same time: whoever puts papers into feeds after it
    # takes a later moment, and whoever did before has committed, since the moment was waited for.
    moment = None if dry_run else _moment(store, clock)
    with store.writing() as connection:
        moment = moment or tick(connection, clock())
        due = dues(connection, ids, at=at, everyone=everyone, lookback=lookback, back_to=back_to, moment=moment)
        if not due:
            return Batch(0, (), under_way)
        start = min(one.begins or one.covered_until or lookback for one in due)
        feed_ids = {feed for one in due for feed in one.feed_ids}
        entries = _entries(connection, feed_ids, start, moment)
        verdicts = judge(due, Window(moment, entries, out_of_reach(connection, list(feed_ids))))
        planned, twice = _new_occasions(connection, [v.outcome for v in verdicts])
        if twice:
            verdicts = _uncovered(verdicts, due, planned)
        reasons = (
            *(v.outcome.reason for v in verdicts if isinstance(v.outcome, PassedOver)),
            *(["planned already"] * twice),
        )
        if dry_run:
            connection.rollback()
            return Batch(len(planned), reasons, None)
        if under_way is None:
            made = insert(run).values(planned_at=moment).returning(run.c.id)
            under_way = Planned(connection.execute(made).scalar_one())
        _write(connection, under_way.id, planned, moment)
        _cover(connection, verdicts, everyone)
        _wake(connection, due, verdicts, moment)
        # Last, since others who plan for the run wait for it from here on.
        batch = Batch(len(planned), reasons, _grown(connection, under_way, len(planned), moment))
        if planned:
            defer(connection, DELIVER)
        return batch


def close_planning(store: Store, run_id: int, passed_over: Mapping[str, int], now: datetime) -> None:
    """Write down whom a run passed over; a run that chose nobody is closed at once."""
    with store.writing() as connection:
        chosen = connection.execute(select(run.c.chosen).where(run.c.id == run_id)).scalar_one()
        values: dict[str, object] = {"passed_over": json.dumps(dict(passed_over), sort_keys=True)}
        if not chosen:
            values["closed_at"] = now
        connection.execute(update(run).where(run.c.id == run_id).values(**values))


def next_occasion_of_all(store: Store) -> datetime | None:
    """When somebody is due next, or comes back from a pause; None when nobody ever is."""
    query = select(func.min(subscriber.c.next_due)).where(subscriber.c.standing.in_((Standing.ACTIVE, Standing.PAUSED)))
    with store.reading() as connection:
        when: datetime | None = connection.execute(query).scalar()
    return when


def _moment(store: Store, clock: Callable[[], datetime]) -> datetime:
    with store.writing() as connection:
        return tick(connection, clock())


def _grown(connection: Connection, one: Planned, more: int, moment: datetime) -> Planned:
    """The run with so many more, held up if it has just become larger than any run should be."""
    if not more:
        return one
    # Senders may have found it complete between two batches, so that it was closed and reported: not the last word.
    reopen_for(connection, one.id)
    grown = update(run).where(run.c.id == one.id).values(chosen=run.c.chosen + more, reported_at=None)
    chosen, usual = connection.execute(grown.returning(run.c.chosen)).scalar_one(), one.usual
    if usual is None and chosen > SMALL:
        usual = _usual(connection, one.id, moment)
    held = usual is not None and usual.passed(chosen - more, chosen)
    if usual is not None and held:
        words = (
            f"it is more than ten times the usual size: {chosen:,} digests so far, and the largest run of the last "
            f"{USUAL_DAYS.days} days had {usual.largest:,}; see whether all of them should get a digest now"
        )
        held = halt_within(connection, one.id, words, moment)
    return Planned(one.id, chosen, usual, one.held or held)


def _usual(connection: Connection, run_id: int, moment: datetime) -> UsualSize:
    """What runs before this one tell; those that are held up themselves tell nothing of what is usual."""
    query = select(func.count(), func.coalesce(func.max(run.c.chosen), 0)).where(
        run.c.planned_at >= moment - USUAL_DAYS,
        run.c.id < run_id,
        run.c.chosen > 0,
        run.c.paused_at.is_(None),
        run.c.cancelled_at.is_(None),
    )
    known, largest = connection.execute(query).one()
    return UsualSize(known, largest)


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
    for feed_id, *entry in connection.execute(query).all():
        entries.setdefault(feed_id, []).append(Entry(*entry))
    return entries


def _write(connection: Connection, run_id: int, planned: Sequence[PlannedDelivery], moment: datetime) -> None:
    if not planned:
        return
    insert_all(
        connection,
        delivery,
        {
            "subscriber_id": [one.subscriber_id for one in planned],
            "occasion": [one.occasion for one in planned],
            "window_start": [one.window_start for one in planned],
            "window_end": [one.window_end for one in planned],
            "content": [one.digest.frozen() for one in planned],
            "expires_at": [one.expires_at for one in planned],
        },
        {"run_id": run_id, "state": State.QUEUED.value, "due_at": moment},
    )
    papers = [one.digest.paper_ids for one in planned]
    insert_all(
        connection,
        shown,
        {
            "subscriber_id": [one.subscriber_id for one, ids in zip(planned, papers, strict=True) for _ in ids],
            "paper_id": list(chain.from_iterable(papers)),
        },
    )


def _new_occasions(
    connection: Connection, outcomes: Sequence[PlannedDelivery | PassedOver]
) -> tuple[list[PlannedDelivery], int]:
    """The deliveries whose occasion has none yet, and how many had one.

    A clock that was set back, or a wish that was changed to and fro, can bring an occasion up again.
    """
    planned = [one for one in outcomes if isinstance(one, PlannedDelivery)]
    if not planned:
        return [], 0
    there = select(delivery.c.subscriber_id, delivery.c.occasion).where(
        among(connection, delivery.c.subscriber_id, [one.subscriber_id for one in planned]),
        delivery.c.occasion >= min(one.occasion for one in planned),
    )
    known = {(subscriber_id, occasion) for subscriber_id, occasion in connection.execute(there)}
    new = [one for one in planned if (one.subscriber_id, one.occasion) not in known] if known else planned
    return new, len(planned) - len(new)


def _cover(connection: Connection, verdicts: Sequence[Verdict], everyone: bool) -> None:
    """Move each subscriber's window on; outside of their own clock (`everyone`) the next occasion stays."""
    moved: dict[str, list[object]] = {
        "id": [one.outcome.subscriber_id for one in verdicts],
        "covered_until": [one.covered_until for one in verdicts],
    }
    if not everyone:
        moved["next_due"] = [one.next_due for one in verdicts]
    update_all(connection, subscriber, "id", moved)


def _uncovered(verdicts: Sequence[Verdict], due: Sequence[Due], planned: Sequence[PlannedDelivery]) -> list[Verdict]:
    """The verdicts, where what would be a second delivery of an occasion leaves its papers for the next one."""
    new = {one.subscriber_id for one in planned}
    return [
        verdict._replace(covered_until=one.covered_until)
        if isinstance(verdict.outcome, PlannedDelivery) and one.subscriber_id not in new
        else verdict
        for verdict, one in zip(verdicts, due, strict=True)
    ]


def _wake(connection: Connection, due: Sequence[Due], verdicts: Sequence[Verdict], moment: datetime) -> None:
    """Make those active whose pause has ended; it is forgotten once a window has been planned that it bears on."""
    back = [(one, verdict) for one, verdict in zip(due, verdicts, strict=True) if one.paused_until is not None]
    if not back:
        return
    done = [one.subscriber_id for one, verdict in back if verdict.covered_until != one.covered_until]
    if done:
        told = update(subscriber).where(among(connection, subscriber.c.id, done))
        connection.execute(told.values(paused_until=None))
    woken = [(one.subscriber_id, verdict.next_due) for one, verdict in back if one.asleep]
    if woken:
        ids = [subscriber_id for subscriber_id, _ in woken]
        moved: dict[str, list[object]] = {"id": [*ids], "next_due": [when for _, when in woken]}
        update_all(connection, subscriber, "id", moved | {"standing": [Standing.ACTIVE.value] * len(ids)})
        noted = {"at": moment, "what": "resumed", "how": "the pause ended"}
        insert_all(connection, evidence, {"subscriber_id": ids}, noted)
