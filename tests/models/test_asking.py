"""What somebody looks for, read as words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models.asking import LENGTH, TERMS, Asked, read_asked


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("", Asked()),
        (" \t -- !? ", Asked()),
        ("Exosome  exosome", Asked((("exosome",),))),
        ("COVID-19 ME/CFS", Asked((("covid", "19"), ("me", "cfs")))),
        ('"nuclear pore" ALS', Asked((("nuclear", "pore"), ("als",)))),
        ('sting -cancer -"mouse model"', Asked((("sting",),), (("cancer",), ("mouse", "model")))),
        ('"left open', Asked((("left", "open"),))),
        ("-only", Asked((), (("only",),))),
        ("a -a", Asked((("a",),))),
        ('title:x OR (y NEAR "z" *) AND NOT ^w', Asked(
            (("title", "x"), ("or",), ("y",), ("near",), ("z",), ("and",), ("not",), ("w",)))),
        ("α-synuclein Ångström", Asked((("α", "synuclein"), ("ångström",)))),
        ("x\x00y \ud800", Asked((("x", "y"),))),
    ],
)  # fmt: skip
def test_words_are_all_that_is_read(written: str, asked: Asked) -> None:
    assert read_asked(written) == asked


@given(st.text(st.characters(), max_size=400))
def test_whatever_is_written_comes_to_a_few_words(written: str) -> None:
    asked = read_asked(written)
    assert len(asked.wanted) + len(asked.unwanted) <= TERMS
    for word in (word for term in (*asked.wanted, *asked.unwanted) for word in term):
        assert word.isalnum()
        assert 0 < len(word) <= LENGTH * 3
    assert bool(asked) == bool(asked.words)
