"""Papers of deliveries that surely never arrived go back to their subscribers, and come in their next digest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from bot.models.deliveries import Digest
from bot.store.tables import paper, shown, subscriber


class Given(NamedTuple):
    """A digest that did not arrive."""

    subscriber_id: int
    window_start: datetime
    paper_ids: Sequence[int]


def lock_subscribers(connection: Connection, ids: Iterable[int]) -> None:
    """Keep these subscribers from being planned for, or erased, meanwhile.

    Whoever plans, or erases, locks the subscriber before the delivery: whoever settles must do so in the same order, or
    they would wait for each other.
    """
    wanted = sorted(set(ids))
    if wanted:
        query = select(subscriber.c.id).where(subscriber.c.id.in_(wanted)).order_by(subscriber.c.id)
        connection.execute(query.with_for_update()).all()


def give_back(connection: Connection, digests: Sequence[Given]) -> None:
    """Take these digests for never shown; a window is opened again, never made shorter."""
    pairs = [{"who": one.subscriber_id, "what": paper_id} for one in digests for paper_id in one.paper_ids]
    if pairs:
        of_one = delete(shown).where(shown.c.subscriber_id == bindparam("who"), shown.c.paper_id == bindparam("what"))
        connection.execute(of_one, pairs)
    if digests:
        wider = update(subscriber).where(
            subscriber.c.id == bindparam("who"), subscriber.c.covered_until > bindparam("above")
        )
        starts = [{"who": one.subscriber_id, "above": one.window_start, "start": one.window_start} for one in digests]
        connection.execute(wider.values(covered_until=bindparam("start")), starts)


def take_again(
    connection: Connection, subscriber_id: int, digest: Digest, window_start: datetime, window_end: datetime
) -> bool:
    """Take papers that were given back for shown once more; False, and nothing done, if a digest has had one since."""
    mine = shown.c.subscriber_id == subscriber_id
    ids = digest.paper_ids
    if connection.execute(select(shown.c.paper_id).where(mine, shown.c.paper_id.in_(ids)).limit(1)).first():
        return False
    # What was merged or withdrawn meanwhile is not there to be shown.
    there = connection.execute(select(paper.c.id).where(paper.c.id.in_(ids))).scalars().all()
    if there:
        connection.execute(insert(shown), [{"subscriber_id": subscriber_id, "paper_id": one} for one in there])
    # Only what giving them back has opened is closed: where another digest opened more, or was planned, it stays.
    connection.execute(
        update(subscriber)
        .where(subscriber.c.id == subscriber_id, subscriber.c.covered_until == window_start)
        .values(covered_until=window_end)
    )
    return True
