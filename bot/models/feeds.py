"""Concept feeds, their standing queries, and the papers' places in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, Column, ForeignKey, Index, UniqueConstraint, text
from sqlmodel import Field

from bot.models.columns import BigId, JsonText, Table, UtcDateTime

#: As readers know them; a syndicated feed has its own name.
SOURCE_NAMES = {
    "arxiv": "arXiv",
    "biorxiv": "bioRxiv",
    "crossref": "Crossref",
    "europepmc": "Europe PMC",
    "medrxiv": "medRxiv",
    "openalex": "OpenAlex",
    "pubmed": "PubMed",
}
#: Sources that a query may name.
SOURCES = tuple(sorted((*SOURCE_NAMES, "syndication")))

#: Between names in a synonym that a paper must have all of: `exosomes + neoplasms`.
TOGETHER = " + "

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
SLUG_LENGTH = 80


def is_slug(text: str) -> bool:
    """Whether `text` can name a feed in URLs, rosters and commands: `sting-receptor-agonists`."""
    return len(text) <= SLUG_LENGTH and _SLUG.fullmatch(text) is not None


class Health(StrEnum):
    """How a source query is doing."""

    NEW = "new"
    """Not asked yet."""
    QUIET = "quiet"
    """Answers whole, whether or not there is news."""
    STALE = "stale"
    """Answers, but nothing has come for longer than its own habit."""
    FAILING = "failing"
    """The last round got no whole answer."""


class ConceptFeed(Table, table=True):
    """A research concept that subscribers can choose."""

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True, max_length=SLUG_LENGTH)
    name: str
    description: str = ""
    #: What it belongs to, for readers who look for a feed: `Infectious diseases`; empty where nobody said.
    field: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    #: Vocabulary concepts by preferred name, narrower ones included.
    mesh: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    #: Other names; capitals matter in short forms.
    synonyms: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    exclude: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    #: From which relevance on papers are in it, 0..1; None: the usual one.
    threshold: float | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    #: Set when the feed is no longer offered; its papers and subscriptions stay.
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SourceQuery(Table, table=True):
    """One standing query of a concept feed at one source, with its watermark and health."""

    __table_args__ = (UniqueConstraint("feed_id", "source", "query"),)

    id: int | None = Field(default=None, primary_key=True)
    feed_id: int = Field(sa_column=Column(ForeignKey("concept_feed.id", ondelete="CASCADE"), nullable=False))
    source: str
    query: str
    #: From when its first round asked; what was indexed before is not looked for. None before the first round.
    begins_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: Everything indexed before this time has been read whole; None before the first whole round.
    watermark: datetime | None = Field(default=None, sa_type=UtcDateTime)
    health: str = Health.NEW
    health_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: Failed rounds in a row.
    failures: int = 0
    error: str = ""
    asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: When a round last brought a paper that was new to the feed.
    brought_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: The latest day of indexing of any record that it has brought.
    newest: date | None = None
    #: The last days on which it did, `2026-11-23`, oldest first: its habit.
    habit: list[str] = Field(default_factory=list, sa_column=Column(JsonText, nullable=False, server_default="[]"))
    #: What the last whole answer held, as a fingerprint, and since when it has been the same.
    batch: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    batch_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: By which the service recognises that its answer is known.
    etag: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    last_modified: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    #: Not before this time, by itself; an admin may ask at any time.
    next_ask_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class FeedEntry(Table, table=True):
    """A paper's place in a concept feed."""

    # Relevance is in it so that a feed with a threshold is counted along the index, too.
    __table_args__ = (Index(None, "feed_id", "entered_at", "relevance"),)

    feed_id: int = Field(sa_column=Column(ForeignKey("concept_feed.id", ondelete="CASCADE"), primary_key=True))
    paper_id: int = Field(
        sa_column=Column(BigId, ForeignKey("paper.id", ondelete="CASCADE"), primary_key=True, index=True)
    )
    #: When it became news for this feed; digests take half-open windows of this time.
    entered_at: datetime = Field(sa_type=UtcDateTime)
    #: 0..1; 0 is for retracted papers alone, which are in the feed whatever its threshold.
    relevance: float = 1.0
    #: Why it is here, in words for a reader.
    why: str = ""


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """A stored concept feed as plain values, for matching and rendering."""

    id: int
    slug: str
    name: str
    description: str = ""
    mesh: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    #: From which relevance on papers belong to it, 0..1; None: the usual one.
    threshold: float | None = None
    #: What readers find it under; empty where nobody said.
    field: str = ""


@dataclass(frozen=True, slots=True)
class CatalogueQuery:
    """A query as a catalogue writes it."""

    source: str
    query: str


@dataclass(frozen=True, slots=True)
class CatalogueFeed:
    """A concept feed as a catalogue writes it."""

    slug: str
    name: str
    description: str = ""
    mesh: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    queries: tuple[CatalogueQuery, ...] = ()
    #: From which relevance on papers are in it, 0..1; None: the usual one.
    threshold: float | None = None
    #: What readers find it under, `Infectious diseases`; empty: with all that have none.
    field: str = ""


@dataclass(frozen=True, slots=True)
class StandingQuery:
    """A source query with what a round of collecting must know of its feed."""

    id: int
    feed_id: int
    slug: str
    source: str
    query: str
    watermark: datetime | None
    health: str
    failures: int
    begins_at: datetime | None = None
    since: datetime | None = None
    brought_at: datetime | None = None
    newest: date | None = None
    habit: tuple[str, ...] = ()
    batch: str = ""
    batch_since: datetime | None = None
    etag: str = ""
    last_modified: str = ""
    next_ask_at: datetime | None = None
