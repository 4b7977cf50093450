"""How often a service may be asked: one line per host, first come, first served, whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from bot.models.hosts import Turn
from bot.settings import is_loopback


@dataclass(frozen=True, slots=True)
class Pace:
    """What a service asks for."""

    #: Its domain, subdomains included.
    domain: str
    #: Seconds between two requests.
    seconds: float


#: By the name of the source. NCBI, "A General Introduction to the E-utilities": 3 a second, 10 with a key. arXiv,
#: "Terms of Use for arXiv APIs": one in three seconds, over all its hosts. Crossref, "Access and authentication": in
#: the polite pool 3 lists a second. OpenAlex, "Rate limits and authentication": 10 a second, less is asked. The
#: others state no figure. A little is added, since requests do not arrive as evenly as they are sent.
PACES = {
    "pubmed": Pace("ncbi.nlm.nih.gov", 0.38),
    "europepmc": Pace("ebi.ac.uk", 0.2),
    "arxiv": Pace("arxiv.org", 3.1),
    "biorxiv": Pace("biorxiv.org", 0.5),
    "medrxiv": Pace("medrxiv.org", 0.5),
    "crossref": Pace("crossref.org", 0.5),
    "openalex": Pace("openalex.org", 0.2),
}
NCBI_SECONDS_WITH_KEY = 0.115
#: Seconds that a host is left alone at the most, whatever it asks for.
LONGEST_HOLD = 86_400.0
#: For hosts that state no wish.
OTHERS_SECONDS = 0.5


class Lines(Protocol):
    """Where the lines are kept; `bot.store.hosts` shares them among all processes on one database."""

    def take(self, line: str, seconds: float, now: float) -> Turn:
        """Take the next place of a line, whose places are `seconds` apart."""

    def hold(self, line: str, until: float, now: float) -> None:
        """Keep everybody from a line until then, a day at the most; both in seconds since 1970."""


class OwnLines:
    """Lines of this process alone."""

    def __init__(self) -> None:
        self._free_at: dict[str, float] = {}
        self._held_until: dict[str, float] = {}

    def take(self, line: str, seconds: float, now: float) -> Turn:
        """See `Lines.take`."""
        if (held := self._held_until.get(line, now)) > now:
            return Turn(held=held - now)
        start = max(now, self._free_at.get(line, now))
        self._free_at[line] = start + seconds
        return Turn(start - now)

    def hold(self, line: str, until: float, now: float) -> None:
        """See `Lines.hold`."""
        self._held_until[line] = max(min(until, now + LONGEST_HOLD), self._held_until.get(line, now))


@dataclass(slots=True)
class HostBudget:
    """Keeps requests to one host apart; the caller waits as long as a `Turn` says.

    Args:
        services: base addresses by the name of the source, so that a service keeps its pace wherever it is served.
        paces: by the name of the source.
        others: seconds between two requests to hosts that are none of these; this machine itself is asked without a
            pause.
        lines: where the places are kept.
    """

    services: Mapping[str, str] = field(default_factory=dict)
    paces: Mapping[str, Pace] = field(default_factory=lambda: dict(PACES))
    others: float = OTHERS_SECONDS
    lines: Lines = field(default_factory=OwnLines)
    _here: OwnLines = field(default_factory=OwnLines, init=False)

    async def turn(self, url: str, now: float) -> Turn:
        """The next place in the line for `url`; `now` in seconds since 1970."""
        line, seconds = self._line(url)
        if not seconds:
            return self._here.take(line, 0.0, now)
        return await asyncio.to_thread(self.lines.take, line, seconds, now)

    async def hold(self, url: str, until: float, now: float) -> None:
        """Note that the host of `url` wants to be left alone until then; both in seconds since 1970."""
        line, seconds = self._line(url)
        if not seconds:
            self._here.hold(line, until, now)
            return
        await asyncio.to_thread(self.lines.hold, line, until, now)

    def _line(self, url: str) -> tuple[str, float]:
        for name, base in self.services.items():
            if url == base or url.startswith((base + "/", base + "?")):
                return name, self.paces[name].seconds
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        for name, pace in self.paces.items():
            if host == pace.domain or host.endswith("." + pace.domain):
                return name, pace.seconds
        return (parts.netloc.rpartition("@")[2].lower() or host), 0.0 if is_loopback(host) else self.others
