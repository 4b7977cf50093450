"""A round of collecting: every query asked, papers stored once, what fails said so, nothing lost by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from bot.collect.asking import findings
from bot.collect.budget import HostBudget
from bot.collect.collect import CollectReport, collect
from bot.collect.fetch import Fetcher, Limits
from bot.collect.sources.protocol import Source
from bot.collect.sources.pubmed import PubMed
from bot.collect.sources.syndication import Syndication
from bot.concepts.catalogue import starter
from bot.concepts.match import Matcher, compile_feed, compile_feeds
from bot.concepts.vocabulary import Vocabulary
from bot.demo.service import SampleService
from bot.models.feeds import CatalogueFeed, CatalogueQuery, FeedRecord
from bot.models.papers import Announcement, Identifier
from bot.models.vocabulary import Descriptor
from bot.store import feeds, papers, queries
from bot.store.engine import Store

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)


@pytest.fixture
def service() -> Iterator[SampleService]:
    with SampleService(TODAY) as running:
        yield running


def round_of(
    store: Store,
    base: str,
    now: datetime = NOW,
    *,
    feed: str | None = None,
    since: date | None = None,
    due_only: bool = False,
    compiled: Callable[[Sequence[FeedRecord]], Sequence[Matcher]] = compile_feeds,
) -> CollectReport:
    sources: dict[str, Source] = {"pubmed": PubMed(f"{base}/entrez/eutils"), "syndication": Syndication()}

    async def run() -> CollectReport:
        limits = Limits(total=10, tries=2, backoff=0.01)
        async with Fetcher(allow_private=True, limits=limits, budget=HostBudget()) as fetch:
            return await collect(
                store, sources, fetch, lambda: now, feed=feed, since=since, due_only=due_only, compiled=compiled
            )

    return asyncio.run(run())


def titles(store: Store, slug: str) -> set[str]:
    return {one.paper.title for one in papers.newest(store, feeds.feed(store, slug).id, 1000)}


def test_a_second_round_finds_nothing_new(store: Store, service: SampleService) -> None:
    feeds.apply_catalogue(store, starter(), NOW)
    first = round_of(store, service.url)
    assert first.failing == 0
    assert first.new > 40
    assert first.seen == 0
    again = round_of(store, service.url, NOW + timedelta(hours=1))
    assert (again.new, again.failing) == (0, 0)
    # The days of the overlap are read again, the others not.
    assert 0 < again.seen < first.new


def test_a_first_round_looks_back_a_week_and_a_replay_keeps_older_days(store: Store, service: SampleService) -> None:
    feeds.apply_catalogue(store, starter(), NOW)
    week = round_of(store, service.url)
    more = round_of(store, service.url, since=TODAY - timedelta(days=90))
    assert more.new > 0
    assert more.seen == week.new
    older = [
        entry
        for feed in feeds.feeds(store)
        for entry in papers.newest(store, feed.id, 1000)
        if entry.entered_at < NOW - timedelta(days=7)
    ]
    assert len(older) == more.new
    assert all(entry.entered_at.time() == datetime.min.time() for entry in older)


def test_one_feed_alone(store: Store, service: SampleService) -> None:
    feeds.apply_catalogue(store, starter(), NOW)
    report = round_of(store, service.url, feed="microbicides")
    assert [query.feed for query in report.queries] == ["microbicides"]
    assert titles(store, "microbicides")
    assert not titles(store, "covid-19")


def test_a_dead_source_is_failing_and_the_others_go_on(store: Store, service: SampleService) -> None:
    three = (
        CatalogueQuery("syndication", "http://127.0.0.1:1/feed.atom"),
        CatalogueQuery("syndication", f"{service.url}/feeds/nothing-here.atom"),
        CatalogueQuery("pubmed", "microbicide*[tiab]"),
    )
    feeds.apply_catalogue(store, [CatalogueFeed("mixed", "Mixed", queries=three)], NOW)
    report = round_of(store, service.url)
    assert [query.health for query in report.queries] == ["failing", "failing", "quiet"]
    assert "http 404" in report.queries[1].error
    assert report.queries[2].new > 0
    dead, gone, well = queries.query_states(store, "mixed")
    assert (dead.query.failures, dead.query.watermark, dead.query.since) == (1, None, NOW)
    assert gone.error
    assert (well.query.failures, well.query.watermark, well.error) == (0, NOW, "")
    round_of(store, service.url, NOW + timedelta(hours=1))
    dead, _, well = queries.query_states(store, "mixed")
    assert (dead.query.failures, dead.query.since) == (2, NOW)
    assert well.query.watermark == NOW + timedelta(hours=1)


def test_what_a_source_could_not_tell_comes_when_it_recovers(store: Store) -> None:
    query = CatalogueQuery("pubmed", "microbicide*[tiab]")
    feeds.apply_catalogue(store, [CatalogueFeed("one", "One", queries=(query,))], NOW)
    assert round_of(store, "http://127.0.0.1:1").failing == 1
    with SampleService(TODAY) as service:
        report = round_of(store, service.url, NOW + timedelta(days=1))
    assert report.failing == 0
    assert report.new > 0


def test_syndicated_papers_must_name_the_feed(store: Store, service: SampleService) -> None:
    query = CatalogueQuery("syndication", f"{service.url}/feeds/journal.atom")
    wanted = [CatalogueFeed("sting", "STING receptor agonists", synonyms=("STING",), queries=(query,))]
    feeds.apply_catalogue(store, wanted, NOW)
    report = round_of(store, service.url)
    assert report.failing == 0
    found = titles(store, "sting")
    assert found
    assert all("STING" in title for title in found)


def test_syndicated_papers_may_name_what_is_narrower(store: Store, service: SampleService) -> None:
    query = CatalogueQuery("syndication", f"{service.url}/feeds/journal.atom")
    plain = CatalogueFeed("plain", "Made-up proteins", queries=(query,), threshold=0.01)
    feeds.apply_catalogue(store, [plain, replace(plain, slug="proteins", mesh=("Sample Proteins",))], NOW)
    vocabulary = Vocabulary(
        (
            Descriptor("X1", "Sample Proteins", (), ("D12",)),
            Descriptor("X2", "Stimulator of Interferon Genes", ("STING",), ("D12.1",)),
        )
    )
    assert round_of(store, service.url, compiled=partial(compile_feeds, vocabulary=vocabulary)).failing == 0
    assert any("STING" in title for title in titles(store, "proteins"))
    assert titles(store, "plain") == set()


def test_the_matchers_of_all_feeds_are_asked_for_once_and_only_where_there_is_work(
    store: Store, service: SampleService
) -> None:
    feeds.apply_catalogue(store, starter(), NOW)
    asked: list[tuple[FeedRecord, ...]] = []

    def compiled(offered: Sequence[FeedRecord]) -> Sequence[Matcher]:
        asked.append(tuple(offered))
        return compile_feeds(offered)

    round_of(store, service.url, feed="microbicides", compiled=compiled)
    assert asked == [feeds.feeds(store)]
    round_of(store, service.url, NOW + timedelta(seconds=1), feed="microbicides", due_only=True, compiled=compiled)
    assert len(asked) == 1


def test_a_feed_takes_from_its_threshold_on_and_none_is_as_if_retracted() -> None:
    given = [announced(TODAY, "Microbicides at work"), announced(TODAY, "Work")]
    for threshold, taken in ((0.0, 1), (0.01, 1), (1.0, 0)):
        feed = FeedRecord(1, "microbicides", "Microbicides", threshold=threshold)
        found = findings(given, compile_feed(feed), oldest=TODAY)
        assert len(found) == taken
        assert all(one.relevance > 0 for one in found)


def announced(day: date | None, title: str = "Microbicides at work") -> Announcement:
    return Announcement("syndication", (Identifier("guid", f"{day}"),), title, "https://x.example/1", indexed=day)


def test_findings_of_a_syndicated_feed() -> None:
    matcher = compile_feed(FeedRecord(1, "microbicides", "Microbicides"))
    given = [
        announced(TODAY),
        announced(None),
        announced(TODAY - timedelta(days=8)),
        announced(TODAY, "Something else"),
    ]
    found = findings(given, matcher, oldest=TODAY - timedelta(days=7))
    assert [one.announcement.indexed for one in found] == [TODAY, None]
    assert found[0].why == "title: Microbicides"
    assert 0 < found[0].relevance <= 1


def test_findings_of_an_older_stretch_keep_their_day() -> None:
    matcher = compile_feed(FeedRecord(1, "microbicides", "Microbicides"))
    given = [announced(TODAY), announced(TODAY - timedelta(days=30))]
    new, old = findings(given, matcher, oldest=date(2026, 1, 1), settled=TODAY - timedelta(days=2))
    assert new.entered_at is None
    assert old.entered_at == datetime(2026, 10, 24, tzinfo=UTC)
