"""Measures of finding and ranking: values computed by hand, bounds, and what must not matter."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.ranking import Counts, average_precision, measured, micro, ndcg, ranked, summary, work_saved

IDS = [f"{number:02}" for number in range(30)]
some_ids = st.frozensets(st.sampled_from(IDS), min_size=1)
some_scores = st.dictionaries(st.sampled_from(IDS), st.sampled_from([0.1, 0.25, 0.5, 1.0]))


def test_average_precision_is_the_mean_precision_at_each_relevant_document() -> None:
    # Relevant at ranks 1, 3 and 6: (1/1 + 2/3 + 3/6) / 3.
    assert average_precision("abcdef", {"a", "c", "f"}) == pytest.approx((1 + 2 / 3 + 1 / 2) / 3)


def test_what_is_never_ranked_counts_as_never_found() -> None:
    assert average_precision("ab", {"b", "z"}) == pytest.approx((1 / 2) / 2)


def test_ndcg_discounts_by_rank_and_compares_with_the_best_ranking() -> None:
    # Gains at ranks 2 and 4 of 4: (1/log2 3 + 1/log2 5) / (1/log2 2 + 1/log2 3).
    wanted = (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3))
    assert ndcg("abcd", {"b", "d"}) == pytest.approx(wanted)
    assert round(wanted, 4) == 0.6509


def test_ndcg_looks_no_deeper_than_asked() -> None:
    assert ndcg("abcd", {"c"}, depth=2) == 0
    assert ndcg([*IDS], set(IDS)) == 1


def test_work_saved_is_what_need_not_be_read() -> None:
    ranking = [f"{number:03}" for number in range(100)]
    # All of one relevant document lies at rank 1: 99 are not read, 5 of them by chance.
    assert work_saved(ranking, {"000"}) == pytest.approx(0.99 - 0.05)
    assert work_saved(ranking, {"099"}) == pytest.approx(0 - 0.05)
    # Of twenty, nineteen are 95 in a hundred: the last one is not waited for.
    assert work_saved(ranking, {*ranking[:19], "099"}) == pytest.approx(0.81 - 0.05)
    assert work_saved(ranking, set()) == 0


def test_ties_go_by_id_and_what_has_no_score_comes_last() -> None:
    assert ranked(["d", "a", "c", "b"], {"d": 0.5, "b": 0.9, "c": 0.5}) == ["b", "c", "d", "a"]


def test_counts_of_two_sets() -> None:
    counts = Counts.of({"a", "b", "c"}, {"b", "c", "d", "e"})
    assert counts == Counts(2, 3, 4)
    assert (counts.precision, counts.recall) == (2 / 3, 1 / 2)
    assert counts.f1 == pytest.approx(2 * (2 / 3) * (1 / 2) / (2 / 3 + 1 / 2))
    assert Counts.of([], {"a"}) == Counts(0, 0, 1)
    assert (Counts(0, 0, 1).precision, Counts(0, 0, 0).f1, Counts(0, 1, 0).recall) == (0, 0, 0)


def test_means_over_concepts_and_all_pairs_together() -> None:
    gold = {1: {"a", "b"}, 2: {"c"}}
    scores = {1: {"a": 0.9, "d": 0.4}, 2: {"c": 0.1, "b": 0.8, "z": 1.0}}
    measures = measured(gold, scores, "abcd", 0.4)
    # 1 finds a, d of a, b; 2 finds b of c; z was not judged.
    assert measures[1].counts == Counts(1, 2, 2)
    assert measures[2].counts == Counts(0, 1, 1)
    # 1 ranks a d b c, 2 ranks b c a d.
    assert measures[1].average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert measures[2].average_precision == 1 / 2
    found = summary(measures.values())
    assert found.concepts == 2
    assert (found.precision, found.recall) == (0.25, 0.25)
    assert (found.mean_f1, found.f1_of_means) == (0.25, 0.25)
    assert found.micro == micro([Counts(1, 2, 2), Counts(0, 1, 1)]) == Counts(1, 3, 3)
    assert found.ndcg == pytest.approx(((1 + 1 / 2) / (1 + 1 / math.log2(3)) + 1 / math.log2(3)) / 2)


def test_both_kinds_of_f1_differ() -> None:
    measures = measured({1: {"a"}, 2: {"b", "c", "d"}}, {1: {"a": 1.0, "b": 1.0}, 2: {"b": 1.0}}, "abcd", 0.5)
    found = summary(measures.values())
    # Precisions 1/2 and 1, recalls 1 and 1/3; F1 2/3 and 1/2.
    assert found.mean_f1 == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found.f1_of_means == pytest.approx(2 * (3 / 4) * (2 / 3) / (3 / 4 + 2 / 3))


def test_nothing_at_all_is_zero() -> None:
    assert summary([]).precision == 0
    assert measured({1: {"a"}}, {}, "ab", 0.5)[1].average_precision == 1


@given(some_ids, some_scores)
def test_measures_lie_between_0_and_1(relevant: frozenset[str], scores: dict[str, float]) -> None:
    ranking = ranked(IDS, scores)
    assert sorted(ranking) == IDS
    assert 0 < average_precision(ranking, relevant) <= 1
    assert 0 <= ndcg(ranking, relevant) <= 1 + 1e-12
    assert -0.05 - 1e-12 <= work_saved(ranking, relevant) <= 0.95
    counts = Counts.of(scores, relevant)
    assert min(counts.precision, counts.recall) - 1e-12 <= counts.f1 <= max(counts.precision, counts.recall) + 1e-12


@given(some_ids)
def test_the_best_ranking_has_1(relevant: frozenset[str]) -> None:
    measures = measured({"it": relevant}, {"it": dict.fromkeys(relevant, 0.7)}, IDS, 0.7)["it"]
    assert measures.average_precision == pytest.approx(1)
    assert measures.ndcg == pytest.approx(1)
    assert measures.counts.f1 == 1


@given(some_ids, some_scores, st.permutations(IDS))
def test_the_order_of_reading_does_not_matter(
    relevant: frozenset[str], scores: dict[str, float], order: list[str]
) -> None:
    shuffled = {one: scores[one] for one in order if one in scores}
    assert measured({1: relevant}, {1: scores}, IDS, 0.25) == measured({1: relevant}, {1: shuffled}, order, 0.25)


@given(some_ids, some_scores)
def test_a_higher_score_for_a_relevant_document_harms_nothing(
    relevant: frozenset[str], scores: dict[str, float]
) -> None:
    lifted = {**scores, min(relevant): 2.0}
    before, after = (ranked(IDS, one) for one in (scores, lifted))
    assert average_precision(after, relevant) >= average_precision(before, relevant) - 1e-12
    assert ndcg(after, relevant) >= ndcg(before, relevant) - 1e-12
