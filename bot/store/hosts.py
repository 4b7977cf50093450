"""The lines in which hosts are asked, shared by every process on one database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update

from bot.models.hosts import Turn
from bot.store.engine import Store
from bot.store.tables import host_line

#: No line is so long, and nobody is kept away for longer: what lies further ahead is of a clock that was wrong.
LONGEST_LINE, LONGEST_HOLD = timedelta(minutes=30), timedelta(days=1)


class SharedLines:
    """Lines as the database has them; calls block, so that asynchronous callers ask from a thread."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take(self, line: str, seconds: float, now: float) -> Turn:
        """The next place of a line whose places are `seconds` apart; `now` in seconds since 1970."""
        moment = datetime.fromtimestamp(now, UTC)
        with self._store.writing(lock=f"line {line}") as connection:
            row = connection.execute(select(host_line).where(host_line.c.line == line)).one_or_none()
            held = row.held_until if row else None
            if held is not None and moment < held <= moment + LONGEST_HOLD:
                return Turn(held=(held - moment).total_seconds())
            free = row.free_at if row else moment
            start = free if moment < free <= moment + LONGEST_LINE else moment
            after = start + timedelta(seconds=seconds)
            if row is None:
                connection.execute(insert(host_line).values(line=line, free_at=after))
            else:
                connection.execute(update(host_line).where(host_line.c.line == line).values(free_at=after))
        return Turn((start - moment).total_seconds())

    def hold(self, line: str, until: float, now: float) -> None:
        """Keep everybody from a line until then, a day at the most; both in seconds since 1970."""
        moment = datetime.fromtimestamp(now, UTC)
        latest = min(datetime.fromtimestamp(min(until, 4e9), UTC), moment + LONGEST_HOLD)
        with self._store.writing(lock=f"line {line}") as connection:
            row = connection.execute(select(host_line).where(host_line.c.line == line)).one_or_none()
            if row is None:
                connection.execute(insert(host_line).values(line=line, free_at=moment, held_until=latest))
            elif row.held_until is None or not latest <= row.held_until <= moment + LONGEST_HOLD:
                connection.execute(update(host_line).where(host_line.c.line == line).values(held_until=latest))
