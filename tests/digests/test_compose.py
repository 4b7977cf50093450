"""Composing: each paper once, the feeds take turns, nothing outside the window."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.digests.compose import RECENCY, TRENDING, UPDATES, Composer, best_first, compose
from bot.models.deliveries import Digest, DigestSection, Entry

T0 = datetime(2026, 11, 16, 7, tzinfo=UTC)
T1 = T0 + timedelta(days=7)


def entry(paper: int, relevance: float = 1.0, hours: float = 1) -> Entry:
    return Entry(paper, T0 + timedelta(hours=hours), relevance)


def papers(digest: Digest | None) -> dict[int, tuple[int, ...]]:
    assert digest is not None
    return {section.feed_id: section.paper_ids for section in digest.sections}


def test_most_relevant_first() -> None:
    digest = compose([1], {1: [entry(10, 0.2), entry(11, 0.9), entry(12, 0.5)]}, (T0, T1))
    assert papers(digest) == {1: (11, 12, 10)}


def test_new_papers_come_before_old_ones_that_are_as_relevant() -> None:
    found = [entry(10, 0.5, 1), entry(11, 0.5, 100), entry(12, 0.5, 100), entry(13, 0.5, 20)]
    assert papers(compose([1], {1: found}, (T0, T1))) == {1: (11, 12, 13, 10)}


def test_being_new_outweighs_a_little_relevance_and_no_more() -> None:
    near = [entry(10, 0.55, 0), entry(11, 0.5, 167)]
    far = [entry(10, 0.5 + RECENCY, 0), entry(11, 0.5, 167)]
    assert papers(compose([1], {1: near}, (T0, T1))) == {1: (11, 10)}
    assert papers(compose([1], {1: far}, (T0, T1))) == {1: (10, 11)}


def test_a_retracted_paper_is_last_however_new() -> None:
    found = [entry(10, 0.01, 0), entry(11, 0.0, 167)]
    assert papers(compose([1], {1: found}, (T0, T1))) == {1: (10, 11)}


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 167)), min_size=2, max_size=30),
    st.randoms(use_true_random=False),
)
def test_the_order_is_one_and_keeps_its_rule(of: list[tuple[float, float]], chance: random.Random) -> None:
    found = [entry(number, relevance, hours) for number, (relevance, hours) in enumerate(of)]
    ordered = sorted(found, key=best_first((T0, T1)))
    assert sorted(chance.sample(found, len(found)), key=best_first((T0, T1))) == ordered
    for place, first in enumerate(ordered):
        for later in ordered[place + 1 :]:
            if first.relevance > 0 and later.relevance > 0:
                assert first.relevance > later.relevance - RECENCY - 1e-9
                if first.entered_at <= later.entered_at:
                    assert first.relevance >= later.relevance - 1e-9
            else:
                assert later.relevance <= 0


def test_a_paper_of_two_feeds_stands_in_the_first() -> None:
    digest = compose([2, 1], {1: [entry(10), entry(11)], 2: [entry(10)]}, (T0, T1))
    assert papers(digest) == {2: (10,), 1: (11,)}


def test_the_window_is_half_open() -> None:
    entries = [entry(1, hours=-0.001), entry(2, hours=0), entry(3, hours=167.99), entry(4, hours=168)]
    assert set(papers(compose([1], {1: entries}, (T0, T1)))[1]) == {2, 3}


def test_what_was_shown_does_not_come_again() -> None:
    assert papers(compose([1], {1: [entry(1), entry(2)]}, (T0, T1), shown={1})) == {1: (2,)}
    assert compose([1], {1: [entry(1)]}, (T0, T1), shown={1}) is None


def test_a_busy_feed_does_not_crowd_a_quiet_one_out() -> None:
    busy = [entry(i, 0.9) for i in range(100)]
    digest = compose([1, 2, 3], {1: busy, 2: [entry(200, 0.1)], 3: [entry(300), entry(301)]}, (T0, T1), max_papers=5)
    assert digest is not None
    assert [(s.feed_id, len(s.paper_ids), s.more) for s in digest.sections] == [(1, 2, 98), (2, 1, 0), (3, 2, 0)]


def test_a_feed_without_room_tells_how_many_it_has() -> None:
    entries = {1: [entry(1), entry(2)], 2: [entry(1), entry(3), entry(4), entry(5)], 3: [entry(2)], 4: [entry(6)]}
    digest = compose([1, 2, 3, 4], entries, (T0, T1), shown={5}, max_papers=1)
    assert digest == Digest((DigestSection(1, (1,), 1), DigestSection(2, (), 2), DigestSection(4, (), 1)))
    assert Digest.thawed(digest.frozen()) == digest


def test_votes_move_nothing_in_a_feed_without_room() -> None:
    found = {1: [entry(1)], 2: [entry(2), entry(3)]}
    digest = compose([1, 2], found, (T0, T1), max_papers=1, own_order=lambda ids: sorted(ids, reverse=True))
    assert digest == Digest((DigestSection(1, (1,)), DigestSection(2, (), 2)))


def test_there_is_room_for_one_paper_at_least() -> None:
    digest = compose([1, 2], {1: [entry(1)], 2: [entry(2)]}, (T0, T1), max_papers=0)
    assert digest == Digest((DigestSection(1, (1,)), DigestSection(2, (), 1)))


def test_trending_names_only_feeds_not_followed() -> None:
    digest = compose([1], {1: [entry(1)]}, (T0, T1), trending=[1, 5, 6, 7, 8])
    assert digest is not None
    assert digest.trending == (5, 6, 7)


def test_an_own_order_moves_papers_within_their_feed_alone() -> None:
    entries = {1: [entry(10, 0.9), entry(11, 0.5), entry(12, 0.2)], 2: [entry(20, 0.9), entry(21, 0.2)]}
    digest = compose([1, 2], entries, (T0, T1), max_papers=3, own_order=lambda ids: sorted(ids, reverse=True))
    assert digest is not None
    assert papers(digest) == {1: (12, 11), 2: (21,)}
    assert [(section.more, section.by_votes) for section in digest.sections] == [(1, 1), (1, 1)]
    assert Digest.thawed(digest.frozen()) == digest


def test_a_retracted_paper_is_not_liked_back_up() -> None:
    entries = {1: [entry(10, 0.9), entry(11, 0.5), entry(12, 0.0)]}
    assert papers(compose([1], entries, (T0, T1), own_order=lambda ids: sorted(ids, reverse=True))) == {1: (11, 10, 12)}


def test_a_digest_of_before_votes_is_read() -> None:
    assert Digest.thawed('{"sections":[[1,[10],2]],"trending":[]}') == Digest((DigestSection(1, (10,), 2),))


feeds = st.lists(st.integers(1, 6), unique=True, max_size=6)
entries = st.builds(entry, st.integers(1, 40), st.floats(0, 1), st.floats(-48, 240))
by_feed = st.dictionaries(
    st.integers(1, 6),
    st.lists(entries, max_size=30, unique_by=lambda e: e.paper_id).map(
        lambda es: sorted(es, key=lambda e: e.entered_at)
    ),
)


@given(feeds, by_feed, st.sets(st.integers(1, 40)), st.integers(1, 20), st.randoms(use_true_random=False))
def test_an_own_order_loses_no_paper(
    chosen: list[int], entries: dict[int, list[Entry]], shown: set[int], room: int, chance: random.Random
) -> None:
    plain = compose(chosen, entries, (T0, T1), shown=shown, max_papers=room)
    own = compose(
        chosen,
        entries,
        (T0, T1),
        shown=shown,
        max_papers=room,
        own_order=lambda ids: chance.sample(list(ids), len(ids)),
    )
    assert (plain is None) == (own is None)
    for before, after in zip(plain.sections if plain else (), own.sections if own else (), strict=True):
        assert (after.feed_id, len(after.paper_ids), after.more) == (
            before.feed_id,
            len(before.paper_ids),
            before.more,
        )
        # Whatever votes took from the mail is told.
        assert after.by_votes == len(set(before.paper_ids) - set(after.paper_ids)) <= after.more


@given(feeds, by_feed, st.sets(st.integers(1, 40)), st.integers(1, 20), st.lists(st.integers(1, 9), unique=True))
def test_any_digest_keeps_its_promises(
    chosen: list[int], entries: dict[int, list[Entry]], shown: set[int], room: int, trending: list[int]
) -> None:
    digest = compose(chosen, entries, (T0, T1), shown=shown, max_papers=room, trending=trending)
    there = {e.paper_id for f in chosen for e in entries.get(f, ()) if T0 <= e.entered_at < T1} - shown
    if digest is None:
        assert not there
        return
    ids = digest.paper_ids
    assert len(ids) == len(set(ids)) == min(room, len(there))
    assert set(ids) <= there
    # Whatever is new is shown or counted, in each feed that has something.
    assert sum(len(section.paper_ids) + section.more for section in digest.sections) == len(there)
    assert all(section.paper_ids or section.more for section in digest.sections)
    assert [s.feed_id for s in digest.sections] == [f for f in chosen if f in {s.feed_id for s in digest.sections}]
    for section in digest.sections:
        assert set(section.paper_ids) <= {e.paper_id for e in entries[section.feed_id]}
    assert len(digest.trending) <= TRENDING
    assert not set(digest.trending) & set(chosen)
    assert Digest.thawed(digest.frozen()) == digest


def by_sevens(ids: Sequence[int]) -> list[int]:
    return sorted(ids, key=lambda one: one % 7)


windows = st.sampled_from([(T0, T1), (T0 - timedelta(days=1), T1), (T0, T1 + timedelta(days=2)), (T1, T1), (T1, T0)])
readers = st.tuples(feeds, windows, st.frozensets(st.integers(1, 40), max_size=10), st.integers(0, 20), st.booleans())


@given(by_feed, st.lists(readers, max_size=10), st.lists(st.integers(1, 9), unique=True))
def test_composing_for_many_is_composing_for_each(
    entries: dict[int, list[Entry]],
    asking: list[tuple[list[int], tuple[datetime, datetime], frozenset[int], int, bool]],
    trending: list[int],
) -> None:
    composer = Composer(entries, trending=trending, unreached={2: ["pubmed"], 3: []})
    for chosen, window, shown, room, votes in asking:
        own_order = by_sevens if votes else None
        updates = [(one, "corrected") for one in shown]
        own = composer.digest(chosen, window, shown=shown, max_papers=room, updates=updates, own_order=own_order)
        assert own == compose(
            chosen,
            entries,
            window,
            shown=shown,
            max_papers=room,
            trending=trending,
            updates=updates,
            unreached={2: ["pubmed"], 3: []},
            own_order=own_order,
        )


def test_what_happened_to_earlier_papers_comes_gravest_first_and_makes_no_mail_by_itself() -> None:
    happened = [(number, "corrected") for number in range(20, 40)] + [(1, "published"), (2, "retracted")]
    assert compose([1], {}, (T0, T1), updates=happened) is None
    digest = compose([1], {1: [entry(9)]}, (T0, T1), updates=happened)
    assert digest is not None
    assert digest.updates[:3] == ((2, "retracted"), (1, "published"), (20, "corrected"))
    assert len(digest.updates) == UPDATES
    assert Digest.thawed(digest.frozen()) == digest


def test_only_feeds_of_the_reader_are_out_of_reach() -> None:
    digest = compose([1, 2], {1: [entry(9)]}, (T0, T1), unreached={2: ("pubmed",), 3: ("arxiv",)})
    assert digest is not None
    assert digest.unreached == ((2, ("pubmed",)),)
    assert Digest.thawed(digest.frozen()) == digest


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=6),
    st.dictionaries(st.integers(0, 5), st.integers(1, 6)),
    st.integers(1, 20),
)
def test_no_feed_takes_more_than_its_limit_and_no_room_is_wasted(
    counts: list[int], caps: dict[int, int], room: int
) -> None:
    entries = {
        feed: [entry(100 * feed + place, hours=place + 1) for place in range(count)]
        for feed, count in enumerate(counts)
    }
    digest = compose(list(entries), entries, (T0, T1), max_papers=room, caps=caps)
    if digest is None:
        assert not any(counts)
        return
    taken = {section.feed_id: len(section.paper_ids) for section in digest.sections}
    may = {feed: min(count, caps.get(feed, count)) for feed, count in enumerate(counts) if count}
    assert all(taken[feed] <= most for feed, most in may.items())
    # What a feed may not take is room for the others.
    assert sum(taken.values()) == min(room, sum(may.values()))
    # None is lost: what is not shown is counted.
    assert {one.feed_id: len(one.paper_ids) + one.more for one in digest.sections} == {
        feed: count for feed, count in enumerate(counts) if count
    }
    # Fair: nobody has two more than somebody who could have had one more.
    assert all(taken[a] <= taken[b] + 1 for a in may for b in may if taken[b] < may[b])


@given(st.lists(st.integers(0, 8), min_size=1, max_size=5), st.integers(1, 20))
def test_limits_that_do_not_bind_change_nothing(counts: list[int], room: int) -> None:
    entries = {feed: [entry(100 * feed + n, hours=n + 1) for n in range(count)] for feed, count in enumerate(counts)}
    plain = compose(list(entries), entries, (T0, T1), max_papers=room)
    assert compose(list(entries), entries, (T0, T1), max_papers=room, caps=dict.fromkeys(entries, 8)) == plain


def test_a_digest_after_a_pause_keeps_what_it_missed() -> None:
    digest = Composer({1: [entry(1)]}).digest([1], (T0, T1), missed=7)
    assert digest is not None
    assert Digest.thawed(digest.frozen()).missed == 7
    assert "missed" not in Digest(()).frozen()
