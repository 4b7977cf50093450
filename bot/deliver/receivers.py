"""Who takes the mail of a domain, asked of DNS: never in a transaction, and never more than a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import structlog
from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.name import from_text
from dns.rdatatype import MX
from dns.resolver import NoAnswer

from bot.models.receivers import KEPT, KEPT_AFTER_FAILURE, group_of, may_be_looked_up
from bot.store import receivers
from bot.store.engine import Store

#: Domains that one call looks up at the most; the others' turn comes with the next calls.
MOST: Final = 50
#: Questions under way at a time.
AT_ONCE: Final = 10
#: Seconds for one answer, all name servers and tries together. Nobody waits for it: until there is one, the domain
#: counts as its own group.
LIFETIME: Final = 4.0

log = structlog.get_logger(__name__)


class Receivers:
    """Looks up the MX groups of domains, and keeps them in the database.

    Args:
        resolver: the system's name servers, and `LIFETIME`, where it is None.
    """

    def __init__(self, store: Store, resolver: Resolver | None = None) -> None:
        self._store = store
        self._resolver = resolver

    async def look_up(self, domains: Iterable[str], now: datetime) -> int:
        """How many of these domains were looked up, `MOST` at the most; of the others nothing is asked.

        A domain whose name servers give no answer is kept as its own group, for an hour.

        Args:
            domains: as A-labels, in lower case; reserved names are left out.

        Raises:
            StoreError: the database cannot be written.
        """
        some = sorted(domain for domain in set(domains) if may_be_looked_up(domain))[:MOST]
        if not some:
            return 0
        gate = asyncio.Semaphore(AT_ONCE)
        found = dict(zip(some, await asyncio.gather(*(self._ask(domain, gate, now) for domain in some)), strict=True))
        await asyncio.to_thread(receivers.keep, self._store, found)
        return len(found)

    async def _ask(self, domain: str, gate: asyncio.Semaphore, now: datetime) -> tuple[str, datetime]:
        """The group, and when it is to be looked up again."""
        try:
            async with gate:
                if self._resolver is None:
                    self._resolver = Resolver()
                    self._resolver.lifetime = LIFETIME
                answer = await self._resolver.resolve(from_text(domain), MX, search=False)
        except NoAnswer:
            # It is there, and has no MX records: it takes its mail itself (RFC 5321, 5.1).
            return domain, now + KEPT
        except (DNSException, OSError) as error:
            log.info("not looked up", domain=domain, problem=type(error).__name__)
            return domain, now + KEPT_AFTER_FAILURE
        servers = [(record.preference, record.exchange.to_text()) for record in answer]
        return group_of(domain, servers), now + KEPT
