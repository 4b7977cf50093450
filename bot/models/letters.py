"""Letters: single mails to one person about the subscription itself, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index
from sqlmodel import Field

from bot.models.columns import BigId, Table, UtcDateTime
from bot.models.deliveries import State
from bot.models.subscribers import Standing, Wish


class LetterKind(StrEnum):
    """What a letter is about; also the name of its folder of templates."""

    CONFIRMATION = "confirmation"
    """Somebody asked for digests to this address: is it its owner?"""
    ALREADY = "already"
    """Somebody asked for digests to an address that gets them: the way to its preferences."""
    WELCOME = "welcome"
    """Confirmed; digests begin."""
    CHANGED = "changed"
    """Preferences are others now."""
    GOODBYE = "goodbye"
    """Left; nothing more is sent."""


#: What answers a sign-up: all else is about a subscriber.
ANSWERS = (LetterKind.CONFIRMATION, LetterKind.ALREADY)

#: To whom a letter may go, looked up again right before it does: whoever has left gets nothing but a goodbye, and a
#: confirmation where they ask to come back.
GOES_TO: dict[LetterKind, frozenset[Standing]] = {
    LetterKind.CONFIRMATION: frozenset({Standing.PENDING, Standing.LEFT}),
    LetterKind.ALREADY: frozenset({Standing.ACTIVE, Standing.PAUSED}),
    LetterKind.WELCOME: frozenset({Standing.ACTIVE, Standing.PAUSED}),
    LetterKind.CHANGED: frozenset({Standing.ACTIVE, Standing.PAUSED}),
    LetterKind.GOODBYE: frozenset({Standing.LEFT}),
}


class Letter(Table, table=True):
    """A letter that is promised, or was sent; it goes with its person, and with the sign-up that it answers."""

    __table_args__ = (Index(None, "state", "due_at"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    subscriber_id: int = Field(
        sa_column=Column(ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    #: What it answers, if it is one of `ANSWERS`.
    sign_up_id: int | None = Field(
        default=None, sa_column=Column(ForeignKey("sign_up.id", ondelete="CASCADE"), index=True)
    )
    #: `LetterKind`.
    kind: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    #: As a delivery's, see `bot.models.deliveries.State`.
    state: str = State.QUEUED
    #: Why it was not sent, in words that are counted.
    reason: str = ""
    attempts: int = 0
    #: The same over every try.
    message_id: str = ""
    #: Not before this time; while it is claimed or handed over, when its sender is taken for dead.
    due_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True, slots=True)
class LetterRecord:
    """A letter that was taken, with what is known of its person now."""

    id: int
    kind: LetterKind
    created_at: datetime
    attempts: int
    message_id: str
    #: Until when it is the caller's; nobody else has had the same.
    lease: datetime
    subscriber_id: int
    email: str
    #: Empty where the letter answers a sign-up: whoever fills in a form for others has no words delivered.
    name: str
    standing: Standing
    language: str
    wish: Wish
    max_papers: int
    next_due: datetime | None
    #: Slugs of those on offer: of the sign-up that it answers, but what is new of it to somebody who gets digests
    #: already; otherwise the person's own, in their order.
    feeds: tuple[str, ...]
    sign_up_id: int | None = None
    #: When the link that it brings ends; None where it brings none.
    expires_at: datetime | None = None
    suppressed: bool = False

    @property
    def refusal(self) -> str:
        """Why it must not be sent any more; empty where it may."""
        if self.suppressed:
            return "suppressed"
        return "" if self.standing in GOES_TO[self.kind] else str(self.standing)
