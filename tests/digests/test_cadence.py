"""Occasions: by values at the odd changes of clocks, and by properties over every zone there is."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.digests.cadence import day_begins, first_occasion, last_occasion, next_occasion, period_end
from bot.errors import CadenceError
from bot.models.subscribers import Cadence, Wish

ZONES = sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})
SKIPPED = {("Pacific/Apia", date(2011, 12, 30)), ("Pacific/Fakaofo", date(2011, 12, 30))}

zones = st.sampled_from(ZONES)
wishes = st.builds(Wish, st.sampled_from(list(Cadence)), st.integers(0, 6), st.integers(0, 23), zones)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 (bounds)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def after(wish: Wish, start: str, count: int) -> list[str]:
    found, moment = [], utc(start)
    for _ in range(count):
        moment = next_occasion(wish, moment)
        found.append(f"{moment:%Y-%m-%d %H:%M}")
    return found


def test_weekly_comes_on_the_wished_weekday_at_the_wished_hour() -> None:
    assert after(Wish("weekly", 1, 7, "Europe/Berlin"), "2026-03-18", 3) == [
        "2026-03-24 06:00",
        "2026-03-31 05:00",
        "2026-04-07 05:00",
    ]


def test_monthly_comes_on_the_first_wished_weekday() -> None:
    assert after(Wish("monthly", 0, 9, "UTC"), "2027-12-06 09:00", 3) == [
        "2028-01-03 09:00",
        "2028-02-07 09:00",
        "2028-03-06 09:00",
    ]
    assert last_occasion(Wish("monthly", 0, 9, "UTC"), utc("2028-03-06 08:59")) == utc("2028-02-07 09:00")


def test_leap_day_and_week_53_are_days_like_others() -> None:
    assert after(Wish("daily", 0, 0, "UTC"), "2028-02-28 00:00", 2) == ["2028-02-29 00:00", "2028-03-01 00:00"]
    assert after(Wish("weekly", 3, 6, "UTC"), "2026-12-25", 2) == ["2026-12-31 06:00", "2027-01-07 06:00"]


def test_an_hour_that_clocks_skip_is_kept_when_the_gap_ends() -> None:
    # Berlin goes from 02:00 to 03:00 at 01:00 UTC.
    assert after(Wish("daily", 0, 2, "Europe/Berlin"), "2026-03-27 12:00", 3) == [
        "2026-03-28 01:00",
        "2026-03-29 01:00",
        "2026-03-30 00:00",
    ]
    # Troll goes from 01:00 to 03:00, so that 02:00 lies inside the gap and not at its edge.
    assert after(Wish("daily", 0, 2, "Antarctica/Troll"), "2026-03-28 12:00", 1) == ["2026-03-29 01:00"]
    # Cuba skips the hour after midnight.
    assert after(Wish("daily", 0, 0, "America/Havana"), "2026-03-07 12:00", 2) == [
        "2026-03-08 05:00",
        "2026-03-09 04:00",
    ]


def test_an_hour_that_comes_twice_counts_once_the_first_time() -> None:
    assert after(Wish("daily", 0, 2, "Europe/Berlin"), "2026-10-24 12:00", 2) == [
        "2026-10-25 00:00",
        "2026-10-26 01:00",
    ]
    # Newfoundland went back from 00:01 to 23:01 of the day before: that midnight came twice.
    assert after(Wish("daily", 0, 0, "America/St_Johns"), "2006-10-28 12:00", 2) == [
        "2006-10-29 02:30",
        "2006-10-30 03:30",
    ]
    between = utc("2006-10-29 02:45")
    assert last_occasion(Wish("daily", 0, 0, "America/St_Johns"), between) == utc("2006-10-29 02:30")


@pytest.mark.parametrize("hour", [0, 7])
def test_a_day_that_a_zone_skips_has_no_daily_digest_and_costs_no_weekly_one(hour: int) -> None:
    daily = after(Wish("daily", 0, hour, "Pacific/Apia"), "2011-12-29 00:00", 3)
    first = utc("2011-12-29 10:00") + timedelta(hours=hour)
    assert daily == [f"{first + timedelta(days=n):%Y-%m-%d %H:%M}" for n in range(3)]
    # 30 December 2011 was a Friday.
    assert after(Wish("weekly", 4, hour, "Pacific/Apia"), "2011-12-24 12:00", 2)[0] == "2011-12-30 10:00"


def test_the_period_of_an_occasion_ends_with_the_next() -> None:
    wish = Wish("weekly", 0, 7, "Asia/Tokyo")
    occasion = next_occasion(wish, utc("2026-11-23 12:00"))
    assert period_end(wish, occasion) - occasion == timedelta(days=7)


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        (Wish(timezone="Mars/Base"), "timezone: 'Mars/Base'; give an IANA name such as Europe/Berlin"),
        (Wish(timezone="../etc/passwd"), "timezone: '../etc/passwd'; give an IANA name such as Europe/Berlin"),
        (Wish(timezone="Europe"), "timezone: 'Europe'; give an IANA name such as Europe/Berlin"),
        (Wish(cadence="hourly"), "cadence: 'hourly'; known: daily, weekly, monthly"),
    ],
)
def test_a_wish_that_names_nothing_real_is_refused(wish: Wish, text: str) -> None:
    for rule in (next_occasion, last_occasion):
        with pytest.raises(CadenceError) as caught:
            rule(wish, utc("2026-01-01"))
        assert str(caught.value) == text


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="naive time"):
        next_occasion(Wish(), datetime(2026, 1, 1))  # noqa: DTZ001 (naive on purpose)


@settings(deadline=None, max_examples=400)
@given(wishes, moments)
def test_next_is_after_and_last_is_at_or_before_with_nothing_between(wish: Wish, moment: datetime) -> None:
    last, following = last_occasion(wish, moment), next_occasion(wish, moment)
    assert last <= moment < following
    assert last.tzinfo is UTC
    assert following.tzinfo is UTC
    assert next_occasion(wish, last) == following
    assert last_occasion(wish, following) == following
    assert last_occasion(wish, following - timedelta(microseconds=1)) == last


@settings(deadline=None, max_examples=400)
@given(wishes, moments)
def test_the_zone_of_the_question_changes_nothing(wish: Wish, moment: datetime) -> None:
    asked = moment.astimezone(zoneinfo.ZoneInfo("Asia/Kathmandu"))
    assert next_occasion(wish, asked) == next_occasion(wish, moment)
    assert last_occasion(wish, asked) == last_occasion(wish, moment)


@settings(deadline=None, max_examples=400)
@given(wishes, moments)
def test_it_is_the_first_moment_at_which_the_clock_shows_the_wished_hour_or_later(wish: Wish, moment: datetime) -> None:
    zone = zoneinfo.ZoneInfo(wish.timezone)
    occasion = next_occasion(wish, moment)
    shown = occasion.astimezone(zone).replace(tzinfo=None)
    before = (occasion - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
    if (shown.hour, shown.minute, shown.second) != (wish.hour, 0, 0):
        # Only a gap excuses another hour, and the wished one must lie in it.
        wished = [shown.replace(hour=wish.hour, minute=0, second=0) - timedelta(days=back) for back in (0, 1)]
        assert any(before < hour < shown for hour in wished)
    quarters = (occasion - timedelta(minutes=15 * n) for n in range(1, 100))
    assert all(earlier.astimezone(zone).replace(tzinfo=None) < shown for earlier in quarters)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 20), zones, moments)
@example(7, "Pacific/Apia", datetime(2011, 12, 27, tzinfo=UTC))
@example(0, "Pacific/Fakaofo", datetime(2011, 12, 27, tzinfo=UTC))
def test_daily_gives_one_for_each_date_that_exists(hour: int, zone: str, moment: datetime) -> None:
    wish, occasions = Wish("daily", 0, hour, zone), [moment]
    for _ in range(8):
        occasions.append(next_occasion(wish, occasions[-1]))
    dates = [occasion.astimezone(zoneinfo.ZoneInfo(zone)).date() for occasion in occasions[1:]]
    every = [dates[0] + timedelta(days=n) for n in range((dates[-1] - dates[0]).days + 1)]
    assert dates == [day for day in every if (zone, day) not in SKIPPED]


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 6), st.integers(1, 20), zones, moments)
def test_weekly_is_seven_local_days_apart_on_the_wished_weekday(
    weekday: int, hour: int, zone: str, moment: datetime
) -> None:
    wish = Wish("weekly", weekday, hour, zone)
    first = next_occasion(wish, moment)
    dates = [o.astimezone(zoneinfo.ZoneInfo(zone)).date() for o in (first, period_end(wish, first))]
    if not any((zone, d - timedelta(days=1)) in SKIPPED for d in dates):
        assert [d.weekday() for d in dates] == [weekday, weekday]
        assert dates[1] - dates[0] == timedelta(days=7)


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 6), st.integers(1, 20), zones, moments)
def test_monthly_gives_one_a_month_within_its_first_seven_days(
    weekday: int, hour: int, zone: str, moment: datetime
) -> None:
    wish = Wish("monthly", weekday, hour, zone)
    first = next_occasion(wish, moment)
    one, other = (o.astimezone(zoneinfo.ZoneInfo(zone)).date() for o in (first, period_end(wish, first)))
    assert one.day <= 7
    assert one.weekday() == weekday
    assert (other.year * 12 + other.month) - (one.year * 12 + one.month) == 1


@pytest.mark.parametrize("cadence", list(Cadence))
def test_thirty_years_in_every_zone_go_on_and_on(cadence: Cadence) -> None:
    """A walk along each zone, with long strides, that goes slowly where its clocks change."""
    # A third of the zones for each.
    for number, name in list(enumerate(ZONES))[list(Cadence).index(cadence) :: 3]:
        wish, zone = Wish(cadence, number % 7, number % 24, name), zoneinfo.ZoneInfo(name)
        moment = utc("2008-01-01") + timedelta(days=number % 28)
        while moment < utc("2038-01-01"):
            following = next_occasion(wish, moment)
            assert moment < following
            assert last_occasion(wish, following) == following
            shown = following.astimezone(zone)
            # A gap of a whole day is the longest there is.
            assert shown.hour == wish.hour or (following - timedelta(days=1)).astimezone(zone).utcoffset() != (
                shown.utcoffset()
            )
            changes = (
                following.astimezone(zone).utcoffset() != (following + timedelta(days=9)).astimezone(zone).utcoffset()
            )
            moment = following if changes else following + timedelta(days=61)


@settings(deadline=None, max_examples=200)
@given(wishes, moments)
def test_the_first_from_a_moment_on_may_be_that_very_moment(wish: Wish, moment: datetime) -> None:
    occasion = next_occasion(wish, moment)
    assert first_occasion(wish, occasion) == occasion
    assert first_occasion(wish, occasion + timedelta(microseconds=1)) == next_occasion(wish, occasion)


@settings(deadline=None, max_examples=200)
@given(zones, st.dates(date(2000, 1, 1), date(2037, 12, 31)))
@example("Pacific/Apia", date(2011, 12, 30))
@example("America/Havana", date(2026, 3, 8))
def test_a_day_begins_when_the_clock_first_shows_it(name: str, day: date) -> None:
    zone = zoneinfo.ZoneInfo(name)
    begin = day_begins(day, name)
    assert begin.astimezone(zone).date() == day or (name, day) in SKIPPED
    assert (begin - timedelta(seconds=1)).astimezone(zone).date() < day
