"""Where a concept is in the vocabulary: what is above it at each of its places, and what is below."""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

from bot.concepts.vocabulary import Vocabulary


class Place(NamedTuple):
    """One of a concept's places."""

    tree: str
    #: Broader concepts, the broadest first; one that the vocabulary does not have is left out.
    above: tuple[int, ...]


def places(vocabulary: Vocabulary, number: int) -> tuple[Place, ...]:
    """All places of a concept, in order."""
    owners = {tree: broader for broader in vocabulary.broader(number) for tree in vocabulary.descriptors[broader].trees}
    found = []
    for tree in sorted(vocabulary.descriptors[number].trees):
        above = list(accumulate(tree.split("."), lambda upper, part: f"{upper}.{part}"))[:-1]
        found.append(Place(tree, tuple(owners[upper] for upper in above if upper in owners)))
    return tuple(found)


def below(vocabulary: Vocabulary, number: int) -> tuple[int, ...]:
    """Every narrower concept without itself: the nearest first, then by name."""
    under = tuple(f"{tree}." for tree in vocabulary.descriptors[number].trees)

    def rank(narrower: int) -> tuple[int, str, int]:
        one = vocabulary.descriptors[narrower]
        steps = (tree.count(".") - upper.count(".") for upper in under for tree in one.trees if tree.startswith(upper))
        return min(steps), one.name, narrower

    return tuple(sorted((one for one in vocabulary.narrower(number) if one != number), key=rank))
