"""What the bot says a text is about, as the benchmarks ask for it: the one place that names what is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from bot.concepts.company import Company, packaged_models
from bot.concepts.evidence import ABSTRACT, Evidence, together
from bot.concepts.match import THRESHOLD, compile_feeds
from bot.concepts.reading import Reader, Reading
from bot.concepts.related import UNTELLING
from bot.concepts.relevance import relevance
from bot.concepts.several import Several
from bot.concepts.vocabulary import Vocabulary
from bot.models.feeds import FeedRecord


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
    return _ByRelevance(vocabulary)


def feed_tagger(topics: Sequence[Topic]) -> FeedTagger:
    """The bot's tagger of feeds."""
    return _Feeds(topics)


def names_of(vocabulary: Vocabulary, numbers: Iterable[int] | None = None) -> list[tuple[str, int]]:
    """Preferred names and entry terms with their concepts' numbers; of all concepts where none are named."""
    chosen = range(len(vocabulary)) if numbers is None else numbers
    return [
        (name, number)
        for number in chosen
        for name in (vocabulary.descriptors[number].name, *vocabulary.descriptors[number].terms)
    ]


class _ByRelevance:
    """Concepts by the bot's own reading and relevance."""

    threshold = THRESHOLD

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        names = {number: (one.name,) for number, one in enumerate(vocabulary.descriptors)}
        self._company = Company(packaged_models(), names)
        self._reader = Reader(vocabulary, company=self._company)

    def concepts(self, title: str, abstract: str) -> Mapping[int, float]:
        reading = self._reader.read(title, abstract)
        parts: dict[int, list[Evidence]] = {}
        for number, found in reading.by_concept.items():
            for above in self._vocabulary.broader(number):
                parts.setdefault(above, []).append(found)
        return {number: self._relevance(reading, number, found) for number, found in parts.items()}

    def _relevance(self, reading: Reading, number: int, parts: Sequence[Evidence]) -> float:
        whole = together(parts)
        own = reading.by_concept.get(number)
        whole.company = own.company if own else 0.0  # a feed has its own company, not that of what is narrower
        breadth = len(self._vocabulary.narrower(number))
        has_abstract = bool(reading.texts[ABSTRACT])
        return relevance(whole, breadth, has_abstract=has_abstract, knows_company=self._company.knows(number))

    def named(self, title: str, abstract: str) -> Iterable[int]:
        found = self._reader.read(title, abstract).by_concept
        return [
            number
            for number, evidence in found.items()
            if self._vocabulary.descriptors[number].name not in UNTELLING and evidence.told
        ]


class _Feeds:
    """Feeds as a catalogue without a vocabulary has them."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        self._feeds = Several(
            compile_feeds(
                FeedRecord(number, "", topic.name, synonyms=topic.synonyms, threshold=0.001)
                for number, topic in enumerate(topics)
            )
        )

    def feeds(self, title: str, abstract: str) -> Mapping[int, float]:
        return {matcher.feed.id: match.relevance for matcher, match in self._feeds.matches(title, abstract)}
