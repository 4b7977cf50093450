"""A run that is far larger than any of the last weeks is held up while it is being planned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from bot.digests.plan import PlanReport, plan
from bot.models.deliveries import State
from bot.models.rosters import RosterRow
from bot.models.runs import RunState, UsualSize
from bot.models.subscribers import Wish, address_key
from bot.store import feeds, outbox, rosters, runs
from bot.store.engine import Store
from bot.store.rosters import Defaults
from bot.store.tables import alarm, delivery, run
from tests.builders import NOW, catalogue_feed, finding, save

DAY = timedelta(days=1)
LATER = NOW + timedelta(minutes=1)
#: Subscribers; planned fifty at once.
MANY, AT_ONCE = 130, 50


def clock() -> datetime:
    return NOW


@pytest.fixture
def crowd(store: Store) -> None:
    """As many as to be no small run, all of whom get something."""
    bring_in(store, NOW)


def bring_in(store: Store, now: datetime) -> None:
    """Subscribers, and a paper for them."""
    feeds.apply_catalogue(store, [catalogue_feed("one")], now)
    save(store, feeds.feed(store, "one").id, [finding(1)], lambda: now)
    emails = [f"reader{number}@reader.example" for number in range(MANY)]
    rows = [RosterRow(2, email, address_key(email), "", ("one",), Wish()) for email in emails]
    rosters.import_rows(
        store,
        rows,
        import_id=rosters.begin_import(store, "test", now),
        how="test",
        defaults=Defaults(Wish(), "en"),
        next_due=lambda _: now + DAY,
        now=now,
    )


def earlier(store: Store, *sizes: int, at: datetime = NOW - DAY, **values: object) -> None:
    """Runs that were planned and closed before."""
    with store.writing() as connection:
        for chosen in sizes:
            one = {"planned_at": at, "chosen": chosen, "passed_over": "{}", "closed_at": at, "reported_at": at}
            connection.execute(insert(run).values(**(one | values)))


def planned(store: Store, watch: Callable[[int], None] = lambda _: None) -> PlanReport:
    return plan(store, clock, everyone=True, at_once=AT_ONCE, progress=watch)


def alarms_of(store: Store) -> list[str]:
    with store.reading() as connection:
        return [f"{one.about}: {one.words}" for one in connection.execute(select(alarm))]


def test_it_is_held_up_in_the_batch_that_is_too_much(store: Store, crowd: None) -> None:
    earlier(store, 1, 8, 3)
    held: list[bool] = []
    report = planned(store, lambda _: held.append(runs.runs(store, 1)[0].state is RunState.PAUSED))
    # 50, 100 and 130 of them; 100 are never too many.
    assert held == [False, False, True]
    assert report == PlanReport(4, MANY, {}, UsualSize(3, 8))
    # It was planned to its end all the same.
    assert outbox.waiting(store, LATER) == outbox.Waiting(due=0, later=0, held=MANY)
    (words,) = alarms_of(store)
    assert words.startswith("run 4 was stopped: it is more than ten times the usual size: 130 digests so far")
    assert "the largest run of the last 35 days had 8;" in words
    assert runs.resume(store, 4)
    assert outbox.waiting(store, LATER).due == MANY


@pytest.mark.parametrize(
    ("sizes", "values"),
    [
        # Nobody can say what is usual, until three runs are known that chose somebody.
        ((), {}),
        ((1, 1, 0, 0), {}),
        # Ten times the largest is not more than ten times.
        ((1, 1, 13), {}),
        # A month ago there was a peak.
        ((1, 1, 1, 13), {"at": NOW - 35 * DAY}),
    ],
)
def test_it_is_not_held_up_where_it_may_be_usual(
    store: Store, crowd: None, sizes: tuple[int, ...], values: dict[str, datetime]
) -> None:
    earlier(store, *sizes, **values)
    assert planned(store).held is None
    assert outbox.waiting(store, LATER).due == MANY
    assert alarms_of(store) == []


def test_what_is_older_or_was_held_up_does_not_make_it_usual(store: Store, crowd: None) -> None:
    earlier(store, 1, 1, 1)
    earlier(store, 5000, at=NOW - 36 * DAY)
    earlier(store, 5000, cancelled_at=NOW - DAY)
    earlier(store, 5000, closed_at=None, paused_at=NOW - DAY)
    assert planned(store).held == UsualSize(3, 1)


def test_once_resumed_it_is_not_held_up_again(store: Store, crowd: None) -> None:
    earlier(store, 1, 1, 1)

    def admit(_done: int) -> None:
        if runs.runs(store, 1)[0].paused_at:
            runs.resume(store, 4)

    report = plan(store, clock, everyone=True, at_once=20, progress=admit)
    assert (report.chosen, report.held) == (MANY, UsualSize(3, 1))
    assert runs.run_by_id(store, 4).state is RunState.OPEN
    assert len(alarms_of(store)) == 1


def test_one_that_was_held_up_or_cancelled_by_hand_is_not_told(store: Store, crowd: None) -> None:
    earlier(store, 1, 1, 1)

    def cancel(done: int) -> None:
        if done == AT_ONCE:
            runs.cancel(store, 4, NOW)

    report = planned(store, cancel)
    assert (report.held, alarms_of(store)) == (None, [])


def test_what_senders_closed_between_two_batches_is_held_up_and_told_when_it_is_whole(
    store: Store, crowd: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.digests.plan.LANES", 1)
    earlier(store, 1, 1, 1)

    def send(_done: int) -> None:
        if runs.runs(store, 1)[0].paused_at:
            return
        with store.writing() as connection:
            connection.execute(update(delivery).values(state=State.SENT))
        assert runs.close_runs(store, NOW) == 1
        with store.writing() as connection:
            connection.execute(update(run).values(reported_at=NOW))

    assert planned(store, send).held == UsualSize(3, 1)
    with store.reading() as connection:
        last = connection.execute(select(run).order_by(run.c.id.desc()).limit(1)).one()
    assert (last.paused_at is not None, last.closed_at, last.reported_at) == (True, None, None)
    one = runs.run_by_id(store, last.id)
    assert (one.counts, one.adds_up) == ({State.QUEUED: 30, State.SENT: 100}, True)


def test_a_rehearsal_holds_nothing_up(store: Store, crowd: None) -> None:
    earlier(store, 1, 1, 1)
    assert plan(store, clock, everyone=True, dry_run=True) == PlanReport(None, MANY)
    assert alarms_of(store) == []
