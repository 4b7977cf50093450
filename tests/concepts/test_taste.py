"""Learning from votes: what it gives, that it is bounded, and that it never loses a paper."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.concepts.taste import HALF_WAY, Background, Example, Taste, Vector, learn, reach, reordered, words_of
from bot.models.votes import PaperText

TOPICS = {
    "sleep": "sleep insomnia circadian melatonin actigraphy dreaming".split(),
    "muscle": "muscle mitochondria exercise lactate biopsy contraction".split(),
    "virus": "virus antibody serology vaccine infection strain".split(),
}
EVERYWHERE = "patients cohort study symptoms results measured".split()


def text(topic: str, number: int) -> PaperText:
    """An invented paper on a topic, the same each time."""
    chance = random.Random(f"{topic} {number}")
    said = chance.choices(TOPICS[topic], k=9) + chance.choices(EVERYWHERE, k=9)
    return PaperText(f"Notes on {said[0]} and {said[1]}", f"{' '.join(said)}.", (said[2],))


SAMPLES = [text(topic, number) for number in range(12) for topic in TOPICS]
BACKGROUND = Background.of(SAMPLES)
VECTORS = [BACKGROUND.vector(one) for one in SAMPLES]


def vote(topic: str, number: int, *, liked: bool) -> Example:
    return Example(100 + number, BACKGROUND.vector(text(topic, 100 + number)), liked)


def fresh(topic: str, number: int = 500) -> Vector:
    return BACKGROUND.vector(text(topic, number))


def test_words_are_folded_and_what_tells_nothing_is_left_out() -> None:
    words = words_of(PaperText("The AGONISTS of STING, an agonist; IL-6 in 48 mice", "β-catenin analysis", ("Virus",)))
    assert words == {"agonist": 2, "sting": 1, "il": 1, "mice": 1, "catenin": 1, "analysis": 1, "virus": 1}
    assert not words_of(PaperText("", "1 2 3 — & the of"))
    assert words_of(PaperText("ＭＥ／ＣＦＳ Naïve")) == {"me": 1, "cfs": 1, "naïve": 1}


def test_a_vector_has_length_one_and_rare_words_weigh_more() -> None:
    vector = BACKGROUND.vector(PaperText("lactate patients", "unheard"))
    weighs = dict(zip(*vector, strict=True))
    assert sum(weight**2 for weight in vector.weights) == pytest.approx(1)
    assert weighs["unheard"] > weighs["lactate"]
    # In more than half of the papers, so it tells nothing.
    assert "patient" not in weighs
    assert BACKGROUND.vector(PaperText("", "")) == Vector((), ())


def test_a_young_bot_leaves_no_word_out() -> None:
    assert "patient" in Background.of([text("sleep", 1)] * 3).vector(PaperText("patients", "")).words


def test_likes_alone_bring_up_what_is_alike() -> None:
    taste = learn([vote("muscle", number, liked=True) for number in range(4)], VECTORS)
    assert taste.liking(fresh("muscle")) > 0.3
    assert abs(taste.liking(fresh("sleep"))) < 0.1
    assert abs(taste.liking(fresh("virus"))) < 0.1


def test_dislikes_alone_put_down_what_is_alike() -> None:
    taste = learn([vote("virus", number, liked=False) for number in range(4)], VECTORS)
    assert taste.liking(fresh("virus")) < -0.3
    assert abs(taste.liking(fresh("sleep"))) < 0.1


def test_both_are_told_apart_and_the_words_say_why() -> None:
    votes = [vote("muscle", number, liked=True) for number in range(6)]
    votes += [vote("virus", number + 50, liked=False) for number in range(6)]
    taste = learn(votes, VECTORS)
    assert taste.liking(fresh("muscle")) > 0.5 > -0.5 > taste.liking(fresh("virus"))
    towards, against = taste.words(3)
    assert (towards[0] in TOPICS["muscle"], against[0] in TOPICS["virus"]) == (True, True)
    assert not set(towards) & set(against)
    because = taste.because(fresh("muscle"), 6)
    assert [abs(part) for _, part in because] == sorted((abs(part) for _, part in because), reverse=True)
    assert taste.liking(fresh("muscle")) == pytest.approx(min(1, sum(p for _, p in taste.because(fresh("muscle"), 99))))


def test_no_votes_teach_nothing() -> None:
    taste = learn([], VECTORS)
    assert taste == Taste({}, 0)
    assert taste.liking(fresh("muscle")) == 0
    assert taste.because(fresh("muscle")) == ()
    assert reordered([3, 1, 2], lambda _: 1.0, 0) == [3, 1, 2]


def test_few_votes_change_little_and_many_change_much() -> None:
    papers = list(range(40))
    # Every fourth paper is of the topic that is liked.
    liked = [fresh("muscle" if number % 4 == 3 else ("sleep", "virus")[number % 2], number) for number in papers]

    def mean_place(votes: int) -> float:
        cast = [vote("muscle", number, liked=True) for number in range(votes // 2)]
        cast += [vote("virus", 50 + number, liked=False) for number in range(votes - votes // 2)]
        taste = learn(cast, VECTORS)
        order = reordered(papers, lambda number: taste.liking(liked[number]), taste.votes)
        assert max(abs(order.index(number) - number) for number in papers) <= 2 * reach(votes) * len(papers)
        return sum(order.index(number) for number in papers[3::4]) / 10

    before, one, few, many = (mean_place(votes) for votes in (0, 1, 3, 48))
    assert before == 21
    assert before - 2 < one <= before
    assert before - 10 < few < before
    assert many < 6


def test_the_reach_grows_with_the_votes() -> None:
    assert (reach(0), reach(HALF_WAY)) == (0, 0.5)
    assert reach(1) < 0.1
    assert 0.95 < reach(500) < 1


topics = st.sampled_from(sorted(TOPICS))
examples = st.lists(
    st.builds(lambda topic, number, liked: vote(topic, number, liked=liked), topics, st.integers(0, 60), st.booleans()),
    max_size=12,
    unique_by=lambda one: one.paper_id,
)
likings = st.dictionaries(st.integers(0, 50), st.floats(-1, 1), max_size=50)


@given(examples, st.randoms(use_true_random=False))
def test_the_order_of_votes_does_not_matter_and_the_same_votes_give_the_same(
    votes: list[Example], chance: random.Random
) -> None:
    shuffled = list(votes)
    chance.shuffle(shuffled)
    assert learn(votes, VECTORS[:9]) == learn(iter(shuffled), VECTORS[:9]) == learn(votes, VECTORS[:9])


@given(examples)
def test_what_is_liked_is_expected_to_be_liked_more_than_if_it_were_not(votes: list[Example]) -> None:
    for changed in votes[:3]:
        others = [one for one in votes if one is not changed]
        up = learn([*others, changed._replace(liked=True)], VECTORS[:9]).liking(changed.vector)
        down = learn([*others, changed._replace(liked=False)], VECTORS[:9]).liking(changed.vector)
        assert up > down or up == down in {-1.0, 1.0}  # a liking goes no further than that


@given(likings, st.integers(0, 500))
def test_no_paper_is_lost_and_none_moves_further_than_the_votes_reach(liking: dict[int, float], votes: int) -> None:
    papers = list(liking)
    order = reordered(papers, liking.__getitem__, votes)
    assert sorted(order) == sorted(papers)
    assert all(
        abs(order.index(paper) - papers.index(paper)) <= 2 * reach(votes) * len(papers) + 1e-9 for paper in papers
    )


@given(st.lists(st.integers(), unique=True), st.floats(-1, 1), st.integers(0, 500))
def test_where_no_liking_differs_the_order_stays(papers: list[int], liking: float, votes: int) -> None:
    assert reordered(papers, lambda _: liking, votes) == papers


@given(st.text(), st.text(), st.lists(st.text(), max_size=3))
def test_any_text_can_be_read(title: str, abstract: str, keywords: list[str]) -> None:
    vector = BACKGROUND.vector(PaperText(title, abstract, tuple(keywords)))
    assert len(set(vector.words)) == len(vector.words)
    assert not vector.words or sum(weight**2 for weight in vector.weights) == pytest.approx(1)
