"""Whatever is done to a run and its deliveries, in whatever order: the account adds up, and states follow the table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.errors import RefusedError
from bot.models.deliveries import CLOSED, TRANSITIONS, Claim, Outcome, Phase, Reply, State
from bot.models.runs import RunState
from bot.store import mending, outbox, runs, settling
from bot.store.engine import Store
from bot.store.mending import Verdict
from bot.store.schema import open_store
from bot.store.tables import account, shown, subscriber
from tests.deliver.rows import NOW, column, fill, states

LEASE = timedelta(minutes=30)
COUNT = 3
REPLIES = {
    State.SENT: Reply(Phase.DOT, 250),
    State.FAILED: Reply(Phase.DOT, 554),
    State.DEFERRED: Reply(Phase.DOT, 451),
    State.UNCERTAIN: Reply(Phase.DOT, 0),
}
ORDERS = [
    *("pause", "resume", "cancel", "retry", "sent", "failed", "again"),
    *("claim", "claim", "hand over", "hand over", "settle", "settle", "recover", "resend", "skip", "close"),
]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(ORDERS),
        st.integers(0, COUNT - 1),
        st.sampled_from([state for state in State if state not in {State.CLAIMED, State.HANDED_OVER}]),
    ),
    max_size=25,
)


class Watched:
    """A run of deliveries that is done things to, and what is known of each from outside."""

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, NOW
        self.ids = fill(store, COUNT)
        (one,) = runs.runs(store)
        self.run_id = one.id
        self.held: list[Claim] = []
        #: Deliveries of which some try may have arrived, by what the outside knows.
        self.may_have_arrived: set[int] = set()

    def do(self, what: str, number: int, then: State) -> None:
        self.now += timedelta(seconds=1)
        store, now, one = self.store, self.now, self.ids[number]
        taken = self.held[number % len(self.held)] if self.held else None
        steps: dict[str, Callable[[], object]] = {
            "pause": lambda: runs.pause(store, self.run_id, now),
            "resume": lambda: runs.resume(store, self.run_id),
            "cancel": lambda: runs.cancel(store, self.run_id, now),
            "retry": lambda: mending.retry(store, [one], now),
            "claim": self.claim,
            "hand over": lambda: self.hand_over(taken),
            "settle": lambda: self.settle(taken, then),
            "recover": lambda: outbox.recover(store, now, everybody=True),
            "resend": lambda: outbox.recover(store, now, resend_after=timedelta(0)),
            "skip": lambda: runs.skip_cancelled(store, now),
            "close": lambda: runs.close_runs(store, now),
        }
        if what in steps:
            steps[what]()
        else:
            mending.settle_by_hand(store, one, Verdict(what), now)
            if what == Verdict.FAILED:
                self.may_have_arrived.discard(one)
        for each, state in zip(self.ids, states(store), strict=True):
            if state in {State.SENT, State.UNCERTAIN}:
                self.may_have_arrived.add(each)

    def claim(self) -> None:
        before = runs.run_by_id(self.store, self.run_id).state
        new = outbox.claim(self.store, self.now, LEASE, domain="x.example")
        assert not new or before not in {RunState.PAUSED, RunState.CANCELLED}
        self.held += new

    def hand_over(self, taken: Claim | None) -> None:
        renewed = settling.hand_over(self.store, taken, self.now, LEASE) if taken else None
        self.held += [renewed] if renewed else []

    def settle(self, taken: Claim | None, then: State) -> None:
        if taken is None:
            return
        state = states(self.store)[self.ids.index(taken.delivery_id)]
        doubted = column(self.store, "doubted_at")[self.ids.index(taken.delivery_id)]
        due_at = self.now if then in {State.QUEUED, State.DEFERRED} else None
        done = settling.settle(self.store, taken, Outcome(then, "why", due_at), self.now, REPLIES.get(then))
        if done and then is State.FAILED and state == State.UNCERTAIN and doubted is None:
            # The server's late word on the only try.
            self.may_have_arrived.discard(taken.delivery_id)

    def check(self, before: list[str]) -> None:
        after = states(self.store)
        for was, now in zip(before, after, strict=True):
            assert was == now or State(now) in TRANSITIONS[State(was)]
        settled = [when is not None for when in column(self.store, "settled_at")]
        assert settled == [State(state) in CLOSED for state in after]
        one = runs.run_by_id(self.store, self.run_id)
        assert one.adds_up
        with self.store.reading() as connection:
            sums = connection.execute(select(account)).all()
            people = list(connection.execute(select(subscriber.c.id).order_by(subscriber.c.id)).scalars())
            kept = set(connection.execute(select(shown.c.subscriber_id)).scalars())
        assert bool(sums) <= (one.closed_at is not None)
        if one.closed_at is not None and not one.still_open:
            ((_, chosen, *parts),) = sums
            assert (chosen, sum(parts)) == (COUNT, COUNT)
            assert parts == [one.counts.get(state, 0) for state in CLOSED]
        for delivery_id, who in zip(self.ids, people, strict=True):
            assert delivery_id not in self.may_have_arrived or who in kept


@given(steps=STEPS)
@example(
    steps=[
        *[("claim", 0, State.SENT), ("hand over", 0, State.SENT), ("settle", 1, State.UNCERTAIN)],
        *[("resend", 0, State.SENT), ("claim", 0, State.SENT), ("hand over", 2, State.SENT)],
        *[("settle", 0, State.UNCERTAIN), ("settle", 2, State.UNCERTAIN), ("settle", 2, State.FAILED)],
        *[("retry", 0, State.SENT), ("cancel", 0, State.SENT), ("close", 0, State.SENT), ("again", 0, State.SENT)],
    ]
)
@example(
    steps=[
        *[("claim", 0, State.SENT), ("hand over", 0, State.SENT), ("settle", 1, State.UNCERTAIN)],
        *[("pause", 0, State.SENT), ("claim", 0, State.SENT), ("resume", 0, State.SENT), ("cancel", 0, State.SENT)],
        *[("close", 0, State.SENT), ("sent", 0, State.SENT), ("close", 0, State.SENT), ("retry", 0, State.SENT)],
    ]
)
@settings(
    max_examples=settings().max_examples // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_order_of_steps_breaks_the_account(
    steps: list[tuple[str, int, State]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('account')}/bot.db")
    watched = Watched(store)
    for what, number, then in steps:
        before = states(store)
        try:
            watched.do(what, number, then)
        except RefusedError:
            assert states(store) == before
        watched.check(before)
    # In the end, whatever it was, the run can be closed.
    outbox.recover(store, watched.now, everybody=True)
    one = runs.run_by_id(store, watched.run_id)
    if one.closed_at is None or one.still_open:
        if one.closed_at is not None:
            runs.close_runs(store, watched.now)
        runs.cancel(store, watched.run_id, watched.now)
        runs.close_runs(store, watched.now)
    watched.check(states(store))
    assert runs.run_by_id(store, watched.run_id).closed_at is not None
    store.close()
