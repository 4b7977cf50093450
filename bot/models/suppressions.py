"""Addresses that must not be written to."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field

from bot.models.columns import Table, UtcDateTime


class SuppressionReason(StrEnum):
    """Why an address must not be written to."""

    BOUNCE = "bounce"
    """The mail server said that there is no such mailbox."""
    COMPLAINT = "complaint"
    """The reader reported a mail as unwelcome."""
    ADMIN = "admin"
    """An admin said so."""


class Suppression(Table, table=True):
    """One reason not to write to one address; rows are added, never changed or taken away."""

    id: int | None = Field(default=None, primary_key=True)
    #: The address as `bot.models.subscribers.address_key` folds it.
    email_key: str = Field(index=True)
    reason: str
    #: The server's words, or the admin's.
    detail: str = ""
    at: datetime = Field(sa_type=UtcDateTime)
