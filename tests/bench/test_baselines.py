"""Peers of tagging: exact phrases on word boundaries, and BM25 by values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.baselines import BM25, Phrases, words_of


def test_phrases_are_found_in_any_capitals_on_word_boundaries() -> None:
    phrases = Phrases([("Lung Cancer", 1), ("STING", 2), ("IL-1", 3)])
    assert phrases.all_in("LUNG cancer; stings, sting. Lung\ncancer, lung cancers, IL-1, IL-1b") == {1: 2, 2: 1, 3: 1}


def test_phrases_are_not_written_in_other_ways() -> None:
    assert not Phrases([("tumor", 1), ("fatigue syndrome", 2)]).all_in("tumour, tumors, fatigue-syndrome")


def test_names_within_names_count_or_the_longest_does() -> None:
    phrases = Phrases([("cancer", 1), ("lung cancer", 2), ("cancer pain", 3)])
    text = "lung cancer pain, cancer"
    assert phrases.all_in(text) == {1: 2, 2: 1, 3: 1}
    assert phrases.longest_in(text) == {2: 1, 1: 1}


def test_a_longer_name_that_ends_within_a_word_hides_none() -> None:
    assert Phrases([("lung", 1), ("lung cancer", 2)]).longest_in("lung cancers") == {1: 1}


def test_an_ambiguous_name_counts_for_all_and_empty_ones_for_none() -> None:
    assert Phrases([("cold", 1), ("Cold", 2), ("cold", 1), (" ", 3)]).all_in("a cold") == {1: 1, 2: 1}
    assert not Phrases([]).all_in("a cold")


def test_words_lose_the_plural() -> None:
    assert words_of("Therapies, diseases of mice’s lungs; virus class, Naïve IL-1β_2") == [
        "therapy", "disease", "of", "mice", "s", "lung", "virus", "class", "naïve", "il", "1β", "2",
    ]  # fmt: skip


def test_bm25_by_hand() -> None:
    index = BM25({"a": "fever fever lung", "b": "lung"})
    scores = index.scores(["Fevers", "lung fever"])
    idf = {"fever": math.log(1 + 1.5 / 1.5), "lung": math.log(1 + 0.5 / 2.5)}
    longer = {"a": 1.2 * (0.25 + 0.75 * 3 / 2), "b": 1.2 * (0.25 + 0.75 * 1 / 2)}
    assert scores["a"] == pytest.approx(
        idf["fever"] * 2 * 2.2 / (2 + longer["a"]) + idf["lung"] * 2.2 / (1 + longer["a"])
    )
    assert scores["b"] == pytest.approx(idf["lung"] * 2.2 / (1 + longer["b"]))


def test_bm25_without_documents_or_words() -> None:
    assert BM25({}).scores(["fever"]) == {}
    assert BM25({"a": ""}).scores(["fever"]) == {}


texts = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.text("xyz ", max_size=30), max_size=6)


@given(texts, st.lists(st.text("xyz ", max_size=6), max_size=3))
def test_bm25_is_above_0_and_heeds_no_order(documents: dict[str, str], query: list[str]) -> None:
    scores = BM25(documents).scores(query)
    assert all(score > 0 for score in scores.values())
    turned = dict(reversed(documents.items()))
    assert BM25(turned).scores([*reversed(query), *query]) == scores
