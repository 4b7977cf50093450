"""Which papers belong to a concept feed by their text, how much, and why.

A paper's text matches a feed where its title, abstract or keywords name the feed: by its name or one of
its synonyms, on word boundaries, as `bot.concepts.terms` has it. Relevance is the sum of what each place
adds; no more than an order within one feed is read from it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.concepts.terms import anchor_of, is_bare_short_form, pattern_of, prepared
from bot.models.feeds import SOURCE_NAMES, FeedRecord
from bot.models.papers import AbstractSection, Announcement, Mark, PaperRecord

#: What a place adds to the relevance; together at most 1.
IN_TITLE = 0.55
IN_KEYWORDS = 0.2
IN_ABSTRACT, ONCE_MORE, MOST_IN_ABSTRACT = 0.1, 0.05, 0.25
#: What a paper has that a query found, before its text is looked at; the text then fills up the rest.
BY_QUERY = 0.3
#: PubMed's type of a paper that was withdrawn.
RETRACTED = "retracted publication"


@dataclass(frozen=True, slots=True)
class Match:
    """That a paper belongs to a feed."""

    #: 0..1, the higher the better.
    relevance: float
    #: In words for a reader: `title: chronic fatigue syndrome; 3 times in the abstract`.
    why: str
    #: The names that were found, as the feed writes them, the most telling first.
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matcher:
    """A feed's names, made ready for looking into many papers."""

    names: tuple[str, ...]
    #: One group for each name; None where there is nothing to look for.
    _wanted: re.Pattern[str] | None
    _name_of_group: tuple[str, ...]
    _anchors: tuple[str, ...]
    _unwanted: re.Pattern[str] | None
    #: The feed's MeSH concepts, case-folded.
    concepts: frozenset[str] = frozenset()

    def match(self, title: str, abstract: str, keywords: Sequence[str]) -> Match | None:
        """Give why the text belongs to the feed; None where it does not.

        An excluded term in the title or a keyword keeps a paper out; in the abstract alone it does so
        unless the title names the feed.
        """
        found = self.found(title, abstract, keywords)
        if not found.anywhere or self._excluded(found, title, abstract, keywords):
            return None
        return Match(round(found.relevance, 3), found.words, found.terms)

    def found(self, title: str, abstract: str, keywords: Iterable[str]) -> Found:
        """Give where the feed's names stand in a paper, whatever is excluded."""
        keyword_hits = [hit for keyword in keywords for hit in self._hits(keyword)]
        abstract_hits = self._hits(abstract)
        title_hits = self._hits(title)
        if _shouts(title):  # its capitals tell nothing, so a short form must be confirmed elsewhere
            confirmed = {name for name, _ in keyword_hits + abstract_hits}
            title_hits = [
                (name, text) for name, text in title_hits if name in confirmed or not is_bare_short_form(name)
            ]
        return Found(tuple(title_hits), tuple(abstract_hits), tuple(keyword_hits))

    def _hits(self, text: str) -> list[tuple[str, str]]:
        """Every name in `text`, longest first at each place, and how it is written there."""
        if self._wanted is None or not text:
            return []
        text = prepared(text)
        folded = text.casefold()
        if not any(anchor in folded for anchor in self._anchors):
            return []
        hits = self._wanted.finditer(text)
        return [(self._name_of_group[(hit.lastindex or 1) - 1], " ".join(hit[0].split())) for hit in hits]

    def _excluded(self, found: Found, title: str, abstract: str, keywords: Iterable[str]) -> bool:
        if self._unwanted is None:
            return False
        if any(self._unwanted.search(prepared(text)) for text in (title, *keywords)):
            return True
        return not found.title and self._unwanted.search(prepared(abstract)) is not None


@dataclass(frozen=True, slots=True)
class Found:
    """Where a feed's names stand in a paper: each as the feed writes it, and as the paper does."""

    title: tuple[tuple[str, str], ...] = ()
    abstract: tuple[tuple[str, str], ...] = ()
    keywords: tuple[tuple[str, str], ...] = ()

    @property
    def anywhere(self) -> bool:
        """Whether any name was found."""
        return bool(self.title or self.abstract or self.keywords)

    @property
    def relevance(self) -> float:
        """The sum over the places, 0..1."""
        score = IN_TITLE if self.title else 0.0
        score += IN_KEYWORDS if self.keywords else 0.0
        if self.abstract:
            score += min(MOST_IN_ABSTRACT, IN_ABSTRACT + ONCE_MORE * (len(self.abstract) - 1))
        return score

    @property
    def terms(self) -> tuple[str, ...]:
        """The names found: those of the title, then of the keywords, then of the abstract by how often."""
        often = [(name, "") for name, _ in Counter(name for name, _ in self.abstract).most_common()]
        return tuple(dict.fromkeys(name for name, _ in (*self.title, *self.keywords, *often)))

    @property
    def words(self) -> str:
        """Where the names were found, for a reader; empty where nowhere."""
        parts = []
        if self.title:
            parts.append(f"title: {_listed(self.title)}")
        if self.keywords:
            parts.append(f"keyword: {_listed(self.keywords)}")
        if self.abstract:
            times = {1: "once", 2: "twice"}.get(len(self.abstract), f"{len(self.abstract)} times")
            parts.append(f"{times} in the abstract" + ("" if parts else f": {_listed(self.abstract)}"))
        return "; ".join(parts)


def compile_feed(feed: FeedRecord) -> Matcher:
    """Give a matcher for the name, the synonyms, the MeSH concepts and the excluded terms of `feed`."""
    matcher = compile_names((feed.name, *feed.synonyms), feed.exclude)
    return replace(matcher, concepts=frozenset(name.casefold() for name in feed.mesh))


def compile_names(names: Iterable[str], exclude: Iterable[str] = ()) -> Matcher:
    """Give a matcher for `names`; the longest of them wins where several begin at one place."""
    kept = tuple(dict.fromkeys(names))
    longest_first = sorted((name for name in kept if pattern_of(name)), key=lambda name: (-len(name), name))
    unwanted = [pattern for pattern in map(pattern_of, exclude) if pattern]
    return Matcher(
        kept,
        re.compile("|".join(f"({pattern_of(name)})" for name in longest_first)) if longest_first else None,
        tuple(longest_first),
        _fewest(map(anchor_of, longest_first)),
        re.compile("|".join(unwanted)) if unwanted else None,
    )


def relevance_of(matcher: Matcher, paper: Announcement | PaperRecord) -> Match:
    """Give how well a paper fits that one of the feed's queries found, so that digests can order papers.

    What is excluded does not count here: the query has decided that the paper belongs to the feed.

    Args:
        matcher: the feed's.
        paper: what the query found; its `source` is named in the reason.
    """
    indexed = tuple((one.name, one.name) for one in paper.mesh if one.name.casefold() in matcher.concepts)
    found = matcher.found(paper.title, text_of(paper.abstract), paper.keywords)
    found = Found(found.title, found.abstract, (*found.keywords, *indexed))
    source = SOURCE_NAMES.get(paper.source, paper.source)
    why = f"found by this feed's {source} query" if source else "found by this feed's query"
    relevance = BY_QUERY + (1 - BY_QUERY) * found.relevance
    return Match(
        # A retracted paper is worth knowing of, after all others.
        0.0 if Mark.RETRACTED in paper.marks or RETRACTED in _types(paper) else round(relevance, 3),
        f"{why}; {found.words}" if found.anywhere else why,
        found.terms,
    )


def _types(paper: Announcement | PaperRecord) -> set[str]:
    return {kind.casefold() for kind in paper.publication_types}


def text_of(abstract: Iterable[AbstractSection]) -> str:
    """Give the text of an abstract's sections, without their labels."""
    return "\n".join(section.text for section in abstract)


def _fewest(anchors: Iterable[str]) -> tuple[str, ...]:
    """The anchors without those that hold another."""
    kept: list[str] = []
    for anchor in sorted(set(anchors), key=lambda anchor: (len(anchor), anchor)):
        if not any(shorter in anchor for shorter in kept):
            kept.append(anchor)
    return tuple(kept)


def _listed(hits: Iterable[tuple[str, str]]) -> str:
    """How the paper writes the names, each once, at most three."""
    written: dict[str, str] = {}
    for _, text in hits:
        written.setdefault(text.casefold(), text)
    shown = list(written.values())
    return ", ".join(shown[:3]) + (" …" if len(shown) > 3 else "")


def _shouts(title: str) -> bool:
    """Whether a title of several words is all in capitals."""
    return len(title.split()) > 3 and title.isupper()
