"""Why things are as they are: what is known of a paper, by whom, and how it came to be one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from bot.errors import UnknownError
from bot.models.papers import Identifier, PaperRecord
from bot.store.belonging import belongs
from bot.store.engine import Store
from bot.store.papers import identifiers, papers
from bot.store.tables import (
    concept_feed,
    feed_entry,
    paper,
    paper_change,
    paper_identifier,
    paper_merge,
    paper_notice,
    sighting,
    withdrawn_record,
)
from bot.store.tags import tags_of


@dataclass(frozen=True, slots=True)
class SeenAs:
    """One announcement of a paper."""

    source: str
    name: str
    names: tuple[str, ...]
    preprint: bool
    #: By what the paper was recognised.
    how: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MergedFrom:
    """Another stored paper that turned out to be this one."""

    paper_id: int
    title: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PlaceInFeed:
    """Where a paper is shown, and why."""

    feed: str
    entered_at: datetime
    relevance: float
    why: str
    #: The feed's own threshold, and whether readers get the paper by it.
    threshold: float | None = None
    shown: bool = True


@dataclass(frozen=True, slots=True)
class PaperStory:
    """All that is known of how a paper came to be as it is."""

    paper: PaperRecord
    first_seen_at: datetime
    identifiers: tuple[Identifier, ...]
    sightings: tuple[SeenAs, ...]
    merges: tuple[MergedFrom, ...]
    #: What happened to it: (kind, when).
    changes: tuple[tuple[str, datetime], ...]
    #: Notices about it: (mark, by whom).
    notices: tuple[tuple[str, str], ...]
    feeds: tuple[PlaceInFeed, ...]
    #: By field, the source that it is of.
    fields: dict[str, str]
    #: What its text tells most; empty where it tells nothing, or was not read.
    tags: tuple[str, ...] = ()


def paper_story(store: Store, names: Sequence[Identifier], number: int | None, asked: str) -> PaperStory:
    """What is known of the paper that one of `names` or its own number names.

    Args:
        asked: how the admin put it.

    Raises:
        UnknownError: there is no such paper; it says so where there was one.
    """
    with store.reading() as connection:
        paper_id = _find(connection, names, number)
        if paper_id is None:
            mend = "write a DOI, a PMID, a PMCID, an arXiv id or the number that `bot feeds preview --json` shows"
            gone = _withdrawn(connection, names)
            raise UnknownError("paper", asked, mend=f"{gone} has taken that record back" if gone else mend)
        row = connection.execute(select(paper).where(paper.c.id == paper_id)).one()
        named = identifiers(connection, [paper_id]).get(paper_id, ())
        seen = connection.execute(
            select(sighting).where(sighting.c.paper_id == paper_id).order_by(sighting.c.seen_at, sighting.c.source)
        ).all()
        merges = connection.execute(
            select(paper_merge).where(paper_merge.c.paper_id == paper_id).order_by(paper_merge.c.at)
        ).all()
        changes = connection.execute(
            select(paper_change).where(paper_change.c.paper_id == paper_id).order_by(paper_change.c.at)
        ).all()
        places = connection.execute(
            select(feed_entry, concept_feed.c.slug, concept_feed.c.threshold, belongs().label("belongs"))
            .join(concept_feed, concept_feed.c.id == feed_entry.c.feed_id)
            .where(feed_entry.c.paper_id == paper_id)
            .order_by(feed_entry.c.entered_at, concept_feed.c.slug)
        ).all()
        notices = [
            (told.mark, told.said_by)
            for name in named
            for told in connection.execute(
                select(paper_notice).where(paper_notice.c.scheme == name.scheme, paper_notice.c.value == name.value)
            )
        ]
    ranks = {field: rank.rpartition(" ")[2] for field, rank in row.origins.items()}
    return PaperStory(
        paper=papers(store, [paper_id])[paper_id],
        first_seen_at=row.first_seen_at,
        identifiers=named,
        sightings=tuple(SeenAs(s.source, s.name, tuple(s.names), s.preprint, s.how, s.seen_at) for s in seen),
        merges=tuple(MergedFrom(m.merged_id, m.title, m.why, m.at) for m in merges),
        changes=tuple((c.kind, c.at) for c in changes),
        notices=tuple(dict.fromkeys(notices)),
        feeds=tuple(
            PlaceInFeed(p.slug, p.entered_at, p.relevance, p.why, p.threshold, bool(p.belongs)) for p in places
        ),
        fields={field or "all others": source for field, source in ranks.items()},
        tags=tags_of(store, [paper_id]).get(paper_id, ()),
    )


def _find(connection: Connection, names: Sequence[Identifier], number: int | None) -> int | None:
    for name in names:
        query = select(paper_identifier.c.paper_id).where(
            paper_identifier.c.scheme == name.scheme, paper_identifier.c.value == name.value
        )
        if (found := connection.execute(query).scalar()) is not None:
            return int(found)
    if number is None:
        return None
    if connection.execute(select(paper.c.id).where(paper.c.id == number)).scalar() is not None:
        return number
    kept: int | None = connection.execute(
        select(paper_merge.c.paper_id).where(paper_merge.c.merged_id == number)
    ).scalar()
    return kept


def _withdrawn(connection: Connection, names: Sequence[Identifier]) -> str:
    for name in names:
        query = select(withdrawn_record.c.source).where(
            withdrawn_record.c.scheme == name.scheme, withdrawn_record.c.value == name.value
        )
        if source := connection.execute(query).scalar():
            return str(source)
    return ""
