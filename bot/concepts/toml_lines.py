"""Where each value of a TOML document stands: the standard parser gives the values, but not their lines."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

#: `("feed", 0, "query", 1, "source")`: keys, and positions in arrays.
Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
# A closing run may hold up to two quotes of the text itself, hence {3,5}.
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}' r"|'''(?:[^']|'(?!''))*'{3,5}" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}\n#]*")


def lines_of(text: str) -> Mapping[Path, int]:
    """Give the line, counted from 1, of every table, key and array element of a valid TOML document.

    Args:
        text: what `tomllib.loads` has accepted, with bare newlines; anything else gives nonsense.
    """
    return _Walk(text).document()


class _Walk:
    """One pass over a document that is known to be valid, so nothing is checked again."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.lengths: dict[Path, int] = {}
        self._counted_to, self._line = 0, 1

    def document(self) -> Mapping[Path, int]:
        table: Path = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self.header()
            else:
                self.pair(table)
            self.skip(_BLANK)
        return self.lines

    def header(self) -> Path:
        line = self.line()
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        path: Path = ()
        keys = self.keys()
        self.at += brackets
        for key in keys[:-1]:
            path = self.inside((*path, key))
        path = (*path, keys[-1])
        if brackets == 2:
            position = self.lengths.get(path, 0)
            self.lengths[path] = position + 1
            self.lines.setdefault(path, line)
            path = (*path, position)
        self.lines.setdefault(path, line)
        return path

    def inside(self, path: Path) -> Path:
        """A header goes through the newest table of an array of tables."""
        return (*path, self.lengths[path] - 1) if path in self.lengths else path

    def keys(self) -> list[str]:
        found = []
        while True:
            self.skip(_SPACE)
            quoted = _STRING.match(self.text, self.at) if self.text[self.at] in "\"'" else None
            token = quoted or _BARE_KEY.match(self.text, self.at)
            if token is None:
                raise ValueError(f"not a TOML document: offset {self.at}")
            self.at = token.end()
            found.append(str(tomllib.loads(f"key = {token[0]}")["key"]) if quoted else token[0])
            self.skip(_SPACE)
            if self.text[self.at : self.at + 1] != ".":
                return found
            self.at += 1

    def pair(self, table: Path) -> None:
        line = self.line()
        path = table
        for key in self.keys():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.at += 1  # the equals sign
        self.skip(_SPACE)
        self.value(path)

    def value(self, path: Path) -> None:
        first = self.text[self.at]
        if first in "\"'":
            self.skip(_STRING)
        elif first == "[":
            self.array(path)
        elif first == "{":
            self.inline_table(path)
        else:
            self.skip(_BARE_VALUE)

    def array(self, path: Path) -> None:
        self.at += 1
        self.skip(_BLANK)
        position = 0
        while self.text[self.at] != "]":
            element = (*path, position)
            self.lines[element] = self.line()
            self.value(element)
            position += 1
            self.comma()
        self.at += 1

    def inline_table(self, path: Path) -> None:
        self.at += 1
        self.skip(_BLANK)
        while self.text[self.at] != "}":
            self.pair(path)
            self.comma()
        self.at += 1

    def comma(self) -> None:
        self.skip(_BLANK)
        if self.text[self.at] == ",":
            self.at += 1
            self.skip(_BLANK)

    def skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()

    def line(self) -> int:
        self._line += self.text.count("\n", self._counted_to, self.at)
        self._counted_to = self.at
        return self._line
