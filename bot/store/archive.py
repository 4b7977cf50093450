"""What pages show beside the newest papers: one paper with all that is known of it, and the weeks of a feed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from bot.models.feeds import FeedRecord
from bot.models.papers import Identifier, PaperRecord
from bot.store.belonging import belongs
from bot.store.engine import Store
from bot.store.feeds import feeds
from bot.store.papers import NEWEST_FIRST, EnteredPaper, entered, identifiers, papers
from bot.store.tables import concept_feed, feed_entry, paper, paper_change, paper_merge, sighting

#: Of a feed, by which others are found to be related to it.
_LOOKED_AT = 2_000


@dataclass(frozen=True, slots=True)
class Told:
    """That a source has told of a paper, in one of its forms."""

    source: str
    #: The source's own name for the record, `pubmed:123`.
    name: str
    preprint: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class PaperWhole:
    """A paper with all that a page tells of it."""

    paper: PaperRecord
    #: The highest that a source counts.
    version: int
    identifiers: tuple[Identifier, ...]
    #: The first that told first; each source's forms of it once.
    told: tuple[Told, ...]
    #: What happened to it after it had entered a feed: a kind of `PaperChange`, and when.
    changes: tuple[tuple[str, datetime], ...]
    #: Feeds on offer that it is in, by name.
    feeds: tuple[FeedRecord, ...]


def paper_whole(store: Store, paper_id: int) -> PaperWhole | None:
    """The paper of that id; None where there is none, or it was merged into another."""
    offered = {feed.id: feed for feed in feeds(store)}
    found = papers(store, [paper_id]).get(paper_id)
    if found is None or found.id != paper_id:
        return None
    with store.reading() as connection:
        version = connection.execute(select(paper.c.version).where(paper.c.id == paper_id)).scalar() or 1
        seen = connection.execute(
            select(sighting.c.source, sighting.c.name, sighting.c.preprint, func.min(sighting.c.seen_at).label("at"))
            .where(sighting.c.paper_id == paper_id)
            .group_by(sighting.c.source, sighting.c.name, sighting.c.preprint)
            .order_by(func.min(sighting.c.seen_at), sighting.c.source, sighting.c.name)
        ).all()
        changes = connection.execute(
            select(paper_change.c.kind, paper_change.c.at)
            .where(paper_change.c.paper_id == paper_id)
            .order_by(paper_change.c.at)
        ).all()
        places = connection.execute(
            select(feed_entry.c.feed_id)
            .join(concept_feed, concept_feed.c.id == feed_entry.c.feed_id)
            .where(feed_entry.c.paper_id == paper_id, belongs())
        ).scalars()
        shown = {feed_id for feed_id in places if feed_id in offered}
        names = identifiers(connection, [paper_id]).get(paper_id, ())
    return PaperWhole(
        found,
        version,
        names,
        tuple(Told(row.source, row.name, row.preprint, row.at) for row in seen),
        tuple((row.kind, row.at) for row in changes),
        tuple(feed for feed in offered.values() if feed.id in shown),
    )


def now_in(store: Store, paper_id: int) -> int | None:
    """The paper that what had this id has become a part of; None where there is no such thing."""
    with store.reading() as connection:
        found: int | None = connection.execute(
            select(paper_merge.c.paper_id).where(paper_merge.c.merged_id == paper_id)
        ).scalar()
    return found


def entry_times(store: Store, feed_id: int) -> tuple[datetime, ...]:
    """When each paper of a feed entered it, the last first."""
    with store.reading() as connection:
        query = (
            select(feed_entry.c.entered_at)
            .join(concept_feed, concept_feed.c.id == feed_entry.c.feed_id)
            .where(feed_entry.c.feed_id == feed_id, belongs())
            .order_by(feed_entry.c.entered_at.desc())
        )
        return tuple(connection.execute(query).scalars())


def entered_within(
    store: Store, feed_id: int, start: datetime, end: datetime, limit: int, offset: int = 0
) -> tuple[EnteredPaper, ...]:
    """Papers that entered a feed in the half-open window, the last first."""
    window = (feed_entry.c.entered_at >= start, feed_entry.c.entered_at < end)
    return entered(store, (feed_entry.c.feed_id == feed_id, belongs(), *window), NEWEST_FIRST, limit, offset)


def related_feeds(store: Store, feed: FeedRecord, limit: int) -> tuple[FeedRecord, ...]:
    """Feeds on offer that have most papers in common with a feed's newest, then those of its field."""
    offered = {one.id: one for one in feeds(store) if one.id != feed.id}
    newest = (
        select(feed_entry.c.paper_id)
        .where(feed_entry.c.feed_id == feed.id)
        .order_by(feed_entry.c.entered_at.desc())
        .limit(_LOOKED_AT)
        .subquery()
    )
    query = (
        select(feed_entry.c.feed_id)
        .join(newest, newest.c.paper_id == feed_entry.c.paper_id)
        .join(concept_feed, concept_feed.c.id == feed_entry.c.feed_id)
        .where(belongs(), feed_entry.c.feed_id != feed.id)
        .group_by(feed_entry.c.feed_id)
        .order_by(func.count().desc(), feed_entry.c.feed_id)
    )
    with store.reading() as connection:
        shared = [feed_id for feed_id in connection.execute(query).scalars() if feed_id in offered]
    same = [one.id for one in offered.values() if feed.field and one.field == feed.field]
    return tuple(offered[feed_id] for feed_id in list(dict.fromkeys([*shared, *same]))[:limit])
