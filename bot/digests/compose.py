"""What one subscriber gets: the papers of their feeds in their window, each once, the best first.

The best are the most relevant; what entered the feed just now counts `RECENCY` more than what did at the window's
beginning, and what lies between as much of it as its place in the window. So of papers that are equally relevant the
newest comes first, and none is overtaken by one that is less relevant by `RECENCY` or more. Retracted papers, which
have no relevance left, come last.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import datetime
from itertools import filterfalse, islice
from typing import NamedTuple

from bot.models.deliveries import NO_CAPS, Digest, DigestSection, Entry
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
    caps: Mapping[int, int] = NO_CAPS,
) -> Digest | None:
    """A subscriber's digest; None when there is nothing new.

    What has happened to earlier papers, and which sources were out of reach, is told along with what is new, and is no
    reason for a mail by itself.

    A paper of several feeds stands in the first of them. Where not everything fits, the feeds take
    turns with their best papers, so that a busy feed does not crowd a quiet one out. Where there are more feeds than
    room, the last ones show no paper, and tell how many they have.

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
        caps: by feed, papers at the most; what a feed may not take is room for the others.
    """
    theirs = {feed_id: entries[feed_id] for feed_id in feed_ids if feed_id in entries}
    composer = Composer(theirs, trending=trending, unreached=unreached)
    return composer.digest(
        feed_ids, window, shown=shown, max_papers=max_papers, updates=updates, own_order=own_order, caps=caps
    )


class _Shelf(NamedTuple):
    """A feed's papers of one window, in the order that holds for everybody."""

    papers: tuple[int, ...]
    #: How many of them stand; the others are retracted, and last.
    standing: int
    ids: frozenset[int]
    #: Those that other feeds have, too.
    several: frozenset[int]

    def first(self, count: int, without: Set[int]) -> tuple[int, ...]:
        """The best `count` of those that are left."""
        if not without:
            return self.papers[:count]
        return tuple(islice(filterfalse(without.__contains__, self.papers), count))


class Composer:
    """Composes the digests of many: what their windows hold is put in order once for all who share it.

    Args:
        entries: by feed, the oldest first, at least those of everybody's window.
        trending: feeds that grow faster than their own past, the fastest first.
        unreached: by feed, sources that could not be reached.
    """

    def __init__(
        self,
        entries: Mapping[int, Sequence[Entry]],
        *,
        trending: Sequence[int] = (),
        unreached: Mapping[int, Sequence[str]] | None = None,
    ) -> None:
        self._entries = entries
        self._trending = trending
        self._unreached = {feed: tuple(sources) for feed, sources in (unreached or {}).items() if sources}
        feeds_with = Counter(entry.paper_id for found in entries.values() for entry in found)
        self._several = frozenset(paper_id for paper_id, feeds in feeds_with.items() if feeds > 1)
        self._shelves: dict[tuple[datetime, datetime], dict[int, _Shelf]] = {}

    def digest(
        self,
        feed_ids: Sequence[int],
        window: tuple[datetime, datetime],
        *,
        shown: Set[int] = frozenset(),
        max_papers: int = 12,
        updates: Sequence[tuple[int, str]] = (),
        own_order: Callable[[Sequence[int]], list[int]] | None = None,
        caps: Mapping[int, int] = NO_CAPS,
        missed: int = 0,
    ) -> Digest | None:
        """One subscriber's digest, as `compose` gives it.

        Args:
            missed: papers that came before the window, during a pause.
        """
        shelves = self._shelves.setdefault(window, {})
        chosen = dict.fromkeys(feed_ids)
        taken: set[int] = set()
        left: list[tuple[int, _Shelf, Set[int], int]] = []
        for feed_id in chosen:
            shelf = shelves.get(feed_id)
            if shelf is None:
                shelf = shelves[feed_id] = self._shelf(feed_id, window)
            gone = shelf.ids & shown
            if shelf.several:
                gone |= shelf.several & taken
                taken |= shelf.several
            if count := len(shelf.papers) - len(gone):
                left.append((feed_id, shelf, gone, count))
        if not left:
            return None
        wanted = [min(count, caps.get(feed, count)) for feed, _, _, count in left] if caps else [one[3] for one in left]
        rooms = _turns(wanted, max(1, max_papers))
        sections = [
            DigestSection(feed_id, shelf.first(room, gone), count - room)
            if own_order is None or not room
            else _own_section(feed_id, shelf, gone, room, own_order)
            for (feed_id, shelf, gone, count), room in zip(left, rooms, strict=True)
        ]
        return Digest(
            tuple(sections),
            tuple([feed for feed in self._trending if feed not in chosen][:TRENDING]),
            tuple(sorted(updates, key=_gravity)[:UPDATES]) if updates else (),
            tuple([(feed, self._unreached[feed]) for feed in chosen if feed in self._unreached]),
            missed,
        )

    def _shelf(self, feed_id: int, window: tuple[datetime, datetime]) -> _Shelf:
        found = sorted(_within(self._entries.get(feed_id, ()), window), key=best_first(window))
        papers = tuple(entry.paper_id for entry in found)
        ids = frozenset(papers)
        # False, for those that stand, comes before True.
        standing = bisect_right(found, False, key=_is_retracted)  # noqa: FBT003 (what is looked for)
        return _Shelf(papers, standing, ids, ids & self._several)


def _own_section(
    feed_id: int, shelf: _Shelf, gone: Set[int], room: int, own_order: Callable[[Sequence[int]], list[int]]
) -> DigestSection:
    """The first `room` papers; the others are counted, and among them those that votes have put there."""
    # What was retracted has no relevance left, and no liking brings it back up.
    standing = [paper_id for paper_id in shelf.papers[: shelf.standing] if paper_id not in gone]
    retracted = [paper_id for paper_id in shelf.papers[shelf.standing :] if paper_id not in gone]
    papers = [*own_order(standing), *retracted]
    shown = tuple(papers[:room])
    return DigestSection(feed_id, shown, len(papers) - room, len(set(shelf.first(room, gone)).difference(shown)))


def _gravity(update: tuple[int, str]) -> int:
    return _GRAVITY.get(update[1], len(_GRAVITY))


def _within(entries: Sequence[Entry], window: tuple[datetime, datetime]) -> Sequence[Entry]:
    start, end = (bisect_left(entries, moment, key=_entered) for moment in window)
    return entries[start:end]


def _is_retracted(entry: Entry) -> bool:
    return entry.relevance <= 0


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
    while room and (open_ := [i for i, count in enumerate(wanted) if count > given[i]]):
        # So many turns at once, as all of them still take part in and there is room for.
        turns = max(1, min(room // len(open_), *[wanted[i] - given[i] for i in open_]))
        for i in open_[:room]:
            given[i] += turns
            room -= turns
    return given
