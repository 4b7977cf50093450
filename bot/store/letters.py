"""Letters that wait, one at a time or a few: whoever sends, and whatever breaks, each goes out once."""

from __future__ import annotations

import secrets
from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, insert, select, update

from bot.errors import RefusedError
from bot.models.deliveries import Outcome, State
from bot.models.letters import ANSWERS, LetterKind, LetterRecord
from bot.models.subscribers import Standing, Wish
from bot.models.suppressions import SuppressionReason
from bot.store.engine import Store
from bot.store.giving_back import lock_subscribers
from bot.store.tables import concept_feed, letter, sign_up, subscriber, subscription, suppression
from bot.store.tasks import LETTERS, defer

#: Letters that are taken at once.
MOST = 20
#: How long they may take; whoever has not said what became of them by then has died over it.
LEASE = timedelta(minutes=30)

_WAITING = (State.QUEUED, State.DEFERRED)
_LETTER = "kind created_at attempts message_id due_at sign_up_id".split()
_OWN = "id email name standing language cadence weekday hour timezone max_papers next_due".split()


def queue_letter(
    connection: Connection,
    kind: LetterKind,
    subscriber_id: int,
    now: datetime,
    *,
    sign_up_id: int | None = None,
    due_at: datetime | None = None,
) -> None:
    """Promise a letter, in the transaction of what it tells; `wake` is to be its last statement.

    Args:
        sign_up_id: the sign-up that it answers.
        due_at: not before then; at once where there is none.
    """
    values = {"kind": kind, "subscriber_id": subscriber_id, "sign_up_id": sign_up_id, "created_at": now}
    connection.execute(insert(letter).values(due_at=due_at or now, **values))


def wake(connection: Connection) -> None:
    """Let a worker look for letters as soon as this transaction is committed."""
    defer(connection, LETTERS)


def take(store: Store, now: datetime, domain: str, patience: timedelta) -> tuple[LetterRecord, ...]:
    """The next letters that are due, for one sender; nobody else gets them before the lease has run out.

    What a sender left behind before the final dot is taken up again; what it left after it may have arrived, and is not
    sent twice. What is older than `patience` has lost its sense.

    Args:
        domain: where Message-IDs are made, as A-labels.
    """
    with store.writing(lock="letters") as connection:
        left = (letter.c.state == State.HANDED_OVER) & (letter.c.due_at <= now)
        lost = {"state": State.UNCERTAIN, "reason": "no reply to the final dot", "settled_at": now}
        connection.execute(update(letter).where(left).values(**lost))
        open_ = letter.c.state.in_([*_WAITING, State.CLAIMED])
        old = {"state": State.SKIPPED, "reason": "too late", "settled_at": now}
        connection.execute(
            update(letter).where(open_, letter.c.due_at <= now, letter.c.created_at < now - patience).values(**old)
        )
        due = select(letter.c.id).where(open_, letter.c.due_at <= now).order_by(letter.c.id).limit(MOST)
        ids = list(connection.execute(due).scalars())
        for number in ids:
            given = update(letter).where(letter.c.id == number)
            identity = f"<letter.{number}.{secrets.token_hex(16)}@{domain}>"
            connection.execute(given.where(letter.c.message_id == "").values(message_id=identity))
            connection.execute(given.values(state=State.CLAIMED, due_at=now + LEASE))
        return _read(connection, ids)


def hand_over(store: Store, taken: LetterRecord) -> None:
    """Write down that the final dot is about to be sent.

    Raises:
        RefusedError: it is the caller's no more, or must not be sent any more: the person has left meanwhile, say.
    """
    with store.writing() as connection:
        # Whoever changes the person's standing has committed before this, or comes after the dot.
        lock_subscribers(connection, [taken.subscriber_id])
        found = _read(connection, [taken.id], letter.c.state == State.CLAIMED, letter.c.due_at == taken.lease)
        if not found or found[0].refusal:
            raise RefusedError("letter", str(taken.id), found[0].refusal if found else "was taken by another sender")
        connection.execute(update(letter).where(letter.c.id == taken.id).values(state=State.HANDED_OVER))


def settle(
    store: Store, taken: LetterRecord, outcome: Outcome, now: datetime, suppress: SuppressionReason | None = None
) -> None:
    """Write down what became of a letter that is still the caller's, or was given up as lost while it waited.

    Args:
        suppress: why its address must not be written to again, if the server said so.
    """
    values: dict[str, object] = {"state": outcome.state, "reason": outcome.reason}
    if outcome.due_at:
        values["due_at"] = outcome.due_at
    if outcome.tried:
        values["attempts"] = letter.c.attempts + 1
    if outcome.state not in _WAITING:
        values["settled_at"] = now
    under_way = letter.c.state.in_([State.CLAIMED, State.HANDED_OVER, State.UNCERTAIN])
    mine = letter.c.id == taken.id, letter.c.due_at == taken.lease, under_way
    with store.writing() as connection:
        connection.execute(update(letter).where(*mine).values(**values))
        if suppress is not None:
            of = select(subscriber.c.email_key).where(subscriber.c.id == taken.subscriber_id)
            key = connection.execute(of).scalar()
            if key is not None:
                detail = f"{taken.kind}: {outcome.reason}"
                connection.execute(insert(suppression).values(email_key=key, reason=suppress, detail=detail, at=now))


def any_due(store: Store, now: datetime) -> bool:
    """Whether a letter is due, or a sign-up waits to be taken in, or for its turn."""
    late = letter.c.state.in_([*_WAITING, State.CLAIMED, State.HANDED_OVER]) & (letter.c.due_at <= now)
    with store.reading() as connection:
        if connection.execute(select(sign_up.c.id).where(sign_up.c.taken_at.is_(None)).limit(1)).first():
            return True
        return connection.execute(select(letter.c.id).where(late).limit(1)).first() is not None


def _read(connection: Connection, ids: Sequence[int], *more: Any) -> tuple[LetterRecord, ...]:
    query = (
        select(
            letter.c.id.label("letter_id"),
            *(letter.c[name] for name in _LETTER),
            *(subscriber.c[name].label(f"own_{name}") for name in _OWN),
            *(sign_up.c[name] for name in ("email", "feeds", "language", "timezone", "expires_at")),
            exists().where(suppression.c.email_key == subscriber.c.email_key).label("suppressed"),
        )
        .join(subscriber, subscriber.c.id == letter.c.subscriber_id)
        .outerjoin(sign_up, sign_up.c.id == letter.c.sign_up_id)
        .where(letter.c.id.in_(ids), *more)
        .order_by(letter.c.id)
    )
    rows = connection.execute(query).all()
    chosen = _chosen(connection, [row.own_id for row in rows])
    offered = set(connection.execute(select(concept_feed.c.slug).where(concept_feed.c.retired_at.is_(None))).scalars())
    return tuple(_record(row, chosen.get(row.own_id, ()), offered) for row in rows)


def _record(row: Any, own_feeds: tuple[str, ...], offered: Container[str]) -> LetterRecord:
    kind, standing = LetterKind(row.kind), Standing(row.own_standing)
    # Before the button is pressed, nothing of what was asked for is the person's.
    asking = kind is LetterKind.CONFIRMATION and row.sign_up_id is not None
    feeds = own_feeds
    if row.feeds is not None:
        had = own_feeds if kind is LetterKind.ALREADY else ()
        feeds = tuple(slug for slug in row.feeds if slug in offered and slug not in had)
    return LetterRecord(
        id=row.letter_id,
        kind=kind,
        created_at=row.created_at,
        attempts=row.attempts,
        message_id=row.message_id,
        lease=row.due_at,
        subscriber_id=row.own_id,
        email=row.email if asking else row.own_email,
        name="" if kind in ANSWERS else row.own_name,
        standing=standing,
        language=row.language if asking else row.own_language,
        wish=Wish(row.own_cadence, row.own_weekday, row.own_hour, row.timezone if asking else row.own_timezone),
        max_papers=row.own_max_papers,
        next_due=row.own_next_due,
        feeds=feeds,
        sign_up_id=row.sign_up_id,
        expires_at=row.expires_at,
        suppressed=row.suppressed,
    )


def _chosen(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    query = (
        select(subscription.c.subscriber_id, concept_feed.c.slug)
        .join(concept_feed, concept_feed.c.id == subscription.c.feed_id)
        .where(subscription.c.subscriber_id.in_(ids), concept_feed.c.retired_at.is_(None))
        .order_by(subscription.c.position, concept_feed.c.id)
    )
    found: dict[int, tuple[str, ...]] = {}
    for person, slug in connection.execute(query):
        found[person] = (*found.get(person, ()), slug)
    return found
