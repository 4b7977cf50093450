"""How well documents are found and ranked: precision, recall, F1, average precision, nDCG, work saved.

Average precision as trec_eval has it (C. Buckley and E. M. Voorhees, SIGIR 2000): over all relevant documents, the
precision at the rank of each. nDCG by K. Järvelin and J. Kekäläinen (ACM Trans. Inf. Syst. 20, 2002) with gains of 0
and 1 and the discount log2(rank + 1). Work saved over sampling by A. M. Cohen et al. (JAMIA 13, 2006).

Documents are known by their ids. All documents that were judged are ranked: by score, then by id, so that a ranking
does not hang on the order in which they were read; those without a score come last, as if theirs were 0.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

#: How many documents a reader looks at.
DEPTH = 10

Concept = TypeVar("Concept", bound=Hashable)
#: Of each document that has one, the score, above 0.
Scores = Mapping[str, float]


class Counts(NamedTuple):
    """How a set of documents that were found goes with the set of those that should be."""

    both: int
    found: int
    relevant: int

    @classmethod
    def of(cls, found: Collection[str], relevant: Collection[str]) -> Counts:
        """Count two sets."""
        return cls(len(set(found) & set(relevant)), len(found), len(relevant))

    @property
    def precision(self) -> float:
        """Of what was found, the part that is relevant; 0 where nothing was found."""
        return self.both / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Of what is relevant, the part that was found; 0 where nothing is relevant."""
        return self.both / self.relevant if self.relevant else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.both / (self.found + self.relevant) if self.found + self.relevant else 0.0


class Measures(NamedTuple):
    """The measures of one concept."""

    counts: Counts
    average_precision: float
    ndcg: float


class Summary(NamedTuple):
    """The measures of many concepts. Each is a mean over the concepts, each concept alike, unless it says otherwise."""

    concepts: int
    precision: float
    recall: float
    #: The mean of the concepts' own F1.
    mean_f1: float
    #: The harmonic mean of `precision` and `recall`.
    f1_of_means: float
    average_precision: float
    ndcg: float
    #: Over all pairs of concept and document.
    micro: Counts


def ranked(judged: Iterable[str], scores: Scores) -> list[str]:
    """Every judged document, the best first."""
    return _ranked(sorted(judged), scores)


def _ranked(ordered: Iterable[str], scores: Scores) -> list[str]:
    # A sort is stable: what has the same score stays in the order of the ids.
    first: list[str] = []
    last: list[str] = []
    for document in ordered:
        (first if document in scores else last).append(document)
    first.sort(key=lambda document: -scores[document])
    return first + last


def average_precision(ranking: Sequence[str], relevant: Collection[str]) -> float:
    """The precision at each relevant document's rank, over their number; 0 where none is relevant."""
    total, found = 0.0, 0
    for rank, document in enumerate(ranking, 1):
        if document in relevant:
            found += 1
            total += found / rank
    return total / len(relevant) if relevant else 0.0


def ndcg(ranking: Sequence[str], relevant: Collection[str], depth: int = DEPTH) -> float:
    """The discounted gain of the first `depth` documents, over that of the best ranking; 0 where none is relevant."""
    gain = sum(1 / math.log2(rank + 1) for rank, one in enumerate(ranking[:depth], 1) if one in relevant)
    best = sum(1 / math.log2(rank + 1) for rank in range(1, min(depth, len(relevant)) + 1))
    return gain / best if best else 0.0


def work_saved(ranking: Sequence[str], relevant: Collection[str], recall: float = 0.95) -> float:
    """The part of the documents that need not be read to find so much of what is relevant, less that of chance.

    Below 0 where the ranking is worse than chance; 0 where none is relevant.
    """
    wanted = math.ceil(recall * len(relevant))
    found = 0
    for rank, document in enumerate(ranking, 1):
        found += document in relevant
        if found and found >= wanted:
            return (len(ranking) - rank) / len(ranking) - (1 - recall)
    return 0.0


def measured(
    gold: Mapping[Concept, Collection[str]],
    scores: Mapping[Concept, Scores],
    judged: Iterable[str],
    threshold: float,
) -> dict[Concept, Measures]:
    """The measures of each concept of `gold`.

    Args:
        gold: the documents that are about each concept; all others that were judged are not.
        scores: of each concept, the documents that have a score.
        judged: all documents; a score of another one is not looked at.
        threshold: documents with this score or a higher one count as found.
    """
    ordered = sorted(judged)
    known = set(ordered)
    measures: dict[Concept, Measures] = {}
    for concept, relevant in gold.items():
        documents = {one: score for one, score in scores.get(concept, {}).items() if one in known}
        ranking = _ranked(ordered, documents)
        measures[concept] = Measures(
            Counts.of([one for one, score in documents.items() if score >= threshold], relevant),
            average_precision(ranking, relevant),
            ndcg(ranking, relevant),
        )
    return measures


def summary(measures: Collection[Measures]) -> Summary:
    """The measures over many concepts."""
    counts = [one.counts for one in measures]
    many = max(1, len(counts))
    precision, recall = sum(one.precision for one in counts) / many, sum(one.recall for one in counts) / many
    return Summary(
        len(counts),
        precision,
        recall,
        sum(one.f1 for one in counts) / many,
        2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        sum(one.average_precision for one in measures) / many,
        sum(one.ndcg for one in measures) / many,
        micro(counts),
    )


def micro(counts: Iterable[Counts]) -> Counts:
    """All counts together."""
    rows = list(counts)
    return Counts(sum(one.both for one in rows), sum(one.found for one in rows), sum(one.relevant for one in rows))
