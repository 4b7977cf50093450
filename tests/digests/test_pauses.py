"""Pauses that end by themselves: without a flood, without a loss untold, and without anybody being polled."""

# ruff: noqa: F811 (fixtures are named as they are asked for)

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import select, update

from bot.digests.cadence import next_occasion
from bot.digests.plan import plan
from bot.models.deliveries import Digest
from bot.models.subscribers import Standing, Wish
from bot.store import planning, subscribers
from bot.store.choosing import choose, pause, resume
from bot.store.engine import Store
from bot.store.tables import delivery, evidence, subscriber
from tests.digests.test_plan import DAILY_AT_SEVEN, Clock, clock, collect, join, outbox  # noqa: F401 (fixtures)

DAY = timedelta(days=1)


def digests(store: Store) -> list[Digest]:
    with store.reading() as connection:
        return [Digest.thawed(text) for text in connection.execute(select(delivery.c.content)).scalars()]


def a_pause(store: Store, clock: Clock, who: int, days: int) -> None:
    """A digest, then a pause in which a paper comes each day; it is over when this returns, and nobody has looked."""
    collect(store, clock, "one", 1)
    clock.now = clock.now.replace(hour=8) + DAY
    assert plan(store, clock).chosen == 1
    assert pause(store, who, clock.now, "test", clock.now + days * DAY)
    for day in range(days):
        clock.now += DAY
        collect(store, clock, "one", 10 + day)
        if day + 1 < days:
            assert plan(store, clock).run is None


def test_a_pause_ends_by_itself_and_the_first_digest_tells_what_it_leaves_out(
    store: Store,
    clock: Clock,
    join: Callable[..., int],
) -> None:
    zoe = join("zoe", "one")
    a_pause(store, clock, zoe, 20)
    # At eight the pause has ended, and the digest of today's seven o'clock was not asked for.
    assert plan(store, clock).skipped == {"pause has ended": 1}
    person = subscribers.subscriber_by_id(store, zoe)
    assert person.standing == Standing.ACTIVE
    assert person.next_due == next_occasion(DAILY_AT_SEVEN, clock.now)
    clock.now += DAY
    collect(store, clock, "one", 99)
    assert plan(store, clock, lookback_days=7).chosen == 1
    last = digests(store)[-1]
    assert last.missed > 0
    # All that came is shown or counted, once.
    assert len(last.paper_ids) + sum(one.more for one in last.sections) + last.missed == 21
    assert subscribers.subscriber_by_id(store, zoe).paused_until is None
    with store.reading() as connection:
        said = connection.execute(select(evidence.c.what, evidence.c.how).order_by(evidence.c.id)).all()
    assert [tuple(row) for row in said][-1] == ("resumed", "the pause ended")
    clock.now += DAY
    collect(store, clock, "one", 100)
    assert plan(store, clock).chosen == 1
    assert digests(store)[-1].missed == 0


def test_a_pause_shorter_than_a_period_leaves_nothing_out(
    store: Store,
    clock: Clock,
    join: Callable[..., int],
) -> None:
    zoe = join("zoe", "one", wish=Wish("monthly", 0, 7, "UTC"))
    a_pause(store, clock, zoe, 12)
    clock.now = datetime(2026, 12, 7, 8, tzinfo=UTC)
    collect(store, clock, "one", 99)
    assert plan(store, clock).chosen == 1
    last = digests(store)[-1]
    assert last.missed == 0
    assert sum(len(one.paper_ids) + one.more for one in last.sections) == 13


def test_going_on_by_hand_floods_nobody_either_and_waits_until_there_is_a_digest_to_tell_it(
    store: Store,
    clock: Clock,
    join: Callable[..., int],
) -> None:
    zoe = join("zoe", "one")
    a_pause(store, clock, zoe, 20)
    assert resume(store, zoe, partial(next_occasion, after=clock.now), clock.now, "test")
    # A quiet time: nothing new within what is looked back to.
    clock.now += 10 * DAY
    assert plan(store, clock).skipped == {"nothing new": 1}
    clock.now += DAY
    collect(store, clock, "one", 99)
    assert plan(store, clock).chosen == 1
    assert (digests(store)[-1].missed, len(digests(store)[-1].paper_ids)) == (20, 1)


def test_an_occasion_is_planned_at_once_where_the_pause_ended_while_nobody_looked(
    store: Store,
    clock: Clock,
    join: Callable[..., int],
) -> None:
    zoe = join("zoe", "one")
    collect(store, clock, "one", 1)
    pause(store, zoe, clock.now, "test", clock.now + DAY)
    assert planning.next_occasion_of_all(store) == clock.now + DAY
    clock.now += 3 * DAY
    assert plan(store, clock).chosen == 1
    assert subscribers.subscriber_by_id(store, zoe).standing == Standing.ACTIVE


def test_a_pause_without_an_end_lasts_and_one_with_a_later_end_too(
    store: Store,
    clock: Clock,
    join: Callable[..., int],
) -> None:
    zoe, ann = join("zoe", "one"), join("ann", "one")
    collect(store, clock, "one", 1)
    assert pause(store, zoe, clock.now, "test")
    assert pause(store, ann, clock.now, "test", clock.now + 30 * DAY)
    assert not pause(store, ann, clock.now, "test", clock.now + 30 * DAY)
    clock.now += 5 * DAY
    for everyone in (False, True):
        assert plan(store, clock, everyone=everyone).run is None
    # Whatever is chosen meanwhile holds afterwards, and wakes nobody.
    wish, due = Wish("daily", 0, 9, "UTC"), clock.now
    for who in (zoe, ann):
        choose(store, who, feeds=["one"], wish=wish, max_papers=3, next_due=due, now=clock.now, how="test")
    assert plan(store, clock).run is None
    clock.now += 30 * DAY
    collect(store, clock, "one", 2)
    assert plan(store, clock, everyone=True).chosen == 1
    assert subscribers.subscriber_by_id(store, ann).standing == Standing.ACTIVE


def test_what_would_be_a_second_delivery_of_an_occasion_comes_with_the_next(
    store: Store,
    clock: Clock,
    join: Callable[..., int],
) -> None:
    join("zoe", "one")
    collect(store, clock, "one", 1)
    clock.now += DAY
    plan(store, clock)
    collect(store, clock, "one", 2)
    with store.writing() as connection:
        connection.execute(update(subscriber).values(next_due=clock.now - timedelta(hours=3)))
    assert plan(store, clock).skipped == {"planned already": 1}
    clock.now += DAY
    plan(store, clock)
    (papers,) = outbox(store).values()
    assert papers == [(1,), (2,)]
