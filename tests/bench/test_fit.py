"""Fitting: what is learned from, and that the fit finds what is there."""

from __future__ import annotations

import numpy as np
import pytest

from bench.fit import Paper, examples_of, logistic_weights, rows_of, told
from bot.concepts.relevance import BY_NAMES
from tests.concepts.small_vocabulary import VOCABULARY, number

pytestmark = pytest.mark.long

PAPERS = [
    *(Paper(str(at), "Anemia of mice", "Anemia came.", ("X0014",)) for at in range(12)),
    *(Paper(str(at), "Aplastic anemia", "", ("X0015",)) for at in range(20, 32)),
    *(Paper(str(at), "Sleep of mice", "They were anemic.", ("X0011",)) for at in range(40, 52)),
]


def test_a_paper_is_about_its_headings_and_what_is_broader() -> None:
    examples = examples_of(PAPERS, VOCABULARY)
    anemia = examples.concepts.index(number("Anemia"))
    aplastic = examples.concepts.index(number("Anemia, Aplastic"))
    assert examples.about[:, anemia].tolist() == [1] * 24 + [0] * 12
    assert examples.about[:, aplastic].tolist() == [0] * 12 + [1] * 12 + [0] * 12


def test_papers_keep_their_part_and_those_without_an_abstract_have_none() -> None:
    assert [paper.part for paper in PAPERS] == [Paper(*paper).part for paper in PAPERS]
    assert {paper.part for paper in PAPERS if not paper.abstract} == {-1}
    assert len({paper.part for paper in PAPERS}) > 3


def test_each_paper_that_mentions_a_concept_is_an_example() -> None:
    examples = examples_of(PAPERS, VOCABULARY)
    anemia = examples.concepts.index(number("Anemia"))
    names = list(BY_NAMES)
    rows, truth, pairs = rows_of(examples, [anemia], VOCABULARY, names)
    assert truth.tolist() == [1] * 24 + [0] * 12
    assert pairs[:, 0].tolist() == list(range(36))
    assert rows[0, names.index("title")] == 1
    assert rows[12, names.index("no abstract")] == 1
    company = np.zeros_like(examples.about)
    company[40 - 16 :, anemia] = 1.0
    rows, _, pairs = rows_of(examples, [anemia], VOCABULARY, ["company"], company)
    assert 12 not in pairs[:, 0]
    assert rows[-1, 0] > 0


def test_the_fit_finds_what_tells() -> None:
    rng = np.random.default_rng(7)
    rows = np.column_stack([np.ones(4000), rng.integers(0, 2, 4000), rng.integers(0, 2, 4000)]).astype(np.float32)
    chance = 1 / (1 + np.exp(-(rows @ np.array([-2.0, 3.0, 0.0]))))
    weights = logistic_weights(rows, (rng.random(4000) < chance).astype(np.float32))
    assert weights == pytest.approx([-2.0, 3.0, 0.0], abs=0.3)


def test_figures_are_means_over_concepts() -> None:
    about = np.array([[1, 1], [1, 0], [0, 1], [0, 1]], np.float32)
    scores = np.array([[0.9, 0.9], [0.9, 0.9], [0.1, 0.1], [0.1, 0.1]], np.float32)
    assert next(told(scores, about)) == "threshold 0.20: P 0.750 R 0.667 F1 0.700, of the means 0.706"
