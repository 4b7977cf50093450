"""Rows of roster files into the database: many people in one transaction, and nobody back who is gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from bot.models.rosters import PARTS, RosterProblem, RosterRow
from bot.models.subscribers import Standing, Wish
from bot.store.bulk import among, insert_all
from bot.store.engine import Store
from bot.store.erasing import Pseudonyms
from bot.store.sifting import Change, Sifted, sift
from bot.store.signups import await_turn
from bot.store.tables import concept_feed, evidence, roster_change, roster_import, subscriber, subscription

#: How often a batch is tried: on PostgreSQL somebody may sign up between looking and writing.
_TRIES = 3
#: Kilobytes of an SQLite database kept at hand: addresses come in no order, and each batch touches all of their index.
_CACHE = 98_304
#: Pages of SQLite's log before they are copied to where they belong: a page that many batches touch is copied once.
_LOG = 50_000


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a row of a roster gets where it does not say."""

    wish: Wish
    language: str
    max_papers: int = 12


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a batch of roster rows."""

    fresh: Sequence[RosterRow]
    changes: Sequence[Change]
    unchanged: Sequence[RosterRow]
    #: Rows that were not taken, and why.
    problems: Sequence[RosterProblem]

    @property
    def added(self) -> int:
        """How many came in."""
        return len(self.fresh)


def _unknown(_email_key: str) -> Sequence[str]:
    raise ValueError("pseudonyms: people were erased here, and nothing was given to know them by")


def begin_import(store: Store, name: str, now: datetime, digest: str = "") -> int:
    """The id under which the rows of a roster file come in.

    Args:
        digest: by which the import is known again, should it be interrupted.
    """
    with store.writing() as connection:
        made = insert(roster_import).values(name=name, at=now, digest=digest).returning(roster_import.c.id)
        import_id: int = connection.execute(made).scalar_one()
    return import_id


def import_rows(
    store: Store,
    rows: Sequence[RosterRow],
    *,
    import_id: int | None,
    how: str,
    defaults: Defaults,
    next_due: Callable[[Wish], datetime],
    now: datetime,
    dry_run: bool = False,
    update: bool = False,
    pending: bool = False,
    wording: str = "",
    pseudonyms: Pseudonyms = _unknown,
    line: int = 0,
) -> Imported:
    """Add the people of some roster rows, in one transaction.

    Nobody comes back this way who has left, was erased or is suppressed: those rows are reported and change nothing.

    Args:
        import_id: of the import that they are part of; None for somebody by themselves, whom `update` leaves alone.
        how: what stands behind it, for the evidence.
        dry_run: look, and write nothing.
        update: give people who are here what the file says; otherwise they keep what they have.
        pending: newcomers get nothing until they confirm, and are asked to in their turn, see
            `bot.store.signups.ask_waiting`; otherwise they are active, and the admin vouches for their consent.
        wording: what those who are to confirm agree to.
        pseudonyms: by which people who were erased are known, see `bot.subscribe.tokens.Tokens`; not needed only where
            nobody ever was.
        line: the last line of the file that these rows bring in, kept so that an interrupted import can go on.
    """
    if dry_run:
        with store.reading() as connection:
            return _imported(sift(connection, rows, pseudonyms, update=update))
    for turn in range(_TRIES):
        try:
            with store.writing(lock="roster") as connection:
                if store.is_sqlite:
                    connection.exec_driver_sql(f"pragma cache_size = -{_CACHE}")
                    connection.exec_driver_sql(f"pragma wal_autocheckpoint = {_LOG}")
                sifted = sift(connection, rows, pseudonyms, update=update and import_id is not None)
                people = _bring_in(connection, sifted.fresh, import_id, how, defaults, next_due, now, pending=pending)
                if import_id is not None:
                    _change(connection, sifted.changes, import_id, next_due, now)
                    _note(connection, import_id, sifted, line)
                if pending and people:
                    await_turn(connection, people, defaults.language, wording, now)
        except IntegrityError:
            if turn == _TRIES - 1:
                raise
        else:
            break
    return _imported(sifted)


def changed_by(import_id: int) -> str:
    """What the evidence says of a change that an import made."""
    return f"import {import_id}: the admin's file says so"


def _imported(sifted: Sifted) -> Imported:
    return Imported(sifted.fresh, sifted.changes, sifted.unchanged, sifted.problems)


def _note(connection: Connection, import_id: int, sifted: Sifted, line: int) -> None:
    columns = roster_import.c
    connection.execute(
        update(roster_import)
        .where(columns.id == import_id)
        .values(
            added=columns.added + len(sifted.fresh),
            changed=columns.changed + len(sifted.changes),
            **({"line": line} if line else {}),
        )
    )


def _bring_in(
    connection: Connection,
    rows: Sequence[RosterRow],
    import_id: int | None,
    how: str,
    defaults: Defaults,
    next_due: Callable[[Wish], datetime],
    now: datetime,
    *,
    pending: bool,
) -> dict[int, RosterRow]:
    """The newcomers, by their ids."""
    if not rows:
        return {}
    # In the order of their addresses, which is the order of the index that they go into.
    rows = sorted(rows, key=lambda row: row.email_key)
    ids = _ids(connection, len(rows))
    wishes = [row.wish or defaults.wish for row in rows]
    people: dict[str, Sequence[Any]] = {
        "id": ids,
        "email": [row.email for row in rows],
        "email_key": [row.email_key for row in rows],
        "name": [row.name for row in rows],
        "cadence": [wish.cadence for wish in wishes],
        "weekday": [wish.weekday for wish in wishes],
        "hour": [wish.hour for wish in wishes],
        "timezone": [wish.timezone for wish in wishes],
        "max_papers": [row.max_papers or defaults.max_papers for row in rows],
        "language": [row.language or defaults.language for row in rows],
        "next_due": [None if pending else next_due(wish) for wish in wishes],
    }
    standing = Standing.PENDING if pending else Standing.ACTIVE
    common = {"standing": standing.value, "created_at": now, "roster_import_id": import_id}
    insert_all(connection, subscriber, people, common)
    feed_ids = _feed_ids(connection)
    choices = [
        (subscriber_id, feed_ids[slug], place)
        for subscriber_id, row in zip(ids, rows, strict=True)
        for place, slug in enumerate(row.feeds or ())
    ]
    if choices:
        whose, which, places = zip(*choices, strict=True)
        columns = {"subscriber_id": whose, "feed_id": which, "position": places}
        insert_all(connection, subscription, columns, {"created_at": now})
    insert_all(connection, evidence, {"subscriber_id": ids}, _proof(now, "imported", how))
    return dict(zip(ids, rows, strict=True))


def _change(
    connection: Connection,
    changes: Sequence[Change],
    import_id: int,
    next_due: Callable[[Wish], datetime],
    now: datetime,
) -> None:
    if not changes:
        return
    feed_ids = _feed_ids(connection)
    whole = _subscriptions(connection, [one.subscriber_id for one in changes if "feeds" in one.after])
    kept: list[str] = []
    for change in changes:
        mine = subscriber.c.id == change.subscriber_id
        values = {column: value for column, value in change.after.items() if column != "feeds"}
        before: dict[str, Any] = {column: change.before[column] for column in values}
        if values:
            connection.execute(update(subscriber).where(mine).values(values))
        if not values.keys().isdisjoint(PARTS) and change.standing == Standing.ACTIVE:
            reckon(connection, change.subscriber_id, next_due)
        if "feeds" in change.after:
            before["feeds"] = whole.get(change.subscriber_id, [])
            choose_feeds(connection, change.subscriber_id, [feed_ids[slug] for slug in change.after["feeds"]], now)
        kept.append(json.dumps(before, ensure_ascii=False, separators=(",", ":")))
    ids = [change.subscriber_id for change in changes]
    # A file that says the same person twice changes them once; an import that goes on may meet them again.
    there = set(
        connection.execute(
            select(roster_change.c.subscriber_id).where(
                roster_change.c.roster_import_id == import_id, among(connection, roster_change.c.subscriber_id, ids)
            )
        ).scalars()
    )
    fresh = [(whom, before) for whom, before in zip(ids, kept, strict=True) if whom not in there]
    record: dict[str, Sequence[Any]] = {
        "subscriber_id": [whom for whom, _ in fresh],
        "before": [before for _, before in fresh],
    }
    insert_all(connection, roster_change, record, {"roster_import_id": import_id})
    insert_all(connection, evidence, {"subscriber_id": ids}, _proof(now, "changed", changed_by(import_id)))


def reckon(connection: Connection, subscriber_id: int, next_due: Callable[[Wish], datetime]) -> None:
    """Write down the next occasion of an active subscriber whose wishes have changed."""
    mine = subscriber.c.id == subscriber_id
    columns = (subscriber.c.cadence, subscriber.c.weekday, subscriber.c.hour, subscriber.c.timezone)
    wish = Wish(*connection.execute(select(*columns).where(mine)).one())
    connection.execute(update(subscriber).where(mine).values(next_due=next_due(wish)))


def choose_feeds(connection: Connection, subscriber_id: int, feed_ids: Sequence[int], now: datetime) -> None:
    """Give a subscriber these feeds of those on offer, in order; what they said of a feed that stays, stays."""
    mine = subscription.c.subscriber_id == subscriber_id
    on_offer = select(concept_feed.c.id).where(concept_feed.c.retired_at.is_(None))
    connection.execute(
        delete(subscription).where(mine, subscription.c.feed_id.in_(on_offer), subscription.c.feed_id.not_in(feed_ids))
    )
    there = set(connection.execute(select(subscription.c.feed_id).where(mine)).scalars())
    for place, feed_id in enumerate(feed_ids):
        if feed_id in there:
            which = subscription.c.feed_id == feed_id
            connection.execute(update(subscription).where(mine, which).values(position=place))
        else:
            values = {"subscriber_id": subscriber_id, "feed_id": feed_id, "position": place, "created_at": now}
            connection.execute(insert(subscription).values(values))


def _subscriptions(connection: Connection, ids: Sequence[int]) -> dict[int, list[list[Any]]]:
    """By subscriber: feed, position, limit and time of each subscription to a feed on offer."""
    columns = (subscription.c.feed_id, subscription.c.position, subscription.c.max_papers, subscription.c.created_at)
    query = (
        select(subscription.c.subscriber_id, *columns)
        .join(concept_feed, concept_feed.c.id == subscription.c.feed_id)
        .where(among(connection, subscription.c.subscriber_id, ids), concept_feed.c.retired_at.is_(None))
    )
    found: dict[int, list[list[Any]]] = {}
    for whom, feed_id, position, max_papers, since in connection.execute(query):
        found.setdefault(whom, []).append([feed_id, position, max_papers, since.isoformat()])
    return found


def _feed_ids(connection: Connection) -> dict[str, int]:
    return dict(connection.execute(select(concept_feed.c.slug, concept_feed.c.id)).all())


def _proof(now: datetime, what: str, how: str) -> dict[str, Any]:
    return {"at": now, "what": what, "how": how, "wording": "", "network": ""}


def _ids(connection: Connection, count: int) -> list[int]:
    """Ids for so many new subscribers, so that none has to be read back."""
    if connection.dialect.name == "postgresql":
        query = text("select nextval(pg_get_serial_sequence('subscriber', 'id')) from generate_series(1, :count)")
        return list(connection.execute(query, {"count": count}).scalars())
    # The transaction holds SQLite's one place for a writer; `autoincrement` sees that no id comes twice.
    last = connection.execute(text("select seq from sqlite_sequence where name = 'subscriber'")).scalar() or 0
    return list(range(last + 1, last + 1 + count))
