"""Rosters: people as rows of a file, what becomes of each row, and the imports that brought people in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Text, text
from sqlmodel import Field

from bot.models.columns import Table, UtcDateTime
from bot.models.subscribers import Wish


class Fate(StrEnum):
    """What becomes of one row of a roster file."""

    NEW = "new"
    """Somebody who was not here: comes in."""
    CHANGED = "changed"
    """Is here, and gets what the file says, because the admin asked for that."""
    UNCHANGED = "unchanged"
    """Is here, and the file says nothing else."""
    KEPT = "kept"
    """Is here, and the file says something else; what is here holds."""
    LEFT = "left"
    """Has left; not brought back."""
    SUPPRESSED = "suppressed"
    """The address must not be written to."""
    ERASED = "erased"
    """Was erased on request; not brought back."""
    DUPLICATE = "duplicate"
    """Stands in the file twice; the first row counts."""
    BROKEN = "broken"
    """Cannot be read as a person."""


#: The parts of a wish, as a row may say them one by one.
PARTS = ("cadence", "weekday", "hour", "timezone")

#: Rows that did not do what the file says: whoever imported has to look at them.
REFUSED = frozenset({Fate.KEPT, Fate.LEFT, Fate.SUPPRESSED, Fate.ERASED, Fate.DUPLICATE, Fate.BROKEN})


class RosterImport(Table, table=True):
    """One import of a roster file."""

    id: int | None = Field(default=None, primary_key=True)
    name: str
    at: datetime = Field(sa_type=UtcDateTime)
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: SHA-256 of the file and of how it was read: an import that was interrupted is known again by it.
    digest: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    #: Rows up to this line of the file are in the database.
    line: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    added: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    changed: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    #: None while it goes on, and of one that was interrupted.
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RosterChange(Table, table=True):
    """What a subscriber had chosen before an import changed it, so that it can be undone."""

    roster_import_id: int = Field(
        sa_column=Column(ForeignKey("roster_import.id", ondelete="CASCADE"), primary_key=True)
    )
    subscriber_id: int = Field(
        sa_column=Column(ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True, index=True)
    )
    #: JSON: the columns that were changed, and the subscriptions where they were.
    before: str = Field(sa_type=Text)


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One person of a roster file, read and found right."""

    #: Where it stands in the file, the header being line 1.
    line: int
    email: str
    email_key: str
    name: str = ""
    #: Slugs; None where the file does not say.
    feeds: tuple[str, ...] | None = None
    #: None where the file does not say anything of when.
    wish: Wish | None = None
    max_papers: int | None = None
    language: str | None = None
    #: The parts of the wish that the file says; the others are filled up.
    when: tuple[str, ...] = PARTS


@dataclass(frozen=True, slots=True)
class RosterProblem:
    """A row of a roster file that was not taken, or not whole, and why."""

    line: int
    email: str
    problem: str
    fate: Fate = Fate.BROKEN
