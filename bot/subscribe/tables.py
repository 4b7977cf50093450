"""Tables as spreadsheets write them: bytes of any encoding and delimiter in, lines of cells out.

Also the one escape that keeps a cell from being run as a formula, both ways.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from bot.errors import RosterError

DELIMITERS = (",", ";", "\t", "|")

#: Read at once while looking over a file; a line longer than this is no line of a table.
_CHUNK = 1 << 20
#: Physical lines that one quoted cell may span before its quote counts as never closed.
_SPAN = 20

#: What files that are no text begin with, and what to say of them.
_NOT_TEXT = (
    (b"PK\x03\x04", "an Excel or OpenDocument file; save it as CSV (UTF-8) first"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file; save it as CSV (UTF-8) first"),
    (b"\x1f\x8b", "compressed; unpack it first"),
    (b"%PDF", "a PDF; export the table as CSV (UTF-8)"),
)

_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r"))

# Spreadsheets run what starts so as a formula (OWASP, "CSV Injection"), full-width forms included.
_DANGEROUS = "=+\\-@\t\r\n＝＋－＠"
_HARMFUL = re.compile(f"'*[{_DANGEROUS}]")
_ESCAPED = re.compile(f"'+[{_DANGEROUS}]")


def harmless(value: str) -> str:
    """`value` as a cell that no spreadsheet runs: an apostrophe before whatever could start a formula."""
    return "'" + value if _HARMFUL.match(value) else value


def plain(cell: str) -> str:
    """The value that `harmless` made `cell` of; any other cell as it is."""
    return cell[1:] if cell[:1] == "'" and _ESCAPED.match(cell) else cell


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a table."""

    #: The physical line it starts on, the file's first being 1.
    line: int
    cells: tuple[str, ...]
    #: Empty, or why the cells are not to be trusted.
    problem: str = ""


#: How a file is read that is not UTF-8 throughout: as UTF-8 where it is that, and byte by byte as
#: Windows-1252 where it is not, so that files of either kind, and files pasted together, keep their text.
MIXED = "utf-8 and cp1252"

# Five bytes mean nothing in Windows-1252; as Latin-1 they are control characters, cleaned away later.
_WINDOWS = {byte: bytes([byte]).decode("cp1252") for byte in range(256) if byte not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}}


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    odd = error.object[error.start : error.end]
    return "".join(_WINDOWS.get(byte, chr(byte)) for byte in odd), error.end


codecs.register_error("bot.windows", _as_windows)


def encoding_of(file: BinaryIO, name: str) -> str:
    """The codec that reads the whole of `file`: `utf-8-sig`, a UTF-16, or `MIXED`.

    Raises:
        RosterError: the file is empty, or no text, or has lines beyond measure.
    """
    file.seek(0)
    head = file.read(4096)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\0\r\n\t "):
        raise RosterError(name, "empty; the first line names the columns, email at least")
    for mark, words in _NOT_TEXT:
        if head.startswith(mark):
            raise RosterError(name, words)
    file.seek(0)
    is_utf8 = _looked_over(file, name)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    wide = _wide(head)
    if not wide and _is_binary(head):
        raise RosterError(name, "not text; save it as CSV (UTF-8)")
    return wide or ("utf-8-sig" if is_utf8 else MIXED)


def _wide(head: bytes) -> str:
    """UTF-16 without its mark, known by ASCII having every other byte empty; nothing where it is not that."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) > len(head) // 6 and min(even, odd) * 10 < max(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    return ""


def _is_binary(head: bytes) -> bool:
    # A stray NUL is a fault of one cell; a tenth of control characters is no text.
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls > 8 and controls * 10 > len(head)


def _looked_over(file: BinaryIO, name: str) -> bool:
    """Whether the whole of `file` is UTF-8."""
    decoder, good = codecs.getincrementaldecoder("utf-8")(), True
    chunk = b"\n"
    while chunk:
        chunk = file.read(_CHUNK)
        if len(chunk) == _CHUNK and b"\n" not in chunk and b"\r" not in chunk:
            raise RosterError(name, "a line of more than a megabyte; not a table of one person a line")
        try:
            if good:
                decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError:
            good = False
    return good


def open_text(file: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """`file` from its beginning as text with its line ends; what cannot be read becomes U+FFFD."""
    file.seek(0)
    if encoding == MIXED:
        return io.TextIOWrapper(file, "utf-8-sig", errors="bot.windows", newline="")
    return io.TextIOWrapper(file, encoding, errors="replace", newline="")


def records(lines: Iterator[str], delimiter: str, width: int, start: int) -> Iterator[Record]:
    """The rows of a table, empty ones left out; a row that is broken costs itself and no other.

    Args:
        lines: physical lines with their ends.
        delimiter: one of `DELIMITERS`.
        width: how many columns the header names.
        start: the number of the first of `lines`.
    """
    source = _Lines(lines, start)
    reader = _reader(source, delimiter)
    while True:
        source.mark()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _OpenQuoteError):
            cells = None
        line = source.marked
        if cells is None or (len(source.held) > 1 and _swallowed(cells, width)):
            first = source.back_to_second()
            reader = _reader(source, delimiter)
            cells = _alone(first, delimiter)
            if cells is None:
                yield Record(line, (first.strip()[:80],), "a quote that is never closed; close it or take it out")
                continue
        if not "".join(cells).strip():
            continue
        problem = ""
        if len(cells) > width and "".join(cells[width:]).strip():
            problem = f"{len(cells)} cells for {width} columns; quote a cell that holds '{delimiter}'"
        yield Record(line, tuple(cells[:width]), problem)


def _reader(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)


def _swallowed(cells: list[str], width: int) -> bool:
    """Whether a quoted cell of several lines looks like a missing quote that ate the rows after it."""
    return len(cells) != width and any("@" in cell for cell in cells if "\n" in cell or "\r" in cell)


def _alone(line: str, delimiter: str) -> list[str] | None:
    """The cells of one physical line, read leniently; None where a quote stays open."""
    if line.count('"') % 2:
        return None
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return None


class _OpenQuoteError(Exception):
    """A row went on for too many lines."""


class _Lines:
    """Lines that can be given back, so that a row can be tried again."""

    def __init__(self, source: Iterator[str], start: int) -> None:
        self._source, self._back = source, deque[str]()
        #: The lines taken since the mark.
        self.held: list[str] = []
        #: The number of the first of them.
        self.marked = start

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.held) >= _SPAN:
            raise _OpenQuoteError
        line = self._back.popleft() if self._back else next(self._source)
        self.held.append(line)
        return line

    def mark(self) -> None:
        """A row begins here."""
        self.marked += len(self.held)
        self.held.clear()

    def back_to_second(self) -> str:
        """Keep the first line since the mark, which is returned, and give the others back."""
        first, *others = self.held
        self._back.extendleft(reversed(others))
        self.held = [first]
        return first
