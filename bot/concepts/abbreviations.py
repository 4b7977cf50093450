"""Short forms that a text introduces: `chronic fatigue syndrome (CFS)` holds for the rest of it.

What a bracket explains is told as in A. S. Schwartz and M. A. Hearst, Pac. Symp. Biocomput. 2003: the letters of the
short form, from the last to the first, stand in order in the words before it, and its first begins a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_BRACKET = re.compile(r"\(([A-Za-z][A-Za-z0-9/-]{1,9})(?:[,;] [^()]{1,30})?\)")
#: No long form is longer, in characters: `min(|A| + 5, 2 |A|)` words in the article, with words of ten letters.
_REACH = 100


class Definition(NamedTuple):
    """A short form, and the text before its bracket, in which the long one ends."""

    short: str
    before: str
    #: Where the bracket begins and ends, in characters.
    start: int
    end: int


def definitions(text: str) -> Iterator[Definition]:
    """Give the short forms that brackets of `text` may introduce, in order, each as often as it is."""
    if "(" not in text:
        return
    for found in _BRACKET.finditer(text):
        short = found[1].removesuffix("s")
        if sum(map(str.isupper, short)) >= 2:
            yield Definition(short, text[max(0, found.start() - _REACH) : found.start()].rstrip(), *found.span())


def explains(definition: Definition) -> bool:
    """Whether the words before the bracket are a long form of the short one, whatever they mean."""
    letters = [letter for letter in definition.short.lower() if letter.isalnum()]
    words = definition.before.lower()
    most = min(len(letters) + 5, 2 * len(letters))
    words = " ".join(words.split()[-most:])
    at = len(words)
    for index in range(len(letters) - 1, -1, -1):
        at = words.rfind(letters[index], 0, at)
        while at > 0 and index == 0 and words[at - 1].isalnum():
            at = words.rfind(letters[index], 0, at)
        if at < 0:
            return False
    return True


def occurrences(short: str, text: str) -> Iterator[int]:
    """Give where a short form begins in `text`, in characters, plurals too."""
    at = text.find(short)
    while at >= 0:
        end = at + len(short)
        end += text[end : end + 1] == "s"
        if not text[at - 1 : at].isalnum() and not text[end : end + 1].isalnum():
            yield at
        at = text.find(short, end)
