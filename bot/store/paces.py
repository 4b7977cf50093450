"""The buckets of receivers in the database: all senders on it take from the same ones, and none forgets.

Rows are locked in the order of their scopes, so that two senders wait for each other and never in a ring.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, or_, select, update

from bot.models.paces import ALL, OTHERS, Bucket, Limits, mx_scope, share
from bot.models.pressure import Adapted, lowered, raised
from bot.store.bulk import among, update_all
from bot.store.changes import insert_new
from bot.store.engine import Store
from bot.store.receivers import Groups, groups
from bot.store.tables import pace


@dataclass(frozen=True, slots=True)
class Admitted:
    """Which deliveries go now, and until when the others are to be put off."""

    taken: list[int]
    put_off: dict[int, datetime]
    #: Domains whose servers matter to a limit, and are to be looked up.
    unknown: frozenset[str] = field(default=frozenset())


class Changed(NamedTuple):
    """A scope whose rate has come down or gone up; None is as fast as the settings let it."""

    scope: str
    before: float | None
    rate: float | None


class PaceRecord(NamedTuple):
    """A scope as an admin sees it."""

    scope: str
    #: Messages a second by the settings.
    limit: float | None
    #: What it has come down to.
    rate: float | None
    #: Since when it has that rate.
    since: datetime | None
    #: Until when deliveries are put off; None where none are.
    put_off_until: datetime | None


def admit(connection: Connection, wanted: Sequence[tuple[int, str]], limits: Limits, now: datetime) -> Admitted:
    """Take from the buckets what they have room for, in the caller's transaction.

    Where nothing is limited, this is one query that finds nothing.

    Args:
        wanted: deliveries with the recipient's domain, as A-labels, in the order of their due times; one without a
            domain goes nowhere, and is not limited.
    """
    adapted = connection.execute(_some_adapted()).scalars().all()
    if not (limits or adapted):
        return Admitted([delivery_id for delivery_id, _ in wanted], {})
    known = Groups({}, frozenset())
    if limits.by_receiver or any(scope != ALL for scope in adapted):
        known = groups(connection, {domain for _, domain in wanted if domain}, now)
    scopes = _scopes(connection, {domain for _, domain in wanted}, known.of, limits)
    buckets = _buckets(connection, {scope for of_domain in scopes.values() for scope in of_domain}, limits, now)
    done = share([(delivery_id, scopes[domain]) for delivery_id, domain in wanted], buckets, now)
    changed: dict[str, Sequence[Any]] = {
        "scope": list(done.buckets),
        "next_at": [bucket.next_at for bucket in done.buckets.values()],
        "queued_until": [bucket.queued_until for bucket in done.buckets.values()],
    }
    update_all(connection, pace, "scope", changed)
    return Admitted(done.taken, done.put_off, known.unknown)


def slow_down(store: Store, observed: Mapping[str, float], limits: Limits, now: datetime) -> list[Changed]:
    """Bring scopes down; see `bot.models.pressure.lowered`.

    Args:
        observed: by scope, how many messages a second were sent in it.
    """
    with store.writing() as connection:
        _make(connection, observed, now)
        changed = []
        for row in _locked(connection, observed):
            after = lowered(_adapted(row), observed[row.scope], limits.limit(row.scope), now)
            changed += _write(connection, row, after)
    return changed


def speed_up(store: Store, limits: Limits, now: datetime) -> list[Changed]:
    """Bring those up again of which nothing was heard for a while; see `bot.models.pressure.raised`."""
    query = select(pace).where(pace.c.rate.is_not(None))
    with store.reading() as connection:
        scopes = [row.scope for row in connection.execute(query) if raised(_adapted(row), limits.limit(row.scope), now)]
    if not scopes:
        return []
    changed = []
    with store.writing() as connection:
        # Another sender may have seen the same.
        for row in _locked(connection, scopes):
            after = raised(_adapted(row), limits.limit(row.scope), now)
            changed += _write(connection, row, after) if after else []
    return changed


def groups_of(store: Store, domains: Iterable[str], now: datetime) -> dict[str, str]:
    """By domain, the MX group it is of; see `bot.store.receivers.groups`."""
    with store.reading() as connection:
        return groups(connection, domains, now).of


def paces(store: Store, limits: Limits, now: datetime) -> list[PaceRecord]:
    """What the settings limit, and what has come down or has deliveries put off, in the order of scopes."""
    named = [ALL] if limits.everything is not None else []
    named += map(mx_scope, [*limits.groups, *([OTHERS] if limits.others is not None else [])])
    found = {scope: PaceRecord(scope, limits.limit(scope), None, None, None) for scope in named}
    query = select(pace).where(or_(pace.c.rate.is_not(None), pace.c.queued_until > now))
    with store.reading() as connection:
        for row in connection.execute(query):
            found[row.scope] = PaceRecord(
                row.scope,
                limits.limit(row.scope),
                row.rate,
                row.changed_at if row.rate is not None else None,
                row.queued_until if row.queued_until > now else None,
            )
    return sorted(found.values())


def _some_adapted() -> Any:
    """Two are enough to know whether there is one besides `all`."""
    return select(pace.c.scope).where(pace.c.rate.is_not(None)).order_by(pace.c.scope).limit(2)


def _scopes(
    connection: Connection, domains: Iterable[str], of: Mapping[str, str], limits: Limits
) -> dict[str, tuple[str, ...]]:
    """By domain, the scopes that a message to it counts in."""
    pairs = [(domain, of.get(domain, domain)) for domain in domains]
    names = sorted({ALL, *(mx_scope(group) for _, group in pairs)})
    query = select(pace.c.scope).where(among(connection, pace.c.scope, names), pace.c.rate.is_not(None))
    adapted = set(connection.execute(query).scalars())
    return {domain: limits.scopes(domain, group, adapted) for domain, group in pairs}


def _buckets(connection: Connection, scopes: Iterable[str], limits: Limits, now: datetime) -> dict[str, Bucket]:
    """The buckets, which are the caller's until the transaction ends."""
    names = sorted(scopes)
    if not names:
        return {}
    _make(connection, names, now)
    rows = _locked(connection, names)
    made = {row.scope: Bucket.of(limits.limit(row.scope), row.rate, row.next_at, row.queued_until) for row in rows}
    return {scope: bucket for scope, bucket in made.items() if bucket is not None}


def _make(connection: Connection, scopes: Iterable[str], now: datetime) -> None:
    """See that each scope has a row; a new one is a full bucket."""
    names = sorted(scopes)
    there = set(connection.execute(select(pace.c.scope).where(among(connection, pace.c.scope, names))).scalars())
    full = {"rate": None, "next_at": now, "queued_until": now, "changed_at": now}
    insert_new(connection, pace, [{"scope": scope, **full} for scope in names if scope not in there])


def _locked(connection: Connection, scopes: Iterable[str]) -> Sequence[Any]:
    these = among(connection, pace.c.scope, sorted(scopes))
    return connection.execute(select(pace).where(these).order_by(pace.c.scope).with_for_update()).all()


def _adapted(row: Any) -> Adapted:
    return Adapted(row.rate, row.ceiling, row.changed_at, row.pressed_at)


def _write(connection: Connection, row: Any, after: Adapted) -> list[Changed]:
    """Write the row as it is now, and tell whether its rate is another."""
    values = {"rate": after.rate, "ceiling": after.ceiling, "changed_at": after.changed_at}
    connection.execute(update(pace).where(pace.c.scope == row.scope).values(**values, pressed_at=after.pressed_at))
    return [Changed(row.scope, row.rate, after.rate)] if row.rate != after.rate else []
