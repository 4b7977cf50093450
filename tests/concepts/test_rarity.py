"""Common tags come last, unless a feed follows them; nothing is lost and nothing else changes its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.concepts.rarity import COMMON, ENOUGH, Rarity
from bot.concepts.related import FeedIndex
from bot.models.feeds import FeedRecord

NAMES = ("Neoplasms", "Sleep", "Tea", "Asthma", "Lung")
FEEDS = FeedIndex.of([FeedRecord(1, "sleep", "Sleep")])
NO_FEEDS = FeedIndex.of([])
#: Few different papers, each several times, so that shares lie on both sides of the bound.
tagged = st.lists(st.lists(st.sampled_from(NAMES), max_size=4), min_size=20, max_size=40).map(lambda of: of * 10)


def papers(common: int, of: int) -> list[tuple[str, ...]]:
    """Papers of which some have a tag that the others have not, and each has one of its own."""
    return [("Neoplasms", f"Own {n}") if n < common else (f"Own {n}",) for n in range(of)]


@pytest.mark.parametrize(
    ("common", "of", "found"),
    [(16, 300, {"Neoplasms"}), (15, 300, set()), (ENOUGH, ENOUGH, {"Neoplasms"}), (ENOUGH - 1, ENOUGH - 1, set())],
)
def test_a_tag_of_more_than_a_twentieth_is_common_where_there_are_enough_papers(
    common: int, of: int, found: set[str]
) -> None:
    assert Rarity.among(papers(common, of)).common == found


def test_common_tags_come_last_unless_they_lead_to_a_feed() -> None:
    rarity = Rarity(frozenset({"Neoplasms", "Sleep", "Lung"}))
    assert rarity.ordered(("Neoplasms", "Tea", "Sleep", "Lung", "Asthma"), FEEDS) == (
        "Tea",
        "Sleep",
        "Asthma",
        "Neoplasms",
        "Lung",
    )
    assert Rarity().ordered(("Neoplasms", "Tea"), FEEDS) == ("Neoplasms", "Tea")
    assert rarity.ordered((), FEEDS) == ()


def test_a_tag_that_a_paper_has_twice_counts_once() -> None:
    assert Rarity.among([("Tea",) * 20, *[()] * ENOUGH]).common == frozenset()


@given(tagged, st.permutations(NAMES))
def test_what_is_common_is_what_many_have_in_whatever_order_papers_come(
    of_papers: list[list[str]], names: list[str]
) -> None:
    rarity = Rarity.among(of_papers)
    assert Rarity.among(of_papers[::-1]) == rarity
    for name in NAMES:
        share = sum(name in one for one in of_papers) / len(of_papers)
        assert (name in rarity.common) is (share > COMMON)
    ordered = rarity.ordered(names, NO_FEEDS)
    assert ordered == (
        *(name for name in names if name not in rarity.common),
        *(name for name in names if name in rarity.common),
    )
