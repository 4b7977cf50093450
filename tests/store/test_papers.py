"""Papers are stored once, whoever announces them and however often."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.models.papers import AbstractSection, Finding, Identifier
from bot.store import feeds, papers
from bot.store.engine import Store
from bot.store.saving import Saved
from tests.builders import NOW, announcement, catalogue_feed, finding, save


@pytest.fixture
def feed_ids(store: Store) -> list[int]:
    feeds.apply_catalogue(store, [catalogue_feed("one"), catalogue_feed("two")], NOW)
    return [feeds.feed(store, slug).id for slug in ("one", "two")]


def clock() -> datetime:
    return NOW


def test_a_paper_known_already_is_not_new(store: Store, feed_ids: list[int]) -> None:
    one, two = feed_ids
    assert save(store, one, [finding(1), finding(2)], clock) == Saved(2, 0, 2)
    assert save(store, one, [finding(2), finding(3)], clock) == Saved(1, 1, 1)
    assert save(store, two, [finding(3)], clock) == Saved(1, 0, 0)
    assert [e.paper.title for e in papers.newest(store, one)] == ["Sample paper 3", "Sample paper 1", "Sample paper 2"]


def test_the_last_to_enter_comes_first_and_of_one_batch_the_last_to_be_indexed(
    store: Store, feed_ids: list[int]
) -> None:
    days = {1: date(2026, 11, 20), 2: date(2026, 11, 22), 3: None, 4: date(2026, 11, 21)}
    save(store, feed_ids[0], [finding(n, indexed=day) for n, day in days.items()], clock)
    save(store, feed_ids[0], [finding(5, indexed=date(2026, 11, 1))], clock)
    assert [e.paper.title[-1] for e in papers.newest(store, feed_ids[0])] == ["5", "2", "4", "1", "3"]


def test_one_identifier_is_enough_to_know_it(store: Store, feed_ids: list[int]) -> None:
    by_doi = finding(1, identifiers=(Identifier("doi", "10.5555/sample.1"), Identifier("guid", "tag:x,1")))
    save(store, feed_ids[0], [finding(1)], clock)
    assert save(store, feed_ids[0], [by_doi], clock) == Saved(0, 1, 0)
    (entry,) = papers.newest(store, feed_ids[0])
    assert {i.scheme for i in entry.identifiers} == {"doi", "guid", "pmid"}


def test_twice_in_one_batch_is_once(store: Store, feed_ids: list[int]) -> None:
    assert save(store, feed_ids[0], [finding(1), finding(1)], clock) == Saved(1, 0, 1)


def test_a_fuller_announcement_fills_in_what_was_missing(store: Store, feed_ids: list[int]) -> None:
    bare = finding(1, source="syndication", abstract=(), mesh=(), journal="Feed of samples")
    save(store, feed_ids[0], [bare], clock)
    save(store, feed_ids[0], [finding(1)], clock)
    (entry,) = papers.newest(store, feed_ids[0])
    assert entry.paper.abstract == (AbstractSection("RESULTS", "Result 1 was found."),)
    assert entry.paper.journal == "Journal of Samples"


def test_values_come_back_as_they_were(store: Store, feed_ids: list[int]) -> None:
    save(store, feed_ids[0], [Finding(announcement(7, title="x<y & β-catenin ₂"), 0.5, "title: x")], clock)
    (entry,) = papers.newest(store, feed_ids[0])
    assert entry.paper.title == "x<y & β-catenin ₂"
    assert entry.paper.authors[1].short == "Lindqvist P"
    assert (entry.relevance, entry.why, entry.entered_at) == (0.5, "title: x", NOW)
    assert papers.papers(store, [entry.paper.id, 999]) == {entry.paper.id: entry.paper}


def test_the_feeds_of_many_papers_are_those_whose_threshold_they_reach(store: Store, feed_ids: list[int]) -> None:
    one, two = feed_ids
    save(store, one, [finding(1), finding(2)], clock)
    save(store, two, [replace(finding(1), relevance=0.2), replace(finding(3), relevance=0.9)], clock)
    found = {entry.paper.title[-1]: entry.paper.id for feed in feed_ids for entry in papers.newest(store, feed)}
    both, first, second = (found[number] for number in "123")
    every = {both: {one, two}, first: {one}, second: {two}}
    assert papers.feeds_of(store, [both, first, second, 999]) == every
    feeds.apply_catalogue(store, [catalogue_feed("two", threshold=0.5)], NOW)
    assert papers.feeds_of(store, [both, first, second]) == {**every, both: {one}}
    assert papers.feeds_of(store, []) == {}


def test_entries_never_step_behind_one_another(store: Store, feed_ids: list[int]) -> None:
    """The clock is set back by an hour: what comes later still enters later."""
    save(store, feed_ids[0], [finding(1)], clock)
    save(store, feed_ids[0], [finding(2)], lambda: NOW - timedelta(hours=1))
    later, earlier = papers.newest(store, feed_ids[0])
    assert later.paper.title == "Sample paper 2"
    assert later.entered_at > earlier.entered_at == NOW


def test_an_older_stretch_keeps_its_day(store: Store, feed_ids: list[int]) -> None:
    day = datetime(2025, 1, 1, tzinfo=UTC)
    save(store, feed_ids[0], [Finding(announcement(1), entered_at=day)], clock)
    assert papers.newest(store, feed_ids[0])[0].entered_at == day


def test_two_at_once_store_each_paper_once(store: Store, feed_ids: list[int]) -> None:
    batch = [finding(i) for i in range(40)]
    saved: list[Saved] = []
    threads = [threading.Thread(target=lambda: saved.append(save(store, feed_ids[0], batch, clock))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(s.new for s in saved) == 40
    assert sum(s.seen for s in saved) == 120
    assert len(papers.newest(store, feed_ids[0], limit=100)) == 40
