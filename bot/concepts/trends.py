"""Which concept feeds grow faster than their own past."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Fewer past weeks say nothing about what is usual.
FEWEST_WEEKS = 4
#: Fewer papers in the week are not worth a reader's eye, however fast that is.
FEWEST_PAPERS = 5
#: One-sided 95 % bound of the standard normal distribution.
_BOUND = 1.645


@dataclass(frozen=True, slots=True)
class Trend:
    """A feed that grows faster than its own past."""

    feed_id: int
    #: Papers in the last week.
    papers: int
    #: Papers in a mean past week.
    usual: float
    #: How many times as many as usual, at least, with 95 % confidence; over 1.
    growth: float
    #: For a reader: `12 papers this week, 4 in a usual week`.
    words: str


def trending(weekly: Mapping[int, Sequence[int]]) -> tuple[Trend, ...]:
    """Give the feeds whose last week has surely more papers than their past weeks, the fastest first.

    The statistic is the lower 95 % bound of the rate ratio between the last week and the past ones: on the
    log scale, with half a paper added to each count so that small and empty counts stay finite and are
    drawn together (J. B. S. Haldane, Ann. Hum. Genet. 20, 1956; F. J. Anscombe, Biometrika 43, 1956), and
    with the variance of two Poisson counts, widened by the dispersion of the past weeks where they vary
    more than Poisson counts do (P. McCullagh and J. A. Nelder, Generalized Linear Models, 1989, 6.2.3).
    Feeds of which that bound is not over 1 do not trend; equal ones stand by papers, then by id.

    Args:
        weekly: for each feed the papers that entered it in each week, the oldest first, the last week last.
            Weeks before the feed was followed must not be in it: they would count as silent.
    """
    trends = [trend for feed_id, counts in weekly.items() if (trend := _trend(feed_id, counts)) is not None]
    return tuple(sorted(trends, key=lambda trend: (-trend.growth, -trend.papers, trend.feed_id)))


def notable(weekly: Mapping[int, Sequence[int]]) -> tuple[Trend, ...]:
    """Give the trending feeds, then those too young to have a past, the busiest first, which say so.

    So that the readers of a new bot, too, are shown what there is beside their own feeds.

    Args:
        weekly: as for `trending`.
    """
    young = [
        Trend(feed_id, counts[-1], 0.0, 1.0, f"{counts[-1]} {'paper' if counts[-1] == 1 else 'papers'} this week")
        for feed_id, counts in weekly.items()
        if len(counts) <= FEWEST_WEEKS and counts and counts[-1]
    ]
    return (*trending(weekly), *sorted(young, key=lambda trend: (-trend.papers, trend.feed_id)))


def _trend(feed_id: int, counts: Sequence[int]) -> Trend | None:
    if len(counts) <= FEWEST_WEEKS or counts[-1] < FEWEST_PAPERS:
        return None
    *past, papers = counts
    growth = _least_growth(papers, past)
    if growth <= 1:
        return None
    usual = sum(past) / len(past)
    return Trend(
        feed_id, papers, usual, round(growth, 3), f"{papers} papers this week, {_amount(usual)} in a usual week"
    )


def _least_growth(papers: int, past: Sequence[int]) -> float:
    """The lower bound of the rate ratio."""
    now, before = papers + 0.5, sum(past) + 0.5
    ratio = math.log(now * len(past) / before)
    error = math.sqrt(_dispersion(past) * (1 / now + 1 / before))
    return math.exp(ratio - _BOUND * error)


def _dispersion(past: Sequence[int]) -> float:
    """How many times as much as Poisson counts the past weeks vary; at least 1."""
    mean = sum(past) / len(past)
    if mean == 0:
        return 1.0
    variance = sum((count - mean) ** 2 for count in past) / (len(past) - 1)
    return max(1.0, variance / mean)


def _amount(usual: float) -> str:
    if usual == 0:
        return "none"
    return f"{usual:.0f}" if usual >= 1 else "less than one"
