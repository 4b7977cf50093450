"""The benchmark of crashes: what it tells of one way to break off, and when it tells nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench import crash
from bench.crash import Way, cases
from bench.killing import at_points
from bench.measure import Asked, Case
from bench.senders import Senders
from bot.errors import BotError

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def senders() -> Iterator[Senders]:
    """Senders to be started."""
    with Senders() as started:
        yield started


def test_every_promise_is_a_case(monkeypatch: pytest.MonkeyPatch, senders: Senders) -> None:
    monkeypatch.setattr(crash, "COUNT", 8)
    way = Way("killed once", lambda *of: at_points(of[0], of[1], ["after the dot:0"]))
    found = list(cases("SQLite", way, crash._file, senders, 1, Asked()))
    name = "SQLite, 1 sender, killed once"
    assert found == [
        Case("crash", f"{name}: times", 1, "times"),
        Case("crash", f"{name}: lost", 0, "deliveries"),
        Case("crash", f"{name}: twice", 0, "deliveries"),
        Case("crash", f"{name}: wrong in the books after one time", 0, "deliveries"),
        Case("crash", f"{name}: most in doubt after one time", 1, "deliveries", "connections", 4),
        Case("crash", f"{name}: uncertain in the end", 1, "deliveries"),
        Case("crash", f"{name}: processes left over", 0, "processes"),
    ]


def test_a_point_that_is_never_come_to_is_an_error(monkeypatch: pytest.MonkeyPatch, senders: Senders) -> None:
    monkeypatch.setattr(crash, "COUNT", 2)
    way = Way("never killed", lambda *of: at_points(of[0], of[1], ["claim, before:9"]))
    with pytest.raises(BotError, match=r"^crash: SQLite, 1 sender, never killed: never came to"):
        list(cases("SQLite", way, crash._file, senders, 1, Asked()))
