"""Trends: growth against the feed's own past, safe with small numbers."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.concepts.trends import notable, trending


def test_a_feed_that_grows_is_named_in_words() -> None:
    (trend,) = trending({7: [4, 3, 5, 4, 4, 4, 3, 5, 12]})
    assert (trend.feed_id, trend.papers, trend.usual) == (7, 12, 4.0)
    assert trend.words == "12 papers this week, 4 in a usual week"
    assert 1 < trend.growth < 3  # a lower bound, so less than the plain ratio


@pytest.mark.parametrize(
    "counts",
    [
        [],
        [50],
        [1, 1, 1, 50],  # too short a past
        [0, 0, 0, 0, 0, 0, 0, 0, 4],  # too few papers
        [4, 3, 5, 4, 4, 4, 3, 5, 6],  # within chance
        [20, 20, 20, 20, 20, 20, 3],  # shrinks
        [0, 0, 40, 0, 0, 35, 0, 0, 25],  # comes in batches, and this is one
        [0, 0, 0, 0, 0],
    ],
)
def test_what_is_no_trend(counts: list[int]) -> None:
    assert trending({1: counts}) == ()


@pytest.mark.parametrize(
    ("past", "words"),
    [
        ([0] * 8, "9 papers this week, none in a usual week"),
        ([0, 1, 0, 0, 1, 0, 0, 0], "9 papers this week, less than one in a usual week"),
        ([1, 2, 1, 2, 1, 2, 1, 2], "9 papers this week, 2 in a usual week"),
    ],
)
def test_small_numbers_in_words(past: list[int], words: str) -> None:
    assert trending({1: [*past, 9]})[0].words == words


def test_the_fastest_comes_first_and_ties_stand_by_id() -> None:
    weekly = {5: [4] * 8 + [12], 3: [4] * 8 + [12], 9: [4] * 8 + [40], 1: [100] * 8 + [140]}
    assert [trend.feed_id for trend in trending(weekly)] == [9, 3, 5, 1]


def test_chance_alone_is_rarely_called_a_trend() -> None:
    chance = random.Random(20)
    weekly = {feed: [sum(chance.random() < 0.1 for _ in range(100)) for _ in range(13)] for feed in range(400)}
    assert len(trending(weekly)) <= 400 * 0.08


_COUNTS = st.lists(st.integers(0, 5000), max_size=20)


@given(st.dictionaries(st.integers(1, 99), _COUNTS, max_size=6))
def test_trends_are_above_their_past_and_in_order(weekly: dict[int, list[int]]) -> None:
    trends = trending(weekly)
    assert trends == trending(dict(reversed(weekly.items())))
    assert all(trend.papers > trend.usual and trend.growth >= 1 for trend in trends)
    assert [t.growth for t in trends] == sorted((t.growth for t in trends), reverse=True)


@given(st.lists(st.integers(0, 50), min_size=4, max_size=12), st.integers(5, 200), st.integers(1, 50))
def test_more_papers_are_never_less_of_a_trend(past: list[int], papers: int, more: int) -> None:
    fewer, many = trending({1: [*past, papers]}), trending({1: [*past, papers + more]})
    if fewer:
        assert many[0].growth >= fewer[0].growth


def test_feeds_without_a_past_are_named_after_those_that_trend() -> None:
    weekly = {1: [2, 3, 2, 3, 2, 30], 2: [7], 3: [9, 12], 4: [2, 3, 2, 3, 2, 3], 5: [4, 0]}
    found = notable(weekly)
    assert [trend.feed_id for trend in found] == [1, 3, 2]
    assert found[1].words == "12 papers this week"
