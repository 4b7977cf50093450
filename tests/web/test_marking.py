"""Words marked in texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.web.marking import PASSAGE, Part, marked, passage, stem_of


def test_forms_of_a_word_are_one() -> None:
    assert {stem_of(word) for word in ("exosome", "Exosomes", "EXOSOME")} == {"exosom"}
    assert stem_of("studies") == stem_of("study")
    assert stem_of("naïve") == stem_of("Naive")
    assert stem_of("ALS") != stem_of("al")


def test_words_are_marked_where_they_stand() -> None:
    assert marked("Exosomes, an exosome-like thing", ("exosome",)) == (
        Part("Exosomes", marked=True),
        Part(", an "),
        Part("exosome", marked=True),
        Part("-like thing"),
    )
    assert marked("none here", ()) == (Part("none here"),)
    assert marked("", ("x",)) == ()


def test_a_passage_begins_near_the_words() -> None:
    text = "Something else is said at length. " * 20 + "At last the exosome meets the receptor. " + "And so on. " * 20
    found = passage(text, ("receptor", "exosome"))
    assert found.startswith("…")
    assert "exosome meets the receptor" in found
    assert passage(text, ("absent",)).startswith("Something else")
    assert passage("short", ("x",)) == "short"


@given(st.text(max_size=900), st.lists(st.text(min_size=1, max_size=8), max_size=4))
def test_no_letter_is_lost_by_marking_and_passages_are_short(text: str, words: list[str]) -> None:
    assert "".join(part.text for part in marked(text, words)) == text
    assert len(passage(text, words)) <= PASSAGE + 1
