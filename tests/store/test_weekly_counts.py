"""Papers a week of each feed, on each kind of database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import event, select, text, update

from bot.store import feeds
from bot.store.engine import Store
from bot.store.tables import concept_feed, source_query
from tests.builders import NOW, catalogue_feed, finding, save

LONG_AGO = NOW - timedelta(weeks=200)


def feed_with(store: Store, slug: str, entered: Sequence[datetime], made: datetime = LONG_AGO) -> int:
    """A feed that papers entered at those times."""
    feeds.apply_catalogue(store, [catalogue_feed(slug)], made)
    feed_id = feeds.feed(store, slug).id
    first = feed_id * 1000
    found = [replace(finding(first + number), entered_at=moment) for number, moment in enumerate(entered)]
    save(store, feed_id, found, lambda: NOW)
    return feed_id


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def test_weeks_are_whole_half_open_and_end_now(store: Store) -> None:
    moment = timedelta(microseconds=1)
    entered = [
        NOW,
        NOW + timedelta(days=1),
        NOW - moment,
        ago(weeks=1),
        ago(weeks=1) - moment,
        ago(weeks=2),
        ago(weeks=5),
    ]
    one = feed_with(store, "one", entered, made=ago(weeks=4))
    other = feed_with(store, "other", [ago(days=1)])
    assert feeds.weekly_counts(store, NOW, 4) == {one: (0, 0, 2, 2), other: (0, 0, 0, 1)}
    assert feeds.weekly_counts(store, NOW, 4, "other") == {other: (0, 0, 0, 1)}
    assert feeds.weekly_counts(store, NOW, 4, "none") == {}


def test_a_feed_begins_when_it_was_made_or_its_first_paper_entered(store: Store) -> None:
    made = feed_with(store, "made", [ago(days=1)], made=ago(days=17))
    filled = feed_with(store, "filled", [ago(days=1), ago(days=31)], made=ago(days=17))
    today = feed_with(store, "today", [ago(hours=1)], made=ago(hours=2))
    assert feeds.weekly_counts(store, NOW, 80) == {made: (0, 0, 1), filled: (1, 0, 0, 0, 1), today: (1,)}


def test_a_query_that_is_added_later_begins_a_new_past(store: Store) -> None:
    feed = feed_with(store, "feed", [ago(days=1), ago(days=31)], made=ago(weeks=10))

    def begin(moment: datetime) -> None:
        with store.writing() as connection:
            connection.execute(update(source_query).values(begins_at=moment))

    begin(ago(weeks=11))
    assert len(feeds.weekly_counts(store, NOW, 80)[feed]) == 10
    begin(ago(days=17))
    assert feeds.weekly_counts(store, NOW, 80) == {feed: (0, 0, 1)}


def test_feeds_that_are_retired_or_have_no_papers_are_left_out(store: Store) -> None:
    feed_with(store, "empty", [])
    feed_with(store, "old", [ago(weeks=90)])
    feed_with(store, "retired", [ago(days=1)])
    feeds.retire(store, "retired", NOW)
    assert feeds.weekly_counts(store, NOW, 80) == {}


def test_all_feeds_are_counted_by_one_statement_along_the_index(store: Store) -> None:
    for number in range(4):
        feed_with(store, f"feed-{number}", [ago(days=1)])
    said: list[tuple[str, object]] = []
    with store.reading() as connection:
        engine = connection.engine

    def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement != "begin":
            said.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    assert len(feeds.weekly_counts(store, NOW, 80)) == 4
    event.remove(engine, "before_cursor_execute", note)
    ((statement, parameters),) = said
    with store.reading() as connection:
        if store.is_sqlite:
            plan = connection.exec_driver_sql("explain query plan " + statement, parameters).all()  # type: ignore[arg-type]
        else:
            connection.execute(text("set local enable_seqscan = off"))
            plan = connection.exec_driver_sql("explain " + statement, parameters).all()  # type: ignore[arg-type]
        assert connection.execute(select(concept_feed.c.id)).all()
    assert "ix_feed_entry_feed_id_entered_at" in str(plan)
