"""Which tags are so common that they tell one paper from few others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.concepts.related import FeedIndex

#: A tag that more than this share of the papers have is common.
COMMON = 0.05
#: Of fewer papers than this, shares tell nothing.
ENOUGH = 200


@dataclass(frozen=True, slots=True)
class Rarity:
    """The tags that are common."""

    common: frozenset[str] = frozenset()

    @classmethod
    def among(cls, tagged: Sequence[Iterable[str]]) -> Rarity:
        """Give what is common among papers.

        Args:
            tagged: the tags of each paper.
        """
        if len(tagged) < ENOUGH:
            return cls()
        counts = Counter(name for names in tagged for name in set(names))
        return cls(frozenset(name for name, papers in counts.items() if papers > COMMON * len(tagged)))

    def ordered(self, names: Iterable[str], feeds: FeedIndex) -> tuple[str, ...]:
        """Give a paper's tags with the common ones last, otherwise in the order that they have.

        A tag that leads to a feed stays where it is: the papers are those of feeds, so theirs are common by themselves.
        """
        return tuple(sorted(names, key=lambda name: name in self.common and feeds.feed_of(name) is None))
