"""Votes: one for each subscriber and paper, the last one counts, and they can be forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select

from bot.models.papers import AbstractSection
from bot.models.rosters import RosterRow
from bot.models.sightings import Merge
from bot.models.subscribers import Wish
from bot.models.votes import LEARNED_FROM, CastVote, PaperText
from bot.store import feeds, leaving, papers, rosters, subscribers, votes
from bot.store.engine import Store
from bot.store.merging import merge
from bot.store.rosters import Defaults
from bot.store.tables import evidence, paper, subscriber, vote
from bot.store.votes import VoteCount
from tests.builders import NOW, catalogue_feed, finding, save

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def zoe(store: Store) -> int:
    return people(store, "zoe")[0]


def people(store: Store, *names: str) -> list[int]:
    feeds.apply_catalogue(store, [catalogue_feed("one"), catalogue_feed("two")], NOW)
    save(store, feeds.feed(store, "one").id, [finding(number) for number in range(1, 7)], clock)
    rows = [RosterRow(2, f"{name}@reader.example", f"{name}@reader.example", "", ("one",)) for name in names]
    rosters.import_rows(
        store,
        rows,
        import_id=rosters.begin_import(store, "test", NOW),
        how="test",
        defaults=Defaults(Wish(), "en"),
        next_due=lambda _: NOW,
        now=NOW,
    )
    return [subscribers.subscriber_by_email(store, row.email).id for row in rows]


def clock() -> datetime:
    return NOW


def changes(store: Store) -> list[str]:
    with store.reading() as connection:
        query = select(evidence.c.how).where(evidence.c.what == "changed").order_by(evidence.c.id)
        return list(connection.execute(query).scalars())


def test_voting_again_replaces_the_earlier_vote(store: Store, zoe: int) -> None:
    assert votes.vote_on(store, zoe, 1) is None
    assert votes.cast(store, zoe, 1, liked=True, now=NOW)
    assert votes.vote_on(store, zoe, 1) is True
    assert votes.cast(store, zoe, 1, liked=False, now=LATER)
    assert votes.cast(store, zoe, 1, liked=False, now=LATER)
    assert votes.vote_on(store, zoe, 1) is False
    assert votes.count(store, zoe) == VoteCount(0, 1)
    with store.reading() as connection:
        assert connection.execute(select(vote.c.at)).scalars().all() == [LATER]


def test_a_vote_can_be_taken_back_once(store: Store, zoe: int) -> None:
    votes.cast(store, zoe, 1, liked=True, now=NOW)
    assert votes.take_back(store, zoe, 1)
    assert not votes.take_back(store, zoe, 1)
    assert votes.vote_on(store, zoe, 1) is None


def test_who_is_gone_or_wants_nothing_learned_casts_no_vote(store: Store) -> None:
    zoe, ann = people(store, "zoe", "ann")
    assert votes.switch_learning(store, zoe, NOW, "test", on=False)
    assert leaving.leave(store, ann, NOW, "test")
    for who, paper_id in ((zoe, 1), (ann, 1), (999, 1)):
        assert not votes.cast(store, who, paper_id, liked=True, now=NOW)
    assert votes.switch_learning(store, zoe, NOW, "test", on=True)
    assert not votes.cast(store, zoe, 999, liked=True, now=NOW)
    assert votes.count(store, zoe).total == votes.count(store, ann).total == 0
    assert not votes.switch_learning(store, ann, NOW, "test", on=False)


def test_learning_is_on_until_it_is_switched_off_and_the_switch_is_written_down(store: Store, zoe: int) -> None:
    assert subscribers.subscriber_by_id(store, zoe).learns
    assert not votes.switch_learning(store, zoe, NOW, "test", on=True)
    votes.cast(store, zoe, 1, liked=True, now=NOW)
    assert votes.switch_learning(store, zoe, NOW, "test", on=False)
    assert not subscribers.subscriber_by_id(store, zoe).learns
    # They stay until they are erased.
    assert votes.count(store, zoe) == VoteCount(1, 0)
    assert votes.erase(store, zoe, NOW, "test") == 1
    assert votes.erase(store, zoe, NOW, "test") == 0
    assert votes.count(store, zoe) == VoteCount()
    assert changes(store) == ["test: learning off", "test: votes erased"]


def test_erasing_forgets_nobody_elses_votes(store: Store) -> None:
    zoe, ann = people(store, "zoe", "ann")
    for who in (zoe, ann):
        votes.cast(store, who, 1, liked=True, now=NOW)
    votes.erase(store, zoe, NOW, "test")
    assert votes.count(store, ann).total == 1


def test_votes_go_with_their_subscriber_and_with_their_paper(store: Store) -> None:
    zoe, ann = people(store, "zoe", "ann")
    for who in (zoe, ann):
        votes.cast(store, who, 1, liked=True, now=NOW)
        votes.cast(store, who, 2, liked=True, now=NOW)
    with store.writing() as connection:
        connection.execute(delete(subscriber).where(subscriber.c.id == zoe))
        connection.execute(delete(paper).where(paper.c.id == 2))
    with store.reading() as connection:
        left = connection.execute(select(vote.c.subscriber_id, vote.c.paper_id)).all()
    assert left == [(ann, 1)]


def test_papers_that_become_one_keep_the_later_vote(store: Store) -> None:
    zoe, ann, ben, eve = people(store, "zoe", "ann", "ben", "eve")
    votes.cast(store, zoe, 2, liked=False, now=NOW)
    votes.cast(store, ann, 1, liked=True, now=NOW)
    votes.cast(store, ann, 2, liked=False, now=LATER)
    votes.cast(store, ben, 1, liked=True, now=LATER)
    votes.cast(store, ben, 2, liked=False, now=NOW)
    votes.cast(store, eve, 1, liked=True, now=NOW)
    with store.writing() as connection:
        merge(connection, Merge(1, 2, "test"), LATER)
    assert [votes.vote_on(store, who, 1) for who in (zoe, ann, ben, eve)] == [False, False, True, True]
    assert [votes.count(store, who).total for who in (zoe, ann, ben, eve)] == [1, 1, 1, 1]
    # A mail of before names the paper by its old number.
    assert papers.papers(store, [2])[2].id == 1
    assert votes.cast(store, zoe, 2, liked=True, now=LATER)
    assert votes.vote_on(store, zoe, 1) is True
    assert votes.take_back(store, zoe, 2)


def test_the_latest_votes_are_learned_from_and_no_more(store: Store, zoe: int) -> None:
    more = LEARNED_FROM + 20
    with store.writing() as connection:
        (row,) = connection.execute(select(paper).where(paper.c.id == 1)).mappings()
        connection.execute(paper.insert(), [{**row, "id": 1000 + n} for n in range(more)])
        connection.execute(
            vote.insert(),
            [
                {"subscriber_id": zoe, "paper_id": 1000 + n, "liked": n % 2 == 0, "at": NOW + timedelta(minutes=n)}
                for n in range(more)
            ],
        )
    learned = votes.votes_of(store, zoe)
    assert learned == tuple(CastVote(1000 + n, n % 2 == 0) for n in range(20, more))
    assert votes.votes_of(store, 999) == ()


def test_texts_are_the_words_alone(store: Store) -> None:
    feeds.apply_catalogue(store, [catalogue_feed("one")], NOW)
    abstract = (AbstractSection("AIM", "We looked."), AbstractSection("", "We found."))
    save(store, feeds.feed(store, "one").id, [finding(1, abstract=abstract, keywords=("one", "two"))], clock)
    assert votes.texts(store, [1, 99]) == {1: PaperText("Sample paper 1", "We looked. We found.", ("one", "two"))}


def test_the_newest_papers_of_feeds_on_offer(store: Store, zoe: int) -> None:
    one, two = feeds.feed(store, "one").id, feeds.feed(store, "two").id
    save(store, two, [finding(9)], lambda: LATER)
    assert votes.newest_ids(store, 100, 3) == {one: (1, 2, 3), two: (7,)}
    assert votes.newest_ids(store, 4, 3) == {one: (1, 2), two: (7,)}
    feeds.retire(store, "one", LATER)
    assert votes.newest_ids(store, 4, 3) == {two: (7,)}
