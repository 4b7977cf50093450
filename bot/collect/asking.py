"""One query asked: every page of its window into papers and feed entries, and what is written down of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import ParamSpec, TypeVar

import structlog

from bot.collect.fetch import Fetcher
from bot.collect.health import RoundOutcome, Verdict, judge
from bot.collect.identity import RULES
from bot.collect.sources.protocol import IndexWindow, Page, Source, Validators
from bot.concepts.match import Match, Matcher, relevance_of, text_of
from bot.errors import FetchError, SourceError, StoreError
from bot.models.feeds import Health, StandingQuery
from bot.models.papers import Announcement, Finding
from bot.store import merging, queries, saving
from bot.store.engine import Store

#: A long stretch (after a long outage, or for `--since`) is read in parts, so that what was read whole stays read.
STRETCH = timedelta(days=31)
#: Seconds for one stretch of one query, waiting in hosts' lines included.
DEADLINE = 1800.0
#: What a feed shows so late is for the archive.
LATE = timedelta(days=30)
#: What a paper has that a feed takes; none at all is for retracted ones.
LEAST = 0.001
#: Records may be dated by the source's own time zone.
ZONES = timedelta(days=1)

log = structlog.get_logger(__name__)
_P = ParamSpec("_P")
_T = TypeVar("_T")


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
    #: Why it is failing or stale; empty where it is neither.
    error: str = ""
    warnings: tuple[str, ...] = ()
    query: str = ""
    since: datetime | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Round:
    """What all queries of one round share."""

    store: Store
    sources: Mapping[str, Source]
    fetch: Fetcher
    clock: Callable[[], datetime]
    lookback: timedelta
    since: date | None
    #: Writes, one after the other, beside the waiting for answers.
    writer: Executor
    #: 0..1.
    chance: Callable[[], float]

    async def write(self, step: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do a step that writes to the database."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.writer, lambda: step(*args, **kwargs))


@dataclass(slots=True)
class _Tally:
    """What has come so far."""

    new: int = 0
    seen: int = 0
    papers: int = 0
    records: int = 0
    outside: int = 0
    fingerprint: int = 0
    newest: date | None = None
    nameless: int = 0
    unchanged: bool = False
    validators: Validators | None = None
    warnings: dict[str, None] = field(default_factory=dict)

    def take(self, page: Page, first_day: date | None) -> list[Announcement]:
        """What of a page has a name; `first_day`: of the window, where the source selects by the days that it gives."""
        self.warnings |= dict.fromkeys(page.warnings)
        self.unchanged = self.unchanged or page.unchanged
        self.validators = page.validators or self.validators
        named = [one for one in page.announcements if one.identifiers]
        # Without any name it could never be told again from others.
        self.nameless += len(page.announcements) - len(named)
        for one in named:
            self.records += 1
            if one.indexed and (self.newest is None or one.indexed > self.newest):
                self.newest = one.indexed
            self.outside += bool(first_day and one.indexed and one.indexed < first_day - ZONES)
            digest = hashlib.blake2b(str(one.identifiers[0]).encode(), digest_size=8).digest()
            # A sum, so that the order in which records come does not count.
            self.fingerprint = (self.fingerprint + int.from_bytes(digest)) % (1 << 64)
        return named

    @property
    def batch(self) -> str:
        """The same for the same records."""
        return f"{self.records}:{self.fingerprint:016x}" if self.records else ""


async def ask(this: Round, query: StandingQuery, matcher: Matcher) -> QueryReport:
    """Ask one query, keep what it brings, and write down how it is doing."""
    source, now = this.sources[query.source], this.clock()
    start, settled = _start(query, source, now, this)
    tally, error, wait, passed = _Tally(), "", 0.0, None
    try:
        for window in stretches(start, now, whole=not source.exact):
            async with asyncio.timeout(DEADLINE):
                await _read(this, query, matcher, window, settled, tally)
            passed = window.end
    except FetchError as caught:
        error, wait = str(caught), caught.wait
    except SourceError as caught:
        error = str(caught)
    except TimeoutError:
        error = f"source: {query.source}: not read whole within {DEADLINE / 60:g} minutes; it goes on from there"
    except StoreError:
        raise
    except Exception as caught:
        # A fault of ours in one source must not keep the others from being asked.
        log.exception("not read", feed=query.slug, source=query.source)
        error = f"source: {query.source}: internal fault: {type(caught).__name__}; run it with --debug and report it"
    replay = this.since is not None
    outcome = RoundOutcome(
        error=error,
        new=tally.new,
        newest=tally.newest,
        records=tally.records,
        outside=tally.outside,
        batch=tally.batch,
        unchanged=tally.unchanged,
        replay=replay,
        wait=wait,
    )
    ended = this.clock()
    verdict = judge(query, outcome, ended, this.chance(), source.every)
    # Only what joins on to what was read before may move the watermark.
    joins = start <= _usual_start(query, source, now, this)
    watermark = passed if joins and (verdict.whole or error) else None
    if error and watermark is not None:
        # A part was read whole: the next round goes on from there, not from where the last whole answer began.
        verdict = replace(verdict, query=replace(verdict.query, batch="", batch_since=None))
    keep = tally.validators if not error and not tally.unchanged else None
    validators = (keep.etag, keep.last_modified) if keep else None
    if tally.nameless:
        tally.warnings[f"records without any identifier, left out: {tally.nameless}"] = None
    await this.write(
        queries.note_round,
        this.store,
        query,
        verdict.query,
        verdict.words if verdict.query is not query else None,
        ended,
        watermark=watermark,
        validators=validators,
    )
    _tell(query, verdict)
    return QueryReport(
        query.slug,
        query.source,
        tally.new,
        tally.seen,
        tally.papers,
        Health.FAILING if error else verdict.query.health,
        verdict.words,
        tuple(tally.warnings),
        query.query,
        verdict.query.since,
        verdict.query.failures,
    )


async def _read(
    this: Round, query: StandingQuery, matcher: Matcher, window: IndexWindow, settled: date | None, tally: _Tally
) -> None:
    source = this.sources[query.source]
    known = None if this.since else Validators(query.etag, query.last_modified)
    oldest: date | None = None
    if not source.selects(query.query):
        # At first a journal's feed shows its past. Later what it shows late is not to be missed, whatever its own date;
        # but what is very late is of its past again (the feed's terms have changed), and no news.
        first = query.watermark is None
        oldest = min(window.first_day, _day(window.end - this.lookback)) if first else date.min
        settled = settled if first else max(settled or date.min, _day(window.end - LATE))
    async for page in source.collect(query.query, window, this.fetch, known):
        named = tally.take(page, window.first_day if source.exact else None)
        found = findings(named, matcher, settled=settled, oldest=oldest)
        saved = await this.write(saving.save, this.store, query.feed_id, found, this.clock, RULES)
        tally.new, tally.seen, tally.papers = (
            tally.new + saved.new,
            tally.seen + saved.seen,
            tally.papers + saved.papers,
        )
        await this.write(merging.withdraw, this.store, page.withdrawn, source.name, this.clock)


def _day(when: datetime) -> date:
    return when.astimezone(UTC).date()


def _usual_start(query: StandingQuery, source: Source, now: datetime, this: Round) -> datetime:
    """From when a query is asked, where nobody says otherwise."""
    beginning = query.begins_at or now - this.lookback
    if query.watermark is None:
        return min(beginning, now)
    # While the same records come, an answer of old may be given again: nothing since then is sure to have been read.
    read = min(query.watermark, query.batch_since) if query.batch and query.batch_since else query.watermark
    start = read - (source.overlap or timedelta())
    # What the overlap reaches before the beginning is old, and no news.
    return min(max(start, query.begins_at or start), now)


def _start(query: StandingQuery, source: Source, now: datetime, this: Round) -> tuple[datetime, date | None]:
    """From when to ask; and the day before which findings are of an older stretch, where there is one."""
    usual = _usual_start(query, source, now, this)
    if this.since is None:
        # A source that adds late is read again far behind the watermark: what it adds there is news all the same.
        return usual, None
    return min(datetime.combine(this.since, time(), UTC), now), _day(usual)


def stretches(start: datetime, end: datetime, *, whole: bool) -> Iterator[IndexWindow]:
    """The window from `start` to `end`, in parts of `STRETCH` at the most unless it is to stay `whole`."""
    asked_at = end
    while not whole and end - start > STRETCH:
        # Days are what sources know: a part ends where one ends.
        middle = datetime.combine((start + STRETCH).astimezone(UTC).date(), time(), UTC)
        yield IndexWindow(start, middle, asked_at)
        start = middle
    yield IndexWindow(start, end, asked_at)


def findings(
    announcements: Iterable[Announcement], matcher: Matcher, *, settled: date | None = None, oldest: date | None = None
) -> Sequence[Finding]:
    """The announcements that belong into a feed, and why.

    What a query selected belongs there; what a source merely announced, if its text matches and it is not too old.

    Args:
        settled: findings indexed before this day are of an older stretch and keep their own day.
        oldest: the first day that counts for what a source merely announced; `indexed` may tell none. None: the
            query selected.
    """
    found = []
    for one in announcements:
        match: Match | None
        if oldest is None:
            match = relevance_of(matcher, one)
        elif one.indexed is not None and one.indexed < oldest:
            continue
        else:
            match = matcher.match(one.title, text_of(one.abstract), one.keywords)
            if match is not None and match.relevance < LEAST:
                match = replace(match, relevance=LEAST)
        if match is None:
            continue
        old = settled is not None and one.indexed is not None and one.indexed < settled
        entered = datetime.combine(one.indexed, time(), UTC) if old and one.indexed else None
        found.append(Finding(one, match.relevance, match.why, entered))
    return found


def _tell(before: StandingQuery, verdict: Verdict) -> None:
    after = verdict.query
    if after.health == before.health and after.health != Health.FAILING:
        return
    log.info(
        f"query {after.health}",
        feed=after.slug,
        source=after.source,
        before=before.health,
        since=after.since.isoformat() if after.since else None,
        failures=after.failures,
        why=verdict.words,
    )
