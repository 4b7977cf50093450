"""Which papers belong to a concept feed by their text, how much, and why.

A feed is found by its name, its synonyms and, where a vocabulary is loaded, by all names of its MeSH concepts and of
what is narrower. All feeds of a round are looked for in one reading of a paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.concepts.company import Company, packaged_models
from bot.concepts.evidence import ABSTRACT, Evidence, all_of, together
from bot.concepts.lexicon import Lexicon
from bot.concepts.reading import Reader, Reading
from bot.concepts.relevance import Named, relevance
from bot.concepts.vocabulary import Vocabulary
from bot.concepts.why import Told
from bot.models.feeds import SOURCE_NAMES, TOGETHER, FeedRecord
from bot.models.papers import AbstractSection, Announcement, Mark, MeshHeading, PaperRecord

#: From which relevance on a paper belongs to a feed that sets no threshold of its own.
THRESHOLD = 0.3
#: What a paper has that a query found, before its text is looked at; the text then fills up the rest.
BY_QUERY = 0.3
#: PubMed's type of a paper that was withdrawn.
RETRACTED = "retracted publication"
NO_VOCABULARY = Vocabulary(())
#: Below this, company is no reason that a reader would understand.
_WORTH_TELLING = 0.1


@dataclass(frozen=True, slots=True)
class Match:
    """That a paper belongs to a feed, or how far it does."""

    #: 0..1, the higher the better.
    relevance: float
    #: In words for a reader: `title: chronic fatigue syndrome; 3 times in the abstract`.
    why: str
    #: The names that were found, as the paper writes them, the most telling first.
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matcher:
    """One feed, made ready for looking into many papers; the feeds of one round share their reader."""

    feed: FeedRecord
    #: From which relevance on a paper belongs to the feed; 0: wherever it is named at all.
    threshold: float
    _shared: _Shared
    #: The feed's own number, and those of its concepts with all that is narrower.
    _own: int
    _concepts: frozenset[int]
    _unwanted: Lexicon | None
    #: The names of its concepts, case-folded, as headings write them.
    _headings: frozenset[str]
    knows_company: bool = False
    #: Names that a paper must have together, each as the numbers that any of them may have.
    _together: tuple[tuple[frozenset[int], ...], ...] = ()

    @property
    def numbers(self) -> frozenset[int]:
        """Everything that a paper can mention to have to do with the feed."""
        return self._concepts.union(*(part for parts in self._together for part in parts))

    def read(self, title: str, abstract: str, keywords: Sequence[str]) -> Reading:
        """Give what a paper mentions; for all feeds that were compiled together."""
        return self._shared.read(title, abstract, keywords)

    def match(
        self, title: str, abstract: str, keywords: Sequence[str], headings: Sequence[MeshHeading] = ()
    ) -> Match | None:
        """Give why the text belongs to the feed; None where it does not, as `judge` has it."""
        return self.judge(self.read(title, abstract, keywords), headings)

    def judge(self, reading: Reading, headings: Sequence[MeshHeading] = ()) -> Match | None:
        """Give why a paper that was read belongs to the feed; None where it does not.

        An excluded term in the title or a keyword keeps a paper out; in the abstract alone it does so unless the title
        names the feed.
        """
        found = self._found(reading)
        if self.threshold <= 0 and not (found.named or found.bare or found.denied):
            return None
        indexed = self._indexed(headings)
        value = self._relevance(reading, found, indexed, ())
        if value < self.threshold or self._excluded(reading, found):
            return None
        return self._told(reading, found, indexed, value)

    def weigh(self, paper: Announcement | PaperRecord) -> Match:
        """Give how far the text and the headings of a paper are about the feed, whether or not it belongs there.

        What is excluded does not count here: whoever asks has another reason why the paper belongs to the feed.
        """
        reading = self.read(paper.title, text_of(paper.abstract), paper.keywords)
        found, indexed = self._found(reading), self._indexed(paper.mesh)
        return self._told(reading, found, indexed, self._relevance(reading, found, indexed, paper.publication_types))

    def _found(self, reading: Reading) -> Evidence:
        by_concept = reading.by_concept
        found = together([by_concept[number] for number in self._concepts & by_concept.keys()])
        for parts in self._together:
            named = [together([by_concept[one] for one in part & by_concept.keys()]) for part in parts]
            if all(one.named for one in named):
                found.add(all_of(named))
        return found

    def _indexed(self, headings: Iterable[MeshHeading]) -> tuple[MeshHeading, ...]:
        return tuple(heading for heading in headings if heading.name.casefold() in self._headings)

    def _relevance(
        self, reading: Reading, found: Evidence, indexed: Sequence[MeshHeading], publication_types: Iterable[str]
    ) -> float:
        return relevance(
            found,
            len(self._concepts),
            has_abstract=bool(reading.texts[ABSTRACT]),
            knows_company=self.knows_company,
            indexed=Named(bool(indexed), any(heading.major for heading in indexed)),
            publication_types=publication_types,
        )

    def _told(self, reading: Reading, found: Evidence, indexed: Iterable[MeshHeading], value: float) -> Match:
        companions = self._shared.companions(self._own, reading) if found.company > _WORTH_TELLING else []
        told = Told(reading, found, tuple(heading.name for heading in indexed), tuple(companions))
        return Match(value, told.words, told.terms)

    def _excluded(self, reading: Reading, found: Evidence) -> bool:
        if self._unwanted is None:
            return False
        title, abstract, keywords = (bool(self._unwanted.hits(text)) for text in reading.texts)
        return title or keywords or (abstract and not found.title)


class _Shared:
    """The reader of several feeds; the last reading is kept, since feeds ask one after another for the same paper."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._last: tuple[tuple[str, str, tuple[str, ...]], Reading] | None = None

    def read(self, title: str, abstract: str, keywords: Sequence[str]) -> Reading:
        text = (title, abstract, tuple(keywords))
        if self._last is None or self._last[0] != text:
            self._last = text, self._reader.read(*text)
        return self._last[1]

    def companions(self, number: int, reading: Reading) -> list[str]:
        """Give the words that tell by their company that a paper is about a feed, as the paper writes them."""
        company = self._reader.company
        if company is None:
            return []
        words = company.words(number, reading.features)
        written = reading.written_words(words)
        return [written.get(word) or self._reader.name_of(word) for word in words]


def compile_feeds(feeds: Iterable[FeedRecord], vocabulary: Vocabulary = NO_VOCABULARY) -> tuple[Matcher, ...]:
    """Give a matcher for each of `feeds`: its name, synonyms and MeSH concepts, and the excluded terms.

    Args:
        feeds: in any order; the matchers have the same.
        vocabulary: tells the names of the MeSH concepts and what is narrower; without it they have their own names.
    """
    feeds = tuple(feeds)
    compiled = _Compiled(vocabulary, len(feeds))
    drafts = [compiled.draft(own, feed) for own, feed in enumerate(feeds, len(vocabulary))]
    followed = {draft.own: draft.feed.mesh for draft in drafts if draft.feed.mesh}
    company = Company(packaged_models(), followed) if vocabulary and followed else None
    shared = _Shared(Reader(vocabulary, compiled.names, about=compiled.about, company=company))
    return tuple(
        Matcher(
            draft.feed,
            THRESHOLD if draft.feed.threshold is None else draft.feed.threshold,
            shared,
            draft.own,
            draft.concepts,
            Lexicon([(term, 0) for term in draft.feed.exclude]) if draft.feed.exclude else None,
            _heading_names(draft.feed, draft.concepts, vocabulary),
            company is not None and company.knows(draft.own),
            draft.together,
        )
        for draft in drafts
    )


class _Draft(NamedTuple):
    """A feed by numbers."""

    feed: FeedRecord
    own: int
    concepts: frozenset[int]
    together: tuple[tuple[frozenset[int], ...], ...]


class _Compiled:
    """Numbers for the names of feeds, after those of the vocabulary."""

    def __init__(self, vocabulary: Vocabulary, feeds: int) -> None:
        self._vocabulary = vocabulary
        self._next = len(vocabulary) + feeds
        #: The number of each name that must stand beside another one.
        self._parts: dict[str, int] = {}
        self._own_parts: set[int] = set()
        self.names: list[tuple[str, int]] = []
        #: For the number of each feed and each part, text whose words confirm its short forms.
        self.about: dict[int, str] = {}

    def draft(self, own: int, feed: FeedRecord) -> _Draft:
        """Give `feed` by numbers, `own` for itself; its names are noted."""
        narrower = frozenset(one for name in feed.mesh for one in self._narrower(name))
        own_names = [name for name in dict.fromkeys((feed.name, *feed.synonyms, *feed.mesh)) if TOGETHER not in name]
        # What the vocabulary names already would count twice.
        self.names += [(name, own) for name in own_names if self._vocabulary.number_of(name) not in narrower]
        self.about[own] = " . ".join((*own_names, feed.description))
        parts = (name.split(TOGETHER) for name in feed.synonyms if TOGETHER in name)
        return _Draft(feed, own, narrower | {own}, tuple(map(self._beside, parts)))

    def _beside(self, names: Sequence[str]) -> tuple[frozenset[int], ...]:
        """Names that stand together, as numbers; each confirms short forms among the others, as in PEV + Drosophila."""
        found = tuple(map(self._part, names))
        for part in found:
            for number in part & self._own_parts:
                self.about[number] = " . ".join(filter(None, (self.about.get(number), *names)))
        return found

    def _part(self, name: str) -> frozenset[int]:
        narrower = self._narrower(name)
        if narrower:
            return narrower
        number = self._parts.get(name)
        if number is None:
            number = self._parts[name] = self._next
            self._next += 1
            self._own_parts.add(number)
            self.names.append((name, number))
        return frozenset((number,))

    def _narrower(self, name: str) -> frozenset[int]:
        number = self._vocabulary.number_of(name)
        return frozenset() if number is None else frozenset(self._vocabulary.narrower(number))


def compile_feed(feed: FeedRecord, vocabulary: Vocabulary = NO_VOCABULARY) -> Matcher:
    """Give a matcher for one feed, as `compile_feeds` does."""
    return compile_feeds((feed,), vocabulary)[0]


def compile_names(names: Iterable[str], exclude: Iterable[str] = ()) -> Matcher:
    """Give a matcher that takes a paper wherever it has one of `names`."""
    first, *others = tuple(names) or ("",)
    return compile_feed(FeedRecord(0, "", first, synonyms=tuple(others), exclude=tuple(exclude), threshold=0.0))


def relevance_of(matcher: Matcher, paper: Announcement | PaperRecord) -> Match:
    """Give how well a paper fits that one of the feed's queries found, so that digests can order papers.

    What is excluded does not count here: the query has decided that the paper belongs to the feed.

    Args:
        matcher: the feed's.
        paper: what the query found; its `source` is named in the reason.
    """
    match = matcher.weigh(paper)
    source = SOURCE_NAMES.get(paper.source, paper.source)
    why = f"found by this feed's {source} query" if source else "found by this feed's query"
    return Match(
        # A retracted paper is worth knowing of, after all others.
        0.0 if is_retracted(paper) else round(BY_QUERY + (1 - BY_QUERY) * match.relevance, 3),
        f"{why}; {match.why}" if match.why else why,
        match.terms,
    )


def is_retracted(paper: Announcement | PaperRecord) -> bool:
    """Whether a paper was withdrawn, by its marks or its publication types."""
    return Mark.RETRACTED in paper.marks or RETRACTED in map(str.casefold, paper.publication_types)


def text_of(abstract: Iterable[AbstractSection]) -> str:
    """Give the text of an abstract's sections, without their labels."""
    return "\n".join(section.text for section in abstract)


def _heading_names(feed: FeedRecord, concepts: Iterable[int], vocabulary: Vocabulary) -> frozenset[str]:
    narrower = (vocabulary.descriptors[number].name for number in concepts if number < len(vocabulary))
    return frozenset(map(str.casefold, (*feed.mesh, *narrower)))
