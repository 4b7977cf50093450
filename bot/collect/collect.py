"""One round of collecting: every standing query is asked for what was indexed since, and its papers enter its feed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.collect.asking import QueryReport, Round, ask
from bot.collect.fetch import Fetcher
from bot.collect.health import is_due
from bot.collect.sources.protocol import Source
from bot.concepts.match import Matcher, compile_feeds
from bot.models.feeds import FeedRecord, Health, StandingQuery
from bot.store import feeds, queries
from bot.store.engine import Store

#: Queries under way at once; the hosts' budgets say how often each host is asked.
AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class CollectReport:
    """What a round brought, query by query."""

    queries: tuple[QueryReport, ...]
    #: Papers that were tagged after it, and why others could not be; empty where all went well.
    tagged: int = 0
    untagged: str = ""

    @property
    def new(self) -> int:
        """Papers that entered a feed, counted once for each feed."""
        return sum(query.new for query in self.queries)

    @property
    def seen(self) -> int:
        """Papers that came again to a feed that had them."""
        return sum(query.seen for query in self.queries)

    @property
    def failing(self) -> int:
        """Queries that got no whole answer."""
        return sum(query.health == Health.FAILING for query in self.queries)

    @property
    def stale(self) -> int:
        """Queries that got an answer without news for longer than is their habit."""
        return sum(query.health == Health.STALE for query in self.queries)

    def as_json(self) -> dict[str, object]:
        """What `bot collect --json` prints."""
        return {
            "new": self.new,
            "seen": self.seen,
            "papers": sum(query.papers for query in self.queries),
            "tagged": self.tagged,
            "untagged": self.untagged or None,
            "queries": [
                {
                    "feed": query.feed,
                    "source": query.source,
                    "query": query.query,
                    "new": query.new,
                    "seen": query.seen,
                    "health": str(query.health),
                    "since": query.since,
                    "failures": query.failures,
                    "error": query.error or None,
                    "warnings": list(query.warnings),
                }
                for query in self.queries
            ],
        }


async def collect(
    store: Store,
    sources: Mapping[str, Source],
    fetch: Fetcher,
    clock: Callable[[], datetime],
    *,
    feed: str | None = None,
    since: date | None = None,
    lookback_days: int = 7,
    query_id: int | None = None,
    due_only: bool = False,
    progress: Callable[[QueryReport], None] = lambda _: None,
    chance: Callable[[], float] = random.random,
    compiled: Callable[[Sequence[FeedRecord]], Sequence[Matcher]] = compile_feeds,
) -> CollectReport:
    """Ask every query, or those of one feed; one that fails does not stop the others.

    Args:
        sources: by name; queries at sources that are not here are left alone.
        clock: gives aware times.
        since: collect from this day on, whatever was collected before; what that brings from before the
            watermark keeps its own day, so that it is in the archive and not in the next digests.
        lookback_days: where a query begins that was never asked.
        query_id: ask this one alone, where it still is on offer.
        due_only: leave out queries whose time has not come: failing ones that wait, feeds that rarely change.
        progress: told of each query when it is done.
        chance: 0..1, so that not all that failed at once is asked again at once.
        compiled: gives the matchers of all feeds on offer, in their order; without a vocabulary where nobody says.

    Raises:
        UnknownError: there is no such feed.
        StoreError: the database cannot be used.
    """
    now = clock()
    there = [query for query in queries.standing_queries(store, feed) if query.source in sources]
    if query_id is not None:
        there = [query for query in there if query.id == query_id]
    due = [query for query in there if not due_only or is_due(query, now)]
    # Before any is asked: however a first round ends, the next one begins where it did.
    wanted = queries.note_beginnings(store, due, now - timedelta(days=lookback_days))
    # All feeds, whichever are asked: a name inside of another feed's longer name counts for less.
    offered = feeds.feeds(store) if wanted else ()
    made = await asyncio.to_thread(compiled, offered) if offered else ()
    matchers = {record.id: matcher for record, matcher in zip(offered, made, strict=True)}
    # A feed may have been retired since its queries were looked up.
    wanted = tuple(query for query in wanted if query.feed_id in matchers)
    free = asyncio.Semaphore(AT_ONCE)
    with ThreadPoolExecutor(1, "collect-writer") as writer:
        this = Round(store, sources, fetch, clock, timedelta(days=lookback_days), since, writer, chance)

        async def asked(query: StandingQuery) -> QueryReport:
            async with free:
                report = await ask(this, query, matchers[query.feed_id])
            progress(report)
            return report

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(asked(query)) for query in wanted]
        except ExceptionGroup as several:
            # What ends a round (the database is gone) ends all its queries alike: one of them tells it.
            raise several.exceptions[0] from several
    return CollectReport(tuple(task.result() for task in tasks))
