"""Addresses that must not be written to: which they are, and why, with the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from bot.models.suppressions import SuppressionReason
from bot.store.engine import Store
from bot.store.erasing import Pseudonyms, suppressed_when_erased
from bot.store.tables import bounce, delivery, subscriber, suppression


@dataclass(frozen=True, slots=True)
class SuppressionRecord:
    """One reason not to write to one address."""

    #: As keys are, see `bot.models.subscribers.address_key`.
    email_key: str
    reason: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BounceRecord:
    """One report that came back of a mail to an address."""

    kind: str
    status: str
    diagnostic: str
    at: datetime
    #: None of a letter.
    delivery_id: int | None
    run_id: int | None
    #: When the mail server had taken it over.
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Why:
    """All that is known of why an address is written to, or not."""

    suppressions: tuple[SuppressionRecord, ...]
    #: The newest first.
    bounces: tuple[BounceRecord, ...]
    #: Of a person who was erased and must not be written to: why.
    erased: str = ""

    @property
    def suppressed(self) -> bool:
        """Whether it must not be written to."""
        return bool(self.suppressions or self.erased)


def suppressions(
    store: Store, *, limit: int, reason: str | None = None
) -> tuple[dict[str, int], list[SuppressionRecord]]:
    """How many there are by reason, and the newest of them, newest first."""
    query = select(suppression).order_by(suppression.c.id.desc()).limit(limit)
    number = select(suppression.c.reason, func.count()).group_by(suppression.c.reason)
    if reason is not None:
        query, number = (one.where(suppression.c.reason == reason) for one in (query, number))
    with store.reading() as connection:
        counts: dict[str, int] = dict(connection.execute(number).all())
        return counts, [_record(row) for row in connection.execute(query)]


def add_suppression(store: Store, email_key: str, detail: str, now: datetime) -> bool:
    """Let an admin close an address, in force once this returns; False where one had done so before."""
    with store.writing(lock="suppression") as connection:
        return suppress(connection, email_key, SuppressionReason.ADMIN, detail, now)


def suppress(connection: Connection, email_key: str, reason: SuppressionReason, detail: str, now: datetime) -> bool:
    """Close an address, for the same reason once; whether that is new."""
    same = suppression.c.email_key == email_key, suppression.c.reason == reason
    if connection.execute(select(suppression.c.id).where(*same).limit(1)).first() is not None:
        return False
    connection.execute(insert(suppression).values(email_key=email_key, reason=reason, detail=detail, at=now))
    return True


def why(store: Store, email_key: str, pseudonyms: Pseudonyms) -> Why:
    """What keeps an address from being written to, and what came back of mails to it."""
    reported = (
        select(bounce, delivery.c.run_id, delivery.c.settled_at)
        .join(subscriber, subscriber.c.id == bounce.c.subscriber_id)
        .outerjoin(delivery, delivery.c.id == bounce.c.delivery_id)
        .where(subscriber.c.email_key == email_key)
        .order_by(bounce.c.id.desc())
    )
    of_address = select(suppression).where(suppression.c.email_key == email_key).order_by(suppression.c.id)
    with store.reading() as connection:
        rows: Sequence[SuppressionRecord] = [_record(row) for row in connection.execute(of_address)]
        bounces = [
            BounceRecord(row.kind, row.status, row.diagnostic, row.at, row.delivery_id, row.run_id, row.settled_at)
            for row in connection.execute(reported)
        ]
        return Why(tuple(rows), tuple(bounces), suppressed_when_erased(connection, email_key, pseudonyms))


def _record(row: Any) -> SuppressionRecord:
    return SuppressionRecord(row.email_key, row.reason, row.detail, row.at)
