"""What recognising papers works on, as plain values: what is known, and what follows for a batch of announcements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.models.papers import Announcement, Identifier


@dataclass(frozen=True, slots=True)
class SightingRecord:
    """An announcement as it is remembered."""

    paper_id: int
    title_key: str
    year: int
    names: tuple[Identifier, ...]
    preprint: bool = False
    #: Whether any of its names is one that more than a feed knows.
    strong: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows that may concern a batch."""

    #: Papers by the batch's identifiers and links.
    owners: Mapping[Identifier, int] = field(default_factory=dict)
    #: Sightings that share a title key with one of the batch.
    titled: Sequence[SightingRecord] = ()
    #: All sightings of papers that are known by a feed's own names alone, by paper.
    of_paper: Mapping[int, Sequence[SightingRecord]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Merge:
    """That two stored papers are one."""

    kept: int
    gone: int
    why: str


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whose announcement each of a batch is."""

    #: Of each announcement: the stored paper's id, or a negative number for a new one.
    papers: tuple[int, ...]
    #: Of each announcement: by what, in words for an admin.
    how: tuple[str, ...]
    merges: tuple[Merge, ...] = ()
    #: The paper of each identifier that is known or that the batch names.
    owners: Mapping[Identifier, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rules:
    """How papers are recognised; the rules themselves are `bot.collect.identity`'s."""

    #: What is remembered of an announcement, for the paper of that id.
    sight: Callable[[Announcement, int], SightingRecord]
    #: Whose announcement each of a batch is: announcements, what is remembered of them, what is known.
    recognise: Callable[[Sequence[Announcement], Sequence[SightingRecord], Known], Recognised]
