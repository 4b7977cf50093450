"""Who is due for a digest, with what composing one needs: read in batches, a few queries for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, select

from bot.models.deliveries import NO_CAPS, Due
from bot.models.subscribers import Standing, Wish
from bot.models.votes import CastVote
from bot.store.belonging import belongs
from bot.store.bulk import among
from bot.store.engine import Store
from bot.store.tables import (
    concept_feed,
    delivery,
    feed_entry,
    paper_change,
    shown,
    subscriber,
    subscription,
    suppression,
    vote,
)
from bot.store.votes import latest_votes

#: Subscribers who are planned together, in one transaction.
AT_ONCE = 1_000
#: Ids that are listed together.
LISTED = 20_000

_VOTED = exists().where(vote.c.subscriber_id == subscriber.c.id)


@dataclass(frozen=True, slots=True)
class Voter:
    """Somebody of the next batch from whose votes is learned."""

    subscriber_id: int
    feed_ids: tuple[int, ...]
    votes: tuple[CastVote, ...]
    #: Where the window begins.
    start: datetime


#: How far back the window of somebody goes whose pause has ended, by their wish.
BackTo = Callable[[Wish], datetime]


def batches(store: Store, at: datetime, *, everyone: bool, at_once: int = AT_ONCE) -> Iterator[list[int]]:
    """Ids of those who are due at `at`, in their order, so many at a time.

    In this order, what is written for a batch lies close together in the tables.

    Args:
        everyone: every active subscriber, due or not.
    """
    last = 0
    while True:
        query = (
            select(subscriber.c.id)
            .where(_listed(at, everyone=everyone), subscriber.c.id > last)
            .order_by(subscriber.c.id)
        )
        with store.reading() as connection:
            listed = list(connection.execute(query.limit(LISTED)).scalars())
        for start in range(0, len(listed), at_once):
            yield listed[start : start + at_once]
        if len(listed) < LISTED:
            return
        last = listed[-1]


def dues(
    connection: Connection,
    ids: Sequence[int],
    *,
    at: datetime,
    everyone: bool,
    lookback: datetime,
    back_to: BackTo,
    moment: datetime,
) -> list[Due]:
    """Those of some subscribers who are due now, locked.

    Args:
        everyone: every active subscriber, due or not.
        lookback: where the window of somebody begins who has had no digest yet.
        back_to: bounds the window of somebody whose pause has ended.
        moment: of planning.
    """
    query = (
        select(
            *subscriber.c["id", "cadence", "weekday", "hour", "timezone", "max_papers", "covered_until"],
            *subscriber.c["standing", "paused_until"],
            exists().where(suppression.c.email_key == subscriber.c.email_key).label("suppressed"),
            (subscriber.c.learns & _VOTED).label("learns"),
            # Not among the conditions: SQLite would rather go through all who are due than through these.
            _due(at, everyone=everyone).label("due"),
        )
        .where(among(connection, subscriber.c.id, ids))
        .order_by(subscriber.c.id)
    )
    rows = [row for row in connection.execute(query.with_for_update(of=subscriber)).all() if row.due]
    if not rows:
        return []
    found = [row.id for row in rows]
    feeds, caps = _chosen_feeds(connection, found)
    votes = latest_votes(connection, [row.id for row in rows if row.learns])
    begins = _begins(rows, at, back_to)
    missed = _missed(connection, begins)
    start = min(begins.get(row.id) or row.covered_until or lookback for row in rows)
    had = _had(connection, found, {feed for chosen in feeds.values() for feed in chosen}, start)
    updates = _updates(connection, found, moment)
    wishes: dict[tuple[Any, ...], Wish] = {}
    dues = []
    for (
        id_,
        cadence,
        weekday,
        hour,
        timezone,
        max_papers,
        covered_until,
        standing,
        paused_until,
        suppressed,
        *_,
    ) in rows:
        wish = (cadence, weekday, hour, timezone)
        dues.append(
            Due(
                subscriber_id=id_,
                wish=wishes.get(wish) or wishes.setdefault(wish, Wish(*wish)),
                max_papers=max_papers,
                covered_until=covered_until,
                feed_ids=tuple(feeds.get(id_, ())),
                suppressed=suppressed,
                shown=frozenset(had.get(id_, ())),
                updates=tuple(updates.get(id_, ())),
                votes=votes.get(id_, ()),
                caps=caps.get(id_, NO_CAPS),
                paused_until=paused_until if paused_until is not None and paused_until <= at else None,
                asleep=standing == Standing.PAUSED,
                begins=begins.get(id_),
                missed=missed.get(id_, 0),
            )
        )
    return dues


def voters(store: Store, ids: Sequence[int], lookback: datetime, at: datetime, back_to: BackTo) -> list[Voter]:
    """Those of some subscribers who have voted and let it be learned from.

    They are read without a lock, so that learning, which takes a while, can come before the transaction.

    Args:
        lookback: where the window of somebody begins who has had no digest yet.
        at: whose pause has ended by then.
        back_to: bounds the window of those.
    """
    with store.reading() as connection:
        wish = subscriber.c["cadence", "weekday", "hour", "timezone"]
        query = select(*subscriber.c["id", "covered_until", "paused_until"], *wish).where(
            among(connection, subscriber.c.id, ids), subscriber.c.learns, _VOTED
        )
        rows = connection.execute(query).all()
        begins = _begins(rows, at, back_to)
        starts = {row.id: begins.get(row.id) or row.covered_until or lookback for row in rows}
        votes = latest_votes(connection, sorted(starts))
        feeds, _ = _chosen_feeds(connection, list(votes))
    return [Voter(who, tuple(feeds.get(who, ())), cast, starts[who]) for who, cast in votes.items()]


def entered_since(store: Store, feed_ids: Iterable[int], start: datetime) -> dict[int, list[tuple[int, datetime]]]:
    """By feed, the papers that have entered it since `start`, and when."""
    query = (
        select(feed_entry.c.feed_id, feed_entry.c.paper_id, feed_entry.c.entered_at)
        .join(concept_feed, concept_feed.c.id == feed_entry.c.feed_id)
        .where(feed_entry.c.feed_id.in_(list(feed_ids)), feed_entry.c.entered_at >= start, belongs())
    )
    entered: dict[int, list[tuple[int, datetime]]] = {}
    with store.reading() as connection:
        for feed_id, paper_id, entered_at in connection.execute(query):
            entered.setdefault(feed_id, []).append((paper_id, entered_at))
    return entered


def _due(at: datetime, *, everyone: bool) -> ColumnElement[bool]:
    """Who is due: a pause that has an end is due when it ends, so that it is found in the index of those who are."""
    gets = (subscriber.c.standing == Standing.ACTIVE) | (
        (subscriber.c.standing == Standing.PAUSED) & (subscriber.c.paused_until <= at)
    )
    if everyone:
        return gets
    return gets & (subscriber.c.next_due <= at)


def _listed(at: datetime, *, everyone: bool) -> ColumnElement[bool]:
    """Who may be due, as far as the index alone tells: `dues` looks at each again."""
    if everyone:
        return _due(at, everyone=True)
    return subscriber.c.standing.in_((Standing.ACTIVE, Standing.PAUSED)) & (subscriber.c.next_due <= at)


def _begins(rows: Iterable[Any], at: datetime, back_to: BackTo) -> dict[int, datetime]:
    """By subscriber, where the windows begin of those who would otherwise get all that came during a pause."""
    found = {}
    for row in rows:
        if row.paused_until is not None and row.paused_until <= at and row.covered_until is not None:
            begin = back_to(Wish(row.cadence, row.weekday, row.hour, row.timezone))
            if begin > row.covered_until:
                found[row.id] = begin
    return found


def _missed(connection: Connection, begins: Mapping[int, datetime]) -> dict[int, int]:
    """By subscriber, papers new to them that came between the end of their last window and where the next begins."""
    alike: dict[datetime, list[int]] = {}
    for subscriber_id, begin in begins.items():
        alike.setdefault(begin, []).append(subscriber_id)
    missed: dict[int, int] = {}
    for begin, ids in alike.items():
        query = (
            select(subscriber.c.id, func.count(feed_entry.c.paper_id.distinct()))
            .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
            .join(concept_feed, concept_feed.c.id == subscription.c.feed_id)
            .join(feed_entry, feed_entry.c.feed_id == concept_feed.c.id)
            .outerjoin(shown, (shown.c.subscriber_id == subscriber.c.id) & (shown.c.paper_id == feed_entry.c.paper_id))
            .where(
                among(connection, subscriber.c.id, ids),
                concept_feed.c.retired_at.is_(None),
                feed_entry.c.entered_at >= subscriber.c.covered_until,
                feed_entry.c.entered_at < begin,
                belongs(),
                shown.c.paper_id.is_(None),
            )
            .group_by(subscriber.c.id)
        )
        missed.update(dict(connection.execute(query).all()))
    return missed


def _chosen_feeds(connection: Connection, ids: Sequence[int]) -> tuple[dict[int, list[int]], dict[int, dict[int, int]]]:
    """By subscriber, feeds in the order of the digest's sections; and limits of some of them, where there are any."""
    feeds: dict[int, list[int]] = {}
    caps: dict[int, dict[int, int]] = {}
    if not ids:
        return feeds, caps
    chosen = (
        select(subscription.c.subscriber_id, subscription.c.feed_id, subscription.c.max_papers)
        .join(concept_feed, concept_feed.c.id == subscription.c.feed_id)
        .where(among(connection, subscription.c.subscriber_id, ids), concept_feed.c.retired_at.is_(None))
        .order_by(subscription.c.position, subscription.c.feed_id)
    )
    for subscriber_id, feed_id, max_papers in connection.execute(chosen).all():
        feeds.setdefault(subscriber_id, []).append(feed_id)
        if max_papers is not None:
            caps.setdefault(subscriber_id, {})[feed_id] = max_papers
    return feeds, caps


def _had(connection: Connection, ids: Sequence[int], feed_ids: Iterable[int], start: datetime) -> dict[int, list[int]]:
    """By subscriber, papers that they have had and that entered one of some feeds since `start`."""
    entered = feed_entry.c.feed_id.in_(sorted(feed_ids)) & (feed_entry.c.entered_at >= start)
    query = select(shown.c.subscriber_id, shown.c.paper_id).where(
        among(connection, shown.c.subscriber_id, ids),
        # New papers have high numbers: most of what a subscriber has had is not even looked at. The sum keeps SQLite
        # from asking for each new paper and each subscriber by itself.
        shown.c.paper_id >= select(func.min(feed_entry.c.paper_id)).where(entered).scalar_subquery(),
        (shown.c.paper_id + 0).in_(select(feed_entry.c.paper_id).where(entered)),
    )
    had: dict[int, list[int]] = {}
    for subscriber_id, paper_id in connection.execute(query).all():
        had.setdefault(subscriber_id, []).append(paper_id)
    return had


def _updates(connection: Connection, ids: Sequence[int], moment: datetime) -> dict[int, list[tuple[int, str]]]:
    """By subscriber, what has happened to papers that they have had since their last digest was planned."""
    # The delivery of the last occasion mostly is the last one, is found without looking at the others, and is no later.
    newest = (
        select(delivery.c.window_end)
        .where(delivery.c.subscriber_id == subscriber.c.id)
        .order_by(delivery.c.occasion.desc())
        .limit(1)
        .scalar_subquery()
    )
    happened = (
        select(shown.c.subscriber_id, paper_change.c.paper_id, paper_change.c.kind, paper_change.c.at)
        .select_from(subscriber)
        .join(paper_change, (paper_change.c.at >= newest) & (paper_change.c.at < moment))
        # The sum keeps SQLite from going through all that a subscriber has had.
        .join(shown, (shown.c.subscriber_id == subscriber.c.id) & (shown.c.paper_id == paper_change.c.paper_id + 0))
        .where(among(connection, subscriber.c.id, ids))
        .order_by(paper_change.c.at.desc(), paper_change.c.id)
    )
    rows = connection.execute(happened).all()
    if not rows:
        return {}
    last = dict(
        connection.execute(
            select(delivery.c.subscriber_id, func.max(delivery.c.window_end))
            .where(among(connection, delivery.c.subscriber_id, list({row.subscriber_id for row in rows})))
            .group_by(delivery.c.subscriber_id)
        ).all()
    )
    found: dict[int, list[tuple[int, str]]] = {}
    for subscriber_id, paper_id, kind, at in rows:
        if at >= last[subscriber_id]:
            found.setdefault(subscriber_id, []).append((paper_id, kind))
    return found
