"""Papers, their identifiers and their places in feeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.models.papers import (
    AbstractSection,
    Announcement,
    Author,
    Finding,
    Identifier,
    MeshHeading,
    PaperRecord,
)
from bot.store.engine import Store
from bot.store.instance import tick
from bot.store.tables import feed_entry, paper, paper_identifier, subscription

#: Identifiers looked up in one statement; SQLite takes 32,766 values in one, and each is two.
LOOKUP = 5000


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a batch of findings."""

    #: Papers that are new to the feed.
    new: int
    #: Papers that the feed had.
    seen: int
    #: Papers that were new altogether.
    papers: int


@dataclass(frozen=True, slots=True)
class EnteredPaper:
    """A paper with its place in a feed."""

    paper: PaperRecord
    identifiers: tuple[Identifier, ...]
    entered_at: datetime
    relevance: float
    why: str


def save(store: Store, feed_id: int, findings: Sequence[Finding], clock: Callable[[], datetime]) -> Saved:
    """Put a batch of findings into a feed, each paper once, in one transaction.

    A paper that is known by any of its identifiers is not made again; what an announcement adds to
    it (an abstract, headings, a further identifier) is kept.
    """
    if not findings:
        return Saved(0, 0, 0)
    with store.writing() as connection:
        now = tick(connection, clock())
        known = _known(connection, (i for f in findings for i in f.announcement.identifiers))
        places: dict[int, Finding] = {}
        made = 0
        for finding in findings:
            ids = finding.announcement.identifiers
            paper_id = next((known[i] for i in ids if i in known), None)
            if paper_id is None:
                paper_id = _make(connection, finding.announcement, now)
                made += 1
            else:
                _enrich(connection, paper_id, finding.announcement)
            fresh = [i for i in dict.fromkeys(ids) if i not in known]
            if fresh:
                connection.execute(
                    insert(paper_identifier),
                    [{"scheme": i.scheme, "value": i.value, "paper_id": paper_id} for i in fresh],
                )
                known |= dict.fromkeys(fresh, paper_id)
            places.setdefault(paper_id, finding)
        new = _enter(connection, feed_id, places, now)
    return Saved(new, len(places) - new, made)


def papers(store: Store, ids: Iterable[int]) -> dict[int, PaperRecord]:
    """The papers of those ids, by id; missing ones are left out."""
    wanted = list(dict.fromkeys(ids))
    with store.reading() as connection:
        rows = connection.execute(select(paper).where(paper.c.id.in_(wanted))) if wanted else ()
        return {row.id: _record(row) for row in rows}


def newest(store: Store, feed_id: int, limit: int = 20, offset: int = 0) -> tuple[EnteredPaper, ...]:
    """A feed's papers, the last that entered first."""
    query = (
        select(paper, feed_entry.c.entered_at, feed_entry.c.relevance, feed_entry.c.why)
        .join(feed_entry, feed_entry.c.paper_id == paper.c.id)
        .where(feed_entry.c.feed_id == feed_id)
        .order_by(
            feed_entry.c.entered_at.desc(),
            paper.c.indexed.desc().nulls_last(),
            feed_entry.c.relevance.desc(),
            paper.c.id,
        )
        .limit(limit)
        .offset(offset)
    )
    with store.reading() as connection:
        rows = connection.execute(query).all()
        names = identifiers(connection, [row.id for row in rows])
    return tuple(
        EnteredPaper(_record(row), names.get(row.id, ()), row.entered_at, row.relevance, row.why) for row in rows
    )


def chosen_feeds_of(store: Store, ids: Sequence[int], subscriber_id: int) -> dict[int, tuple[int, ...]]:
    """By paper id, every feed that has the paper and that the subscriber chose."""
    query = (
        select(feed_entry.c.paper_id, feed_entry.c.feed_id)
        .join(subscription, subscription.c.feed_id == feed_entry.c.feed_id)
        .where(feed_entry.c.paper_id.in_(ids), subscription.c.subscriber_id == subscriber_id)
        .order_by(subscription.c.position, feed_entry.c.feed_id)
    )
    found: dict[int, list[int]] = {}
    with store.reading() as connection:
        for paper_id, feed_id in connection.execute(query):
            found.setdefault(paper_id, []).append(feed_id)
    return {paper_id: tuple(feed_ids) for paper_id, feed_ids in found.items()}


def identifiers(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[Identifier, ...]]:
    """The identifiers of some papers, by paper id."""
    found: dict[int, list[Identifier]] = {}
    query = select(paper_identifier).where(paper_identifier.c.paper_id.in_(ids)).order_by(paper_identifier.c.scheme)
    for row in connection.execute(query):
        found.setdefault(row.paper_id, []).append(Identifier(row.scheme, row.value))
    return {paper_id: tuple(names) for paper_id, names in found.items()}


def _known(connection: Connection, wanted: Iterable[Identifier]) -> dict[Identifier, int]:
    names = list(dict.fromkeys(wanted))
    pair = tuple_(paper_identifier.c.scheme, paper_identifier.c.value)
    found: dict[Identifier, int] = {}
    for start in range(0, len(names), LOOKUP):
        part = [tuple(name) for name in names[start : start + LOOKUP]]
        for row in connection.execute(select(paper_identifier).where(pair.in_(part))):
            found[Identifier(row.scheme, row.value)] = row.paper_id
    return found


def _make(connection: Connection, found: Announcement, now: datetime) -> int:
    made = insert(paper).values(**_columns(found), source=found.source, first_seen_at=now).returning(paper.c.id)
    paper_id: int = connection.execute(made).scalar_one()
    return paper_id


def _enrich(connection: Connection, paper_id: int, found: Announcement) -> None:
    """Take over an announcement that says more than what is stored: an abstract or headings that were missing."""
    if not (found.abstract or found.mesh):
        return
    there = connection.execute(select(paper.c.abstract, paper.c.mesh).where(paper.c.id == paper_id)).one()
    if (found.abstract and not there.abstract) or (found.mesh and not there.mesh):
        values = {name: value for name, value in _columns(found).items() if value}
        connection.execute(update(paper).where(paper.c.id == paper_id).values(**values))


def _enter(connection: Connection, feed_id: int, places: Mapping[int, Finding], now: datetime) -> int:
    """Make feed entries where there are none; how many were made."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    there = select(feed_entry.c.paper_id).where(
        feed_entry.c.feed_id == feed_id, feed_entry.c.paper_id.in_(list(places))
    )
    known = set(connection.execute(there).scalars())
    rows = [
        {
            "feed_id": feed_id,
            "paper_id": paper_id,
            "entered_at": finding.entered_at or now,
            "relevance": finding.relevance,
            "why": finding.why,
        }
        for paper_id, finding in places.items()
        if paper_id not in known
    ]
    if rows:
        connection.execute(dialect.insert(feed_entry).on_conflict_do_nothing(), rows)
    return len(rows)


def _columns(found: Announcement) -> dict[str, Any]:
    return {
        "title": found.title,
        "url": found.url,
        "abstract": [list(section) for section in found.abstract],
        "authors": [list(author) for author in found.authors],
        "journal": found.journal,
        "keywords": list(found.keywords),
        "mesh": [list(heading) for heading in found.mesh],
        "publication_types": list(found.publication_types),
        "published": found.published,
        "indexed": found.indexed,
        "language": found.language,
    }


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
    )
