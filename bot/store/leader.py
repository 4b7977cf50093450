"""One leader among all machines: an advisory lock of PostgreSQL on a connection of its own, and a term that fences.

The lock alone is no fence: who has lost it may not know yet. So each transaction of the leader looks whether the term
is still its own, and holds that row until it commits, so that nobody takes over in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import LeadershipError, StoreError
from bot.store.engine import Store
from bot.store.tables import this_instance

#: A session that says nothing for so long is ended by PostgreSQL, and its lock is free: of a machine that has lost its
#: power or its network, and of a process that stands still, which keeps its connection alive.
SILENT_SECONDS = 15
#: A statement of the leader's takes no longer than this, so that it never is silent for so long by itself.
STATEMENT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class LeaderRecord:
    """Who leads, or did last."""

    #: `host:pid`; empty where nobody ever did.
    name: str
    term: int
    #: Whether the lock is held.
    leads: bool


class Leadership:
    """A term as the leader.

    Args:
        connection: holds the lock.
    """

    def __init__(self, store: Store, connection: Connection, name: str, term: int) -> None:
        self.name, self.term = name, term
        self._store, self._connection = store, connection

    def check(self, connection: Connection) -> None:
        """See that the term is not over, and cannot be before this transaction ends.

        Raises:
            LeadershipError: it is.
        """
        term = connection.execute(select(this_instance.c.term).with_for_update(read=True)).scalar_one()
        if term != self.term:
            raise LeadershipError(self.name, self.term)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction that only the leader has; see `Store.writing`.

        Raises:
            LeadershipError: the term is over; nothing is written.
            StoreError: the database cannot be reached or written, or took too long.
        """
        with self._store.writing() as connection:
            connection.execute(text(f"set local statement_timeout = '{STATEMENT_SECONDS}s'"))
            self.check(connection)
            yield connection

    def renew(self) -> None:
        """Show that we are there, by the connection that holds the lock; to be done well within `SILENT_SECONDS`.

        Raises:
            LeadershipError: the term is over.
            DBAPIError: the connection is lost, and with it the lock; `taking_over` makes it a StoreError.
        """
        term = self._connection.execute(select(this_instance.c.term)).scalar_one()
        if term != self.term:
            raise LeadershipError(self.name, self.term)


@contextmanager
def taking_over(store: Store, name: str) -> Iterator[Leadership | None]:
    """A new term as the leader, while the context lasts; None where somebody else leads.

    Args:
        name: for people, `host:pid`.

    Raises:
        StoreError: the database cannot be reached, or serves one machine only.
    """
    if store.is_sqlite:
        raise StoreError(store.name, "serves one machine, which needs no leader")
    with store.alone() as connection:
        connection.execute(text(f"set idle_session_timeout = '{SILENT_SECONDS}s'"))
        if not connection.execute(text(f"select pg_try_advisory_lock({_LOCK})")).scalar():
            yield None
            return
        # Waits for a transaction of the leader before us that has just looked at its term.
        term = connection.execute(
            update(this_instance).values(term=this_instance.c.term + 1, leader=name).returning(this_instance.c.term)
        ).scalar_one()
        yield Leadership(store, connection, name, term)
        # So that nobody waits for the server to notice that the connection is gone; who has lost it, has lost the lock.
        with suppress(SQLAlchemyError):
            connection.execute(text(f"select pg_advisory_unlock({_LOCK})"))


def leader(store: Store) -> LeaderRecord | None:
    """Who leads; None on SQLite, which has none."""
    if store.is_sqlite:
        return None
    with store.reading() as connection:
        row = connection.execute(select(this_instance.c.leader, this_instance.c.term)).one()
        leads = connection.execute(text(_HELD)).scalar_one()
    return LeaderRecord(row.leader, row.term, leads)


# Two numbers: those of one number are `Store.writing`'s.
_LOCK = "hashtext('bot'), hashtext('leader')"
_HELD = (
    "select exists(select 1 from pg_locks where locktype = 'advisory' and granted and objsubid = 2 "
    "and database = (select oid from pg_database where datname = current_database()) "
    "and classid = hashtext('bot')::oid and objid = hashtext('leader')::oid)"
)
