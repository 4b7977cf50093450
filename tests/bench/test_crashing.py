"""What the books of deliveries are judged by, against what a mail server has taken."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bench.crashing import Row, Verdict, judge

NOTHING = Verdict(0, 0, 0, 0, 0, 0)
A, B = "<a@papers.example.org>", "<b@papers.example.org>"


@pytest.mark.parametrize(
    ("state", "doubted", "taken", "verdict"),
    [
        ("sent", False, [A], NOTHING),
        ("sent", False, [], NOTHING._replace(lost=1)),
        ("sent", False, [A, A], NOTHING._replace(twice=1)),
        ("sent", True, [A, A], NOTHING),
        ("sent", True, [A], NOTHING),
        ("sent", True, [], NOTHING._replace(lost=1)),
        ("sent", True, [A, B], NOTHING._replace(twice=1)),
        ("sent", False, [B], NOTHING._replace(twice=1)),
        ("uncertain", False, [], NOTHING._replace(uncertain=1)),
        ("uncertain", False, [A], NOTHING._replace(uncertain=1)),
        ("uncertain", False, [A, A], NOTHING._replace(uncertain=1, twice=1)),
        ("uncertain", True, [A, A], NOTHING._replace(uncertain=1)),
        ("failed", False, [], NOTHING._replace(lost=1)),
        ("skipped", False, [], NOTHING._replace(lost=1)),
        ("handed over", False, [A], NOTHING._replace(handed_over=1, open=1)),
        ("claimed", False, [], NOTHING._replace(open=1)),
        ("claimed", False, [A], NOTHING._replace(open=1, forgotten=1)),
        ("queued", False, [A], NOTHING._replace(open=1, forgotten=1)),
        ("deferred", False, [A], NOTHING._replace(open=1, forgotten=1)),
        ("queued", True, [A], NOTHING._replace(open=1)),
    ],
)
def test_one_delivery(state: str, doubted: bool, taken: Sequence[str], verdict: Verdict) -> None:
    row = Row("zoe@reader.example", state, A, doubted)
    assert judge([row], {"zoe@reader.example": taken} if taken else {}) == verdict


def test_several_are_counted() -> None:
    rows = [Row(f"reader{n}@reader.example", "sent", A, doubted=False) for n in range(3)]
    assert judge(rows, {}) == NOTHING._replace(lost=3)
