"""A feed's threshold: what is stored stays, and what is in the feed follows, on each kind of database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text, update

from bot.models.papers import Finding, Identifier, Mark, Notice
from bot.store import feeds, margin, papers, votes
from bot.store.due import entered_since
from bot.store.engine import Store
from bot.store.explaining import paper_story
from bot.store.schema import open_store
from bot.store.tables import concept_feed, feed_entry, source_query
from tests.builders import NOW, announcement, catalogue_feed, save

WEEK = NOW - timedelta(days=7)


def apply(store: Store, threshold: float | None, slug: str = "one") -> int:
    feeds.apply_catalogue(store, [catalogue_feed(slug, threshold=threshold)], WEEK)
    return feeds.feed(store, slug).id


def fill(store: Store, feed_id: int, relevances: Mapping[int, float]) -> None:
    """Papers by number with their relevance, entered an hour ago."""
    found = [
        Finding(announcement(number), relevance, "found", NOW - timedelta(hours=1))
        for number, relevance in relevances.items()
    ]
    save(store, feed_id, found, lambda: NOW)


def shown(store: Store, feed_id: int) -> set[int]:
    """The numbers of the papers that are in the feed; all that tell what readers get agree."""
    entered = papers.newest(store, feed_id, 1000)
    numbers = {int(entry.paper.title.rpartition(" ")[2]) for entry in entered}
    ids = {entry.paper.id for entry in entered}
    (overview,) = feeds.overviews(store, NOW, feeds.every_feed(store)[feed_id].slug)
    assert (overview.papers, overview.week) == (len(ids), len(ids))
    assert feeds.weekly_counts(store, NOW, 4).get(feed_id, (0,))[-1] == len(ids)
    assert {paper_id for paper_id, _ in entered_since(store, [feed_id], WEEK).get(feed_id, ())} == ids
    assert set(votes.newest_ids(store, 1000, 1000)[feed_id]) == ids
    return numbers


def test_a_threshold_is_moved_over_what_is_stored(store: Store) -> None:
    feed_id = apply(store, None)
    fill(store, feed_id, {1: 0.2, 2: 0.4, 3: 0.6})
    assert shown(store, feed_id) == {1, 2, 3}
    for threshold, numbers in ((0.4, {2, 3}), (0.41, {3}), (1.0, set()), (0.0, {1, 2, 3}), (None, {1, 2, 3})):
        assert apply(store, threshold) == feed_id
        assert feeds.feed(store, "one").threshold == threshold
        assert feeds.catalogue(store)[0].threshold == threshold
        assert shown(store, feed_id) == numbers


def test_each_feed_has_its_own(store: Store) -> None:
    strict, wide = apply(store, 0.5), apply(store, None, "two")
    for feed_id in (strict, wide):
        fill(store, feed_id, {1: 0.3, 2: 0.7})
    assert (shown(store, strict), shown(store, wide)) == ({2}, {1, 2})


def test_a_retracted_paper_is_in_whatever_the_threshold(store: Store) -> None:
    feed_id = apply(store, 0.9)
    retracted = announcement(1, marks=(Mark.RETRACTED,))
    save(store, feed_id, [Finding(retracted, 0.8, "found", NOW - timedelta(hours=1))], lambda: NOW)
    fill(store, feed_id, {2: 0.95, 3: 0.8})
    assert shown(store, feed_id) == {1, 2}
    later = replace(
        announcement(9), identifiers=(Identifier("pmid", "90000099"),), title="Retraction of a sample", notices=()
    )
    notice = replace(later, notices=(Notice(Mark.RETRACTED, Identifier("pmid", "90000003")),))
    save(store, apply(store, None, "two"), [Finding(notice)], lambda: NOW)
    assert shown(store, feed_id) == {1, 2, 3}
    assert papers.newest(store, feed_id)[-1].relevance == 0
    assert all(entry.paper.marks == (Mark.RETRACTED,) for entry in papers.newest(store, feed_id) if not entry.relevance)


def test_a_paper_tells_which_feeds_show_it(store: Store) -> None:
    strict, wide = apply(store, 0.5), apply(store, None, "two")
    for feed_id in (strict, wide):
        fill(store, feed_id, {1: 0.3})
    story = paper_story(store, [Identifier("pmid", "90000001")], None, "90000001")
    assert [(place.feed, place.threshold, place.shown) for place in story.feeds] == [
        ("one", 0.5, False),
        ("two", None, True),
    ]


def test_another_threshold_has_unchanged_answers_read_again(store: Store) -> None:
    apply(store, None)

    def validators() -> str:
        with store.writing() as connection:
            (row,) = connection.execute(source_query.select())
            connection.execute(update(source_query).values(etag="known"))
        return str(row.etag)

    validators()
    apply(store, None)
    assert validators() == "known"
    apply(store, 0.2)
    assert validators() == ""


def test_counts_and_neighbours_of_another_threshold(store: Store) -> None:
    one, two = apply(store, 0.5), apply(store, None, "two")
    fill(store, one, {1: 0.2, 2: 0.45, 3: 0.6, 4: 0.9})
    fill(store, two, {2: 0.8, 5: 0.8, 6: 0.7})
    assert margin.counts_at(store, one, 0.7) == margin.Counts(now=2, then=1, stored=4)
    assert margin.counts_at(store, one, None) == margin.Counts(now=2, then=4, stored=4)

    def numbers(found: tuple[papers.EnteredPaper, ...]) -> list[str]:
        return [entry.paper.title[-1] for entry in found]

    assert numbers(margin.inside(store, one, 0.7, 10)) == ["4"]
    assert numbers(margin.below(store, one, 0.7, WEEK, 10)) == ["3", "2", "1"]
    assert numbers(margin.below(store, one, 0.7, WEEK, 1)) == ["3"]
    assert margin.below(store, one, 0.7, NOW, 10) == margin.below(store, one, None, WEEK, 10) == ()
    outside = margin.elsewhere(store, one, WEEK, 10)
    assert {paper.title[-1] for paper, _ in outside} == {"5", "6"}
    assert len(margin.elsewhere(store, one, WEEK, 1)) == 1
    assert margin.elsewhere(store, one, NOW, 10) == ()
    ids = [paper.id for paper, _ in outside]
    assert margin.other_feeds_of(store, ids, one) == {paper_id: ["two"] for paper_id in ids}
    assert margin.other_feeds_of(store, ids, two) == {}


@pytest.mark.parametrize("threshold", [None, 0.5])
def test_weeks_are_counted_along_the_index_alone(store: Store, threshold: float | None) -> None:
    feed_id = apply(store, threshold)
    fill(store, feed_id, {number: number / 100 for number in range(1, 60)})
    said: list[tuple[str, object]] = []
    with store.reading() as connection:
        engine = connection.engine

    def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.lstrip().lower().startswith(("select", "with")):
            said.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    feeds.weekly_counts(store, NOW, 4)
    event.remove(engine, "before_cursor_execute", note)
    ((statement, parameters),) = said
    with store.writing() as connection:
        if store.is_sqlite:
            plan = connection.exec_driver_sql("explain query plan " + statement, parameters).all()  # type: ignore[arg-type]
            assert "USING COVERING INDEX ix_feed_entry_feed_id_entered_at_relevance" in str(plan)
        else:
            connection.execute(text("set local enable_seqscan = off"))
            connection.execute(text("set local enable_bitmapscan = off"))
            plan = connection.exec_driver_sql("explain " + statement, parameters).all()  # type: ignore[arg-type]
            assert "Index Only Scan using ix_feed_entry_feed_id_entered_at_relevance" in str(plan)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, int]:
    """A feed whose papers have every hundredth of relevance."""
    path: Path = tmp_path_factory.mktemp("many")
    store = open_store(f"sqlite:///{path}/bot.db")
    feed_id = apply(store, None)
    fill(store, feed_id, {number: number / 100 for number in range(1, 101)})
    retracted = announcement(200, marks=(Mark.RETRACTED,))
    save(store, feed_id, [Finding(retracted, 0.5, "found", NOW - timedelta(hours=1))], lambda: NOW)
    return store, feed_id


@given(low=st.floats(0, 1), high=st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_a_higher_threshold_never_lets_in_more(many: tuple[Store, int], low: float, high: float) -> None:
    store, feed_id = many
    low, high = sorted((low, high))

    def inside(threshold: float) -> set[int]:
        with store.writing() as connection:
            connection.execute(update(concept_feed).values(threshold=threshold))
            rows = connection.execute(feed_entry.select()).all()
        kept = shown(store, feed_id)
        assert len(kept) == margin.counts_at(store, feed_id, threshold).then
        assert len(kept) == sum(row.relevance >= threshold or row.relevance == 0 for row in rows)
        return kept

    assert {200} <= inside(high) <= inside(low)
