"""What is in a feed by one threshold or another, and the stored papers that are just out of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, not_, select

from bot.models.papers import PaperRecord
from bot.store.belonging import belongs, belongs_at
from bot.store.engine import Store
from bot.store.papers import NEWEST_FIRST, EnteredPaper, entered, papers
from bot.store.tables import concept_feed, feed_entry


@dataclass(frozen=True, slots=True)
class Counts:
    """Papers of a feed."""

    #: In it by the feed's own threshold, and by the one that is asked about.
    now: int
    then: int
    #: All that are stored for it.
    stored: int


def counts_at(store: Store, feed_id: int, threshold: float | None) -> Counts:
    """How many papers a threshold lets in."""
    query = (
        select(
            func.count().filter(belongs()).label("now"),
            func.count().filter(belongs_at(threshold)).label("then"),
            func.count().label("stored"),
        )
        .join_from(feed_entry, concept_feed, concept_feed.c.id == feed_entry.c.feed_id)
        .where(feed_entry.c.feed_id == feed_id)
    )
    with store.reading() as connection:
        row = connection.execute(query).one()
    return Counts(row.now, row.then, row.stored)


def inside(store: Store, feed_id: int, threshold: float | None, limit: int) -> tuple[EnteredPaper, ...]:
    """The papers that a threshold lets in, the last that entered first."""
    return entered(store, (feed_entry.c.feed_id == feed_id, belongs_at(threshold)), NEWEST_FIRST, limit)


def below(store: Store, feed_id: int, threshold: float | None, since: datetime, limit: int) -> tuple[EnteredPaper, ...]:
    """The feed's own papers since then that a threshold keeps out, the nearest to it first."""
    if threshold is None:
        return ()
    which = (feed_entry.c.feed_id == feed_id, feed_entry.c.entered_at >= since, not_(belongs_at(threshold)))
    return entered(store, which, (feed_entry.c.relevance.desc(), *NEWEST_FIRST), limit)


def elsewhere(store: Store, feed_id: int, since: datetime, limit: int) -> tuple[tuple[PaperRecord, datetime], ...]:
    """Papers that entered other feeds since then and never this one, with when they last did; the newest first."""
    of_this = feed_entry.alias()
    last = func.max(feed_entry.c.entered_at)
    with store.reading() as connection:
        # By name, so that it goes along the index of feed and time.
        others = connection.execute(select(concept_feed.c.id).where(concept_feed.c.id != feed_id)).scalars().all()
        query = (
            select(feed_entry.c.paper_id, last.label("last"))
            .where(
                feed_entry.c.feed_id.in_(others),
                feed_entry.c.entered_at >= since,
                ~exists().where(of_this.c.feed_id == feed_id, of_this.c.paper_id == feed_entry.c.paper_id),
            )
            .group_by(feed_entry.c.paper_id)
            .order_by(last.desc(), feed_entry.c.paper_id)
            .limit(limit)
        )
        when = {row.paper_id: row.last for row in connection.execute(query)}
    found = papers(store, when)
    return tuple((found[paper_id], at) for paper_id, at in when.items() if paper_id in found)


def other_feeds_of(store: Store, paper_ids: Iterable[int], feed_id: int) -> dict[int, Sequence[str]]:
    """By paper, the slugs of the other feeds that it is in."""
    query = (
        select(feed_entry.c.paper_id, concept_feed.c.slug)
        .join(concept_feed, concept_feed.c.id == feed_entry.c.feed_id)
        .where(feed_entry.c.paper_id.in_(list(paper_ids)), feed_entry.c.feed_id != feed_id, belongs())
        .order_by(concept_feed.c.slug)
    )
    found: dict[int, list[str]] = {}
    with store.reading() as connection:
        for paper_id, slug in connection.execute(query):
            found.setdefault(paper_id, []).append(slug)
    return dict(found)
