"""The sources of the feeds, asked for what is new and tried out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from bot.collect.asking import QueryReport
from bot.collect.budget import NCBI_SECONDS_WITH_KEY, PACES, HostBudget, Pace
from bot.collect.collect import CollectReport, collect
from bot.collect.fetch import Fetcher, Limits
from bot.collect.health import is_due
from bot.collect.sources import IndexWindow, Source, known_sources, service_addresses
from bot.errors import StoppedError
from bot.models.feeds import StandingQuery
from bot.settings import Settings
from bot.store import queries
from bot.store.engine import Store
from bot.store.hosts import SharedLines
from bot.wiring.matchers import Matchers

#: How often a round looks whether it is to stop, in seconds.
WATCH_EVERY = 0.2
#: A probe is not kept waiting long.
PROBING = Limits(total=15.0, tries=1)


class Asking:
    """Asks the sources that the settings lead to; all who use a database share the hosts' lines."""

    def __init__(self, store: Store, settings: Settings, matchers: Matchers, clock: Callable[[], datetime]) -> None:
        self._store, self._settings, self._matchers, self._clock = store, settings, matchers, clock

    def ask(
        self,
        should_stop: Callable[[], bool],
        *,
        feed: str | None = None,
        since: date | None = None,
        query_id: int | None = None,
        due_only: bool = False,
        progress: Callable[[QueryReport], None] = lambda _: None,
    ) -> CollectReport:
        """A round of `bot.collect.collect.collect`.

        Raises:
            StoppedError: it was told to stop; what was read is kept.
        """

        async def asked() -> CollectReport:
            async with self._fetcher() as fetch:
                round_ = collect(
                    self._store,
                    known_sources(self._settings),
                    fetch,
                    self._clock,
                    feed=feed,
                    since=since,
                    lookback_days=self._settings.lookback_days,
                    query_id=query_id,
                    due_only=due_only,
                    progress=progress,
                    compiled=self._matchers.of,
                )
                return await _unless_told(round_, should_stop)

        return asyncio.run(asked())

    def due(self) -> list[StandingQuery]:
        """The queries whose time to be asked has come."""
        sources, now = known_sources(self._settings), self._clock()
        return [one for one in queries.standing_queries(self._store) if one.source in sources and is_due(one, now)]

    def probes(self) -> dict[str, Callable[[], str]]:
        """By source that a feed asks: a probe of its first query, which says in words that it answers.

        A probe raises FetchError or SourceError where it does not.
        """
        sources = known_sources(self._settings)
        first = {query.source: query for query in reversed(queries.standing_queries(self._store))}
        return {name: partial(self._probe, sources[name], first[name].query) for name in sources if name in first}

    def _probe(self, source: Source, query: str) -> str:
        now = self._clock()

        async def probe() -> str:
            async with self._fetcher(PROBING) as fetch:
                async for page in source.collect(query, IndexWindow(now - timedelta(days=1), now), fetch):
                    return f"answers, {len(page.announcements) if page.stated is None else page.stated} papers today"
            return "answers"

        return asyncio.run(probe())

    def _fetcher(self, limits: Limits | None = None) -> Fetcher:
        settings = self._settings
        with_key = {"pubmed": Pace(PACES["pubmed"].domain, NCBI_SECONDS_WITH_KEY)} if settings.ncbi_api_key else {}
        budget = HostBudget(service_addresses(settings), PACES | with_key, lines=SharedLines(self._store))
        return Fetcher(
            contact=settings.contact_email,
            allow_private=settings.fetch_allow_private,
            limits=limits or Limits(),
            budget=budget,
        )


async def _unless_told(round_: Coroutine[Any, Any, CollectReport], should_stop: Callable[[], bool]) -> CollectReport:
    """What a round gives; called off within a moment once we are told to stop."""
    task = asyncio.ensure_future(round_)
    while not task.done():
        await asyncio.wait({task}, timeout=WATCH_EVERY)
        if should_stop() and not task.done():
            task.cancel()
            await asyncio.wait({task})
            raise StoppedError("collect")
    return task.result()
