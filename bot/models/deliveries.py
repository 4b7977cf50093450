"""The outbox: the promise to send one message to one subscriber, and what became of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.policy import SMTP
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy import Column, ForeignKey, Index, Text, UniqueConstraint
from sqlmodel import Field

from bot.models.columns import BigId, Table, UtcDateTime
from bot.models.subscribers import Wish
from bot.models.votes import CastVote

_LINE_START_DOT = re.compile(rb"\n\.")
#: Without blanks; made once, since making it takes longer than a digest does.
_as_json = json.JSONEncoder(separators=(",", ":")).encode


#: Of a subscriber who lets each feed take what room there is.
NO_CAPS: Final[Mapping[int, int]] = MappingProxyType({})


class State(StrEnum):
    """Where a delivery is. `TRANSITIONS` says what may follow what."""

    QUEUED = "queued"
    """Planned; waits for its due time."""
    CLAIMED = "claimed"
    """One sender has it; nothing that a server would act on has been sent."""
    HANDED_OVER = "handed over"
    """The final dot is about to be, or has been, sent; the reply is not known yet."""
    SENT = "sent"
    """The mail server took it over."""
    DEFERRED = "deferred"
    """The mail server said: later."""
    FAILED = "failed"
    """The mail server said: never."""
    SUPPRESSED = "suppressed"
    """Not sent: the address must not be written to."""
    SKIPPED = "skipped"
    """Not sent, for a reason of ours: left, paused, erased, too late."""
    UNCERTAIN = "uncertain"
    """Handed over, and the reply was lost: it may or may not have arrived."""


OPEN = (State.QUEUED, State.CLAIMED, State.HANDED_OVER, State.DEFERRED)
CLOSED = (State.SENT, State.FAILED, State.SUPPRESSED, State.SKIPPED, State.UNCERTAIN)

TRANSITIONS: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.CLAIMED, State.SKIPPED}),
    State.CLAIMED: frozenset(
        {State.QUEUED, State.HANDED_OVER, State.DEFERRED, State.FAILED, State.SUPPRESSED, State.SKIPPED}
    ),
    State.HANDED_OVER: frozenset({State.SENT, State.DEFERRED, State.FAILED, State.UNCERTAIN}),
    State.DEFERRED: frozenset({State.CLAIMED, State.SKIPPED, State.FAILED}),
    State.UNCERTAIN: frozenset({State.QUEUED, State.SENT, State.FAILED}),
    State.SENT: frozenset(),
    State.FAILED: frozenset({State.QUEUED}),
    State.SUPPRESSED: frozenset(),
    State.SKIPPED: frozenset(),
}


def may_follow(now: str, then: str) -> bool:
    """Whether a delivery in state `now` may come to state `then`."""
    return State(then) in TRANSITIONS[State(now)]


class Phase(StrEnum):
    """How far a conversation with a mail server had come."""

    NONE = ""
    CONNECT = "connect"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the mail server said, with the phase it was said in; code 0 means the connection was lost."""

    phase: Phase
    code: int
    text: str = ""
    #: `5.1.1`, where the server gives one (RFC 3463).
    enhanced: str = ""

    def __str__(self) -> str:
        words = f"{self.code} {self.enhanced} {self.text}".split() if self.code else ["connection lost:", self.text]
        return f"{self.phase}: {' '.join(words)}"


@dataclass(frozen=True, slots=True)
class DigestSection:
    """One concept feed's part of a digest."""

    feed_id: int
    #: In the order they are shown.
    paper_ids: tuple[int, ...]
    #: Papers of the window that did not fit; the web has them.
    more: int = 0
    #: How many of those would have fitted, had the subscriber not voted as they did.
    by_votes: int = 0


@dataclass(frozen=True, slots=True)
class Digest:
    """What one subscriber gets at one time, frozen as ids."""

    sections: tuple[DigestSection, ...]
    #: Trending feeds that the reader does not follow yet.
    trending: tuple[int, ...] = ()
    #: What has happened to papers that the reader has had, by paper id, gravest first.
    updates: tuple[tuple[int, str], ...] = ()
    #: Feeds of the reader with the sources that could not be reached for them.
    unreached: tuple[tuple[int, tuple[str, ...]], ...] = ()
    #: Papers that came during a pause and are older than what a digest after one looks back to; the web has them.
    missed: int = 0

    @property
    def paper_ids(self) -> tuple[int, ...]:
        """Every paper of the digest, in the order they are shown."""
        return tuple(paper for section in self.sections for paper in section.paper_ids)

    def frozen(self) -> str:
        """The digest as the outbox keeps it."""
        sections = [(s.feed_id, s.paper_ids, s.more) for s in self.sections]
        frozen: dict[str, object] = {"sections": sections, "trending": self.trending}
        if by_votes := [[s.feed_id, s.by_votes] for s in self.sections if s.by_votes]:
            frozen["by votes"] = by_votes
        if self.updates:
            frozen["updates"] = self.updates
        if self.unreached:
            frozen["unreached"] = self.unreached
        if self.missed:
            frozen["missed"] = self.missed
        return _as_json(frozen)

    @classmethod
    def thawed(cls, text: str) -> Digest:
        """The digest that `frozen` wrote."""
        kept = json.loads(text)
        by_votes = dict(kept.get("by votes", ()))
        sections = tuple(
            DigestSection(feed, tuple(papers), more, by_votes.get(feed, 0)) for feed, papers, more in kept["sections"]
        )
        return cls(
            sections,
            tuple(kept["trending"]),
            tuple((paper, kind) for paper, kind in kept.get("updates", ())),
            tuple((feed, tuple(sources)) for feed, sources in kept.get("unreached", ())),
            kept.get("missed", 0),
        )


class Delivery(Table, table=True):
    """A row of the outbox."""

    __table_args__ = (
        UniqueConstraint("subscriber_id", "occasion"),
        # The last one, so that deliveries of a run that is held up are passed by within the index.
        Index(None, "state", "due_at", "run_id"),
        Index(None, "run_id", "state"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    run_id: int = Field(sa_column=Column(ForeignKey("run.id"), nullable=False))
    #: None once the person is erased.
    subscriber_id: int | None = Field(default=None, sa_column=Column(ForeignKey("subscriber.id", ondelete="SET NULL")))
    #: The time that the subscriber's clock asked for; with the subscriber it makes the delivery unique.
    occasion: datetime = Field(sa_type=UtcDateTime)
    #: Half-open window of `FeedEntry.entered_at` that the papers come from.
    window_start: datetime = Field(sa_type=UtcDateTime)
    window_end: datetime = Field(sa_type=UtcDateTime)
    #: `Digest.frozen`.
    content: str = Field(sa_type=Text)
    state: str = State.QUEUED
    #: How far the last try came.
    phase: str = Phase.NONE
    #: Why it was skipped, suppressed or failed, in words that are counted.
    reason: str = ""
    attempts: int = 0
    #: Not before this time.
    due_at: datetime = Field(sa_type=UtcDateTime)
    #: Not after this time: an occasion older than its own period is refused, not sent late.
    expires_at: datetime = Field(sa_type=UtcDateTime)
    #: Given at the first try, the same over every later one.
    message_id: str = ""
    reply_code: int = 0
    reply_enhanced: str = ""
    reply_text: str = ""
    #: A claim that is not settled by then was left behind by a sender that died.
    claimed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: When it was queued again although an earlier try may have arrived: its papers are not given back any more.
    doubted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper's place in a feed, as planning sees it."""

    paper_id: int
    entered_at: datetime
    relevance: float = 1.0


class Due(NamedTuple):
    """A subscriber whose clock asks for a digest, with what composing one needs."""

    subscriber_id: int
    wish: Wish
    max_papers: int
    covered_until: datetime | None
    #: In the order of the digest's sections.
    feed_ids: tuple[int, ...]
    suppressed: bool
    #: Papers that this subscriber has had, as far as they could come again.
    shown: frozenset[int]
    #: What has happened since the last digest to papers that this subscriber has had: (paper, kind), latest first.
    updates: tuple[tuple[int, str], ...] = ()
    #: What the order of their papers is learned from; none where they let nothing be learned.
    votes: tuple[CastVote, ...] = ()
    #: By feed, papers in one digest at the most, where the subscriber set such a limit.
    caps: Mapping[int, int] = NO_CAPS
    #: When a pause ended since the last digest; None where there was none.
    paused_until: datetime | None = None
    #: Whether nobody has noticed yet that the pause has ended.
    asleep: bool = False
    #: Where the window begins, if that is later than where the last one ended.
    begins: datetime | None = None
    #: Papers that came between the two.
    missed: int = 0


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A subscriber who is due and gets no mail, and why, in words that are counted."""

    subscriber_id: int
    reason: str


class PlannedDelivery(NamedTuple):
    """A delivery that is about to be written to the outbox."""

    subscriber_id: int
    occasion: datetime
    window_start: datetime
    window_end: datetime
    digest: Digest
    expires_at: datetime


class Claim(NamedTuple):
    """A delivery that one sender has taken on, with what it needs of the subscriber."""

    delivery_id: int
    run_id: int
    subscriber_id: int | None
    email: str
    name: str
    standing: str
    language: str
    timezone: str
    suppressed: bool
    message_id: str
    attempts: int
    window_start: datetime
    window_end: datetime
    expires_at: datetime
    #: The digest, as the outbox keeps it: whoever sends has no need of what is in it.
    content: str = Digest(()).frozen()
    #: Whether the subscriber lets their order be learned, so that cards ask for votes.
    learns: bool = False
    #: The end of the lease; whoever writes on must still hold this very one.
    claimed_until: datetime | None = None
    #: Of the address, as A-labels in lower case.
    domain: str = ""

    @property
    def digest(self) -> Digest:
        """What is to be sent, read anew each time."""
        return Digest.thawed(self.content)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a delivery after a try, or without one."""

    state: State
    #: Why, in words that are counted; deferring leaves the reason as it was.
    reason: str = ""
    #: When it is tried again; None where it is not, or where its due time stays.
    due_at: datetime | None = None
    #: Whether this used up one of the tries.
    tried: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered mail, ready for the wire."""

    sender: str
    recipient: str
    subject: str
    message_id: str
    #: CRLF line ends, no line over 998 octets, not yet dot-stuffed.
    content: bytes
    #: Whether it is known that no line starts with a dot; whoever sends it need not look then.
    dotless: bool = False

    @property
    def html(self) -> str:
        """Its HTML part, as a reader's program decodes it; for looking at, since that takes a while."""
        return self._part("html")

    @property
    def text(self) -> str:
        """Its text part."""
        return self._part("plain")

    def _part(self, subtype: str) -> str:
        part = message_from_bytes(self.content, policy=SMTP).get_body((subtype,))
        return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


def is_dotless(content: bytes) -> bool:
    """Whether no line starts with a dot, and the last one is ended: then a body goes over SMTP as it is."""
    return content.endswith(b"\r\n") and not content.startswith(b".") and _LINE_START_DOT.search(content) is None
