"""Answers read in a stream: JSON record by record, broken characters repaired, never more in memory than a record."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

import ijson
from ijson.common import ObjectBuilder

from bot.collect.answer import Fetched
from bot.collect.text import clean
from bot.errors import SourceError
from bot.models.papers import Announcement

_PIECE = 1 << 16
#: Values in one record: papers of a large experiment have thousands of authors, each with places of work.
MOST_VALUES = 400_000
#: Values outside of the records, levels, and characters of one text: no service has nearly as many.
MOST_AROUND, DEEPEST, LONGEST_TEXT = 1_000, 60, 1 << 20
#: Bytes of a page of JSON at the most.
LARGEST_PAGE = 16 << 20
#: Tags, attributes and entities of an XML answer: each becomes a node, which takes a hundred bytes and more.
MOST_PARTS = 500_000
#: What XML 1.0 (section 2.2) does not let into a document, and JSON (RFC 8259, section 7) not into a string.
_NO_TEXT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Stands for a character that could not be read (Unicode, section 23.8).
UNREADABLE = "\ufffd"


class Bytes(Protocol):
    """What can be read piece by piece: a file, an unpacking one, an answer."""

    def read(self, size: int = ..., /) -> bytes:
        """The next bytes, `size` at the most."""


class _Repaired:
    """UTF-8 read from a stream, its broken bytes replaced or left out."""

    def __init__(self, stream: Bytes, errors: str) -> None:
        self._stream, self.errors = stream, errors
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors)

    def read(self, size: int = -1, /) -> bytes:
        while True:
            piece = self._stream.read(size if 0 < size < _PIECE else _PIECE) if size else b""
            text = _NO_TEXT.sub("", self._decoder.decode(piece, final=not piece))
            if text or not piece:
                return text.encode()


def is_sound(stream: Bytes) -> bool:
    """Whether all of `stream` is UTF-8 that XML and JSON allow."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := stream.read(_PIECE):
            if _NO_TEXT.search(decoder.decode(piece)):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def readable(fetched: Fetched, parsed: Callable[[Bytes], object]) -> tuple[Bytes, bool]:
    """The answer as a stream that can be parsed, and whether broken characters had to be repaired for that.

    What is broken is replaced by U+FFFD; where that would break the syntax too (inside a tag, a key), it is left out.

    Args:
        parsed: reads a stream to its end, and raises SourceError where that cannot be done.

    Raises:
        SourceError: as `parsed`, where no repair helps.
    """
    if is_sound(fetched.opened()) or _can_be(parsed, fetched.opened()):
        return fetched.opened(), False
    if _can_be(parsed, _Repaired(fetched.opened(), "replace")):
        return _Repaired(fetched.opened(), "replace"), True
    parsed(_Repaired(fetched.opened(), "ignore"))
    return _Repaired(fetched.opened(), "ignore"), True


def left_out(stream: Bytes) -> bool:
    """Whether `readable` had to leave broken characters out of it, so that nothing in it shows where they were."""
    return isinstance(stream, _Repaired) and stream.errors == "ignore"


def _can_be(parsed: Callable[[Bytes], object], stream: Bytes) -> bool:
    """Whether it can be parsed as it is: XML may state another encoding."""
    try:
        parsed(stream)
    except SourceError:
        return False
    return True


def flagged(announcement: Announcement, *, all_of_them: bool = False) -> Announcement:
    """The announcement, told to have been repaired where it was."""
    if all_of_them or UNREADABLE in repr(announcement):
        return replace(announcement, repairs=tuple(dict.fromkeys((*announcement.repairs, "charset"))))
    return announcement


class Proportioned:
    """A stream of XML that ends with an error where it has more parts than any answer has.

    Args:
        source: named in the error.
    """

    def __init__(self, source: str, stream: Bytes) -> None:
        self._source, self._stream, self._parts = source, stream, 0

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes.

        Raises:
            SourceError: where there are too many parts.
        """
        piece = self._stream.read(size)
        self._parts += parts_in(piece)
        if self._parts > MOST_PARTS:
            raise SourceError(self._source, f"xml of more than {MOST_PARTS:,} parts")
        return piece


def parts_in(piece: bytes) -> int:
    """How many tags, attributes and entities a piece of XML has, about."""
    return piece.count(b"<") + piece.count(b"=") + piece.count(b"&")


def json_problem(fetched: Fetched, read: Callable[[Fetched], str]) -> str:
    """What is wrong with an answer that should be JSON; empty where nothing is.

    Args:
        read: says what it finds wrong in the document; SourceError from it counts so.
    """
    start = fetched.beginning(1024).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        return "empty answer"
    if start.startswith(b"<"):
        return "a web page instead of json"
    if not start.startswith((b"{", b"[")):
        return "no json"
    try:
        return read(fetched)
    except SourceError as error:
        return error.problem


class JsonAnswer:
    """The records of a JSON answer, one at a time, and the plain values around them.

    Args:
        source: named in errors.
        stream: the document.
        array: where the records stand, as `resultList.result`; an array.
    """

    def __init__(self, source: str, stream: Bytes, array: str) -> None:
        self._source, self._stream, self._array = source, stream, array
        #: Values that are neither arrays nor objects, outside of the records, by their path: `meta.count`. Whole only
        #: after the last record.
        self.values: dict[str, Any] = {}
        #: Whether the array was there at all.
        self.found = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The records that are objects.

        Raises:
            SourceError: where the document is no JSON, ends too early, or is out of all proportion. Records before that
                have been given.
        """
        try:
            yield from self._records()
        except (ijson.JSONError, UnicodeError, ValueError, OverflowError, RecursionError) as error:
            raise SourceError(self._source, f"broken json: {clean(str(error))[:100] or 'unreadable'}") from error

    def _records(self) -> Iterator[dict[str, Any]]:
        # By steps of our own: ijson's `parse` writes the whole path anew for each value, which nesting makes expensive.
        record, builder, values = f"{self._array}.item", None, 0
        #: What each open array or object is called, whether it is an array, and what its next value is called.
        opened: list[str] = []
        arrays: list[bool] = []
        name = ""
        for event, value in ijson.basic_parse(self._stream, use_float=True):
            if isinstance(value, str) and len(value) > LONGEST_TEXT:
                raise SourceError(self._source, f"a text of more than {LONGEST_TEXT:,} characters")
            inside = builder is not None
            if event in _OPENING:
                if len(opened) == DEEPEST:
                    raise SourceError(self._source, f"json nested deeper than {DEEPEST} levels")
                opened.append(name)
                arrays.append(event == "start_array")
                if not inside and self._path(opened) == record and event == "start_map":
                    builder, values = ObjectBuilder(), 0
                elif not inside and self._path(opened) == self._array and event == "start_array":
                    self.found = True
                name = "item" if arrays[-1] else ""
            elif event in _CLOSING:
                opened.pop()
                arrays.pop()
                name = "item" if arrays and arrays[-1] else ""
            elif event == "map_key":
                name = value
            elif not inside:
                self._keep(self._path([*opened, name]), value)
            if builder is not None:
                builder.event(event, value)
                values += 1
                if values > MOST_VALUES:
                    raise SourceError(self._source, f"a record of more than {MOST_VALUES:,} values")
                if event == "end_map" and self._path(opened) == self._array:
                    whole, builder = builder.value, None
                    yield whole

    @staticmethod
    def _path(names: Sequence[str]) -> str:
        return ".".join(filter(None, names))

    def _keep(self, path: str, value: Any) -> None:
        if len(self.values) == MOST_AROUND and path not in self.values:
            raise SourceError(self._source, f"more than {MOST_AROUND:,} values around the records")
        if not path.startswith(f"{self._array}.item"):
            self.values[path] = value

    def number(self, path: str) -> int | None:
        """The whole number at `path`, also where it is written as text; None where there is none."""
        value = str(self.values.get(path, ""))
        return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None

    def drained(self) -> JsonAnswer:
        """The answer, read to its end for its values alone."""
        for _ in self:
            pass
        return self


_OPENING, _CLOSING = frozenset({"start_map", "start_array"}), frozenset({"end_map", "end_array"})


def text_at(record: object, *path: str) -> str:
    """The text at a path into a record; empty where there is none, or where it is something else."""
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record if isinstance(record, str) else str(record) if isinstance(record, int | float) else ""


def list_at(record: object, *path: str) -> list[Any]:
    """The list at a path into a record; empty where there is none."""
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record if isinstance(record, list) else []
