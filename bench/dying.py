"""Points at which a sender kills itself, as kill -9 would: right before, in, and right after each change of a state.

They are wrapped around the bot from outside, in a process that is about to run it.
"""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from sqlalchemy import Engine, Pool, event

from bot.deliver import deliver, ledger, round, wire  # noqa: A004 (a round of delivering)
from bot.store import outbox, runs

BEFORE, UNCOMMITTED, AFTER = "before", "uncommitted", "after"

#: What changes in one transaction, by name: where it is called from, under which name, and with what in its arguments.
_STEPS: dict[str, tuple[Any, str, str]] = {
    "recover": (outbox, "recover", ""),
    "seal": (deliver, "assure_home", ""),
    "claim": (outbox, "claim_at_pace", ""),
    "hand over": (ledger, "write_down", "handed_over"),
    "settle": (ledger, "write_down", "settled"),
    "close": (runs, "close_runs", ""),
}
#: And what goes over the wire.
_WIRE = ("before the dot", "after the dot", "after the reply")

#: All points by name; the n-th time that a sender comes to one, it dies.
POINTS = (*(f"{name}, {where}" for name in _STEPS for where in (BEFORE, UNCOMMITTED, AFTER)), *_WIRE)


#: In the place of a point: does not die, and flushes nothing. What comes of it shows that losses are seen.
CARELESS = "careless"


def arrange(die: str) -> None:
    """Have this process die at a point: `NAME:NUMBER`, its name and how many times it is passed first."""
    if die == CARELESS:
        event.listen(Pool, "checkout", lambda connection, *_: connection.execute("pragma synchronous = off"))
        return
    name, _, number = die.partition(":")
    if name not in POINTS:
        raise ValueError(f"no such point: '{name}'")
    count = _Count(int(number))
    if name in _WIRE:
        _at_the_wire(name, count)
    else:
        step, _, where = name.rpartition(", ")
        _around(*_STEPS[step], where, count)


class _Count:
    def __init__(self, passed: int) -> None:
        self._left = itertools.count(passed, -1)

    def __call__(self) -> None:
        """Die, if it is time."""
        if next(self._left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _around(module: Any, name: str, argument: str, where: str, count: _Count) -> None:
    real = getattr(module, name)
    inside = threading.local()

    @event.listens_for(Engine, "commit")
    def _committing(_connection: object) -> None:
        if where == UNCOMMITTED and getattr(inside, "now", False):
            count()

    @wraps(real)
    def step(*given: Any, **named: Any) -> Any:
        if argument and not named[argument]:
            return real(*given, **named)
        if where == BEFORE:
            count()
        inside.now = True
        try:
            answer = real(*given, **named)
        finally:
            inside.now = False
        if where == AFTER:
            count()
        return answer

    setattr(module, name, step)


def _at_the_wire(name: str, count: _Count) -> None:
    if name == "after the reply":
        concluded = round.Round._concluded

        def conclude(self: Any, *given: Any) -> None:
            count()
            concluded(self, *given)

        setattr(round.Round, "_concluded", conclude)  # noqa: B010 (where the reply is known and not yet written down)
        return
    write: Callable[[wire.Wire, bytes], bool] = wire.Wire.write

    def write_and_die(self: wire.Wire, octets: bytes) -> bool:
        dot = octets.startswith(b".\r\n")
        if dot and name == "before the dot":
            count()
        gone = write(self, octets)
        if dot and name == "after the dot":
            count()
        return gone

    setattr(wire.Wire, "write", write_and_die)  # noqa: B010 (a method is not assigned to)
