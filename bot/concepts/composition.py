"""Concepts that a text speaks of by their parts: a carcinoma of the larynx is a laryngeal neoplasm.

Which concepts have which parts is read off the vocabulary's own names: *Laryngeal Neoplasms* is a place of the body, or
the bearer of a disease, before a kind of disease. Both parts count with everything that is narrower.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.concepts.characters import STOP
from bot.concepts.derivations import BEARERS, DISEASES
from bot.concepts.vocabulary import Vocabulary

#: Kinds of disease that stand behind a place, and how many words may lie between the two in a text, within a sentence.
_KINDS: Final = {
    "neoplasms": 6,
    "tumors": 6,
    "cancer": 6,
    "carcinoma": 6,
    "infections": 20,
    "infection": 20,
} | dict.fromkeys(
    (
        "hemorrhage",
        "fibrosis",
        "edema",
        "necrosis",
        "ulcer",
        "abscess",
        "cysts",
        "calculi",
        "stenosis",
        "rupture",
        "tuberculosis",
        "fistula",
        "hypertension",
        "embolism",
        "thrombosis",
        "ischemia",
        "infarction",
        "atrophy",
        "hypertrophy",
        "hyperplasia",
        "poisoning",
    ),
    5,
)
#: Behind a place these stand for any disease of it; nearness alone tells, so fewer words may lie between.
ANY: Final = -1
_ANY_WORDS: Final = ("diseases", "disease", "disorders")
_ANY_REACH: Final = 4
#: A cancer of the breast is not one of animals, though these have the like.
_OF_ANIMALS: Final = ("C22",)


@dataclass(frozen=True, slots=True)
class Composition:
    """Which concepts are told by two others."""

    #: By bearer: by kind of disease, the concepts that both make. Bearers stand for what is narrower too.
    of_bearers: Mapping[int, Mapping[int, tuple[int, ...]]]
    #: By disease: the kinds that it is of, any kind among them.
    kinds_of: Mapping[int, tuple[int, ...]]
    #: By kind: how many words may lie between; and the most of all.
    reach: Mapping[int, int]
    furthest: int

    @classmethod
    def of(cls, vocabulary: Vocabulary, named: Callable[[str], Iterable[int]]) -> Composition:
        """Read the compositions off the names of `vocabulary`; none where it is empty.

        Args:
            vocabulary: its trees tell what is a place and what a disease.
            named: gives the concepts that a text as a whole names or speaks of, hepatic for the liver among them.
        """
        kinds, reach = _kinds(vocabulary, named)
        made: dict[int, dict[int, list[int]]] = {}
        for number, one in enumerate(vocabulary.descriptors):
            if not vocabulary.in_tree(number, DISEASES) or vocabulary.in_tree(number, _OF_ANIMALS):
                continue
            for place, kind in {split for name in (one.name, *one.terms) if (split := _split(name, kinds))}:
                if kinds[kind] == number:
                    continue
                for owner in named(place):
                    if vocabulary.in_tree(owner, BEARERS):
                        made.setdefault(owner, {}).setdefault(kinds[kind], []).append(number)
        return cls(_with_narrower(vocabulary, made), _kinds_of(vocabulary, set(reach)), reach, max(reach.values()))

    def told(
        self,
        bearers: Iterable[tuple[int, int, Mapping[int, Sequence[int]]]],
        kinds: Sequence[tuple[int, int, Sequence[int]]],
        encoded: str,
    ) -> Iterator[tuple[Sequence[int], bool, float]]:
        """Give the concepts whose parts stand in one sentence, whether they stand for any disease there, and how near.

        Args:
            bearers: first token, the token behind the last, and what stands in `of_bearers` of what they name.
            kinds: the same with `kinds_of`; no name lies over another, and they go from left to right.
            encoded: the words of the text, one character each.
        """
        starts, ends = [start for start, _, _ in kinds], [end for _, end, _ in kinds]
        for start, end, made in bearers:
            near = slice(bisect_left(ends, start - self.furthest), bisect_right(starts, end + self.furthest))
            for other_start, other_end, of in kinds[near]:
                distance = max(other_start - end, start - other_end)
                if distance < 0 or STOP in encoded[min(end, other_end) : max(start, other_start)]:
                    continue
                for kind in of:
                    if kind in made and distance <= self.reach[kind]:
                        yield made[kind], kind == ANY, 1 / (1 + distance)


def _split(name: str, kinds: Mapping[str, int]) -> tuple[str, str] | None:
    """The place and the kind in a name, as in Laryngeal Neoplasms, or as catalogues sort it; None where not both."""
    name = name.lower()
    place, _, kind = name.rpartition(" ")
    if kind in kinds and place and "," not in place:
        return place, kind
    kind, _, place = name.partition(", ")
    return (place, kind) if kind in kinds and place and "," not in place else None


def _with_narrower(
    vocabulary: Vocabulary, made: Mapping[int, Mapping[int, Sequence[int]]]
) -> dict[int, dict[int, tuple[int, ...]]]:
    spread: dict[int, dict[int, list[int]]] = {}
    for place, by_kind in made.items():
        for narrower in vocabulary.narrower(place):
            for kind, numbers in by_kind.items():
                spread.setdefault(narrower, {}).setdefault(kind, []).extend(numbers)
    return {
        place: {kind: _narrowest(vocabulary, numbers) for kind, numbers in by_kind.items()}
        for place, by_kind in spread.items()
    }


def _narrowest(vocabulary: Vocabulary, numbers: Iterable[int]) -> tuple[int, ...]:
    """Those of `numbers` that are not broader than another: a tumor of the ovary is one of the genitals, too."""
    found = tuple(dict.fromkeys(numbers))
    told = {broader for number in found for broader in vocabulary.broader(number) if broader != number}
    return tuple(number for number in found if number not in told)


def _kinds(vocabulary: Vocabulary, named: Callable[[str], Iterable[int]]) -> tuple[dict[str, int], dict[int, int]]:
    """Every kind by the word for it, and the reach of each."""
    kinds = dict.fromkeys(_ANY_WORDS, ANY)
    reach = {ANY: _ANY_REACH}
    for word, most in _KINDS.items():
        for number in named(word):
            if vocabulary.in_tree(number, DISEASES):
                kinds[word] = number
                reach[number] = most
    return kinds, reach


def _kinds_of(vocabulary: Vocabulary, kinds: set[int]) -> dict[int, tuple[int, ...]]:
    found: dict[int, tuple[int, ...]] = {}
    for number in range(len(vocabulary)):
        if vocabulary.in_tree(number, DISEASES):
            found[number] = (ANY, *(broader for broader in vocabulary.broader(number) if broader in kinds))
    return found
