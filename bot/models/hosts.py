"""The lines in which requests to hosts wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Field

from bot.models.columns import Table, UtcDateTime


@dataclass(frozen=True, slots=True)
class Turn:
    """When a request may go out."""

    #: Seconds until its place in the line.
    wait: float = 0.0
    #: Seconds for which the host wants to be left alone; no place is taken then.
    held: float = 0.0


class HostLine(Table, table=True):
    """The line in which requests to one host wait, shared by all who ask it from this database."""

    line: str = Field(primary_key=True, max_length=255)
    #: The next free place.
    free_at: datetime = Field(sa_type=UtcDateTime)
    #: Until when the host wants to be left alone.
    held_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
