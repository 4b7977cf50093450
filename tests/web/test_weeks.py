"""ISO weeks as addresses and windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.weeks import Week, week_named, week_of, weeks_with

BERLIN = ZoneInfo("Europe/Berlin")


moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 (made aware below)


@given(moments, st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Apia"]))
def test_every_moment_lies_in_the_window_of_its_week(moment: datetime, zone: str) -> None:
    aware, there = moment.replace(tzinfo=UTC), ZoneInfo(zone)
    week = week_of(aware, there)
    start, end = week.window(there)
    assert start <= aware < end
    assert week_named(week.name) == week
    assert week_of(start, there) == week
    assert week_of(end, there) > week


def test_a_week_of_summer_time_is_an_hour_shorter() -> None:
    start, end = Week(2026, 13).window(BERLIN)
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(days=7, hours=-1)


@pytest.mark.parametrize(
    ("name", "week"),
    [
        ("2026-W53", Week(2026, 53)),
        ("2025-W53", None),
        ("2026-W1", None),
        ("9999-W52", None),
        ("0000-W01", None),
        ("", None),
    ],
)
def test_names_of_weeks(name: str, week: Week | None) -> None:
    assert week_named(name) == week


def test_weeks_are_counted_the_last_first() -> None:
    moments = [datetime(2026, 1, 4, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC)]
    assert list(weeks_with(moments, UTC).items()) == [(Week(2026, 2), 2), (Week(2026, 1), 1)]
