"""A feed's weeks as a small chart: where its bars stand, and what it says to those who do not see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.render.languages import Language, language

#: Units of the drawing; it is as wide as its weeks, and the page scales it.
_SLOT, _BAR, _HEIGHT, _HEADROOM = 10, 8, 80, 4
#: What is there must be seen beside what is not.
_LEAST = 2.0
#: Fewer weeks are no picture.
FEWEST = 4

_SOURCE = language("")


@dataclass(frozen=True, slots=True)
class BarView:
    """One week, from its upper left corner."""

    x: int
    y: float
    width: int
    height: float
    #: The last week, which the page is about.
    last: bool


@dataclass(frozen=True, slots=True)
class ChartView:
    """A chart of the papers of each week."""

    width: int
    height: int
    #: Weeks without papers have none.
    bars: tuple[BarView, ...]
    #: How far down the line of the usual number of papers is; None where there is none.
    usual: float | None
    #: What it shows, and all its numbers.
    label: str
    numbers: str
    #: When its first week began: `November 2025`.
    since: str


def weekly_chart(
    counts: Sequence[int], end: datetime, weeks: int, usual: float | None = None, spoken: Language = _SOURCE
) -> ChartView | None:
    """The last weeks of a feed, the oldest on the left; None where there are too few to be a picture.

    Args:
        counts: papers of each week, the oldest first.
        end: of the last week.
        weeks: so many at the most.
        usual: papers of a usual week, where that is known.
        spoken: the page's language.
    """
    shown = counts[-weeks:]
    if len(shown) < FEWEST or not any(shown):
        return None
    top = max(*shown, usual or 0)
    room = _HEIGHT - _HEADROOM
    bars = []
    for at, papers in enumerate(shown):
        if papers:
            height = round(max(_LEAST, room * papers / top), 1)
            x = at * _SLOT + (_SLOT - _BAR) // 2
            bars.append(BarView(x, round(_HEIGHT - height, 1), _BAR, height, at == len(shown) - 1))
    began = end - timedelta(weeks=len(shown))
    label = spoken.text(
        "Papers in each of the last %(weeks)s weeks: %(papers)s this week, %(most)s in the busiest",
        weeks=spoken.number(len(shown)),
        papers=spoken.number(shown[-1]),
        most=spoken.number(max(shown)),
    )
    numbers = spoken.count(
        sum(shown),
        "%(number)s paper, the oldest week first: %(numbers)s.",
        "%(number)s papers, the oldest week first: %(numbers)s.",
        numbers=", ".join(map(str, shown)),
    )
    if usual and usual >= 1:
        line = spoken.text("The line is at %(usual)s, as many as are usual now.", usual=spoken.number(round(usual)))
        numbers = f"{numbers} {line}"
    return ChartView(
        width=len(shown) * _SLOT,
        height=_HEIGHT,
        bars=tuple(bars),
        usual=round(_HEIGHT - room * usual / top, 1) if usual and usual >= 1 else None,
        label=label,
        numbers=numbers,
        since=spoken.date(f"{began:%Y-%m}"),
    )
