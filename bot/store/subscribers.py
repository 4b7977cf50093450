"""Subscribers and their choices, one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from bot.errors import UnknownError
from bot.models.deliveries import State
from bot.models.subscribers import Standing, Wish, address_key
from bot.store.engine import Store
from bot.store.tables import concept_feed, delivery, subscriber, subscription


@dataclass(frozen=True, slots=True)
class SubscriberRecord:
    """A subscriber as plain values."""

    id: int
    email: str
    name: str
    standing: str
    wish: Wish
    max_papers: int
    language: str
    next_due: datetime | None
    #: Whether the order of their papers is learned from their votes.
    learns: bool = True
    #: Slugs, in the order of the digest's sections.
    feeds: tuple[str, ...] = ()
    #: By slug, papers in one digest at the most, where there is such a limit.
    caps: Mapping[str, int] = field(default_factory=dict)
    #: When a pause ends by itself, or has ended lately; None where there is none, or one without an end.
    paused_until: datetime | None = None


def subscriber_by_email(store: Store, email: str) -> SubscriberRecord:
    """The subscriber of that address.

    Raises:
        UnknownError: there is none.
    """
    return _one(store, _people().where(subscriber.c.email_key == address_key(email)), email)


def subscriber_by_id(store: Store, subscriber_id: int) -> SubscriberRecord:
    """The subscriber of that id.

    Raises:
        UnknownError: there is none (erased, perhaps).
    """
    return _one(store, _people().where(subscriber.c.id == subscriber_id), str(subscriber_id))


def subscribers(
    store: Store, *, after: int = 0, limit: int = 1000, standing: str | None = None, feed: str | None = None
) -> tuple[SubscriberRecord, ...]:
    """The next `limit` subscribers after an id, in the order of ids."""
    query = _people().where(subscriber.c.id > after).order_by(subscriber.c.id).limit(limit)
    if standing is not None:
        query = query.where(subscriber.c.standing == standing)
    if feed is not None:
        chosen = select(subscription.c.subscriber_id).join(concept_feed).where(concept_feed.c.slug == feed)
        query = query.where(subscriber.c.id.in_(chosen))
    with store.reading() as connection:
        rows = connection.execute(query).all()
        chosen_feeds = _feeds(connection, [row.id for row in rows])
    return tuple(_record(row, chosen_feeds.get(row.id, {})) for row in rows)


def standings(store: Store) -> dict[str, int]:
    """How many subscribers there are of each standing."""
    with store.reading() as connection:
        rows = connection.execute(select(subscriber.c.standing, func.count()).group_by(subscriber.c.standing))
        counts: dict[str, int] = dict(rows.all())
    return {standing.value: counts.get(standing, 0) for standing in Standing}


def deliveries_of(store: Store, subscriber_id: int) -> dict[str, int]:
    """How many deliveries of each state a subscriber has."""
    query = select(delivery.c.state, func.count()).where(delivery.c.subscriber_id == subscriber_id)
    with store.reading() as connection:
        return dict(connection.execute(query.group_by(delivery.c.state)).all())


def last_sent(store: Store, subscriber_id: int) -> datetime | None:
    """When a digest was last handed to the mail server for a subscriber."""
    query = select(func.max(delivery.c.settled_at)).where(
        delivery.c.subscriber_id == subscriber_id, delivery.c.state == State.SENT
    )
    with store.reading() as connection:
        when: datetime | None = connection.execute(query).scalar()
    return when


def _people() -> Select[*tuple[Any, ...]]:
    return select(subscriber)


def _one(store: Store, query: Select[*tuple[Any, ...]], name: str) -> SubscriberRecord:
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
        if row is None:
            raise UnknownError("subscriber", name, mend="see `bot subscribers list`")
        return _record(row, _feeds(connection, [row.id]).get(row.id, {}))


def _feeds(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, int | None]]:
    """By subscriber, feeds in the order of the digest's sections, with their limits."""
    query = (
        select(subscription.c.subscriber_id, concept_feed.c.slug, subscription.c.max_papers)
        .join(concept_feed, concept_feed.c.id == subscription.c.feed_id)
        .where(subscription.c.subscriber_id.in_(ids), concept_feed.c.retired_at.is_(None))
        .order_by(subscription.c.position, concept_feed.c.id)
    )
    found: dict[int, dict[str, int | None]] = {}
    for subscriber_id, slug, max_papers in connection.execute(query):
        found.setdefault(subscriber_id, {})[slug] = max_papers
    return found


def _record(row: Any, feeds: Mapping[str, int | None]) -> SubscriberRecord:
    return SubscriberRecord(
        id=row.id,
        email=row.email,
        name=row.name,
        standing=row.standing,
        wish=Wish(row.cadence, row.weekday, row.hour, row.timezone),
        max_papers=row.max_papers,
        language=row.language,
        next_due=row.next_due,
        learns=row.learns,
        feeds=tuple(feeds),
        caps={slug: most for slug, most in feeds.items() if most is not None},
        paused_until=row.paused_until,
    )
