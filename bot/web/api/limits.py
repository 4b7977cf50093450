"""How many requests one network may make: counted in the memory of this process, for a minute at a time.

Reading must not write, and a limit in the database would make each reading a write. Several processes that serve the
site allow as much each; what costs mails is limited in the database as well, see `bot.store.tallies`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

#: Requests of one network in a window: ten a second, for a lecture hall as for a program.
MOST = 600
WINDOW = timedelta(minutes=1)
#: Networks that are counted one by one; in a flood from more of them, all others share one count.
NETWORKS = 50_000


@dataclass(frozen=True, slots=True)
class Allowed:
    """Whether a request may be answered, and what is left."""

    ok: bool
    remaining: int
    #: Seconds until the window ends, at least 1.
    reset: int
    most: int = MOST

    def headers(self) -> dict[str, str]:
        """As the answer tells it."""
        told = {
            "RateLimit-Limit": str(self.most),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }
        return told if self.ok else told | {"Retry-After": str(self.reset)}


class Limits:
    """Counts requests by network; used by one thread, that of the event loop.

    Args:
        clock: the present, aware.
    """

    def __init__(self, clock: Callable[[], datetime], most: int = MOST) -> None:
        self._clock, self._most = clock, most
        self._until = clock()
        self._counts: dict[str, int] = {}

    def take(self, network: str) -> Allowed:
        """Count one more request of a network."""
        now = self._clock()
        # A clock that was set back must not leave a window of a time to come.
        if not now < self._until <= now + WINDOW:
            self._until, self._counts = now + WINDOW, {}
        if network not in self._counts and len(self._counts) >= NETWORKS:
            network = ""
        count = self._counts[network] = self._counts.get(network, 0) + 1
        reset = max(1, ceil((self._until - now).total_seconds()))
        return Allowed(count <= self._most, max(0, self._most - count), reset, self._most)
