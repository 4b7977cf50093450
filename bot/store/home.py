"""The home of a database: mails are sent from there, and from no copy of it.

The database remembers its home (`bot.store.places`). An SQLite file has another one beside it, `bot.db-home`, which its
copies do not have, or with another number. It holds a seal, a random word that the database holds as well. Both get
a new one before mails are sent, so that an older state that is put back into its place is known for one.

    the file     the database
    a a          a              at rest
    a b          a              the next seal is written down; after a crash, `a` still counts
    a b          b              committed
    b b          b              at rest; whoever comes with `a` is a copy of old
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from bot.errors import CopyError
from bot.store import places
from bot.store.engine import Store
from bot.store.seal import SealFile, beside, sealed
from bot.store.tables import this_instance

#: The home of our own backups: none, until somebody adopts them.
BACKUP = "backup"

NO_FILE = "is a copy, or was moved without the file {name} that belongs beside it"
OTHER_FILE = "is a copy, or was moved to another disk"
OTHER_MACHINE = "is on another machine than the one that it sent from"
OTHER_DATABASE = "is a copy, or was restored from one"
OLDER = "is a copy from before mails were sent, put back into its place"
RESTORED = "is a backup"


def assure_home(store: Store) -> None:
    """Nothing, where mails may be sent from this database: to be asked before each round that sends some.

    A database without a home is at home from now on. On SQLite the seal is changed, which takes two flushes of a small
    file and a short write transaction: some milliseconds.

    Raises:
        CopyError: it is a copy, or was moved.
        StoreError: the database, or the file beside it, cannot be used.
    """
    why = _at_home(store, adopting=False)
    if why:
        raise CopyError(store.name, why)


def why_not_home(store: Store) -> str:
    """Why no mails are sent from this database, in words; empty where they are. Nothing is changed.

    Raises:
        StoreError: the database, or the file beside it, cannot be used.
    """
    if not store.is_sqlite:
        with store.reading() as connection:
            return _why_not_on_postgres(_kept(connection), places.of_postgres(connection))
    database = _file_of(store)
    if database is None:
        return ""
    with sealed(store, database, make=False) as file, store.reading() as connection:
        return _why_not(_kept(connection), file, database)


def adopt(store: Store) -> str:
    """Make this the database that sends from now on; why it was not before comes out, empty where it was.

    Raises:
        StoreError: the database, or the file beside it, cannot be used.
    """
    return _at_home(store, adopting=True)


def settle_in(store: Store) -> None:
    """Make this the home of a database that has none yet; one that has keeps it.

    Raises:
        StoreError: the database, or the file beside it, cannot be used.
    """
    if not _has_home(store):
        _at_home(store, adopting=False)


class _Kept(NamedTuple):
    """What the database remembers."""

    home: str
    seal: str


def _kept(connection: Connection) -> _Kept:
    return _Kept(*connection.execute(select(this_instance.c.home, this_instance.c.seal)).one())


def _has_home(store: Store) -> bool:
    with store.reading() as connection:
        return bool(_kept(connection).home)


def _at_home(store: Store, *, adopting: bool) -> str:
    if not store.is_sqlite:
        return _at_home_on_postgres(store, adopting=adopting)
    database = _file_of(store)
    if database is None:
        return ""
    # The lock first, then the transaction: the last step comes after the commit, and nobody may be between.
    with sealed(store, database, make=adopting or not _has_home(store)) as file:
        return _seal_anew(store, file, database, adopting=adopting)


def _seal_anew(store: Store, file: SealFile | None, database: Path, *, adopting: bool) -> str:
    with store.writing() as connection:
        kept = _kept(connection)
        why = _why_not(kept, file, database)
        if file is None or (why and not adopting):
            return why
        seal = secrets.token_hex(16)
        # A copy's own seal must not count before the database has been adopted.
        file.write(kept.seal if kept.seal and not why else seal, seal)
        home = _remembered(kept, file.place, why)
        connection.execute(update(this_instance).values(home=home, seal=seal))
    file.write(seal, seal)
    return why


def _why_not(kept: _Kept, file: SealFile | None, database: Path) -> str:
    if not kept.home:
        return ""
    if kept.home == BACKUP:
        return RESTORED
    if file is None or file.is_new:
        return NO_FILE.format(name=beside(database).name)
    differs = places.difference(places.read(kept.home), file.place)
    if differs:
        return OTHER_MACHINE if differs == "machine" else OTHER_FILE
    return "" if file.holds(kept.seal) else OLDER


def _remembered(kept: _Kept, place: places.Place, why: str) -> str:
    """The home to be kept: marks of the same place that cannot be had just now are not forgotten."""
    return places.written(place if why else {**places.read(kept.home), **place})


def _file_of(store: Store) -> Path | None:
    """The file that SQLite has open, links followed; None where the database is in memory and has no copies."""
    with store.reading() as connection:
        name = connection.exec_driver_sql("select file from pragma_database_list where name = 'main'").scalar()
    return Path(name).resolve() if name else None


def _at_home_on_postgres(store: Store, *, adopting: bool) -> str:
    with store.reading() as connection:
        kept, place = _kept(connection), places.of_postgres(connection)
    why = _why_not_on_postgres(kept, place)
    home = _remembered(kept, place, why)
    # Mostly there is nothing to write.
    if home != kept.home and (adopting or not why):
        with store.writing(lock="home") as connection:
            connection.execute(update(this_instance).values(home=home))
    return why


def _why_not_on_postgres(kept: _Kept, place: places.Place) -> str:
    return OTHER_DATABASE if kept.home and places.difference(places.read(kept.home), place) else ""
