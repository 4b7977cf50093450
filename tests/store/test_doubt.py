"""Deliveries in doubt: what a late reply counts for, and what becomes of their papers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.models.deliveries import Claim, Outcome, Phase, Reply, State
from bot.store import outbox, runs, settling
from bot.store.engine import Store
from tests.deliver.rows import NOW, WEEK, column, covered, fill, run_closed_at, states, still_shown

LEASE = timedelta(minutes=30)
LOST = Reply(Phase.DOT, 0)
TAKEN = Reply(Phase.DOT, 250, "taken", "2.0.0")
REFUSED = Reply(Phase.DOT, 554, "no", "5.6.0")


def handed_over(store: Store) -> Claim:
    (taken,) = outbox.claim(store, NOW, LEASE, domain="papers.example.org")
    renewed = settling.hand_over(store, taken, NOW, LEASE)
    assert renewed is not None
    return renewed


def in_doubt(store: Store) -> Claim:
    taken = handed_over(store)
    assert settling.settle(store, taken, Outcome(State.UNCERTAIN), NOW, LOST)
    return taken


def test_a_late_refusal_of_the_only_try_gives_papers_back(store: Store) -> None:
    fill(store, 1)
    taken = in_doubt(store)
    assert settling.settle(store, taken, Outcome(State.FAILED, "refused"), NOW, REFUSED)
    assert (states(store), still_shown(store), covered(store)) == (["failed"], 0, [NOW - WEEK])


def test_a_late_refusal_of_the_second_try_does_not_since_the_first_may_have_arrived(store: Store) -> None:
    fill(store, 1)
    in_doubt(store)
    assert outbox.recover(store, NOW, resend_after=timedelta(0)).again == 1
    taken = in_doubt(store)
    assert column(store, "reason") == [outbox.LOST_AGAIN]
    assert settling.settle(store, taken, Outcome(State.FAILED, "refused"), NOW, REFUSED)
    assert (states(store), still_shown(store), covered(store)) == (["failed"], 2, [NOW])


@pytest.mark.parametrize("by_recovery", [False, True])
@pytest.mark.parametrize(
    ("reply", "outcome"), [(TAKEN, Outcome(State.SENT)), (REFUSED, Outcome(State.FAILED, "refused"))]
)
def test_a_late_reply_is_to_a_try_that_was_counted(
    store: Store, reply: Reply, outcome: Outcome, by_recovery: bool
) -> None:
    fill(store, 1)
    if by_recovery:
        taken = handed_over(store)
        assert outbox.recover(store, NOW + LEASE).uncertain == 1
    else:
        taken = in_doubt(store)
    assert column(store, "attempts") == [1]
    assert settling.settle(store, taken, outcome, NOW, reply)
    assert (states(store), column(store, "attempts")) == ([outcome.state], [1])


def test_a_late_reply_opens_the_run_and_its_account_is_written_anew(store: Store) -> None:
    fill(store, 1)
    taken = in_doubt(store)
    assert runs.close_runs(store, NOW) == 1
    assert settling.settle(store, taken, Outcome(State.SENT), NOW, TAKEN)
    assert run_closed_at(store) is None
    later = NOW + timedelta(minutes=1)
    assert runs.close_runs(store, later) == 1
    assert run_closed_at(store) == later
    assert runs.account_of(store, taken.run_id) == {State.SENT: 1}
