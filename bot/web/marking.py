"""Words that were looked for, marked where they stand in a text, and the part of a text that has most of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from bot.render.plain import shortened

_WORD = re.compile(r"[^\W_]+")
#: Endings that the databases' stemmers take off as well, the longest first.
_ENDINGS = ("ings", "ing", "ies", "ed", "es", "s", "e", "y")
_STEM = 4
#: Characters of an abstract that a result shows.
PASSAGE = 260


class Part(NamedTuple):
    """A piece of text, and whether it is what was looked for."""

    text: str
    marked: bool = False


def marked(text: str, words: Sequence[str]) -> tuple[Part, ...]:
    """The text in pieces, those marked that are words which were looked for, in any of their forms."""
    stems = {stem_of(word) for word in words}
    parts: list[Part] = []
    end = 0
    for found in _WORD.finditer(text):
        if stem_of(found[0]) in stems:
            if found.start() > end:
                parts.append(Part(text[end : found.start()]))
            parts.append(Part(found[0], marked=True))
            end = found.end()
    return (*parts, Part(text[end:])) if end < len(text) else tuple(parts)


def passage(text: str, words: Sequence[str], length: int = PASSAGE) -> str:
    """About `length` characters of the text, from where most of the words are on."""
    if len(text) <= length:
        return text
    stems = {stem_of(word) for word in words}
    places = [(found.start(), stem_of(found[0])) for found in _WORD.finditer(text)]
    hits = [(start, stem) for start, stem in places if stem in stems]

    def within(start: int) -> int:
        return len({stem for place, stem in hits if start <= place < start + length * 3 // 4})

    best = max((start for start, _ in hits), key=lambda start: (within(start), -start), default=0)
    if best < length // 2:
        return shortened(text, length)
    # From a few words before, so that it reads as a sentence does.
    starts = [start for start, _ in places if best - length // 4 <= start <= best]
    return "…" + shortened(text[starts[0] :], length)


def stem_of(word: str) -> str:
    """What the forms of a word have in common, roughly: `exosome` and `exosomes` are one."""
    folded = unicodedata.normalize("NFKD", word.casefold())
    folded = "".join(char for char in folded if not unicodedata.combining(char))
    for ending in _ENDINGS:
        if folded.endswith(ending) and len(folded) - len(ending) >= _STEM:
            return folded.removesuffix(ending)
    return folded
