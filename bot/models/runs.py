"""Runs: planned rounds of deliveries, whether they are held up, and the account with which each closes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, text
from sqlmodel import Field

from bot.models.columns import Table, UtcDateTime


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


class Run(Table, table=True):
    """One planned round of deliveries."""

    # Each claim looks for the runs that it must leave alone; mostly there are none.
    __table_args__ = (Index("ix_run_held", "id", sqlite_where=text(_HELD), postgresql_where=text(_HELD)),)

    id: int | None = Field(default=None, primary_key=True)
    planned_at: datetime = Field(sa_type=UtcDateTime)
    #: Deliveries put into the outbox by this run.
    chosen: int = 0
    #: Subscribers who were due and get no mail, by reason, as JSON.
    passed_over: str = Field(default="{}", sa_type=Text)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: Since when nothing of it is claimed.
    paused_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cancelled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: When its account was mailed to the admin, or was not to be.
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
