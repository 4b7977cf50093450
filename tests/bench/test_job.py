"""The benchmark of the whole job, with a few subscribers; needs Postfix's smtp-sink."""

from __future__ import annotations

import pytest

from bench import clusters, job, peers, sinks
from bench.measure import Asked

pytestmark = pytest.mark.long

SQLITE = ["SQLite, unsigned", "SQLite, signed, RSA-2048", "SQLite, planning alone", "SQLite, memory, "]
POSTGRESQL = [
    "PostgreSQL, unsigned",
    "PostgreSQL, planning alone",
    "PostgreSQL, sending alone, 2 senders",
    "PostgreSQL, sending alone, 2 senders, of each core",
]

needs_postfix = pytest.mark.skipif(sinks.program("smtp-sink") is None, reason=sinks.GET_ONE)


@needs_postfix
def test_every_case_on_both_databases(monkeypatch: pytest.MonkeyPatch, postgres_server: str) -> None:
    monkeypatch.setenv(clusters.URL, postgres_server)
    for name, few in (("READERS", 50), ("FEW", 20), ("SENDERS", 2)):
        monkeypatch.setattr(job, name, few)
    there = {which: peer._replace(mails=3) for which, peer in peers.peers().items()}
    monkeypatch.setattr(peers, "peers", lambda: there)
    monkeypatch.setattr(job, "peers", lambda: there)
    cases = list(job.run(Asked(1)))
    found = dict.fromkeys(case.case for case in cases)
    assert [name for name in found if name.startswith("PostgreSQL")] == POSTGRESQL
    assert [one for one in found if one.startswith("SQLite")][:3] == SQLITE[:3]
    assert any(one.startswith(SQLITE[3]) for one in found)
    assert all(case.value > 0 for case in cases)
    wanted = [there[which].name for which in ("tuned", "nodemailer") if not there[which].missing]
    assert [case.peer for case in cases if case.case == SQLITE[0] and case.peer] == wanted


@needs_postfix
def test_a_peer_that_is_missing_is_left_out_and_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = {"tuned": peers.Peer("another one", 1, "pip install another-one")}
    monkeypatch.setattr(job, "peers", lambda: nobody)
    said: list[str] = []
    assert job._peers(Asked(1, tell=said.append), 25) == {}
    assert said == ["job: left out: another one: pip install another-one"]


def test_without_a_sink_nothing_is_measured_and_it_is_said_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "program", lambda _: None)
    said: list[str] = []
    assert list(job.run(Asked(1, tell=said.append))) == []
    assert said == [f"job: no smtp-sink here: {sinks.GET_ONE}"]
