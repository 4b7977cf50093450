"""Runs on real databases: held up, cancelled, and closed with an account that the database checks."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, text
from sqlalchemy.exc import IntegrityError

from bot.errors import RefusedError, UnknownError
from bot.models.deliveries import Claim, Outcome, Phase, Reply, State
from bot.models.runs import RunState
from bot.store import outbox, runs, settling
from bot.store.engine import Store
from bot.store.tables import account, run, subscriber
from tests.deliver.rows import (
    NOW,
    WEEK,
    change,
    change_subscriber,
    column,
    covered,
    fill,
    run_closed_at,
    states,
    still_shown,
)

LEASE = timedelta(minutes=30)
LATER = NOW + timedelta(minutes=1)


def take(store: Store, limit: int = 9) -> list[Claim]:
    return outbox.claim(store, NOW, LEASE, domain="papers.example.org", limit=limit)


def the_run(store: Store) -> int:
    with store.reading() as connection:
        return int(connection.execute(select(run.c.id)).scalar_one())


def accounts(store: Store) -> list[tuple[int, ...]]:
    with store.reading() as connection:
        return [tuple(row)[1:] for row in connection.execute(select(account))]


def sent(store: Store, taken: Claim) -> None:
    renewed = settling.hand_over(store, taken, NOW, LEASE)
    assert renewed is not None
    assert settling.settle(store, renewed, Outcome(State.SENT), NOW, Reply(Phase.DOT, 250))


def test_nothing_more_of_a_paused_run_is_claimed_and_what_is_handed_over_is_finished(store: Store) -> None:
    fill(store, 4)
    change(store, 3, state=State.DEFERRED)
    number = the_run(store)
    taken, claimed = take(store, 2)
    renewed = settling.hand_over(store, taken, NOW, LEASE)
    assert renewed is not None
    assert runs.pause(store, number, NOW)
    # Whoever has it claimed is stopped before the dot, and puts it back.
    assert settling.hand_over(store, claimed, NOW, LEASE) is None
    assert settling.settle(store, claimed, Outcome(State.QUEUED, tried=False), NOW)
    assert not runs.pause(store, number, LATER)
    assert (take(store), outbox.upcoming(store, NOW)) == ([], [])
    assert outbox.waiting(store, NOW) == outbox.Waiting(due=0, later=0, held=3)
    assert settling.settle(store, renewed, Outcome(State.SENT), NOW, Reply(Phase.DOT, 250))
    assert states(store) == ["sent", "queued", "queued", "deferred"]
    one = runs.run_by_id(store, number)
    assert (one.state, one.paused_at, one.still_open, one.adds_up) == (RunState.PAUSED, NOW, 3, True)
    assert runs.resume(store, number)
    assert not runs.resume(store, number)
    assert len(take(store)) == 3
    assert runs.run_by_id(store, number).state is RunState.OPEN


def test_another_run_goes_on_beside_a_paused_one(store: Store) -> None:
    ids = fill(store, 2)
    with store.writing() as connection:
        other = connection.execute(
            insert(run).values(planned_at=NOW, chosen=1, passed_over="{}").returning(run.c.id)
        ).scalar_one()
    change(store, 1, run_id=other)
    runs.pause(store, the_first(store), NOW)
    assert [one.delivery_id for one in take(store)] == [ids[1]]
    assert [(one.id, one.state) for one in runs.runs(store)] == [
        (other, RunState.OPEN),
        (other - 1, RunState.PAUSED),
    ]
    assert [one.id for one in runs.runs(store, 1)] == [other]


def the_first(store: Store) -> int:
    with store.reading() as connection:
        return int(connection.execute(select(run.c.id).order_by(run.c.id).limit(1)).scalar_one())


def test_cancelling_skips_all_that_was_not_handed_over_and_gives_its_papers_back(store: Store) -> None:
    fill(store, 6)
    number = the_run(store)
    done, over, claimed = take(store, 3)
    sent(store, done)
    kept = settling.hand_over(store, over, NOW, LEASE)
    assert kept is not None
    change(store, 4, state=State.DEFERRED, due_at=NOW + WEEK)
    change(store, 5, doubted_at=NOW)
    assert runs.cancel(store, number, LATER) == 4
    assert states(store) == ["sent", "handed over", "skipped", "skipped", "skipped", "skipped"]
    assert column(store, "reason") == ["", "", *["cancelled"] * 4]
    assert column(store, "settled_at") == [NOW, None, *[LATER] * 4]
    # What may have arrived at an earlier try keeps its papers, and so does what was handed over.
    assert still_shown(store) == 3 * 2
    assert covered(store) == [NOW, NOW, *[NOW - WEEK] * 3, NOW]
    # Whoever has it claimed is stopped before the dot.
    assert settling.hand_over(store, claimed, LATER, LEASE) is None
    assert not settling.settle(store, claimed, Outcome(State.QUEUED, tried=False), LATER)
    assert settling.settle(store, kept, Outcome(State.SENT), LATER, Reply(Phase.DOT, 250))
    assert runs.close_runs(store, LATER) == 1
    assert runs.run_by_id(store, number).state is RunState.CANCELLED
    assert accounts(store) == [(6, 2, 0, 0, 4, 0)]


def test_what_comes_back_to_a_cancelled_run_is_not_sent_and_is_skipped_by_the_next_round(store: Store) -> None:
    fill(store, 2)
    number = the_run(store)
    put_off, doubted = (settling.hand_over(store, one, NOW, LEASE) for one in take(store))
    assert put_off is not None
    assert doubted is not None
    assert runs.cancel(store, number, NOW) == 0
    assert settling.settle(store, put_off, Outcome(State.DEFERRED, "later", NOW), NOW, Reply(Phase.DOT, 451))
    assert settling.settle(store, doubted, Outcome(State.UNCERTAIN), NOW, Reply(Phase.DOT, 0))
    assert take(store) == []
    assert outbox.recover(store, LATER, resend_after=timedelta(0)).again == 0
    assert runs.skip_cancelled(store, LATER) == 1
    assert states(store) == ["skipped", "uncertain"]
    assert still_shown(store) == 2


def test_an_erased_subscriber_does_not_keep_a_run_from_being_cancelled(store: Store) -> None:
    fill(store, 2)
    change_subscriber(store, 1, covered_until=NOW - 2 * WEEK)
    with store.writing() as connection:
        connection.execute(delete(subscriber).where(subscriber.c.email_key == "reader1@reader.example"))
    assert runs.cancel(store, the_run(store), NOW) == 2
    assert (states(store), still_shown(store)) == (["skipped", "skipped"], 0)
    assert covered(store) == [NOW - 2 * WEEK]


def test_many_are_cancelled_in_batches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_BATCH", 3)
    fill(store, 7)
    assert runs.cancel(store, the_run(store), NOW) == 7
    assert runs.cancel(store, the_run(store), NOW) == 0


def test_what_cannot_be_done_with_a_run_is_refused(store: Store) -> None:
    fill(store, 1)
    number = the_run(store)
    for step in (runs.pause, runs.cancel):
        with pytest.raises(UnknownError, match="no such run: '99'; `bot runs list` names them"):
            step(store, 99, NOW)
    with pytest.raises(UnknownError):
        runs.resume(store, 99)
    with pytest.raises(UnknownError):
        runs.run_by_id(store, 99)
    sent(store, take(store)[0])
    runs.close_runs(store, NOW)
    for step in (runs.pause, runs.cancel):
        with pytest.raises(RefusedError, match="it is closed"):
            step(store, number, NOW)
    assert not runs.resume(store, number)


def test_a_cancelled_run_stays_so(store: Store) -> None:
    fill(store, 1)
    number = the_run(store)
    runs.pause(store, number, NOW)
    runs.cancel(store, number, NOW)
    with pytest.raises(RefusedError, match="it was cancelled"):
        runs.resume(store, number)
    with pytest.raises(RefusedError, match="it was cancelled"):
        runs.pause(store, number, NOW)


def test_the_database_takes_no_account_that_does_not_add_up(store: Store) -> None:
    fill(store, 1)
    number = the_run(store)
    sums = {"chosen": 3, "sent": 1, "failed": 1, "suppressed": 0, "skipped": 0, "uncertain": 0}
    for wrong in (sums, sums | {"failed": -1, "skipped": 3}):
        with pytest.raises(IntegrityError), store.writing() as connection:
            connection.execute(insert(account).values(run_id=number, **wrong))
    with store.writing() as connection:
        connection.execute(insert(account).values(run_id=number, **sums | {"uncertain": 1}))


def test_a_run_is_closed_with_its_account_and_not_without(store: Store) -> None:
    fill(store, 2)
    first, second = take(store)
    sent(store, first)
    settling.settle(store, second, Outcome(State.SUPPRESSED, "suppressed", tried=False), NOW)
    with store.writing() as connection:
        connection.execute(text("update run set chosen = 3"))
    assert runs.close_runs(store, NOW) == 0
    assert (run_closed_at(store), accounts(store)) == (None, [])
    assert not runs.run_by_id(store, first.run_id).adds_up
    with store.writing() as connection:
        connection.execute(text("update run set chosen = 2"))
    assert runs.close_runs(store, NOW) == 1
    assert accounts(store) == [(2, 1, 0, 1, 0, 0)]
    assert runs.reasons(store, first.run_id) == [(State.SUPPRESSED, "suppressed", 1)]


def test_a_run_is_held_up_and_cancelled_while_others_send_it(store: Store) -> None:
    fill(store, 40)
    number = the_run(store)
    problems: list[BaseException] = []
    under_way, done = threading.Event(), threading.Event()

    def work() -> None:
        try:
            while not done.is_set():
                for taken in take(store, 1):
                    under_way.set()
                    renewed = settling.hand_over(store, taken, NOW, LEASE)
                    if renewed is not None:
                        settling.settle(store, renewed, Outcome(State.SENT), NOW, Reply(Phase.DOT, 250))
                runs.close_runs(store, NOW)
        except BaseException as error:  # noqa: BLE001 (told by the test)
            problems.append(error)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    assert under_way.wait(30)
    skipped = 0
    # On a busy machine, all may have been sent before it comes to that.
    with suppress(RefusedError):
        runs.pause(store, number, NOW)
        runs.resume(store, number)
        skipped = runs.cancel(store, number, NOW)
    done.set()
    for worker in workers:
        worker.join(30)
    assert problems == []
    runs.close_runs(store, NOW)
    one = runs.run_by_id(store, number)
    assert dict(one.counts) == {
        state: count for state, count in ((State.SENT, 40 - skipped), (State.SKIPPED, skipped)) if count
    }
    assert accounts(store) == [(40, 40 - skipped, 0, 0, skipped, 0)]
    assert still_shown(store) == 2 * (40 - skipped)


def test_a_run_that_was_closed_before_all_was_planned_is_opened_without_its_account(store: Store) -> None:
    fill(store, 2)
    change(store, 1, state=State.SENT, settled_at=NOW)
    sent(store, take(store)[0])
    assert runs.close_runs(store, NOW) == 1
    change(store, 1, state=State.QUEUED, settled_at=None)
    assert runs.close_runs(store, LATER) == 0
    assert (run_closed_at(store), accounts(store)) == (None, [])
    sent(store, take(store)[0])
    assert runs.close_runs(store, LATER) == 1
    assert accounts(store) == [(2, 2, 0, 0, 0, 0)]
