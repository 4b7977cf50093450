"""Subscribers and their choices, one at a time and whole rosters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, case, delete, func, insert, literal, select, update

from bot.errors import UnknownError
from bot.models.deliveries import State
from bot.models.subscribers import RosterProblem, RosterRow, Standing, Wish, address_key
from bot.store.engine import Store
from bot.store.tables import (
    concept_feed,
    delivery,
    evidence,
    roster_import,
    subscriber,
    subscription,
    suppression,
)


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


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a row of a roster gets where it does not say."""

    wish: Wish
    language: str
    max_papers: int = 12


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a batch of roster rows."""

    added: int
    #: Rows that were not taken, and why.
    problems: tuple[RosterProblem, ...]


def begin_import(store: Store, name: str, now: datetime) -> int:
    """The id under which the rows of a roster file come in."""
    with store.writing() as connection:
        made = insert(roster_import).values(name=name, at=now).returning(roster_import.c.id)
        import_id: int = connection.execute(made).scalar_one()
    return import_id


def import_rows(
    store: Store,
    rows: Sequence[RosterRow],
    *,
    import_id: int,
    how: str,
    defaults: Defaults,
    next_due: Callable[[Wish], datetime],
    now: datetime,
    dry_run: bool = False,
) -> Imported:
    """Add the people of some roster rows, as active: the admin vouches for their consent.

    Nobody comes back this way who has left, is suppressed, or has a roster entry already: those rows
    are reported and change nothing.
    """
    with store.writing(lock="roster") as connection:
        problems, fresh = _sift(connection, rows)
        if dry_run or not fresh:
            return Imported(len(fresh), tuple(problems))
        feed_ids = dict(connection.execute(select(concept_feed.c.slug, concept_feed.c.id)).all())
        people = [_values(row, defaults, next_due, now) | {"roster_import_id": import_id} for row in fresh]
        connection.execute(insert(subscriber), people)
        ids = dict(
            connection.execute(
                select(subscriber.c.email_key, subscriber.c.id).where(
                    subscriber.c.email_key.in_([row.email_key for row in fresh])
                )
            ).all()
        )
        choices = [
            {"subscriber_id": ids[row.email_key], "feed_id": feed_ids[slug], "position": place, "created_at": now}
            for row in fresh
            for place, slug in enumerate(row.feeds or ())
        ]
        if choices:
            connection.execute(insert(subscription), choices)
        connection.execute(
            insert(evidence),
            [{"subscriber_id": ids[row.email_key], "at": now, "what": "imported", "how": how} for row in fresh],
        )
    return Imported(len(fresh), tuple(problems))


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
    return tuple(_record(row, chosen_feeds.get(row.id, ())) for row in rows)


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


def leave(store: Store, subscriber_id: int, now: datetime, how: str) -> bool:
    """Let a subscriber go, in force once this returns; False where there is nobody, or nobody left to go."""
    with store.writing() as connection:
        gone = connection.execute(
            update(subscriber)
            .where(subscriber.c.id == subscriber_id, subscriber.c.standing != Standing.LEFT)
            .values(standing=Standing.LEFT, left_at=now, next_due=None)
        ).rowcount
        if gone:
            connection.execute(insert(evidence).values(subscriber_id=subscriber_id, at=now, what="left", how=how))
    return bool(gone)


def pause(store: Store, subscriber_id: int, now: datetime, how: str) -> bool:
    """Send a subscriber no digests for now, in force once this returns; False for whoever is not active.

    What was planned for them and is not on its way is skipped when it is claimed, and gives its papers back.
    """
    mine = (subscriber.c.id == subscriber_id, subscriber.c.standing == Standing.ACTIVE)
    with store.writing() as connection:
        values = {"standing": Standing.PAUSED, "next_due": None}
        paused = connection.execute(update(subscriber).where(*mine).values(values)).rowcount
        if paused:
            connection.execute(insert(evidence).values(subscriber_id=subscriber_id, at=now, what="paused", how=how))
    return bool(paused)


def resume(store: Store, subscriber_id: int, next_due: Callable[[Wish], datetime], now: datetime, how: str) -> bool:
    """Send a paused subscriber digests again, from where the last one ended; False for whoever is not paused."""
    query = select(subscriber).where(subscriber.c.id == subscriber_id, subscriber.c.standing == Standing.PAUSED)
    with store.writing() as connection:
        row = connection.execute(query.with_for_update()).one_or_none()
        if row is None:
            return False
        values = {"standing": Standing.ACTIVE, "next_due": next_due(_wish(row))}
        connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(values))
        connection.execute(insert(evidence).values(subscriber_id=subscriber_id, at=now, what="resumed", how=how))
    return True


def choose(
    store: Store,
    subscriber_id: int,
    *,
    feeds: Sequence[str],
    wish: Wish,
    max_papers: int,
    next_due: datetime,
    now: datetime,
    how: str,
) -> bool:
    """Write down a subscriber's choices whole: feeds in order, when, how many papers.

    Subscriptions to retired feeds stay, for the day when they are offered again. False, and nothing is
    written, for somebody who has left.

    Raises:
        UnknownError: a feed that there is not.
    """
    # Nothing is due to whoever pauses; `resume` reckons anew.
    due = case((subscriber.c.standing != Standing.PAUSED, literal(next_due, subscriber.c.next_due.type)))
    with store.writing() as connection:
        offered = select(concept_feed.c.slug, concept_feed.c.id).where(concept_feed.c.retired_at.is_(None))
        known: dict[str, int] = dict(connection.execute(offered).all())
        for slug in feeds:
            if slug not in known:
                raise UnknownError("feed", slug, sorted(known))
        there = connection.execute(
            update(subscriber)
            .where(subscriber.c.id == subscriber_id, subscriber.c.standing != Standing.LEFT)
            .values(
                cadence=wish.cadence,
                weekday=wish.weekday,
                hour=wish.hour,
                timezone=wish.timezone,
                max_papers=max_papers,
                next_due=due,
            )
        ).rowcount
        if not there:
            return False
        on_offer = select(concept_feed.c.id).where(concept_feed.c.retired_at.is_(None))
        mine = subscription.c.subscriber_id == subscriber_id
        connection.execute(delete(subscription).where(mine, subscription.c.feed_id.in_(on_offer)))
        rows = [
            {"subscriber_id": subscriber_id, "feed_id": known[slug], "position": place, "created_at": now}
            for place, slug in enumerate(dict.fromkeys(feeds))
        ]
        if rows:
            connection.execute(insert(subscription), rows)
        connection.execute(insert(evidence).values(subscriber_id=subscriber_id, at=now, what="changed", how=how))
    return True


def _sift(connection: Connection, rows: Sequence[RosterRow]) -> tuple[list[RosterProblem], list[RosterRow]]:
    keys = [row.email_key for row in rows]
    there: Mapping[str, str] = dict(
        connection.execute(
            select(subscriber.c.email_key, subscriber.c.standing).where(subscriber.c.email_key.in_(keys))
        ).all()
    )
    barred = set(connection.execute(select(suppression.c.email_key).where(suppression.c.email_key.in_(keys))).scalars())
    problems, fresh, seen = [], [], set()
    for row in rows:
        if row.email_key in there:
            words = "has left; not brought back" if there[row.email_key] == Standing.LEFT else "is a subscriber already"
        elif row.email_key in barred:
            words = "is suppressed; see `bot suppressions why`"
        elif row.email_key in seen:
            words = "stands twice in this file; the first row holds"
        else:
            seen.add(row.email_key)
            fresh.append(row)
            continue
        problems.append(RosterProblem(row.line, row.email, words))
    return problems, fresh


def _values(
    row: RosterRow, defaults: Defaults, next_due: Callable[[Wish], datetime], now: datetime
) -> dict[str, object]:
    wish = row.wish or defaults.wish
    return {
        "email": row.email,
        "email_key": row.email_key,
        "name": row.name,
        "standing": Standing.ACTIVE,
        "cadence": wish.cadence,
        "weekday": wish.weekday,
        "hour": wish.hour,
        "timezone": wish.timezone,
        "max_papers": row.max_papers or defaults.max_papers,
        "language": row.language or defaults.language,
        "next_due": next_due(wish),
        "created_at": now,
    }


def _people() -> Select[*tuple[Any, ...]]:
    return select(subscriber)


def _one(store: Store, query: Select[*tuple[Any, ...]], name: str) -> SubscriberRecord:
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
        if row is None:
            raise UnknownError("subscriber", name, mend="see `bot subscribers list`")
        return _record(row, _feeds(connection, [row.id]).get(row.id, ()))


def _feeds(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    query = (
        select(subscription.c.subscriber_id, concept_feed.c.slug)
        .join(concept_feed, concept_feed.c.id == subscription.c.feed_id)
        .where(subscription.c.subscriber_id.in_(ids), concept_feed.c.retired_at.is_(None))
        .order_by(subscription.c.position, concept_feed.c.id)
    )
    found: dict[int, list[str]] = {}
    for subscriber_id, slug in connection.execute(query):
        found.setdefault(subscriber_id, []).append(slug)
    return {subscriber_id: tuple(slugs) for subscriber_id, slugs in found.items()}


def _wish(row: Any) -> Wish:
    return Wish(row.cadence, row.weekday, row.hour, row.timezone)


def _record(row: Any, feeds: tuple[str, ...]) -> SubscriberRecord:
    return SubscriberRecord(
        id=row.id,
        email=row.email,
        name=row.name,
        standing=row.standing,
        wish=_wish(row),
        max_papers=row.max_papers,
        language=row.language,
        next_due=row.next_due,
        learns=row.learns,
        feeds=feeds,
    )
