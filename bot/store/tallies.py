"""Limits that every process on a database shares: how often something was done, in windows of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete
from sqlalchemy.dialects import postgresql, sqlite

from bot.models.signups import Limit
from bot.store.tables import tally

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def spend(connection: Connection, scope: str, limit: Limit, now: datetime) -> bool:
    """Count one more; False where the window has had all that it may.

    Windows lie side by side and do not slide, so that a row is a number: over the end of one, twice as much may come.

    Args:
        connection: in a write transaction. Its row is held until the end of that, so whoever counts in several scopes
            does so in the same order.
        scope: what is counted, of whom.
    """
    until = _EPOCH + (((now - _EPOCH) // limit.window) + 1) * limit.window
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    one = dialect.insert(tally).values(scope=scope, until=until, number=1)
    more = one.on_conflict_do_update(index_elements=[tally.c.scope, tally.c.until], set_={"number": tally.c.number + 1})
    number: int = connection.execute(more.returning(tally.c.number)).scalar_one()
    return number <= limit.most


def forget_tallies(connection: Connection, now: datetime) -> None:
    """Delete what no limit looks at any more."""
    # A clock that was set back must not leave windows of a time to come.
    gone = (tally.c.until <= now) | (tally.c.until > now + timedelta(days=400))
    connection.execute(delete(tally).where(gone))
