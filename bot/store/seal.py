"""The file beside an SQLite database that holds its seal: `bot.db-home`."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import StoreError
from bot.store import places
from bot.store.engine import Store

#: More than it ever is, in bytes.
_LENGTH = 1000


class SealFile:
    """The file, open and locked.

    It is written over as a whole, never made anew: its number is what the database knows it by.
    """

    def __init__(self, store: Store, path: Path, descriptor: int) -> None:
        self._store, self._path, self._descriptor = store, path, descriptor

    @property
    def place(self) -> places.Place:
        """Where it is."""
        return places.of_file(self._descriptor)

    @property
    def is_new(self) -> bool:
        """Whether nothing has been written into it."""
        return not self._seals()

    def holds(self, seal: str) -> bool:
        """Whether `seal` is one of its two."""
        return seal.encode() in self._seals()

    def write(self, before: str, after: str) -> None:
        """Hold these two, durably. They lie in one sector of the disk, so that there is never half of them."""
        with _clear_errors(self._store, self._path):
            os.pwrite(self._descriptor, f"{before} {after}\n".encode(), 0)
            os.fsync(self._descriptor)

    def _seals(self) -> list[bytes]:
        with _clear_errors(self._store, self._path):
            return os.pread(self._descriptor, _LENGTH, 0).split()


def beside(database: Path) -> Path:
    """Where the file belongs."""
    return database.with_name(database.name + "-home")


@contextmanager
def sealed(store: Store, database: Path, *, make: bool) -> Iterator[SealFile | None]:
    """The file beside the database, locked, so that one process at a time looks at it or changes it.

    Args:
        make: make it where it is missing; otherwise None is what comes out.

    Raises:
        StoreError: it cannot be opened, made or locked.
    """
    path = beside(database)
    with _clear_errors(store, path):
        descriptor = _open(path, database, make=make)
    if descriptor is None:
        yield None
        return
    try:
        with _clear_errors(store, path):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield SealFile(store, path, descriptor)
    finally:
        # Lets go of the lock as well, as the system does for a process that dies.
        os.close(descriptor)


def _open(path: Path, database: Path, *, make: bool) -> int | None:
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        if not make:
            return None
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        # As SQLite does it: what root makes beside a database is for the database's owner, too.
        owner = database.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return descriptor


@contextmanager
def _clear_errors(store: Store, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise StoreError(store.name, f"{path}: {words}; check who owns it and its folder") from error
