"""What somebody looks for, as words: whatever they write, some of it can be looked for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

#: Characters that are read, and terms.
LENGTH, TERMS = 200, 12

_TERM = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """Terms, each of words that follow each other: `COVID-19` is two."""

    wanted: tuple[tuple[str, ...], ...] = ()
    #: Behind a minus: what a paper must not have.
    unwanted: tuple[tuple[str, ...], ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.wanted)

    @property
    def words(self) -> tuple[str, ...]:
        """All words that are wanted, each once."""
        return tuple(dict.fromkeys(word for term in self.wanted for word in term))


def read_asked(written: str) -> Asked:
    """The terms in what somebody wrote: words, `"several in a row"`, and `-unwanted` ones.

    Words are runs of letters and digits, so that no sign can mean anything to a database.
    """
    line = written[:LENGTH]
    wanted: dict[tuple[str, ...], None] = {}
    unwanted: dict[tuple[str, ...], None] = {}
    for minus, quoted, bare in _TERM.findall(line):
        words = words_in(quoted or bare)
        if words and len(wanted) + len(unwanted) < TERMS:
            (unwanted if minus else wanted)[words] = None
    return Asked(tuple(wanted), tuple(one for one in unwanted if one not in wanted))


def words_in(written: str) -> tuple[str, ...]:
    """All words of a text, without capitals, as they follow each other."""
    line = unicodedata.normalize("NFC", written.casefold())
    return tuple(word for word in _WORD.findall(line) if _is_sound(word))


def _is_sound(word: str) -> bool:
    # Half a surrogate pair is a letter to nobody, and no text to PostgreSQL.
    return not any(unicodedata.category(char) == "Cs" for char in word)
