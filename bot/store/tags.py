"""The tags of papers: which papers are to be read for them, and what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from bot.models.editions import Edition
from bot.models.papers import AbstractSection, PaperRecord
from bot.models.tags import TEXT_FIELDS
from bot.store.bulk import among
from bot.store.engine import Store
from bot.store.instance import tick
from bot.store.tables import concept_feed, feed_entry, paper, paper_tags


def untagged(store: Store, version: str, since: datetime, limit: int) -> tuple[int, ...]:
    """Papers that entered any feed since then and have no tags, or those of another text or vocabulary; newest first.

    Args:
        version: of the vocabulary that is loaded.
    """
    last = func.max(feed_entry.c.entered_at)
    with store.reading() as connection:
        # By name, so that it goes along the index of feed and time.
        there = connection.execute(select(concept_feed.c.id)).scalars().all()
        query = (
            select(feed_entry.c.paper_id)
            .outerjoin(paper_tags, paper_tags.c.paper_id == feed_entry.c.paper_id)
            .where(
                feed_entry.c.feed_id.in_(there),
                feed_entry.c.entered_at >= since,
                or_(paper_tags.c.of.is_(None), paper_tags.c.of != version),
            )
            .group_by(feed_entry.c.paper_id)
            .order_by(last.desc(), feed_entry.c.paper_id)
            .limit(limit)
        )
        return tuple(connection.execute(query).scalars())


def tag(
    store: Store, tagged: Iterable[tuple[PaperRecord, tuple[str, ...]]], version: str, clock: Callable[[], datetime]
) -> int:
    """Keep the tags of a batch of papers, in one transaction; of how many.

    Papers that have gone or changed since they were read are left out: they are to be read again.

    Args:
        tagged: papers as they were read, with their tags.
        version: of the vocabulary with which they were read.
    """
    by_id = {one.id: (one, names) for one, names in tagged}
    if not by_id:
        return 0
    with store.writing() as connection:
        # Not for the time: whoever changes papers waits here too, so that none changes between the look and the write.
        tick(connection, clock())
        query = select(paper.c.id, *(paper.c[name] for name in TEXT_FIELDS)).where(paper.c.id.in_(list(by_id)))
        rows = []
        for row in connection.execute(query):
            read, names = by_id[row.id]
            abstract = tuple(AbstractSection(*part) for part in row.abstract)
            if (row.title, abstract, tuple(row.keywords)) == (read.title, read.abstract, read.keywords):
                rows.append({"paper_id": row.id, "names": list(names), "of": version})
        if rows:
            these = [row["paper_id"] for row in rows]
            connection.execute(delete(paper_tags).where(paper_tags.c.paper_id.in_(these)))
            connection.execute(insert(paper_tags), rows)
    return len(rows)


def outdate(connection: Connection, paper_id: int, before: Edition, after: Edition) -> None:
    """See that a paper is read again where its text has changed; until then the tags that it has will do."""
    if any(before.values[name] != after.values[name] for name in TEXT_FIELDS):
        connection.execute(update(paper_tags).where(paper_tags.c.paper_id == paper_id).values(of=""))


def tags_of(store: Store, paper_ids: Iterable[int]) -> Mapping[int, tuple[str, ...]]:
    """By paper, its tags, the most telling first; papers without any are left out."""
    wanted = list(dict.fromkeys(paper_ids))
    if not wanted:
        return {}
    with store.reading() as connection:
        found = connection.execute(select(paper_tags).where(among(connection, paper_tags.c.paper_id, wanted)))
        return {row.paper_id: tuple(row.names) for row in found if row.names}


def newest_tags(store: Store, limit: int) -> tuple[tuple[str, ...], ...]:
    """The tags of the papers that were stored last, and have been read."""
    query = select(paper_tags.c.names).order_by(paper_tags.c.paper_id.desc()).limit(limit)
    with store.reading() as connection:
        return tuple(map(tuple, connection.execute(query).scalars()))
