"""How large a run may be, by what the earlier ones tell."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models.runs import KNOWN, SMALL, TIMES, UsualSize

SIZES = st.integers(0, 3_000_000)


@pytest.mark.parametrize(
    ("known", "largest", "limit"),
    [
        (0, 0, None),
        (2, 5000, None),
        (3, 1, 100),
        (3, 10, 100),
        (3, 11, 110),
        (50_000, 120_000, 1_200_000),
    ],
)
def test_the_limit(known: int, largest: int, limit: int | None) -> None:
    assert UsualSize(known, largest).limit == limit


@given(st.integers(0, 10), st.integers(1, 3_000_000), st.lists(SIZES, max_size=12))
def test_a_run_passes_it_once_if_it_ever_has_more(known: int, largest: int, batches: list[int]) -> None:
    usual = UsualSize(known, largest)
    sizes = [0, *accumulate(batches)]
    passed = [usual.passed(before, after) for before, after in pairwise(sizes)]
    too_large = known >= KNOWN and sizes[-1] > SMALL and sizes[-1] > TIMES * largest
    assert sum(passed) == too_large
    # And no later than with the first batch that is too much.
    if too_large:
        assert sizes[passed.index(True)] <= max(SMALL, TIMES * largest) < sizes[passed.index(True) + 1]


@given(st.integers(KNOWN, 50_000), st.integers(1, 3_000_000), SIZES)
def test_what_is_no_larger_than_a_usual_peak_never_does(known: int, largest: int, size: int) -> None:
    assert not UsualSize(known, largest).passed(0, min(size, TIMES * largest))
