"""What is kept for a while and then forgotten: digests that were sent long ago, and runs that chose nobody.

That a paper was shown to somebody stays, whatever becomes of the digest that held it (`shown`): it comes once for ever.
So do the accounts of runs, and the evidence of consent. docs/reference/retention.md has all of it in one table.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, exists, select

from bot.models.deliveries import OPEN
from bot.store.engine import Store
from bot.store.tables import account, delivery, run

#: Deliveries and runs are kept so long after planning: a year and a month, so that the same month can be compared.
KEPT = timedelta(days=400)
#: Deliveries that go in one call, but for the rest of the run that reaches it.
MOST = 50_000


def forget_old(store: Store, now: datetime, most: int = MOST) -> int:
    """Delete the deliveries of runs that were planned longer than `KEPT` ago and are closed; how many.

    A run loses all of them in one transaction, so that what can be counted of it is whole or is in its account.

    Args:
        most: after so many, the rest is left for the next call.
    """
    gone = 0
    while gone < most:
        with store.writing() as connection:
            run_id = _oldest(connection, now - KEPT)
            if run_id is None:
                break
            gone += connection.execute(delete(delivery).where(delivery.c.run_id == run_id)).rowcount
    with store.writing() as connection:
        connection.execute(delete(run).where(run.c.planned_at < now - KEPT, run.c.chosen == 0, ~_has()))
    return gone


def _oldest(connection: Connection, before: datetime) -> int | None:
    """The oldest run from before then that is closed for good and still has deliveries."""
    closed = run.c.closed_at.is_not(None), exists().where(account.c.run_id == run.c.id)
    query = select(run.c.id).where(run.c.planned_at < before, *closed, _has(), ~_has(delivery.c.state.in_(OPEN)))
    # Whoever opens a run again locks it as well.
    found: int | None = connection.execute(
        query.order_by(run.c.planned_at).limit(1).with_for_update(of=run, key_share=True)
    ).scalar()
    return found


def _has(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(delivery.c.run_id == run.c.id, *which)
