"""Which concept feeds grow faster than their own past."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

#: Whole past weeks that there must be before anything can be called usual.
FEWEST_WEEKS = 8
#: What is usual is read from so many past weeks at the most: half a year.
PAST_WEEKS = 26
#: With so many past weeks, the time of year is looked at too: a year, and four weeks to know the level of then.
SEASONAL_WEEKS = 56
#: Weeks that a caller should hand over where there are so many: the last one, and all that is looked at before it.
WEEKS = 2 + 52 + PAST_WEEKS
#: Fewer papers in the week are not worth a reader's eye, however fast that is.
FEWEST_PAPERS = 5
#: Neither is a growth of less than a quarter, however sure it is.
LEAST_GROWTH = 1.25
#: The part of the feeds that reports name which may be there by chance, on average; where no feed has grown, it is the
#: chance that a report names any.
LEVEL = 0.1

#: What is reckoned with: counts far more scattered than Poisson's keep a longer upper tail than Student's t has.
_NOMINAL = LEVEL / 2
_YEAR = 52
#: Past weeks further above the rest than this, in standard deviations, count for less.
_OUTLYING = 2.58
#: Rounds of weighing at the most.
_SETTLES = 10
#: On the scale of square roots, Poisson counts have this standard deviation, whatever their mean.
_POISSON = 0.5
_OFFSET = 3 / 8
_UNIT = NormalDist()


class Why(StrEnum):
    """By what the usual number of papers was found."""

    PAST = "past"
    """The weeks of the last half year."""
    QUIET = "quiet"
    """The same, and what the quiet weeks just before have held back."""
    SEASON = "season"
    """The busiest of the same weeks a year ago, at the level of today."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A feed's last week beside its own past."""

    feed_id: int
    #: Papers in the last week.
    papers: int
    #: Papers that were to be expected in it.
    usual: float
    #: So many papers may come by chance where nothing has grown.
    bound: float
    why: Why = Why.PAST
    #: False where there is no past yet to compare with; usual and bound are 0 then.
    known: bool = True

    @property
    def growth(self) -> float | None:
        """How many times as many papers as usual; None where usual is none."""
        return self.papers / self.usual if self.usual else None

    @property
    def grows(self) -> bool:
        """Whether this is a trend: more papers than chance explains, and enough of them to be worth telling."""
        return self.known and self.papers > self.bound and _worth_telling(self.papers, self.usual)

    @property
    def words(self) -> str:
        """For a reader: `12 papers this week, 4 in a usual week`."""
        papers = f"{self.papers:,} {'paper' if self.papers == 1 else 'papers'} this week"
        if not self.known:
            return f"{papers}, too soon to say what is usual"
        usual = _amount(self.usual)
        if self.why is Why.QUIET:
            return f"{papers}, {usual} to be expected after quiet weeks"
        if self.why is Why.SEASON:
            return f"{papers}, {usual} in a busy week at this time of year"
        return f"{papers}, {usual} in a usual week"


def trending(weekly: Mapping[int, Sequence[int]]) -> tuple[Trend, ...]:
    """Give the feeds whose last week has more papers than chance and season explain, the most striking first.

    Args:
        weekly: as for `compared`.
    """
    return tuple(trend for trend in compared(weekly) if trend.grows)


def notable(weekly: Mapping[int, Sequence[int]]) -> tuple[Trend, ...]:
    """Give the trending feeds, then those too young to have a past, the busiest first, which say so.

    So that the readers of a new bot, too, are shown what there is beside their own feeds.

    Args:
        weekly: as for `compared`.
    """
    return tuple(trend for trend in compared(weekly) if trend.grows or (not trend.known and trend.papers))


def compared(weekly: Mapping[int, Sequence[int]]) -> tuple[Trend, ...]:
    """Set each feed's last week beside its own past; the most striking first, those without a past last.

    The statistic is the upper prediction bound of one more week, in the manner of C. P. Farrington et al. (J. R.
    Stat. Soc. A 159, 1996) and A. Noufaily et al. (Stat. Med. 32, 2013), reckoned on the scale y -> sqrt(y + 3/8), on
    which Poisson counts have a standard deviation of 1/2 and overdispersed ones a steady one (F. J. Anscombe,
    Biometrika 35, 1948). A feed trends whose last week is above

        (sqrt(usual + 3/8) + t s sqrt(1 + 1/n))**2 - 3/8

    where the n past weeks, half a year at the most, have the mean `usual` and on that scale the standard deviation s,
    taken for 1/2 where it is less, so that few and empty weeks promise no more than they know; and t is the quantile
    of Student's t with n - 1 degrees of freedom. Its level is found by the rule of Y. Benjamini and Y. Hochberg (J. R.
    Stat. Soc. B 57, 1995) over all feeds with a past, so that of the feeds that reports name a tenth at the most
    (LEVEL) is there by chance, however many feeds there are. Feeds that share papers do not break it (Y. Benjamini and
    D. Yekutieli, Ann. Stat. 29, 2001). What is not worth telling counts as chance there.

    What is no trend:

    - *An outbreak that is over.* Past weeks more than 2.58 standard deviations above the rest get the weight
      (2.58 / deviation)**2, as Noufaily et al. have it, until the weights settle.
    - *Catching up.* Weeks below half of the usual just before the last one (holidays, a source that was silent or
      announces in batches) are expected to be made up for: what they lack is added to what is usual, and all past
      weeks count in full.
    - *The season.* Where there is a year of past, the last week must also be above the same bound around what the
      busiest of the three weeks a year ago leads one to expect: their ratio to the half year before them, times
      today's usual. One more paper in each keeps a ratio of small numbers finite. Both bounds must be passed, which
      keeps the level (R. L. Berger, Technometrics 24, 1982).
    - *Growth of long standing.* What has grown for months is usual.

    Args:
        weekly: for each feed the papers that entered it in each week, the oldest first, the last week last; at least
            the last WEEKS of them where there are so many. The first one is left out of the past: a feed begins in
            the middle of it, and with what its first round found. Weeks before it would count as silent.
    """
    pasts = {feed: past for feed, counts in weekly.items() if len(past := counts[1:-1]) >= FEWEST_WEEKS}
    expected = {feed: _expected(past) for feed, past in pasts.items()}
    level = _level([one.chance(weekly[feed][-1]) for feed, one in expected.items()])
    trends = [
        expected[feed].beside(feed, counts[-1], level)
        if feed in expected
        else Trend(feed, counts[-1], 0.0, 0.0, known=False)
        for feed, counts in weekly.items()
        if counts
    ]
    return tuple(sorted(trends, key=_striking))


def _striking(trend: Trend) -> tuple[bool, float, int, int]:
    # How far above its bound: the exceedance score of Farrington et al., on the scale of square roots.
    excess = _scaled(trend.papers) - _scaled(trend.bound) if trend.known else 0.0
    return (not trend.known, -excess, -trend.papers, trend.feed_id)


def _worth_telling(papers: int, usual: float) -> bool:
    return papers >= max(FEWEST_PAPERS, LEAST_GROWTH * usual)


@dataclass(frozen=True, slots=True)
class _Expected:
    """What a past leads one to expect of one more week."""

    usual: float
    #: Of the week to come about the usual, on the scale of square roots; with the degrees of freedom it is known by.
    error: float
    freedom: float
    why: Why

    def chance(self, papers: int) -> float:
        """How often so many papers come where nothing has grown; 1 where they are not worth telling."""
        if not _worth_telling(papers, self.usual):
            return 1.0
        return _UNIT.cdf(-_normal((_scaled(papers) - _scaled(self.usual)) / self.error, self.freedom))

    def beside(self, feed_id: int, papers: int, level: float) -> Trend:
        """The feed's last week, and the bound at that level."""
        top = _scaled(self.usual) + _student(_UNIT.inv_cdf(1 - level), self.freedom) * self.error
        return Trend(feed_id, papers, self.usual, top**2 - _OFFSET, self.why)


def _level(chances: Sequence[float]) -> float:
    """The level for each feed by which a given part of those found is there by chance."""
    steps = [(at + 1) * _NOMINAL / len(chances) for at in range(len(chances))]
    found = [step for chance, step in zip(sorted(chances), steps, strict=True) if chance <= step]
    return found[-1] if found else steps[0] if steps else _NOMINAL


def _expected(past: Sequence[int]) -> _Expected:
    recent = past[-PAST_WEEKS:]
    # All that is known of the past says what stands out of it; a month of outbreak in half a year would not.
    weights = _weights(past)[-PAST_WEEKS:]
    usual = _mean(recent, weights)
    why = Why.PAST
    if (held_back := _held_back(recent, usual)) > 0:
        weights = [1.0] * len(recent)
        usual, why = _mean(recent, weights) + held_back, Why.QUIET
    if (season := _mean(recent, weights) * _season(past)) > usual:
        usual, why = season, Why.SEASON
    n = sum(weights)
    return _Expected(usual, _spread(recent, weights) * math.sqrt(1 + 1 / n), n - 1, why)


def _scaled(count: float) -> float:
    return math.sqrt(count + _OFFSET)


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(w * value for value, w in zip(values, weights, strict=True)) / sum(weights)


def _spread(past: Sequence[int], weights: Sequence[float]) -> float:
    scaled = [_scaled(count) for count in past]
    mean = _mean(scaled, weights)
    squares = sum(w * (value - mean) ** 2 for value, w in zip(scaled, weights, strict=True))
    return max(_POISSON, math.sqrt(squares / (sum(weights) - 1)))


def _weights(past: Sequence[int]) -> list[float]:
    """How much each past week counts: less than 1 where it stands far above the others."""
    weights = [1.0] * len(past)
    scaled = [_scaled(count) for count in past]
    for _ in range(_SETTLES):
        mean, spread = _mean(scaled, weights), _spread(past, weights)
        before, weights = weights, [min(1.0, (_OUTLYING * spread / max(value - mean, 1e-9)) ** 2) for value in scaled]
        if weights == before:
            break
    return weights


def _held_back(past: Sequence[int], usual: float) -> float:
    """What the quiet weeks at the end of the past lack; batches that lie further back count in full here."""
    mean = sum(past) / len(past)
    held_back = 0.0
    for count in reversed(past):
        if count >= usual / 2:
            break
        held_back += mean - count
    return max(0.0, held_back)


def _season(past: Sequence[int]) -> float:
    """How many times as many papers as in the half year before it the same time of year had a year ago."""
    if len(past) < SEASONAL_WEEKS:
        return 0.0
    before = past[-_YEAR - PAST_WEEKS : -_YEAR] if len(past) > _YEAR else past
    busiest = max(past[-_YEAR - 1 : -_YEAR + 2])
    return (busiest + 1) / (sum(before) / len(before) + 1)


def _normal(student: float, freedom: float) -> float:
    """Where the normal distribution has the probability that Student's t has there.

    D. L. Wallace, Ann. Math. Stat. 30, 1959.
    """
    shrunk = math.sqrt(freedom * math.log1p(student**2 / freedom))
    return math.copysign(shrunk, student) * (8 * freedom + 1) / (8 * freedom + 3)


def _student(normal: float, freedom: float) -> float:
    """The other way round."""
    stretched = normal * (8 * freedom + 3) / (8 * freedom + 1)
    return math.copysign(math.sqrt(freedom * math.expm1(stretched**2 / freedom)), stretched)


def _amount(usual: float) -> str:
    if usual == 0:
        return "none"
    return f"{usual:,.0f}" if usual >= 1 else "less than one"
