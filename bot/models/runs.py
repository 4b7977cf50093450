"""Runs: planned rounds of deliveries, whether they are held up, and the account with which each closes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, text
from sqlmodel import Field

from bot.models.columns import Table, UtcDateTime

#: How far back the largest run is taken for usual: five weeks, so that a monthly peak is among them.
USUAL_DAYS: Final = timedelta(days=35)
#: So many times the usual size is a slip: a wrong clock, a roster brought in twice, every subscriber due at once.
TIMES: Final = 10
#: Earlier runs with somebody chosen, without which nobody can say what is usual.
KNOWN: Final = 3
#: A run of no more is never held up: it does little harm, and small figures jump.
SMALL: Final = 100


class RunState(StrEnum):
    """How a run is doing."""

    OPEN = "open"
    """Its deliveries go out as they fall due."""
    PAUSED = "paused"
    """Nothing more of it is claimed, until it is resumed."""
    CANCELLED = "cancelled"
    """What had not been handed over never will be."""
    CLOSED = "closed"
    """Each of its deliveries has come to an end, and its account is written."""


_HELD = "paused_at IS NOT NULL OR cancelled_at IS NOT NULL"
_TOLD = "reported_at IS NOT NULL"
_UNTOLD = "closed_at IS NOT NULL AND reported_at IS NULL AND chosen > 0"


class Run(Table, table=True):
    """One planned round of deliveries."""

    __table_args__ = (
        # Each claim looks for the runs that it must leave alone, and every half minute somebody asks whether there is
        # one to report; mostly there are none.
        Index("ix_run_held", "id", sqlite_where=text(_HELD), postgresql_where=text(_HELD)),
        Index("ix_run_untold", "id", sqlite_where=text(_UNTOLD), postgresql_where=text(_UNTOLD)),
        # Runs that chose nobody are never told: without them, SQLite does not mistake this one for the one above.
        Index("ix_run_told", "reported_at", sqlite_where=text(_TOLD), postgresql_where=text(_TOLD)),
    )

    id: int | None = Field(default=None, primary_key=True)
    planned_at: datetime = Field(sa_type=UtcDateTime, index=True)
    #: Deliveries put into the outbox by this run.
    chosen: int = 0
    #: Subscribers who were due and get no mail, by reason, as JSON.
    passed_over: str = Field(default="{}", sa_type=Text)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: Since when nothing of it is claimed.
    paused_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cancelled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: When a report of it was queued for the admin (`at` of the `Alarm`), or it was found not worth one.
    reported_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Account(Table, table=True):
    """The sums with which a run was closed; the database takes none that do not add up."""

    __table_args__ = (
        CheckConstraint("chosen = sent + failed + suppressed + skipped + uncertain", name="adds_up"),
        CheckConstraint(
            "sent >= 0 AND failed >= 0 AND suppressed >= 0 AND skipped >= 0 AND uncertain >= 0", name="counts"
        ),
    )

    run_id: int = Field(
        sa_column=Column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    )
    chosen: int
    sent: int
    failed: int
    suppressed: int
    skipped: int
    uncertain: int


def state_of(paused_at: datetime | None, cancelled_at: datetime | None, closed_at: datetime | None) -> RunState:
    """How a run is doing, by its times; that it was cancelled is told for good."""
    if cancelled_at is not None:
        return RunState.CANCELLED
    if closed_at is not None:
        return RunState.CLOSED
    return RunState.PAUSED if paused_at is not None else RunState.OPEN


@dataclass(frozen=True, slots=True)
class UsualSize:
    """What the runs of `USUAL_DAYS` before one tell of how large it may be."""

    #: Earlier runs with somebody chosen, but for those that are held up.
    known: int
    #: How many the largest of them chose. The largest, because each subscriber has a clock of their own: most runs are
    #: of a minute, and the one of Monday morning is a thousand times their median and as usual.
    largest: int

    @property
    def limit(self) -> int | None:
        """How many deliveries a run may have; None where too little is known to say."""
        return max(SMALL, TIMES * self.largest) if self.known >= KNOWN else None

    def passed(self, before: int, after: int) -> bool:
        """Whether a run that grew has just passed its limit: once at most, so that one that was resumed goes on."""
        return self.limit is not None and before <= self.limit < after
