"""Queries of fields: what they ask for, and what is said where they cannot be understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.concepts.query_fields import FieldQuery, category_key, faults_of, read


@pytest.mark.parametrize(
    ("query", "categories", "texts"),
    [
        ("", (), ()),
        ("  ", (), ()),
        ("category:cell_biology", ("cell biology",), ()),
        ('category:"Cell Biology"', ("cell biology",), ()),
        ("category:cell-biology CATEGORY:neuroscience category:cell_biology", ("cell biology", "neuroscience"), ()),
        ("text:STING", (), ("STING",)),
        ('text:"stress granule"  text:TDP-43 category:neuroscience', ("neuroscience",), ("stress granule", "TDP-43")),
        ("text:IL:6", (), ("IL:6",)),
    ],
)
def test_what_a_query_asks_for(query: str, categories: tuple[str, ...], texts: tuple[str, ...]) -> None:
    assert read(query) == FieldQuery(categories, texts)
    assert not faults_of(query)


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("stress granule", "not a field: 'stress'"),
        ("category:cell biology", "not a field: 'biology'; write category:cell_biology or"),
        ('text:"a gene" OR text:protein', "not a field: 'OR'"),
        ("title:STING", "unknown field: 'title'; known: category, text"),
        ("text:", "nothing after text"),
        ('text:"--"', "nothing after text"),
        ("category:__", "nothing after category"),
        ('text:"stress granule', "unbalanced quotes"),
        ("text:\u201cstress granule\u201d", "curly quotes"),
        ('text:a"b"', "not a field"),
        ('text:"a"b', "not a field"),
    ],
)
def test_what_is_wrong_is_named(query: str, fault: str) -> None:
    assert any(fault in said for said in faults_of(query))


@given(st.lists(st.text(st.characters(exclude_characters='"\u201c\u201d\u201e\u201f'), min_size=1), max_size=4))
def test_whatever_stands_in_quotes_is_looked_for_as_it_is(phrases: list[str]) -> None:
    found = read(" ".join(f'text:"{phrase}"' for phrase in phrases))
    kept = {phrase.strip() for phrase in phrases if any(letter.isalnum() for letter in phrase)}
    assert kept >= set(found.texts)
    assert bool(found.faults) == (len(found.texts) < len({phrase.strip() for phrase in phrases}))


@given(st.text(max_size=60))
def test_nothing_is_passed_over_in_silence(query: str) -> None:
    found = read(query)
    assert found.faults or found.categories or found.texts or not query.split()


def test_categories_are_the_same_however_they_are_written() -> None:
    assert (
        len({category_key(name) for name in ("Cell Biology", "cell_biology", "cell-biology ", " CELL  biology")}) == 1
    )
