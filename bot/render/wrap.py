"""Plain text in lines that a terminal or a mail program shows without wrapping them again."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

#: Columns of the text part; leaves room for quoting within 78.
COLUMNS = 72


def columns(text: str) -> int:
    """How many columns `text` takes in a fixed-width font; Chinese, Japanese and Korean letters take two."""
    if text.isascii():
        return len(text)
    return sum(_columns_of(char) for char in text)


@lru_cache(maxsize=65_536)
def _columns_of(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def wrapped(text: str, indent: str = "", first: str | None = None, width: int = COLUMNS) -> str:
    """`text` in lines of at most `width` columns.

    A link is never broken; it stands on a line of its own where it is longer. Other words are broken
    only where a line cannot hold them, and anywhere between wide letters.

    Args:
        text: white space in it counts as one space.
        indent: begins every line.
        first: begins the first line instead of `indent`.
    """
    line = indent if first is None else first
    if len(text) < _SHORT and "\n" not in text and columns(text) == len(text) == len(text.strip()):
        quickly = _at_blanks(text, indent, line, width)
        if quickly is not None:
            return quickly
    lines: list[str] = []
    used = begun = columns(line)
    of_indent = columns(indent)
    for word in text.split():
        for number, (piece, length) in enumerate(_pieces(word, width - max(of_indent, begun))):
            space = 1 if number == 0 and used > begun else 0
            if used > begun and used + space + length > width:
                lines.append(line)
                line, used, begun, space = indent, of_indent, of_indent, 0
            line += " " + piece if space else piece
            used += space + length
    if used > begun or not lines:
        lines.append(line)
    return "\n".join([line.rstrip() for line in lines])


#: Longer texts are seldom of one column a letter throughout.
_SHORT: Final = 2_000


def _at_blanks(text: str, indent: str, first: str, width: int) -> str | None:
    """Letters of one column each, in lines that break at blanks; None where a line has none, or two stand together."""
    if "  " in text or "\t" in text:
        return None
    lines, line, at = [], first, 0
    while len(line) + len(text) - at > width:
        end = text.rfind(" ", at, at + width - len(line) + 1)
        if end <= at:
            return None
        lines.append(line + text[at:end])
        line, at = indent, end + 1
    lines.append(line + text[at:])
    return "\n".join(lines)


def _pieces(word: str, width: int) -> list[tuple[str, int]]:
    """What `word` may be broken into, with the columns that each takes."""
    if word.isascii() and (len(word) <= width or "://" in word):
        return [(word, len(word))]
    pieces: list[tuple[str, int]] = []
    piece, length, wide = "", 0, False
    for char in word:
        of_char = _columns_of(char)
        # No line begins with a mark that closes something.
        closes = of_char == 0 or unicodedata.category(char) in {"Po", "Pe", "Pf"}
        if piece and (((wide or of_char == 2) and not closes) or length + of_char > width):
            pieces.append((piece, length))
            piece, length = "", 0
        piece += char
        length += of_char
        wide = of_char == 2
    return [*pieces, (piece, length)]
