"""The vocabulary: which concept a name means, and which concepts are broader and narrower than it.

A concept's number is its position, so that what is told about concepts fits into arrays. What is broader is
read off the tree numbers (https://www.nlm.nih.gov/mesh/intro_trees.html): `C23.888` is broader than `C23.888.369`.
Everything is worked out when it is first asked for, since most runs ask for little of it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from bot.models.vocabulary import Descriptor


class Vocabulary:
    """Concepts by name and by place; empty where no vocabulary was loaded.

    Args:
        descriptors: in an order that stays, such as that of the ids: it gives the concepts their numbers.
    """

    def __init__(self, descriptors: Iterable[Descriptor]) -> None:
        self.descriptors: Sequence[Descriptor] = tuple(descriptors)
        self._numbers: dict[str, int] | None = None
        #: All tree numbers in order, and whose they are.
        self._places: tuple[list[str], list[int]] | None = None
        self._broader: dict[int, tuple[int, ...]] = {}
        self._narrower: dict[int, tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self.descriptors)

    def __bool__(self) -> bool:
        return bool(self.descriptors)

    def number_of(self, name: str) -> int | None:
        """The number of the concept with that id, preferred name or entry term; capitals do not matter."""
        if self._numbers is None:
            self._numbers = self._named()
        return self._numbers.get(_key(name))

    def broader(self, number: int) -> tuple[int, ...]:
        """The concept itself and every broader one, in order, each once."""
        found = self._broader.get(number)
        if found is None:
            trees = self.descriptors[number].trees
            above = {owner for tree in trees for place in _above(tree) for owner in self._at(place)}
            found = self._broader[number] = tuple(sorted(above | {number}))
        return found

    def narrower(self, number: int) -> tuple[int, ...]:
        """The concept itself and every narrower one, in order, each once."""
        found = self._narrower.get(number)
        if found is None:
            below = {owner for tree in self.descriptors[number].trees for owner in self._below(tree)}
            found = self._narrower[number] = tuple(sorted(below | {number}))
        return found

    def in_tree(self, number: int, prefixes: tuple[str, ...]) -> bool:
        """Whether any of the concept's tree numbers starts with one of the prefixes."""
        return any(tree.startswith(prefixes) for tree in self.descriptors[number].trees)

    def _named(self) -> dict[str, int]:
        """Every name's concept: ids before preferred names, these before entry terms, and then the first one."""
        numbers: dict[str, int] = {}
        for number, one in enumerate(self.descriptors):
            numbers.setdefault(_key(one.id), number)
        for number, one in enumerate(self.descriptors):
            numbers.setdefault(_key(one.name), number)
        for number, one in enumerate(self.descriptors):
            for term in one.terms:
                numbers.setdefault(_key(term), number)
        return numbers

    def _ordered(self) -> tuple[list[str], list[int]]:
        if self._places is None:
            pairs = sorted((tree, number) for number, one in enumerate(self.descriptors) for tree in one.trees)
            self._places = [tree for tree, _ in pairs], [number for _, number in pairs]
        return self._places

    def _at(self, tree: str) -> Iterator[int]:
        """Who has that tree number: one concept, where the vocabulary is sound."""
        trees, numbers = self._ordered()
        start = bisect_left(trees, tree)
        while start < len(trees) and trees[start] == tree:
            yield numbers[start]
            start += 1

    def _below(self, tree: str) -> list[int]:
        """Who has a tree number below that one."""
        trees, numbers = self._ordered()
        # The slash is what comes right after the point.
        return numbers[bisect_left(trees, tree + ".") : bisect_left(trees, tree + "/")]


def _above(tree: str) -> Iterator[str]:
    """`C23.888` and `C23` for `C23.888.369`."""
    while (cut := tree.rfind(".")) > 0:
        tree = tree[:cut]
        yield tree


def _key(name: str) -> str:
    """The same for spellings of a name that differ in capitals and spaces alone."""
    return " ".join(name.casefold().split())
