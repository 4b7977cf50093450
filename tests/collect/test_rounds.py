"""Rounds in any order of windows, pages, failures and stops: the papers are the same, each once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from bot.collect.asking import STRETCH, stretches
from bot.collect.budget import HostBudget
from bot.collect.collect import CollectReport, collect
from bot.collect.fetch import Fetcher
from bot.collect.sources.protocol import IndexWindow, Page, Source, Validators
from bot.errors import FetchError, SourceError
from bot.models.feeds import CatalogueFeed, CatalogueQuery
from bot.models.papers import Announcement, Identifier
from bot.store import feeds, queries
from bot.store.engine import Store
from bot.store.schema import open_store
from bot.store.tables import alarm, concept_feed, feed_entry, paper, paper_identifier, source_query, withdrawn_record
from tests.builders import announcement

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Archive:
    """The outside world: a source with records by the moment at which it began to show them."""

    records: Mapping[datetime, Announcement]
    name: str = "pubmed"
    overlap: timedelta | None = 2 * DAY
    exact: bool = True
    every: timedelta = timedelta(hours=1)
    page: int = 3
    #: Fails before a page with this chance.
    failing: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    asked: list[IndexWindow] = field(default_factory=list)
    withdrawn: tuple[Identifier, ...] = ()

    def selects(self, query: str) -> bool:
        return bool(query)

    async def collect(
        self, query: str, window: IndexWindow, fetch: Fetcher, known: Validators | None = None
    ) -> AsyncIterator[Page]:
        self.asked.append(window)
        days = (window.first_day, window.last_day)
        found = [one for at, one in self.records.items() if days[0] <= at.date() <= days[1] and at < window.end]
        self.chance.shuffle(found)
        for at in range(0, len(found) + 1, self.page):
            if self.chance.random() < self.failing:
                raise self.chance.choice([FetchError("http://x.example/", "http 500"), SourceError("pubmed", "short")])
            await asyncio.sleep(0)
            yield Page(tuple(found[at : at + self.page]), len(found), withdrawn=self.withdrawn)


def record(number: int, at: datetime, **changes: object) -> Announcement:
    return announcement(number, **({"indexed": at.date()} | changes))


async def rounds(
    store: Store, sources: Mapping[str, Source], now: datetime, since: date | None = None, **options: Any
) -> CollectReport:
    async with Fetcher(allow_private=True, budget=HostBudget()) as fetch:
        return await collect(store, sources, fetch, lambda: now, since=since, **options)


def one_round(
    store: Store, archive: Archive, now: datetime, since: date | None = None, **options: Any
) -> CollectReport:
    return asyncio.run(rounds(store, {archive.name: archive}, now, since, **options))


def offer(store: Store, *sources: str) -> None:
    wanted = tuple(CatalogueQuery(source, "samples") for source in sources or ("pubmed",))
    feeds.apply_catalogue(store, [CatalogueFeed("samples", "Samples", queries=wanted)], NOW)


def stored(store: Store) -> list[tuple[Any, ...]]:
    with store.reading() as connection:
        names: dict[int, list[str]] = {}
        for row in connection.execute(select(paper_identifier)):
            names.setdefault(row.paper_id, []).append(row.value)
        entered = set(connection.execute(select(feed_entry.c.paper_id)).scalars())
        rows = connection.execute(select(paper)).all()
    return sorted((sorted(names[row.id]), row.title, row.journal, row.id in entered) for row in rows)


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('rounds')}/bot.db")
    yield store
    store.close()


def emptied(store: Store) -> Store:
    with store.writing() as connection:
        for table in (alarm, withdrawn_record, paper, source_query, concept_feed):
            connection.execute(delete(table))
    offer(store)
    return store


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=settings().max_examples // 3, deadline=None)
def test_any_order_of_windows_pages_failures_and_stops_gives_the_same_papers(shared_store: Store, seed: int) -> None:
    chance = random.Random(seed)
    start = NOW - chance.randint(3, 7) * DAY
    moments = [start + timedelta(hours=chance.uniform(0, 24 * 12)) for _ in range(chance.randint(0, 40))]
    records = {at: record(number % 30, at) for number, at in enumerate(sorted(moments))}
    end = NOW + 13 * DAY
    store = emptied(shared_store)
    one_round(store, Archive(records), end, since=(start - DAY).date())
    expected = stored(store)

    store = emptied(shared_store)
    archive = Archive(records, page=chance.randint(1, 9), failing=chance.choice([0, 0.1, 0.4]), chance=chance)
    now = NOW
    while now < end:
        since = (now - chance.randint(0, 20) * DAY).date() if chance.random() < 0.2 else None
        if chance.random() < 0.2:
            stopped(store, archive, now, chance)
        one_round(store, archive, now, since)
        now += timedelta(hours=chance.uniform(0.5, 72))
    archive.failing = 0
    one_round(store, archive, end)
    assert stored(store) == expected
    one_round(store, archive, end + timedelta(hours=1), since=(start - DAY).date())
    assert stored(store) == expected


def stopped(store: Store, archive: Archive, now: datetime, chance: random.Random) -> None:
    """A round that is called off after some steps, wherever it is then."""

    async def run() -> None:
        task = asyncio.ensure_future(rounds(store, {archive.name: archive}, now))
        for _ in range(chance.randint(0, 30)):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})

    asyncio.run(run())


# --- one thing at a time --------------------------------------------------------------------------------------------


@pytest.fixture
def samples(store: Store) -> Store:
    offer(store)
    return store


def watermark(store: Store) -> datetime | None:
    (query,) = queries.standing_queries(store)
    return query.watermark


def test_the_watermark_passes_only_what_was_read_whole(samples: Store) -> None:
    records = {NOW - 3 * DAY: record(1, NOW - 3 * DAY)}
    archive = Archive(records, failing=1.0)
    one_round(samples, archive, NOW)
    assert watermark(samples) is None
    archive.failing = 0
    one_round(samples, archive, NOW)
    assert watermark(samples) == NOW
    archive.failing = 1.0
    one_round(samples, archive, NOW + DAY)
    assert watermark(samples) == NOW
    assert archive.asked[-1].start == NOW - 2 * DAY


def test_a_long_stretch_is_read_in_parts_and_goes_on_where_it_stopped(samples: Store) -> None:
    one_round(samples, Archive({NOW - DAY: record(1, NOW - DAY)}), NOW)
    later = NOW + 100 * DAY
    fails_in_third = [0.0, 0.0, 1.0]

    class Stubborn(Archive):
        async def collect(self, query: str, window: IndexWindow, *others: Any) -> AsyncIterator[Page]:
            self.failing = fails_in_third.pop(0) if fails_in_third else 0.0
            async for page in super().collect(query, window, *others):
                yield page

    archive = Stubborn({NOW - DAY: record(1, NOW - DAY)})
    one_round(samples, archive, later)
    assert watermark(samples) == archive.asked[1].end
    one_round(samples, archive, later)
    assert archive.asked[3].start == archive.asked[1].end - 2 * DAY
    assert watermark(samples) == later


@given(st.integers(0, 900), st.integers(0, 86_399))
def test_stretches_join_without_a_gap(days: int, seconds: int) -> None:
    start = NOW - timedelta(days=days, seconds=seconds)
    parts = list(stretches(start, NOW, whole=False))
    assert parts[0].start == start
    assert parts[-1].end == NOW
    assert all(one.end == two.start for one, two in pairwise(parts))
    assert all(part.end - part.start <= STRETCH for part in parts)
    # No day is asked for twice.
    assert all(one.last_day < two.first_day for one, two in pairwise(parts))
    assert list(stretches(start, NOW, whole=True)) == [IndexWindow(start, NOW, NOW)]


def test_since_moves_the_watermark_only_where_it_joins_on(samples: Store) -> None:
    archive = Archive({})
    one_round(samples, archive, NOW)
    one_round(samples, archive, NOW + 10 * DAY, since=(NOW + 9 * DAY).date())
    assert watermark(samples) == NOW
    one_round(samples, archive, NOW + 10 * DAY, since=(NOW - 9 * DAY).date())
    assert watermark(samples) == NOW + 10 * DAY


def test_yesterdays_batch_again_is_stale_loses_nothing_and_is_told(samples: Store) -> None:
    moments = [NOW - n * DAY - timedelta(hours=1) for n in range(7)]
    records = {at: record(n, at) for n, at in enumerate(moments)}
    one_round(samples, Archive(records), NOW)

    class Repeating(Archive):
        async def collect(self, query: str, window: IndexWindow, *others: Any) -> AsyncIterator[Page]:
            yield Page(tuple(self.records.values()), len(self.records))

    report = one_round(samples, Repeating(records), NOW + 3 * DAY)
    assert report.queries[0].health == "stale"
    assert report.queries[0].error.startswith("the same 7 records again since 2026-11-23")
    assert watermark(samples) == NOW
    missed = {NOW + DAY: record(50, NOW + DAY)}
    report = one_round(samples, Archive(records | missed), NOW + 4 * DAY)
    assert (report.queries[0].health, report.new) == ("quiet", 1)
    with samples.reading() as connection:
        assert list(connection.execute(select(alarm.c.health).order_by(alarm.c.id)).scalars()) == ["stale", "quiet"]


def test_a_fault_of_ours_in_one_source_stops_no_other(store: Store) -> None:
    offer(store, "pubmed", "crossref")

    class Broken(Archive):
        async def collect(self, *others: Any) -> AsyncIterator[Page]:
            surprising: dict[str, Page] = {}
            yield surprising["surprise"]

    sources: dict[str, Source] = {
        "pubmed": Broken({}),
        "crossref": Archive({NOW: record(1, NOW)}, name="crossref"),
    }
    report = asyncio.run(rounds(store, sources, NOW + DAY))
    assert [query.health for query in report.queries] == ["failing", "quiet"]
    assert "internal fault: KeyError" in report.queries[0].error
    assert report.new == 1


def test_only_those_whose_time_has_come_where_it_is_asked_for(samples: Store) -> None:
    archive = Archive({})
    one_round(samples, archive, NOW)
    assert one_round(samples, archive, NOW + timedelta(minutes=30), due_only=True).queries == ()
    assert len(one_round(samples, archive, NOW + timedelta(minutes=30)).queries) == 1
    assert len(one_round(samples, archive, NOW + timedelta(hours=2), due_only=True).queries) == 1


def test_records_taken_back_go(samples: Store) -> None:
    records = {NOW: record(1, NOW), NOW - DAY: record(2, NOW - DAY)}
    one_round(samples, Archive(records), NOW + DAY)
    one_round(samples, Archive(records, withdrawn=(Identifier("pmid", "90000001"),)), NOW + DAY)
    one_round(samples, Archive(records), NOW + DAY)
    assert [names for names, *_ in stored(samples)] == [["10.5555/sample.2", "90000002"]]


def test_a_source_that_is_not_exact_is_read_in_one_and_told_the_day_of_fetching(store: Store) -> None:
    offer(store, "openalex")
    archive = Archive({NOW - DAY: record(1, NOW - DAY)}, name="openalex", overlap=45 * DAY, exact=False, every=DAY)
    one_round(store, archive, NOW, since=(NOW - 200 * DAY).date())
    assert [(window.end, window.today) for window in archive.asked] == [(NOW, NOW.date())]
    exact = Archive({}, name="openalex")
    one_round(store, exact, NOW, since=(NOW - 200 * DAY).date())
    assert len(exact.asked) > 5
    assert {window.today for window in exact.asked} == {NOW.date()}


def test_a_record_without_any_name_is_left_out_and_told(samples: Store) -> None:
    nameless = record(1, NOW - DAY, identifiers=())
    report = one_round(samples, Archive({NOW - DAY: nameless, NOW - 2 * DAY: record(2, NOW - 2 * DAY)}), NOW)
    assert (report.new, report.queries[0].health) == (1, "quiet")
    assert report.queries[0].warnings == ("records without any identifier, left out: 1",)


def test_an_answer_of_old_given_again_and_again_loses_nothing(samples: Store) -> None:
    """Frozen just so that nothing looks odd; what came meanwhile is there when the service recovers."""
    records = {NOW - DAY: record(1, NOW - DAY)}
    one_round(samples, Archive(records), NOW)

    class Frozen(Archive):
        async def collect(self, query: str, window: IndexWindow, *others: Any) -> AsyncIterator[Page]:
            self.asked.append(window)
            yield Page(tuple(self.records.values()), len(self.records))

    for hours in range(6, 240, 6):
        one_round(samples, Frozen(records), NOW + timedelta(hours=hours))
    missed = {NOW + timedelta(hours=hours): record(hours, NOW + timedelta(hours=hours)) for hours in range(5, 239, 11)}
    report = one_round(samples, Archive(records | missed), NOW + 10 * DAY)
    assert report.new == len(missed)
    with samples.reading() as connection:
        assert len(connection.execute(select(alarm)).all()) <= 2


def test_what_a_feed_shows_late_is_news_and_what_is_of_its_past_is_not(store: Store) -> None:
    offer(store, "syndication")
    moments = {n: NOW - n * DAY for n in (1, 10, 90)}
    shown = {moments[n]: record(n, moments[n], title=f"Samples number {n}") for n in moments}

    class Feed(Archive):
        async def collect(self, query: str, window: IndexWindow, *others: Any) -> AsyncIterator[Page]:
            yield Page(tuple(self.records.values()))

        def selects(self, query: str) -> bool:
            return False

    def feed(*numbers: int) -> Feed:
        return Feed({moments[n]: shown[moments[n]] for n in numbers}, name="syndication", overlap=None, exact=False)

    assert one_round(store, feed(1, 90), NOW).new == 1
    assert one_round(store, feed(1, 10, 90), NOW + timedelta(hours=1)).new == 2
    with store.reading() as connection:
        entered = sorted(connection.execute(select(feed_entry.c.entered_at)).scalars())
    assert [moment.date() for moment in entered] == [moments[90].date(), NOW.date(), NOW.date()]
