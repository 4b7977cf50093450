"""Papers, their identifiers, and the announcements that they are made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import JSON, Column, ForeignKey
from sqlmodel import Field

from bot.models.columns import BigId, Table, UtcDateTime


class Author(NamedTuple):
    """One author; a group has only a family name."""

    family: str
    given: str = ""
    initials: str = ""

    @property
    def short(self) -> str:
        """`Curie M`, as the life sciences write names."""
        return f"{self.family} {self.initials}".strip()


class AbstractSection(NamedTuple):
    """A part of an abstract; the label (`BACKGROUND`, `Conclusions`) is empty in unstructured ones."""

    label: str
    text: str


class MeshHeading(NamedTuple):
    """A MeSH descriptor that indexers gave the paper."""

    name: str
    ui: str = ""
    major: bool = False


class Identifier(NamedTuple):
    """A name of the paper in some scheme, normalised (DOIs in lower case).

    Schemes: doi, pmid, pmcid, arxiv, biorxiv, medrxiv, openalex; `work`, the DOI that all versions of a preprint
    share; guid and link, which are no more than a feed's own names.
    """

    scheme: str
    value: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"


class Mark(StrEnum):
    """What has become of a paper after it appeared, gravest first."""

    RETRACTED = "retracted"
    CONCERN = "expression of concern"
    CORRECTED = "corrected"


class Notice(NamedTuple):
    """That a record is a notice about another paper: its retraction, a correction to it, a concern over it."""

    mark: Mark
    about: Identifier


@dataclass(frozen=True, slots=True)
class Announcement:
    """A paper as one source announced it: plain text only, NFC, no markup, no control characters."""

    source: str
    #: The source's own name for the record first.
    identifiers: tuple[Identifier, ...]
    title: str
    #: http or https, where a reader goes to read it.
    url: str
    abstract: tuple[AbstractSection, ...] = ()
    authors: tuple[Author, ...] = ()
    journal: str = ""
    keywords: tuple[str, ...] = ()
    mesh: tuple[MeshHeading, ...] = ()
    publication_types: tuple[str, ...] = ()
    #: As precise as the source says: `2026`, `2026-11` or `2026-11-23`; empty where it says nothing usable.
    published: str = ""
    #: The day on which the source began to show it; None where the source does not tell.
    indexed: date | None = None
    #: ISO 639-1 where one exists (`en`), otherwise what the source wrote.
    language: str = ""
    #: What had to be repaired to read it (`charset`, `date`), for the admin.
    repairs: tuple[str, ...] = field(default=())
    #: Whether this is the preprint, not an article of a journal.
    preprint: bool = False
    #: 1, 2 … where the source counts versions.
    version: int = 1
    #: The day of the record's last change at the source; None where the source does not tell.
    revised: date | None = None
    #: Identifiers of the same work in its other form: the article of a preprint, the preprint of an article.
    links: tuple[Identifier, ...] = ()
    #: What the source says has become of this paper.
    marks: tuple[Mark, ...] = ()
    #: Other papers that this one is a notice about.
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """An announcement that belongs into a feed."""

    announcement: Announcement
    relevance: float = 1.0
    #: In words for a reader.
    why: str = ""
    #: When it was news, where that is not now (an older stretch collected again).
    entered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PaperRecord:
    """A stored paper as plain values, for matching and rendering."""

    id: int
    title: str
    url: str
    abstract: tuple[AbstractSection, ...] = ()
    authors: tuple[Author, ...] = ()
    journal: str = ""
    keywords: tuple[str, ...] = ()
    mesh: tuple[MeshHeading, ...] = ()
    publication_types: tuple[str, ...] = ()
    published: str = ""
    language: str = ""
    source: str = ""


class Paper(Table, table=True):
    """One scholarly work, whichever sources announce it."""

    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    title: str
    url: str
    #: Lists of [label, text], [family, given, initials] and [name, ui, major], in the announcement's order.
    abstract: list[list[str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    authors: list[list[str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    journal: str = ""
    keywords: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    mesh: list[list[str | bool]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    publication_types: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    published: str = Field(default="", max_length=10)
    indexed: date | None = None
    language: str = ""
    source: str
    first_seen_at: datetime = Field(sa_type=UtcDateTime)


class PaperIdentifier(Table, table=True):
    """An identifier, which names one paper only: the database sees to it."""

    scheme: str = Field(primary_key=True, max_length=16)
    value: str = Field(primary_key=True)
    paper_id: int = Field(
        sa_column=Column(BigId, ForeignKey("paper.id", ondelete="CASCADE"), nullable=False, index=True)
    )
