"""Many feeds at once find what each of them finds by itself."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.concepts.match import NO_VOCABULARY, Match, Matcher, compile_feeds
from bot.concepts.several import Several
from bot.concepts.vocabulary import Vocabulary
from bot.models.feeds import FeedRecord
from tests.concepts.vocabularies import SMALL

FEEDS = (
    FeedRecord(1, "tea", "Tea", mesh=("Sample Tea",), exclude=("iced",)),
    FeedRecord(2, "drinks", "Drinks", mesh=("Sample Beverages",)),
    FeedRecord(3, "plants", "Plants of samples", mesh=("Sample Plants",), threshold=0.9),
    FeedRecord(4, "any-brew", "Brewing", synonyms=("BRW", "brews"), threshold=0.0),
    FeedRecord(5, "a-tea", "Tea", mesh=("Sample Tea",), threshold=0.05),
)
WORDS = (
    "tea leaf brew brews Brewing drinks sample Sample Tea Beverages BRW plants Plants green iced of no without hot "
    "Sample Beverages. Tea in the morning ."
).split(" ")
COMPILED = {vocabulary: compile_feeds(FEEDS, vocabulary) for vocabulary in (NO_VOCABULARY, Vocabulary(SMALL))}
texts = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


def one_by_one(
    matchers: tuple[Matcher, ...], title: str, abstract: str, keywords: list[str]
) -> list[tuple[str, Match]]:
    found = [(one.feed.slug, match) for one in matchers if (match := one.match(title, abstract, keywords))]
    return sorted(found, key=lambda pair: (-pair[1].relevance, pair[0]))


@given(st.sampled_from(list(COMPILED.values())), texts, texts, st.lists(texts, max_size=2))
@settings(max_examples=300)
def test_it_is_what_each_feed_says(
    matchers: tuple[Matcher, ...], title: str, abstract: str, keywords: list[str]
) -> None:
    found = Several(matchers).matches(title, abstract, keywords)
    assert [(one.feed.slug, match) for one, match in found] == one_by_one(matchers, title, abstract, keywords)
    assert all(match.relevance >= one.threshold for one, match in found)


def test_the_best_come_first_and_of_equals_those_whose_slug_does() -> None:
    several = Several(COMPILED[NO_VOCABULARY])
    found = [one.feed.slug for one, _ in several.matches("Tea, tea and Brewing", "Tea is brewed. Tea is tea.")]
    assert set(found) >= {"tea", "a-tea"}
    assert found.index("a-tea") == found.index("tea") - 1


def test_without_feeds_nothing_is_found() -> None:
    assert Several(()).matches("Tea") == []
