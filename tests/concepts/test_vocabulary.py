"""Concepts by name, and what is broader and narrower than each."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.concepts.vocabulary import Vocabulary
from bot.models.vocabulary import Descriptor
from tests.concepts.vocabularies import BEVERAGES, GREEN_TEA, HOT, NEXT, NOWHERE, PLANTS, SMALL, TEA


@pytest.fixture
def small() -> Vocabulary:
    return Vocabulary(SMALL)


def named(vocabulary: Vocabulary, numbers: tuple[int, ...]) -> set[Descriptor]:
    assert list(numbers) == sorted(set(numbers))
    return {vocabulary.descriptors[number] for number in numbers}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Sample Tea", TEA),
        ("SAMPLE  tea ", TEA),
        ("d990003", TEA),
        ("TÉ", TEA),
        ("drinks, sample", BEVERAGES),
        ("Check Tag of a Sample", NOWHERE),
        ("tea", None),
        ("", None),
        ("D99000", None),
    ],
)
def test_a_concept_is_found_by_each_of_its_names(small: Vocabulary, name: str, wanted: Descriptor | None) -> None:
    number = small.number_of(name)
    assert (None if number is None else small.descriptors[number]) == wanted


def test_preferred_names_come_before_the_entry_terms_of_others() -> None:
    for order in ((TEA, PLANTS), (PLANTS, TEA)):
        vocabulary = Vocabulary(order)
        assert vocabulary.number_of("Sample tea") == order.index(TEA)
        assert vocabulary.number_of("Sample plants") == order.index(PLANTS)


def test_broader_concepts_are_those_of_every_place(small: Vocabulary) -> None:
    assert named(small, small.broader(SMALL.index(GREEN_TEA))) == {GREEN_TEA, TEA, HOT, BEVERAGES}
    assert named(small, small.broader(SMALL.index(TEA))) == {TEA, HOT, BEVERAGES, PLANTS}
    assert named(small, small.broader(SMALL.index(NOWHERE))) == {NOWHERE}
    assert named(small, small.broader(SMALL.index(NEXT))) == {NEXT}


def test_narrower_concepts_are_below_any_place(small: Vocabulary) -> None:
    assert named(small, small.narrower(SMALL.index(BEVERAGES))) == {BEVERAGES, HOT, TEA, GREEN_TEA}
    assert named(small, small.narrower(SMALL.index(PLANTS))) == {PLANTS, TEA}
    assert named(small, small.narrower(SMALL.index(NOWHERE))) == {NOWHERE}


def test_trees_are_asked_by_how_they_begin(small: Vocabulary) -> None:
    tea = SMALL.index(TEA)
    assert small.in_tree(tea, ("C", "B01"))
    assert small.in_tree(tea, ("J02.100.200",))
    assert not small.in_tree(tea, ("C", "J03"))
    assert not small.in_tree(tea, ())
    assert not small.in_tree(SMALL.index(NOWHERE), ("J", "B"))


def test_an_empty_one_knows_nothing() -> None:
    empty = Vocabulary(())
    assert (bool(empty), len(empty), empty.number_of("Sample Tea")) == (False, 0, None)
    full = Vocabulary(iter(SMALL))
    assert (bool(full), len(full), tuple(full.descriptors)) == (True, 7, SMALL)


def test_concepts_that_are_below_each_other_end() -> None:
    # Real MeSH has such a pair.
    one, other = (
        Descriptor("D990001", "One", (), ("A01", "B01.100")),
        Descriptor("D990002", "Two", (), ("A01.100", "B01")),
    )
    vocabulary = Vocabulary((one, other))
    for number in (0, 1):
        assert vocabulary.broader(number) == vocabulary.narrower(number) == (0, 1)


_TREES = st.lists(st.sampled_from(["100", "200", "1000"]), min_size=0, max_size=4).map(
    lambda parts: list(accumulate(["A01", *parts], lambda upper, part: f"{upper}.{part}"))[-1]
)


@st.composite
def vocabularies(draw: st.DrawFn, places: int = 3) -> Vocabulary:
    trees = draw(st.lists(st.lists(_TREES, max_size=places, unique=True), min_size=1, max_size=12))
    return Vocabulary(Descriptor(f"D{990000 + n}", f"Concept {n}", (), tuple(some)) for n, some in enumerate(trees))


@settings(deadline=None)
@given(vocabularies())
def test_broader_and_narrower_are_each_others_inverse_and_include_itself(vocabulary: Vocabulary) -> None:
    numbers = range(len(vocabulary))
    for one in numbers:
        assert one in vocabulary.broader(one)
        assert one in vocabulary.narrower(one)
        assert vocabulary.broader(one) == tuple(sorted(set(vocabulary.broader(one))))
        assert vocabulary.narrower(one) == tuple(sorted(set(vocabulary.narrower(one))))
        # By the definition: a tree number that goes on from one of the other's.
        assert set(vocabulary.broader(one)) - {one} == {
            other
            for other in numbers
            if other != one
            and any(
                tree.startswith(f"{upper}.")
                for tree in vocabulary.descriptors[one].trees
                for upper in vocabulary.descriptors[other].trees
            )
        }
        for other in numbers:
            assert (other in vocabulary.broader(one)) == (one in vocabulary.narrower(other))


@settings(deadline=None)
@given(vocabularies(places=1))
def test_with_one_place_each_there_are_no_circles(vocabulary: Vocabulary) -> None:
    for one in range(len(vocabulary)):
        for other in vocabulary.broader(one):
            assert other == one or one not in vocabulary.broader(other)
            assert set(vocabulary.broader(other)) <= set(vocabulary.broader(one))
