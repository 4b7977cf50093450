"""What a card tells of a paper, in words."""

from __future__ import annotations

import pytest

from bot.models.feeds import FeedRecord
from bot.models.papers import Author, Mark, PaperRecord
from bot.render.cards import Cards, Shown, author_line, badges
from bot.render.languages import language

EN = language("en")


def authors(number: int) -> list[Author]:
    return [Author(f"Name{place}", "", "A") for place in range(1, number + 1)]


def test_few_authors_are_all_named() -> None:
    assert author_line([], EN) == ""
    assert author_line(authors(2), EN) == "Name1 A, Name2 A"
    assert author_line(authors(5), EN).count("Name") == 5


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("en", "Name1 A, Name2 A, Name3 A … Name16 A, and 12 more"),
        ("de", "Name1 A, Name2 A, Name3 A … Name16 A und 12 weitere"),
        ("fr", "Name1 A, Name2 A, Name3 A … Name16 A et 12 autres"),
        ("zh", "Name1 A, Name2 A, Name3 A … Name16 A，另有 12 位"),
        ("ar", "Name1 A, Name2 A, Name3 A … Name16 A و12 آخرون"),
    ],
)
def test_of_many_authors_the_first_three_and_the_last_are_named(code: str, line: str) -> None:
    assert author_line(authors(16), language(code)) == line


def test_initials_come_from_given_names_where_a_script_has_them() -> None:
    names = [Author("Curie", "Marie Salomea"), Author("王", "小明"), Author("The Long COVID Group"), Author(" ", "")]
    assert author_line(names, EN) == "Curie MS, 王 小明, The Long COVID Group"


def labels(code: str, paper: PaperRecord, *, free: bool = False) -> list[str]:
    return [badge.label for badge in badges(paper, language(code), free=free)]


def test_badges_are_in_the_language_of_the_frame() -> None:
    paper = PaperRecord(1, "T", "", publication_types=("Review",), language="fr", marks=(Mark.RETRACTED,))
    assert labels("en", paper, free=True) == ["Retracted", "Review", "Free full text", "In French"]
    assert labels("de", paper, free=True) == ["Zurückgezogen", "Übersichtsarbeit", "Freier Volltext", "Auf Französisch"]
    assert labels("zh", paper) == ["已撤稿", "综述", "原文为法语"]
    assert labels("ar", paper)[-1] == "اللغة: الفرنسية"


def test_a_language_without_a_name_is_not_told() -> None:
    assert labels("en", PaperRecord(1, "T", "", language="xx")) == []
    assert labels("en", PaperRecord(1, "T", "", language="")) == []
    assert labels("de", PaperRecord(1, "T", "", language="de")) == []


def test_english_needs_no_badge() -> None:
    assert badges(PaperRecord(1, "T", "", language="en"), language("de")) == ()


def test_a_card_is_the_same_one_until_the_paper_or_another_feed_changes() -> None:
    cards = Cards("https://papers.example.org")
    feeds = {1: FeedRecord(1, "one", "One"), 2: FeedRecord(2, "two", "Two")}
    shown = Shown(PaperRecord(1, "T", ""))
    card = cards.card(shown, 1, (1, 2), feeds, EN)
    assert card.also_in == ("Two",)
    assert cards.card(Shown(PaperRecord(1, "T", "")), 1, (1, 2), dict(feeds), EN) is card
    assert cards.card(Shown(PaperRecord(1, "T!", "")), 1, (1, 2), feeds, EN).title == "T!"
    renamed = feeds | {2: FeedRecord(2, "two", "Second")}
    assert cards.card(shown, 1, (1, 2), renamed, EN).also_in == ("Second",)
