"""What the templates of a digest see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from bot.concepts.trends import Trend
from bot.models.deliveries import Digest, DigestSection
from bot.models.feeds import FeedRecord
from bot.models.papers import AbstractSection, Mark, PaperRecord
from bot.render.cards import CardView, Shown, badges
from bot.render.language import text_language
from bot.render.languages import language
from bot.render.view import DigestView, Reader, Site, build_view

FEEDS = {
    1: FeedRecord(1, "one", "One", "The first."),
    2: FeedRecord(2, "two", "Two"),
    3: FeedRecord(3, "three", "Three"),
}
SITE = Site("Concept Digest", "https://papers.example.org/", "1 Street")
START, END = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 9, tzinfo=UTC)


def view_of(
    digest: Digest,
    *papers: PaperRecord,
    reader: Reader | None = None,
    related: Mapping[int, Sequence[tuple[str, FeedRecord | None]]] | None = None,
    also_in: Mapping[int, tuple[int, ...]] | None = None,
) -> DigestView:
    there = {paper.id: paper for paper in papers}
    return build_view(
        digest,
        FEEDS,
        {
            (section.feed_id, paper): Shown(there[paper], tuple((related or {}).get(paper, ())))
            for section in digest.sections
            for paper in section.paper_ids
            if paper in there
        },
        reader or Reader("Ann"),
        SITE,
        (START, END),
        earlier=there,
        also_in=also_in,
        trends={3: Trend(3, 9, 3.0, 5.0), 2: Trend(2, 1, 0.0, 0.0, known=False)},
    )


def card_of(paper: PaperRecord) -> CardView:
    return view_of(Digest((DigestSection(1, (paper.id,)),)), paper).sections[0].cards[0]


def test_sections_and_cards_keep_the_order_of_the_digest() -> None:
    papers = [PaperRecord(number, f"T{number}", f"https://e.org/{number}") for number in (1, 2, 3)]
    view = view_of(Digest((DigestSection(2, (3, 1)), DigestSection(1, (2,), more=5)), (3,)), *papers)
    assert [(section.name, [card.title for card in section.cards]) for section in view.sections] == [
        ("Two", ["T3", "T1"]),
        ("One", ["T2"]),
    ]
    assert (view.total, view.more, view.summary) == (3, 5, "2 on Two and 1 on One. 5 more are on the web.")
    assert view.sections[1].head.url == "https://papers.example.org/feeds/one"
    assert [(feed.name, feed.url, feed.note, feed.young) for feed in view.trending] == [
        ("Three", "https://papers.example.org/feeds/three", "9 papers this week, about 3 in a usual one", False)
    ]
    young = view_of(Digest((DigestSection(1, (1,)),), (3, 2)), *papers).trending[1]
    assert (young.note, young.young) == ("1 paper this week", True)


def test_what_is_no_longer_there_is_left_out() -> None:
    digest = Digest((DigestSection(1, (7, 8)), DigestSection(99, (7,)), DigestSection(2, (8,))), (99,))
    view = view_of(digest, PaperRecord(7, "T", ""))
    assert [(section.name, len(section.cards)) for section in view.sections] == [("One", 1)]
    assert (view.total, view.trending) == (1, ())


def test_the_frame_is_the_readers() -> None:
    reader = Reader("A\r\nB", "en-GB", "Asia/Tokyo", "https://e.org/u", "javascript:x")
    view = view_of(Digest(()), reader=reader)
    assert (view.reader_name, view.language, view.direction) == ("A B", "en", "ltr")
    assert (view.period, view.unsubscribe_url, view.preferences_url) == ("2–9 November 2026", "https://e.org/u", "")


def test_related_concepts_link_to_their_feeds() -> None:
    related = {1: [("Interferon", FEEDS[2]), ("Ageing", None)]}
    view = view_of(Digest((DigestSection(1, (1,)),)), PaperRecord(1, "T", ""), related=related)
    concepts = view.sections[0].cards[0].related
    assert [(concept.name, concept.url) for concept in concepts] == [
        ("Interferon", "https://papers.example.org/feeds/two"),
        ("Ageing", None),
    ]


def test_also_in_names_the_other_feeds_once() -> None:
    view = view_of(Digest((DigestSection(1, (1,)),)), PaperRecord(1, "T", ""), also_in={1: (1, 2, 2, 99)})
    assert view.sections[0].cards[0].also_in == ("Two",)


def test_a_link_that_is_not_of_the_web_is_dropped() -> None:
    assert card_of(PaperRecord(1, "T", "javascript:alert(1)")).url == ""
    assert card_of(PaperRecord(1, "", "https://e.org")).title == "Untitled"


def test_badges_show_the_gravest_first() -> None:
    paper = PaperRecord(1, "T", "", publication_types=("Review", "Preprint", "Retracted Publication"), language="de")
    assert [(badge.kind, badge.label) for badge in badges(paper, language("en"))] == [
        ("retracted", "Retracted"),
        ("preprint", "Preprint"),
        ("review", "Review"),
        ("language", "In German"),
    ]
    both = PaperRecord(1, "T", "", publication_types=("Review", "Systematic Review"), language="en")
    assert [badge.label for badge in badges(both, language("en"))] == ["Systematic review"]


@pytest.mark.parametrize(
    ("title", "language", "tag"),
    [
        ("Übung als Arznei", "de", "de"),
        ("[Exercise as medicine].", "de", ""),
        ("慢性疲劳综合征 STING", "zh", "zh"),
        ("Exercise in Chinese patients", "zh", ""),
        ("Exercise", "en", ""),
        ("Exercise", "", ""),
        ("Exercise", 'x" onload="', ""),
        ("123", "ru", ""),
    ],
)
def test_a_text_is_tagged_with_a_language_it_can_be_in(title: str, language: str, tag: str) -> None:
    assert text_language(title, language, "en") == tag


def test_title_and_abstract_have_each_their_direction() -> None:
    card = card_of(PaperRecord(1, "تأثير", "", abstract=(AbstractSection("", "An English abstract."),), language="ar"))
    assert (card.language, card.direction) == ("ar", "rtl")
    assert (card.excerpt_language, card.excerpt_direction) == ("", "ltr")


def test_what_happened_to_earlier_papers_is_told_in_words() -> None:
    papers = [
        PaperRecord(1, "New", "https://a.example/1"),
        PaperRecord(2, "A <b>preprint</b> that appeared", "javascript:alert(1)", journal="J & Co"),
        PaperRecord(3, "Retracted", "https://a.example/3"),
    ]
    happened = ((3, "retracted"), (2, "published"), (99, "corrected"))
    view = view_of(Digest((DigestSection(1, (1,)),), updates=happened), *papers)
    assert [(update.title, update.url, update.words, update.kind) for update in view.updates] == [
        ("Retracted", "https://a.example/3", "Retracted since", "retracted"),
        ("A <b>preprint</b> that appeared", "", "Now published in J & Co", "published"),
    ]


def test_sources_out_of_reach_are_named_as_readers_know_them() -> None:
    missed = ((2, ("pubmed", "syndication", "syndication")), (9, ("arxiv",)))
    view = view_of(Digest((DigestSection(1, (1,)),), unreached=missed), PaperRecord(1, "New", "https://a.example/1"))
    assert [(one.name, one.sources) for one in view.unreached] == [("Two", "PubMed and a journal's feed")]


def test_marks_and_form_are_badges() -> None:
    paper = PaperRecord(1, "T", "", preprint=True, marks=(Mark.RETRACTED, Mark.CORRECTED))
    assert [badge.label for badge in badges(paper, language("en"))] == ["Retracted", "Preprint", "Corrected"]
