"""The company that a concept keeps: words and other concepts that its papers have more often than others.

A paper on dialysis and uremia is likely about chronic kidney failure, whether or not it says so. Which words those are
was learned from papers that MEDLINE's indexers had read (`python -m bench.fit`; docs/decisions/0017): one linear model
for each concept, ridge regression (A. E. Hoerl and R. W. Kennard, Technometrics 12, 1970) on the words, of which the
strongest are kept. Other concepts are words too, each with all that is broader: `@D006435`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Final

from bot.concepts.evidence import Evidence
from bot.concepts.vocabulary import Vocabulary
from bot.concepts.words import BREAKS, key_of_word, tokens_of

#: How often a word in the title counts.
TITLE_COUNTS: Final = 3
#: Added to the number of different words, so that short texts are not sure of much.
_SHORT_TEXT: Final = 5
#: How many words tell why.
_TOLD: Final = 3
_FILE: Final = "company.tsv"
#: Below this, company tells nothing.
WORTH: Final = 0.05

Features = Mapping[str, float]


def features_of(
    title: str, abstract: str, mentioned: Mapping[int, Evidence], vocabulary: Vocabulary
) -> dict[str, float]:
    """Give what the models look at: the words of the visible texts, and the concepts that are mentioned.

    Each counts by the logarithm of how often it stands there, over the root of the number of different words.
    """
    counts: Counter[str] = Counter()
    for times, text in ((TITLE_COUNTS, title), (1, abstract)):
        for token, often in Counter(tokens_of(text)).items():
            if token not in BREAKS:
                counts[key_of_word(token)] += times * often
    length = math.sqrt(len(counts) + _SHORT_TEXT)
    for number, found in mentioned.items():
        weight = TITLE_COUNTS * (found.title + found.spoken_title) + found.abstract + found.spoken_abstract
        weight += TITLE_COUNTS if found.composed_title else bool(found.composed_abstract)
        if weight and number < len(vocabulary):
            for broader in vocabulary.broader(number):
                counts[f"@{vocabulary.descriptors[broader].id}"] += weight
    return {word: (1 + math.log(count)) / length for word, count in counts.items()}


class Company:
    """The models of some concepts.

    Args:
        models: the weights of the words by the concept's name, as in the file.
        followed: for each number, the names of the concepts that it follows; those without a model count for nothing.
    """

    def __init__(self, models: Mapping[str, Mapping[str, float]], followed: Mapping[int, Iterable[str]]) -> None:
        self._postings: dict[str, list[tuple[int, float]]] = {}
        self._known: set[int] = set()
        for number, names in followed.items():
            for model in filter(None, (models.get(name.casefold()) for name in names)):
                self._known.add(number)
                for word, weight in model.items():
                    self._postings.setdefault(word, []).append((number, weight))

    def __bool__(self) -> bool:
        return bool(self._known)

    def knows(self, number: int) -> bool:
        """Whether there is a model for a followed number."""
        return number in self._known

    def scores(self, features: Features) -> dict[int, float]:
        """Give how much of its company each followed number has there, where it is worth a thought.

        About 0 is a paper like any other, 1 one like its own; those of several concepts add up.
        """
        scores: dict[int, float] = {}
        for word, value in features.items():
            for number, weight in self._postings.get(word, ()):
                scores[number] = scores.get(number, 0.0) + value * weight
        return {number: score for number, score in scores.items() if score > WORTH}

    def words(self, number: int, features: Features) -> list[str]:
        """Give the words that told most for a number, the strongest first."""
        found = [
            (value * weight, word)
            for word, value in features.items()
            for one, weight in self._postings.get(word, ())
            if one == number and weight > 0
        ]
        return [word for _, word in sorted(found, key=lambda one: (-one[0], one[1]))[:_TOLD]]


def read_models(lines: Iterable[str]) -> dict[str, dict[str, float]]:
    """Read models as `write_models` writes them: the concept's name, then each word with its weight in thousandths."""
    models = {}
    for line in lines:
        if line.strip() and not line.startswith("#"):
            name, _, words = line.rstrip("\n").partition("\t")
            weights = (word.rpartition(":") for word in words.split())
            models[name.casefold()] = {word: int(weight) / 1000 for word, _, weight in weights}
    return models


def write_models(models: Mapping[str, Sequence[tuple[str, float]]]) -> Iterable[str]:
    """Give the lines of a file of models."""
    for name, weights in sorted(models.items()):
        words = " ".join(f"{word}:{round(weight * 1000)}" for word, weight in weights if round(weight * 1000))
        yield f"{name}\t{words}\n"


def packaged_models() -> dict[str, dict[str, float]]:
    """Give the models that come with the bot."""
    return read_models((files("bot.concepts") / _FILE).read_text("utf-8").splitlines())
