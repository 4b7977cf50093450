"""Finding many names in a text in one pass: the longest at each place, on word boundaries, capitals where they matter.

The words of a text become one character each, and an Aho-Corasick automaton (A. V. Aho and M. J. Corasick, Commun. ACM
18, 1975) runs over these: names then begin and end with words by themselves, and all ways to write a word are one.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from bot.concepts.characters import HANGING, NOT, UNKNOWN, Characters, Chunks, Pattern
from bot.concepts.words import DASHES, spans_of, visible

#: Between a name and the number that goes on with it.
_JOINTS: Final = frozenset(("", *DASHES))


class Entry(NamedTuple):
    """What a pattern of words stands for."""

    #: Several where the name is ambiguous.
    ids: tuple[int, ...]
    #: The short form, where nothing but its capitals tells it from a common word: STING, ME, ALS; else empty.
    bare: str
    #: Whose names stand inside of this one.
    inside: tuple[int, ...] = ()


#: The position of an entry, its first token, and the token behind its last.
Hit = tuple[int, int, int]


class Lexicon:
    """Names, made ready for looking into many texts; a text is looked at once, however many names there are."""

    def __init__(
        self,
        names: Iterable[tuple[str, int]],
        *,
        weaker: Iterable[tuple[str, int]] = (),
        sought_inside: Iterable[tuple[str, int]] = (),
        known: Iterable[str] = (),
    ) -> None:
        """Make the lexicon.

        Args:
            names: each with the number of what it stands for.
            weaker: names that count only where they are none of the others.
            sought_inside: those of `names` that are told too where they stand inside of a longer one.
            known: further words that `read` is to tell, though they are no names.
        """
        with _no_search_for_cycles():
            self._build(names, weaker, sought_inside, Characters(known))

    def _build(
        self,
        names: Iterable[tuple[str, int]],
        weaker: Iterable[tuple[str, int]],
        sought_inside: Iterable[tuple[str, int]],
        characters: Characters,
    ) -> None:
        ids: dict[str, tuple[int, ...]] = {}
        patterns: dict[str, Pattern] = {}
        for name, number in names:
            for pattern in characters.patterns(name):
                patterns.setdefault(pattern.text, pattern)
                _add(ids, pattern.text, number)
        for pattern, loose in characters.loosely():
            patterns.setdefault(loose.text, loose)
            ids.setdefault(loose.text, ids[pattern.text])
        stronger = frozenset(ids)
        for name, number in weaker:
            for pattern in characters.patterns(name):
                if pattern.text not in stronger:
                    patterns.setdefault(pattern.text, pattern)
                    _add(ids, pattern.text, number)
        self._ids, self._patterns = tuple(ids.values()), tuple(patterns.values())
        self._inside = _inside(ids, [(p.text, n) for name, n in sought_inside for p in characters.patterns(name)])
        self._open = frozenset(position for position, pattern in enumerate(self._patterns) if pattern.open)
        self._chunks = Chunks(characters)
        self._not, self._numbers = self._chunks[NOT], characters.numbers()
        self._automaton = (
            AhoCorasick(list(ids), matchkind=MatchKind.LeftmostLongest, implementation=Implementation.ContiguousNFA)
            if ids
            else None
        )

    def entry(self, position: int) -> Entry:
        """Give what was found where a hit has this position."""
        pattern = self._patterns[position]
        return Entry(self._ids[position], pattern.bare, self._inside.get(pattern.text, ()))

    def hits(self, text: str) -> list[Hit]:
        """Give the names in a visible text, from left to right, none over another."""
        return self.read(text)[0]

    def read(self, text: str) -> tuple[list[Hit], str]:
        """Give the names in a visible text as `hits` does, and its words, one character each."""
        encoded = "".join(map(self._chunks.__getitem__, text.split()))
        if self._automaton is None:
            return [], encoded
        hits: list[Hit] = self._automaton.find_matches_as_indexes(encoded)
        if self._not in encoded:
            hits = [hit for hit in hits if not hit[1] or encoded[hit[1] - 1] != self._not]
        if [True for position, _, end in hits if position in self._open and encoded[end : end + 1] in self._numbers]:
            spans = spans_of(text)
            hits = [hit for hit in hits if hit[0] not in self._open or not _goes_on(text, spans, hit[2])]
        return hits, encoded

    def characters_of(self, words: Iterable[str]) -> frozenset[str]:
        """Give the characters that `read` has for those of `words` that it knows."""
        return frozenset(character for word in words for character in self._chunks[word]) - {UNKNOWN}

    def named(self, text: str) -> tuple[int, ...]:
        """Give what a text as a whole is a name of; nothing where it holds more or less than one name."""
        hits, encoded = self.read(visible(text))
        return self._ids[hits[0][0]] if hits and hits[0][1:] == (0, len(encoded)) else ()


def _goes_on(text: str, spans: Sequence[tuple[int, int]], end: int) -> bool:
    """Whether a number or a Greek letter hangs on behind the tokens before `end`."""
    if end == len(spans):
        return False
    before, after = spans[end - 1][1], spans[end][0]
    return text[before:after] in _JOINTS and HANGING.match(text, after) is not None


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Make many objects and no garbage: meanwhile all of them would be searched for it, again and again."""
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


def _add(ids: dict[str, tuple[int, ...]], text: str, number: int) -> None:
    known = ids.get(text)
    if known is None:
        ids[text] = (number,)
    elif number not in known:
        ids[text] = (*known, number)


def _inside(patterns: Iterable[str], sought: Iterable[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    """Whose names stand inside of each pattern, and are not all of it."""
    of: dict[str, list[int]] = {}
    for text, number in sought:
        of.setdefault(text, []).append(number)
    if not of:
        return {}
    texts = list(of)
    automaton = AhoCorasick(texts, matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA)
    found: dict[str, tuple[int, ...]] = {}
    for pattern in patterns:
        if len(pattern) > 1:
            hits = automaton.find_matches_as_indexes(pattern, overlapping=True)
            numbers = [
                number for index, start, end in hits if end - start < len(pattern) for number in of[texts[index]]
            ]
            if numbers:
                found[pattern] = tuple(dict.fromkeys(numbers))
    return found
