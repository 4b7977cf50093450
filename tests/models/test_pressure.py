"""Paces come down when receivers ask for less, and go up again; with a clock that is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models.pressure import FREE, QUIET, SETTLING, SLOWEST, Adapted, lowered, raised

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
FREE_PACE = Adapted(None, None, NOW, None)
rates = st.floats(0.01, 10_000)


def test_down_to_half_of_what_was_sent() -> None:
    assert lowered(FREE_PACE, 40, None, NOW) == Adapted(20, 160, NOW, NOW)
    # No more was allowed, whatever the minute behind tells.
    assert lowered(FREE_PACE, 40, 30, NOW).rate == 15
    later = NOW + SETTLING
    assert lowered(Adapted(20, 160, NOW, NOW), 40, None, later) == Adapted(10, 160, later, later)
    assert lowered(Adapted(20, 160, NOW, NOW), 8, None, later).rate == 4


def test_replies_of_messages_from_before_a_change_do_not_bring_it_down_again() -> None:
    soon = NOW + SETTLING - timedelta(seconds=1)
    assert lowered(Adapted(20, 160, NOW, NOW), 40, None, soon) == Adapted(20, 160, NOW, soon)


def test_never_slower_than_one_a_minute() -> None:
    pace, now = FREE_PACE, NOW
    for _ in range(50):
        pace, now = lowered(pace, 40, None, now), now + SETTLING
    assert pace.rate == pytest.approx(SLOWEST)
    assert pace.ceiling == 160


def test_up_by_a_quarter_after_each_quiet_minute() -> None:
    pace = Adapted(20, 160, NOW, NOW)
    assert raised(pace, None, NOW + QUIET - timedelta(microseconds=1)) is None
    up = raised(pace, None, NOW + QUIET)
    assert up == Adapted(25, 160, NOW + QUIET, NOW)
    # A word within the minute starts it anew.
    pressed = Adapted(20, 160, NOW, NOW + timedelta(seconds=59))
    assert raised(pressed, None, NOW + QUIET) is None


@given(rates, st.none() | rates)
def test_free_again_at_the_limit_or_at_four_times_what_was_sent(observed: float, limit: float | None) -> None:
    pace: Adapted | None = lowered(FREE_PACE, observed, limit, NOW)
    now, steps = NOW, 0
    while pace is not None and pace.rate is not None:
        assert limit is None or pace.rate < limit or pace.rate == SLOWEST
        assert limit is not None or pace.rate < FREE * observed or pace.rate == SLOWEST
        now, steps, before = now + QUIET, steps + 1, pace.rate
        pace = raised(pace, limit, now)
        assert pace is not None
        assert pace.rate is None or pace.rate > before
    assert pace == Adapted(None, None, now, NOW)
    if limit is None and observed * 0.5 > SLOWEST:
        assert steps == 10


def test_a_day_away_raises_it_once() -> None:
    up = raised(Adapted(20, 160, NOW, NOW), None, NOW + timedelta(days=1))
    assert up is not None
    assert up.rate == 25
    assert raised(up, None, NOW + timedelta(days=1, seconds=59)) is None


def test_a_clock_set_back_stops_nothing() -> None:
    ahead = Adapted(20, 160, NOW + timedelta(hours=1), NOW + timedelta(hours=1))
    assert lowered(ahead, 40, None, NOW).rate == 10
    assert raised(ahead, None, NOW) is not None


def test_what_has_not_come_down_does_not_go_up() -> None:
    assert raised(FREE_PACE, 5, NOW + timedelta(days=1)) is None
