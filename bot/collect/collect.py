"""One round of collecting: every standing query is asked for what was indexed since, and its papers enter its feed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import structlog

from bot.collect.fetch import Fetcher
from bot.collect.sources.protocol import IndexWindow, Source
from bot.concepts.match import Match, Matcher, compile_feed, relevance_of, text_of
from bot.errors import FetchError, SourceError
from bot.models.feeds import Health, StandingQuery
from bot.models.papers import Announcement, Finding
from bot.store import feeds, papers
from bot.store.engine import Store

#: A day's records still grow after it: each round reads so much again before its watermark.
OVERLAP = timedelta(days=2)
#: Queries under way at once; the hosts' budgets say how often each host is asked.
AT_ONCE = 8

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class QueryReport:
    """What one query brought."""

    feed: str
    source: str
    #: Papers that are new to the feed, and papers that it had.
    new: int = 0
    seen: int = 0
    #: Papers that were new to the whole database.
    papers: int = 0
    health: str = Health.QUIET
    error: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectReport:
    """What a round brought, query by query."""

    queries: tuple[QueryReport, ...]

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

    def as_json(self) -> dict[str, object]:
        """What `bot collect --json` prints."""
        return {
            "new": self.new,
            "seen": self.seen,
            "papers": sum(query.papers for query in self.queries),
            "queries": [
                {
                    "feed": query.feed,
                    "source": query.source,
                    "new": query.new,
                    "seen": query.seen,
                    "health": str(query.health),
                    "error": query.error or None,
                    "warnings": list(query.warnings),
                }
                for query in self.queries
            ],
        }


@dataclass(frozen=True, slots=True)
class _Round:
    store: Store
    sources: Mapping[str, Source]
    fetch: Fetcher
    clock: Callable[[], datetime]
    lookback: timedelta
    since: date | None
    progress: Callable[[QueryReport], None]


async def collect(
    store: Store,
    sources: Mapping[str, Source],
    fetch: Fetcher,
    clock: Callable[[], datetime],
    *,
    feed: str | None = None,
    since: date | None = None,
    lookback_days: int = 7,
    progress: Callable[[QueryReport], None] = lambda _: None,
) -> CollectReport:
    """Ask every query, or those of one feed; one that fails does not stop the others.

    Args:
        sources: by name; queries at sources that are not here are left alone.
        clock: gives aware times.
        since: collect from this day on, whatever was collected before; what that brings from before the
            watermark keeps its own day, so that it is in the archive and not in the next digests.
        lookback_days: where a query begins that was never asked.
        progress: told of each query when it is done.

    Raises:
        UnknownError: there is no such feed.
        StoreError: the database cannot be used.
    """
    queries = [query for query in feeds.standing_queries(store, feed) if query.source in sources]
    records = feeds.every_feed(store)
    matchers = {feed_id: compile_feed(records[feed_id]) for feed_id in {query.feed_id for query in queries}}
    this = _Round(store, sources, fetch, clock, timedelta(days=lookback_days), since, progress)
    free = asyncio.Semaphore(AT_ONCE)

    async def ask(query: StandingQuery) -> QueryReport:
        async with free:
            return await _ask(this, query, matchers[query.feed_id])

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(query)) for query in queries]
    except ExceptionGroup as several:
        # What ends a round (the database is gone) ends all its queries alike: one of them tells it.
        raise several.exceptions[0] from several
    return CollectReport(tuple(task.result() for task in tasks))


async def _ask(this: _Round, query: StandingQuery, matcher: Matcher) -> QueryReport:
    source, now = this.sources[query.source], this.clock()
    window, settled = _window(query, now, this.lookback, this.since)
    # What a journal's feed shows late must not be missed because its own date is behind the watermark.
    oldest = min(window.first_day, (now - this.lookback).astimezone(UTC).date())
    new = seen = made = 0
    warnings: dict[str, None] = {}
    error = ""
    try:
        async for page in source.collect(query.query, window, this.fetch):
            warnings |= dict.fromkeys(page.warnings)
            found = findings(page.announcements, matcher, source, oldest, settled)
            saved = papers.save(this.store, query.feed_id, found, this.clock)
            new, seen, made = new + saved.new, seen + saved.seen, made + saved.papers
    except (FetchError, SourceError) as caught:
        error = str(caught)
        feeds.note_failure(this.store, query, this.clock(), error)
        log.info("query failing", feed=query.slug, source=query.source, error=error)
    else:
        feeds.note_success(this.store, query, this.clock(), window.end, brought=new > 0)
    health = Health.FAILING if error else Health.QUIET
    report = QueryReport(query.slug, query.source, new, seen, made, health, error, tuple(warnings))
    this.progress(report)
    return report


def _window(
    query: StandingQuery, now: datetime, lookback: timedelta, since: date | None
) -> tuple[IndexWindow, date | None]:
    """What to ask for; and the day before which findings are of an older stretch, where there is one."""
    start = query.watermark - OVERLAP if query.watermark else now - lookback
    if since is None:
        return IndexWindow(min(start, now), now), None
    return IndexWindow(min(datetime.combine(since, time(), UTC), now), now), start.astimezone(UTC).date()


def findings(
    announcements: Iterable[Announcement],
    matcher: Matcher,
    source: Source,
    oldest: date,
    settled: date | None = None,
) -> Sequence[Finding]:
    """The announcements that belong into a feed, and why.

    What a searching source returned belongs there; what a source merely announced, if its text matches and it
    is not too old.

    Args:
        oldest: the first day that counts for what a source merely announced; `indexed` may tell none.
        settled: findings indexed before this day are of an older stretch and keep their own day.
    """
    found = []
    for one in announcements:
        match: Match | None
        if source.searches:
            match = relevance_of(matcher, one)
        elif one.indexed is not None and one.indexed < oldest:
            continue
        else:
            match = matcher.match(one.title, text_of(one.abstract), one.keywords)
        if match is None:
            continue
        old = settled is not None and one.indexed is not None and one.indexed < settled
        entered = datetime.combine(one.indexed, time(), UTC) if old and one.indexed else None
        found.append(Finding(one, match.relevance, match.why, entered))
    return found
