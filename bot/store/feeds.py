"""Concept feeds and their standing queries."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    column,
    delete,
    false,
    func,
    insert,
    select,
    true,
    update,
    values,
)

from bot.errors import UnknownError
from bot.models.columns import UtcDateTime
from bot.models.feeds import CatalogueFeed, CatalogueQuery, FeedRecord
from bot.models.subscribers import Standing
from bot.store.belonging import belongs
from bot.store.bulk import among
from bot.store.engine import Store
from bot.store.tables import concept_feed, feed_entry, source_query, subscriber, subscription


@dataclass(frozen=True, slots=True)
class FeedOverview:
    """A feed with its figures."""

    feed: FeedRecord
    #: Papers that are in it.
    papers: int
    #: Of these, papers that entered in the last seven days.
    week: int
    #: Active subscribers.
    subscribers: int
    #: When the feed was made.
    made_at: datetime
    retired: bool = False


def catalogue(store: Store) -> tuple[CatalogueFeed, ...]:
    """The feeds on offer, as a catalogue file would write them, in the order they were made."""
    with store.reading() as connection:
        return tuple(_catalogue(connection).values())


def apply_catalogue(store: Store, feeds: Sequence[CatalogueFeed], now: datetime) -> None:
    """Make every feed of a catalogue what the catalogue says; others are left as they are."""
    with store.writing(lock="feeds") as connection:
        known = dict(connection.execute(select(concept_feed.c.slug, concept_feed.c.id)).all())
        for feed in feeds:
            values = {
                "name": feed.name,
                "description": feed.description,
                "mesh": list(feed.mesh),
                "synonyms": list(feed.synonyms),
                "exclude": list(feed.exclude),
                "threshold": feed.threshold,
                "field": feed.field,
                "retired_at": None,
            }
            feed_id = known.get(feed.slug)
            if feed_id is None:
                made = (
                    insert(concept_feed).values(slug=feed.slug, created_at=now, **values).returning(concept_feed.c.id)
                )
                feed_id = connection.execute(made).scalar_one()
            else:
                _change(connection, feed_id, values)
            _apply_queries(connection, feed_id, feed.queries)


def _change(connection: Connection, feed_id: int, values: Mapping[str, Any]) -> None:
    there = connection.execute(select(concept_feed).where(concept_feed.c.id == feed_id)).mappings().one()
    connection.execute(update(concept_feed).where(concept_feed.c.id == feed_id).values(**values))
    if any(there[name] != values[name] for name in ("name", "mesh", "synonyms", "exclude", "threshold")):
        # What was not taken before may match now: an answer that has not changed is read again.
        unread = update(source_query).where(source_query.c.feed_id == feed_id)
        connection.execute(unread.values(etag="", last_modified="", next_ask_at=None))


def retire(store: Store, slug: str, now: datetime) -> None:
    """Offer a feed no longer; its papers and subscriptions stay.

    Raises:
        UnknownError: there is no such feed.
    """
    with store.writing(lock="feeds") as connection:
        feed_id = feed_id_of(connection, slug)
        connection.execute(update(concept_feed).where(concept_feed.c.id == feed_id).values(retired_at=now))


def feeds(store: Store) -> tuple[FeedRecord, ...]:
    """The feeds on offer, by name."""
    with store.reading() as connection:
        rows = connection.execute(_records().where(concept_feed.c.retired_at.is_(None)).order_by(concept_feed.c.name))
        return tuple(_record(row) for row in rows)


def every_feed(store: Store) -> dict[int, FeedRecord]:
    """All feeds by id, retired ones too: digests in the outbox may hold them."""
    with store.reading() as connection:
        return {row.id: _record(row) for row in connection.execute(_records())}


def chosen_by(store: Store, subscriber_ids: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """By subscriber, the ids of the feeds that they chose, in their order; whoever chose none is left out."""
    wanted = list(dict.fromkeys(subscriber_ids))
    found: dict[int, list[int]] = {}
    with store.reading() as connection:
        query = (
            select(subscription.c.subscriber_id, subscription.c.feed_id)
            .where(among(connection, subscription.c.subscriber_id, wanted))
            .order_by(subscription.c.position, subscription.c.feed_id)
        )
        for subscriber_id, feed_id in connection.execute(query):
            found.setdefault(subscriber_id, []).append(feed_id)
    return {subscriber_id: tuple(feed_ids) for subscriber_id, feed_ids in found.items()}


def feed(store: Store, slug: str) -> FeedRecord:
    """The feed of that slug, retired or not.

    Raises:
        UnknownError: there is none; it names those there are.
    """
    with store.reading() as connection:
        feed_id = feed_id_of(connection, slug)
        return _record(connection.execute(_records().where(concept_feed.c.id == feed_id)).one())


def overviews(
    store: Store, now: datetime, slug: str | None = None, *, readers: bool = True
) -> tuple[FeedOverview, ...]:
    """Every feed with its figures, by name, retired ones last; or the one of that slug.

    Args:
        readers: whether subscribers are counted; without, there are none, and a hundred thousand need not be read.
    """
    papers = (
        select(
            feed_entry.c.feed_id,
            func.count().label("papers"),
            func.count().filter(feed_entry.c.entered_at >= now - timedelta(days=7)).label("week"),
        )
        .join(concept_feed, concept_feed.c.id == feed_entry.c.feed_id)
        .where(belongs(), *([concept_feed.c.slug == slug] if slug is not None else []))
        .group_by(feed_entry.c.feed_id)
        .subquery()
    )
    counted = (
        select(subscription.c.feed_id, func.count().label("readers"))
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(subscriber.c.standing == Standing.ACTIVE, true() if readers else false())
        .group_by(subscription.c.feed_id)
        .subquery()
    )
    query = (
        _records()
        .add_columns(
            papers.c.papers, papers.c.week, counted.c.readers, concept_feed.c.created_at, concept_feed.c.retired_at
        )
        .outerjoin(papers, papers.c.feed_id == concept_feed.c.id)
        .outerjoin(counted, counted.c.feed_id == concept_feed.c.id)
        .order_by(concept_feed.c.retired_at.isnot(None), concept_feed.c.name)
    )
    if slug is not None:
        query = query.where(concept_feed.c.slug == slug)
    with store.reading() as connection:
        return tuple(
            FeedOverview(
                _record(row),
                row.papers or 0,
                row.week or 0,
                row.readers or 0,
                row.created_at,
                row.retired_at is not None,
            )
            for row in connection.execute(query)
        )


def weekly_counts(store: Store, now: datetime, weeks: int, slug: str | None = None) -> dict[int, tuple[int, ...]]:
    """Papers that entered each feed on offer in each of the last `weeks` weeks, oldest first; or the feed of that slug.

    Weeks are of seven days, half-open, and end at `now`, so that each of them is whole. They are counted by when
    papers entered the feed, and not by dates of publication, of which many lie on the first of January. A feed without
    papers in these weeks is left out.

    A feed's counts begin in the week in which it was made, or its first paper of these weeks entered; or in which a
    query that was added later began to be asked, since what more questions find is no growth.
    """
    ends = [now - timedelta(weeks=back) for back in range(weeks, -1, -1)]
    starts = values(
        column("number", Integer), column("starts", UtcDateTime), column("ends", UtcDateTime), name="week"
    ).data([(number, start, end) for number, (start, end) in enumerate(pairwise(ends))])
    week = starts.cte("week")
    entered = feed_entry.c.entered_at
    # Week by week along the index of feed and time: no row of the table is read, and none is looked at twice.
    in_week = (
        select(func.count())
        .where(feed_entry.c.feed_id == concept_feed.c.id, entered >= week.c.starts, entered < week.c.ends, belongs())
        .scalar_subquery()
    )
    asked = (
        select(func.max(source_query.c.begins_at)).where(source_query.c.feed_id == concept_feed.c.id).scalar_subquery()
    )
    query = (
        select(concept_feed.c.id, concept_feed.c.created_at, asked.label("asked"), in_week.label("papers"))
        .join_from(concept_feed, week, true())
        .where(concept_feed.c.retired_at.is_(None))
        .order_by(concept_feed.c.id, week.c.number)
    )
    if slug is not None:
        query = query.where(concept_feed.c.slug == slug)
    found = {}
    with store.reading() as connection:
        for feed_id, rows in groupby(connection.execute(query).all(), key=lambda row: row.id):
            counts = list(rows)
            papers = tuple(row.papers for row in counts)
            if any(papers):
                found[feed_id] = papers[_beginning(papers, counts[0].created_at, counts[0].asked, ends) :]
    return found


def _beginning(papers: Sequence[int], made: datetime, asked: datetime | None, ends: Sequence[datetime]) -> int:
    """The week in which what can be compared begins."""
    first = next(number for number, count in enumerate(papers) if count)
    from_ = min(first, _week_of(made, ends))
    return max(from_, _week_of(asked, ends)) if asked is not None and asked > made else from_


def _week_of(moment: datetime, ends: Sequence[datetime]) -> int:
    return min(max(bisect_right(ends, moment) - 1, 0), len(ends) - 2)


def _records() -> Select[*tuple[Any, ...]]:
    return select(
        concept_feed.c.id,
        concept_feed.c.slug,
        concept_feed.c.name,
        concept_feed.c.description,
        concept_feed.c.mesh,
        concept_feed.c.synonyms,
        concept_feed.c.exclude,
        concept_feed.c.threshold,
        concept_feed.c.field,
    )


def _record(row: Any) -> FeedRecord:
    return FeedRecord(
        row.id,
        row.slug,
        row.name,
        row.description,
        tuple(row.mesh),
        tuple(row.synonyms),
        tuple(row.exclude),
        row.threshold,
        row.field,
    )


def feed_id_of(connection: Connection, slug: str) -> int:
    """The id of the feed of that slug.

    Raises:
        UnknownError: there is none; it names those there are.
    """
    feed_id: int | None = connection.execute(select(concept_feed.c.id).where(concept_feed.c.slug == slug)).scalar()
    if feed_id is None:
        there = select(concept_feed.c.slug).where(concept_feed.c.retired_at.is_(None)).order_by(concept_feed.c.slug)
        known = connection.execute(there).scalars().all()
        raise UnknownError("feed", slug, known, "" if known else "apply a catalogue first")
    return feed_id


def _catalogue(connection: Connection) -> dict[int, CatalogueFeed]:
    queries: dict[int, list[CatalogueQuery]] = {}
    for feed_id, source, query in connection.execute(
        select(source_query.c.feed_id, source_query.c.source, source_query.c.query).order_by(source_query.c.id)
    ):
        queries.setdefault(feed_id, []).append(CatalogueQuery(source, query))
    rows = connection.execute(_records().where(concept_feed.c.retired_at.is_(None)).order_by(concept_feed.c.id))
    return {
        row.id: CatalogueFeed(
            row.slug,
            row.name,
            row.description,
            tuple(row.mesh),
            tuple(row.synonyms),
            tuple(row.exclude),
            tuple(queries.get(row.id, ())),
            row.threshold,
            row.field,
        )
        for row in rows
    }


def _apply_queries(connection: Connection, feed_id: int, wanted: Sequence[CatalogueQuery]) -> None:
    there = {
        CatalogueQuery(source, query): key
        for key, source, query in connection.execute(
            select(source_query.c.id, source_query.c.source, source_query.c.query).where(
                source_query.c.feed_id == feed_id
            )
        )
    }
    gone = [key for query, key in there.items() if query not in wanted]
    if gone:
        connection.execute(delete(source_query).where(source_query.c.id.in_(gone)))
    new = [{"feed_id": feed_id, "source": q.source, "query": q.query} for q in wanted if q not in there]
    if new:
        connection.execute(insert(source_query), new)
