"""Where a concept is, who follows it, and which names are near to a mistyped one."""

from __future__ import annotations

import pytest

from bot.concepts.followers import Follower, UnknownHeading, followers, unknown_headings
from bot.concepts.near import in_words, nearest
from bot.concepts.surroundings import Place, below, places
from bot.concepts.vocabulary import Vocabulary
from bot.models.feeds import FeedRecord
from bot.models.vocabulary import Descriptor
from tests.concepts.vocabularies import BEVERAGES, GREEN_TEA, HOT, NOWHERE, PLANTS, SMALL, TEA

VOCABULARY = Vocabulary(SMALL)


def numbers(*descriptors: Descriptor) -> tuple[int, ...]:
    return tuple(SMALL.index(one) for one in descriptors)


def feed(number: int, *mesh: str) -> FeedRecord:
    return FeedRecord(number, f"feed-{number}", f"Feed {number}", mesh=mesh)


def test_places_have_what_is_above_the_broadest_first() -> None:
    (tea,) = numbers(TEA)
    assert places(VOCABULARY, tea) == (
        Place("B01.650.100", numbers(PLANTS)),
        Place("J02.100.200.300", numbers(BEVERAGES, HOT)),
    )
    assert places(VOCABULARY, *numbers(NOWHERE)) == ()


def test_a_place_above_that_nobody_has_is_left_out() -> None:
    vocabulary = Vocabulary((Descriptor("D990001", "Leaf", (), ("B01.100.200.300",)), PLANTS, BEVERAGES))
    assert places(vocabulary, 0) == (Place("B01.100.200.300", ()),)


def test_what_is_below_comes_nearest_first() -> None:
    assert below(VOCABULARY, *numbers(BEVERAGES)) == numbers(HOT, TEA, GREEN_TEA)
    assert below(VOCABULARY, *numbers(NOWHERE)) == ()
    wide = Vocabulary((BEVERAGES, HOT, Descriptor("D990007", "Cold Beverages", (), ("J02.100.900",)), TEA))
    assert below(wide, 0) == (2, 1, 3)


def test_feeds_follow_a_concept_by_its_own_name_or_a_broader_one() -> None:
    feeds = (feed(1, "no such", "brews"), feed(2, "Green Sample Tea"), feed(3), feed(4, "D990005", "Sample Tea"))
    (tea,) = numbers(TEA)
    assert followers(VOCABULARY, tea, feeds) == (
        Follower("feed-1", SMALL.index(HOT)),
        Follower("feed-4", SMALL.index(PLANTS)),
    )
    assert followers(VOCABULARY, SMALL.index(NOWHERE), feeds) == ()


def test_what_feeds_name_and_nobody_knows_is_told_with_what_is_near() -> None:
    feeds = (feed(1, "Sample Tae", "Brews"), feed(2, "Quite another"), feed(3, "Sample Tae"))
    near = nearest(VOCABULARY, "Sample Tae")
    assert unknown_headings(VOCABULARY, feeds) == (
        UnknownHeading("feed-1", "Sample Tae", near),
        UnknownHeading("feed-2", "Quite another", ()),
        UnknownHeading("feed-3", "Sample Tae", near),
    )


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Sample Tae", TEA),
        ("sample beverage, hot", HOT),
        ("Sample drink", BEVERAGES),
        ("Brew leaf teas", TEA),
        ("te", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_the_nearest_name_comes_first_whatever_the_order_of_its_words(name: str, first: Descriptor | None) -> None:
    found = nearest(VOCABULARY, name)
    assert (found[0] if found else None) == (first.name if first else None)
    assert len(found) <= 3
    assert len(set(found)) == len(found)


def test_names_near_in_words() -> None:
    assert in_words(("Tea, Green", "Tea")) == "near it: 'Tea, Green', 'Tea'"
    assert in_words(()) == "no name is near it"
