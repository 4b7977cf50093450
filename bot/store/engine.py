"""The one place where connections are opened: short write transactions, and reading from a snapshot."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import RLock
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.errors import StoreError

#: How long a writer waits for another one, in seconds.
BUSY_SECONDS = 30
#: What else may be secret in a URL: libpq takes its password as a parameter, too.
_SECRETS = ("password", "sslpassword")

#: Either side of a connection to PostgreSQL notices within 20 s that the other has vanished: a machine that loses power
#: closes nothing, and without this its locks would be held for two hours, and everybody else with them.
_SERVER_NOTICES = "tcp_keepalives_idle=5 tcp_keepalives_interval=5 tcp_keepalives_count=3 tcp_user_timeout=20000"
_CLIENT_NOTICES = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}


class Store:
    """A database, SQLite or PostgreSQL.

    Args:
        url: as SQLAlchemy writes it, `sqlite:///bot.db` or `postgresql+psycopg://…`.

    Raises:
        StoreError: the URL is none, or of a database that is not supported.
    """

    def __init__(self, url: str) -> None:
        self._url = _read_url(url)
        #: The URL without its password, for messages.
        self.name = _shown(self._url)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        self._engine = _sqlite_engine(self._url) if self.is_sqlite else _postgres_engine(self._url)
        # Made once: a sender begins some hundred transactions a second.
        self._writer = self._engine.execution_options(immediate=True)
        # SQLite's own wait sleeps longer each time, up to a tenth of a second, and lets others pass by.
        self._turn: AbstractContextManager[object] = RLock() if self.is_sqlite else nullcontext()

    @property
    def path(self) -> Path | None:
        """The file of an SQLite database."""
        return Path(self._url.database) if self.is_sqlite and self._url.database else None

    @property
    def libpq_url(self) -> str:
        """The URL of a PostgreSQL database as its own programs read it, without a password."""
        url = self._url.difference_update_query(_SECRETS)
        bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
        return bare.render_as_string()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the database throughout.

        Raises:
            StoreError: the database cannot be reached or read.
        """
        with self._clear_errors(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, lock: str = "") -> Iterator[Connection]:
        """A connection in one write transaction, committed at the end and rolled back on an error.

        SQLite has one writer at a time anyway, and the transaction takes that place at once (`BEGIN
        IMMEDIATE`), so that reading before writing is safe. On PostgreSQL, writers that name the same
        `lock` wait for each other.

        Raises:
            StoreError: the database cannot be reached or written.
        """
        with self._clear_errors(), self._turn, self._writer.begin() as connection:
            if lock and not self.is_sqlite:
                connection.execute(text("select pg_advisory_xact_lock(hashtext(:lock))"), {"lock": lock})
            yield connection

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A connection outside of the pool, in no transaction: for what is to last as long as the connection does.

        Raises:
            StoreError: the database cannot be reached.
        """
        with self._clear_errors(), self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").detach()
            yield connection

    def libpq(self) -> dict[str, Any]:
        """What connects to the same PostgreSQL without SQLAlchemy, as keywords of psycopg's."""
        _, options = self._engine.dialect.create_connect_args(self._url)
        kept = {name: value for name, value in options.items() if name not in {"context", "client_encoding"}}
        return kept | _postgres_options(self._url)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, PoolTimeoutError) as error:
            raise StoreError(self.name, _problem(error)) from error
        except (sqlite3.DatabaseError, psycopg.OperationalError) as error:
            # From `bot.store.bulk.run`.
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            raise StoreError(self.name, _problem(error)) from error
        except DBAPIError as error:
            # A file that is no database is not an "operational" error to SQLite's driver.
            # Neither is an option that PostgreSQL's does not know; that comes before any statement.
            if type(error.orig) is sqlite3.DatabaseError or error.statement is None:
                raise StoreError(self.name, _problem(error)) from error
            raise


def may_be_there(url: str) -> bool:
    """Whether there may be a database at `url`: of an SQLite database there is the file; nothing is made.

    Raises:
        StoreError: the URL is none, or of a database that is not supported.
    """
    parsed = _read_url(url)
    return parsed.get_backend_name() != "sqlite" or bool(parsed.database and Path(parsed.database).exists())


def _shown(url: URL) -> str:
    return url.difference_update_query(_SECRETS).render_as_string(hide_password=True)


def _read_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not chained: the cause may hold a piece of the password.
        raise StoreError(
            "BOT_DATABASE_URL", "not a database URL; write sqlite:///bot.db or postgresql+psycopg://…"
        ) from None
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise StoreError(
            _shown(parsed),
            f"no such database: '{parsed.drivername}'; known: sqlite, postgresql+psycopg",
        )
    return parsed


def _sqlite_engine(url: URL) -> Engine:
    if url.database and not Path(url.database).absolute().parent.is_dir():
        raise StoreError(url.render_as_string(), f"no such folder: '{Path(url.database).parent}'; make it first")
    _keep_private(url)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # The driver must not begin transactions of its own: `begin` below says which kind.
        connection.isolation_level = None
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma journal_mode = wal")
        # A committed state of a delivery must survive a power cut, or somebody is mailed twice.
        connection.execute("pragma synchronous = full")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("begin immediate" if immediate else "begin")

    return engine


def _keep_private(url: URL) -> None:
    """Make a new database file that its owner alone can read: it holds addresses, and the key for links.

    SQLite gives the files beside it the same rights.
    """
    if url.database and not Path(url.database).exists():
        with suppress(OSError):  # whatever is wrong with the place is told in clear when it is opened
            os.close(os.open(url.database, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _postgres_options(url: URL) -> dict[str, Any]:
    """How we connect; what the URL says of the same goes before it."""
    settings = " ".join(f"-c {one}" for one in ("timezone=UTC", *_SERVER_NOTICES.split()))
    usual = {name: value for name, value in _CLIENT_NOTICES.items() if name not in url.query}
    return {"connect_timeout": 10, "options": settings, **usual}


def _postgres_engine(url: URL) -> Engine:
    try:
        return create_engine(url, pool_pre_ping=True, connect_args=_postgres_options(url))
    except NoSuchModuleError as error:
        raise StoreError(_shown(url), str(error)) from error


#: What drivers say, and how it can be mended.
_MENDS = {
    "database is locked": f"another program has been writing for {BUSY_SECONDS} s; end it, or use PostgreSQL",
    "readonly database": "may not be written; check who owns the file and its folder",
    "disk is full": "the disk is full; make room and start again",
    "No space left": "the disk is full; make room and start again",
    "disk I/O error": "cannot be read or written; see that the disk is not full, and well",
    "unable to open database file": "cannot be opened; see that it is a file, in a folder that may be written",
    "no such table": "has no tables; run `bot db upgrade`",
}


def _problem(error: Exception) -> str:
    """The driver's own words in one line, or the mend where there is one."""
    words = " ".join(str(getattr(error, "orig", None) or error).split())
    return next((mend for said, mend in _MENDS.items() if said in words), words[:300])
