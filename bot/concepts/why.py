"""Why a paper belongs to a feed, in words for a reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bot.concepts.evidence import ABSTRACT, KEYWORDS, TITLE, Evidence
from bot.concepts.reading import Reading
from bot.concepts.words import key_of_word, tokens_of, visible


@dataclass(frozen=True, slots=True)
class Told:
    """What was found of a feed in a paper, in words."""

    reading: Reading
    found: Evidence
    headings: tuple[str, ...]
    companions: tuple[str, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """The names found, each once: of the title, of headings and keywords, then of the abstract by how often."""
        often = [name for name, _ in Counter(self._written(ABSTRACT)).most_common()]
        names = (*self._written(TITLE), *self.headings, *self._written(KEYWORDS), *often)
        written: dict[str, str] = {}
        for name in names:
            written.setdefault(name.casefold(), name)
        return tuple(written.values())

    @property
    def words(self) -> str:
        """Where they were found, for a reader; empty where nowhere."""
        found, parts = self.found, []
        if found.title:
            parts.append(f"title: {_listed(self._written(TITLE))}")
        if self.headings:
            parts.append(f"heading: {_listed(self.headings)}")
        if found.keywords:
            parts.append(f"keyword: {_listed(self._written(KEYWORDS))}")
        if found.abstract:
            times = {1: "once", 2: "twice"}.get(found.abstract, f"{found.abstract} times")
            parts.append(f"{times} in the abstract" + ("" if parts else f": {_listed(self._written(ABSTRACT))}"))
        if not found.named and (found.composed_title or found.composed_abstract):
            parts.append("by its parts")
        if not parts and found.bare:
            parts.append("a short form that nothing explains")
        if not parts and found.denied:
            parts.append("named to say what is not meant")
        if companions := self._further():
            parts.append(f"goes with it: {', '.join(companions)}")
        return "; ".join(parts)

    def _written(self, place: int) -> list[str]:
        return self.reading.written(self.found, place)

    def _further(self) -> list[str]:
        """The companions that tell something beside the names found: no numbers, and none of their own words."""
        own = {key_of_word(token) for name in self.terms for token in tokens_of(visible(name))}
        return [
            word
            for word in dict.fromkeys(self.companions)
            if not word.isdecimal() and not own.issuperset(map(key_of_word, tokens_of(visible(word))))
        ]


def _listed(names: Iterable[str]) -> str:
    """The names, each once whatever its capitals, at most three."""
    written: dict[str, str] = {}
    for name in names:
        written.setdefault(name.casefold(), name)
    shown = list(written.values())
    return ", ".join(shown[:3]) + (" …" if len(shown) > 3 else "")
