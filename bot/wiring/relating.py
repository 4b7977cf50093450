"""Related concepts of papers, with what has to be looked up for many of them at once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from bot.concepts.rarity import Rarity
from bot.concepts.related import Concept, FeedIndex, related
from bot.models.papers import PaperRecord
from bot.store import feeds, tags
from bot.store.engine import Store

#: Papers whose tags tell which are common: the newest, so that it takes milliseconds.
LOOKED_AT = 2_000


class Relating:
    """Finds related concepts; the feeds and the common tags are those of when it was first asked."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, places: Iterable[tuple[int, PaperRecord]]) -> dict[tuple[int, int], tuple[Concept, ...]]:
        """By feed id and paper id, the related concepts of papers, the most telling first.

        Args:
            places: papers, each with the feed that it is shown in.
        """
        shown = list(places)
        tagged = tags.tags_of(self._store, (paper.id for _, paper in shown))
        found = {}
        for feed, paper in shown:
            names = tagged.get(paper.id, ())
            mentioned = self._rarity.ordered(names, self._index) if names else ()
            found[feed, paper.id] = related(paper, self._index, without=feed, mentioned=mentioned)
        return found

    @cached_property
    def _index(self) -> FeedIndex:
        return FeedIndex.of(feeds.feeds(self._store))

    @cached_property
    def _rarity(self) -> Rarity:
        return Rarity.among(tags.newest_tags(self._store, LOOKED_AT))
