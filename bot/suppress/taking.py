"""A round over a mailbox of bounces: each report is taken durably, and then marked as read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.errors import TokenError
from bot.models.bounces import BounceKind, BounceReport, Named, named_by_message_id
from bot.store.bounces import Taken, take_bounce
from bot.store.engine import Store
from bot.store.leaving import leave
from bot.suppress.mailboxes import BounceBox
from bot.suppress.mails import Reading, Sort, read_mail

#: What a mail is counted as; each is one of them.
COUNTED = (
    "gone",
    "soft",
    "refused",
    "complaints",
    "unsubscribed",
    "delayed",
    "delivered",
    "replies",
    "others",
    "unknown",
    "forged",
    "repeated",
    "broken",
)
#: How somebody left, for the evidence.
HOW = "mail to unsubscribe"
_NAMES = {BounceKind.COMPLAINT: "complaints"}
_SORTS = {
    Sort.DELAYED: "delayed",
    Sort.DELIVERED: "delivered",
    Sort.OTHER: "others",
    Sort.AUTOMATIC: "replies",
    Sort.PERSON: "replies",
}


class TokenReader(Protocol):
    """Verifies tokens; see `bot.subscribe.tokens.Tokens`."""

    def read_bounce(self, token: str) -> Named:
        """Which mail a bounce address names; raises TokenError."""

    def read_leave(self, token: str) -> Named:
        """Whom a link to leave names; raises TokenError."""


@dataclass(frozen=True, slots=True)
class BouncesReport:
    """What a round has read, and what followed from it."""

    #: By the names of `COUNTED`; together they are all that was read.
    counts: Mapping[str, int] = field(default_factory=dict)
    #: Addresses that are closed from now on.
    suppressed: int = 0
    #: Mails that stay unread: people's, and what is broken.
    left: int = 0
    #: What could not be read: (name, why).
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def read(self) -> int:
        """All that were looked at."""
        return sum(self.counts.values())

    def as_json(self) -> dict[str, Any]:
        """The report as `bot bounces take --json` prints it."""
        counts = {name: self.counts.get(name, 0) for name in COUNTED}
        problems = [{"mail": name, "problem": problem} for name, problem in self.problems]
        return {"read": self.read, "suppressed": self.suppressed, **counts, "left": self.left, "problems": problems}


def take_all(
    store: Store,
    mailbox: BounceBox,
    tokens: TokenReader,
    clock: Callable[[], datetime],
    should_stop: Callable[[], bool] = lambda: False,
) -> BouncesReport:
    """Take what a mailbox has; what is for people, and what cannot be read, is left unread.

    Raises:
        MailboxError: it cannot be reached; what was taken before is kept.
        StoreError: the database cannot be used; what was not taken is left unread.
    """
    counts: Counter[str] = Counter()
    suppressed = left = 0
    problems: list[tuple[str, str]] = []
    for mail in mailbox.unread():
        if should_stop():
            break
        reading = Reading(Sort.UNREADABLE) if mail.problem else read_mail(mail.content)
        if reading.sort is Sort.UNREADABLE:
            counts["broken"] += 1
            problems.append((mail.name, mail.problem or "says that it is a report, and has none that can be read"))
        else:
            reading = _for_us(reading, tokens)
            name, closed = _take(store, reading, tokens, clock())
            counts[name] += 1
            suppressed += closed
        if reading.sort in {Sort.UNREADABLE, Sort.PERSON}:
            left += 1
        else:
            mailbox.mark(mail)
    return BouncesReport(counts, suppressed, left, tuple(problems))


def _for_us(reading: Reading, tokens: TokenReader) -> Reading:
    """The same, but a wish to leave that we cannot read is for a person: somebody wants it."""
    if reading.sort is not Sort.LEAVING:
        return reading
    try:
        tokens.read_leave(reading.leave_tokens[0])
    except TokenError:
        return Reading(Sort.PERSON)
    return reading


def _take(store: Store, reading: Reading, tokens: TokenReader, now: datetime) -> tuple[str, bool]:
    """What a mail is counted as, and whether it has closed an address."""
    if reading.sort is Sort.LEAVING:
        subscriber_id = tokens.read_leave(reading.leave_tokens[0]).subscriber_id or 0
        return "unsubscribed" if leave(store, subscriber_id, now, HOW) else "repeated", False
    if reading.kind is None:
        return _SORTS[reading.sort], False
    named = find_named(reading, tokens)
    if named is None:
        return "forged" if reading.tokens or reading.leave_tokens else "unknown", False
    about = ":".join(str(part) for part in named[:3])
    fingerprint = f"{about}:{reading.kind}:{reading.identity}"
    report = BounceReport(named, reading.kind, reading.status, reading.diagnostic, fingerprint)
    match take_bounce(store, report, now):
        case Taken.UNKNOWN:
            return "unknown", False
        case Taken.REPEATED:
            return "repeated", False
        case taken:
            return _NAMES.get(reading.kind, str(reading.kind)), taken is Taken.SUPPRESSED


def find_named(reading: Reading, tokens: TokenReader) -> Named | None:
    """Which mail of ours a report is about: by a token, whose signature holds; only where there is none, by its name.

    A token that is forged, or of another purpose, is worth less than none: then the name is not looked at.
    """
    for token in reading.tokens:
        try:
            return tokens.read_bounce(token)
        except TokenError:
            continue
    if not reading.tokens:
        for message_id in reading.message_ids:
            if (named := named_by_message_id(message_id)) is not None:
                return named
    if reading.kind is BounceKind.COMPLAINT:
        for token in reading.leave_tokens:
            try:
                return tokens.read_leave(token)
            except TokenError:
                continue
    return None
