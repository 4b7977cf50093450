"""Papers that are new are tagged by their text, once, with what the matchers read; cards show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from bot.concepts.reading import Reader, Reading
from bot.models.vocabulary import Descriptor
from bot.store import feeds, papers, tags, vocabulary
from bot.store.engine import Store
from bot.wiring import tagging
from bot.wiring.matchers import Matchers, Shared
from bot.wiring.tagging import TaggingReport, tag_papers
from tests.builders import NOW, catalogue_feed, finding, save
from tests.concepts.vocabularies import PLANTS, SMALL, TEA

WEEK = timedelta(days=7)
HUMANS = Descriptor("D990007", "Humans", ("people",), ("B01.050",))
VOCABULARY = (*SMALL, HUMANS)


def clock() -> datetime:
    return NOW


@pytest.fixture
def feed_id(store: Store) -> int:
    feeds.apply_catalogue(store, [catalogue_feed("brews", mesh=("Sample Beverages",))], NOW)
    return feeds.feed(store, "brews").id


@pytest.fixture
def matchers(store: Store, feed_id: int) -> Matchers:
    """Matchers that a round has used."""
    vocabulary.replace(store, VOCABULARY)
    matchers = Matchers(store)
    matchers.of(feeds.feeds(store))
    return matchers


def enter(store: Store, feed_id: int, titles: Iterable[str], **changes: object) -> None:
    found = [finding(number, title=title, **changes) for number, title in enumerate(titles)]
    save(store, feed_id, found, clock)


def tagged(store: Store, feed_id: int) -> dict[str, tuple[str, ...]]:
    entered = papers.newest(store, feed_id, 1000)
    found = tags.tags_of(store, [entry.paper.id for entry in entered])
    return {entry.paper.title: found.get(entry.paper.id, ()) for entry in entered}


def test_papers_are_tagged_with_what_their_text_tells_never_with_what_is_common(
    store: Store, feed_id: int, matchers: Matchers
) -> None:
    titles = ("Tea leaf brew from sample plants in humans", "Humans and people", "Nothing of that")
    enter(store, feed_id, titles)
    assert tag_papers(store, matchers.shared(), clock, WEEK) == TaggingReport(3)
    assert tagged(store, feed_id) == {titles[0]: ("Sample Tea", "Sample Plants"), titles[1]: (), titles[2]: ()}
    # And once only.
    assert tag_papers(store, matchers.shared(), clock, WEEK) == TaggingReport(0)


def test_without_a_vocabulary_or_a_round_there_is_nothing_to_do(store: Store, feed_id: int) -> None:
    enter(store, feed_id, ["Tea leaf brew"])
    matchers = Matchers(store)
    matchers.of(feeds.feeds(store))
    assert matchers.shared() is None
    assert tag_papers(store, None, clock, WEEK) == TaggingReport()
    vocabulary.replace(store, VOCABULARY)
    # Nothing was compiled with it yet, and nothing is for tags alone.
    assert matchers.shared() is None
    assert Matchers(store).shared() is None
    compiled = matchers.of(feeds.feeds(store))
    shared = matchers.shared()
    assert shared is not None
    assert (len(shared.vocabulary), shared.version) == (len(VOCABULARY), vocabulary.version(store))
    assert matchers.of(feeds.feeds(store)) is compiled
    assert tagged(store, feed_id) == {"Tea leaf brew": ()}


def test_another_vocabulary_tags_anew(store: Store, feed_id: int, matchers: Matchers) -> None:
    enter(store, feed_id, ["Tea leaf brew"])
    tag_papers(store, matchers.shared(), clock, WEEK)
    vocabulary.replace(store, [replace(TEA, name="Tea of another year"), PLANTS])
    matchers.of(feeds.feeds(store))
    assert tag_papers(store, matchers.shared(), clock, WEEK) == TaggingReport(1)
    assert tagged(store, feed_id) == {"Tea leaf brew": ("Tea of another year",)}


@pytest.mark.parametrize(("back", "lookback", "done"), [(29, 7, 1), (31, 7, 0), (31, 60, 1), (61, 60, 0)])
def test_only_what_entered_lately_is_tagged(
    store: Store, feed_id: int, matchers: Matchers, back: int, lookback: int, done: int
) -> None:
    save(store, feed_id, [replace(finding(1), entered_at=NOW - timedelta(days=back))], clock)
    assert tag_papers(store, matchers.shared(), clock, timedelta(days=lookback)).papers == done


def test_a_round_tags_in_batches_up_to_its_bound_and_the_next_one_goes_on(
    store: Store, feed_id: int, matchers: Matchers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tagging, "AT_ONCE", 3)
    monkeypatch.setattr(tagging, "MOST", 8)
    enter(store, feed_id, [f"Tea leaf brew {number}" for number in range(10)])
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 1

    assert [tag_papers(store, matchers.shared(), clock, WEEK, stop).papers] == [3]
    assert [tag_papers(store, matchers.shared(), clock, WEEK).papers for _ in range(2)] == [7, 0]
    assert set(tagged(store, feed_id).values()) == {("Sample Tea",)}


class Stumbling(Reader):
    """Cannot read papers of which the title says so."""

    def read(self, title: str, abstract: str = "", keywords: Iterable[str] = ()) -> Reading:
        if "unreadable" in title:
            raise ValueError(title)
        return super().read(title, abstract, keywords)


def test_a_paper_that_cannot_be_read_is_told_once_and_keeps_no_other_from_it(
    store: Store, feed_id: int, matchers: Matchers
) -> None:
    enter(store, feed_id, ["Unreadable: unreadable", "Tea leaf brew", "Again unreadable"])
    shared = matchers.shared()
    assert shared is not None
    stumbling = Shared(Stumbling(shared.vocabulary), shared.vocabulary, shared.version)
    with capture_logs() as told:
        report = tag_papers(store, stumbling, clock, WEEK)
        assert tag_papers(store, stumbling, clock, WEEK) == TaggingReport()
    assert report.papers == 3
    assert report.error.endswith(": cannot be read: ValueError; report it")
    assert [line["event"] for line in told] == ["paper not read"]
    assert tagged(store, feed_id)["Tea leaf brew"] == ("Sample Tea",)


def test_a_failure_is_told_once_and_raises_nothing(store: Store, feed_id: int, matchers: Matchers) -> None:
    enter(store, feed_id, ["Tea leaf brew"])
    with store.writing() as connection:
        connection.execute(text("drop table paper_tags"))
    with capture_logs() as told:
        report = tag_papers(store, matchers.shared(), clock, WEEK)
    assert report.papers == 0
    assert report.error
    assert [line["event"] for line in told] == ["papers not tagged"]
