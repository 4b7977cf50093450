"""Company: words that come with a concept, and what they tell of a paper."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.concepts.company import Company, features_of, packaged_models, read_models, write_models
from bot.concepts.evidence import Evidence
from bot.concepts.reading import Reader
from bot.concepts.relevance import Named, relevance
from tests.concepts.small_vocabulary import VOCABULARY, number

OWN = len(VOCABULARY)
MODELS = {"anemia": {"iron": 0.5, "transfusion": 0.25, "carcinoma": -0.5, "@X0014": 0.125}}


def test_words_and_concepts_are_features_that_long_texts_have_less_of() -> None:
    seen = features_of("iron iron", "of mice", {number("Anemia, Aplastic"): Evidence(title=1)}, VOCABULARY)
    assert set(seen) == {"iron", "of", "mous", "@X0014", "@X0015"}
    assert seen["iron"] > seen["of"] == seen["mous"] > 0
    long = features_of("iron iron", "of mice " + " ".join(f"word{n}" for n in range(99)), {}, VOCABULARY)
    assert long["iron"] < seen["iron"]


def test_scores_add_up_and_say_by_what() -> None:
    company = Company(MODELS, {OWN: ("Anemia",), OWN + 1: ("unheard of",)})
    assert company.scores({"iron": 1.0, "carcinoma": 0.5, "x": 9.0}) == {OWN: 0.25}
    assert company.scores({"carcinoma": 0.5}) == {}
    assert company.knows(OWN)
    assert not company.knows(OWN + 1)
    assert company.words(OWN, {"iron": 1.0, "carcinoma": 0.5, "transfusion": 4.0}) == ["transfusion", "iron"]
    assert not Company({}, {OWN: ("Anemia",)})


def test_a_reader_tells_the_company_of_what_is_followed() -> None:
    reader = Reader(VOCABULARY, company=Company(MODELS, {OWN: ("Anemia",)}))
    reading = reader.read("Iron, iron and transfusions", "x")
    assert reading.by_concept[OWN].company > 0
    assert reader.read("Carcinoma", "x").by_concept.get(OWN) is None
    assert reader.name_of("@X0014") == "Anemia"
    assert reader.name_of("iron") == "iron"


_WEIGHTS = st.dictionaries(
    st.text("abc@X09", min_size=1, max_size=6), st.integers(-2000, 2000).filter(bool), max_size=5
)


@given(st.dictionaries(st.text("ABC, -x", min_size=1, max_size=9).map(str.strip).filter(bool), _WEIGHTS, max_size=4))
def test_what_is_written_is_read(models: dict[str, dict[str, int]]) -> None:
    given_models = {name: [(word, weight / 1000) for word, weight in words.items()] for name, words in models.items()}
    read = read_models(write_models(given_models))
    assert set(read) == {name.casefold() for name in models}
    for name, words in models.items():
        if sum(other.casefold() == name.casefold() for other in models) == 1:
            assert read[name.casefold()] == {word: weight / 1000 for word, weight in words.items()}


def test_the_packaged_models_can_be_read_and_are_small() -> None:
    models = packaged_models()
    assert len(models) > 500
    assert all(words for words in models.values())
    assert max(map(len, models.values())) <= 80


class TestRelevance:
    def test_nothing_found_is_nothing(self) -> None:
        assert relevance(Evidence()) == 0

    @pytest.mark.parametrize(
        ("less", "more"),
        [
            (Evidence(abstract=1, first=0.5, last=0.5), Evidence(title=1, longest=1)),
            (Evidence(abstract=1, first=0.5, last=0.5), Evidence(abstract=4, first=0.5, last=0.5)),
            (Evidence(abstract=1, first=0.5, last=0.5), Evidence(abstract=1, first=0.0, last=0.0)),
            (Evidence(denied=1), Evidence(abstract=1, longest=1)),
            (Evidence(bare=1), Evidence(abstract=1, longest=1)),
            (Evidence(spoken_title=1), Evidence(title=1, longest=1)),
            (Evidence(composed_title=0.2), Evidence(composed_title=1.0)),
            (Evidence(title=1), Evidence(title=1, keywords=1)),
        ],
    )
    def test_what_tells_more_weighs_more(self, less: Evidence, more: Evidence) -> None:
        assert relevance(less) < relevance(more)

    def test_more_company_weighs_more_where_it_is_known(self) -> None:
        values = [relevance(Evidence(company=company), knows_company=True) for company in (0.06, 0.2, 1.0)]
        assert values == sorted(set(values))

    def test_headings_leave_little_doubt(self) -> None:
        heading, major = (
            relevance(Evidence(), indexed=Named(heading=True)),
            relevance(Evidence(), indexed=Named(heading=True, major=True)),
        )
        assert 0 < heading < major

    def test_lesser_kinds_of_publication_weigh_less(self) -> None:
        found = Evidence(title=1)
        assert relevance(found, publication_types=("Journal Article", "Published Erratum")) < relevance(found)

    @given(
        st.builds(
            Evidence,
            title=st.integers(0, 5),
            abstract=st.integers(0, 50),
            keywords=st.integers(0, 5),
            denied=st.integers(0, 5),
            bare=st.integers(0, 5),
            company=st.floats(0, 5),
        ),
        st.integers(1, 1000),
        st.booleans(),
    )
    def test_relevance_stays_in_bounds(self, found: Evidence, breadth: int, has_abstract: bool) -> None:
        value = relevance(found, breadth, has_abstract=has_abstract)
        assert 0 <= value <= 1
        assert value == relevance(found, breadth, has_abstract=has_abstract)
