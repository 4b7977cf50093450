"""What the bot says a text is about, as the benchmarks ask for it: the one place that names what is measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from bot.concepts.lexicon import Lexicon
from bot.concepts.vocabulary import Vocabulary
from bot.concepts.words import prepared

IN_TITLE, IN_ABSTRACT, MOST_IN_ABSTRACT = 0.6, 0.1, 0.4


class Topic(NamedTuple):
    """What a concept feed follows."""

    name: str
    synonyms: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Its name, and its synonyms."""
        return (self.name, *self.synonyms)


class Tagger(Protocol):
    """Tags texts with the concepts of a vocabulary."""

    @property
    def threshold(self) -> float:
        """From which relevance on a text counts as being about a concept."""

    def concepts(self, title: str, abstract: str) -> Mapping[int, float]:
        """How relevant a text is to each concept, 0..1; also to those that are broader than what it names."""

    def named(self, title: str, abstract: str) -> Iterable[int]:
        """Which concepts a text names themselves."""


class FeedTagger(Protocol):
    """Says which of some feeds a text belongs to."""

    def feeds(self, title: str, abstract: str) -> Mapping[int, float]:
        """How relevant a text is to each feed, by its position, 0..1."""


def tagger(vocabulary: Vocabulary) -> Tagger:
    """The bot's tagger of concepts."""
    return _ByMentions(vocabulary)


def feed_tagger(topics: Sequence[Topic]) -> FeedTagger:
    """The bot's tagger of feeds."""
    return _FeedsByMentions(topics)


def names_of(vocabulary: Vocabulary, numbers: Iterable[int] | None = None) -> list[tuple[str, int]]:
    """Preferred names and entry terms with their concepts' numbers; of all concepts where none are named."""
    chosen = range(len(vocabulary)) if numbers is None else numbers
    return [
        (name, number)
        for number in chosen
        for name in (vocabulary.descriptors[number].name, *vocabulary.descriptors[number].terms)
    ]


class _ByMentions:
    """Relevance by where a concept is named, and how often."""

    threshold = 0.2

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._lexicon = Lexicon(names_of(vocabulary))

    def concepts(self, title: str, abstract: str) -> Mapping[int, float]:
        found: dict[int, float] = {}
        for number, relevance in _relevance(self._lexicon, title, abstract).items():
            for above in self._vocabulary.broader(number):
                found[above] = max(relevance, found.get(above, 0.0))
        return found

    def named(self, title: str, abstract: str) -> Iterable[int]:
        return _relevance(self._lexicon, title, abstract).keys()


class _FeedsByMentions:
    def __init__(self, topics: Sequence[Topic]) -> None:
        self._lexicon = Lexicon((name, number) for number, topic in enumerate(topics) for name in topic.names)

    def feeds(self, title: str, abstract: str) -> Mapping[int, float]:
        return _relevance(self._lexicon, title, abstract)


def _relevance(lexicon: Lexicon, title: str, abstract: str) -> dict[int, float]:
    in_title, in_abstract = (_counted(lexicon, text) for text in (title, abstract))
    return {
        number: IN_TITLE * (number in in_title) + min(MOST_IN_ABSTRACT, IN_ABSTRACT * in_abstract[number])
        for number in in_title | in_abstract
    }


def _counted(lexicon: Lexicon, text: str) -> Counter[int]:
    return Counter(number for entry, _, _ in lexicon.hits(prepared(text)) for number in entry.ids)
