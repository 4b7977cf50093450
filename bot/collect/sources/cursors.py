"""Lists of works that a service shows page by page with a cursor: complete, or an error.

Crossref gives a cursor with its last page too, and the same one for many pages ("REST API", deep paging), so that a
cursor that stays is no sign of trouble; pages without a work that is new are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.collect.answer import Fetched
from bot.collect.sources.protocol import PAPERS, Page, counted
from bot.collect.sources.streams import Bytes, JsonAnswer, flagged, json_problem, readable
from bot.errors import SourceError
from bot.models.papers import Announcement

FIRST = "*"


@dataclass(frozen=True, slots=True)
class Listing:
    """Where a service's answers keep what."""

    #: Named in errors.
    source: str
    #: Paths of the array of works, of the number of all works, and of the next cursor.
    works: str
    total: str
    cursor: str
    #: The service's own name for a work; empty where it has none.
    name_of: Callable[[dict[str, Any]], str]
    #: A work as an announcement; None where it is no paper.
    announced: Callable[[dict[str, Any], date], Announcement | None]


@dataclass(frozen=True, slots=True)
class Part:
    """One answer."""

    #: Each work's name, with the announcement that it makes, in the service's order.
    works: tuple[tuple[str, Announcement | None], ...]
    total: int
    cursor: str


#: No service gives more in one answer, and what gives more is none.
MOST_WORKS = 1_000


def problem_with(listing: Listing, fetched: Fetched) -> str:
    """What is wrong with an answer that should be a list of works; empty where it is one."""
    return json_problem(fetched, lambda fetched: _listed(listing, fetched))


def _listed(listing: Listing, fetched: Fetched) -> str:
    stream, _ = readable(fetched, lambda stream: _answer(listing, stream).drained())
    answer = _answer(listing, stream).drained()
    return "" if answer.found and answer.number(listing.total) is not None else "not a list of works"


def part_of(listing: Listing, fetched: Fetched, today: date) -> Part:
    """The works of an answer in which `problem_with` found no fault.

    Args:
        today: the day of fetching, which bounds dates.

    Raises:
        SourceError: where it is no list of works after all.
    """
    stream, _ = readable(fetched, lambda stream: _answer(listing, stream).drained())
    answer = _answer(listing, stream)
    works: list[tuple[str, Announcement | None]] = []
    for work in answer:
        if len(works) == MOST_WORKS:
            raise SourceError(listing.source, f"more than {MOST_WORKS:,} works in one answer")
        announcement = listing.announced(work, today)
        works.append((listing.name_of(work), flagged(announcement) if announcement else None))
    total, cursor = answer.number(listing.total), answer.values.get(listing.cursor)
    if total is None:
        raise SourceError(listing.source, "an answer without a count")
    return Part(tuple(works), total, cursor if isinstance(cursor, str) else "")


def _answer(listing: Listing, stream: Bytes) -> JsonAnswer:
    return JsonAnswer(listing.source, stream, listing.works)


async def pages_from(
    listing: Listing, part: Part, ask: Callable[[str], Awaitable[Part]], most: int, stated: int | None = None
) -> AsyncIterator[Page]:
    """All works from the first part on, each once.

    Args:
        part: the first.
        ask: gives the part of a cursor.
        most: works that are read at the most.
        stated: how many there are in all, where this is a part of the whole; for progress.

    Raises:
        SourceError: where fewer came than were stated, or the pages do not end.
    """
    seen: set[str] = set()
    total = 0
    while True:
        total = max(total, part.total)
        if total > most:
            raise SourceError(listing.source, f"{total:,} works, more than {most:,}; narrow the query")
        before, fresh = len(seen), []
        for name, announcement in part.works:
            # A work without a name cannot be told from others: each counts.
            known = name or f"#{len(seen)}"
            if known not in seen:
                seen.add(known)
                fresh += [announcement] if announcement else []
        for at in range(0, max(1, len(fresh)), PAPERS):
            yield Page(tuple(fresh[at : at + PAPERS]), total if stated is None else stated)
        if len(seen) > total:
            raise SourceError(listing.source, f"{len(seen):,} works came, though {total:,} were stated")
        if len(seen) == total or not part.works or not part.cursor:
            break
        if len(seen) == before:
            raise SourceError(listing.source, f"the cursor does not advance after {len(seen):,} of {total:,} records")
        part = await ask(part.cursor)
    counted(listing.source, len(seen), total)
