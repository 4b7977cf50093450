"""What a sender writes down: that a message is handed over, and what became of it; durably, and many at once.

A claim holds a lease. Whoever writes on must still hold that very lease, and the state must allow it
(`TRANSITIONS`), so that of two senders who both believe that a delivery is theirs, one is stopped before
the final dot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Update, case, insert, select, update

from bot.models.deliveries import OPEN, TRANSITIONS, Claim, Outcome, Phase, Reply, State
from bot.models.subscribers import Standing, address_key
from bot.models.suppressions import SuppressionReason
from bot.store.bulk import relation, run
from bot.store.engine import Store
from bot.store.giving_back import Given, give_back, lock_subscribers
from bot.store.outbox import lost
from bot.store.runs import reopen_for
from bot.store.tables import delivery, suppression

#: Of the server's words, and of a reason.
_TEXT_LENGTH = 500
_UNSENT = frozenset({State.FAILED, State.SUPPRESSED, State.SKIPPED})
#: What touches nothing but its own row, and is written for all at once.
_PLAIN = frozenset({State.SENT, State.DEFERRED, State.QUEUED})
#: The state, so written that no index on it is used: SQLite would go through all that are claimed, and through the
#: list for each, where it is to find each of the list by its id.
_STATE = "(delivery.state || '')"
_SETTLE_ALL = f"""
update delivery set
    state = one.state,
    phase = coalesce(one.phase, delivery.phase),
    reply_code = coalesce(one.reply_code, delivery.reply_code),
    reply_enhanced = coalesce(one.reply_enhanced, delivery.reply_enhanced),
    reply_text = coalesce(one.reply_text, delivery.reply_text),
    attempts = delivery.attempts + one.attempts,
    due_at = coalesce(one.due_at, delivery.due_at),
    settled_at = coalesce(one.settled_at, delivery.settled_at),
    reason = case when one.settled_at is null then delivery.reason else one.reason end,
    claimed_until = null
from {{rows}}
where delivery.id = one.id and delivery.claimed_until = one.claimed_until and (
    {_STATE} = '{State.HANDED_OVER}' and one.state in ('{State.SENT}', '{State.DEFERRED}')
    or {_STATE} = '{State.CLAIMED}' and one.state in ('{State.DEFERRED}', '{State.QUEUED}'))
returning delivery.id
"""  # noqa: S608 (words of our own)

#: Where consent still holds, and the run is not held up. Written out, since it is done for each message, and building
#: such a statement anew takes longer than the database does.
_HAND_OVER = f"""
update delivery set state = '{State.HANDED_OVER}', phase = '{Phase.DOT}', claimed_until = one.until
from {{rows}}
where delivery.id = one.id and delivery.claimed_until = one.claimed_until and {_STATE} = '{State.CLAIMED}'
and not exists (
    select 1 from run
    where run.id = delivery.run_id and (run.paused_at is not null or run.cancelled_at is not null))
and exists (
    select 1 from subscriber
    where subscriber.id = delivery.subscriber_id and subscriber.standing = '{Standing.ACTIVE}'
    and not exists (select 1 from suppression where suppression.email_key = subscriber.email_key))
returning delivery.id
"""  # noqa: S608 (words of our own)


class Settlement(NamedTuple):
    """What became of a delivery."""

    taken: Claim
    outcome: Outcome
    #: Kept as the last one; None where the server was not asked, or had no say in it.
    reply: Reply | None = None
    #: Closes the address in the same transaction.
    suppress: SuppressionReason | None = None


class Written(NamedTuple):
    """What of it was written down; the rest is the caller's no more, or must not be sent now."""

    #: By delivery: the claim with its fresh lease.
    handed_over: dict[int, Claim]
    settled: set[int]


def write_down(
    store: Store,
    now: datetime,
    lease: timedelta,
    *,
    settled: Sequence[Settlement] = (),
    handed_over: Sequence[Claim] = (),
) -> Written:
    """In one transaction: what became of deliveries, and then which ones are about to be handed over.

    Handing over is written right before the final dot: a sender that dies afterwards leaves the delivery in doubt. It
    is not written, and the dot must not be sent, where the subscriber has left or was suppressed since the claim, or
    the run is held up.

    What was never sent gives its papers back, so that they may still reach the subscriber. What is in doubt can
    still be sent or failed, by a late reply, but not go back as if never sent: `bot.store.outbox.recover` alone
    queues it again.
    """
    with store.writing() as connection:
        done = _settle_all(connection, [one for one in settled if one.outcome.state in _PLAIN], now)
        others = [one for one in settled if one.taken.delivery_id not in done]
        lock_subscribers(connection, _giving_back(others))
        done |= {one.taken.delivery_id for one in others if _settle(connection, one, now)}
        return Written(_hand_over(connection, handed_over, now + lease), done)


def hand_over(store: Store, taken: Claim, now: datetime, lease: timedelta) -> Claim | None:
    """The claim, handed over, with a fresh lease; None if it is not; see `write_down`."""
    return write_down(store, now, lease, handed_over=[taken]).handed_over.get(taken.delivery_id)


def settle(
    store: Store,
    taken: Claim,
    outcome: Outcome,
    now: datetime,
    reply: Reply | None = None,
    suppress: SuppressionReason | None = None,
) -> bool:
    """Write down what became of a delivery; False if it is the caller's no more; see `write_down`."""
    one = Settlement(taken, outcome, reply, suppress)
    return bool(write_down(store, now, timedelta(), settled=[one]).settled)


def _hand_over(connection: Connection, claims: Sequence[Claim], until: datetime) -> dict[int, Claim]:
    if not claims:
        return {}
    rows, parameters = relation(
        connection,
        delivery,
        {
            "id": [taken.delivery_id for taken in claims],
            "claimed_until": [taken.claimed_until for taken in claims],
            "until": [until] * len(claims),
        },
        {"until": "claimed_until"},
    )
    done = {row[0] for row in run(connection, _HAND_OVER.format(rows=rows), parameters)}
    return {one.delivery_id: one._replace(claimed_until=until) for one in claims if one.delivery_id in done}


def _settle_all(connection: Connection, some: Sequence[Settlement], now: datetime) -> set[int]:
    """Those that were written: not what is in doubt by now, which `_settle` sees to, and not what is no longer ours."""
    if not some:
        return set()
    replies = [one.reply for one in some]
    final = [one.outcome.state not in OPEN for one in some]
    rows, parameters = relation(
        connection,
        delivery,
        {
            "id": [one.taken.delivery_id for one in some],
            "claimed_until": [one.taken.claimed_until for one in some],
            "state": [one.outcome.state.value for one in some],
            "phase": [reply and reply.phase.value for reply in replies],
            "reply_code": [reply and reply.code for reply in replies],
            "reply_enhanced": [reply and reply.enhanced for reply in replies],
            "reply_text": [reply and reply.text[:_TEXT_LENGTH] for reply in replies],
            "attempts": [int(one.outcome.tried) for one in some],
            "due_at": [one.outcome.due_at for one in some],
            "settled_at": [now if ended else None for ended in final],
            "reason": [one.outcome.reason[:_TEXT_LENGTH] for one in some],
        },
    )
    return {row[0] for row in run(connection, _SETTLE_ALL.format(rows=rows), parameters)}


def _giving_back(some: Sequence[Settlement]) -> list[int]:
    ids = (one.taken.subscriber_id for one in some if one.outcome.state in _UNSENT)
    return [subscriber_id for subscriber_id in ids if subscriber_id is not None]


def _settle(connection: Connection, one: Settlement, now: datetime) -> bool:
    taken, outcome, reply, suppress = one
    # What is in doubt was counted when it came into doubt: a late reply is to the same try.
    tried = case((delivery.c.state == State.UNCERTAIN, 0), else_=int(outcome.tried))
    values: dict[str, Any] = {"state": outcome.state, "attempts": delivery.c.attempts + tried}
    if reply is not None:
        values |= {"phase": reply.phase, "reply_code": reply.code}
        values |= {"reply_enhanced": reply.enhanced, "reply_text": reply.text[:_TEXT_LENGTH]}
    if outcome.due_at is not None:
        values["due_at"] = outcome.due_at
    if outcome.state not in OPEN:
        values |= {"settled_at": now, "reason": outcome.reason[:_TEXT_LENGTH]}
    if outcome.state is State.UNCERTAIN:
        # The lease stays: the reply may yet come, and then it counts.
        values["reason"] = lost()
    else:
        values["claimed_until"] = None
    query = select(delivery.c.state, delivery.c.doubted_at).where(delivery.c.id == taken.delivery_id)
    before = connection.execute(query.with_for_update()).first()
    mine = _step(taken, outcome.state)
    if outcome.state is State.QUEUED:
        # Of what is in doubt, it would be sent a third time, and be settled and open at once.
        mine = mine.where(delivery.c.state == State.CLAIMED)
    if before is None or not connection.execute(mine.values(values)).rowcount:
        return False
    if before.state == State.UNCERTAIN:
        reopen_for(connection, taken.run_id)
    # What may have arrived at an earlier try keeps its papers.
    if outcome.state in _UNSENT and before.doubted_at is None and taken.subscriber_id is not None:
        give_back(connection, [Given(taken.subscriber_id, taken.window_start, taken.digest.paper_ids)])
    if suppress is not None:
        row = {"email_key": address_key(taken.email), "reason": suppress, "detail": str(reply or "")[:_TEXT_LENGTH]}
        connection.execute(insert(suppression).values(**row, at=now))
    return True


def _step(taken: Claim, to: State) -> Update:
    """An update of this delivery alone, if its state allows it and the lease is still the caller's."""
    before = [state for state, then in TRANSITIONS.items() if to in then]
    return update(delivery).where(
        delivery.c.id == taken.delivery_id,
        delivery.c.claimed_until == taken.claimed_until,
        delivery.c.state.in_(before),
    )
