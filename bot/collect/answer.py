"""One answer of a service: kept in a file, unpacked as it comes, and what it says beside its body."""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import IO, Self

#: Bytes of an answer that are kept in memory; what is more waits in a file.
IN_MEMORY = 1 << 18


class Fetched:
    """A whole answer: status 200, 304 where the request was conditional, or a refusal that was asked for.

    It is kept in a temporary file, so that memory does not grow with it; `with` lets go of that.

    Args:
        url: where it came from in the end, without a password.
        content: the body; it is read from its beginning whenever it is `opened`.
        size: bytes of the body.
        headers: names in lower case.
    """

    def __init__(self, url: str, status: int, content: IO[bytes], size: int, headers: Mapping[str, str]) -> None:
        self.url, self.status, self.size, self.headers = url, status, size, headers
        self._content = content

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._content.close()

    def __del__(self) -> None:
        self._content.close()

    @property
    def content_type(self) -> str:
        """As the service says, `text/xml; charset=UTF-8`; empty where it says nothing."""
        return self.headers.get("content-type", "")

    def opened(self) -> IO[bytes]:
        """The body as a file, from its beginning; there is one only, so that the last to open it reads."""
        self._content.seek(0)
        return self._content

    @property
    def body(self) -> bytes:
        """The body as a whole, for what is small by its nature."""
        return self.opened().read()

    def beginning(self, size: int) -> bytes:
        """The first bytes."""
        return self.opened().read(size)

    def ending(self, size: int) -> bytes:
        """The last bytes."""
        self._content.seek(max(0, self.size - size))
        return self._content.read()


#: Looks at an answer and says what is wrong with it, or nothing: an error page is asked for again, as a 500 is.
Check = Callable[[Fetched], str]


async def unpacked(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The content of a gzip stream (RFC 1952), never more than 256 KiB at a time."""
    step = 1 << 18
    member = zlib.decompressobj(wbits=31)
    whole = True
    async for piece in pieces:
        rest, full = piece, False
        while rest or full:
            whole = False
            plain = member.decompress(rest, step)
            if plain:
                yield plain
            rest, full = member.unconsumed_tail, len(plain) == step
            if member.eof:
                rest, full, whole = member.unused_data.lstrip(b"\0"), False, True
                member = zlib.decompressobj(wbits=31)
    if not whole:
        raise zlib.error("truncated")


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that the service asks to wait (RFC 9110, section 10.2.3); a date counts from the answer's own."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        then, now = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (then - now).total_seconds())
    except (ValueError, TypeError):
        return 0.0


_WHO = re.compile(r"^([a-z][a-z0-9+.-]*:)?(//)?[^/]*@", re.IGNORECASE)


def shown(url: str) -> str:
    """`url` as errors and logs may show it: without user, password, query and fragment, where secrets live."""
    place = _WHO.sub(r"\1\2", re.split(r"[?#]", url, maxsplit=1)[0])
    return "".join(letter for letter in place if letter.isprintable())[:200]
