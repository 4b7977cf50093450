"""One character for each word of names, so that an automaton over characters finds words, however they are written."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Final, NamedTuple

from bot.concepts.words import (
    BREAKS,
    DASHES,
    GREEK_KEYS,
    SENTENCE_ENDS,
    is_short_form,
    key_of_word,
    tokens_of,
    visible,
)

#: Words of no name, and numbers of no name.
UNKNOWN, _NUMBER = "\0", "\1"
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
NOT = "non"
#: How a number, or a Greek letter, begins.
HANGING: Final = re.compile("[0-9\u0370-\u03ff]")
#: In how many ways a name is looked for whose short forms may be written in any capitals: SARS-CoV-2, Sars-CoV-2 ….
_LOOSE_WAYS: Final = 8


class _Word(NamedTuple):
    """A word of a name, as the automaton knows it."""

    #: The character for all ways to write it.
    key: str
    #: How a short form is written; empty for other words.
    short: str
    number: bool
    letters: int


class Pattern(NamedTuple):
    """One way to write a name, as characters."""

    text: str
    #: As the entry has it.
    bare: str
    #: Whether a number behind it would go on with the name: SARS-CoV-2 is not SARS-CoV.
    open: bool


class Characters:
    """One character for each word, and one for each written short form."""

    def __init__(self, known: Iterable[str]) -> None:
        self.keys: dict[str, str] = {}
        #: Short forms have a character for how they are written, so that the automaton compares capitals.
        self.forms: dict[str, str] = {}
        self._words: dict[str, _Word] = {}
        #: The characters of words that are no short forms, as they are written.
        self._plain: dict[str, str] = {}
        #: Patterns that heed no capitals although they have short forms.
        self._loose: list[tuple[Pattern, list[_Word]]] = []
        for word in (NOT, *known):
            self._of(word)

    def patterns(self, name: str) -> Iterator[Pattern]:
        """Give the patterns of a name, with new characters for new words; none where it has no word."""
        known, plain = self._words, self._plain
        for written in _ways(name):
            if not [True for word in written if word not in plain]:
                yield Pattern("".join([plain[word] for word in written]), "", written[-1].isdecimal())
                continue
            words = [known.get(word) or self._of(word) for word in written]
            text = "".join([word.key for word in words])
            if not any(word.short for word in words):
                yield Pattern(text, "", words[-1].number)
                continue
            if _heeds_capitals(words):
                text = "".join([self._form(word.short) if word.short else word.key for word in words])
                yield Pattern(text, words[0].short if len(words) == 1 else "", open=True)
                continue
            pattern = Pattern(text, "", words[-1].number)
            self._loose.append((pattern, words))
            yield pattern

    def loosely(self) -> Iterator[tuple[Pattern, Pattern]]:
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
        if not short:
            self._plain[written] = character
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


class Chunks(dict[str, str]):
    """The characters of what stands between two blanks; what was not met before is taken apart first."""

    def __init__(self, characters: Characters) -> None:
        super().__init__()
        self._keys, self._forms = characters.keys, characters.forms

    def __missing__(self, chunk: str) -> str:
        if chunk.isalpha() and chunk.isascii():
            characters = self._character(chunk)
        elif chunk[-1] in BREAKS and chunk[-2:-1].isalnum():
            characters = self[chunk[:-1]] + self._character(chunk[-1])
        else:
            characters = "".join(map(self._character, tokens_of(chunk)))
        if len(chunk) <= _REMEMBERED_LENGTH:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[chunk] = characters
        return characters

    def _character(self, token: str) -> str:
        if token in BREAKS:
            return STOP if token in SENTENCE_ENDS else BREAK
        known = None if token.islower() else self._forms.get(token.removesuffix("s"))
        return known or self._keys.get(key_of_word(token)) or (_NUMBER if HANGING.match(token) else UNKNOWN)


def _ways(name: str) -> Iterator[Sequence[str]]:
    """The words of `name` in each way that it is written; none where it has no word."""
    if name.isalpha():
        yield (name,)
        if beginning := _BEGINNING.match(name):
            yield (beginning[0], name[beginning.end() :])
        return
    if name.isascii() and name.replace(", ", "").replace(" ", "").isalpha():
        parts = [part.split() for part in name.split(", ")]
        for ordered in (parts, parts[::-1])[: len(parts)]:
            yield [word for part in ordered for word in part]
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
