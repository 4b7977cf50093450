"""How fast each receiver takes mail, as far as it is limited."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, String
from sqlmodel import Field

from bot.models.columns import Table, UtcDateTime


class Pace(Table, table=True):
    """The bucket of one scope: `all`, `domain:reader.example`, or `mx:google.com`."""

    scope: str = Field(sa_column=Column(String, primary_key=True))
    #: Messages a second that it has come down to; None where it goes as fast as the settings let it.
    rate: float | None = None
    #: When the bucket is full again: each message moves it on by the time that one takes.
    next_at: datetime = Field(sa_type=UtcDateTime)
    #: Until when deliveries have been put off, one behind another.
    queued_until: datetime = Field(sa_type=UtcDateTime)
    #: When the rate was changed last.
    changed_at: datetime = Field(sa_type=UtcDateTime)


class Receiver(Table, table=True):
    """Which servers take the mail of a domain, as far as it was looked up."""

    domain: str = Field(sa_column=Column(String, primary_key=True))
    #: Domains with one group share its pace: `google.com`; the domain itself where it has servers of its own.
    mx_group: str
    looked_up_at: datetime = Field(sa_type=UtcDateTime)
