"""Finding many names in a text in one pass: the longest at each place, on word boundaries, capitals where they matter.

The words of a text become one character each, and an Aho-Corasick automaton (A. V. Aho and M. J. Corasick, Commun. ACM
18, 1975) runs over these: names then begin and end with words by themselves, and all ways to write a word are one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from bot.concepts.words import (
    BREAKS,
    DASHES,
    GREEK_KEYS,
    SENTENCE_ENDS,
    is_short_form,
    key_of_word,
    prepared,
    spans_of,
    tokens_of,
    visible,
)

#: Words of no name, and numbers of no name.
_UNKNOWN, _NUMBER = "\0", "\1"
#: Where a phrase ends, and where a sentence does.
BREAK: Final = "\2"
STOP: Final = "\3"
#: The first character that stands for a word; and where surrogates lie, which no text may hold.
_FIRST, _SURROGATES, _SURROGATES_LENGTH = 0x100, 0xD800, 0x800
#: How many written forms are remembered: the words of a language many times over, in some 40 MB.
_REMEMBERED = 300_000
#: What is longer than this between two blanks is not remembered.
_REMEMBERED_LENGTH = 80
#: Where a hyphen stands between letters, the word is also written as one.
_HYPHEN = re.compile(rf"(?<=[^\W\d_]{{2}})[{DASHES}](?=[^\W\d_]{{3}})")
#: Beginnings after which authors write a hyphen, or none: micro-organism, microorganism.
_BEGINNING = re.compile(
    r"(anti|auto|cardio|cyto|extra|gastro|hyper|hypo|immuno|inter|intra|micro|multi|neo|neuro|non|poly|post|pre|psycho"
    r"|radio|sub|trans|ultra)(?=[a-z]{4})",
    re.IGNORECASE,
)
#: A name behind this is another one: non-small-cell lung cancer.
_NOT = "non"
#: In how many ways a name is looked for whose short forms may be written in any capitals: SARS-CoV-2, Sars-CoV-2 ….
_LOOSE_WAYS: Final = 8
#: Between a name and the number that goes on with it.
_JOINTS: Final = frozenset(("", *DASHES))
_HANGING = re.compile("[0-9\u0370-\u03ff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a pattern of words stands for."""

    #: Several where the name is ambiguous.
    ids: tuple[int, ...]
    #: The short form, where nothing but its capitals tells it from a common word: STING, ME, ALS; else empty.
    bare: str
    #: Whether a number behind it would go on with the name: SARS-CoV-2 is not SARS-CoV.
    open: bool
    #: Whose names stand inside of this one.
    inside: tuple[int, ...] = ()


#: An entry, its first token, and the token behind its last.
Hit = tuple[Entry, int, int]


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
        characters = _Characters(known)
        entries: dict[str, tuple[_Pattern, list[int]]] = {}
        for name, number in names:
            for pattern in characters.patterns(name):
                _add(entries, pattern, number)
        for pattern, loose in characters.loosely():
            entries.setdefault(loose.text, (loose, entries[pattern.text][1]))
        stronger = frozenset(entries)
        for name, number in weaker:
            for pattern in characters.patterns(name):
                if pattern.text not in stronger:
                    _add(entries, pattern, number)
        inside = _inside(list(entries), [(p.text, n) for name, n in sought_inside for p in characters.patterns(name)])
        self._entries = [
            Entry(tuple(ids), pattern.bare, pattern.open, inside.get(pattern.text, ()))
            for pattern, ids in entries.values()
        ]
        self._chunks = _Chunks(characters)
        self._not, self._numbers = self._chunks[_NOT], characters.numbers()
        self._automaton = (
            AhoCorasick(list(entries), matchkind=MatchKind.LeftmostLongest, implementation=Implementation.ContiguousNFA)
            if entries
            else None
        )

    def hits(self, text: str) -> list[Hit]:
        """Give the names in a prepared text, from left to right, none over another."""
        return self.read(text)[0]

    def read(self, text: str) -> tuple[list[Hit], str]:
        """Give the names in a prepared text as `hits` does, and its words, one character each."""
        encoded = "".join(map(self._chunks.__getitem__, text.split()))
        if self._automaton is None:
            return [], encoded
        entries, found = self._entries, []
        spans: list[tuple[int, int]] = []
        for pattern, start, end in self._automaton.find_matches_as_indexes(encoded):
            entry = entries[pattern]
            if entry.open and encoded[end : end + 1] in self._numbers:
                spans = spans or spans_of(text)
                if _goes_on(text, spans[end - 1][1], spans[end][0]):
                    continue
            if start and encoded[start - 1] == self._not:
                continue
            found.append((entry, start, end))
        return found, encoded

    def characters_of(self, words: Iterable[str]) -> frozenset[str]:
        """Give the characters that `read` has for those of `words` that it knows."""
        return frozenset(character for word in words for character in self._chunks[word]) - {_UNKNOWN}

    def named(self, text: str) -> tuple[int, ...]:
        """Give what a text as a whole is a name of; nothing where it holds more or less than one name."""
        text = prepared(text)
        found = self.hits(text)
        return found[0][0].ids if found and found[0][1:] == (0, len(tokens_of(text))) else ()


def _goes_on(text: str, before: int, after: int) -> bool:
    """Whether a number or a Greek letter at `after` hangs on behind the token that ends at `before`."""
    return text[before:after] in _JOINTS and _HANGING.match(text, after) is not None


class _Word(NamedTuple):
    """A word of a name, as the automaton knows it."""

    #: The character for all ways to write it.
    key: str
    #: How a short form is written; empty for other words.
    short: str
    number: bool
    letters: int


class _Pattern(NamedTuple):
    """One way to write a name, as characters."""

    text: str
    bare: str
    open: bool


class _Characters:
    """One character for each word, and one for each written short form."""

    def __init__(self, known: Iterable[str]) -> None:
        self.keys: dict[str, str] = {}
        #: Short forms have a character for how they are written, so that the automaton compares capitals.
        self.forms: dict[str, str] = {}
        self._words: dict[str, _Word] = {}
        #: Patterns that heed no capitals although they have short forms.
        self._loose: list[tuple[_Pattern, list[_Word]]] = []
        for word in (_NOT, *known):
            self._of(word)

    def patterns(self, name: str) -> Iterator[_Pattern]:
        """Give the patterns of a name, with new characters for new words; none where it has no word."""
        known = self._words
        for written in _ways(name):
            words = [known.get(word) or self._of(word) for word in written]
            text = "".join([word.key for word in words])
            if not any([word.short for word in words]):  # noqa: C419 (a generator is slower, for each of 168,000 names)
                yield _Pattern(text, "", words[-1].number)
                continue
            if _heeds_capitals(words):
                text = "".join([self._form(word.short) if word.short else word.key for word in words])
                yield _Pattern(text, words[0].short if len(words) == 1 else "", open=True)
                continue
            pattern = _Pattern(text, "", words[-1].number)
            self._loose.append((pattern, words))
            yield pattern

    def loosely(self) -> Iterator[tuple[_Pattern, _Pattern]]:
        """Give the patterns that heed no capitals, each as it is where its short forms are written as elsewhere.

        COVID-19 is found as Covid 19, and as COVID 19 also where COVID by itself is a name.
        """
        for pattern, words in self._loose:
            ways = [{word.key, self.forms.get(word.short, word.key)} for word in words]
            if math.prod(map(len, ways)) <= _LOOSE_WAYS:
                for way in product(*ways):
                    text = "".join(way)
                    if text != pattern.text:
                        yield pattern, pattern._replace(text=text)

    def _of(self, written: str) -> _Word:
        short = written.removesuffix("s") if is_short_form(written) else ""
        key = key_of_word(written)
        character = self.keys.get(key) or self.keys.setdefault(key, self._next())
        word = self._words[written] = _Word(character, short, written.isdecimal(), len(written))
        return word

    def _form(self, short: str) -> str:
        return self.forms.get(short) or self.forms.setdefault(short, self._next())

    def numbers(self) -> frozenset[str]:
        """Give the characters of numbers and Greek letters."""
        known = (character for key, character in self.keys.items() if key.isdecimal() or key in GREEK_KEYS)
        return frozenset((_NUMBER, *known))

    def _next(self) -> str:
        code = _FIRST + len(self.keys) + len(self.forms)
        return chr(code if code < _SURROGATES else code + _SURROGATES_LENGTH)


class _Chunks(dict[str, str]):
    """The characters of what stands between two blanks; what was not met before is taken apart first."""

    def __init__(self, characters: _Characters) -> None:
        super().__init__()
        self._keys, self._forms = characters.keys, characters.forms

    def __missing__(self, chunk: str) -> str:
        characters = "".join(map(self._character, tokens_of(chunk)))
        if len(chunk) <= _REMEMBERED_LENGTH:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[chunk] = characters
        return characters

    def _character(self, token: str) -> str:
        if token in BREAKS:
            return STOP if token in SENTENCE_ENDS else BREAK
        known = self._forms.get(token.removesuffix("s")) or self._keys.get(key_of_word(token))
        return known or (_NUMBER if _HANGING.fullmatch(token[:1]) else _UNKNOWN)


def _add(entries: dict[str, tuple[_Pattern, list[int]]], pattern: _Pattern, number: int) -> None:
    ids = entries.setdefault(pattern.text, (pattern, []))[1]
    if number not in ids:
        ids.append(number)


def _inside(patterns: list[str], sought: Iterable[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
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


def _ways(name: str) -> Iterator[Sequence[str]]:
    """The words of `name` in each way that it is written; none where it has no word."""
    if name.isalpha():
        yield (name,)
        if beginning := _BEGINNING.match(name):
            yield (beginning[0], name[beginning.end() :])
        return
    if name.replace(" ", "").isalpha() and name.isascii():
        yield name.split()
        return
    ways = [name]
    if ", " in name:  # as catalogues sort them: Fatigue Syndrome, Chronic
        ways.append(" ".join(reversed(name.split(", "))))
    if len(_HYPHEN.findall(name)) == 1:
        ways.append(_HYPHEN.sub("", name))
    for way in ways:
        words = tokens_of(visible(way))
        if not BREAKS.isdisjoint(words):
            words = [word for word in words if word not in BREAKS]
        if words:
            yield words


def _heeds_capitals(words: list[_Word]) -> bool:
    """Whether short forms among `words` want their capitals: not where a number beside three letters or more tells."""
    return not any(word.number for word in words) or all(word.number or word.letters < 3 for word in words)
