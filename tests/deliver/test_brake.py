"""The brake bites when more than one in twenty of the last ones was refused for a reason of ours."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.deliver.brake import MOST, OF, Brake

OURS, FINE = True, False


def first_bite(answers: Sequence[bool]) -> int | None:
    """After how many answers the brake bites."""
    brake = Brake()
    return next((number for number, ours in enumerate(answers, 1) if brake.note(ours)), None)


@pytest.mark.parametrize(
    ("answers", "bites_after"),
    [
        ([OURS] * 10, None),
        # A server that takes nothing costs eleven mails.
        ([OURS] * 11, 11),
        ([FINE] * 1000, None),
        # One in twenty for ever is ten of 200.
        ([OURS, *[FINE] * 19] * 100, None),
        ([OURS, *[FINE] * 18] * 100, 191),
        # Ten long ago, and 200 since: they are forgotten.
        ([*[OURS] * 10, *[FINE] * 200, *[OURS] * 10], None),
        # The first of the ten is still among the last 200 when the eleventh comes.
        ([*[OURS] * 10, *[FINE] * 189, OURS], 200),
        ([*[OURS] * 10, *[FINE] * 190, OURS], None),
    ],
)
def test_when_it_bites(answers: Sequence[bool], bites_after: int | None) -> None:
    assert first_bite(answers) == bites_after


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 5), st.integers(1, 12))
def test_it_bites_as_counting_anew_would(answers: list[bool], most: int, of: int) -> None:
    brake = Brake(most, of)
    for number, ours in enumerate(answers, 1):
        assert brake.note(ours) == (sum(answers[max(0, number - of) : number]) > most)


def test_more_than_five_per_cent() -> None:
    assert MOST / OF == 0.05
