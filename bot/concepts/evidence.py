"""What was found of one concept in one paper."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

TITLE, ABSTRACT, KEYWORDS = range(3)
PLACES: Final = (TITLE, ABSTRACT, KEYWORDS)
#: How near two parts must stand to tell of a concept by themselves: two words between them at the most.
_NEAR: Final = 0.3


@dataclass(slots=True)
class Evidence:
    """How one concept, or one feed, is mentioned in one paper: how often, and where, as shares of the abstract."""

    title: int = 0
    abstract: int = 0
    keywords: int = 0
    #: Where in the abstract it is first and last mentioned, 0..1; 1 and 0 where it is not.
    first: float = 1.0
    last: float = 0.0
    #: Words of the longest name.
    longest: int = 0
    #: Mentions that are denied or set apart; not among the others.
    denied: int = 0
    #: Mentions inside of longer names.
    inside: int = 0
    #: Short forms that nothing confirms.
    bare: int = 0
    #: Words that speak of it without naming it.
    spoken_title: int = 0
    spoken_abstract: int = 0
    #: How near its parts stand, 1 for side by side; 0 where they do not.
    composed_title: float = 0.0
    composed_abstract: float = 0.0
    #: How near any disease stands to the organ or the bearer whose diseases it is.
    befallen: float = 0.0
    #: How much the other words are those that come with it.
    company: float = 0.0
    #: Place, first token and the token behind the last of each mention: how the paper writes it.
    spans: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def named(self) -> bool:
        """Whether any name stands anywhere."""
        return bool(self.title or self.abstract or self.keywords)

    @property
    def told(self) -> bool:
        """Whether the text tells of it by itself: by a name, a word that speaks of it, or by its parts."""
        spoken = self.spoken_title or self.spoken_abstract or self.bare or self.denied
        return bool(self.named or spoken or max(self.composed_title, self.composed_abstract) >= _NEAR)

    @property
    def spoken_of(self) -> bool:
        """Whether anything but company speaks of it."""
        parts = self.composed_title or self.composed_abstract or self.befallen
        spoken = self.spoken_title or self.spoken_abstract or self.inside or self.bare or self.denied
        return bool(self.named or spoken or parts)

    @property
    def only_named(self) -> bool:
        """Whether it is named in title or abstract, and nothing else is to be weighed."""
        rare = self.keywords or self.denied or self.inside or self.bare or self.company or self.spoken_title
        parts = self.spoken_abstract or self.composed_title or self.composed_abstract or self.befallen
        return not (rare or parts)

    def add(self, other: Evidence) -> None:
        """Count what was found of a narrower concept, too."""
        self.title += other.title
        self.abstract += other.abstract
        self.keywords += other.keywords
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        self.longest = max(self.longest, other.longest)
        self.denied += other.denied
        self.inside += other.inside
        self.bare += other.bare
        self.spoken_title += other.spoken_title
        self.spoken_abstract += other.spoken_abstract
        self.composed_title = max(self.composed_title, other.composed_title)
        self.composed_abstract = max(self.composed_abstract, other.composed_abstract)
        self.befallen = max(self.befallen, other.befallen)
        self.company = max(self.company, other.company)
        self.spans += other.spans


def together(found: Iterable[Evidence]) -> Evidence:
    """Give all of `found` as that of one concept."""
    whole = Evidence()
    for one in found:
        whole.add(one)
    return whole


def all_of(found: Iterable[Evidence]) -> Evidence:
    """Give what was found of several concepts as that of one which is all of them: as often as the rarest of them."""
    parts = list(found)
    return Evidence(
        title=min(part.title for part in parts),
        # What is in the title need not be in the abstract, where the others are.
        abstract=min(part.abstract or part.title for part in parts) if any(part.abstract for part in parts) else 0,
        keywords=min(part.keywords for part in parts),
        first=max(part.first for part in parts),
        last=min(part.last for part in parts),
        longest=sum(part.longest for part in parts),
        spans=[span for part in parts for span in part.spans],
    )
