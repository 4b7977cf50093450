"""How often a host may be asked: one line per host, first come, first served."""

from __future__ import annotations

from collections.abc import Mapping

from bot.settings import is_loopback

#: NCBI: 3 requests a second, 10 with a key (NCBI, "A General Introduction to the E-utilities").
NCBI = "ncbi.nlm.nih.gov"
NCBI_SECONDS, NCBI_SECONDS_WITH_KEY = 0.34, 0.11
#: For hosts that state no wish.
OTHERS_SECONDS = 0.5


class HostBudget:
    """Keeps requests to one host an interval apart; the caller sleeps as long as `reserve` says.

    Args:
        intervals: seconds between two requests, by host; a domain's holds for its subdomains together.
        others: seconds for hosts that are not named; this machine itself is asked without a pause.
    """

    def __init__(self, intervals: Mapping[str, float] | None = None, others: float = OTHERS_SECONDS) -> None:
        self._intervals, self._others = dict(intervals or {}), others
        self._free_at: dict[str, float] = {}
        self._held_until: dict[str, float] = {}

    @classmethod
    def polite(cls, *, ncbi_api_key: bool = False) -> HostBudget:
        """What the services that we know ask for."""
        return cls({NCBI: NCBI_SECONDS_WITH_KEY if ncbi_api_key else NCBI_SECONDS})

    def _line(self, host: str) -> tuple[str, float]:
        labels = host.lower().rstrip(".").split(".")
        for at in range(len(labels)):
            if (domain := ".".join(labels[at:])) in self._intervals:
                return domain, self._intervals[domain]
        return host.lower(), 0.0 if is_loopback(host) else self._others

    def reserve(self, host: str, now: float) -> float:
        """Seconds to wait until the place in `host`'s line that this call takes."""
        line, interval = self._line(host)
        start = max(now, self._free_at.get(line, now))
        self._free_at[line] = start + interval
        return start - now

    def hold(self, host: str, until: float) -> None:
        """Notes that `host` wants to be left alone until then."""
        line, _ = self._line(host)
        self._held_until[line] = max(until, self._held_until.get(line, until))

    def held(self, host: str, now: float) -> float:
        """Seconds for which `host` wants to be left alone."""
        return max(0.0, self._held_until.get(self._line(host)[0], now) - now)
