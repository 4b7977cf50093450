"""The button in a confirmation: what it would do, and doing it, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, exists, insert, select, update

from bot.models.letters import LetterKind
from bot.models.subscribers import Standing, Wish
from bot.store.engine import Store
from bot.store.erasing import Pseudonyms, lift
from bot.store.giving_back import lock_subscribers
from bot.store.letters import queue_letter, wake
from bot.store.signups import subscribe
from bot.store.tables import concept_feed, evidence, sign_up, subscriber, subscription, suppression


class Step(StrEnum):
    """What the button of a sign-up does, or has done."""

    BEGIN = "begin"
    """Digests begin, or begin again."""
    ADD = "add"
    """Feeds are added to those of somebody who gets digests already."""
    DONE = "done"
    """Nothing: it was pressed before."""


@dataclass(frozen=True, slots=True)
class Request:
    """A sign-up whose link is opened."""

    step: Step
    subscriber_id: int
    email: str
    language: str
    #: Slugs of those on offer that the button brings, in the order asked for.
    feeds: tuple[str, ...]


def look(store: Store, sign_up_id: int, now: datetime) -> Request | None:
    """What the button of a sign-up would do; None where its link is not good, whatever the reason. Changes nothing."""
    with store.reading() as connection:
        return _look(connection, sign_up_id, now)


def confirm(
    store: Store,
    sign_up_id: int,
    *,
    next_due: Callable[[Wish], datetime],
    pseudonyms: Pseudonyms,
    how: str,
    wording: str,
    network: str,
    now: datetime,
) -> Request | None:
    """Press the button, in force once this returns: what it did, as `look` gives it.

    The link is used up by the change itself, so that of two who press at once one does it. Whoever was pending, or had
    left, is active with what this sign-up asked for; an active or paused one keeps all and gets the feeds in addition.

    Args:
        next_due: reckons the first occasion.
        how: by which button, for the evidence.
        wording: the words beside it.
        network: from where, cut.
    """
    with store.writing() as connection:
        seen = _look(connection, sign_up_id, now)
        if seen is None or seen.step is Step.DONE:
            return seen
        # The person first and the sign-up after, as erasing does; then all is as it will stay.
        lock_subscribers(connection, [seen.subscriber_id])
        request = _look(connection, sign_up_id, now)
        mine = sign_up.c.id == sign_up_id, sign_up.c.confirmed_at.is_(None)
        if request is None or request.step is Step.DONE:
            return request
        asked = connection.execute(update(sign_up).where(*mine).values(confirmed_at=now).returning(sign_up)).one()
        if request.step is Step.BEGIN:
            _begin(connection, asked, next_due, now)
            lift(connection, asked.email_key, pseudonyms)
        added = subscribe(connection, request.subscriber_id, request.feeds, now)
        what = "confirmed" if request.step is Step.BEGIN else "changed"
        said = {"what": what, "how": how, "wording": wording, "network": network}
        connection.execute(insert(evidence).values(subscriber_id=request.subscriber_id, at=now, **said))
        if request.step is Step.BEGIN or added:
            kind = LetterKind.WELCOME if request.step is Step.BEGIN else LetterKind.CHANGED
            queue_letter(connection, kind, request.subscriber_id, now)
            wake(connection)
    return request


def _look(connection: Connection, sign_up_id: int, now: datetime) -> Request | None:
    query = (
        select(sign_up, subscriber.c.standing, subscriber.c.language.label("spoken"))
        .join(subscriber, subscriber.c.id == sign_up.c.subscriber_id)
        .where(
            sign_up.c.id == sign_up_id,
            sign_up.c.expires_at > now,
            ~exists().where(suppression.c.email_key == subscriber.c.email_key),
        )
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    step = Step.DONE if row.confirmed_at is not None else Step.BEGIN
    if step is Step.BEGIN and row.standing in {Standing.ACTIVE, Standing.PAUSED}:
        step = Step.ADD
    offered = select(concept_feed.c.slug).where(concept_feed.c.slug.in_(row.feeds), concept_feed.c.retired_at.is_(None))
    slugs = set(connection.execute(offered).scalars())
    spoken = row.language if step is Step.BEGIN else row.spoken
    return Request(step, row.subscriber_id, row.email, spoken, tuple(slug for slug in row.feeds if slug in slugs))


def _begin(connection: Connection, asked: Any, next_due: Callable[[Wish], datetime], now: datetime) -> None:
    """Make a subscriber active, with what was asked for instead of what there was."""
    of = subscriber.c.id == asked.subscriber_id
    row = connection.execute(select(subscriber).where(of)).one()
    wish = Wish(row.cadence, row.weekday, row.hour, asked.timezone)
    values: dict[str, object] = {
        "standing": Standing.ACTIVE,
        "email": asked.email,
        "name": asked.name or row.name,
        "language": asked.language,
        "timezone": asked.timezone,
        "next_due": next_due(wish),
        # Whoever comes back after a year does not want the year.
        "covered_until": None,
        "left_at": None,
        "left_from": "",
        "paused_until": None,
    }
    connection.execute(update(subscriber).where(of).values(**values))
    connection.execute(delete(subscription).where(subscription.c.subscriber_id == asked.subscriber_id))
