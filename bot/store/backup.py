"""A backup of an SQLite database: one whole file, made while the bot works."""

from __future__ import annotations

import os
import secrets
import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from bot.errors import BackupError
from bot.store.engine import Store
from bot.store.home import BACKUP

#: Pages of 4 KiB at a time; in between, progress is told and Ctrl-C is heard.
PAGES = 2_500


def back_up(store: Store, file: Path, progress: Callable[[int, int], None] = lambda _done, _all: None) -> None:
    """Write the database as it is now into a new file, which its owner alone can read.

    Nobody has to wait for it: it is read from a snapshot, and SQLite's write-ahead log takes what is written
    meanwhile. The file appears when it is whole, checked and on the disk. It knows that it is a backup, and
    sends nothing wherever it is put, until it is adopted (`bot.store.home`).

    Args:
        progress: told the pages done and the pages in all.

    Raises:
        BackupError: it is there already, or cannot be written; or the database is PostgreSQL's.
        StoreError: the database cannot be read.
    """
    if not store.is_sqlite:
        command = shlex.join(
            ["pg_dump", "--format=custom", "--no-owner", f"--file={file}", f"--dbname={store.libpq_url}"]
        )
        raise BackupError(str(file), f"{store.name} is PostgreSQL's, which has a program of its own for it: {command}")
    if os.path.lexists(file):
        raise _there_already(file)
    if not file.absolute().parent.is_dir():
        raise BackupError(str(file), f"no such folder: '{file.parent}'; make it first")
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _copy(store, part, progress)
        _finish(part)
        _flush(part)
        _publish(part, file)
        _flush(file.absolute().parent)
    except (OSError, sqlite3.Error) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise BackupError(str(file), f"cannot be made: {words.lower()}") from error
    finally:
        for rest in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                part.with_name(part.name + rest).unlink(missing_ok=True)


def _copy(store: Store, part: Path, progress: Callable[[int, int], None]) -> None:
    with store.reading() as connection, closing(sqlite3.connect(part)) as target:
        # Reading anything begins the snapshot; without one, each write of another process would begin the copy anew.
        connection.exec_driver_sql("select count(*) from sqlite_master").scalar()
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        # What is lost in a crash is thrown away anyway.
        target.execute("pragma journal_mode = off")
        target.execute("pragma synchronous = off")
        source.backup(target, pages=PAGES, progress=lambda _code, left, total: progress(total - left, total))


def _finish(part: Path) -> None:
    """Make it a file that is whole without others beside it, mark it as a backup, and check it."""
    with closing(sqlite3.connect(part, isolation_level=None)) as made:
        made.execute("pragma journal_mode = delete").fetchall()
        # A database from before there were homes has nothing to be marked in.
        if "home" in {row[1] for row in made.execute("pragma table_info(instance)")}:
            made.execute("update instance set home = ?, seal = ''", [BACKUP])
        found = made.execute("pragma quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(f"the database is damaged: {found}")


def _publish(part: Path, file: Path) -> None:
    """Give it its name, if nobody has taken that meanwhile."""
    try:
        os.link(part, file)
    except FileExistsError as error:
        raise _there_already(file) from error
    except OSError:
        # Not every file system lets a file have two names.
        if os.path.lexists(file):
            raise _there_already(file) from None
        part.rename(file)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _there_already(file: Path) -> BackupError:
    return BackupError(str(file), "there already, and kept as it is; name a new file")
