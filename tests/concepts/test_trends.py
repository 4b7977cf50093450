"""Trends: growth against the feed's own past, safe with small numbers, holidays, batches and seasons."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.concepts.trends import Trend, Why, compared, notable, trending


def only(counts: list[int]) -> Trend:
    (trend,) = compared({1: counts})
    return trend


def test_the_bound_is_the_stated_one() -> None:
    # Eight even weeks: s is 1/2, and t of Student's table with 7 degrees of freedom at 0.05 is 1.895.
    trend = only([0, *[4] * 8, 12])
    assert (trend.papers, trend.usual, trend.growth) == (12, 4.0, 3.0)
    assert trend.bound == pytest.approx((sqrt(4.375) + 1.895 * 0.5 * sqrt(1 + 1 / 8)) ** 2 - 0.375, abs=0.02)
    assert trend.grows
    assert trend.words == "12 papers this week, 4 in a usual week"


@pytest.mark.parametrize(
    "counts",
    [
        [0, *[0] * 26, 4],  # too few papers
        [0, *[4, 3, 5, 4, 4, 4, 3, 5], 6],  # within chance
        [0, *[20] * 12, 3],  # shrinks
        [0, *[10_000] * 26, 11_000],  # sure, and too little to be worth telling
        [0, *[1, 9, 2, 30, 0, 4, 25, 3], 28],  # has always been as uneven
        [0, *[0, 0, 0, 40, 0, 0, 0, 35, 0, 0, 0, 45, 0, 0, 0, 30, 0, 0, 0], 50],  # comes in batches, and this is one
        [0, *([0] * 12 + [40]) * 3, *[0] * 12, 45],  # four times a year
        [0, *[20] * 23, 0, 0, 0, 80],  # after three weeks of silence, all of it
        [0, *[20] * 20, 4, 5, 20, 19, 21, 24],  # as ever after the holidays
        [0, *[10] * 51, 60, *[10] * 51, 65],  # the congress that is each year
    ],
)
def test_what_is_no_trend(counts: list[int]) -> None:
    trend = only(counts)
    assert trend.known
    assert not trend.grows
    assert trending({1: counts}) == ()


@pytest.mark.parametrize(
    "counts",
    [
        [0, *[0] * 26, 8],
        [0, *[0, 1] * 13, 9],
        [0, *[30] * 26, 60],
        [99, *[4] * 8, 12],  # what the first round found is no past
        [0, *[20] * 40, 100, 110, 90, *[20] * 20, 60],  # an outbreak that is over does not hide the next one
        [0, *[10] * 51, 10, *[10] * 51, 40],
    ],
)
def test_what_is_a_trend(counts: list[int]) -> None:
    assert only(counts).grows


def test_growth_of_none_is_not_infinite() -> None:
    three, many = only([0, *[0] * 20, 3]), only([0, *[0] * 20, 30])
    assert (three.growth, three.grows) == (None, False)
    assert (many.growth, many.grows) == (None, True)
    assert many.bound > 1


@pytest.mark.parametrize(
    ("past", "words"),
    [
        ([0] * 12, "1,200 papers this week, none in a usual week"),
        ([0, 1, 0, 0, 1, 0, 0, 0, 1], "1,200 papers this week, less than one in a usual week"),
        ([1, 2, 1, 2, 1, 2, 1, 2], "1,200 papers this week, 2 in a usual week"),
        ([20] * 12 + [0, 0], "1,200 papers this week, 51 to be expected after quiet weeks"),
        ([10] * 26 + [40] + [10] * 51, "1,200 papers this week, 37 in a busy week at this time of year"),
    ],
)
def test_why_so_many_are_usual_is_in_the_words(past: list[int], words: str) -> None:
    assert only([0, *past, 1200]).words == words


def test_a_year_of_past_tells_the_season() -> None:
    young, old = only([0, *[10] * 30, 40]), only([0, *[10] * 26, 40, *[10] * 51, 40])
    assert (young.why, young.grows) == (Why.PAST, True)
    assert (old.why, old.grows) == (Why.SEASON, False)


def test_a_lasting_growth_becomes_usual() -> None:
    steps = [only([0, *[20] * 52, *[50] * weeks, 50]).grows for weeks in range(30)]
    assert steps[0]
    assert not steps[-1]
    assert steps == sorted(steps, reverse=True)


def test_more_feeds_need_more_to_be_sure() -> None:
    counts = [0, *[20] * 26, 31]
    assert trending({1: counts})
    assert not trending({feed: counts if feed == 1 else [0, *[20] * 27] for feed in range(1, 200)})


def test_many_that_grow_speak_for_one_another() -> None:
    counts, still = [0, *[20] * 26, 35], [0, *[20] * 27]
    alone = compared({feed: counts if feed < 1 else still for feed in range(100)})
    among = compared({feed: counts if feed < 20 else still for feed in range(100)})
    assert sum(trend.grows for trend in among) == 20
    assert alone[0].bound > among[0].bound


def test_the_most_striking_comes_first_and_ties_stand_by_id() -> None:
    weekly = {5: [0, *[4] * 8, 18], 3: [0, *[4] * 8, 18], 9: [0, *[4] * 8, 40], 1: [0, *[100] * 8, 160]}
    assert [trend.feed_id for trend in trending(weekly)] == [9, 1, 3, 5]


def test_feeds_without_a_past_are_named_after_those_that_trend() -> None:
    weekly = {1: [0, *[2, 3] * 4, 30], 2: [7], 3: [9, 12], 4: [0, *[2, 3] * 5], 5: [4, 0], 6: [1], 7: []}
    found = notable(weekly)
    assert [(trend.feed_id, trend.known) for trend in found] == [(1, True), (3, False), (2, False), (6, False)]
    assert found[1].words == "12 papers this week, too soon to say what is usual"
    assert found[3].words == "1 paper this week, too soon to say what is usual"
    assert [trend.grows for trend in found] == [True, False, False, False]


_COUNTS = st.lists(st.integers(0, 5000), max_size=90)
_FEEDS = st.dictionaries(st.integers(1, 99), _COUNTS, max_size=6)


@given(_FEEDS)
def test_the_order_of_feeds_is_nothing_and_trends_are_above_their_bound(weekly: dict[int, list[int]]) -> None:
    trends = compared(weekly)
    assert trends == compared(dict(reversed(weekly.items())))
    assert sorted(trend.feed_id for trend in trends) == sorted(feed for feed, counts in weekly.items() if counts)
    for trend in trends:
        assert trend.known == (len(weekly[trend.feed_id]) >= 10)
        assert not trend.known or trend.bound > trend.usual
        assert not trend.grows or (trend.papers > trend.bound and trend.papers >= 5)


@given(_FEEDS.filter(bool), st.data(), st.integers(1, 5000))
def test_more_papers_are_never_less_of_a_trend(weekly: dict[int, list[int]], data: st.DataObject, more: int) -> None:
    feed = data.draw(st.sampled_from(sorted(weekly)))
    busier = {**weekly, feed: [*weekly[feed][:-1], weekly[feed][-1] + more] if weekly[feed] else []}
    assert {trend.feed_id for trend in trending(weekly)} <= {trend.feed_id for trend in trending(busier)}


@given(st.integers(1, 2000), st.integers(8, 77), st.integers(2, 9))
def test_the_same_growth_is_surer_of_more_papers(level: int, weeks: int, times: int) -> None:
    small, large = only([0, *[level] * weeks, 2 * level]), only([0, *[times * level] * weeks, 2 * times * level])
    assert small.growth == large.growth == 2
    assert large.bound / large.usual < small.bound / small.usual
    assert large.grows or not small.grows


@given(_COUNTS.filter(lambda counts: len(counts) >= 10), st.integers(0, 5000))
def test_the_first_week_is_no_past(counts: list[int], first: int) -> None:
    assert only(counts) == only([first, *counts[1:]])
