"""Related concepts of papers, with what has to be looked up for many of them at once."""

from __future__ import annotations

from collections.abc import Mapping
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

    def of(self, papers: Mapping[int, PaperRecord], shown_in: Mapping[int, int]) -> dict[int, tuple[Concept, ...]]:
        """The related concepts of papers, the most telling first.

        Args:
            papers: by the ids that they are asked for by; since then a paper may have become a part of another one.
            shown_in: by the same ids, the feed that each is shown in; papers that are not here are left out.
        """
        shown = {paper_id: paper for paper_id, paper in papers.items() if paper_id in shown_in}
        tagged = tags.tags_of(self._store, (paper.id for paper in shown.values()))
        found = {}
        for paper_id, paper in shown.items():
            names = tagged.get(paper.id, ())
            mentioned = self._rarity.ordered(names, self._index) if names else ()
            found[paper_id] = related(paper, self._index, without=shown_in[paper_id], mentioned=mentioned)
        return found

    @cached_property
    def _index(self) -> FeedIndex:
        return FeedIndex.of(feeds.feeds(self._store))

    @cached_property
    def _rarity(self) -> Rarity:
        return Rarity.among(tags.newest_tags(self._store, LOOKED_AT))
