"""What was found of one concept in one paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

    def mention(self, place: int, start: int, end: int, length: int) -> None:
        """Count a name.

        Args:
            place: where it stands.
            start: its first token.
            end: the token behind its last.
            length: of that text, in tokens.
        """
        self.spans.append((place, start, end))
        if end - start > self.longest:  # noqa: PLR1730 (max and min take longer, and this is done for every name)
            self.longest = end - start
        if place == ABSTRACT:
            self.abstract += 1
            share = start / length
            if share < self.first:  # noqa: PLR1730 (as above)
                self.first = share
            if share > self.last:  # noqa: PLR1730 (as above)
                self.last = share
        elif place == TITLE:
            self.title += 1
        else:
            self.keywords += 1

    def speak(self, place: int) -> None:
        """Count a word that speaks of it without naming it."""
        if place == TITLE:
            self.spoken_title += 1
        else:
            self.spoken_abstract += 1

    def introduced(self, title: Sequence[tuple[int, int]], shares: Iterable[float]) -> None:
        """Count a short form that the text introduces.

        Args:
            title: its tokens in the title, as those of a name; not where they are of a longer name that was counted.
            shares: where in the abstract it stands, 0..1.
        """
        counted = {at for place, start, end in self.spans if place == TITLE for at in range(start, end)}
        new = [(TITLE, start, end) for start, end in title if start not in counted]
        self.title += len(new)
        self.spans += new
        for share in shares:
            self.abstract += 1
            self.first, self.last = min(self.first, share), max(self.last, share)

    def composed(self, place: int, nearness: float, *, of_any: bool) -> None:
        """Note that its parts stand near to one another; `of_any`: the organ, or the bearer, and any disease."""
        if of_any:
            self.befallen = max(self.befallen, nearness)
        elif place == TITLE:
            self.composed_title = max(self.composed_title, nearness)
        else:
            self.composed_abstract = max(self.composed_abstract, nearness)

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


def evidence_of(found: dict[int, Evidence], number: int) -> Evidence:
    """Give what was found of a concept so far, to be added to."""
    evidence = found.get(number)
    if evidence is None:
        evidence = found[number] = Evidence()
    return evidence


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
