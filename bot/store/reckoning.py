"""Occasions reckoned anew when the rules of zones have changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, select, update

from bot.models.subscribers import Standing, Wish
from bot.store.bulk import update_all
from bot.store.engine import Store
from bot.store.tables import subscriber, this_instance

#: Subscribers who are reckoned in one transaction.
AT_ONCE = 1_000


def reckon_anew(store: Store, version: str, reckon: Callable[[Wish, datetime], datetime]) -> int:
    """Reckon the next occasions of all, where the rules they were set by are older; how many have moved.

    A machine with older rules than another one changes nothing, so that two do not undo each other's work.

    Args:
        version: of the rules, `2026a`; empty where it is not known.
        reckon: from a wish and its next occasion by the old rules, the one of the same date by the new ones.
    """
    with store.reading() as connection:
        known: str = connection.execute(select(this_instance.c.zones)).scalar_one()
    if version <= known:
        return 0
    moved, last = 0, 0
    # In a fresh database there is nothing to mend.
    while known:
        with store.writing() as connection:
            ids, more = _reckoned(connection, last, reckon)
        moved += more
        if not ids:
            break
        last = ids[-1]
    with store.writing() as connection:
        connection.execute(update(this_instance).values(zones=version))
    return moved


def _reckoned(connection: Connection, last: int, reckon: Callable[[Wish, datetime], datetime]) -> tuple[list[int], int]:
    """The ids that were looked at, and how many of them have moved."""
    query = (
        select(*subscriber.c["id", "cadence", "weekday", "hour", "timezone", "next_due"])
        .where(subscriber.c.id > last, subscriber.c.standing == Standing.ACTIVE, subscriber.c.next_due.is_not(None))
        .order_by(subscriber.c.id)
        .limit(AT_ONCE)
    )
    rows = connection.execute(query.with_for_update()).all()
    due = {
        row.id: (reckon(Wish(row.cadence, row.weekday, row.hour, row.timezone), row.next_due), row.next_due)
        for row in rows
    }
    moved = {one: new for one, (new, old) in due.items() if new != old}
    update_all(connection, subscriber, "id", {"id": list(moved), "next_due": list(moved.values())})
    return list(due), len(moved)
