"""A Maildir on this machine: `new` has what was delivered, `cur` what somebody has looked at."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from bot.errors import MailboxError
from bot.suppress.mailboxes import Unread
from bot.suppress.mails import READ_AT_MOST

#: What is after a file's name in `cur`: flags, in the order of the alphabet; S is for seen.
_INFO = ":2,"


class Maildir:
    """The mails of a Maildir that have no S flag.

    Raises:
        MailboxError: it is none.
    """

    def __init__(self, folder: Path) -> None:
        if not all((folder / part).is_dir() for part in ("new", "cur")):
            raise MailboxError(str(folder), "no Maildir; it has the folders new, cur and tmp")
        self._folder = folder

    @property
    def name(self) -> str:
        """The folder."""
        return str(self._folder)

    def unread(self) -> Iterator[Unread]:
        """Oldest first, as far as names tell; what cannot be read is named."""
        for name in self._names():
            try:
                yield Unread(name, _read(self._folder / name))
            except FileNotFoundError:
                # Somebody else has taken or moved it meanwhile.
                continue
            except OSError as error:
                yield Unread(name, problem=(error.strerror or str(error)).lower())

    def count(self) -> int:
        """How many there are."""
        return len(self._names())

    def mark(self, mail: Unread) -> None:
        """Move it to `cur` with the S flag."""
        base, _, flags = mail.name.partition("/")[2].partition(_INFO)
        seen = f"{base}{_INFO}{''.join(sorted({*flags, 'S'}))}"
        try:
            (self._folder / mail.name).rename(self._folder / "cur" / seen)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._wrong(error) from error

    def close(self) -> None:
        """Nothing is held."""

    def _names(self) -> list[str]:
        """`new/NAME` and `cur/NAME`."""
        try:
            new, cur = ([path.name for path in (self._folder / part).iterdir()] for part in ("new", "cur"))
        except OSError as error:
            raise self._wrong(error) from error
        looked_at = (name for name in cur if "S" not in name.partition(_INFO)[2])
        return [
            *(f"cur/{name}" for name in sorted(looked_at) if not name.startswith(".")),
            *(f"new/{name}" for name in sorted(new) if not name.startswith(".")),
        ]

    def _wrong(self, error: OSError) -> MailboxError:
        return MailboxError(self.name, f"cannot be read or written: {(error.strerror or str(error)).lower()}")


def _read(path: Path) -> bytes:
    """The file's beginning.

    Raises:
        OSError: it cannot be read; nor is anything but a plain file: a link may lead anywhere, a pipe never ends.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "no plain file")
        return file.read(READ_AT_MOST)
