"""Which MX group a domain is of, as far as it is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select

from bot.models.receivers import family_of, may_be_looked_up
from bot.store.bulk import among, insert_all
from bot.store.engine import Store
from bot.store.tables import receiver


class Groups(NamedTuple):
    """Domains with their groups."""

    #: By domain; the domain itself where nothing is known of it yet.
    of: dict[str, str]
    #: Domains that are to be looked up, for the first time or again.
    unknown: frozenset[str]


def groups(connection: Connection, domains: Iterable[str], now: datetime) -> Groups:
    """The groups of domains, in one query for all that are of no family."""
    found: dict[str, str] = {}
    others = []
    for domain in set(domains):
        family = family_of(domain)
        if family is None:
            others.append(domain)
        found[domain] = family or domain
    unknown = {domain for domain in others if may_be_looked_up(domain)}
    if unknown:
        rows = connection.execute(select(receiver).where(among(connection, receiver.c.domain, sorted(unknown))))
        for row in rows:
            found[row.domain] = row.mx_group
            if row.again_at > now:
                unknown.discard(row.domain)
    return Groups(found, frozenset(unknown))


def keep(store: Store, found: Mapping[str, tuple[str, datetime]]) -> None:
    """Write down what was looked up: by domain its group, and when it is to be looked up again."""
    if not found:
        return
    domains = sorted(found)
    with store.writing(lock="receivers") as connection:
        connection.execute(delete(receiver).where(among(connection, receiver.c.domain, domains)))
        columns: dict[str, Sequence[Any]] = {
            "domain": domains,
            "mx_group": [found[domain][0] for domain in domains],
            "again_at": [found[domain][1] for domain in domains],
        }
        insert_all(connection, receiver, columns)
