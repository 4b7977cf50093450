"""Subscribers: what they chose is kept, and who has left stays gone."""

from __future__ import annotations

import pytest

from bot.errors import UnknownError
from bot.models.choices import Change
from bot.models.rosters import RosterRow
from bot.models.subscribers import Wish
from bot.store import choosing, feeds, leaving, rosters, subscribers
from bot.store.engine import Store
from bot.store.rosters import Defaults
from tests.builders import NOW, catalogue_feed

EVENING = Wish("weekly", 4, 18, "Europe/Berlin")


@pytest.fixture
def zoe(store: Store) -> int:
    feeds.apply_catalogue(store, [catalogue_feed("one"), catalogue_feed("two"), catalogue_feed("three")], NOW)
    email = "zoe@reader.example"
    rosters.import_rows(
        store,
        [RosterRow(2, email, email, "Zoë", ("one", "two"))],
        import_id=rosters.begin_import(store, "test", NOW),
        how="test",
        defaults=Defaults(Wish(), "en"),
        next_due=lambda _: NOW,
        now=NOW,
    )
    return subscribers.subscriber_by_email(store, email).id


def choose(store: Store, who: int, *slugs: str) -> tuple[Change, ...] | None:
    return choosing.choose(store, who, feeds=slugs, wish=EVENING, max_papers=5, next_due=NOW, now=NOW, how="test")


def test_choices_are_kept_whole_and_in_order(store: Store, zoe: int) -> None:
    assert choose(store, zoe, "three", "one", "three")
    there = subscribers.subscriber_by_id(store, zoe)
    assert (there.feeds, there.wish, there.max_papers) == (("three", "one"), EVENING, 5)
    ids = {one.slug: one.id for one in feeds.feeds(store)}
    assert feeds.chosen_by(store, [zoe, zoe + 1]) == {zoe: (ids["three"], ids["one"])}


def test_an_unknown_feed_changes_nothing(store: Store, zoe: int) -> None:
    with pytest.raises(UnknownError, match="no such feed: 'nope'; known: one, three, two"):
        choose(store, zoe, "three", "nope")
    assert subscribers.subscriber_by_id(store, zoe).feeds == ("one", "two")


def test_a_retired_feed_waits_for_its_return(store: Store, zoe: int) -> None:
    feeds.retire(store, "two", NOW)
    assert subscribers.subscriber_by_id(store, zoe).feeds == ("one",)
    assert choose(store, zoe, "three")
    feeds.apply_catalogue(store, [catalogue_feed("two")], NOW)
    assert set(subscribers.subscriber_by_id(store, zoe).feeds) == {"two", "three"}


def test_who_has_left_chooses_no_more(store: Store, zoe: int) -> None:
    assert leaving.leave(store, zoe, NOW, "test")
    assert not leaving.leave(store, zoe, NOW, "test")
    assert not choose(store, zoe, "three")
    there = subscribers.subscriber_by_id(store, zoe)
    assert (there.standing, there.next_due, there.feeds) == ("left", None, ("one", "two"))
    assert subscribers.standings(store) == {"pending": 0, "active": 0, "paused": 0, "left": 1}
