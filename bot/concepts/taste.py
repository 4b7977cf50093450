"""What a subscriber likes to read, learned from their votes: a linear model on papers' words, and the order it gives.

The approach is that of arxiv-sanity-lite (A. Karpathy, 2021, `compute.py` and `send_emails.py`): papers as unit vectors
of tf-idf, one strongly regularised linear model for each reader, all other papers on the other side. Three things
differ, because a digest has few votes of a reader and must not drop a paper. Other papers count as neither liked nor
disliked; so the model is one of least squares (ridge regression) on the votes +1 and -1 and the others' 0, and what it
gives is the vote to be expected. It is found by the same steps in the same order each time, so that the same votes
always give the same order. And it moves papers within bounds that widen with the number of votes.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from typing import NamedTuple

from bot.models.votes import PaperText

#: How much the weights are held down; votes pull with 1 each.
REGULARISATION = 0.5
#: What the other papers weigh together, beside votes that weigh 1 each.
OTHERS = 1.0
#: Steps towards the weights at the most; fewer where what is left to explain is this share of the votes, squared.
STEPS, NEAR = 16, 1e-5
#: An expected vote of so much is as good as certain: a paper's words never explain a vote whole.
CERTAIN = 0.3
#: With so many votes, a paper may move half as far as with endlessly many.
HALF_WAY = 10
#: Words in more than this share of the background tell nothing (arxiv-sanity-lite's `max_df`), once it is large enough.
COMMON, ENOUGH = 0.5, 20
#: Characters of a paper's text that are read.
TEXT_LENGTH = 10_000

_WORD = re.compile(r"[^\W\d_][^\W_]+")
#: English words that say nothing of what a paper is about; others are found by how common they are.
_STOP = frozenset(
    "a about above after all also although among an and any are as at be because been before being between both "
    "but by can could did do does due during each either et al few for from further had has have having here how "
    "however if in into is it its itself may might more most much must no nor not of on once only or other our "
    "out over own per same should since so some such than that the their them then there therefore these they "
    "this those through thus to too under until up upon us use used using very via was we well were what when "
    "where whereas whether which while who whom whose why will with within without would yet you your".split()
)


class Vector(NamedTuple):
    """A paper as a unit vector: its words, each once, and how much each weighs; the squares sum to 1, or to 0."""

    words: tuple[str, ...]
    weights: tuple[float, ...]


class Example(NamedTuple):
    """A paper that somebody voted on."""

    #: Makes the order of examples the same whatever the order they come in.
    paper_id: int
    vector: Vector
    liked: bool


def words_of(text: PaperText) -> Counter[str]:
    """How often each word that may tell something is in a paper, singular and plural as one.

    Words have two letters or more; numbers and ordinary English words are none. Scripts without spaces give long
    runs that no other paper has: papers in them keep their place.
    """
    whole = unicodedata.normalize("NFKC", " ".join((text.title, *text.keywords, text.abstract))[:TEXT_LENGTH])
    found = _WORD.findall(whole.casefold())
    return Counter(_singular(word) for word in found if word not in _STOP)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


@dataclass(frozen=True, slots=True)
class Background:
    """What papers are usually made of: by it, rare words tell more than common ones."""

    papers: int
    #: In how many papers each word is.
    _papers_with: Mapping[str, int]

    @classmethod
    def of(cls, texts: Iterable[PaperText]) -> Background:
        """Give the background that `texts` make."""
        papers_with: Counter[str] = Counter()
        papers = 0
        for text in texts:
            papers_with.update(words_of(text).keys())
            papers += 1
        return cls(papers, papers_with)

    def vector(self, text: PaperText) -> Vector:
        """Give the paper's tf-idf, with logarithmic counts and smoothed rarity as scikit-learn's `TfidfVectorizer` has.

        That is, 1 + ln count, times 1 + ln((1 + papers) / (1 + papers with the word)), scaled to length 1.
        """
        weighed = {word: (1 + math.log(count)) * self._rarity(word) for word, count in words_of(text).items()}
        weighed = {word: weighed[word] for word in sorted(weighed) if weighed[word]}
        length = math.sqrt(math.fsum(weight * weight for weight in weighed.values()))
        return Vector(tuple(weighed), tuple(weight / length for weight in weighed.values()))

    def _rarity(self, word: str) -> float:
        there = self._papers_with.get(word, 0)
        if self.papers >= ENOUGH and there > COMMON * self.papers:
            return 0.0
        return 1 + math.log((1 + self.papers) / (1 + there))


@dataclass(frozen=True, slots=True)
class Taste:
    """What was learned from one subscriber's votes."""

    #: Weights of words; liked ones are above 0.
    weights: Mapping[str, float]
    #: From how many votes.
    votes: int

    def liking(self, vector: Vector) -> float:
        """Give how sure it is which vote is to be expected: 1 is surely "more like this", -1 surely "not for me".

        It is 0 where nothing is known.
        """
        get = self.weights.get
        expected: float = sum(map(mul, [get(word, 0.0) for word in vector.words], vector.weights))
        return max(-1.0, min(1.0, expected / CERTAIN))

    def because(self, vector: Vector, limit: int = 3) -> tuple[tuple[str, float], ...]:
        """Give the words that move a paper most, and by how much of its liking each, the strongest first."""
        parts = {word: self.weights.get(word, 0.0) * weight / CERTAIN for word, weight in zip(*vector, strict=True)}
        return _strongest(parts, limit)

    def words(self, limit: int = 5) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Give the words that count most for a paper, and those that count most against one, the strongest first."""
        towards = _strongest({word: weight for word, weight in self.weights.items() if weight > 0}, limit)
        against = _strongest({word: weight for word, weight in self.weights.items() if weight < 0}, limit)
        return tuple(word for word, _ in towards), tuple(word for word, _ in against)


def learn(votes: Iterable[Example], others: Sequence[Vector] = ()) -> Taste:
    """Give what `votes` tell of a subscriber's taste; the order in which they come does not matter.

    The weights w minimise the sum of c (y - w·x)² over all papers x, plus `REGULARISATION` w². y is 1 for liked
    papers, -1 for the opposite, and 0 for others; c is 1 for votes, and for others such that together they weigh
    `OTHERS` times as much as the votes, and none more than a vote.

    Args:
        votes: at most one for each paper.
        others: papers of the same feeds, whatever is thought of them; best a hundred or fewer.
    """
    voted = sorted(votes, key=lambda vote: vote.paper_id)
    if not voted:
        return Taste({}, 0)
    scale = math.sqrt(min(1.0, OTHERS * len(voted) / len(others))) if others else 0.0
    places: dict[str, int] = {}
    rows = [
        ([places.setdefault(word, len(places)) for word in vector.words], [weight * by for weight in vector.weights])
        for vector, by in (*((vote.vector, 1.0) for vote in voted), *((other, scale) for other in others))
    ]
    wanted = [1.0 if vote.liked else -1.0 for vote in voted] + [0.0] * len(others)
    return Taste(dict(zip(places, _ridge(rows, wanted, len(places)), strict=True)), len(voted))


def _ridge(rows: Sequence[tuple[list[int], list[float]]], wanted: Sequence[float], size: int) -> list[float]:
    """Weights by conjugate gradients on the dual problem, (X Xᵀ + R) a = y and w = Xᵀ a.

    After M. R. Hestenes and E. Stiefel, J. Res. Natl. Bur. Stand. 49, 1952.

    Args:
        rows: for each paper, places of its words and their weights.
        wanted: for each paper.
        size: places in all.
    """

    def gathered(shares: Sequence[float]) -> list[float]:
        weights = [0.0] * size
        for (words, parts), share in zip(rows, shares, strict=True):
            if share:
                for word, part in zip(words, parts, strict=True):
                    weights[word] += share * part
        return weights

    shares = [0.0] * len(rows)
    left = list(wanted)
    along = left
    much = sum(map(mul, left, left))
    enough = much * NEAR
    for _ in range(STEPS):
        weights = gathered(along)
        given = [
            sum(map(mul, map(weights.__getitem__, words), parts)) + REGULARISATION * one
            for (words, parts), one in zip(rows, along, strict=True)
        ]
        step = much / sum(map(mul, along, given))
        shares = [share + step * one for share, one in zip(shares, along, strict=True)]
        left = [one - step * other for one, other in zip(left, given, strict=True)]
        before, much = much, sum(map(mul, left, left))
        if much <= enough:
            break
        along = [one + much / before * other for one, other in zip(left, along, strict=True)]
    return gathered(shares)


def reach(votes: int) -> float:
    """Give how far votes may move a paper, from 0 to 1: none for no votes, and half of it for `HALF_WAY`."""
    return votes / (votes + HALF_WAY)


def reordered(paper_ids: Sequence[int], liking: Callable[[int], float], votes: int) -> list[int]:
    """Give the same papers in a subscriber's own order.

    Each stands at its place as a share of the list, less its liking times `reach`. So no paper moves by more than
    twice `reach` times their number, and where no liking differs the order stays.

    Args:
        paper_ids: in the order that holds for everybody.
        liking: the vote to be expected of a paper, from -1 to 1.
        votes: from how many that was learned.
    """
    if not votes or not paper_ids:
        return list(paper_ids)
    far, share = reach(votes), 1 / len(paper_ids)
    keys = [(place * share - far * liking(paper_id), place) for place, paper_id in enumerate(paper_ids)]
    return [paper_ids[place] for _, place in sorted(keys)]


def _strongest(parts: Mapping[str, float], limit: int) -> tuple[tuple[str, float], ...]:
    told = [(word, part) for word, part in parts.items() if part]
    return tuple(sorted(told, key=lambda one: (-abs(one[1]), one[0]))[:limit])
