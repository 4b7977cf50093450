"""What somebody changed about their digests, told apart so that it can be told and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from bot.models.subscribers import WEEKDAYS, Wish

#: No pause with an end is longer: whoever wants none for more than a year has forgotten us, and may say so again.
LONGEST_PAUSE: Final = timedelta(days=366)


class Kind(StrEnum):
    """What can change."""

    ADDED = "added"
    """A feed came in."""
    DROPPED = "dropped"
    """A feed went."""
    ORDER = "order"
    """The same feeds stand in another order."""
    LIMIT = "limit"
    """Papers of one feed in one digest, at the most."""
    CADENCE = "cadence"
    WEEKDAY = "weekday"
    HOUR = "hour"
    TIMEZONE = "time zone"
    MAX_PAPERS = "papers"
    LANGUAGE = "language"


class Change(NamedTuple):
    """One thing that is another now."""

    kind: Kind
    #: Of a feed: its slug.
    feed: str = ""
    #: As they are written in files and forms; empty for none.
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        """As evidence keeps it: `hour 7 to 9`, `added blastomycosis`."""
        if self.kind in (Kind.ADDED, Kind.DROPPED):
            return f"{self.kind} {self.feed}"
        if self.kind is Kind.ORDER:
            return f"order {self.after}"
        return f"{' '.join(filter(None, (self.kind, self.feed)))} {self.before or 'none'} to {self.after or 'none'}"


@dataclass(frozen=True, slots=True)
class Choices:
    """All that a subscriber chooses."""

    #: Slugs, in the order of the digest's sections.
    feeds: tuple[str, ...]
    wish: Wish
    max_papers: int
    language: str
    #: By slug, papers in one digest at the most, where there is a limit.
    caps: Mapping[str, int] = field(default_factory=dict)


def changes(before: Choices, after: Choices) -> tuple[Change, ...]:
    """What is another than it was, feeds first."""
    found = [Change(Kind.ADDED, slug) for slug in after.feeds if slug not in before.feeds]
    found += [Change(Kind.DROPPED, slug) for slug in before.feeds if slug not in after.feeds]
    stayed = [slug for slug in after.feeds if slug in before.feeds]
    if stayed != [slug for slug in before.feeds if slug in after.feeds]:
        found.append(Change(Kind.ORDER, after=" ".join(after.feeds)))
    limits = [(slug, _said(before.caps.get(slug)), _said(after.caps.get(slug))) for slug in after.feeds]
    found += [Change(Kind.LIMIT, slug, old, new) for slug, old, new in limits if old != new]
    pairs = (
        (Kind.CADENCE, before.wish.cadence, after.wish.cadence),
        (Kind.WEEKDAY, WEEKDAYS[before.wish.weekday], WEEKDAYS[after.wish.weekday]),
        (Kind.HOUR, str(before.wish.hour), str(after.wish.hour)),
        (Kind.TIMEZONE, before.wish.timezone, after.wish.timezone),
        (Kind.MAX_PAPERS, str(before.max_papers), str(after.max_papers)),
        (Kind.LANGUAGE, before.language, after.language),
    )
    return (*found, *(Change(kind, "", str(old), str(new)) for kind, old, new in pairs if old != new))


def _said(limit: int | None) -> str:
    return "" if limit is None else str(limit)
