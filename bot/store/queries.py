"""Standing queries: what to ask, how each is doing, and what is written down after a round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bot.models.feeds import Health, StandingQuery
from bot.store.engine import Store
from bot.store.feeds import feed_id_of
from bot.store.tables import alarm, concept_feed, source_query

#: What an admin is told of.
ILL = frozenset({Health.STALE, Health.FAILING})


@dataclass(frozen=True, slots=True)
class QueryState:
    """A query as it stands, for an admin."""

    query: StandingQuery
    #: Why it is failing or stale.
    error: str
    asked_at: datetime | None
    #: Whether its feed is offered no more, so that it is not asked.
    retired: bool = False


def standing_queries(store: Store, slug: str | None = None) -> tuple[StandingQuery, ...]:
    """The queries of the feeds on offer, or of one feed.

    Raises:
        UnknownError: there is no feed of that slug.
    """
    return tuple(state.query for state in query_states(store, slug) if not state.retired)


def query_states(store: Store, slug: str | None = None) -> tuple[QueryState, ...]:
    """The queries of the feeds on offer with their health, or of one feed, retired or not.

    Raises:
        UnknownError: there is no feed of that slug.
    """
    query = (
        select(source_query, concept_feed.c.slug, concept_feed.c.retired_at)
        .join(concept_feed, concept_feed.c.id == source_query.c.feed_id)
        .order_by(source_query.c.id)
    )
    with store.reading() as connection:
        if slug is None:
            query = query.where(concept_feed.c.retired_at.is_(None))
        else:
            query = query.where(concept_feed.c.id == feed_id_of(connection, slug))
        return tuple(
            QueryState(_standing(row), row.error, row.asked_at, row.retired_at is not None)
            for row in connection.execute(query)
        )


def out_of_reach(connection: Connection, feed_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """By feed, the sources whose last answer to it was not whole."""
    query = (
        select(source_query.c.feed_id, source_query.c.source)
        .where(source_query.c.feed_id.in_(list(feed_ids)), source_query.c.health == Health.FAILING)
        .order_by(source_query.c.id)
    )
    found: dict[int, dict[str, None]] = {}
    for feed_id, source in connection.execute(query):
        found.setdefault(feed_id, {})[source] = None
    return {feed_id: tuple(sources) for feed_id, sources in found.items()}


def note_beginnings(store: Store, asked: Sequence[StandingQuery], begins_at: datetime) -> tuple[StandingQuery, ...]:
    """The queries, those that were never asked with the time from when they are; it is written down."""
    new = [query.id for query in asked if query.begins_at is None and query.watermark is None]
    if not new:
        return tuple(asked)
    with store.writing() as connection:
        first = source_query.c.id.in_(new) & source_query.c.begins_at.is_(None)
        connection.execute(update(source_query).where(first).values(begins_at=begins_at))
    return tuple(replace(query, begins_at=begins_at) if query.id in new else query for query in asked)


def note_round(
    store: Store,
    before: StandingQuery,
    after: StandingQuery,
    words: str | None,
    now: datetime,
    *,
    watermark: datetime | None = None,
    validators: tuple[str, str] | None = None,
) -> None:
    """Write down a query's round; an alarm is raised where it turned stale or failing, or recovered.

    Args:
        before: as it was when the round began.
        after: as the round left it.
        words: why it is stale or failing; empty where it is neither, None to leave it.
        now: when the round ended.
        watermark: up to where everything has been read whole; None where nothing was. It only moves forward.
        validators: ETag and Last-Modified of the answer, where it was whole and new.
    """
    values: dict[str, object] = {
        "health": after.health,
        "health_since": after.since,
        "failures": after.failures,
        "asked_at": now,
        "brought_at": after.brought_at,
        "newest": after.newest,
        "habit": list(after.habit),
        "batch": after.batch,
        "batch_since": after.batch_since,
        "next_ask_at": after.next_ask_at,
    }
    if words is not None:
        values["error"] = words[:500]
    this = source_query.c.id == before.id
    with store.writing() as connection:
        there = connection.execute(select(source_query).where(this).with_for_update()).one_or_none()
        if there is None:
            # The catalogue was changed meanwhile.
            return
        # Where they were cleared meanwhile, the feed's terms have changed: the next answer is to be read again.
        if validators is not None and (there.etag, there.last_modified) == (before.etag, before.last_modified):
            values |= {"etag": validators[0], "last_modified": validators[1]}
        if watermark is not None and (there.watermark is None or watermark > there.watermark):
            values["watermark"] = watermark
        connection.execute(update(source_query).where(this).values(**values))
        if there.health != after.health and (after.health in ILL or there.health in ILL):
            connection.execute(
                insert(alarm).values(
                    at=now,
                    feed=before.slug,
                    source=before.source,
                    query=before.query,
                    health=after.health,
                    # Since when it has been ill; a recovery tells since when it was.
                    since=after.since if after.health in ILL else there.health_since,
                    words=(words or "")[:500],
                    due_at=now,
                )
            )


def _standing(row: Any) -> StandingQuery:
    return StandingQuery(
        id=row.id,
        feed_id=row.feed_id,
        slug=row.slug,
        source=row.source,
        query=row.query,
        watermark=row.watermark,
        health=row.health,
        failures=row.failures,
        begins_at=row.begins_at,
        since=row.health_since,
        brought_at=row.brought_at,
        newest=row.newest,
        habit=tuple(row.habit),
        batch=row.batch,
        batch_since=row.batch_since,
        etag=row.etag,
        last_modified=row.last_modified,
        next_ask_at=row.next_ask_at,
    )
