"""What subscribers choose, and pauses: written whole, with evidence, in force once it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from bot.errors import UnknownError
from bot.models.choices import Change, Choices, changes
from bot.models.letters import LetterKind
from bot.models.subscribers import Standing, Wish
from bot.store.engine import Store
from bot.store.giving_back import lock_subscribers
from bot.store.letters import queue_letter, wake
from bot.store.tables import concept_feed, evidence, subscriber, subscription


def choose(
    store: Store,
    subscriber_id: int,
    *,
    feeds: Sequence[str],
    wish: Wish,
    max_papers: int,
    next_due: datetime,
    now: datetime,
    how: str,
    language: str | None = None,
    caps: Mapping[str, int] | None = None,
    network: str = "",
    letter: bool = False,
) -> tuple[Change, ...] | None:
    """Write down a subscriber's choices whole: feeds in order, when, how many papers; and say what has changed.

    Subscriptions to retired feeds stay, for the day when they are offered again. None, and nothing is written, for
    somebody who has left; nothing is written either where all is as it was.

    Args:
        next_due: by the wish; the occasion that is next stays where the wish does.
        language: as it was, where it is None.
        caps: by feed, papers in one digest at the most; as they were, where it is None.
        network: from where, cut.
        letter: promise a mail that tells of it, so that nobody else changes them unseen.

    Raises:
        UnknownError: a feed that there is not.
    """
    with store.writing() as connection:
        lock_subscribers(connection, [subscriber_id])
        known = _offered(connection)
        for slug in feeds:
            if slug not in known:
                raise UnknownError("feed", slug, sorted(known))
        mine = (subscriber.c.id == subscriber_id, subscriber.c.standing != Standing.LEFT)
        row = connection.execute(select(subscriber).where(*mine)).one_or_none()
        if row is None:
            return None
        there = _subscriptions(connection, subscriber_id)
        limits = {slug: one.max_papers for slug, one in there.items() if one.max_papers is not None}
        before = Choices(tuple(there), _wish(row), row.max_papers, row.language, limits)
        wanted = limits if caps is None else caps
        after = Choices(tuple(dict.fromkeys(feeds)), wish, max_papers, language or row.language, wanted)
        changed = changes(before, after)
        if not changed:
            return ()
        values: dict[str, object] = {
            "cadence": wish.cadence,
            "weekday": wish.weekday,
            "hour": wish.hour,
            "timezone": wish.timezone,
            "max_papers": max_papers,
            "language": after.language,
        }
        # Nothing is due to whoever pauses; what is due already must not be lost by choosing another feed.
        if row.standing != Standing.PAUSED and (wish != before.wish or row.next_due is None):
            values["next_due"] = next_due
        connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(**values))
        _subscribe(connection, subscriber_id, after, known, there, now)
        _note(connection, subscriber_id, now, "changed", f"{how}: {', '.join(map(str, changed))}", network)
        if letter and row.standing in (Standing.ACTIVE, Standing.PAUSED):
            queue_letter(connection, LetterKind.CHANGED, subscriber_id, now)
            wake(connection)
    return changed


def pause(
    store: Store, subscriber_id: int, now: datetime, how: str, until: datetime | None = None, network: str = ""
) -> bool:
    """Send a subscriber no digests for now, in force once this returns; False where nothing changes.

    What was planned for them and is not on its way is skipped when it is claimed, and gives its papers back. Planning
    ends the pause (`bot.store.due`): it finds it by `next_due`, as it finds whoever is due.

    Args:
        until: when the pause ends by itself; None for one that lasts until `resume`.
        network: from where, cut.
    """
    paused = subscriber.c.standing == Standing.PAUSED
    other = subscriber.c.paused_until.is_distinct_from(until)
    mine = (subscriber.c.id == subscriber_id, or_(subscriber.c.standing == Standing.ACTIVE, paused & other))
    with store.writing() as connection:
        values = {"standing": Standing.PAUSED, "next_due": until, "paused_until": until}
        done = bool(connection.execute(update(subscriber).where(*mine).values(values)).rowcount)
        if done:
            said = f"{how}: until {until:%Y-%m-%d %H:%M} UTC" if until else how
            _note(connection, subscriber_id, now, "paused", said, network)
    return done


def resume(
    store: Store,
    subscriber_id: int,
    next_due: Callable[[Wish], datetime],
    now: datetime,
    how: str,
    network: str = "",
) -> bool:
    """Send a paused subscriber digests again; False for whoever is not paused.

    The first one begins where the last one ended, or one period back, and tells what has come in between.
    """
    query = select(subscriber).where(subscriber.c.id == subscriber_id, subscriber.c.standing == Standing.PAUSED)
    with store.writing() as connection:
        row = connection.execute(query.with_for_update()).one_or_none()
        if row is None:
            return False
        # That the pause has ended is remembered until a digest has been planned.
        values = {"standing": Standing.ACTIVE, "next_due": next_due(_wish(row)), "paused_until": now}
        connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(values))
        _note(connection, subscriber_id, now, "resumed", how, network)
    return True


def _offered(connection: Connection) -> dict[str, int]:
    offered = select(concept_feed.c.slug, concept_feed.c.id).where(concept_feed.c.retired_at.is_(None))
    return dict(connection.execute(offered).all())


def _subscriptions(connection: Connection, subscriber_id: int) -> dict[str, Row[Any]]:
    """By slug, in the order of the digest's sections, those whose feeds are on offer."""
    query = (
        select(concept_feed.c.slug, subscription)
        .join(concept_feed, concept_feed.c.id == subscription.c.feed_id)
        .where(subscription.c.subscriber_id == subscriber_id, concept_feed.c.retired_at.is_(None))
        .order_by(subscription.c.position, concept_feed.c.id)
    )
    return {row.slug: row for row in connection.execute(query)}


def _subscribe(
    connection: Connection,
    subscriber_id: int,
    after: Choices,
    known: Mapping[str, int],
    there: Mapping[str, Row[Any]],
    now: datetime,
) -> None:
    gone = [row.feed_id for row in there.values()]
    mine = subscription.c.subscriber_id == subscriber_id
    connection.execute(delete(subscription).where(mine, subscription.c.feed_id.in_(gone)))
    rows = [
        {
            "subscriber_id": subscriber_id,
            "feed_id": known[slug],
            "position": place,
            "max_papers": after.caps.get(slug),
            "created_at": there[slug].created_at if slug in there else now,
        }
        for place, slug in enumerate(after.feeds)
    ]
    if rows:
        connection.execute(insert(subscription), rows)


def _wish(row: Row[Any]) -> Wish:
    return Wish(row.cadence, row.weekday, row.hour, row.timezone)


def _note(connection: Connection, subscriber_id: int, now: datetime, what: str, how: str, network: str) -> None:
    said = {"subscriber_id": subscriber_id, "at": now, "what": what, "how": how, "network": network}
    connection.execute(insert(evidence).values(said))
