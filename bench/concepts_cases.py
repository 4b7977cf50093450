"""Lines of the benchmark of concepts: ours beside a peer's."""

from __future__ import annotations

from collections.abc import Iterator

from bench.measure import Case
from bench.ranking import Counts, Summary

#: MeSH's trees of diseases and of mental disorders: what concept feeds are about.
DISEASES = ("C", "F03")


def case(name: str, value: float, peer: str, peer_value: float) -> Case:
    """One measure."""
    ratio = round(value / peer_value, 2) if peer_value > 0 else None
    return Case("concepts", name, round(value, 4), "of 1", peer, round(peer_value, 4), ratio)


def apiece(name: str, mine: Summary, theirs: Summary, peer: str) -> Iterator[Case]:
    """What was found, each concept alike."""
    for measure, value, other in (
        ("precision", mine.precision, theirs.precision),
        ("recall", mine.recall, theirs.recall),
        ("F1, mean of each concept's", mine.mean_f1, theirs.mean_f1),
        ("F1 of mean precision and recall", mine.f1_of_means, theirs.f1_of_means),
    ):
        yield case(f"{name}: {measure}", value, peer, other)


def together(name: str, mine: Counts, theirs: Counts, peer: str) -> Iterator[Case]:
    """What was found, each pair of concept and document alike."""
    yield case(f"{name}: micro precision", mine.precision, peer, theirs.precision)
    yield case(f"{name}: micro recall", mine.recall, peer, theirs.recall)
    yield case(f"{name}: micro F1", mine.f1, peer, theirs.f1)
