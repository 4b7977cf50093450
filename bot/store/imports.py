"""The imports of roster files: which there were, which were interrupted, and how one is taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from bot.errors import BotError, UnknownError
from bot.models.rosters import PARTS
from bot.models.subscribers import Standing, Wish
from bot.store.bulk import among, insert_all
from bot.store.engine import Store
from bot.store.rosters import changed_by, reckon
from bot.store.tables import concept_feed, evidence, roster_change, roster_import, subscriber, subscription, vote

#: People who go, or get back what they had, in one transaction.
_BATCH = 5000
#: What the evidence says of whom an import brought, before they do anything themselves.
BROUGHT = ("imported", "asked to confirm")


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """One import of a roster file, as plain values."""

    id: int
    name: str
    at: datetime
    added: int
    changed: int
    #: Rows up to this line of the file are in.
    line: int
    #: It neither came to its end nor was it undone: it still goes on, or was interrupted.
    open: bool
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of the people of an import that was taken back."""

    removed: int
    restored: int
    #: They have done something since, and stay as they are.
    stayed: int


def imports(store: Store, limit: int = 50) -> tuple[ImportRecord, ...]:
    """The imports, newest first."""
    with store.reading() as connection:
        rows = connection.execute(select(roster_import).order_by(roster_import.c.id.desc()).limit(limit))
        return tuple(_record(row) for row in rows)


def interrupted(store: Store, digest: str) -> ImportRecord | None:
    """The newest import of that very file that has not come to its end, if there is one."""
    columns = roster_import.c
    query = select(roster_import).where(
        columns.digest == digest, columns.finished_at.is_(None), columns.undone_at.is_(None)
    )
    with store.reading() as connection:
        row = connection.execute(query.order_by(columns.id.desc()).limit(1)).one_or_none()
    return None if row is None else _record(row)


def finish(store: Store, import_id: int, now: datetime) -> None:
    """Write down that an import came to its end."""
    with store.writing() as connection:
        connection.execute(update(roster_import).where(roster_import.c.id == import_id).values(finished_at=now))


def undo(
    store: Store,
    import_id: int,
    next_due: Callable[[Wish], datetime],
    now: datetime,
    progress: Callable[[int, int | None], None] = lambda _done, _all: None,
) -> Undone:
    """Take an import back: whom it brought is removed, whom it changed has again what they had.

    Whoever has done something since, or had something done for them, stays as they are. Mails that are planned for
    those who go are skipped when they are claimed, and the accounts of runs keep those that were sent. Where it did not
    come to its end, calling it again goes on with it.

    Raises:
        UnknownError: there is no such import.
        BotError: it was undone before.
    """
    with store.reading() as connection:
        row = connection.execute(select(roster_import).where(roster_import.c.id == import_id)).one_or_none()
    if row is None:
        raise UnknownError("import", str(import_id), mend="see `bot subscribers imports`")
    if row.undone_at is not None:
        raise BotError(f"import: {import_id}: was undone on {row.undone_at:%Y-%m-%d}; there is nothing left to undo")
    with store.writing(lock="roster") as connection:
        # Whoever runs the same file now begins an import of their own.
        connection.execute(update(roster_import).where(roster_import.c.id == import_id).values(digest=""))
    removed, stayed = _remove_all(store, import_id, row.added, progress)
    restored, kept = _restore_all(store, import_id, next_due, now)
    with store.writing() as connection:
        connection.execute(update(roster_import).where(roster_import.c.id == import_id).values(undone_at=now))
    return Undone(removed, restored, stayed + kept)


def _remove_all(
    store: Store, import_id: int, total: int, progress: Callable[[int, int | None], None]
) -> tuple[int, int]:
    """How many of those whom an import brought are gone, and how many stay."""
    mine = subscriber.c.roster_import_id == import_id
    acted = exists().where(evidence.c.subscriber_id == subscriber.c.id, evidence.c.what.not_in(BROUGHT))
    voted = exists().where(vote.c.subscriber_id == subscriber.c.id)
    columns = (subscriber.c.id, (acted | voted).label("acted"))
    removed = stayed = after = 0
    while True:
        with store.writing(lock="roster") as connection:
            page = select(*columns).where(mine, subscriber.c.id > after).order_by(subscriber.c.id).limit(_BATCH)
            people = connection.execute(page).all()
            gone = [person.id for person in people if not person.acted]
            if gone:
                connection.execute(delete(subscriber).where(among(connection, subscriber.c.id, gone)))
        if not people:
            return removed, stayed
        removed, stayed, after = removed + len(gone), stayed + len(people) - len(gone), people[-1].id
        progress(removed + stayed, total)


def _restore_all(store: Store, import_id: int, next_due: Callable[[Wish], datetime], now: datetime) -> tuple[int, int]:
    """How many of those whom an import changed have again what they had, and how many stay as they are."""
    changed = roster_change.c
    ours = evidence.alias("ours")
    mine = ours.c.subscriber_id == changed.subscriber_id, ours.c.how == changed_by(import_id)
    then = select(func.min(ours.c.id)).where(*mine).correlate(roster_change).scalar_subquery()
    acted = exists().where(
        evidence.c.subscriber_id == changed.subscriber_id,
        evidence.c.id > then,
        evidence.c.how != changed_by(import_id),
    )
    columns = (changed.subscriber_id, changed.before, subscriber.c.standing, acted.label("acted"))
    restored = stayed = after = 0
    while True:
        with store.writing(lock="roster") as connection:
            page = (
                select(*columns)
                .join(subscriber, subscriber.c.id == changed.subscriber_id)
                .where(changed.roster_import_id == import_id, changed.subscriber_id > after)
                .order_by(changed.subscriber_id)
                .limit(_BATCH)
            )
            people = connection.execute(page).all()
            back = [one for one in people if not one.acted and one.standing != Standing.LEFT]
            for one in back:
                _restore(connection, one.subscriber_id, one.standing, json.loads(one.before), next_due)
            ids = [one.subscriber_id for one in back]
            said = {"what": "changed", "how": f"import {import_id} was undone", "wording": "", "network": ""}
            insert_all(connection, evidence, {"subscriber_id": ids}, {"at": now, **said})
            which = among(connection, changed.subscriber_id, ids)
            connection.execute(delete(roster_change).where(changed.roster_import_id == import_id, which))
        if not people:
            return restored, stayed
        restored, stayed = restored + len(back), stayed + len(people) - len(back)
        after = people[-1].subscriber_id


def _restore(
    connection: Connection,
    subscriber_id: int,
    standing: str,
    before: dict[str, Any],
    next_due: Callable[[Wish], datetime],
) -> None:
    feeds = before.pop("feeds", None)
    if before:
        connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(before))
    if not before.keys().isdisjoint(PARTS) and standing == Standing.ACTIVE:
        reckon(connection, subscriber_id, next_due)
    if feeds is None:
        return
    on_offer = select(concept_feed.c.id).where(concept_feed.c.retired_at.is_(None))
    mine = subscription.c.subscriber_id == subscriber_id
    connection.execute(delete(subscription).where(mine, subscription.c.feed_id.in_(on_offer)))
    # A feed that was retired since has kept its subscription.
    offered = set(connection.execute(on_offer).scalars())
    rows = [
        {
            "subscriber_id": subscriber_id,
            "feed_id": feed_id,
            "position": position,
            "max_papers": max_papers,
            "created_at": datetime.fromisoformat(since),
        }
        for feed_id, position, max_papers, since in feeds
        if feed_id in offered
    ]
    if rows:
        connection.execute(insert(subscription), rows)


def _record(row: Any) -> ImportRecord:
    unfinished = bool(row.digest) and row.finished_at is None and row.undone_at is None
    return ImportRecord(row.id, row.name, row.at, row.added, row.changed, row.line, unfinished, row.undone_at)
