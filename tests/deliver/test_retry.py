"""What becomes of a delivery after a reply, by values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.deliver.retry import FIRST_WAIT, backoff, concerns_sender, concerns_server, decide, jitter_of
from bot.models.deliveries import TRANSITIONS, Phase, Reply, State

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=30)

replies = st.builds(
    Reply,
    st.sampled_from(list(Phase)),
    st.just(0) | st.integers(200, 599),
    st.just(""),
    st.sampled_from(["", "5.1.1", "5.7.1", "4.2.2"]),
)


@pytest.mark.parametrize(
    ("phase", "code", "state"),
    [
        (Phase.DOT, 250, State.SENT),
        (Phase.DOT, 0, State.UNCERTAIN),
        (Phase.DOT, 354, State.UNCERTAIN),
        (Phase.DOT, 451, State.DEFERRED),
        (Phase.DOT, 554, State.FAILED),
        (Phase.DATA, 0, State.DEFERRED),
        (Phase.DATA, 250, State.DEFERRED),
        (Phase.DATA, 552, State.FAILED),
        (Phase.RCPT, 450, State.DEFERRED),
        (Phase.RCPT, 550, State.FAILED),
        (Phase.RCPT, 552, State.DEFERRED),
        (Phase.RCPT, 354, State.DEFERRED),
        (Phase.MAIL, 552, State.FAILED),
        (Phase.MAIL, 421, State.DEFERRED),
        (Phase.CONNECT, 0, State.DEFERRED),
    ],
)
def test_the_phase_and_the_code_decide(phase: Phase, code: int, state: State) -> None:
    assert decide(Reply(phase, code), 0, NOW, LATER).state is state


def test_waits_double_up_to_five_days() -> None:
    waits = [backoff(attempts) for attempts in range(12)]
    minutes = [wait.total_seconds() / 60 for wait in waits if wait]
    assert minutes == [15, 30, 60, 120, 240, 480, 960, 1440, 1440, 1440, 1440]
    assert waits[11] is None
    assert decide(Reply(Phase.RCPT, 451), 11, NOW, LATER).reason == "still refused after 5 days"


def test_nothing_is_put_off_past_its_time() -> None:
    late = decide(Reply(Phase.RCPT, 451), 0, NOW, NOW + FIRST_WAIT)
    assert (late.state, late.reason, late.due_at) == (State.FAILED, "too late", None)
    assert decide(Reply(Phase.RCPT, 451), 0, NOW, NOW + FIRST_WAIT * 1.01).due_at == NOW + FIRST_WAIT


@given(replies, st.integers(0, 40), st.integers(0, 10**6), st.floats(0, 1))
def test_every_reply_has_an_outcome_that_the_states_allow(
    reply: Reply, attempts: int, seconds: int, jitter: float
) -> None:
    expires_at = NOW + timedelta(seconds=seconds)
    outcome = decide(reply, attempts, NOW, expires_at, jitter)
    assert outcome.state in TRANSITIONS[State.HANDED_OVER if reply.phase is Phase.DOT else State.CLAIMED]
    assert (outcome.due_at is not None) == (outcome.state is State.DEFERRED)
    if outcome.due_at is not None:
        assert NOW + FIRST_WAIT <= outcome.due_at < expires_at
    if reply.code and reply.code < 500:
        assert outcome.reason in {"too late", "still refused after 5 days"} or outcome.state is not State.FAILED
    # Sent is only what the server took over, in doubt only what was handed over.
    assert (outcome.state is State.SENT) == (reply.phase is Phase.DOT and reply.code // 100 == 2)
    assert outcome.state is not State.UNCERTAIN or reply.phase is Phase.DOT


@given(st.integers(0, 10), st.floats(0, 1))
def test_jitter_only_adds_and_keeps_the_order(attempts: int, jitter: float) -> None:
    bare, waited = backoff(attempts), backoff(attempts, jitter)
    assert bare is not None
    assert waited is not None
    assert bare <= waited <= bare * 1.2


@given(st.integers(1, 2**40), st.integers(0, 20))
def test_jitter_is_a_part_of_one_and_stays(delivery_id: int, attempts: int) -> None:
    jitter = jitter_of(delivery_id, attempts)
    assert 0 <= jitter <= 1
    assert jitter == jitter_of(delivery_id, attempts)


def test_jitter_spreads() -> None:
    assert len({int(jitter_of(delivery_id, 0) * 10) for delivery_id in range(100)}) == 10


@pytest.mark.parametrize(
    ("reply", "server", "sender"),
    [
        (Reply(Phase.RCPT, 421, "", "4.7.0"), True, False),
        (Reply(Phase.MAIL, 530, "", "5.7.0"), True, True),
        (Reply(Phase.RCPT, 550, "", "5.7.1"), False, True),
        (Reply(Phase.DOT, 554, "", "5.7.1"), False, True),
        (Reply(Phase.RCPT, 554, "", "5.3.0"), False, True),
        (Reply(Phase.MAIL, 550), False, True),
        (Reply(Phase.RCPT, 503, "", "5.5.1"), False, True),
        (Reply(Phase.DOT, 500), False, True),
        (Reply(Phase.RCPT, 501, "", "5.1.3"), False, False),
        (Reply(Phase.MAIL, 552, "", "5.3.4"), False, False),
        (Reply(Phase.MAIL, 554, "", "5.6.3"), False, False),
        (Reply(Phase.RCPT, 550, "", "5.1.1"), False, False),
        (Reply(Phase.RCPT, 450, "", "4.7.1"), False, False),
    ],
)
def test_whose_fault_it_is(reply: Reply, server: bool, sender: bool) -> None:
    assert (concerns_server(reply), concerns_sender(reply)) == (server, sender)
