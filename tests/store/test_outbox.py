"""The outbox on real databases: claims, hand-overs, settlements, and what is left behind."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from bot.models.deliveries import CLOSED, OPEN, TRANSITIONS, Claim, Outcome, Phase, Reply, State
from bot.models.suppressions import SuppressionReason
from bot.store import outbox, runs, settling
from bot.store.attendance import attending
from bot.store.engine import Store
from bot.store.tables import subscriber, suppression
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
SENT = Reply(Phase.DOT, 250, "taken", "2.0.0")
GONE = Reply(Phase.RCPT, 550, "no such user", "5.1.1")


def take(store: Store, limit: int = 1) -> list[Claim]:
    return outbox.claim(store, NOW, LEASE, domain="papers.example.org", limit=limit)


def take_one(store: Store) -> Claim:
    (taken,) = take(store)
    return taken


def handed_over(store: Store, taken: Claim) -> Claim:
    renewed = settling.hand_over(store, taken, NOW, LEASE)
    assert renewed is not None
    return renewed


def test_what_is_due_longest_is_claimed_first_and_once(store: Store) -> None:
    ids = fill(store, 5)
    change(store, 4, due_at=NOW + timedelta(seconds=1))
    change(store, 2, state=State.DEFERRED, due_at=NOW - timedelta(days=1), attempts=3)
    first, second = take(store, limit=2)
    assert [first.delivery_id, second.delivery_id] == [ids[2], ids[0]]
    assert first.attempts == 3
    assert [one.delivery_id for one in take(store, limit=9)] == [ids[1], ids[3]]
    assert take(store) == []
    assert states(store) == ["claimed"] * 4 + ["queued"]


def test_a_claim_holds_what_the_delivery_needs(store: Store) -> None:
    fill(store, 1, emails=["zoe@reader.example"])
    change_subscriber(store, 0, name="Zoe", timezone="Europe/Berlin", language="de")
    taken = take_one(store)
    assert (taken.email, taken.name, taken.timezone, taken.language) == (
        "zoe@reader.example",
        "Zoe",
        "Europe/Berlin",
        "de",
    )
    assert (taken.standing, taken.suppressed) == ("active", False)
    assert (taken.window_start, taken.window_end, taken.expires_at) == (NOW - WEEK, NOW, NOW + WEEK)
    assert len(taken.digest.paper_ids) == 2
    assert taken.claimed_until == NOW + LEASE


def test_the_subscriber_is_looked_up_again(store: Store) -> None:
    fill(store, 3)
    with store.writing() as connection:
        connection.execute(
            suppression.insert().values(email_key="reader1@reader.example", reason="bounce", detail="", at=NOW)
        )
        third = select(subscriber.c.id).where(subscriber.c.email_key == "reader3@reader.example")
        connection.execute(delete(subscriber).where(subscriber.c.id.in_(third)))
    change_subscriber(store, 1, standing="left")
    one, two, three = take(store, limit=3)
    assert one.suppressed
    assert two.standing == "left"
    assert (three.subscriber_id, three.email, three.suppressed) == (None, "", False)


def test_the_message_id_is_given_once_and_stays(store: Store) -> None:
    fill(store, 2)
    first, second = take(store, limit=2)
    assert first.message_id != second.message_id
    assert first.message_id.startswith("<")
    assert first.message_id.endswith("@papers.example.org>")
    assert settling.settle(store, first, Outcome(State.DEFERRED, due_at=NOW), NOW, Reply(Phase.RCPT, 451))
    assert take_one(store).message_id == first.message_id


def test_upcoming_takes_nothing(store: Store) -> None:
    ids = fill(store, 3)
    assert [one.delivery_id for one in outbox.upcoming(store, NOW)] == ids
    assert [one.delivery_id for one in outbox.upcoming(store, NOW, 1)] == ids[:1]
    assert states(store) == ["queued"] * 3


def test_only_what_was_due_by_then(store: Store) -> None:
    ids = fill(store, 3)
    by_then = outbox.claim(store, NOW, LEASE, domain="x.example", due_by=NOW - timedelta(seconds=1), limit=9)
    assert [one.delivery_id for one in by_then] == ids[:2]


def test_claimed_handed_over_sent(store: Store) -> None:
    fill(store, 1)
    taken = handed_over(store, take_one(store))
    assert states(store) == ["handed over"]
    assert column(store, "phase") == ["dot"]
    assert settling.settle(store, taken, Outcome(State.SENT), NOW, SENT)
    assert (states(store), column(store, "attempts")) == (["sent"], [1])
    assert column(store, "reply_code") == [250]
    assert column(store, "reply_enhanced") == ["2.0.0"]
    assert column(store, "reply_text") == ["taken"]
    assert column(store, "settled_at") == [NOW]
    assert column(store, "claimed_until") == [None]
    # What was sent stays shown.
    assert (still_shown(store), covered(store)) == (2, [NOW])


def test_sent_only_after_handing_over(store: Store) -> None:
    fill(store, 1)
    taken = take_one(store)
    assert not settling.settle(store, taken, Outcome(State.SENT), NOW, SENT)
    assert states(store) == ["claimed"]


def test_deferred_comes_again_when_it_is_due(store: Store) -> None:
    fill(store, 1)
    due_at = NOW + timedelta(minutes=15)
    assert settling.settle(
        store, take_one(store), Outcome(State.DEFERRED, "later", due_at), NOW, Reply(Phase.RCPT, 451)
    )
    assert take(store) == []
    (again,) = outbox.claim(store, due_at, LEASE, domain="x.example")
    assert again.attempts == 1
    assert column(store, "reason") == [""]
    assert still_shown(store) == 2


def test_what_is_not_to_blame_goes_back_untried_and_keeps_its_last_reply(store: Store) -> None:
    fill(store, 1)
    change(store, 0, attempts=2, reply_code=451, reply_text="later")
    assert settling.settle(store, take_one(store), Outcome(State.QUEUED, tried=False), NOW)
    assert (states(store), column(store, "attempts")) == (["queued"], [2])
    assert (column(store, "reply_code"), column(store, "reply_text")) == ([451], ["later"])
    assert take_one(store).attempts == 2


@pytest.mark.parametrize("state", [State.FAILED, State.SKIPPED, State.SUPPRESSED])
def test_what_was_never_sent_gives_its_papers_back(store: Store, state: State) -> None:
    fill(store, 2)
    change_subscriber(store, 1, covered_until=NOW - 2 * WEEK)
    for taken in take(store, limit=2):
        assert settling.settle(store, taken, Outcome(state, "left", tried=False), NOW)
    assert column(store, "reason") == ["left"] * 2
    assert column(store, "attempts") == [0, 0]
    assert still_shown(store) == 0
    # A window is opened again, never made shorter.
    assert covered(store) == [NOW - WEEK, NOW - 2 * WEEK]


def test_an_erased_subscriber_has_no_papers_to_give_back(store: Store) -> None:
    fill(store, 2)
    with store.writing() as connection:
        first = select(subscriber.c.id).order_by(subscriber.c.id).limit(1).scalar_subquery()
        connection.execute(delete(subscriber).where(subscriber.c.id == first))
    assert settling.settle(store, take_one(store), Outcome(State.SKIPPED, "erased", tried=False), NOW)
    assert (states(store), still_shown(store)) == (["skipped", "queued"], 2)


def test_a_refusal_closes_the_address_in_the_same_step(store: Store) -> None:
    fill(store, 1, emails=["Zoe@Reader.Example"])
    assert settling.settle(store, take_one(store), Outcome(State.FAILED, "gone"), NOW, GONE, SuppressionReason.BOUNCE)
    with store.reading() as connection:
        (row,) = connection.execute(select(suppression)).all()
    assert (row.email_key, row.reason, row.detail, row.at) == (
        "zoe@reader.example",
        "bounce",
        "rcpt: 550 5.1.1 no such user",
        NOW,
    )


def test_a_settlement_that_is_refused_changes_nothing(store: Store) -> None:
    fill(store, 1)
    taken = take_one(store)
    outbox.recover(store, NOW + LEASE)
    assert not settling.settle(store, taken, Outcome(State.FAILED, "gone"), NOW, GONE, SuppressionReason.BOUNCE)
    with store.reading() as connection:
        assert connection.execute(select(suppression)).all() == []
    assert (states(store), still_shown(store)) == (["queued"], 2)


def test_a_long_reply_is_cut(store: Store) -> None:
    fill(store, 1)
    outcome = Outcome(State.FAILED, "r" * 2000)
    assert settling.settle(store, take_one(store), outcome, NOW, Reply(Phase.RCPT, 550, "x" * 2000))
    (text,) = column(store, "reply_text")
    assert text == "x" * 500


def test_of_two_who_hold_a_delivery_the_first_is_stopped_before_the_dot(store: Store) -> None:
    fill(store, 1)
    slow = take_one(store)
    later = NOW + LEASE
    assert outbox.recover(store, later) == outbox.Recovered(claimed=1, uncertain=0, again=0)
    (quick,) = outbox.claim(store, later, LEASE, domain="x.example")
    assert settling.hand_over(store, slow, later, LEASE) is None
    assert not settling.settle(store, slow, Outcome(State.DEFERRED, due_at=later), later, Reply(Phase.RCPT, 451))
    assert settling.hand_over(store, quick, later, LEASE) is not None


def test_leases_are_kept_while_they_last(store: Store) -> None:
    fill(store, 2)
    handed_over(store, take_one(store))
    take_one(store)
    assert outbox.recover(store, NOW + LEASE - timedelta(seconds=1)) == outbox.Recovered(0, 0, 0)
    assert outbox.recover(store, NOW + LEASE) == outbox.Recovered(1, 1, 0)
    assert states(store) == ["uncertain", "queued"]
    assert column(store, "reason") == [outbox.LOST, ""]


def test_nobody_at_work_means_that_no_lease_is_kept(store: Store) -> None:
    fill(store, 2)
    handed_over(store, take_one(store))
    take_one(store)
    assert outbox.recover(store, NOW, everybody=True) == outbox.Recovered(1, 1, 0)


def test_a_late_reply_still_counts(store: Store) -> None:
    fill(store, 1)
    taken = handed_over(store, take_one(store))
    outbox.recover(store, NOW + LEASE)
    assert states(store) == ["uncertain"]
    assert settling.settle(store, taken, Outcome(State.SENT), NOW, SENT)
    assert (states(store), column(store, "reason")) == (["sent"], [""])


def test_what_is_in_doubt_does_not_go_back_as_if_never_sent(store: Store) -> None:
    fill(store, 1)
    taken = handed_over(store, take_one(store))
    assert settling.settle(store, taken, Outcome(State.UNCERTAIN), NOW, Reply(Phase.DOT, 0))
    assert runs.close_runs(store, NOW) == 1
    later = NOW + timedelta(minutes=1)
    assert not settling.settle(store, taken, Outcome(State.QUEUED, due_at=later, tried=False), later)
    assert (states(store), column(store, "reason")) == (["uncertain"], [outbox.LOST])
    assert (column(store, "settled_at"), column(store, "attempts")) == ([NOW], [1])
    runs.close_runs(store, later)
    assert run_closed_at(store) == NOW
    assert runs.account_of(store, taken.run_id) == {State.UNCERTAIN: 1}
    # Whoever holds it may still write down what the server says at last.
    assert settling.settle(store, taken, Outcome(State.SENT), later, SENT)
    assert runs.account_of(store, taken.run_id) == {State.SENT: 1}


def test_what_is_uncertain_is_sent_once_more_and_never_thrice(store: Store) -> None:
    fill(store, 1)
    wait = timedelta(minutes=10)
    taken = handed_over(store, take_one(store))
    assert settling.settle(store, taken, Outcome(State.UNCERTAIN), NOW, Reply(Phase.DOT, 0))
    runs.close_runs(store, NOW)
    assert run_closed_at(store) == NOW
    # Not before the server has had its time.
    assert outbox.recover(store, NOW + wait - timedelta(seconds=1), resend_after=wait).again == 0
    assert outbox.recover(store, NOW + wait).again == 0
    assert outbox.recover(store, NOW + wait, resend_after=wait).again == 1
    assert (states(store), column(store, "settled_at")) == (["queued"], [None])
    runs.close_runs(store, NOW)
    assert run_closed_at(store) is None
    (again,) = outbox.claim(store, NOW + wait, LEASE, domain="x.example")
    assert again.message_id == taken.message_id
    assert settling.settle(store, handed_over(store, again), Outcome(State.UNCERTAIN), NOW, Reply(Phase.DOT, 0))
    assert column(store, "reason") == [outbox.LOST_AGAIN]
    assert outbox.recover(store, NOW + WEEK / 2, resend_after=wait).again == 0
    assert (states(store), still_shown(store)) == (["uncertain"], 2)


def test_doubt_survives_a_deferral_and_a_crash(store: Store) -> None:
    fill(store, 1)
    taken = handed_over(store, take_one(store))
    settling.settle(store, taken, Outcome(State.UNCERTAIN), NOW, Reply(Phase.DOT, 0))
    outbox.recover(store, NOW, resend_after=timedelta(0))
    settling.settle(store, take_one(store), Outcome(State.DEFERRED, "later", NOW), NOW, Reply(Phase.RCPT, 451))
    handed_over(store, take_one(store))
    assert outbox.recover(store, NOW, everybody=True, resend_after=timedelta(0)) == outbox.Recovered(0, 1, 0)
    assert column(store, "reason") == [outbox.LOST_AGAIN]


def test_an_expired_doubt_is_left_alone(store: Store) -> None:
    fill(store, 1, expires_at=NOW + timedelta(minutes=10))
    taken = handed_over(store, take_one(store))
    settling.settle(store, taken, Outcome(State.UNCERTAIN), NOW, Reply(Phase.DOT, 0))
    assert outbox.recover(store, NOW + timedelta(minutes=10), resend_after=timedelta(minutes=10)).again == 0


def test_what_may_have_arrived_keeps_its_papers(store: Store) -> None:
    fill(store, 1)
    taken = handed_over(store, take_one(store))
    settling.settle(store, taken, Outcome(State.UNCERTAIN), NOW, Reply(Phase.DOT, 0))
    outbox.recover(store, NOW, resend_after=timedelta(0))
    assert settling.settle(store, take_one(store), Outcome(State.SKIPPED, "left", tried=False), NOW)
    assert (still_shown(store), covered(store)) == (2, [NOW])


def test_a_run_is_closed_when_all_is_settled_and_the_account_adds_up(store: Store) -> None:
    fill(store, 3)
    sent, failed, skipped = take(store, limit=3)
    settling.settle(store, handed_over(store, sent), Outcome(State.SENT), NOW, SENT)
    settling.settle(store, failed, Outcome(State.FAILED, "gone"), NOW, GONE)
    assert runs.close_runs(store, NOW) == 0
    settling.settle(store, skipped, Outcome(State.SKIPPED, "left", tried=False), NOW)
    assert runs.close_runs(store, NOW + timedelta(minutes=1)) == 1
    assert run_closed_at(store) == NOW + timedelta(minutes=1)
    assert runs.close_runs(store, NOW + timedelta(minutes=2)) == 0
    account = runs.account_of(store, sent.run_id)
    assert account == {State.SENT: 1, State.FAILED: 1, State.SKIPPED: 1}
    assert sum(account.values()) == 3


def test_a_run_whose_deliveries_are_not_all_there_is_not_closed(store: Store) -> None:
    fill(store, 1)
    with store.writing() as connection:
        connection.exec_driver_sql("update run set chosen = 2")
    settling.settle(store, take_one(store), Outcome(State.SKIPPED, "left", tried=False), NOW)
    assert runs.close_runs(store, NOW) == 0


def test_what_waits_is_counted(store: Store) -> None:
    fill(store, 4)
    change(store, 1, due_at=NOW + timedelta(seconds=1))
    change(store, 2, state=State.DEFERRED, due_at=NOW + timedelta(seconds=1))
    take_one(store)
    assert outbox.waiting(store, NOW) == outbox.Waiting(due=1, later=2)
    assert outbox.waiting(store, NOW + timedelta(seconds=1)) == outbox.Waiting(due=3, later=0)


def test_many_who_claim_at_once_share_and_never_take_the_same(store: Store) -> None:
    ids = fill(store, 40)
    taken: list[int] = []

    def work() -> None:
        while claims := take(store, limit=3):
            taken.extend(one.delivery_id for one in claims)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert sorted(taken) == ids


def test_only_who_is_alone_is_told_so(store: Store) -> None:
    told: list[str] = []
    with attending(store, lambda: told.append("first")):
        with attending(store, lambda: told.append("second")):
            pass
        with attending(store, lambda: told.append("third")):
            pass
    with attending(store, lambda: told.append("fourth")):
        pass
    assert told == ["first", "fourth"]


def test_who_fails_at_work_is_not_taken_for_present(store: Store) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), attending(store, fail):
        pass
    with pytest.raises(ZeroDivisionError), attending(store, lambda: None):
        raise ZeroDivisionError
    told: list[bool] = []
    with attending(store, lambda: told.append(True)):
        pass
    assert told


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "hand over", "settle", "recover", "again", "stale"]),
        st.sampled_from([state for state in State if state not in {State.CLAIMED, State.HANDED_OVER}]),
    ),
    max_size=12,
)


@given(steps=STEPS)
@example(
    steps=[("claim", State.QUEUED), ("hand over", State.QUEUED), ("settle", State.UNCERTAIN), ("settle", State.QUEUED)]
)
@settings(
    max_examples=settings().max_examples // 4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_tried_only_what_the_states_allow_happens(
    steps: list[tuple[str, State]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any sequence of steps, by holders of leases old and new: no step that the table does not name."""
    from bot.store.schema import open_store

    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('steps')}/bot.db")
    fill(store, 1)
    held: list[Claim] = []
    now, sent = NOW, 0
    for what, then in steps:
        now += timedelta(seconds=1)
        (before,) = states(store)
        taken = (held[0] if what == "stale" else held[-1]) if held else None
        if what == "claim":
            held += outbox.claim(store, now, LEASE, domain="x.example")
        elif what == "recover":
            outbox.recover(store, now, everybody=True)
        elif what == "again":
            outbox.recover(store, now, resend_after=timedelta(0))
        elif what == "hand over" and taken:
            renewed = settling.hand_over(store, taken, now, LEASE)
            held += [renewed] if renewed else []
        elif taken:
            due_at = now if then in OPEN else None
            if settling.settle(store, taken, Outcome(then, due_at=due_at), now, Reply(Phase.DOT, 0)):
                sent += then is State.SENT
        (after,) = states(store)
        assert after == before or State(after) in TRANSITIONS[State(before)]
        assert (column(store, "settled_at") == [None]) == (State(after) not in CLOSED)
    assert sent <= 1
    store.close()
