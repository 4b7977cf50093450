"""How fast each receiver is sent mail: token buckets, kept in the database, shared by all who send from it.

A bucket is the generic cell rate algorithm (ITU-T I.371, annex A, as virtual scheduling): all it remembers is the
moment at which it is full again. That is one time to read and one to write, however many messages went, and it
needs nobody who fills it. Times are whole microseconds, as the database keeps them, so that nothing is lost between
two claims; what a message takes is rounded up, which makes 10,000 a second one per cent slower at the most.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from sqlalchemy import Column, Index, String, text
from sqlmodel import Field

from bot.models.columns import Table, UtcDateTime
from bot.models.receivers import family_of

#: The scope of every message.
ALL: Final = "all"
#: In the settings: each group that has no limit of its own.
OTHERS: Final = "*"
#: How far ahead deliveries are put off at the most, so that a limit that is lifted is felt soon.
HORIZON: Final = timedelta(hours=1)
#: The same where a receiver has brought the rate down: it may be up again by then.
HORIZON_ADAPTED: Final = timedelta(minutes=15)

_MICROSECOND: Final = timedelta(microseconds=1)
_ADAPTED: Final = text("rate IS NOT NULL")


class Pace(Table, table=True):
    """The bucket of one scope: `all`, `domain:reader.example`, or `mx:google.com`."""

    # Each claim asks whether anything has come down; mostly nothing has.
    __table_args__ = (Index("ix_pace_adapted", "scope", sqlite_where=_ADAPTED, postgresql_where=_ADAPTED),)

    scope: str = Field(sa_column=Column(String, primary_key=True))
    #: Messages a second that it has come down to; None where it goes as fast as the settings let it.
    rate: float | None = None
    #: When the bucket is full again: each message moves it on by the time that one takes.
    next_at: datetime = Field(sa_type=UtcDateTime)
    #: Until when deliveries have been put off, one behind another.
    queued_until: datetime = Field(sa_type=UtcDateTime)
    #: When the rate was changed last.
    changed_at: datetime = Field(sa_type=UtcDateTime)
    #: Where the settings have no limit: at this rate there is none any more.
    ceiling: float | None = None
    #: When the receiver last asked for less.
    pressed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the settings limit, in messages a second."""

    everything: float | None = None
    #: By MX group: of a domain that is named, its family's; and its own name, for others on its servers.
    groups: Mapping[str, float] = field(default_factory=dict)
    #: By recipient domain, for those that are named and of no family.
    domains: Mapping[str, float] = field(default_factory=dict)
    #: Each other group by itself.
    others: float | None = None

    @classmethod
    def of(cls, rate: float | None, per_domain: Iterable[tuple[str, float]] = ()) -> Limits:
        """The limits that settings name; where two are of one group, the lower one holds.

        Args:
            per_domain: domains as A-labels in lower case, or `*`.
        """
        groups: dict[str, float] = {}
        domains: dict[str, float] = {}
        others: float | None = None
        for domain, limit in per_domain:
            if domain == OTHERS:
                others = limit
                continue
            family = family_of(domain)
            group = family or domain
            groups[group] = min(limit, groups.get(group, limit))
            if family is None:
                domains[domain] = limit
        return cls(rate, groups, domains, others)

    def __bool__(self) -> bool:
        return self.everything is not None or self.by_receiver

    @property
    def by_receiver(self) -> bool:
        """Whether it matters who takes a message."""
        return bool(self.groups) or self.others is not None

    def limit(self, scope: str) -> float | None:
        """The limit of a scope by the settings."""
        kind, _, name = scope.partition(":")
        if kind == "mx":
            return self.groups.get(name, self.others)
        return self.domains.get(name) if kind == "domain" else self.everything

    def scopes(self, domain: str, group: str, adapted: Collection[str]) -> tuple[str, ...]:
        """The scopes in which a message to a domain counts, as far as they are limited.

        A domain that is named keeps to its own limit wherever its servers are, and `*` is for others; but what its
        servers' group is limited to by name, or has come down to, holds for it, too.

        Args:
            adapted: scopes that have come down.
        """
        if not domain:
            return ()
        found = [ALL] if self.everything is not None or ALL in adapted else []
        named = domain in self.domains
        if named and domain != group:
            found.append(f"domain:{domain}")
        scope = mx_scope(group)
        if scope in adapted or group in self.groups or (self.others is not None and not named):
            found.append(scope)
        return tuple(found)


def mx_scope(group: str) -> str:
    """The scope of an MX group."""
    return f"mx:{group}"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket as it is read and written; see `Pace`."""

    #: Messages a second.
    rate: float
    next_at: datetime
    queued_until: datetime
    horizon: timedelta = HORIZON

    @classmethod
    def of(cls, limit: float | None, rate: float | None, next_at: datetime, queued_until: datetime) -> Bucket | None:
        """The bucket of a scope with a limit by the settings, and what it has come down to; None where neither is."""
        if rate is None or (limit is not None and limit <= rate):
            return None if limit is None else cls(limit, next_at, queued_until)
        return cls(rate, next_at, queued_until, HORIZON_ADAPTED)


@dataclass(frozen=True, slots=True)
class Share:
    """Who goes now, and until when the others are put off."""

    taken: list[int]
    put_off: dict[int, datetime]
    #: Those that have changed.
    buckets: dict[str, Bucket]


def share(wanted: Sequence[tuple[int, Sequence[str]]], buckets: Mapping[str, Bucket], now: datetime) -> Share:
    """What goes now: in order, each one for which all its buckets have room.

    The others are put off, one behind another in the fullest of their buckets: so each of them is looked at again
    when its turn has come, and not at every claim. Only that bucket's line grows. If each one were also to wait in
    the line of all messages, those to one slow receiver would hold up everybody. The price: where two buckets are
    full, somebody may find the other one full when its turn in the first has come, and be put off once more.

    Args:
        wanted: deliveries with their scopes; a scope without a bucket is not limited.
    """
    lines = {scope: _Line(bucket, now) for scope, bucket in buckets.items()}
    taken: list[int] = []
    put_off: dict[int, datetime] = {}
    for delivery_id, scopes in wanted:
        its = [lines[scope] for scope in scopes if scope in lines]
        full = [line for line in its if line.room > 0]
        if full:
            put_off[delivery_id] = now + max(full, key=lambda line: line.place).put_off() * _MICROSECOND
        else:
            for line in its:
                line.take()
            taken.append(delivery_id)
    return Share(taken, put_off, {scope: line.bucket(now) for scope, line in lines.items() if line.changed})


def burst(rate: float) -> int:
    """Messages that may go at once after a pause: a second's worth, in whole messages."""
    return max(1, ceil(rate))


class _Line:
    """A bucket while messages are shared out; all times in microseconds from now."""

    __slots__ = ("_bucket", "_full", "_horizon", "_slack", "_step", "_tail", "changed")

    def __init__(self, bucket: Bucket, now: datetime) -> None:
        self._bucket = bucket
        self._step = ceil(1_000_000 / bucket.rate)
        #: By how much a message may come too early.
        self._slack = (burst(bucket.rate) - 1) * self._step
        self._horizon = bucket.horizon // _MICROSECOND
        # No bucket is emptier than empty: what lies further ahead is of a slower rate, or of a clock that was wrong.
        self._full = min(max(0, (bucket.next_at - now) // _MICROSECOND), self._slack + self._step)
        tail = (bucket.queued_until - now) // _MICROSECOND
        # A little further ahead it is of a clock that is not quite ours; much further, of one that was wrong.
        self._tail = tail if 0 < tail <= 2 * HORIZON // _MICROSECOND else 0
        self.changed = False

    @property
    def room(self) -> int:
        """When it has room for one more; it has now, where that is not after 0."""
        return self._full - self._slack

    @property
    def place(self) -> int:
        """Until when the next one that finds no room is put off."""
        return max(self.room, min(self._tail, self._horizon))

    def take(self) -> None:
        self._full += self._step
        self.changed = True

    def put_off(self) -> int:
        place = self.place
        self._tail = min(place + self._step, max(place, self._horizon))
        self.changed = True
        return place

    def bucket(self, now: datetime) -> Bucket:
        """As it is now."""
        old = self._bucket
        return Bucket(old.rate, now + self._full * _MICROSECOND, now + self._tail * _MICROSECOND, old.horizon)
