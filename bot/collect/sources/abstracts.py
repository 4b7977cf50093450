"""Abstracts as sections of plain text, from JATS and from OpenAlex's index of words."""

from __future__ import annotations

import re

from bot.collect.text import plain_markup
from bot.models.papers import AbstractSection

#: NISO JATS 1.3: a section's title stands in `title`; publishers deposit with and without the prefix.
_TITLE = re.compile(r"<(/?)(?:jats:)?title(?=[\s>])[^<>]*>", re.IGNORECASE)
#: Longer than any label; what is longer is text in the wrong place.
_LONGEST_LABEL = 80
#: Titles of a whole abstract that tell nothing.
_NO_LABELS = frozenset({"", "abstract", "summary", "main abstract", "unlabelled"})

#: Words of one abstract that are read; the longest real ones have some thousands.
MOST_WORDS = 20_000
_LONGEST_WORD = 200
_LONGEST_TEXT = 200_000


def sections_of(markup: str) -> tuple[AbstractSection, ...]:
    """The parts of an abstract in JATS or HTML, each with the title that it has (`BACKGROUND`), without markup."""
    markup = markup[:_LONGEST_TEXT]
    sections: list[AbstractSection] = []
    label, titled, at = "", False, 0
    for tag in [*_TITLE.finditer(markup), None]:
        piece = plain_markup(markup[at : tag.start() if tag else len(markup)])
        closing = tag is not None and tag[1] == "/"
        if titled and closing and len(piece) <= _LONGEST_LABEL:
            label = piece.rstrip(" :.")
        elif piece:
            sections.append(AbstractSection("" if label.lower() in _NO_LABELS else label, piece))
            label = ""
        titled = tag is not None and not closing
        at = tag.end() if tag else at
    return tuple(sections)


def text_of_index(index: object) -> str:
    """The text that an index of words and their positions was made from, `{"soil": [0, 3], …}`.

    Positions that are no whole numbers from zero on are left out, the first word of a position stays, and a gap is
    none. However large the numbers and words are, time and memory are bounded.

    OpenAlex developers, "Works", abstract_inverted_index.
    """
    if not isinstance(index, dict):
        return ""
    placed: dict[int, str] = {}
    left = MOST_WORDS
    for word, positions in index.items():
        if not isinstance(word, str) or not isinstance(positions, list):
            continue
        for position in positions[:left]:
            if type(position) is int and position >= 0:
                placed.setdefault(position, word[:_LONGEST_WORD])
        left -= min(left, len(positions))
        if not left:
            break
    return " ".join(placed[position] for position in sorted(placed))[:_LONGEST_TEXT]
