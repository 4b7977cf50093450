"""From votes to the order of a digest, through planning as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, select

from bot.digests.plan import compose_for, plan
from bot.digests.tastes import Tastes
from bot.models.deliveries import Digest, DigestSection, PlannedDelivery
from bot.models.papers import AbstractSection, Finding
from bot.models.rosters import RosterRow
from bot.models.subscribers import Wish
from bot.store import due, feeds, rosters, subscribers, votes
from bot.store.engine import Store
from bot.store.rosters import Defaults
from bot.store.tables import delivery
from tests.builders import NOW, catalogue_feed, finding, save

#: The last one is what the reader likes. None is in most papers, or its words would tell nothing.
TOPICS = ("sleep insomnia melatonin", "virus antibody vaccine", "muscle mitochondria lactate")
ARCHIVE = 60


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def join(store: Store, clock: Clock) -> Callable[..., int]:
    feeds.apply_catalogue(store, [catalogue_feed("one"), catalogue_feed("two")], NOW)

    def join(name: str, *slugs: str, max_papers: int = 12) -> int:
        email = f"{name}@reader.example"
        rosters.import_rows(
            store,
            [RosterRow(2, email, email, name, slugs, Wish("daily", 0, 7, "UTC"), max_papers)],
            import_id=rosters.begin_import(store, "test", NOW),
            how="test",
            defaults=Defaults(Wish(), "en"),
            next_due=lambda _: clock.now - timedelta(minutes=1),
            now=clock.now,
        )
        return subscribers.subscriber_by_email(store, email).id

    return join


def about(topic: int, number: int) -> Finding:
    words = TOPICS[topic]
    return finding(number, title=f"On {words}", abstract=(AbstractSection("", f"A study of {words} in readers."),))


def collect(store: Store, clock: Clock, slug: str, *found: Finding) -> None:
    save(store, feeds.feed(store, slug).id, found, clock)


def digests(store: Store) -> dict[int, Digest]:
    with store.reading() as connection:
        rows = connection.execute(select(delivery.c.subscriber_id, delivery.c.content).order_by(delivery.c.id))
        return {row.subscriber_id: Digest.thawed(row.content) for row in rows}


def an_archive(store: Store, clock: Clock) -> None:
    """Older papers, on each topic in turn."""
    collect(store, clock, "one", *(about(number % 3, number) for number in range(1, ARCHIVE + 1)))
    clock.now += timedelta(days=30)


def fond_of_the_last(store: Store, who: int, *, most: int = ARCHIVE) -> None:
    for number in range(1, most + 1):
        votes.cast(store, who, number, liked=number % 3 == 2, now=NOW)


def test_own_papers_come_first_and_what_gives_way_is_counted(
    store: Store, clock: Clock, join: Callable[..., int]
) -> None:
    an_archive(store, clock)
    zoe, ann = join("zoe", "one", max_papers=4), join("ann", "one", max_papers=4)
    fond_of_the_last(store, zoe)
    collect(store, clock, "one", *(about(2 if number > 66 else number % 2, number) for number in range(61, 71)))
    assert plan(store, clock, everyone=True).chosen == 2
    feed_id = feeds.feed(store, "one").id
    assert digests(store) == {
        zoe: Digest((DigestSection(feed_id, (67, 68, 69, 70), 6, 4),)),
        ann: Digest((DigestSection(feed_id, (61, 62, 63, 64), 6, 0),)),
    }


def test_switched_off_the_order_is_everybodys(store: Store, clock: Clock, join: Callable[..., int]) -> None:
    an_archive(store, clock)
    zoe = join("zoe", "one")
    fond_of_the_last(store, zoe)
    collect(store, clock, "one", about(0, 61), about(1, 62), about(2, 63))
    assert composed(store, clock, zoe).paper_ids == (63, 61, 62)
    votes.switch_learning(store, zoe, clock.now, "test", on=False)
    assert composed(store, clock, zoe).paper_ids == (61, 62, 63)
    votes.switch_learning(store, zoe, clock.now, "test", on=True)
    votes.erase(store, zoe, clock.now, "test")
    assert composed(store, clock, zoe).paper_ids == (61, 62, 63)


def composed(store: Store, clock: Clock, who: int) -> Digest:
    outcome = compose_for(store, clock, who)
    assert isinstance(outcome, PlannedDelivery)
    return outcome.digest


def test_a_retracted_paper_stays_last_however_much_it_is_liked(
    store: Store, clock: Clock, join: Callable[..., int]
) -> None:
    an_archive(store, clock)
    zoe = join("zoe", "one")
    fond_of_the_last(store, zoe)
    collect(store, clock, "one", about(0, 61), about(1, 62), replace(about(2, 63), relevance=0.0))
    assert composed(store, clock, zoe).paper_ids == (61, 62, 63)


def test_learning_ahead_changes_nothing_but_the_time(store: Store, clock: Clock, join: Callable[..., int]) -> None:
    an_archive(store, clock)
    zoe = join("zoe", "one", "two")
    fond_of_the_last(store, zoe, most=30)
    collect(store, clock, "one", about(0, 61), about(2, 62))
    collect(store, clock, "two", about(1, 63), about(2, 64))
    (voter,) = due.voters(store, [zoe], NOW, NOW, lambda _: NOW)
    assert (voter.subscriber_id, len(voter.votes)) == (zoe, 30)
    ahead, late = Tastes(store), Tastes(store)
    ahead.prepare([voter])
    orders = [tastes.order(voter.votes, voter.feed_ids) for tastes in (ahead, late)]
    assert orders[0] is not None
    assert orders[1] is not None
    assert orders[0]([61, 62, 64]) == orders[1]([61, 62, 64]) == [62, 64, 61]
    assert late.order((), voter.feed_ids) is None


def test_a_paper_that_is_gone_keeps_its_place(store: Store, clock: Clock, join: Callable[..., int]) -> None:
    an_archive(store, clock)
    zoe = join("zoe", "one")
    fond_of_the_last(store, zoe, most=4)
    own = Tastes(store).order(votes.votes_of(store, zoe), (1,))
    assert own is not None
    assert own([998, 999]) == [998, 999]


def test_nobody_without_votes_costs_a_query(store: Store, clock: Clock, join: Callable[..., int]) -> None:
    an_archive(store, clock)
    collect(store, clock, "one", about(0, 61))
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    def planning_costs(readers: int) -> int:
        for number in range(readers):
            join(f"reader{len(subscribers.subscribers(store))}x{number}", "one")
        asked.clear()
        assert plan(store, clock).chosen == readers
        return len(asked)

    event.listen(store._engine, "before_cursor_execute", note)
    # The first one calls a sender, too.
    planning_costs(1)
    few, many = planning_costs(3), planning_costs(40)
    assert few == many
    assert not [statement for statement in asked if "paper.title" in statement]
