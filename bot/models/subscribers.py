"""Subscribers, their choices, and the evidence that they agreed."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import idna
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, text, true
from sqlmodel import Field

from bot.models.columns import Table, UtcDateTime

NAME_LENGTH = 64
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Standing(StrEnum):
    """Where a subscriber is between asking and leaving."""

    PENDING = "pending"
    """Asked for digests, has not confirmed; gets no digest."""
    ACTIVE = "active"
    """Gets digests."""
    PAUSED = "paused"
    """Confirmed, but wants none for now."""
    LEFT = "left"
    """Unsubscribed; never written to again unless the person signs up again."""


class Cadence(StrEnum):
    """How often a subscriber wants the digest."""

    DAILY = "daily"
    WEEKLY = "weekly"
    """On the wished weekday."""
    MONTHLY = "monthly"
    """On the first wished weekday of a month."""


@dataclass(frozen=True, slots=True)
class Wish:
    """When a subscriber wants the digest, as wall time in a zone."""

    cadence: str = Cadence.WEEKLY
    #: 0 is Monday, as in `datetime.weekday`.
    weekday: int = 0
    #: 0 to 23, wall time.
    hour: int = 7
    #: An IANA name, `Europe/Berlin`.
    timezone: str = "UTC"


class Subscriber(Table, table=True):
    """A person who asked for digests."""

    __table_args__ = (
        Index(None, "standing", "next_due"),
        CheckConstraint("hour between 0 and 23", name="hour"),
        CheckConstraint("weekday between 0 and 6", name="weekday"),
        # An erased person's links must never work on somebody who came later.
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    #: As it is written to.
    email: str
    #: What makes an address unique: see `address_key`.
    email_key: str = Field(unique=True)
    name: str = Field(default="", max_length=NAME_LENGTH)
    standing: str = Standing.ACTIVE
    cadence: str = Cadence.WEEKLY
    weekday: int = 0
    hour: int = 7
    timezone: str = "UTC"
    #: Papers in one digest at the most.
    max_papers: int = 12
    language: str = "en"
    #: Whether the order of their papers is learned from their votes.
    learns: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    #: The next occasion, computed from the wishes; None while no digest is due.
    next_due: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: The end of the last window that was planned: the next window starts here.
    covered_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    left_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: The standing before they left, so that it can be undone for a while.
    left_from: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    #: When a pause ends by itself; None where it does not.
    paused_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: The import that brought this person, so that it can be undone.
    roster_import_id: int | None = Field(
        default=None, sa_column=Column(ForeignKey("roster_import.id", ondelete="SET NULL"), index=True)
    )

    @property
    def wish(self) -> Wish:
        """When this subscriber wants the digest."""
        return Wish(self.cadence, self.weekday, self.hour, self.timezone)


class Subscription(Table, table=True):
    """A subscriber's choice of one concept feed."""

    subscriber_id: int = Field(sa_column=Column(ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True))
    feed_id: int = Field(
        sa_column=Column(ForeignKey("concept_feed.id", ondelete="CASCADE"), primary_key=True, index=True)
    )
    #: The order of sections in the digest, lowest first.
    position: int = 0
    #: Papers of this feed in one digest at the most; None where only the digest's own limit counts.
    max_papers: int | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class Evidence(Table, table=True):
    """What a subscriber did, or an admin in their name; rows are added, never changed."""

    id: int | None = Field(default=None, primary_key=True)
    subscriber_id: int = Field(
        sa_column=Column(ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    #: Who came and left in a period is counted along its index.
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    #: imported, added, confirmed, changed, paused, left …
    what: str
    #: Who or what stands behind it: a file's name, a link's purpose.
    how: str = ""
    #: The very words that were agreed to, where it is consent.
    wording: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    #: From where, cut to a network that holds many: `192.0.2.0/24`, `2001:db8::/48`; empty for an admin.
    network: str = Field(default="", sa_column_kwargs={"server_default": text("''")})


class Shown(Table, table=True):
    """A paper that a subscriber's digest holds: the database lets it happen once, ever."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    subscriber_id: int = Field(sa_column=Column(ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True))
    paper_id: int = Field(sa_column=Column(ForeignKey("paper.id", ondelete="CASCADE"), primary_key=True))


def address_key(email: str) -> str:
    """What two spellings of one mailbox have in common: NFC, case-folded, the domain in IDNA.

    Args:
        email: an address that `bot.subscribe.addresses` found valid.
    """
    local, _, domain = unicodedata.normalize("NFC", email.strip()).rpartition("@")
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        ascii_domain = domain
    return f"{local.casefold()}@{ascii_domain.lower()}"
