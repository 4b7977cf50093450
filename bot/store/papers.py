"""Papers, their identifiers and their places in feeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from bot.models.papers import AbstractSection, Author, Identifier, Mark, MeshHeading, PaperRecord
from bot.store.belonging import belongs
from bot.store.bulk import among
from bot.store.engine import Store
from bot.store.tables import concept_feed, feed_entry, paper, paper_identifier, paper_merge


@dataclass(frozen=True, slots=True)
class EnteredPaper:
    """A paper with its place in a feed."""

    paper: PaperRecord
    identifiers: tuple[Identifier, ...]
    entered_at: datetime
    relevance: float
    why: str


def papers(store: Store, ids: Iterable[int]) -> dict[int, PaperRecord]:
    """The papers of those ids, by the id asked for; missing ones are left out.

    What was merged into another paper since is that paper.
    """
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    with store.reading() as connection:
        query = select(paper).where(among(connection, paper.c.id, wanted))
        found = {row.id: _record(row) for row in connection.execute(query)}
        missing = [paper_id for paper_id in wanted if paper_id not in found]
        if missing:
            now_in = paper_merge.join(paper, paper.c.id == paper_merge.c.paper_id)
            merged = select(paper_merge.c.merged_id, paper).select_from(now_in)
            for row in connection.execute(merged.where(among(connection, paper_merge.c.merged_id, missing))):
                found[row.merged_id] = _record(row)
        return found


#: The last that entered comes first, and of one batch the last that was indexed.
NEWEST_FIRST = (
    feed_entry.c.entered_at.desc(),
    paper.c.indexed.desc().nulls_last(),
    feed_entry.c.relevance.desc(),
    paper.c.id,
)


def newest(store: Store, feed_id: int, limit: int = 20, offset: int = 0) -> tuple[EnteredPaper, ...]:
    """The papers that are in a feed, the last that entered first."""
    return entered(store, (feed_entry.c.feed_id == feed_id, belongs()), NEWEST_FIRST, limit, offset)


def entered(
    store: Store, which: Sequence[ColumnElement[bool]], order: Sequence[ColumnElement[Any]], limit: int, offset: int = 0
) -> tuple[EnteredPaper, ...]:
    """Papers with their places in feeds, as conditions on `feed_entry` and `concept_feed` choose and order them."""
    query = (
        select(paper, feed_entry.c.entered_at, feed_entry.c.relevance, feed_entry.c.why)
        .join(feed_entry, feed_entry.c.paper_id == paper.c.id)
        .join(concept_feed, concept_feed.c.id == feed_entry.c.feed_id)
        .where(*which)
        .order_by(*order)
        .limit(limit)
        .offset(offset)
    )
    with store.reading() as connection:
        rows = connection.execute(query).all()
        names = identifiers(connection, [row.id for row in rows])
    return tuple(
        EnteredPaper(_record(row), names.get(row.id, ()), row.entered_at, row.relevance, row.why) for row in rows
    )


def feeds_of(store: Store, ids: Iterable[int]) -> dict[int, frozenset[int]]:
    """By paper id, every feed that has the paper; papers that are in none are left out."""
    wanted = list(dict.fromkeys(ids))
    found: dict[int, set[int]] = {}
    with store.reading() as connection:
        query = (
            select(feed_entry.c.paper_id, feed_entry.c.feed_id)
            .join(concept_feed, concept_feed.c.id == feed_entry.c.feed_id)
            .where(among(connection, feed_entry.c.paper_id, wanted), belongs())
        )
        for paper_id, feed_id in connection.execute(query):
            found.setdefault(paper_id, set()).add(feed_id)
    return {paper_id: frozenset(feed_ids) for paper_id, feed_ids in found.items()}


def why(store: Store, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """By feed id and paper id, why the paper is in the feed, in words."""
    wanted = set(places)
    with store.reading() as connection:
        query = select(feed_entry.c.feed_id, feed_entry.c.paper_id, feed_entry.c.why).where(
            among(connection, feed_entry.c.feed_id, sorted({feed for feed, _ in wanted})),
            among(connection, feed_entry.c.paper_id, sorted({paper for _, paper in wanted})),
        )
        rows = connection.execute(query).all()
    return {(row.feed_id, row.paper_id): row.why for row in rows if (row.feed_id, row.paper_id) in wanted}


def free_to_read(store: Store, ids: Iterable[int]) -> frozenset[int]:
    """Those of some papers whose full text is free to read: PubMed Central has it."""
    wanted = list(dict.fromkeys(ids))
    with store.reading() as connection:
        query = select(paper_identifier.c.paper_id).where(
            among(connection, paper_identifier.c.paper_id, wanted), paper_identifier.c.scheme == "pmcid"
        )
        return frozenset(connection.execute(query).scalars())


def identifiers(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[Identifier, ...]]:
    """The identifiers of some papers, by paper id."""
    found: dict[int, list[Identifier]] = {}
    query = select(paper_identifier).where(paper_identifier.c.paper_id.in_(ids)).order_by(paper_identifier.c.scheme)
    for row in connection.execute(query):
        found.setdefault(row.paper_id, []).append(Identifier(row.scheme, row.value))
    return {paper_id: tuple(names) for paper_id, names in found.items()}


def names_of(store: Store, ids: Sequence[int]) -> dict[int, tuple[Identifier, ...]]:
    """The identifiers of some papers, by paper id."""
    with store.reading() as connection:
        return identifiers(connection, ids)


def named(store: Store, names: Sequence[Identifier]) -> int | None:
    """The id of the paper that the first known one of some identifiers names; None where none is known."""
    with store.reading() as connection:
        for name in names:
            mine = paper_identifier.c.scheme == name.scheme, paper_identifier.c.value == name.value
            found: int | None = connection.execute(select(paper_identifier.c.paper_id).where(*mine)).scalar()
            if found is not None:
                return found
    return None


def _record(row: Any) -> PaperRecord:
    return PaperRecord(
        id=row.id,
        title=row.title,
        url=row.url,
        abstract=tuple(AbstractSection(*part) for part in row.abstract),
        authors=tuple(Author(*author) for author in row.authors),
        journal=row.journal,
        keywords=tuple(row.keywords),
        mesh=tuple(MeshHeading(*heading) for heading in row.mesh),
        publication_types=tuple(row.publication_types),
        published=row.published,
        language=row.language,
        source=row.source,
        preprint=row.preprint,
        marks=tuple(Mark(mark) for mark in row.marks),
    )
