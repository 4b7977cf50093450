"""The benchmark of composing, with a few subscribers, on both databases."""

from __future__ import annotations

import pytest

from bench import clusters, compose
from bench.measure import Asked

pytestmark = pytest.mark.long


def test_every_case_has_its_peer(monkeypatch: pytest.MonkeyPatch, postgres_server: str) -> None:
    monkeypatch.setenv(clusters.URL, postgres_server)
    for name, few in (("READERS", 30), ("BATCHES", 1), ("VOTERS", 10), ("ONE_BY_ONE", 3), ("FEW", 5), ("MANY", 20)):
        monkeypatch.setattr(compose, name, few)
    cases = list(compose.run(Asked(1)))
    assert [case.case for case in cases] == [
        "in memory, 1,000 at a time",
        *(
            f"{name}, {what}"
            for name in ("SQLite", "PostgreSQL")
            for what in (
                "read and composed",
                "into the outbox",
                "into the outbox, 1 in 10 votes",
                "memory, 20 subscribers",
            )
        ),
    ]
    assert all(case.value > 0 and case.peer_value for case in cases)
