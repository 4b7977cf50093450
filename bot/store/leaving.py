"""Leaving: all of it or one feed, in force once it returns, and taking it back while one is still there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, exists, insert, select, update

from bot.models.deliveries import Digest, State
from bot.models.letters import LetterKind
from bot.models.subscribers import Standing, Wish
from bot.store.engine import Store
from bot.store.giving_back import lock_subscribers
from bot.store.letters import queue_letter, wake
from bot.store.tables import concept_feed, delivery, evidence, shown, subscriber, subscription, suppression

#: How long leaving can be taken back. The link to leave works for ever and gets about with forwarded mails; whoever has
#: one of those must not be able to call somebody back who left long ago.
UNDO = timedelta(minutes=30)


def leave(
    store: Store, subscriber_id: int, now: datetime, how: str, network: str = "", *, goodbye: bool = False
) -> bool:
    """Let a subscriber go, in force once this returns; False where there is nobody, or nobody left to go.

    Args:
        how: by which button, for the evidence.
        network: from where, cut: of a one-click request, that of the mail provider.
        goodbye: promise them a last mail, once it cannot be undone any more.
    """
    with store.writing() as connection:
        lock_subscribers(connection, [subscriber_id])
        there = subscriber.c.id == subscriber_id, subscriber.c.standing != Standing.LEFT
        before = connection.execute(select(subscriber.c.standing).where(*there)).scalar()
        if before is None:
            return False
        values = {"standing": Standing.LEFT, "left_at": now, "left_from": before, "next_due": None}
        connection.execute(update(subscriber).where(*there).values(**values))
        _note(connection, subscriber_id, now, "left", how, network)
        # Who had not confirmed yet gets no mail but that which asks to.
        if goodbye and before != Standing.PENDING:
            queue_letter(connection, LetterKind.GOODBYE, subscriber_id, now, due_at=now + UNDO)
            wake(connection)
    return True


def stay(
    store: Store,
    subscriber_id: int,
    next_due: Callable[[Wish], datetime],
    now: datetime,
    how: str,
    network: str = "",
) -> bool:
    """Take leaving back: all is as it was. False once it is too late, or where nobody has left."""
    with store.writing() as connection:
        lock_subscribers(connection, [subscriber_id])
        if not _may_stay(connection, subscriber_id, now):
            return False
        row = connection.execute(select(subscriber).where(subscriber.c.id == subscriber_id)).one()
        due = None
        if row.left_from == Standing.ACTIVE:
            due = next_due(Wish(row.cadence, row.weekday, row.hour, row.timezone))
        elif row.left_from == Standing.PAUSED:
            # When a pause ends by itself, planning has to find it.
            due = row.paused_until
        values = {"standing": row.left_from, "left_at": None, "left_from": "", "next_due": due}
        connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(**values))
        _note(connection, subscriber_id, now, "stayed", how, network)
    return True


def may_stay(store: Store, subscriber_id: int, now: datetime) -> bool:
    """Whether `stay` would take leaving back."""
    with store.reading() as connection:
        return _may_stay(connection, subscriber_id, now)


def drop(store: Store, subscriber_id: int, slug: str, now: datetime, how: str, network: str = "") -> bool:
    """Take one feed off somebody's digests, in force once this returns; False where they do not have it, or have left.

    What waits in the outbox loses the feed's section. Its papers are taken for never shown, so that they come if
    the feed is chosen again.
    """
    here = select(subscriber.c.id).where(subscriber.c.id == subscriber_id, subscriber.c.standing != Standing.LEFT)
    with store.writing() as connection:
        if connection.execute(here.with_for_update()).first() is None:
            return False
        feed = connection.execute(select(concept_feed.c.id).where(concept_feed.c.slug == slug)).scalar()
        mine = subscription.c.subscriber_id == subscriber_id, subscription.c.feed_id == feed
        if feed is None or not connection.execute(delete(subscription).where(*mine)).rowcount:
            return False
        _cut(connection, subscriber_id, feed, now)
        _note(connection, subscriber_id, now, "changed", f"{how}: dropped {slug}", network)
    return True


def _cut(connection: Connection, subscriber_id: int, feed_id: int, now: datetime) -> None:
    """Take a feed out of what waits to be sent, and what has nothing else in it out of the outbox."""
    waiting = select(delivery.c.id, delivery.c.content).where(
        delivery.c.subscriber_id == subscriber_id,
        delivery.c.state.in_([State.QUEUED, State.DEFERRED]),
        delivery.c.doubted_at.is_(None),
    )
    for number, content in connection.execute(waiting.with_for_update()).all():
        digest = Digest.thawed(content)
        kept = tuple(section for section in digest.sections if section.feed_id != feed_id)
        if len(kept) == len(digest.sections):
            continue
        rest = replace(digest, sections=kept, unreached=tuple(one for one in digest.unreached if one[0] != feed_id))
        values: dict[str, object] = {"content": rest.frozen()}
        if not kept:
            values |= {"state": State.SKIPPED, "reason": "feed dropped", "settled_at": now}
        connection.execute(update(delivery).where(delivery.c.id == number).values(**values))
        again = set(digest.paper_ids) - set(rest.paper_ids)
        of_mine = shown.c.subscriber_id == subscriber_id, shown.c.paper_id.in_(again)
        connection.execute(delete(shown).where(*of_mine))


def _note(connection: Connection, subscriber_id: int, now: datetime, what: str, how: str, network: str) -> None:
    said = {"subscriber_id": subscriber_id, "at": now, "what": what, "how": how, "network": network}
    connection.execute(insert(evidence).values(said))


def _may_stay(connection: Connection, subscriber_id: int, now: datetime) -> bool:
    # A complaint is a way to leave that says: never again.
    barred = exists().where(suppression.c.email_key == subscriber.c.email_key)
    gone = select(subscriber.c.id).where(
        subscriber.c.id == subscriber_id,
        subscriber.c.standing == Standing.LEFT,
        subscriber.c.left_from != "",
        subscriber.c.left_at > now - UNDO,
        ~barred,
    )
    return connection.execute(gone).first() is not None
