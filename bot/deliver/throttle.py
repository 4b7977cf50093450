"""What replies say of the pace: counted as they come in, judged and written about once a second."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final, Literal

import structlog

from bot.models.deliveries import Phase, Reply
from bot.models.paces import ALL, Limits, mx_scope
from bot.models.pressure import SETTLING
from bot.store import paces
from bot.store.engine import Store

#: What was sent is known for so long.
WINDOW: Final = timedelta(minutes=1)
#: How often it is looked whether a pace may go up again.
LOOK_EVERY: Final = timedelta(seconds=10)

#: From here on a server knows whom a message is for.
_ADDRESSED: Final = frozenset({Phase.RCPT, Phase.DATA, Phase.DOT})

log = structlog.get_logger(__name__)


def concerns_pace(reply: Reply) -> Literal["all", "group"] | None:
    """Whether a reply asks for less mail: of all, or of that to the recipient's MX group.

    4.7 is a receiver's policy of the moment (RFC 3463, 3.8); "too many, too fast" has no code of its own, and those
    who say it (Gmail's 4.7.28, Microsoft's 4.7.500, Yahoo's TSS04) say it under 4.7. Before the recipient is named
    it can only mean the sender, and so all. 421 closes the connection, whoever the message was for (RFC 5321, 3.8),
    unless it is the policy of a receiver that a relay passes on. With 4.4.2 it closes one that was idle for too long.
    """
    code = reply.code
    if not 400 <= code < 500:
        return None
    policy = reply.enhanced.startswith("4.7.")
    if policy and reply.phase in _ADDRESSED:
        return "group"
    if code == 421:
        return None if reply.enhanced == "4.4.2" else "all"
    return "all" if policy and reply.phase is Phase.MAIL else None


class Throttle:
    """Brings paces down when receivers ask for less, and up again; one for each sender.

    `note` and `write` may be called from different threads, each from one.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        #: Replies by domain since the last `write`, and when the first of them came.
        self._counts: dict[str, int] = {}
        self._since: datetime | None = None
        #: The same of earlier times, back to `WINDOW`.
        self._past: deque[tuple[datetime, dict[str, int]]] = deque()
        #: Domains whose receivers asked for less; None stands for all.
        self._pressed: set[str | None] = set()
        #: When that was last written, so that a receiver that says it to each message is written of now and then.
        self._told: dict[str | None, datetime] = {}
        self._looked_at: datetime | None = None

    def note(self, domain: str, reply: Reply, now: datetime) -> None:
        """Count a reply to a message for a domain (A-labels, lower case); see `concerns_pace`."""
        counts = self._counts
        if not counts:
            self._since = now
        counts[domain] = counts.get(domain, 0) + 1
        if 400 <= reply.code < 500:
            asked = concerns_pace(reply)
            if asked is not None:
                self._pressed.add(domain if asked == "group" else None)

    def write(self, store: Store, now: datetime) -> None:
        """Write down what has changed, in a transaction of its own; most times nothing has.

        Raises:
            StoreError: the database cannot be used; what was to be written is kept for the next time.
        """
        self._remember(now)
        pressed = self._pressed.copy()
        due = {one for one in pressed if not _lately(self._told.get(one), SETTLING, now)}
        if due:
            for change in paces.slow_down(store, self._observed(store, due, now), self._limits, now):
                log.warning("slower", scope=change.scope, rate=change.rate)
            self._told = {one: at for one, at in self._told.items() if _lately(at, SETTLING, now)}
            self._told |= dict.fromkeys(due, now)
        self._pressed -= pressed
        if not _lately(self._looked_at, LOOK_EVERY, now):
            for change in paces.speed_up(store, self._limits, now):
                log.info("faster", scope=change.scope, rate=change.rate)
            self._looked_at = now

    def _remember(self, now: datetime) -> None:
        counts, self._counts = self._counts, {}
        if counts and self._since is not None:
            self._past.append((self._since, counts))
        while self._past and not _lately(self._past[0][0], WINDOW, now):
            self._past.popleft()

    def _observed(self, store: Store, pressed: set[str | None], now: datetime) -> dict[str, float]:
        """By scope, messages a second in the last minute, or since they began within it.

        Of replies that came in just now it is counted as a second's: nobody is that fast for longer.
        """
        domains = {domain for _, counts in self._past for domain in list(counts)}
        domains |= {domain for domain in pressed if domain is not None}
        group_of = paces.groups_of(store, domains, now) if pressed != {None} else {}
        wanted = {mx_scope(group_of[domain]) for domain in pressed if domain is not None}
        sums: dict[str, int] = dict.fromkeys(wanted, 0) | ({ALL: 0} if None in pressed else {})
        begun: dict[str, datetime] = {}
        for since, counts in self._past:
            for domain, count in list(counts.items()):
                for scope in (ALL, mx_scope(group_of.get(domain, domain))):
                    if scope in sums:
                        sums[scope] += count
                        begun.setdefault(scope, since)
        return {
            scope: max(1, count) / max(1.0, (now - begun.get(scope, now)).total_seconds())
            for scope, count in sums.items()
        }


def _lately(then: datetime | None, length: timedelta, now: datetime) -> bool:
    """Whether that was less than so long ago; a time to come is of a clock that was wrong."""
    return then is not None and timedelta(0) <= now - then < length
