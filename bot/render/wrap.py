"""Plain text in lines that a terminal or a mail program shows without wrapping them again."""

from __future__ import annotations

import unicodedata

#: Columns of the text part; leaves room for quoting within 78.
COLUMNS = 72


def columns(text: str) -> int:
    """How many columns `text` takes in a fixed-width font; Chinese, Japanese and Korean letters take two."""
    if text.isascii():
        return len(text)
    return sum(_columns_of(char) for char in text)


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
    lines: list[str] = []
    line = start = indent if first is None else first
    for word in text.split():
        for number, piece in enumerate(_pieces(word, width - max(columns(indent), columns(start)))):
            space = " " if number == 0 and line != start else ""
            if line != start and columns(line) + len(space) + columns(piece) > width:
                lines.append(line)
                line = start = indent
                space = ""
            line += space + piece
    if line != start or not lines:
        lines.append(line)
    return "\n".join(line.rstrip() for line in lines)


def _pieces(word: str, width: int) -> list[str]:
    """What `word` may be broken into."""
    if word.isascii() and (len(word) <= width or "://" in word):
        return [word]
    pieces: list[str] = []
    piece, wide = "", False
    for char in word:
        of_char = _columns_of(char)
        # No line begins with a mark that closes something.
        closes = unicodedata.category(char) in {"Po", "Pe", "Pf"} or of_char == 0
        if piece and (((wide or of_char == 2) and not closes) or columns(piece) + of_char > width):
            pieces.append(piece)
            piece = ""
        piece += char
        wide = of_char == 2
    return [*pieces, piece]
