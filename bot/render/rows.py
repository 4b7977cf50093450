"""The rows of a digest: what each of its pieces tells, one below the other, each with templates of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from bot.render.charts import Chart


class Row(Protocol):
    """A piece of a digest that is rendered by itself; equal rows look the same in every digest of a language."""

    #: Which templates show it: `email/digest/KIND.html` and `KIND.txt`.
    kind: ClassVar[str]


@dataclass(frozen=True, slots=True, eq=False)
class HeadView:
    """The head of one concept feed's section; like a card, told from others by being another object."""

    kind: ClassVar[str] = "section"
    name: str
    url: str
    description: str = ""
    direction: str = "ltr"
    chart: Chart | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MoreView:
    """Papers of a section's window that only the web has; like a card, told from others by being another object."""

    kind: ClassVar[str] = "more"
    #: `3 more on the web`
    link: str
    url: str
    #: What stands behind the link.
    rest: str = ""


@dataclass(frozen=True, slots=True)
class LeftOutView:
    """Feeds that have news but no section, because the mail was too long."""

    kind: ClassVar[str] = "left_out"
    link: str
    url: str


@dataclass(frozen=True, slots=True)
class MissedView:
    """Papers that came during a pause and are too old for the digest after it."""

    kind: ClassVar[str] = "missed"
    words: str
    link: str
    #: Empty where there is no page.
    url: str


@dataclass(frozen=True, slots=True)
class UpdateView:
    """What has happened to a paper of an earlier digest."""

    title: str
    url: str
    #: `Now published in Journal of Samples`, `Retracted since`.
    words: str
    #: As a badge's.
    kind: str
    language: str = ""
    direction: str = "ltr"


@dataclass(frozen=True, slots=True)
class UpdatesView:
    """What has happened to papers that the reader has had."""

    kind: ClassVar[str] = "updates"
    updates: tuple[UpdateView, ...]


@dataclass(frozen=True, slots=True)
class UnreachedFeed:
    """A feed whose sources could not all be reached."""

    name: str
    sources: str


@dataclass(frozen=True, slots=True)
class UnreachedView:
    """Feeds that were out of reach."""

    kind: ClassVar[str] = "unreached"
    feeds: tuple[UnreachedFeed, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FeedView:
    """A feed that the reader does not follow: it trends, or is too young to tell."""

    kind: ClassVar[str] = "feed"
    name: str
    url: str
    description: str = ""
    note: str = ""
    young: bool = False
    #: What stands behind the reader's own page of choices to add it there; empty where there is no such page.
    add: str = ""
    chart: Chart | None = None


@dataclass(frozen=True, slots=True)
class FeedsView:
    """The head above such feeds."""

    kind: ClassVar[str] = "feeds"
    #: Whether all of them trend.
    all_trend: bool
