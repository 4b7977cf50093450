"""Tags are kept once for each paper; papers of which the text or the vocabulary has changed are read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select

from bot.models.papers import AbstractSection, Finding, Identifier
from bot.models.sightings import Merge
from bot.store import feeds, papers, tags
from bot.store.engine import Store
from bot.store.merging import merge
from bot.store.tables import paper, paper_tags
from tests.builders import NOW, announcement, catalogue_feed, finding, save

MONTH = NOW - timedelta(days=30)
OLD, NEW = "old vocabulary", "new vocabulary"


def clock() -> datetime:
    return NOW


@pytest.fixture
def feed_ids(store: Store) -> tuple[int, int]:
    feeds.apply_catalogue(store, [catalogue_feed("one"), catalogue_feed("two")], NOW)
    return feeds.feed(store, "one").id, feeds.feed(store, "two").id


def by_title(store: Store, feed_id: int) -> dict[str, int]:
    return {entry.paper.title.removeprefix("Sample paper "): entry.paper.id for entry in papers.newest(store, feed_id)}


def tag(store: Store, named: Mapping[int, tuple[str, ...]], version: str = NEW) -> int:
    """Tag papers as they are now."""
    records = papers.papers(store, named)
    return tags.tag(store, [(records[one], names) for one, names in named.items()], version, clock)


def untagged(store: Store, version: str = NEW, limit: int = 9) -> tuple[int, ...]:
    return tags.untagged(store, version, MONTH, limit)


def rows(store: Store) -> list[tuple[int, list[str], str]]:
    with store.reading() as connection:
        return [tuple(row) for row in connection.execute(select(paper_tags).order_by(paper_tags.c.paper_id))]


def test_papers_that_entered_lately_are_read_the_newest_first_and_each_once(
    store: Store, feed_ids: tuple[int, int]
) -> None:
    one, two = feed_ids
    days = {1: 3, 2: 1, 3: 31, 4: 2}
    found = {n: replace(finding(n), entered_at=NOW - timedelta(days=back)) for n, back in days.items()}
    save(store, one, list(found.values()), clock)
    # The later of its times counts; what is below a threshold may be above it tomorrow.
    save(store, two, [replace(found[1], entered_at=NOW, relevance=0.1)], clock)
    ids = by_title(store, one)
    assert untagged(store) == (ids["1"], ids["2"], ids["4"])
    assert untagged(store, limit=2) == (ids["1"], ids["2"])
    assert tags.untagged(store, NEW, NOW - timedelta(days=31), 9)[-1] == ids["3"]


def test_tags_are_kept_in_their_order_until_the_vocabulary_is_another(store: Store, feed_ids: tuple[int, int]) -> None:
    save(store, feed_ids[0], [finding(1), finding(2)], clock)
    one, two = (by_title(store, feed_ids[0])[n] for n in "12")
    assert tag(store, {one: ("Té", "Asthma"), two: ()}, OLD) == 2
    assert untagged(store, OLD) == ()
    assert tags.tags_of(store, [one, two, 999]) == {one: ("Té", "Asthma")}
    assert set(untagged(store)) == {one, two}
    assert tag(store, {one: ("Sleep",)}) == 1
    assert untagged(store) == (two,)
    assert rows(store) == [(one, ["Sleep"], NEW), (two, [], OLD)]
    assert tags.newest_tags(store, 9) == ((), ("Sleep",))
    assert tags.newest_tags(store, 1) == ((),)
    assert tags.tags_of(store, []) == {}
    assert tags.tag(store, [], NEW, clock) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Another title"},
        {"abstract": (AbstractSection("RESULTS", "Another result."),)},
        {"keywords": ("another",)},
    ],
)
def test_a_paper_whose_text_changes_is_read_again(
    store: Store, feed_ids: tuple[int, int], changes: dict[str, object]
) -> None:
    save(store, feed_ids[0], [finding(1)], clock)
    (one,) = by_title(store, feed_ids[0]).values()
    tag(store, {one: ("Sleep",)})
    save(store, feed_ids[0], [finding(1), finding(1, version=2, journal="Another journal")], clock)
    assert untagged(store) == ()
    save(store, feed_ids[0], [finding(1, version=3, **changes)], clock)
    assert untagged(store) == (one,)
    # Until then they will do.
    assert tags.tags_of(store, [one]) == {one: ("Sleep",)}


def test_what_has_changed_or_gone_since_it_was_read_is_not_tagged(store: Store, feed_ids: tuple[int, int]) -> None:
    save(store, feed_ids[0], [finding(1), finding(2), finding(3)], clock)
    ids = by_title(store, feed_ids[0])
    read = papers.papers(store, ids.values())
    save(store, feed_ids[0], [finding(1, version=2, keywords=("new",)), finding(3, version=2, journal="New")], clock)
    with store.writing() as connection:
        connection.execute(delete(paper).where(paper.c.id == ids["2"]))
    assert tags.tag(store, [(one, ("Sleep",)) for one in read.values()], NEW, clock) == 1
    assert rows(store) == [(ids["3"], ["Sleep"], NEW)]
    assert untagged(store) == (ids["1"],)


@pytest.mark.parametrize("both", [True, False])
def test_of_two_papers_that_become_one_the_tags_of_the_kept_one_stay_until_it_is_read_again(
    store: Store, feed_ids: tuple[int, int], both: bool
) -> None:
    save(store, feed_ids[0], [finding(1), finding(2, abstract=())], clock)
    ids = by_title(store, feed_ids[0])
    tag(store, {ids["2"]: ("Tea",)} | ({ids["1"]: ("Sleep",)} if both else {}))
    with store.writing() as connection:
        merge(connection, Merge(ids["2"], ids["1"], "test"), NOW)
    # It has got an abstract from the other one.
    assert rows(store) == [(ids["2"], ["Tea"], "")]
    assert untagged(store) == (ids["2"],)


def test_a_paper_that_is_kept_with_its_own_text_keeps_its_tags_and_gets_nobody_elses(
    store: Store, feed_ids: tuple[int, int]
) -> None:
    save(store, feed_ids[0], [finding(1, keywords=("a",)), finding(2, source="syndication"), finding(3)], clock)
    ids = by_title(store, feed_ids[0])
    tag(store, {ids["1"]: ("Sleep",), ids["2"]: ("Tea",)})
    with store.writing() as connection:
        merge(connection, Merge(ids["1"], ids["2"], "test"), NOW)
    assert rows(store) == [(ids["1"], ["Sleep"], NEW)]
    with store.writing() as connection:
        merge(connection, Merge(ids["3"], ids["1"], "test"), NOW)
    assert rows(store) == []
    assert untagged(store) == (ids["3"],)


def test_preprint_and_article_that_an_announcement_joins_have_one_row(store: Store, feed_ids: tuple[int, int]) -> None:
    pre = Identifier("doi", "10.1101/2026.01.02.100001")
    preprint = announcement(
        7, source="biorxiv", identifiers=(pre,), preprint=True, title="What the preprint was called then"
    )
    save(store, feed_ids[0], [Finding(preprint), finding(1)], clock)
    tag(store, dict.fromkeys(untagged(store), ("Sleep",)))
    assert len(rows(store)) == 2
    own = Identifier("doi", "10.5555/sample.1")
    save(store, feed_ids[0], [finding(1, source="crossref", identifiers=(own,), links=(pre,))], clock)
    (row,) = rows(store)
    (kept,) = by_title(store, feed_ids[0]).values()
    assert row == (kept, ["Sleep"], row[2])
    assert (untagged(store) == (kept,)) is (row[2] == "")


def test_tags_go_with_their_paper(store: Store, feed_ids: tuple[int, int]) -> None:
    save(store, feed_ids[0], [finding(1)], clock)
    tag(store, dict.fromkeys(untagged(store), ("Sleep",)))
    with store.writing() as connection:
        connection.execute(delete(paper))
    assert rows(store) == []
