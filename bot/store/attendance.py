"""Who delivers from this database at the moment: so that what a dead sender left is known for what it is."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from sqlalchemy import text

from bot.errors import StoreError
from bot.store.engine import Store

_LOCK = "hashtext('attendance')"


@contextmanager
def attending(store: Store, when_alone: Callable[[], None]) -> Iterator[None]:
    """Be known to be at work until the end; the system ends it, too, if this program dies.

    Args:
        when_alone: called first, and only if nobody else is at work; nobody can come until it returns.

    Raises:
        StoreError: the database, or the folder that it is in, cannot be used.
    """
    if store.path is not None:
        with _by_file(store, when_alone):
            yield
    elif store.is_sqlite:
        # A database in memory is this program's alone.
        when_alone()
        yield
    else:
        with _by_advisory_lock(store, when_alone):
            yield


@contextmanager
def _by_file(store: Store, when_alone: Callable[[], None]) -> Iterator[None]:
    assert store.path is not None
    beside = store.path.with_name(store.path.name + "-attendance")
    try:
        opened = beside.open("ab")
    except OSError as error:
        raise _unusable(store, error) from error
    with opened as file:
        if _lock(store, file, fcntl.LOCK_EX | fcntl.LOCK_NB):
            when_alone()
        _lock(store, file, fcntl.LOCK_SH)
        yield


def _lock(store: Store, file: IO[bytes], how: int) -> bool:
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    except OSError as error:
        raise _unusable(store, error) from error
    return True


def _unusable(store: Store, error: OSError) -> StoreError:
    return StoreError(store.name, f"no file can be locked beside it: {error.strerror}; check who owns the folder")


@contextmanager
def _by_advisory_lock(store: Store, when_alone: Callable[[], None]) -> Iterator[None]:
    """Locks of the session, shared by all at work; they outlive transactions, not the session."""
    with store.reading() as connection:
        if connection.execute(text(f"select pg_try_advisory_lock({_LOCK})")).scalar():
            connection.commit()
            try:
                when_alone()
                connection.execute(text(f"select pg_advisory_lock_shared({_LOCK})"))
            finally:
                connection.execute(text(f"select pg_advisory_unlock({_LOCK})"))
        else:
            connection.execute(text(f"select pg_advisory_lock_shared({_LOCK})"))
        # No transaction is to stay open all the while: it would keep dead rows from being cleaned away.
        connection.commit()
        try:
            yield
        finally:
            connection.execute(text(f"select pg_advisory_unlock_shared({_LOCK})"))
            connection.commit()
