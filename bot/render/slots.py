"""Places in a rendered text that are left open for what is personal: a name, a link, a summary.

A template is filled with a mark in the place of each such value, and the outcome is kept; each mail then puts its own
values where the marks are. Marks are ASCII letters, digits and full stops, so that neither escaping nor the
serialising of links changes them, and hold a word that is drawn anew by every process, so that no paper can hold one.
"""

from __future__ import annotations

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from html import escape
from typing import Final

_WORD: Final = f"slot{secrets.token_hex(8)}"
_MARK = re.compile(rf"{_WORD}\.([a-z_]+|0[A-Za-z0-9_=-]+)\.")
_SEPARATOR: Final = "\0"
_SPECIAL = re.compile('[&<>"]')


def mark(name: str) -> str:
    """What stands for the value of that name: small letters and underlines."""
    return f"{_WORD}.{name}."


def is_open(text: str) -> bool:
    """Whether `text` holds a mark."""
    return _WORD in text


def deferred(text: str, indent: str, first: str) -> str:
    """A mark for `text`, which holds marks itself, to be wrapped once its values are known."""
    packed = _SEPARATOR.join((text, indent, first)).encode()
    return f"{_WORD}.0{urlsafe_b64encode(packed).decode('ascii')}."


def pieces(text: str) -> list[str]:
    """`text` in turns of what stays and of the names of marks; the first and the last are what stays."""
    return _MARK.split(text)


def escaped(value: str) -> str:
    """A value as it stands in HTML, in running text and in attributes, as lxml writes it."""
    return value if _SPECIAL.search(value) is None else escape(value, quote=True).replace("&#x27;", "'")


class Filling:
    """The values of one mail.

    Args:
        values: by name.
        wrap: wraps a text, given the beginnings of its lines and of its first.
    """

    def __init__(self, values: Mapping[str, str], wrap: Callable[[str, str, str], str]) -> None:
        self._values = values
        self._wrap = wrap

    def html(self, name: str) -> str:
        """What stands in HTML in the place of a mark."""
        return escaped(self._values[name])

    def text(self, name: str) -> str:
        """What stands in plain text in the place of a mark."""
        if not name.startswith("0"):
            return self._values[name]
        turns, indent, first = _unpacked(name)
        values = self._values
        text = "".join([values[turn] if place % 2 else turn for place, turn in enumerate(turns)])
        return self._wrap(text, indent, first)


@lru_cache(maxsize=1_024)
def _unpacked(name: str) -> tuple[list[str], str, str]:
    text, indent, first = urlsafe_b64decode(name[1:]).decode().split(_SEPARATOR)
    return pieces(text), indent, first
