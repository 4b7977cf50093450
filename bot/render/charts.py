"""Small charts without images: a row of bars, and the same in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.render.languages import Language

#: Weeks that a chart shows, at the most; with fewer than the least there is nothing to see.
WEEKS: Final = 12
_LEAST: Final = 4
#: Pixels.
_HEIGHT: Final = 22


@dataclass(frozen=True, slots=True)
class Chart:
    """How many papers came to a feed in each of its last weeks."""

    #: The height of each week's bar in pixels, the oldest first; a week with any paper has at least one.
    heights: tuple[int, ...]
    #: The numbers in words.
    words: str
    #: What stands beside the bars: of the last one.
    caption: str


def chart(weeks: Sequence[int], language: Language) -> Chart | None:
    """The chart of a feed's last weeks; None where there are too few of them, or no papers.

    Args:
        weeks: how many papers came in each, the oldest first.
    """
    shown = tuple(weeks[-WEEKS:])
    most = max(shown, default=0)
    if len(shown) < _LEAST or not most:
        return None
    heights = tuple(-(-count * _HEIGHT // most) for count in shown)
    numbers = ", ".join(map(language.number, shown))
    words = language.count(
        len(shown),
        "Papers in the last %(number)s week: %(numbers)s",
        "Papers in each of the last %(number)s weeks: %(numbers)s",
        numbers=numbers,
    )
    caption = language.count(shown[-1], "%(number)s this week", "%(number)s this week")
    return Chart(heights, words, caption)
