"""How many soft bounces close an address, and which Message-IDs lead to a row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.models.bounces import SOFT_DIGESTS, SOFT_SPAN, Named, is_soft_too_often, named_by_message_id

NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
SECRET = "0123456789abcdef" * 2


def digests(marks: str, days: float) -> list[tuple[datetime, bool]]:
    """`x` came back, `.` did not; the newest first, so many days apart."""
    return [(NOW - timedelta(days=days) * n, mark == "x") for n, mark in enumerate(marks)]


@pytest.mark.parametrize(
    ("marks", "days", "closed"),
    [
        ("", 7, False),
        ("....", 7, False),
        ("x", 7, False),
        ("xxx", 7, False),
        ("xxxx", 7, True),
        ("xxxx.", 7, True),
        # One that did not come back starts the count anew.
        ("xxx.x", 7, False),
        ("x.x.x.x.x.x", 7, False),
        # What was sent since has had no time to come back.
        ("..xxxx", 7, True),
        (".....xxx.x", 1, False),
        # Daily ones: a full mailbox over some days closes nothing.
        ("xxxxxxxxxx", 1, False),
        ("xxxxxxxxxxx", 1, True),
        ("xxxx", 30, True),
    ],
)
def test_several_in_a_row_over_some_days_close(marks: str, days: float, closed: bool) -> None:
    assert is_soft_too_often(digests(marks, days)) is closed


def test_the_numbers_are_those_that_the_docs_tell() -> None:
    told = SOFT_DIGESTS, SOFT_SPAN
    assert told == (4, timedelta(days=10))


@pytest.mark.parametrize(
    ("message_id", "named"),
    [
        (
            f"<4711.{SECRET}@papers.example.org>",
            Named(delivery_id=4711, message_id=f"<4711.{SECRET}@papers.example.org>"),
        ),
        (f" 1.{SECRET}@x ", Named(delivery_id=1, message_id=f"<1.{SECRET}@x>")),
        (f"letter.3.{SECRET}@x", Named(letter_id=3, message_id=f"<letter.3.{SECRET}@x>")),
        (f"{SECRET}@x", None),
        (f"0.{SECRET}@x", None),
        (f"{'9' * 19}.{SECRET}@x", None),
        ("4711.short@x", None),
        ("", None),
    ],
)
def test_a_message_id_of_ours_has_the_number_of_its_row(message_id: str, named: Named | None) -> None:
    assert named_by_message_id(message_id) == named
