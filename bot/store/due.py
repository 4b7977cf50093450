"""Who is due for a digest, with what composing one needs: read in batches, a few queries for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, select

from bot.models.deliveries import Due
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


def batches(store: Store, at: datetime, *, everyone: bool, at_once: int = AT_ONCE) -> Iterator[list[int]]:
    """Ids of those who are due at `at`, in their order, so many at a time.

    In this order, what is written for a batch lies close together in the tables.

    Args:
        everyone: every active subscriber, due or not.
    """
    last = 0
    while True:
        query = (
            select(subscriber.c.id).where(_due(at, everyone=everyone), subscriber.c.id > last).order_by(subscriber.c.id)
        )
        with store.reading() as connection:
            listed = list(connection.execute(query.limit(LISTED)).scalars())
        for start in range(0, len(listed), at_once):
            yield listed[start : start + at_once]
        if len(listed) < LISTED:
            return
        last = listed[-1]


def dues(
    connection: Connection, ids: Sequence[int], *, at: datetime, everyone: bool, lookback: datetime, moment: datetime
) -> list[Due]:
    """Those of some subscribers who are due now, locked.

    Args:
        everyone: every active subscriber, due or not.
        lookback: where the window of somebody begins who has had no digest yet.
        moment: of planning.
    """
    query = (
        select(
            *subscriber.c["id", "cadence", "weekday", "hour", "timezone", "max_papers", "covered_until"],
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
    feeds = _chosen_feeds(connection, found)
    votes = latest_votes(connection, [row.id for row in rows if row.learns])
    start = min(row.covered_until or lookback for row in rows)
    had = _had(connection, found, {feed for chosen in feeds.values() for feed in chosen}, start)
    updates = _updates(connection, found, moment)
    wishes: dict[tuple[Any, ...], Wish] = {}
    dues = []
    for id_, cadence, weekday, hour, timezone, max_papers, covered_until, suppressed, *_ in rows:
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
            )
        )
    return dues


def voters(store: Store, ids: Sequence[int], lookback: datetime) -> list[Voter]:
    """Those of some subscribers who have voted and let it be learned from.

    They are read without a lock, so that learning, which takes a while, can come before the transaction.

    Args:
        lookback: where the window of somebody begins who has had no digest yet.
    """
    with store.reading() as connection:
        query = select(subscriber.c.id, subscriber.c.covered_until).where(
            among(connection, subscriber.c.id, ids), subscriber.c.learns, _VOTED
        )
        starts = {row.id: row.covered_until or lookback for row in connection.execute(query)}
        votes = latest_votes(connection, sorted(starts))
        feeds = _chosen_feeds(connection, list(votes))
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
    active = subscriber.c.standing == Standing.ACTIVE
    return active if everyone else active & (subscriber.c.next_due <= at)


def _chosen_feeds(connection: Connection, ids: Sequence[int]) -> dict[int, list[int]]:
    """By subscriber, feeds in the order of the digest's sections."""
    feeds: dict[int, list[int]] = {}
    if not ids:
        return feeds
    chosen = (
        select(subscription.c.subscriber_id, subscription.c.feed_id)
        .join(concept_feed, concept_feed.c.id == subscription.c.feed_id)
        .where(among(connection, subscription.c.subscriber_id, ids), concept_feed.c.retired_at.is_(None))
        .order_by(subscription.c.position, subscription.c.feed_id)
    )
    for subscriber_id, feed_id in connection.execute(chosen).all():
        feeds.setdefault(subscriber_id, []).append(feed_id)
    return feeds


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
