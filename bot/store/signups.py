"""Sign-ups: written down, taken in, and forgotten when nobody confirms them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from bot.models.deliveries import State
from bot.models.letters import ANSWERS, LetterKind
from bot.models.rosters import RosterRow
from bot.models.signups import LIFETIME, TURN, Asked, Limit, SignUpLimits
from bot.models.subscribers import Standing
from bot.store.bulk import insert_all
from bot.store.engine import Store
from bot.store.erasing import Pseudonyms, suppressed_when_erased
from bot.store.letters import queue_letter, wake
from bot.store.tables import (
    concept_feed,
    evidence,
    letter,
    sign_up,
    subscriber,
    subscription,
    suppression,
)
from bot.store.tallies import forget_tallies, spend

#: Sign-ups that are taken in by one transaction.
AT_ONCE = 100
#: Letters that were sent, or will not be, are kept so long, to be looked at.
LETTERS_KEPT = timedelta(days=30)
#: Where a letter never arrived, somebody who asks again gets one at once.
_IN_VAIN = (State.FAILED, State.SKIPPED, State.SUPPRESSED, State.UNCERTAIN)
_UNDECIDED = sign_up.c.taken_at.is_(None) & sign_up.c.subscriber_id.is_(None)
_WAITS_FOR_TURN = sign_up.c.taken_at.is_(None) & sign_up.c.subscriber_id.is_not(None)


def ask(store: Store, asked: Asked, limits: SignUpLimits, now: datetime) -> bool:
    """Write a sign-up down; False, and nothing is written, where there have been too many.

    The same is done for every address, known or not; see `take_in` for what follows.
    """
    with store.writing() as connection:
        # The narrow one first, so that one network does not use up what is everybody's.
        if not spend(connection, f"sign-up {asked.network}", limits.network, now):
            return False
        if not spend(connection, "sign-up", limits.all, now):
            return False
        values = {
            "email": asked.email,
            "email_key": asked.email_key,
            "name": asked.name,
            "feeds": list(asked.feeds),
            "language": asked.language,
            "timezone": asked.timezone,
            "wording": asked.wording,
            "network": asked.network,
        }
        connection.execute(insert(sign_up).values(at=now, expires_at=now + LIFETIME, **values))
        wake(connection)
    return True


def take_in(store: Store, pseudonyms: Pseudonyms, limits: SignUpLimits, now: datetime) -> int:
    """Decide of the sign-ups that wait what follows, and promise the letters that do; how many were looked at.

    Whoever is unknown becomes a pending subscriber. Nobody else is changed before the button in the letter is pressed.
    An address that must not be written to gets nothing, and none gets more letters than `limits` allow.
    """
    waiting = select(sign_up).where(_UNDECIDED).order_by(sign_up.c.id).limit(AT_ONCE)
    # Who imports may have the same people.
    with store.writing(lock="roster") as connection:
        rows = connection.execute(waiting).all()
        for row in rows:
            person = None
            if not _barred(connection, row.email_key, pseudonyms) and not _answered(connection, row, limits, now):
                person = _person(connection, row)
                _answer(connection, row, person, now)
            taken = {"taken_at": now, "subscriber_id": person.id if person else None}
            connection.execute(update(sign_up).where(sign_up.c.id == row.id).values(**taken))
    return len(rows)


def await_turn(
    connection: Connection, people: Mapping[int, RosterRow], language: str, wording: str, now: datetime
) -> None:
    """Have pending subscribers whom an admin brought in wait until they are asked to confirm, see `ask_waiting`.

    Args:
        connection: in a write transaction.
        people: by their ids, what was said of them.
        language: of those whose row does not say.
        wording: what they agree to, if they do.
    """
    columns: dict[str, Sequence[Any]] = {
        "subscriber_id": list(people),
        "email": [row.email for row in people.values()],
        "email_key": [row.email_key for row in people.values()],
        "name": [row.name for row in people.values()],
        "language": [row.language or language for row in people.values()],
    }
    same = {"at": now, "expires_at": now + TURN, "feeds": (), "timezone": "", "wording": wording, "network": ""}
    insert_all(connection, sign_up, columns, same)
    wake(connection)


def waiting_for_turn(store: Store) -> int:
    """How many people whom an admin brought in wait to be asked to confirm."""
    with store.reading() as connection:
        query = select(func.count()).select_from(sign_up).where(_WAITS_FOR_TURN)
        count: int = connection.execute(query).scalar_one()
    return count


def ask_waiting(store: Store, pseudonyms: Pseudonyms, limits: SignUpLimits, now: datetime) -> int:
    """Promise those whose turn it is a confirmation each; how many there were.

    What they are asked to confirm is what they have chosen now. Who has confirmed meanwhile, or was asked because they
    signed up themselves, is not asked again; all others go like everybody, if they do not answer.
    """
    waiting = select(sign_up).where(_WAITS_FOR_TURN).order_by(sign_up.c.id).limit(limits.brought_in.most)
    asked = 0
    with store.writing(lock="roster") as connection:
        for row in connection.execute(waiting).all():
            if not spend(connection, "brought in", limits.brought_in, now):
                break
            asked += _ask(connection, row, pseudonyms, limits, now)
    return asked


def _ask(connection: Connection, row: Any, pseudonyms: Pseudonyms, limits: SignUpLimits, now: datetime) -> bool:
    of_person = select(subscriber).where(subscriber.c.id == row.subscriber_id)
    one = connection.execute(of_person).one()
    pending = one.standing == Standing.PENDING and not _barred(connection, one.email_key, pseudonyms)
    values: dict[str, Any] = {"taken_at": now, "expires_at": now + LIFETIME}
    if pending and not _answered(connection, row, limits, now):
        chosen = (
            select(concept_feed.c.slug)
            .join(subscription, subscription.c.feed_id == concept_feed.c.id)
            .where(subscription.c.subscriber_id == one.id)
            .order_by(subscription.c.position, concept_feed.c.id)
        )
        values |= {"feeds": list(connection.execute(chosen).scalars())}
        values |= {name: getattr(one, name) for name in ("email", "name", "language", "timezone")}
        queue_letter(connection, LetterKind.CONFIRMATION, one.id, now, sign_up_id=row.id)
        how = "brought in by an admin"
        connection.execute(insert(evidence).values(subscriber_id=one.id, at=now, what="asked to confirm", how=how))
    connection.execute(update(sign_up).where(sign_up.c.id == row.id).values(**values))
    return "feeds" in values


def forget_unconfirmed(store: Store, now: datetime) -> int:
    """Delete what nobody confirmed in time, people and all; how many people went.

    Letters of old go as well, and tallies that no limit looks at any more.
    """
    asked = exists().where(sign_up.c.subscriber_id == subscriber.c.id)
    old = subscriber.c.standing == Standing.PENDING, subscriber.c.created_at <= now - LIFETIME
    with store.writing(lock="roster") as connection:
        connection.execute(delete(sign_up).where(sign_up.c.expires_at <= now))
        gone = connection.execute(delete(subscriber).where(*old, ~asked)).rowcount
        connection.execute(delete(letter).where(letter.c.settled_at < now - LETTERS_KEPT))
        forget_tallies(connection, now)
    return gone


def _barred(connection: Connection, email_key: str, pseudonyms: Pseudonyms) -> bool:
    """Whether the address must not be written to, be it known or forgotten."""
    known = select(suppression.c.id).where(suppression.c.email_key == email_key).limit(1)
    if connection.execute(known).first() is not None:
        return True
    return bool(suppressed_when_erased(connection, email_key, pseudonyms))


def _answered(connection: Connection, row: Any, limits: SignUpLimits, now: datetime) -> bool:
    """Whether the address has had all the answers that it may."""
    arrived = letter.c.kind.in_(ANSWERS), letter.c.state.not_in(_IN_VAIN)
    sent = select(func.count()).select_from(letter).join(sign_up, sign_up.c.id == letter.c.sign_up_id)
    of_address = sent.where(sign_up.c.email_key == row.email_key, *arrived)

    def is_used_up(limit: Limit) -> bool:
        count: int = connection.execute(of_address.where(letter.c.created_at > now - limit.window)).scalar_one()
        return count >= limit.most

    return is_used_up(limits.address) or is_used_up(limits.address_in_all)


def _person(connection: Connection, row: Any) -> Any:
    """The subscriber of that address; who is unknown becomes a pending one."""
    of_address = select(subscriber.c.id, subscriber.c.standing).where(subscriber.c.email_key == row.email_key)
    known = connection.execute(of_address).one_or_none()
    if known is not None:
        return known
    values = {name: getattr(row, name) for name in ("email", "email_key", "name", "language", "timezone")}
    made = insert(subscriber).values(standing=Standing.PENDING, created_at=row.at, **values)
    person = connection.execute(made.returning(subscriber.c.id, subscriber.c.standing)).one()
    subscribe(connection, person.id, row.feeds, row.at)
    return person


def subscribe(connection: Connection, subscriber_id: int, slugs: Sequence[str], now: datetime) -> int:
    """Add feeds on offer to what somebody has, in their order and after it; how many are new."""
    offered = select(concept_feed.c.slug, concept_feed.c.id).where(
        concept_feed.c.slug.in_(list(slugs)), concept_feed.c.retired_at.is_(None)
    )
    ids: dict[str, int] = dict(connection.execute(offered).all())
    mine = select(subscription.c.feed_id, subscription.c.position).where(subscription.c.subscriber_id == subscriber_id)
    there: dict[int, int] = dict(connection.execute(mine).all())
    new = [ids[slug] for slug in dict.fromkeys(slugs) if slug in ids and ids[slug] not in there]
    start = max(there.values(), default=-1) + 1
    rows = [
        {"subscriber_id": subscriber_id, "feed_id": feed, "position": start + place, "created_at": now}
        for place, feed in enumerate(new)
    ]
    if rows:
        connection.execute(insert(subscription), rows)
    return len(rows)


def _answer(connection: Connection, row: Any, person: Any, now: datetime) -> None:
    known = person.standing in {Standing.ACTIVE, Standing.PAUSED}
    kind = LetterKind.ALREADY if known else LetterKind.CONFIRMATION
    queue_letter(connection, kind, person.id, now, sign_up_id=row.id)
    said = {"what": "signed up", "how": "sign-up page", "wording": row.wording, "network": row.network}
    connection.execute(insert(evidence).values(subscriber_id=person.id, at=row.at, **said))
