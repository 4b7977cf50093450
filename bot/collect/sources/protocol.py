"""What a source is: it announces, page by page, the papers that a query finds in a window of index dates."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from bot.collect.fetch import Fetcher
from bot.errors import SourceError
from bot.models.papers import Announcement, Identifier


@dataclass(frozen=True, slots=True)
class IndexWindow:
    """A half-open window `[start, end)` of the time at which a source began to show a paper; aware times."""

    start: datetime
    end: datetime
    #: The time of fetching, where the window ends before it.
    asked_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("naive time in a window; index windows are aware")
        if self.start > self.end:
            raise ValueError("a window that ends before it starts")

    @property
    def first_day(self) -> date:
        """The first day that the window touches, in UTC."""
        return self.start.astimezone(UTC).date()

    @property
    def last_day(self) -> date:
        """The last day that the window touches, in UTC."""
        return max(self.first_day, (self.end.astimezone(UTC) - timedelta(microseconds=1)).date())

    @property
    def today(self) -> date:
        """The day of fetching, in UTC, which bounds what dates a source may claim."""
        return (self.asked_at or self.end - timedelta(microseconds=1)).astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class Validators:
    """By what a service recognises that we have its answer already (RFC 9110, section 8.8)."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what a query finds; a query that finds nothing gives one empty page."""

    announcements: tuple[Announcement, ...] = ()
    #: How many records the source says there are in all, where it says so; for progress.
    stated: int | None = None
    #: What the source says about the query itself (`unknown field: tiba`), for the admin.
    warnings: tuple[str, ...] = ()
    #: Records that the source has taken back.
    withdrawn: tuple[Identifier, ...] = ()
    #: What to hand over the next time, where the service gave any.
    validators: Validators | None = None
    #: Nothing has changed since `known` was given; the page is empty then.
    unchanged: bool = False


class Source(Protocol):
    """A service where papers are announced."""

    @property
    def name(self) -> str:
        """As catalogues write it."""

    @property
    def overlap(self) -> timedelta | None:
        """How far behind its own index dates the source still adds; None where it selects by no date at all."""

    @property
    def exact(self) -> bool:
        """Whether it selects by the very day that it gives as that of indexing; only then are long windows parted."""

    @property
    def every(self) -> timedelta:
        """How long to leave it alone after a whole answer, at the least."""

    def selects(self, query: str) -> bool:
        """Whether `query` selects by topic; otherwise its papers must be matched by their text."""

    def collect(
        self, query: str, window: IndexWindow, fetch: Fetcher, known: Validators | None = None
    ) -> AsyncIterator[Page]:
        """Every paper that `query` finds in `window`, in pages of at most `PAPERS` each.

        A source that cannot select by index date announces what it shows. Only an iteration that ends by itself was
        whole; pages that came before an error are good, but the watermark must not pass.

        Args:
            known: of the last whole answer; only sources that select by no date make use of it.

        Raises:
            FetchError: where the service gives no usable answer.
            SourceError: where an answer is not what the source promises, or records are missing at the end.
        """


#: Records of one window at the most: what states more is no concept, or no honest total.
MOST_IN_WINDOW = 100_000
#: How long most sources are left alone after an answer.
HOURLY = timedelta(hours=1)
#: Papers in one page at the most, however many an answer holds.
PAPERS = 200


def counted(source: str, got: int, stated: int) -> None:
    """Nothing, where at least as many records came as the source stated.

    Raises:
        SourceError: that says how many came of how many.
    """
    if got < stated:
        raise SourceError(source, f"short: {got:,} of {stated:,} records came")


def halved(source: str, first: date, last: date, most: int) -> list[tuple[date, date]]:
    """Two spans of days in place of one with more than `most` records, the earlier last, since it is taken first.

    Raises:
        SourceError: where the span is a single day.
    """
    if first == last:
        raise SourceError(source, f"more than {most:,} records of {first}; narrow the query")
    middle = first + (last - first) // 2
    return [(middle + timedelta(days=1), last), (first, middle)]


def each_missing_once(source: str, wanted: int, missing: list[str]) -> None:
    """Nothing, where nothing is missing.

    Raises:
        SourceError: that says how many of the stated records did not come, and names some.
    """
    if missing:
        named = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        raise SourceError(source, f"short: {wanted - len(missing)} of {wanted} records; missing: {named}")


def pages_of(wanted: list[str], size: int) -> Iterator[list[str]]:
    """`wanted` in parts of `size`."""
    return (wanted[at : at + size] for at in range(0, len(wanted), size))
