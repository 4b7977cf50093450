"""Runs: listed with their accounts, held up, cancelled, and closed when each delivery has come to an end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, insert, or_, select, update

from bot.errors import RefusedError, UnknownError
from bot.models.deliveries import CLOSED, OPEN, Digest, State
from bot.models.runs import RunState, state_of
from bot.store.engine import Store
from bot.store.giving_back import Given, give_back, lock_subscribers
from bot.store.tables import account, delivery, run

#: Why deliveries of a cancelled run are skipped.
CANCELLED = "cancelled"

#: A run that was closed too early, because planning it was not over, is opened again if it is no older.
REOPEN_WITHIN = timedelta(days=30)

#: Of a cancelled run: surely nothing of these has arrived. A sender that has one claimed is stopped before the dot.
_UNSENT = (State.QUEUED, State.DEFERRED, State.CLAIMED)
#: Deliveries that are skipped in one transaction.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run, with what became of its deliveries so far."""

    id: int
    planned_at: datetime
    chosen: int
    paused_at: datetime | None
    cancelled_at: datetime | None
    closed_at: datetime | None
    #: Deliveries by state, in the order of `State`; those that none is in are left out.
    counts: Mapping[State, int] = field(default_factory=dict)
    #: Subscribers who were due and get no mail, by reason.
    passed_over: Mapping[str, int] = field(default_factory=dict)

    @property
    def state(self) -> RunState:
        """How it is doing."""
        return state_of(self.paused_at, self.cancelled_at, self.closed_at)

    @property
    def still_open(self) -> int:
        """Deliveries that have not come to an end."""
        return sum(self.counts.get(state, 0) for state in OPEN)

    @property
    def adds_up(self) -> bool:
        """Whether each delivery that was chosen is in one state."""
        return self.chosen == self.still_open + sum(self.counts.get(state, 0) for state in CLOSED)


def runs(store: Store, limit: int | None = None, before: int | None = None) -> list[RunRecord]:
    """The newest runs, newest first.

    Args:
        before: only those that were planned before the run of this id.
    """
    query = _records().order_by(run.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(run.c.id < before)
    with store.reading() as connection:
        found = connection.execute(query).all()
        counts = _counts(connection, [row.id for row in found])
    return [_record(row, counts.get(row.id, {})) for row in found]


def run_by_id(store: Store, run_id: int) -> RunRecord:
    """One run.

    Raises:
        UnknownError: there is none.
    """
    with store.reading() as connection:
        row = connection.execute(_records().where(run.c.id == run_id)).first()
        counts = _counts(connection, [run_id])
    if row is None:
        raise unknown_run(run_id)
    return _record(row, counts.get(run_id, {}))


def unknown_run(run_id: int) -> UnknownError:
    """That there is no such run."""
    return UnknownError("run", str(run_id), mend="`bot runs list` names them")


def reasons(store: Store, run_id: int) -> list[tuple[State, str, int]]:
    """Why deliveries of a run were not sent: (state, reason, how many), most frequent first."""
    number = func.count()
    query = (
        select(delivery.c.state, delivery.c.reason, number)
        .where(delivery.c.run_id == run_id, delivery.c.state.in_(CLOSED), delivery.c.reason != "")
        .group_by(delivery.c.state, delivery.c.reason)
        .order_by(number.desc(), delivery.c.state, delivery.c.reason)
    )
    with store.reading() as connection:
        return [(State(state), reason, count) for state, reason, count in connection.execute(query)]


def account_of(store: Store, run_id: int) -> dict[State, int]:
    """How many deliveries of a run are in each state; in the order of `State`, those that none is in left out."""
    with store.reading() as connection:
        return _counts(connection, [run_id]).get(run_id, {})


def pause(store: Store, run_id: int, now: datetime) -> bool:
    """Claim nothing more of a run; what is claimed is finished. False if it is paused already.

    Raises:
        UnknownError: there is no such run.
        RefusedError: it is closed or cancelled.
    """
    with store.writing() as connection:
        row = _changeable(connection, run_id)
        if row.paused_at is None:
            connection.execute(update(run).where(run.c.id == run_id).values(paused_at=now))
    return row.paused_at is None


def resume(store: Store, run_id: int) -> bool:
    """Go on with a run; False if it was not paused.

    Raises:
        UnknownError: there is no such run.
        RefusedError: it was cancelled.
    """
    with store.writing() as connection:
        row = _changeable(connection, run_id, closed_too=True)
        if row.paused_at is not None:
            connection.execute(update(run).where(run.c.id == run_id).values(paused_at=None))
    return row.paused_at is not None


def cancel(store: Store, run_id: int, now: datetime) -> int:
    """Send no more of a run; how many deliveries were skipped for it.

    What was not handed over gives its papers back, so that they come in the next digest; what was stays as it is. A
    cancelled run may be cancelled again, to finish what was broken off.

    Raises:
        UnknownError: there is no such run.
        RefusedError: it is closed.
    """
    with store.writing() as connection:
        row = _locked(connection, run_id)
        if row.cancelled_at is None:
            _changeable(connection, run_id)
            connection.execute(update(run).where(run.c.id == run_id).values(cancelled_at=now, paused_at=None))
    return skip_cancelled(store, now)


def skip_cancelled(store: Store, now: datetime) -> int:
    """Skip what cancelled runs still have in the outbox; how many deliveries."""
    skipped = 0
    while (done := _skip_some(store, now)) is not None:
        skipped += done
    return skipped


def close_runs(store: Store, now: datetime) -> int:
    """How many runs were closed: those whose deliveries are all there and none of them open.

    A run is closed with its account, in one transaction; the database takes no account that does not add up, and a
    run without one stays open. A run that was closed and has open deliveries again (planned later, or sent once more)
    is opened.
    """
    there = select(func.count()).where(delivery.c.run_id == run.c.id).scalar_subquery()
    complete = (run.c.closed_at.is_(None), ~_has_open(), run.c.chosen > 0, run.c.chosen == there)
    with store.writing() as connection:
        reopen(connection, run.c.planned_at >= now - REOPEN_WITHIN, _has_open())
        ids = connection.execute(select(run.c.id).where(*complete).with_for_update(key_share=True)).scalars().all()
        return sum(_close(connection, run_id, now) for run_id in ids)


def reopen(connection: Connection, *which: ColumnElement[bool]) -> None:
    """Open these runs again, as far as they are closed: what their deliveries came to is not the last word."""
    query = select(run.c.id).where(run.c.closed_at.is_not(None), *which).with_for_update(key_share=True)
    ids = connection.execute(query).scalars().all()
    if ids:
        connection.execute(delete(account).where(account.c.run_id.in_(ids)))
        connection.execute(update(run).where(run.c.id.in_(ids)).values(closed_at=None))


def reopen_for(connection: Connection, run_id: int) -> None:
    """Open a run again if it is closed; whoever is closing it is waited for."""
    connection.execute(select(run.c.id).where(run.c.id == run_id).with_for_update(key_share=True)).all()
    reopen(connection, run.c.id == run_id)


def held(connection: Connection) -> Sequence[int]:
    """Runs of which nothing is to be claimed: paused or cancelled ones."""
    query = select(run.c.id).where(or_(run.c.paused_at.is_not(None), run.c.cancelled_at.is_not(None)))
    return connection.execute(query).scalars().all()


def is_held(store: Store, run_id: int) -> bool:
    """Whether a run is paused or cancelled."""
    with store.reading() as connection:
        return run_id in held(connection)


def _has_open() -> ColumnElement[bool]:
    return exists().where(delivery.c.run_id == run.c.id, delivery.c.state.in_(OPEN))


def _close(connection: Connection, run_id: int, now: datetime) -> int:
    sums = {state.value: func.count().filter(delivery.c.state == state) for state in CLOSED}
    of_run = (
        select(delivery.c.run_id, run.c.chosen, *sums.values())
        .join(run, run.c.id == delivery.c.run_id)
        .where(delivery.c.run_id == run_id)
        .group_by(delivery.c.run_id, run.c.chosen)
        # Somebody may have queued one of them since: then it is for the next round.
        .having(run.c.chosen == func.count().filter(delivery.c.state.in_(CLOSED)))
    )
    connection.execute(delete(account).where(account.c.run_id == run_id))
    connection.execute(insert(account).from_select(["run_id", "chosen", *sums], of_run))
    written = exists().where(account.c.run_id == run_id)
    return connection.execute(update(run).where(run.c.id == run_id, written).values(closed_at=now)).rowcount


def _skip_some(store: Store, now: datetime) -> int | None:
    """How many of a batch were skipped; None if there is no more."""
    query = (
        select(delivery.c.id, delivery.c.subscriber_id, delivery.c.window_start, delivery.c.content)
        .join(run, run.c.id == delivery.c.run_id)
        .where(run.c.cancelled_at.is_not(None), delivery.c.state.in_(_UNSENT))
        .order_by(delivery.c.id)
        .limit(_BATCH)
    )
    with store.writing() as connection:
        rows = {row.id: row for row in connection.execute(query)}
        if not rows:
            return None
        lock_subscribers(connection, (row.subscriber_id for row in rows.values() if row.subscriber_id is not None))
        done = connection.execute(
            update(delivery)
            .where(delivery.c.id.in_(list(rows)), delivery.c.state.in_(_UNSENT))
            .values(state=State.SKIPPED, reason=CANCELLED, settled_at=now, claimed_until=None)
            .returning(delivery.c.id, delivery.c.subscriber_id, delivery.c.doubted_at)
        ).all()
        give_back(
            connection,
            [
                Given(one.subscriber_id, rows[one.id].window_start, Digest.thawed(rows[one.id].content).paper_ids)
                for one in done
                # What may have arrived the first time keeps its papers; whoever is erased has none.
                if one.doubted_at is None and one.subscriber_id is not None
            ],
        )
    return len(done)


def _locked(connection: Connection, run_id: int) -> Any:
    row = connection.execute(_records().where(run.c.id == run_id).with_for_update(key_share=True)).first()
    if row is None:
        raise unknown_run(run_id)
    return row


def _changeable(connection: Connection, run_id: int, *, closed_too: bool = False) -> Any:
    row = _locked(connection, run_id)
    if row.cancelled_at is not None:
        raise RefusedError("run", str(run_id), "it was cancelled, and what it had not sent comes in the next digests")
    if row.closed_at is not None and not closed_too:
        raise RefusedError("run", str(run_id), "it is closed: each of its deliveries has come to an end")
    return row


def _records() -> Select[*tuple[Any, ...]]:
    return select(run)


def _record(row: Any, counts: Mapping[State, int]) -> RunRecord:
    return RunRecord(
        id=row.id,
        planned_at=row.planned_at,
        chosen=row.chosen,
        paused_at=row.paused_at,
        cancelled_at=row.cancelled_at,
        closed_at=row.closed_at,
        counts=counts,
        passed_over=json.loads(row.passed_over),
    )


def _counts(connection: Connection, ids: Sequence[int]) -> dict[int, dict[State, int]]:
    query = (
        select(delivery.c.run_id, delivery.c.state, func.count())
        .where(delivery.c.run_id.in_(ids))
        .group_by(delivery.c.run_id, delivery.c.state)
    )
    found = {(run_id, State(state)): int(count) for run_id, state, count in connection.execute(query)}
    counts = {one: {s: found[one, s] for s in State if (one, s) in found} for one in ids}
    # Deliveries are forgotten some day (`bot.store.retention`), the account is not.
    bare = [one for one, of_run in counts.items() if not of_run]
    if bare:
        for row in connection.execute(select(account).where(account.c.run_id.in_(bare))).mappings():
            counts[row["run_id"]] = {state: row[state.value] for state in CLOSED if row[state.value]}
    return counts
