"""Abstracts from JATS and from an index of words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.collect.sources.abstracts import MOST_WORDS, sections_of, text_of_index
from bot.models.papers import AbstractSection


@pytest.mark.parametrize(
    ("markup", "sections"),
    [
        ("", ()),
        ("Plain words, p < 0.05.", (("", "Plain words, p < 0.05."),)),
        ("<jats:p>One.</jats:p><jats:p>Two.</jats:p>", (("", "One. Two."),)),
        (
            "<jats:title>Abstract</jats:title>"
            "<jats:sec><jats:title>Aims:</jats:title><jats:p>To see.</jats:p></jats:sec>"
            "<jats:sec><jats:title>Results</jats:title><jats:p>H<jats:sub>2</jats:sub>O.</jats:p></jats:sec>",
            (("Aims", "To see."), ("Results", "H₂O.")),
        ),
        ("<sec><title>Aims</title><p>To see.</p></sec>", (("Aims", "To see."),)),
        ("Before <title>Aims</title> after", (("", "Before"), ("Aims", "after"))),
        ("<title>" + "long " * 30 + "</title>rest", (("", ("long " * 30).strip()), ("", "rest"))),
        ("<jats:title>Never closed", (("", "Never closed"),)),
        ("Closed</jats:title> twice</jats:title>", (("", "Closed"), ("", "twice"))),
        ("a &lt;script&gt;alert(1)&lt;/script&gt; b", (("", "a <script>alert(1)</script> b"),)),
        ("<script>alert(1)</script>seen", (("", "seen"),)),
        ("<jats:title-group>x</jats:title-group>", (("", "<jats:title-group>x</jats:title-group>"),)),
    ],
)
def test_sections_of_jats(markup: str, sections: tuple[tuple[str, str], ...]) -> None:
    assert sections_of(markup) == tuple(AbstractSection(*section) for section in sections)


@given(
    st.lists(st.sampled_from(["<jats:title>", "</jats:title>", "<title", ">", "<p>", "a", " ", "&lt;"]), max_size=80)
)
def test_sections_hold_no_titles_as_markup(pieces: list[str]) -> None:
    for section in sections_of("".join(pieces)):
        assert section.text.strip()
        assert "<jats:title>" not in section.label + section.text


@given(st.lists(st.text("abcdé.-", min_size=1, max_size=8), max_size=200))
def test_an_index_gives_the_words_back(words: list[str]) -> None:
    index: dict[str, list[int]] = {}
    for position, word in enumerate(words):
        index.setdefault(word, []).append(position)
    assert text_of_index(index) == " ".join(words)


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (None, ""),
        ([], ""),
        ("soil", ""),
        ({}, ""),
        ({"soil": [0], "fungi": [1]}, "soil fungi"),
        ({"fungi": [10**30], "soil": [3]}, "soil fungi"),
        ({"soil": [-1, 0], "fungi": [0, 1]}, "soil fungi"),
        ({"soil": [0.0, True, None, "1", [2]], "fungi": [1]}, "fungi"),
        ({"soil": 0, "fungi": {"1": 2}, "roots": [5, 5]}, "roots"),
        ({1: [0], "soil": [1]}, "soil"),
    ],
)
def test_hostile_indexes_are_read_as_far_as_they_make_sense(index: Any, text: str) -> None:
    assert text_of_index(index) == text


def test_an_index_is_bounded() -> None:
    assert len(text_of_index({"x" * 10_000: list(range(10 * MOST_WORDS))})) == 200_000
    assert len(text_of_index({"x": list(range(2 * MOST_WORDS))}).split()) == MOST_WORDS
    assert len(text_of_index({f"w{n}": [n] for n in range(2 * MOST_WORDS)}).split()) == MOST_WORDS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), json_values))
def test_any_index_gives_text(index: dict[str, Any]) -> None:
    assert isinstance(text_of_index(index), str)
