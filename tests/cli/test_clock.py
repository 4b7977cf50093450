"""`bot plan --at` at every odd moment of clocks: each occasion has one digest, and none is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from bot.digests.zones import rules_version
from bot.models.deliveries import Digest
from bot.store import feeds
from bot.store.engine import Store
from bot.store.schema import open_store
from bot.store.tables import delivery, subscriber, this_instance
from tests.builders import NOW, catalogue_feed, finding, save
from tests.cli.conftest import Ran

Bot = Callable[..., Ran]

ZOE = "zoe@reader.example"
SECOND = timedelta(seconds=1)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What commands take for the time."""
    clock = Clock()
    for module in ("context", "rounds"):
        monkeypatch.setattr(f"bot.cli.{module}.now", clock)
    return clock


@pytest.fixture
def store(bot: Bot, clock: Clock) -> Iterator[Store]:
    """The database that commands work on, with one feed."""
    store = open_store("sqlite:///bot.db")
    feeds.apply_catalogue(store, [catalogue_feed("one")], NOW)
    yield store
    store.close()


class Reader:
    """One subscriber, for whom there always is a new paper."""

    def __init__(self, bot: Bot, store: Store, clock: Clock) -> None:
        self._bot, self._store, self._clock, self._numbers = bot, store, clock, count(1)

    def join(self, wish: str, start: str) -> None:
        """Add them at a time, with a wish as `daily 2 Europe/Berlin`, or `weekly tuesday 7 UTC`."""
        self._clock.now = utc(start)
        cadence, *weekday, hour, zone = wish.split()
        words = ("--cadence", cadence, "--hour", hour, "--timezone", zone, "--feeds", "one")
        assert self._bot("subscribers", "add", ZOE, *words, *(f"--weekday={day}" for day in weekday)).code == 0

    def at(self, moment: datetime, *, ahead: bool = False) -> int:
        """The digests that `bot plan --at` plans for a moment, at that moment or when it is still to come."""
        self._clock.now = moment - (timedelta(hours=20) if ahead else SECOND)
        save(self._store, feeds.feed(self._store, "one").id, [finding(next(self._numbers))], self._clock)
        self._clock.now += SECOND
        done = self._bot("plan", "--at", moment.isoformat(), "--json")
        assert done.code == 0, done.err
        return int(done.json["chosen"])

    def occasions(self) -> list[datetime]:
        """Those of all their digests."""
        with self._store.reading() as connection:
            return list(connection.execute(select(delivery.c.occasion).order_by(delivery.c.id)).scalars())

    def papers(self) -> list[int]:
        """Those of all their digests."""
        with self._store.reading() as connection:
            contents = connection.execute(select(delivery.c.content).order_by(delivery.c.id)).scalars()
            return [paper for content in contents for paper in Digest.thawed(content).paper_ids]


@pytest.fixture
def reader(bot: Bot, store: Store, clock: Clock) -> Reader:
    return Reader(bot, store, clock)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Change(NamedTuple):
    """A wish, and the occasions that follow each other around some change, in UTC."""

    wish: str
    start: str
    occasions: tuple[str, ...]


CHANGES = {
    "Berlin skips 02:00": Change(
        "daily 2 Europe/Berlin", "2026-03-27T12:00", ("2026-03-28T01:00", "2026-03-29T01:00", "2026-03-30T00:00")
    ),
    "Berlin has 02:00 twice": Change(
        "daily 2 Europe/Berlin", "2026-10-23T12:00", ("2026-10-24T00:00", "2026-10-25T00:00", "2026-10-26T01:00")
    ),
    "New York skips 02:00": Change(
        "daily 2 America/New_York", "2026-03-06T12:00", ("2026-03-07T07:00", "2026-03-08T07:00", "2026-03-09T06:00")
    ),
    "New York has 01:00 twice": Change(
        "daily 1 America/New_York", "2026-10-30T12:00", ("2026-10-31T05:00", "2026-11-01T05:00", "2026-11-02T06:00")
    ),
    "Lord Howe skips half an hour from 02:00": Change(
        "daily 2 Australia/Lord_Howe", "2026-10-02T12:00", ("2026-10-02T15:30", "2026-10-03T15:30", "2026-10-04T15:00")
    ),
    "Lord Howe has half an hour before 02:00 twice": Change(
        "daily 2 Australia/Lord_Howe", "2026-04-03T12:00", ("2026-04-03T15:00", "2026-04-04T15:30", "2026-04-05T15:30")
    ),
    "the first Friday of months, over the year's end, far in the east": Change(
        "monthly friday 7 Pacific/Kiritimati",
        "2026-12-04T12:00",
        ("2026-12-31T17:00", "2027-02-04T17:00", "2027-03-04T17:00"),
    ),
    "29 February": Change(
        "daily 7 UTC", "2028-02-27T12:00", ("2028-02-28T07:00", "2028-02-29T07:00", "2028-03-01T07:00")
    ),
    "week 53": Change(
        "weekly thursday 7 UTC", "2026-12-20T12:00", ("2026-12-24T07:00", "2026-12-31T07:00", "2027-01-07T07:00")
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_around_a_change_each_occasion_has_its_digest_and_only_one(reader: Reader, change: Change) -> None:
    reader.join(change.wish, change.start)
    first, at_change, after = map(utc, change.occasions)
    # What is planned ahead, by a time of the reader's own zone, counts like all else.
    assert reader.at(first.astimezone(ZoneInfo(change.wish.split()[-1])), ahead=True) == 1
    # Not a second before, then once; the hour that comes again brings nothing.
    moments = (first, at_change - SECOND, at_change, at_change, at_change + timedelta(hours=1), after - SECOND, after)
    assert [reader.at(moment) for moment in moments] == [0, 0, 1, 0, 0, 0, 1]
    assert reader.occasions() == [first, at_change, after]
    assert len(reader.papers()) == len(set(reader.papers()))


def test_an_occasion_that_old_rules_set_comes_when_the_clock_of_today_strikes(reader: Reader, store: Store) -> None:
    if not rules_version():
        pytest.skip("the zone database here does not say of when it is")
    reader.join("daily 7 Europe/Berlin", "2026-11-23T12:00")
    seven = utc("2026-11-24T06:00")
    with store.writing() as connection:
        connection.execute(update(this_instance).values(zones="1999a"))
        connection.execute(update(subscriber).values(next_due=seven - timedelta(hours=1)))
    assert [reader.at(seven - SECOND), reader.at(seven)] == [0, 1]
    assert reader.occasions() == [seven]


def test_a_zone_that_is_gone_stops_nobody(bot: Bot, store: Store, reader: Reader, clock: Clock) -> None:
    reader.join("daily 7 Europe/Berlin", "2026-11-23T12:00")
    with store.writing() as connection:
        connection.execute(update(subscriber).values(timezone="Europe/Atlantis", next_due=utc("2026-11-24T07:00")))
    assert reader.at(utc("2026-11-24T07:00")) == 1
    assert bot("subscribers", "show", ZOE).code == 0
    assert bot("subscribers", "list").code == 0


WEEK_ASLEEP = {
    # Of the occasions that were slept through, the one that is still within its period.
    "daily": ("daily 7 Europe/Berlin", "2026-10-31T06:00"),
    "weekly": ("weekly tuesday 7 Europe/Berlin", "2026-10-27T06:00"),
    "monthly": ("monthly tuesday 7 Europe/Berlin", "2026-10-06T05:00"),
}


@pytest.mark.parametrize(("wish", "newest"), WEEK_ASLEEP.values(), ids=WEEK_ASLEEP)
def test_a_week_asleep_is_caught_up_once(reader: Reader, wish: str, newest: str) -> None:
    reader.join(wish, "2026-10-05T12:00")
    # Over the change of 25 October.
    assert [reader.at(utc("2026-10-31T12:00")), reader.at(utc("2026-10-31T12:00"))] == [1, 0]
    assert reader.occasions() == [utc(newest)]


def test_what_was_planned_before_a_week_asleep_is_refused_and_its_papers_come_with_the_next(
    bot: Bot, reader: Reader, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_FROM", "digest@papers.example.org")
    monkeypatch.setenv("BOT_POSTAL_ADDRESS", "1 Road, Town")
    reader.join("daily 7 UTC", "2026-10-20T12:00")
    assert reader.at(utc("2026-10-21T07:00")) == 1
    clock.now = utc("2026-10-28T06:00")
    done = bot("deliver", "--json")
    assert (done.json["sent"], done.json["skipped"], done.json["deferred"]) == (0, 1, 0)
    assert bot("outbox", "list", "--json").json["deliveries"][0]["reason"] == "too late"
    assert reader.at(utc("2026-10-28T07:00")) == 1
    assert sorted(reader.papers()) == [1, 1, 2]


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(hours=1)], ids=["back", "forward"])
def test_a_clock_that_jumps_an_hour_plans_nothing_twice_and_leaves_nothing_out(
    reader: Reader, clock: Clock, jump: timedelta
) -> None:
    reader.join("daily 7 UTC", "2026-10-20T12:00")
    planned = 0
    for day in range(21, 26):
        seven = datetime(2026, 10, day, 7, tzinfo=UTC)
        planned += reader.at(seven + timedelta(minutes=5))
        if day == 23:
            # The machine's clock is an hour off from now on, and is set right the day after.
            clock.now = seven + timedelta(minutes=5) + jump
            planned += reader.at(clock.now)
    assert planned == 5
    assert [one.date() for one in reader.occasions()] == [date(2026, 10, day) for day in range(21, 26)]
    assert sorted(reader.papers()) == sorted(set(reader.papers()))
