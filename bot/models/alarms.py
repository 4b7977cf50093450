"""Alarms: what an admin is told by mail, once each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Field

from bot.models.columns import Table, UtcDateTime
from bot.models.deliveries import State


class Alarm(Table, table=True):
    """One thing that an admin is told: a query has turned stale or failing, or has recovered."""

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    feed: str
    source: str
    query: str
    #: `Health` that the query came to.
    health: str
    #: Since when it has been so; for a recovery, since when it had been ill.
    since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    words: str = ""
    #: As a delivery's, see `bot.models.deliveries.State`.
    state: str = Field(default=State.QUEUED, index=True)
    attempts: int = 0
    #: What it is about where it is no query: `run 7 was stopped`; then `words` say why, and how to go on.
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
