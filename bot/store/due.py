"""Who is due for a digest, with what composing one needs: read in batches, a few queries for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, func, select

from bot.models.deliveries import Due
from bot.models.subscribers import Standing, Wish
from bot.models.votes import CastVote
from bot.store.belonging import belongs
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
)
from bot.store.votes import latest_votes


@dataclass(frozen=True, slots=True)
class Voter:
    """Somebody of the next batch from whose votes is learned."""

    subscriber_id: int
    feed_ids: tuple[int, ...]
    votes: tuple[CastVote, ...]
    #: Where the window begins.
    start: datetime


def dues(
    connection: Connection,
    at: datetime,
    everyone: bool,
    after: int | None,
    limit: int,
    lookback: datetime,
    only: int | None,
    moment: datetime,
) -> tuple[list[Due], int | None]:
    """The next `limit` subscribers who are due, locked; and the last one's id, None where there are no more.

    Args:
        everyone: every active subscriber, due or not.
        after: None where whoever is planned is due no more, so that the first ones are the next.
        lookback: where the window of somebody begins who has had no digest yet.
        only: nobody but this subscriber.
        moment: of planning.
    """
    rows = connection.execute(_whom(at, everyone, after, only).limit(limit).with_for_update(of=subscriber)).all()
    ids = [row.id for row in rows]
    feeds = _chosen_feeds(connection, ids)
    votes = latest_votes(connection, [row.id for row in rows if row.learns])
    start = min((row.covered_until or lookback for row in rows), default=lookback)
    had: dict[int, set[int]] = {}
    before = select(shown.c.subscriber_id, shown.c.paper_id).where(
        shown.c.subscriber_id.in_(ids),
        shown.c.paper_id.in_(select(feed_entry.c.paper_id).where(feed_entry.c.entered_at >= start)),
    )
    for subscriber_id, paper_id in connection.execute(before):
        had.setdefault(subscriber_id, set()).add(paper_id)
    updates = _updates(connection, ids, moment)
    found = [
        Due(
            subscriber_id=row.id,
            wish=Wish(row.cadence, row.weekday, row.hour, row.timezone),
            max_papers=row.max_papers,
            covered_until=row.covered_until,
            feed_ids=tuple(feeds.get(row.id, ())),
            suppressed=row.suppressed,
            shown=frozenset(had.get(row.id, ())),
            updates=tuple(updates.get(row.id, ())),
            votes=votes.get(row.id, ()),
        )
        for row in rows
    ]
    return found, (ids[-1] if len(ids) == limit else None)


def voters(
    store: Store,
    *,
    at: datetime,
    everyone: bool,
    lookback: datetime,
    after: int | None = None,
    limit: int = 500,
    only: int | None = None,
) -> list[Voter]:
    """Those of the next batch of `bot.store.planning.plan_batch` who have voted and let it be learned from.

    They are read without a lock, so that learning, which takes a while, can come before the transaction. Whoever
    plans at the same time may make the batch another one.

    Args:
        after: None where whoever is planned is due no more.
    """
    with store.reading() as connection:
        whom = _whom(at, everyone, after, only).limit(limit)
        rows = connection.execute(
            whom.with_only_columns(subscriber.c.id, subscriber.c.covered_until, subscriber.c.learns)
        ).all()
        starts = {row.id: row.covered_until or lookback for row in rows if row.learns}
        votes = latest_votes(connection, list(starts))
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


def _whom(at: datetime, everyone: bool, after: int | None, only: int | None) -> Select[*tuple[Any, ...]]:
    query = select(
        subscriber,
        exists().where(suppression.c.email_key == subscriber.c.email_key).label("suppressed"),
    ).where(subscriber.c.standing == Standing.ACTIVE)
    if not everyone:
        query = query.where(subscriber.c.next_due <= at)
    if only is not None:
        query = query.where(subscriber.c.id == only)
    # Whoever is planned on their own clock is due no more; everyone else needs a place to go on from.
    if after is None:
        return query.order_by(subscriber.c.next_due, subscriber.c.id)
    return query.where(subscriber.c.id > after).order_by(subscriber.c.id)


def _chosen_feeds(connection: Connection, ids: Sequence[int]) -> dict[int, list[int]]:
    """By subscriber, feeds in the order of the digest's sections."""
    feeds: dict[int, list[int]] = {}
    chosen = (
        select(subscription.c.subscriber_id, subscription.c.feed_id)
        .join(concept_feed, concept_feed.c.id == subscription.c.feed_id)
        .where(subscription.c.subscriber_id.in_(ids), concept_feed.c.retired_at.is_(None))
        .order_by(subscription.c.position, subscription.c.feed_id)
    )
    for subscriber_id, feed_id in connection.execute(chosen):
        feeds.setdefault(subscriber_id, []).append(feed_id)
    return feeds


def _updates(connection: Connection, ids: Sequence[int], moment: datetime) -> dict[int, list[tuple[int, str]]]:
    """By subscriber, what has happened to papers that they have had since their last digest was planned."""
    last = dict(
        connection.execute(
            select(delivery.c.subscriber_id, func.max(delivery.c.window_end))
            .where(delivery.c.subscriber_id.in_(ids))
            .group_by(delivery.c.subscriber_id)
        ).all()
    )
    if not last:
        return {}
    happened = (
        select(shown.c.subscriber_id, paper_change.c.paper_id, paper_change.c.kind, paper_change.c.at)
        .join(shown, shown.c.paper_id == paper_change.c.paper_id)
        .where(
            shown.c.subscriber_id.in_(list(last)),
            paper_change.c.at >= min(last.values()),
            paper_change.c.at < moment,
        )
        .order_by(paper_change.c.at.desc(), paper_change.c.id)
    )
    found: dict[int, list[tuple[int, str]]] = {}
    for subscriber_id, paper_id, kind, at in connection.execute(happened):
        if at >= last[subscriber_id]:
            found.setdefault(subscriber_id, []).append((paper_id, kind))
    return found
