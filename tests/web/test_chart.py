"""Where the bars of a chart stand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.chart import weekly_chart

END = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def test_bars_stand_on_the_ground_and_the_highest_below_the_top() -> None:
    chart = weekly_chart([9, 10, 0, 5, 20], END, 4, usual=10)
    assert chart is not None
    assert (chart.width, chart.height, chart.usual) == (40, 80, 42.0)
    assert [(bar.x, bar.y, bar.height, bar.last) for bar in chart.bars] == [
        (1, 42.0, 38.0, False),
        (21, 61.0, 19.0, False),
        (31, 4.0, 76.0, True),
    ]


def test_all_numbers_are_in_its_words() -> None:
    chart = weekly_chart([10, 0, 5, 1200], END, 53, usual=7.4)
    assert chart is not None
    assert chart.label == "Papers in each of the last 4 weeks: 1,200 this week, 1,200 in the busiest"
    assert chart.numbers == (
        "1,215 papers, the oldest week first: 10, 0, 5, 1200. The line is at 7, as many as are usual now."
    )
    assert chart.since == "October 2026"


@pytest.mark.parametrize("usual", [None, 0, 0.4])
def test_no_line_where_next_to_nothing_is_usual(usual: float | None) -> None:
    chart = weekly_chart([1, 0, 0, 2], END, 53, usual)
    assert chart is not None
    assert chart.usual is None
    assert "line" not in chart.numbers


@pytest.mark.parametrize("counts", [[], [5], [1, 2, 3], [0, 0, 0, 0, 0]])
def test_too_little_is_no_picture(counts: list[int]) -> None:
    assert weekly_chart(counts, END, 53) is None


@given(st.lists(st.integers(0, 100_000), min_size=4, max_size=80), st.integers(4, 60), st.floats(0, 1e6))
def test_everything_is_within_the_drawing(counts: list[int], weeks: int, usual: float) -> None:
    chart = weekly_chart(counts, END, weeks, usual)
    shown = counts[-weeks:]
    if chart is None:
        assert not any(shown)
        return
    assert len(chart.bars) == sum(map(bool, shown))
    for bar in chart.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= chart.width
        assert 0 <= bar.y <= chart.height - bar.height + 0.05
        assert bar.height >= 2
    assert chart.usual is None or 0 <= chart.usual <= chart.height
