"""What an admin is mailed, once each: turns of source queries, what must not wait, and how runs came out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import text
from sqlmodel import Field

from bot.models.columns import Table, UtcDateTime
from bot.models.deliveries import State


class AlarmKind(StrEnum):
    """What a row tells of."""

    TURN = "turn"
    """A query has turned stale or failing, or has recovered."""
    TROUBLE = "trouble"
    """Something that does not pass by itself: a run was stopped, the mail server takes no mail."""
    REPORT = "report"
    """Runs have closed, and their account is told, in a mail of its own."""


class Alarm(Table, table=True):
    """One thing that an admin is told."""

    id: int | None = Field(default=None, primary_key=True)
    #: When it was raised; of a report, where its period ends, and `Run.reported_at` of the runs that it tells of.
    at: datetime = Field(sa_type=UtcDateTime)
    feed: str = ""
    source: str = ""
    query: str = ""
    #: `Health` that the query came to.
    health: str = ""
    #: Since when it has been so; for a recovery, since when it had been ill; of a report, where its period begins.
    since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    words: str = ""
    #: As a delivery's, see `bot.models.deliveries.State`.
    state: str = Field(default=State.QUEUED, index=True)
    attempts: int = 0
    #: `AlarmKind`.
    kind: str = Field(default=AlarmKind.TURN, sa_column_kwargs={"server_default": text("'turn'")})
    #: What a trouble is about: `run 7 was stopped`; then `words` say why, and how to go on.
    about: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    #: The same over every try of the mail that tells it.
    message_id: str = ""
    due_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True, slots=True)
class AlarmRecord:
    """An alarm as plain values, for rendering."""

    id: int
    at: datetime
    feed: str
    source: str
    query: str
    health: str
    since: datetime | None
    words: str
    attempts: int = 0
    about: str = ""
    kind: str = AlarmKind.TURN
