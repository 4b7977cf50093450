"""Bounces and complaints: what came back of mails that a server had taken over, and how many close an address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import Column, ForeignKey, Text
from sqlmodel import Field

from bot.models.columns import BigId, Table, UtcDateTime

#: So many digests in a row that came back softly close the address …
SOFT_DIGESTS: Final = 4
#: … if so long lies between the first and the last of them: a full mailbox over a week of holidays closes nothing.
SOFT_SPAN: Final = timedelta(days=10)
#: Of what the other side says.
DIAGNOSTIC_LENGTH: Final = 300

_DELIVERY_ID = re.compile(r"<?([1-9][0-9]{0,17})\.[0-9a-f]{32}@", re.IGNORECASE)
_LETTER_ID = re.compile(r"<?letter\.([1-9][0-9]{0,17})\.[0-9a-f]{32}@", re.IGNORECASE)


class BounceKind(StrEnum):
    """What a report says of the address that it is about."""

    GONE = "gone"
    """There is no such mailbox: one is enough."""
    SOFT = "soft"
    """It did not arrive, which may pass: counted."""
    REFUSED = "refused"
    """It was refused for what it was or whom it came from: our fault, not the address's."""
    COMPLAINT = "complaint"
    """The reader reported it as unwelcome: one is enough."""


class Bounce(Table, table=True):
    """One report on one mail; rows are added, never changed, and go with their subscriber.

    The delivery stays `sent`, which is what it was: the server took it over, and its run's account is closed.
    """

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    #: What makes a report the same one, however often and from wherever it is read.
    fingerprint: str = Field(unique=True)
    subscriber_id: int = Field(
        sa_column=Column(ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    #: None where it is about a letter, or names its reader alone.
    delivery_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("delivery.id", ondelete="CASCADE"), index=True)
    )
    kind: str
    #: `5.1.1` (RFC 3463); of a complaint its type, `abuse` (RFC 5965).
    status: str = ""
    #: The other side's words, cut short.
    diagnostic: str = Field(default="", sa_type=Text)
    #: When it was read.
    at: datetime = Field(sa_type=UtcDateTime)


class Named(NamedTuple):
    """Which mail of ours a report is about, or at least whose; one of these is set."""

    delivery_id: int | None = None
    letter_id: int | None = None
    subscriber_id: int | None = None
    #: Has to be the row's own; empty where a signature has told already that the number is right.
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class BounceReport:
    """What one report says, and of which mail."""

    named: Named
    kind: BounceKind
    status: str
    diagnostic: str
    fingerprint: str


def named_by_message_id(message_id: str) -> Named | None:
    """The row that a Message-ID of ours leads to: its number is in it, and the rest is a secret of 128 bits.

    So rows are found without an index that each claim would have to write.
    """
    bare = message_id.strip().strip("<>")
    if found := _DELIVERY_ID.match(bare):
        return Named(delivery_id=int(found[1]), message_id=f"<{bare}>")
    if found := _LETTER_ID.match(bare):
        return Named(letter_id=int(found[1]), message_id=f"<{bare}>")
    return None


def is_soft_too_often(digests: Sequence[tuple[datetime, bool]]) -> bool:
    """Whether an address is to be closed, by what became of its digests.

    What was sent after the newest one that came back has not had its time to come back, and says nothing yet. From
    that one backwards, all that came back count, up to the first that did not.

    Args:
        digests: when each was sent, in that order, the newest first, and whether it came back softly.
    """
    in_a_row: list[datetime] = []
    for sent_at, came_back in digests:
        if came_back:
            in_a_row.append(sent_at)
        elif in_a_row:
            break
    return len(in_a_row) >= SOFT_DIGESTS and in_a_row[0] - in_a_row[-1] >= SOFT_SPAN
