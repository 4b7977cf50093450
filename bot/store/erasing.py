"""Forgetting a person: nothing stays but a keyed hash, so that no file brings them back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from bot.models.deliveries import Digest
from bot.store.bulk import among
from bot.store.engine import Store
from bot.store.giving_back import lock_subscribers
from bot.store.tables import delivery, erased, sign_up, subscriber, suppression

#: An address key -> what stands for it by each secret key, the one to be written down first; see
#: `bot.subscribe.tokens.Tokens.pseudonyms`.
Pseudonyms = Callable[[str], Sequence[str]]


def erase(store: Store, subscriber_id: int, pseudonyms: Pseudonyms, now: datetime) -> bool:
    """Forget a person whole, in force once this returns; False where there is nobody.

    Choices, votes, evidence, what was shown, sign-ups and letters go. Deliveries stay as counts: without a subscriber,
    what they held, what the server said of them and what a mail was called. Whether the address must not be
    written to is kept with the hash, in place of the rows that name it.
    """
    with store.writing(lock="roster") as connection:
        lock_subscribers(connection, [subscriber_id])
        of = select(subscriber.c.email_key).where(subscriber.c.id == subscriber_id)
        key = connection.execute(of).scalar()
        if key is None:
            return False
        written = pseudonyms(key)
        of_address = suppression.c.email_key == key
        why = connection.execute(select(suppression.c.reason).where(of_address).order_by(suppression.c.id)).scalars()
        reason = why.first() or suppressed_when_erased(connection, key, pseudonyms)
        connection.execute(delete(erased).where(erased.c.pseudonym.in_(written)))
        connection.execute(insert(erased).values(pseudonym=written[0], at=now, suppressed=reason))
        bare = {"content": Digest(()).frozen(), "reply_text": "", "message_id": ""}
        connection.execute(update(delivery).where(delivery.c.subscriber_id == subscriber_id).values(**bare))
        connection.execute(delete(sign_up).where(sign_up.c.email_key == key))
        connection.execute(delete(suppression).where(of_address))
        connection.execute(delete(subscriber).where(subscriber.c.id == subscriber_id))
    return True


def erased_among(connection: Connection, email_keys: Iterable[str], pseudonyms: Pseudonyms) -> set[str]:
    """Those of some address keys whose people were erased: nobody but they themselves brings them back."""
    # Mostly nobody was, and then nothing has to be hashed for a roster of a million.
    if connection.execute(select(erased.c.pseudonym).limit(1)).first() is None:
        return set()
    stands_for = {pseudonym: key for key in email_keys for pseudonym in pseudonyms(key)}
    found = connection.execute(select(erased.c.pseudonym).where(among(connection, erased.c.pseudonym, [*stands_for])))
    return {stands_for[pseudonym] for pseudonym in found.scalars()}


def suppressed_when_erased(connection: Connection, email_key: str, pseudonyms: Pseudonyms) -> str:
    """Why an address must not be written to though its person was erased; empty where there is no reason."""
    of_address = erased.c.pseudonym.in_(pseudonyms(email_key))
    return next(iter(connection.execute(select(erased.c.suppressed).where(of_address)).scalars()), "")


def lift(connection: Connection, email_key: str, pseudonyms: Pseudonyms) -> None:
    """Take somebody who was erased, and came back by themselves, for anybody else."""
    connection.execute(delete(erased).where(erased.c.pseudonym.in_(pseudonyms(email_key))))
