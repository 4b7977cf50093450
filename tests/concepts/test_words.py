"""Words: what is the same for every way to write one."""

from __future__ import annotations

import pytest

from bot.concepts.words import is_short_form, key_of


@pytest.mark.parametrize(
    ("word", "short"),
    [
        ("STING", True),
        ("ALS", True),
        ("cGAMP", True),
        ("CoV", True),
        ("iPSCs", True),
        ("mRNA", True),
        ("Covid", False),
        ("sting", False),
        ("McArdle", False),
        ("C9orf72", False),
        ("A", False),
        ("", False),
    ],
)
def test_what_is_a_short_form(word: str, short: bool) -> None:
    assert is_short_form(word) is short


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Exosomes", "exosome"),
        ("SARS-CoV-2", "SARS CoV 2"),
        ("diseases", "Disease"),
        ("metastases", "Metastasis"),
        ("STING agonists", "STING Agonist"),
        ("therapies", "therapy"),
    ],
)
def test_keywords_written_otherwise_have_the_same_key(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)


def test_short_forms_keep_their_capitals_in_keys() -> None:
    assert key_of("STING") != key_of("sting")
