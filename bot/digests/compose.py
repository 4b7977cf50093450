"""What one subscriber gets: the papers of their feeds in their window, each once, the best first.

The best are the most relevant; what entered the feed just now counts `RECENCY` more than what did at the window's
beginning, and what lies between as much of it as its place in the window. So of papers that are equally relevant the
newest comes first, and none is overtaken by one that is less relevant by `RECENCY` or more. Retracted papers, which
have no relevance left, come last.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import datetime
from itertools import chain

from bot.models.deliveries import Digest, DigestSection, Entry
from bot.models.papers import Mark

#: What being new adds to relevance, from 0 at the window's beginning to this at its end.
RECENCY = 0.1
#: Trending feeds shown at the end of a digest, at the most.
TRENDING = 3
#: What has happened to earlier papers is told of so many, at the most.
UPDATES = 10
#: In which order that is told.
_GRAVITY = {kind: at for at, kind in enumerate((Mark.RETRACTED, Mark.CONCERN, "published", Mark.CORRECTED))}


def compose(
    feed_ids: Sequence[int],
    entries: Mapping[int, Sequence[Entry]],
    window: tuple[datetime, datetime],
    *,
    shown: Set[int] = frozenset(),
    max_papers: int = 12,
    trending: Sequence[int] = (),
    updates: Sequence[tuple[int, str]] = (),
    unreached: Mapping[int, Sequence[str]] | None = None,
    own_order: Callable[[Sequence[int]], list[int]] | None = None,
) -> Digest | None:
    """A subscriber's digest; None when there is nothing new.

    What has happened to earlier papers, and which sources were out of reach, is told along with what is new, and is no
    reason for a mail by itself.

    A paper of several feeds stands in the first of them. Where not everything fits, the feeds take
    turns with their best papers, so that a busy feed does not crowd a quiet one out.

    Args:
        feed_ids: the chosen feeds, in the order of the digest's sections.
        entries: by feed, the oldest first, at least those of the window.
        window: half-open, of `Entry.entered_at`.
        shown: papers that this subscriber has had.
        max_papers: in all.
        trending: feeds that grow faster than their own past, the fastest first.
        updates: what has happened to papers that this subscriber has had, latest first.
        unreached: by feed, sources that could not be reached.
        own_order: gives the papers of a feed in the subscriber's own order; none is lost, and retracted ones stay last.
    """
    taken: set[int] = set(shown)
    candidates: dict[int, list[Entry]] = {}
    for feed_id in feed_ids:
        fresh = [entry for entry in _within(entries.get(feed_id, ()), window) if entry.paper_id not in taken]
        if fresh:
            taken.update(entry.paper_id for entry in fresh)
            candidates[feed_id] = sorted(fresh, key=best_first(window))
    if not candidates:
        return None
    room = _turns([len(found) for found in candidates.values()], max(1, max_papers))
    sections = tuple(
        _section(feed_id, found, count, own_order)
        for (feed_id, found), count in zip(candidates.items(), room, strict=True)
        if count
    )
    followed = set(feed_ids)
    return Digest(
        sections,
        tuple(feed for feed in trending if feed not in followed)[:TRENDING],
        tuple(sorted(updates, key=lambda update: _GRAVITY.get(update[1], len(_GRAVITY))))[:UPDATES],
        tuple((feed, tuple(unreached[feed])) for feed in feed_ids if unreached and unreached.get(feed)),
    )


def _section(
    feed_id: int, found: Sequence[Entry], room: int, own_order: Callable[[Sequence[int]], list[int]] | None
) -> DigestSection:
    """The first `room` papers; the others are counted, and among them those that votes have put there."""
    papers = [entry.paper_id for entry in found]
    first = set(papers[:room])
    if own_order is not None:
        # What was retracted has no relevance left, and no liking brings it back up.
        standing = [entry.paper_id for entry in found if entry.relevance > 0]
        papers = [*own_order(standing), *(entry.paper_id for entry in found if entry.relevance <= 0)]
    shown = tuple(papers[:room])
    return DigestSection(feed_id, shown, len(papers) - room, len(first.difference(shown)))


def _within(entries: Sequence[Entry], window: tuple[datetime, datetime]) -> Sequence[Entry]:
    start, end = (bisect_left(entries, moment, key=_entered) for moment in window)
    return entries[start:end]


def _entered(entry: Entry) -> datetime:
    return entry.entered_at


def best_first(window: tuple[datetime, datetime]) -> Callable[[Entry], tuple[bool, float, float, int]]:
    """A key that sorts the entries of a window into the order that holds for everybody."""
    start, end = window
    length = (end - start).total_seconds()

    def key(entry: Entry) -> tuple[bool, float, float, int]:
        place = (entry.entered_at - start).total_seconds() / length if length > 0 else 1.0
        # Sources list their newest papers first, so of one batch the lower id is the newer paper.
        return (
            entry.relevance <= 0,
            -(entry.relevance + RECENCY * place),
            -entry.entered_at.timestamp(),
            entry.paper_id,
        )

    return key


def _turns(wanted: Sequence[int], room: int) -> list[int]:
    """How many each takes when all take one in turn until there is no more room."""
    given = [0] * len(wanted)
    turns = chain.from_iterable([i for i, count in enumerate(wanted) if count > done] for done in range(max(wanted)))
    for i, _ in zip(turns, range(room), strict=False):
        given[i] += 1
    return given
