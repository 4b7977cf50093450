"""What the database remembers of this bot: its key for links, and how late it is."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, update

from bot.store.engine import Store
from bot.store.tables import this_instance

#: So long a transaction that has taken a moment may do nothing, before PostgreSQL ends it.
STANDSTILL = "60s"


def tick(connection: Connection, now: datetime) -> datetime:
    """The moment at which a write transaction happens: `now`, but always later than the one before.

    Whoever puts papers into feeds and whoever plans digests takes a moment here, and holds the row until
    it commits. So no paper can slip in behind a window that has been planned already, neither by
    committing late nor because the clock was set back.
    """
    query = select(this_instance.c.latest_at).with_for_update()
    if connection.dialect.name != "sqlite":
        # Everybody waits for whoever holds the row, and must not wait for a machine that stands still in the middle.
        local = True
        query = query.add_columns(func.set_config("idle_in_transaction_session_timeout", STANDSTILL, local))
    latest: datetime = connection.execute(query).scalar_one()
    moment = max(now, latest + timedelta(microseconds=1))
    connection.execute(update(this_instance).values(latest_at=moment))
    return moment


def latest_moment(store: Store) -> datetime:
    """The last moment that `tick` handed out."""
    with store.reading() as connection:
        latest: datetime = connection.execute(select(this_instance.c.latest_at)).scalar_one()
    return latest


def secret_key(store: Store) -> str:
    """The key that signs links where the settings name none; the database was born with it."""
    with store.reading() as connection:
        key: str = connection.execute(select(this_instance.c.secret_key)).scalar_one()
    return key
