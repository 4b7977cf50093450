"""The benchmark of sending, with a few messages; needs Postfix's smtp-sink and smtp-source."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench import sinks, smtp
from bench.measure import Asked

pytestmark = pytest.mark.long

needs_postfix = pytest.mark.skipif(
    sinks.program("smtp-sink") is None or sinks.program("smtp-source") is None, reason=sinks.GET_ONE
)


@needs_postfix
def test_every_case_has_its_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiosmtplib", reason="the peers are in the group bench")
    for name, few in (("MESSAGES", 50), ("FEWER", 20), ("CONNECTIONS", (2, 5))):
        monkeypatch.setattr(smtp, name, few)
    cases = list(smtp.run(Asked(1)))
    assert [(case.case, case.peer) for case in cases] == [
        ("SQLite, 2 connections", "smtp-source"),
        ("SQLite, 2 connections", "aiosmtplib"),
        ("SQLite, 5 connections", "smtp-source"),
        ("SQLite, 5 connections", "aiosmtplib"),
        ("SQLite, 5 connections, 20 ms", "smtp-source"),
        ("CPU of a message, without books", "smtp-source"),
    ]
    assert all(case.value > 0 and case.peer_value for case in cases)


def test_without_a_sink_nothing_is_measured_and_it_is_said_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "program", lambda _: None)
    monkeypatch.setattr(smtp, "program", lambda _: None)
    said: list[str] = []
    assert list(smtp.run(Asked(1, tell=said.append))) == []
    assert said == [f"smtp: no smtp-sink here: {sinks.GET_ONE}"]


def test_a_link_passes_on_everything_both_ways_not_before_its_time_and_then_the_end() -> None:
    octets = bytes(range(256)) * 8_000
    with _echo() as port, sinks.link(port, 0.1) as far, socket.create_connection(("127.0.0.1", far)) as near:
        begun = time.monotonic()
        thread = threading.Thread(target=_say, args=(near, octets))
        thread.start()
        back = bytearray()
        while some := near.recv(65_536):
            back += some
        took = time.monotonic() - begun
        thread.join()
    assert bytes(back) == octets
    # The round trip of the octets, and what of the handshake is not the caller's.
    assert took >= 0.1


def _say(near: socket.socket, octets: bytes) -> None:
    near.sendall(octets)
    near.shutdown(socket.SHUT_WR)


@contextmanager
def _echo() -> Iterator[int]:
    """A server that sends back all it gets from each caller, one after another, until it is hung up on."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                with caller:
                    while some := caller.recv(65_536):
                        caller.sendall(some)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
