"""Quiet hours: which moments lie in them, and when they end."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.deliver.quiet import quiet_until
from bot.settings import QuietHours

NIGHT = QuietHours(time(22), time(6))
NOON = QuietHours(time(12, 30), time(13))
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}Z")


@pytest.mark.parametrize(
    ("hours", "zone", "now", "until"),
    [
        (NIGHT, "UTC", "11-23T21:59:59", None),
        (NIGHT, "UTC", "11-23T22:00", "11-24T06:00"),
        (NIGHT, "UTC", "11-24T05:59:59", "11-24T06:00"),
        (NIGHT, "UTC", "11-24T06:00", None),
        (NOON, "UTC", "11-23T12:30", "11-23T13:00"),
        (NOON, "UTC", "11-23T13:00", None),
        (NOON, "UTC", "11-23T12:29", None),
        (NIGHT, "Europe/Berlin", "11-23T21:00", "11-24T05:00"),
        # Clocks are set back: 02:30 in Berlin comes twice.
        (NIGHT, "Europe/Berlin", "10-24T20:00", "10-25T05:00"),
        (QuietHours(time(1), time(2, 30)), "Europe/Berlin", "10-25T00:10", "10-25T00:30"),
        (QuietHours(time(1), time(2, 30)), "Europe/Berlin", "10-25T00:40", None),
        (QuietHours(time(1), time(2, 30)), "Europe/Berlin", "10-25T01:10", "10-25T01:30"),
        # And forward.
        (NIGHT, "Europe/Berlin", "03-28T21:00", "03-29T04:00"),
        (QuietHours(time(1), time(3)), "Europe/Berlin", "03-29T00:30", "03-29T01:00"),
    ],
)
def test_quiet_hours_are_half_open_wall_time(hours: QuietHours, zone: str, now: str, until: str | None) -> None:
    assert quiet_until(hours, zone, at(now)) == (at(until) if until else None)


def test_without_quiet_hours_it_is_never_quiet() -> None:
    assert quiet_until(None, "UTC", at("11-23T00:00")) is None


@given(
    st.tuples(st.times(), st.times()).filter(lambda pair: pair[0] != pair[1]),
    st.integers(0, 5 * 366 * 24 * 60).map(lambda minutes: at("01-01T00:00") + timedelta(minutes=minutes)),
    st.sampled_from(ZONES),
)
def test_they_end_later_within_a_day_or_so(pair: tuple[time, time], now: datetime, zone: str) -> None:
    until = quiet_until(QuietHours(*pair), zone, now)
    assert until is None or 0 < (until - now).total_seconds() <= 26 * 3600
