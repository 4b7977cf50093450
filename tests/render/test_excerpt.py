"""Abstracts cut at a sentence."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models.papers import AbstractSection
from bot.render.excerpt import cut, excerpt, readable_label, sentence_ends
from bot.render.plain import plain


def sentences(text: str) -> list[str]:
    ends = [0, *sentence_ends(text), len(text)]
    return [text[a:b].strip() for a, b in pairwise(ends)]


@pytest.mark.parametrize(
    "text",
    [
        "We saw it, e.g. In vitro cultures, too",
        "As Curie et al. Showed before",
        "See Fig. Two and Figs. Three",
        "Drug vs. Placebo",
        "It was p = 0.05 Then",
        "It was p = 0. 05",
        "Grown in E. Coli and S. Aureus",
        "We met Dr. Who",
        "The strain i.e. B had no. 5",
        "Given i.v. Twice",
        "Candida sp. Nov was found",
        "by J. B. S. Haldane",
        "a cost of $3.50. per dose",
        "1. Discuss the causes",
    ],
)
def test_abbreviations_and_decimals_end_no_sentence(text: str) -> None:
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two", ["One.", "Two"]),
        ("Really? Yes! So", ["Really?", "Yes!", "So"]),
        ("It fell (p < 0.05). Then", ["It fell (p < 0.05).", "Then"]),
        ('He said "no." We left', ['He said "no."', "We left"]),
        ("It was 0.05. Next", ["It was 0.05.", "Next"]),
        ("Aims were: 1. To see. 2. To tell", ["Aims were: 1. To see.", "2. To tell"]),
        ("We had 12. They had 3", ["We had 12.", "They had 3"]),
        ("It spread.Methods: We looked", ["It spread.", "Methods: We looked"]),
        ("Rats, mice etc. All", ["Rats, mice etc.", "All"]),
        ("第一句。第二句！第三", ["第一句。", "第二句！", "第三"]),
        ("α rose. β fell. Γ stayed", ["α rose.", "β fell.", "Γ stayed"]),
    ],
)
def test_sentences_end_where_a_reader_sees_it(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


def test_cut_ends_at_the_last_sentence_in_reach() -> None:
    text = "A first sentence stands here. " * 40
    short = cut(text.strip(), 420)
    assert short.endswith("here.")
    assert 390 <= len(short) <= 483


def test_cut_goes_a_little_further_for_the_end_of_a_sentence() -> None:
    text = "x " * 250 + "end. Then more " + "y " * 300
    assert cut(text, 420).endswith("end.")


def test_cut_without_any_sentence_ends_at_a_word() -> None:
    short = cut("word " * 200, 420)
    assert short.endswith("word…")
    assert len(short) <= 420


def test_a_word_of_thousands_of_letters_is_cut_too() -> None:
    assert cut("x" * 9000, 420) == "x" * 419 + "…"


TEXTS = st.lists(
    st.sampled_from(["We saw it.", "Fig. 2", "e.g.", "et al.", "p = 0.05", "vs.", "Why?", "“So.”", "结果。", "x" * 90]),
    max_size=150,
).map(" ".join)


@given(TEXTS | st.text().map(plain), st.integers(60, 600))
def test_cut_is_a_prefix_of_about_the_limit(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert len(short) <= limit * 4 / 3
    assert text.startswith(short) or (short.endswith("…") and text.startswith(short[:-1]))
    if short != text and not short.endswith("…"):
        assert len(short) in sentence_ends(text)


PARTS = st.lists(st.builds(AbstractSection, st.sampled_from(["", "BACKGROUND", "Results"]), TEXTS), max_size=6)


@given(PARTS, st.integers(60, 600))
def test_an_excerpt_is_the_beginning_and_says_whether_there_is_more(parts: list[AbstractSection], limit: int) -> None:
    shown = excerpt(parts, limit)
    whole = [plain(part.text) for part in parts if plain(part.text)]
    assert shown.length <= limit * 1.5
    assert len(shown.parts) <= len(whole)
    for part, text in zip(shown.parts, whole, strict=False):
        assert text.startswith(part.text.removesuffix("…"))
    assert shown.cut == ([part.text for part in shown.parts] != whole)
    assert bool(shown.parts) == bool(whole)


def test_labels_stay_with_their_parts() -> None:
    shown = excerpt([AbstractSection("BACKGROUND:", "Why. " * 20), AbstractSection("AIM", "To see. " * 80)])
    assert [part.label for part in shown.parts] == ["Background", "Aim"]
    assert shown.cut


def test_a_part_that_would_be_broken_in_a_sentence_is_left_out() -> None:
    shown = excerpt([AbstractSection("A", "Short one here. " * 18), AbstractSection("B", "no end " * 90)])
    assert len(shown.parts) == 1
    assert shown.cut


def test_a_short_part_alone_is_too_little() -> None:
    shown = excerpt([AbstractSection("Aim", "To see."), AbstractSection("Methods", "no end " * 90)])
    assert [part.label for part in shown.parts] == ["Aim", "Methods"]
    assert shown.parts[1].text.endswith("end…")


def test_wide_letters_count_twice() -> None:
    assert excerpt([AbstractSection("", "探讨机制。" * 200)]).length <= 280


def test_length_nought_shows_nothing_and_says_that_there_is_more() -> None:
    shown = excerpt([AbstractSection("", "Text.")], 0)
    assert (shown.parts, shown.cut) == ((), True)
    assert not excerpt([], 0).cut


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("METHODS AND RESULTS:", "Methods and results"),
        ("UNLABELLED", ""),
        ("Conclusions", "Conclusions"),
        ("", ""),
        ("目的", "目的"),
    ],
)
def test_labels_read_as_words(label: str, words: str) -> None:
    assert readable_label(label) == words
