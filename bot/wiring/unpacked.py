"""A file's bytes, unpacked and bounded, whatever it is called."""

from __future__ import annotations

import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from bot.errors import VocabularyError

#: Bytes that are read at once.
PIECE = 1 << 17

_GZIP, _XZ, _ZIP = b"\x1f\x8b", b"\xfd7zXZ\x00", b"PK\x03\x04"


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@contextmanager
def unpacked(
    path: Path, most: int, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> Iterator[io.BufferedReader[Any]]:
    """The content of a file, out of gzip or xz where it is in one of them; closed afterwards.

    Args:
        most: bytes of the content; more are refused.
        progress: told the bytes of the file that were read, and those in all.

    Raises:
        VocabularyError: it cannot be read, is packed in another way or damaged, or holds more.
    """
    name = str(path)
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            bounded = _Bounded(_content(file, name), name, most, lambda: progress(file.tell(), size))
            with io.BufferedReader(bounded, PIECE) as stream:
                yield stream
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        problem = " ".join(str(error).lower().rstrip(".").split())
        raise VocabularyError(name, f"damaged or cut off: {problem}; fetch it again") from error
    except OSError as error:
        raise VocabularyError(name, f"cannot be read: {(error.strerror or str(error)).lower()}") from error


def _content(file: io.BufferedReader, name: str) -> _Readable:
    start = file.peek(len(_XZ))
    if start.startswith(_ZIP):
        raise VocabularyError(name, "a zip archive; unpack it first")
    if start.startswith(_GZIP):
        return gzip.GzipFile(fileobj=file)
    if start.startswith(_XZ):
        return lzma.LZMAFile(file)
    return file


class _Bounded(io.RawIOBase):
    """What `content` holds, up to so many bytes."""

    def __init__(self, content: _Readable, name: str, most: int, told: Callable[[], None]) -> None:
        self._content, self._name, self._told = content, name, told
        self._most, self._left = most, most

    def readable(self) -> bool:
        """Yes: it is for reading."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # io hands over nothing else
        """Read as much as fits in."""
        piece = self._content.read(min(len(buffer), PIECE))
        self._left -= len(piece)
        if self._left < 0:
            raise VocabularyError(self._name, f"more than {self._most >> 20:,} MB unpacked; not a vocabulary")
        buffer[: len(piece)] = piece
        self._told()
        return len(piece)
