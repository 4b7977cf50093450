"""Related concepts: the most telling first, none twice, linked to feeds, never a check tag."""

from __future__ import annotations

from bot.concepts.related import CHECK_TAGS, Concept, FeedIndex, related
from bot.models.feeds import FeedRecord
from bot.models.papers import MeshHeading, PaperRecord

FATIGUE = FeedRecord(
    1, "cfs", "Chronic fatigue syndrome", mesh=("Fatigue Syndrome, Chronic",), synonyms=("ME/CFS", "PEM")
)
STING = FeedRecord(2, "sting", "STING receptor agonists", synonyms=("STING agonist",))
FEEDS = (FATIGUE, STING)


def paper(*headings: str, keywords: tuple[str, ...] = ()) -> PaperRecord:
    """A paper with headings; a star marks a major one."""
    mesh = tuple(MeshHeading(name.removesuffix("*"), major=name.endswith("*")) for name in headings)
    return PaperRecord(1, "T", "https://example.org/", keywords=keywords, mesh=mesh)


def names(concepts: tuple[Concept, ...]) -> list[str]:
    return [concept.name for concept in concepts]


def test_major_headings_come_first_then_keywords_then_the_rest() -> None:
    about = paper("Sleep", "Exercise*", keywords=("pacing",))
    assert names(related(about, FEEDS)) == ["Exercise", "pacing", "Sleep"]


def test_check_tags_are_never_shown() -> None:
    about = paper(*CHECK_TAGS, "Humans*", "Sleep", keywords=("Human", "male"))
    assert names(related(about, FEEDS, limit=40)) == ["Sleep"]


def test_concepts_link_to_the_feeds_that_follow_them() -> None:
    about = paper("Fatigue Syndrome, Chronic*", "Sleep*", keywords=("STING agonists",))
    assert related(about, FEEDS) == (
        Concept("Fatigue Syndrome, Chronic", FATIGUE),
        Concept("Sleep"),
        Concept("STING agonists", STING),
    )


def test_a_feed_and_a_name_are_shown_once() -> None:
    about = paper("Fatigue Syndrome, Chronic*", "Sleep", keywords=("Chronic Fatigue Syndrome", "ME/CFS", "sleep"))
    assert names(related(about, FEEDS)) == ["Fatigue Syndrome, Chronic", "sleep"]


def test_capitals_of_short_forms_matter_and_shouted_keywords_are_found() -> None:
    index = FeedIndex.of(FEEDS)
    assert index.feed_of("PEM") == FATIGUE
    assert index.feed_of("pem") is None
    assert index.feed_of("CHRONIC FATIGUE SYNDROME") == FATIGUE
    assert index.feed_of("…") is None


def test_the_feed_that_the_paper_stands_in_is_left_out() -> None:
    about = paper("Fatigue Syndrome, Chronic*", "Sleep*")
    assert names(related(about, FEEDS, without=FATIGUE.id)) == ["Sleep"]


def test_a_feeds_own_name_goes_before_anothers_synonym() -> None:
    thief = FeedRecord(3, "thief", "Thief", synonyms=("STING receptor agonist",))
    assert FeedIndex.of((thief, STING)).feed_of("STING receptor agonists") == STING


def test_no_more_than_the_limit() -> None:
    about = paper("A1*", "B1*", "C1*", "D1*", "E1*")
    assert names(related(about, FEEDS)) == ["A1", "B1", "C1", "D1"]
    assert related(about, FEEDS, limit=0) == ()


def test_lists_in_one_keyword_are_taken_apart() -> None:
    assert names(related(paper(keywords=("exosomes; niche",)), ())) == ["exosomes", "niche"]
    assert names(related(paper(keywords=("one, two, three, four.",)), ())) == ["one", "two", "three", "four"]
    assert names(related(paper(keywords=("Sequencing, high-throughput",)), ())) == ["Sequencing, high-throughput"]


def test_sentences_and_marks_are_no_concepts() -> None:
    assert related(paper(keywords=("x" * 61, "--", "+", "")), FEEDS) == ()
