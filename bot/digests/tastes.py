"""What is learned from votes for one round of planning: papers' words are read once, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from bot.concepts.taste import Background, Example, Taste, Vector, learn, reordered
from bot.models.votes import CastVote, PaperText
from bot.store.due import Voter, entered_since
from bot.store.engine import Store
from bot.store.votes import newest_ids, texts

#: Papers that words' rarity is counted in, over all feeds and of one feed, at the most.
BACKGROUND, OF_A_FEED = 1_000, 60
#: Papers that votes stand out from, at the most.
OTHERS = 60
#: Papers that are kept in mind between batches; each takes some kilobytes.
REMEMBERED = 10_000

_NOTHING = Vector((), ())

#: A subscriber's votes, by paper id, and feeds.
_Whose = tuple[tuple[CastVote, ...], tuple[int, ...]]
#: Gives papers of one feed in a subscriber's own order.
Order = Callable[[Sequence[int]], list[int]]


class Tastes:
    """Learns from votes and orders papers; what it remembers lasts for one round."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._vectors: dict[int, Vector] = {}
        self._learned: dict[_Whose, Taste] = {}
        self._likings: dict[_Whose, dict[int, float]] = {}

    def prepare(self, voters: Sequence[Voter]) -> None:
        """Learn ahead what a batch will need, so that its transaction is short; it changes nothing but the time."""
        self._learned.clear()
        self._likings.clear()
        if not voters:
            return
        while len(self._vectors) > REMEMBERED:
            del self._vectors[next(iter(self._vectors))]
        self._read(vote.paper_id for voter in voters for vote in voter.votes)
        feed_ids = {feed for voter in voters for feed in voter.feed_ids}
        entered = entered_since(self._store, feed_ids, min(voter.start for voter in voters))
        self._read(paper_id for papers in entered.values() for paper_id, _ in papers)
        for voter in voters:
            taste = self.taste(voter.votes, voter.feed_ids)
            fresh = {paper_id for feed in voter.feed_ids for paper_id, at in entered.get(feed, ()) if at >= voter.start}
            self._likings[voter.votes, voter.feed_ids] = {one: taste.liking(self.vector(one)) for one in fresh}

    def order(self, votes: tuple[CastVote, ...], feed_ids: tuple[int, ...]) -> Order | None:
        """How to order papers for a subscriber; None where there are no votes.

        Args:
            votes: by paper id.
            feed_ids: the subscriber's feeds.
        """
        if not votes:
            return None
        taste = self.taste(votes, feed_ids)
        likings = self._likings.setdefault((votes, feed_ids), {})

        def own(paper_ids: Sequence[int]) -> list[int]:
            late = [paper_id for paper_id in paper_ids if paper_id not in likings]
            self._read(late)
            likings.update((paper_id, taste.liking(self.vector(paper_id))) for paper_id in late)
            return reordered(paper_ids, likings.__getitem__, taste.votes)

        return own

    def taste(self, votes: tuple[CastVote, ...], feed_ids: tuple[int, ...]) -> Taste:
        """What a subscriber's votes tell, beside papers of their feeds."""
        found = self._learned.get((votes, feed_ids))
        if found is None:
            voted = {vote.paper_id for vote in votes}
            others = [paper_id for paper_id in self._others(feed_ids) if paper_id not in voted]
            self._read([*voted, *others])
            examples = [Example(vote.paper_id, self.vector(vote.paper_id), vote.liked) for vote in votes]
            found = learn(examples, [self.vector(paper_id) for paper_id in others])
            self._learned[votes, feed_ids] = found
        return found

    def vector(self, paper_id: int) -> Vector:
        """A paper's words as they are learned from; none where the paper is gone."""
        if paper_id not in self._vectors:
            self._read([paper_id])
        return self._vectors[paper_id]

    def _others(self, feed_ids: Sequence[int]) -> list[int]:
        """The newest papers of some feeds, as many of each."""
        share = -(-OTHERS // max(1, len(feed_ids)))
        return sorted({paper_id for feed in feed_ids for paper_id in self._newest.get(feed, ())[:share]})[:OTHERS]

    def _read(self, paper_ids: Iterable[int]) -> None:
        missing = [paper_id for paper_id in dict.fromkeys(paper_ids) if paper_id not in self._vectors]
        if missing:
            background, found = self._background, texts(self._store, missing)
            for paper_id in missing:
                text = found.get(paper_id)
                self._vectors[paper_id] = background.vector(text) if text else _NOTHING

    @cached_property
    def _newest(self) -> dict[int, tuple[int, ...]]:
        return newest_ids(self._store, BACKGROUND, OF_A_FEED)

    @cached_property
    def _background(self) -> Background:
        ids = sorted({paper_id for newest in self._newest.values() for paper_id in newest})
        found: dict[int, PaperText] = texts(self._store, ids)
        return Background.of(found[paper_id] for paper_id in ids if paper_id in found)
