"""How often chance is taken for a trend, and a trend for chance: many made-up feeds, from a fixed seed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import count

import pytest

from bot.concepts.trends import LEVEL, WEEKS, trending

#: The standard errors that a share of so many reports may lie above its true value.
SURE = 2.0


def scattered(chance: random.Random, mean: float, size: float | None) -> int:
    """A Poisson count; with a size, a negative binomial one of that size (variance mean + mean² / size)."""
    if size is not None and mean:
        mean = chance.gammavariate(size, mean / size)
    if mean > 60:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    left = math.exp(-mean)
    product = chance.random()
    for papers in count():
        if product <= left:
            return papers
        product *= chance.random()
    raise AssertionError


def share_with_trends(
    level: Callable[[int], float], *, weeks: int, feeds: int, reports: int, size: float | None = 10, seed: int = 1
) -> float:
    """The share of reports that name any feed; `level` gives the mean of a week so many weeks back."""
    chance = random.Random(seed)
    named = 0
    for _ in range(reports):
        weekly = {
            feed: [scattered(chance, level(back), size) for back in range(weeks - 1, -1, -1)] for feed in range(feeds)
        }
        named += bool(trending(weekly))
    return named / reports


def allowed(level: float, reports: int) -> float:
    return level + SURE * math.sqrt(level * (1 - level) / reports)


@pytest.mark.parametrize("weeks", [10, 28, WEEKS])
@pytest.mark.parametrize("mean", [0.3, 3, 30, 150])
@pytest.mark.parametrize("size", [None, 10, 3])
def test_feeds_that_do_not_grow_are_rarely_named(mean: float, size: float | None, weeks: int) -> None:
    reports = 100
    share = share_with_trends(lambda _: mean, weeks=weeks, feeds=20, reports=reports, size=size)
    assert share <= allowed(LEVEL, reports)


@pytest.mark.parametrize("size", [None, 10])
def test_not_even_among_two_hundred_feeds(size: float | None) -> None:
    share = share_with_trends(lambda _: 20, weeks=28, feeds=200, reports=40, size=size)
    assert share <= allowed(LEVEL, 40)


def test_counts_as_uneven_as_there_are_cost_twice_the_level_at_the_most() -> None:
    share = share_with_trends(lambda _: 30, weeks=28, feeds=200, reports=40, size=1)
    assert share <= allowed(2 * LEVEL, 40)


def season(back: int, phase: int) -> float:
    return 1 + 0.5 * math.sin(2 * math.pi * (phase - back) / 52)


def holidays(back: int, phase: int) -> float:
    week = (phase - back) % 52
    return 0.3 if week in {51, 0} else 0.7 if 31 <= week <= 35 else 1.0


@pytest.mark.parametrize("pattern", [season, holidays])
@pytest.mark.parametrize("phase", [0, 1, 2, 12, 25, 36, 37, 48])
def test_a_season_is_no_trend_after_a_year_of_past(pattern: Callable[[int, int], float], phase: int) -> None:
    share = share_with_trends(lambda back: 40 * pattern(back, phase), weeks=WEEKS, feeds=20, reports=30)
    assert share <= allowed(LEVEL, 30)


@pytest.mark.parametrize("phase", [1, 2, 3, 36, 37])
def test_recovery_from_holidays_is_no_trend_in_the_first_year_either(phase: int) -> None:
    share = share_with_trends(lambda back: 40 * holidays(back, phase), weeks=30, feeds=20, reports=30)
    assert share <= allowed(LEVEL, 30)


@pytest.mark.parametrize("every", [2, 4, 13])
def test_batches_are_no_trend(every: int) -> None:
    for back_to in range(every):
        share = share_with_trends(
            lambda back, at=back_to: 10 * every if back % every == at else 0.0,  # type: ignore[misc]  # bound now
            weeks=41,
            feeds=10,
            reports=15,
        )
        assert share <= allowed(LEVEL, 15)


def test_growth_of_long_standing_is_no_trend() -> None:
    share = share_with_trends(lambda back: 60 * 1.3 ** (-back / 52), weeks=WEEKS, feeds=20, reports=60)
    assert share <= allowed(LEVEL, 60)


@pytest.mark.parametrize(
    ("mean", "weeks", "feeds", "least"), [(20, 28, 1, 0.8), (50, 28, 50, 0.9), (100, 28, 200, 0.95), (100, 80, 50, 0.9)]
)
def test_a_doubling_is_seen(mean: int, weeks: int, feeds: int, least: float) -> None:
    chance = random.Random(7)
    seen = 0
    for _ in range(40):
        weekly = {feed: [scattered(chance, mean, None) for _ in range(weeks)] for feed in range(feeds)}
        weekly[0][-1] = scattered(chance, 2 * mean, None)
        seen += any(trend.feed_id == 0 for trend in trending(weekly))
    assert seen / 40 >= least
