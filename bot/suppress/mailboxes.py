"""Where bounces come from: a mailbox gives what nobody has read, and marks as read what was taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from bot.suppress.mails import READ_AT_MOST


@dataclass(frozen=True, slots=True)
class Unread:
    """A mail that nobody has read."""

    #: For people, and for the mailbox to know it by.
    name: str
    #: At most `READ_AT_MOST` octets of it.
    content: bytes = b""
    #: Why it could not be read; it is left as it is.
    problem: str = ""


class BounceBox(Protocol):
    """A place with mails; its methods raise MailboxError where it is out of reach."""

    @property
    def name(self) -> str:
        """For people, without credentials."""

    def unread(self) -> Iterator[Unread]:
        """What nobody has read; the last one may be marked before the next one is asked for."""

    def count(self) -> int:
        """How many nobody has read."""

    def mark(self, mail: Unread) -> None:
        """Mark it as read: what follows from it is stored durably."""

    def close(self) -> None:
        """Let go of it."""


class Piped:
    """One mail, or an mbox of many (RFC 4155), from a pipe; there is nothing to be marked."""

    name = "stdin"

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def unread(self) -> Iterator[Unread]:
        """Mail by mail, holding one of them at a time."""
        number, kept, size, mbox = 1, list[bytes](), 0, False
        after_blank = True
        # Lines may be long: then they come in pieces.
        while line := self._stream.readline(1 << 16):
            if line.startswith(b"From ") and after_blank and (mbox or not size):
                if size:
                    yield Unread(f"mail {number}", b"".join(kept))
                    number += 1
                kept, size, mbox = [], 0, True
                continue
            after_blank = line in {b"\n", b"\r\n"}
            if size < READ_AT_MOST:
                kept.append(line)
                size += len(line)
        if size:
            yield Unread(f"mail {number}", b"".join(kept)[:READ_AT_MOST])

    def count(self) -> int:
        """What is in a pipe is not known before it is read."""
        return 0

    def mark(self, mail: Unread) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing: the pipe is the caller's."""
