"""Digests of old go, and what they leave: accounts, and that a paper was shown."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, insert, select, update

from bot.models.deliveries import State
from bot.models.runs import RunState
from bot.settings import Settings
from bot.store import runs
from bot.store.engine import Store
from bot.store.retention import KEPT, forget_old
from bot.store.tables import delivery, run
from bot.wiring import App
from tests.deliver.rows import NOW, change, fill, states, still_shown

LATER = NOW + KEPT + timedelta(seconds=1)


def close(store: Store) -> int:
    """One run, closed, with three deliveries of which two were sent."""
    fill(store, 3)
    for number, state in enumerate((State.SENT, State.SENT, State.SKIPPED)):
        change(store, number, state=state)
    assert runs.close_runs(store, NOW) == 1
    with store.reading() as connection:
        found: int = connection.execute(select(run.c.id)).scalar_one()
    return found


def test_a_year_and_a_month_later_deliveries_go_and_the_account_stays(store: Store) -> None:
    number = close(store)
    assert (forget_old(store, NOW + KEPT), len(states(store))) == (0, 3)
    before = runs.run_by_id(store, number)
    assert (forget_old(store, LATER), states(store)) == (3, [])
    assert runs.run_by_id(store, number) == before
    assert (before.state, before.adds_up, before.counts) == (RunState.CLOSED, True, {State.SENT: 2, State.SKIPPED: 1})
    # What they held never comes again.
    assert still_shown(store) == 6
    assert forget_old(store, LATER) == 0


def test_what_may_still_change_stays(store: Store) -> None:
    fill(store, 2)
    assert forget_old(store, LATER) == 0
    close_to = State.SENT, State.DEFERRED
    for number, state in enumerate(close_to):
        change(store, number, state=state)
    assert (runs.close_runs(store, NOW), forget_old(store, LATER), len(states(store))) == (0, 0, 2)


def test_one_call_does_so_much_and_whole_runs(store: Store) -> None:
    first = close(store)
    with store.writing() as connection:
        second = connection.execute(
            insert(run).values(planned_at=NOW - timedelta(days=1), chosen=1, passed_over="{}").returning(run.c.id)
        ).scalar_one()
        mine = select(func.min(delivery.c.id)).scalar_subquery()
        connection.execute(update(delivery).where(delivery.c.id == mine).values(run_id=second))
        connection.execute(update(run).where(run.c.id == first).values(chosen=2, closed_at=None))
    assert runs.close_runs(store, NOW) == 2
    assert [forget_old(store, LATER, most=1) for _ in range(3)] == [1, 2, 0]


def test_runs_that_chose_nobody_go_whole(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(insert(run).values(planned_at=NOW, chosen=0, passed_over="{}", closed_at=NOW))
        connection.execute(insert(run).values(planned_at=LATER, chosen=0, passed_over="{}", closed_at=LATER))
    forget_old(store, LATER)
    assert [one.planned_at for one in runs.runs(store)] == [LATER]


def test_it_is_done_at_night_by_the_clock_of_the_place(store: Store) -> None:
    close(store)
    moment = LATER.replace(hour=10)
    for zone, left in (("UTC", 3), ("Europe/Berlin", 3), ("America/Los_Angeles", 0)):
        App(Settings(timezone=zone), store, lambda: moment).tidy()
        assert len(states(store)) == left
