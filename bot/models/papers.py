"""Papers, their identifiers, and the announcements that they are made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import JSON, Column, ForeignKey, UniqueConstraint, false
from sqlmodel import Field

from bot.models.columns import BigId, JsonText, Table, UtcDateTime


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

    Schemes: doi, pmid, pmcid, arxiv, biorxiv, medrxiv, openalex; europepmc, its own name for a record (`PPR/PPR1`);
    `work`, the DOI that all versions of a preprint share; guid and link, which are no more than a feed's own names.
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
    preprint: bool = False
    #: What has become of it, gravest first.
    marks: tuple[Mark, ...] = ()


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
    #: Whether it is known as a preprint alone.
    preprint: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    #: The highest that any source tells of.
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    #: `Mark` values.
    marks: list[str] = Field(default_factory=list, sa_column=Column(JsonText, nullable=False, server_default="[]"))
    #: Which announcement each field is of: see `bot.models.editions`.
    origins: dict[str, str] = Field(
        default_factory=dict, sa_column=Column(JsonText, nullable=False, server_default="{}")
    )


class Sighting(Table, table=True):
    """An announcement as it is remembered: who told of the paper, by which names, and how it was recognised."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    source: str = Field(primary_key=True, max_length=16)
    #: The source's own name for the record, `pmid:123`.
    name: str = Field(primary_key=True)
    #: `bot.collect.identity.title_key`; empty where the title is no sign of a paper.
    title_key: str = Field(primary_key=True, max_length=32, index=True)
    #: Of publication; 0 where it is not known.
    year: int = Field(primary_key=True)
    #: Stands for `names` and `preprint`: a record that gets another name is another sighting.
    digest: str = Field(primary_key=True, max_length=16)
    paper_id: int = Field(
        sa_column=Column(BigId, ForeignKey("paper.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    #: All names that the announcement gave, `scheme:value`.
    names: list[str] = Field(default_factory=list, sa_column=Column(JsonText, nullable=False))
    preprint: bool = False
    #: Whether any of its names is one that more than a feed knows.
    strong: bool = True
    #: By what the paper was recognised, in words for an admin.
    how: str = ""
    seen_at: datetime = Field(sa_type=UtcDateTime)


class PaperChange(Table, table=True):
    """What happened to a paper after it had entered a feed: it appeared in a journal, it was retracted."""

    __table_args__ = (UniqueConstraint("paper_id", "kind"),)

    id: int | None = Field(default=None, primary_key=True)
    paper_id: int = Field(sa_column=Column(BigId, ForeignKey("paper.id", ondelete="CASCADE"), nullable=False))
    #: `published`, or a `Mark`.
    kind: str = Field(max_length=32)
    #: Digests take half-open windows of this time.
    at: datetime = Field(sa_type=UtcDateTime, index=True)


class PaperMerge(Table, table=True):
    """That two stored papers turned out to be one: where what was the other's has gone, and why."""

    merged_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    paper_id: int = Field(
        sa_column=Column(BigId, ForeignKey("paper.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    title: str = ""
    why: str = ""
    at: datetime = Field(sa_type=UtcDateTime)


class PaperNotice(Table, table=True):
    """A notice about a paper, whether or not we have the paper yet."""

    scheme: str = Field(primary_key=True, max_length=16)
    value: str = Field(primary_key=True)
    mark: str = Field(primary_key=True, max_length=32)
    #: Who said so, `pubmed pmid:123`.
    said_by: str = ""


class WithdrawnRecord(Table, table=True):
    """A record that its source has taken back: it is not taken again."""

    scheme: str = Field(primary_key=True, max_length=16)
    value: str = Field(primary_key=True)
    source: str
    at: datetime = Field(sa_type=UtcDateTime)


class PaperIdentifier(Table, table=True):
    """An identifier, which names one paper only: the database sees to it."""

    scheme: str = Field(primary_key=True, max_length=16)
    value: str = Field(primary_key=True)
    paper_id: int = Field(
        sa_column=Column(BigId, ForeignKey("paper.id", ondelete="CASCADE"), nullable=False, index=True)
    )
