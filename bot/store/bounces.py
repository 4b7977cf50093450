"""Bounces and complaints: each report is taken once, with all that follows from it, in one transaction."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.models.bounces import SOFT_DIGESTS, BounceKind, BounceReport, Named, is_soft_too_often
from bot.models.deliveries import State
from bot.models.suppressions import SuppressionReason
from bot.store.engine import Store
from bot.store.giving_back import lock_subscribers
from bot.store.suppressions import suppress
from bot.store.tables import bounce, delivery, letter, subscriber

#: So many of a person's newest digests are looked at. Daily ones are counted over `SOFT_SPAN`, and up to a week of them
#: is on its way before the first comes back: servers try for five days (RFC 5321 section 4.5.4.1).
_LOOKED_AT = 60


class Taken(StrEnum):
    """What became of a report."""

    SUPPRESSED = "suppressed"
    """Its address must not be written to from now on."""
    KEPT = "kept"
    """It is written down."""
    REPEATED = "repeated"
    """It was taken before, and nothing was done again."""
    UNKNOWN = "unknown"
    """There is no such mail, or its reader was erased."""


def take_bounce(store: Store, report: BounceReport, now: datetime) -> Taken:
    """Write down a report and what follows from it, both or neither; the same report again changes nothing.

    Raises:
        StoreError: the database cannot be used.
    """
    with store.writing() as connection:
        found = _person(connection, report.named)
        if found is None:
            return Taken.UNKNOWN
        subscriber_id, delivery_id = found
        # Whoever hands a mail of theirs over waits, and sees what is decided here.
        lock_subscribers(connection, [subscriber_id])
        key = connection.execute(select(subscriber.c.email_key).where(subscriber.c.id == subscriber_id)).scalar()
        if key is None:
            return Taken.UNKNOWN
        if not _enter(connection, report, subscriber_id, delivery_id, now):
            return Taken.REPEATED
        return _follow(connection, report, key, subscriber_id, delivery_id, now)


def bounces_of_run(store: Store, run_id: int) -> dict[str, int]:
    """How many deliveries of a run came back, by kind; one that did in two ways counts for both."""
    query = (
        select(bounce.c.kind, func.count(bounce.c.delivery_id.distinct()))
        .join(delivery, delivery.c.id == bounce.c.delivery_id)
        .where(delivery.c.run_id == run_id)
        .group_by(bounce.c.kind)
    )
    with store.reading() as connection:
        counts: dict[str, int] = dict(connection.execute(query).all())
    return {kind.value: counts[kind] for kind in BounceKind if kind in counts}


def _person(connection: Connection, named: Named) -> tuple[int, int | None] | None:
    """Whose mail it is, and which delivery; None where there is no such mail, or nobody any more."""
    if named.subscriber_id is not None:
        return named.subscriber_id, None
    table = letter if named.delivery_id is None else delivery
    number = named.letter_id if named.delivery_id is None else named.delivery_id
    query = select(table.c.subscriber_id, table.c.message_id).where(table.c.id == number)
    row: Any = connection.execute(query).first()
    if row is None or row.subscriber_id is None:
        return None
    # Mail programs may write a domain in other letters.
    if named.message_id and row.message_id.casefold() != named.message_id.casefold():
        return None
    return row.subscriber_id, named.delivery_id


def _enter(
    connection: Connection, report: BounceReport, subscriber_id: int, delivery_id: int | None, now: datetime
) -> bool:
    """Whether the report is new; then it is written down."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = {"fingerprint": report.fingerprint, "subscriber_id": subscriber_id, "delivery_id": delivery_id}
    said = {"kind": report.kind, "status": report.status, "diagnostic": report.diagnostic, "at": now}
    entered = dialect.insert(bounce).values(**values, **said).on_conflict_do_nothing(index_elements=["fingerprint"])
    return connection.execute(entered.returning(bounce.c.id)).first() is not None


def _follow(
    connection: Connection, report: BounceReport, key: str, subscriber_id: int, delivery_id: int | None, now: datetime
) -> Taken:
    what = "letter" if delivery_id is None else f"delivery {delivery_id}"
    said = " ".join(f"{report.status} {report.diagnostic}".split())
    match report.kind:
        case BounceKind.GONE:
            reason, detail = SuppressionReason.BOUNCE, f"{what}: {said}"
        case BounceKind.COMPLAINT:
            reason, detail = SuppressionReason.COMPLAINT, f"{what if delivery_id else 'digest'}: {said}"
        case BounceKind.SOFT if _too_often(connection, subscriber_id):
            reason = SuppressionReason.BOUNCE
            detail = f"{what}: at least {SOFT_DIGESTS} digests in a row came back; the last: {said}"
        case _:
            return Taken.KEPT
    return Taken.SUPPRESSED if suppress(connection, key, reason, detail, now) else Taken.KEPT


def _too_often(connection: Connection, subscriber_id: int) -> bool:
    query = (
        select(delivery.c.settled_at, _came_back().label("came_back"))
        .where(delivery.c.subscriber_id == subscriber_id, delivery.c.state == State.SENT)
        .order_by(delivery.c.settled_at.desc(), delivery.c.id.desc())
        .limit(_LOOKED_AT)
    )
    return is_soft_too_often([(row.settled_at, bool(row.came_back)) for row in connection.execute(query)])


def _came_back() -> ColumnElement[bool]:
    return exists().where(bounce.c.delivery_id == delivery.c.id, bounce.c.kind == BounceKind.SOFT)
