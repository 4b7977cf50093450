"""Which rows of a roster file are new, which would change somebody, and which must change nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from bot.models.rosters import Fate, RosterProblem, RosterRow
from bot.models.subscribers import WEEKDAYS, Standing
from bot.store.bulk import among
from bot.store.erasing import Pseudonyms, erased_among
from bot.store.tables import concept_feed, subscriber, subscription, suppression

_KEY = subscriber.c.email_key
_PERSON = (
    subscriber.c.id,
    _KEY,
    subscriber.c.standing,
    subscriber.c.name,
    subscriber.c.cadence,
    subscriber.c.weekday,
    subscriber.c.hour,
    subscriber.c.timezone,
    subscriber.c.max_papers,
    subscriber.c.language,
)
#: Who gets what a file says, where the admin asks for that: others have never agreed to anything, or no more.
_CHANGEABLE = frozenset({Standing.ACTIVE, Standing.PAUSED})


@dataclass(frozen=True, slots=True)
class Change:
    """What a row says of somebody who is here, where it is something else."""

    row: RosterRow
    subscriber_id: int
    standing: str
    #: By column: what holds now, and what the file says.
    before: dict[str, Any]
    after: dict[str, Any]

    def words(self) -> str:
        """`hour: 7 -> 9; feeds: one -> one, two`."""
        return "; ".join(
            f"{column}: {_shown(column, self.before[column])} -> {_shown(column, value)}"
            for column, value in self.after.items()
        )


@dataclass(slots=True)
class Sifted:
    """The rows of a batch by what becomes of them."""

    fresh: list[RosterRow] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    unchanged: list[RosterRow] = field(default_factory=list)
    problems: list[RosterProblem] = field(default_factory=list)


def sift(connection: Connection, rows: Sequence[RosterRow], pseudonyms: Pseudonyms, *, update: bool) -> Sifted:
    """What becomes of each row, looked up in bulk.

    Args:
        pseudonyms: by which people who were erased are known.
        update: whether people who are here get what the file says; otherwise they keep what they have.
    """
    found, seen = Sifted(), set()
    keys = [row.email_key for row in rows]
    here = {one.email_key: one for one in connection.execute(select(*_PERSON).where(among(connection, _KEY, keys)))}
    query = select(suppression.c.email_key).where(among(connection, suppression.c.email_key, keys))
    suppressed = set(connection.execute(query).scalars())
    gone = erased_among(connection, [key for key in keys if key not in here], pseudonyms)
    chosen = _chosen(connection, [one.id for one in here.values()])
    for row in rows:
        if row.email_key in seen:
            _refuse(found, row, Fate.DUPLICATE, "stands twice in this file; the first row counts")
            continue
        seen.add(row.email_key)
        person = here.get(row.email_key)
        if person is not None and person.standing == Standing.LEFT:
            _refuse(found, row, Fate.LEFT, "has left; not brought back")
        elif row.email_key in suppressed:
            _refuse(found, row, Fate.SUPPRESSED, "is suppressed; must not be written to")
        elif person is None and row.email_key in gone:
            _refuse(found, row, Fate.ERASED, "was erased on request; not brought back")
        elif person is None:
            found.fresh.append(row)
        else:
            _compare(found, row, person, chosen.get(person.id, ()), update=update)
    return found


def _compare(found: Sifted, row: RosterRow, person: Any, feeds: tuple[str, ...], *, update: bool) -> None:
    said = _said(row)
    now = {column: feeds if column == "feeds" else getattr(person, column) for column in said}
    other = {column: value for column, value in said.items() if now[column] != value}
    if not other:
        found.unchanged.append(row)
        return
    change = Change(row, person.id, person.standing, {column: now[column] for column in other}, other)
    if update and person.standing in _CHANGEABLE:
        found.changes.append(change)
    elif update:
        _refuse(found, row, Fate.KEPT, f"has not confirmed yet and keeps what they chose: {change.words()}")
    else:
        _refuse(found, row, Fate.KEPT, f"is a subscriber already and keeps what they have: {change.words()}")


def _said(row: RosterRow) -> dict[str, Any]:
    """What a row says of a person, by column; what it leaves out says nothing."""
    said: dict[str, Any] = {}
    if row.name:
        said["name"] = row.name
    if row.wish is not None:
        said |= {part: getattr(row.wish, part) for part in row.when}
    if row.max_papers is not None:
        said["max_papers"] = row.max_papers
    if row.language is not None:
        said["language"] = row.language
    if row.feeds is not None:
        said["feeds"] = row.feeds
    return said


def _chosen(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """By subscriber: the slugs of the feeds on offer that they chose, in their order."""
    if not ids:
        return {}
    query = (
        select(subscription.c.subscriber_id, concept_feed.c.slug)
        .join(concept_feed, concept_feed.c.id == subscription.c.feed_id)
        .where(among(connection, subscription.c.subscriber_id, ids), concept_feed.c.retired_at.is_(None))
        .order_by(subscription.c.subscriber_id, subscription.c.position, concept_feed.c.id)
    )
    slugs: dict[int, list[str]] = {}
    for subscriber_id, slug in connection.execute(query):
        slugs.setdefault(subscriber_id, []).append(slug)
    return {subscriber_id: tuple(listed) for subscriber_id, listed in slugs.items()}


def _refuse(found: Sifted, row: RosterRow, fate: Fate, words: str) -> None:
    found.problems.append(RosterProblem(row.line, row.email, words, fate))


def _shown(column: str, value: Any) -> str:
    if column == "feeds":
        return ", ".join(value) or "none"
    return WEEKDAYS[value] if column == "weekday" else str(value) or "none"
