"""Reading a paper: names, short forms it introduces, words that speak of a concept, and parts that make one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.concepts.abbreviations import Definition, definitions, explains, occurrences
from bot.concepts.evidence import ABSTRACT, TITLE, Evidence
from bot.concepts.reading import Reader
from tests.concepts.small_vocabulary import VOCABULARY, number

READER = Reader(VOCABULARY)


def evidence(name: str, title: str = "", abstract: str = "", keywords: tuple[str, ...] = ()) -> Evidence:
    return READER.read(title, abstract, keywords).by_concept.get(number(name), Evidence())


def test_the_longest_name_counts_alone() -> None:
    read = READER.read("Chronic fatigue syndrome", "Aplastic anemias").by_concept
    assert read[number("Fatigue Syndrome, Chronic")].title == 1
    assert number("Fatigue") not in read
    assert read[number("Anemia, Aplastic")].abstract == 1
    assert number("Anemia") not in read


def test_places_and_numbers_of_mentions_are_told() -> None:
    found = evidence("Anemia", "Anaemia", "x x anemia x x x anemias .", ("Anemia",))
    assert (found.title, found.abstract, found.keywords) == (1, 2, 1)
    assert (found.first, found.last) == (0.25, 0.75)


def test_how_the_paper_writes_it_is_kept() -> None:
    reading = READER.read("ANAEMIA in mice", "Of Chronic\n fatigue  Syndrome (CFS)")
    assert reading.written(reading.by_concept[number("Anemia")], TITLE) == ["ANAEMIA"]
    assert reading.written(reading.by_concept[number("Fatigue Syndrome, Chronic")], ABSTRACT) == [
        "Chronic fatigue Syndrome"
    ]


@pytest.mark.parametrize("text", ["No anemia was found.", "Patients without severe anemia", "unlike anemia"])
def test_what_is_denied_is_no_mention(text: str) -> None:
    found = evidence("Anemia", "x", text)
    assert (found.abstract, found.denied) == (0, 1)


@pytest.mark.parametrize("text", ["Not only anemia was found.", "not just severe anemia", "not merely anemia"])
def test_what_is_not_only_the_case_is_the_case(text: str) -> None:
    found = evidence("Anemia", "x", text)
    assert (found.abstract, found.denied) == (1, 0)


def test_a_denial_ends_with_its_phrase() -> None:
    assert evidence("Anemia", "x", "There was no fever. Anemia was common.").abstract == 1
    assert evidence("Anemia", "x", "There was no fever, anemia was common.").abstract == 1


class TestShortForms:
    def test_a_short_form_holds_for_the_rest_of_the_text_that_introduces_it(self) -> None:
        text = "Chronic fatigue syndrome (CFS) is common. CFS lasts. The CFSs differ."
        assert evidence("Fatigue Syndrome, Chronic", "x", text).abstract == 4

    def test_also_for_the_title(self) -> None:
        text = "Chronic fatigue syndrome (CFS) is common. Laryngeal neoplasms (LN) grow."
        read = READER.read("CFS beside, or after, LNs", text)
        found = read.by_concept[number("Fatigue Syndrome, Chronic")]
        assert (found.title, read.written(found, TITLE)) == (1, ["CFS"])
        found = read.by_concept[number("Laryngeal Neoplasms")]
        assert (found.title, read.written(found, TITLE)) == (1, ["LNs"])

    def test_but_for_no_shouted_title(self) -> None:
        assert evidence("Fatigue Syndrome, Chronic", "A CFS OVERVIEW", "Chronic fatigue syndrome (CFS).").title == 0

    def test_a_mention_counts_once_however_often_the_short_form_is_introduced(self) -> None:
        text = "Chronic fatigue syndrome (CFS). This chronic fatigue syndrome (CFS) lasts."
        found = evidence("Fatigue Syndrome, Chronic", "Chronic fatigue syndrome (CFS)", text)
        assert (found.title, found.abstract) == (2, 4)

    def test_a_short_form_that_is_a_name_anyway_counts_once(self) -> None:
        text = "Chronic fatigue syndrome (ME/CFS) is common. ME/CFS lasts."
        first = len(VOCABULARY)
        reader = Reader(VOCABULARY, [("ME/CFS", first), ("chronic fatigue syndrome", first)])
        assert reader.read("STING", text).by_concept[first].abstract == 3

    def test_in_a_longer_name_it_is_no_further_mention(self) -> None:
        first = len(VOCABULARY)
        reader = Reader(VOCABULARY, [("STING agonist", first), ("stimulator of interferon genes", first)])
        found = reader.read("STING agonists", "Stimulator of interferon genes (STING) agonists").by_concept[first]
        assert found.title == 1

    def test_also_one_that_the_vocabulary_does_not_know(self) -> None:
        text = "Laryngeal neoplasms (LN) grow. LN is treated."
        assert evidence("Laryngeal Neoplasms", "x", text).abstract == 3

    def test_a_short_form_for_something_else_is_not_the_concept(self) -> None:
        found = evidence("Fatigue Syndrome, Chronic", "x", "Colour of flying squid (CFS). CFS is red.")
        assert (found.abstract, found.bare) == (0, 0)

    def test_alone_it_is_hardly_a_mention(self) -> None:
        found = evidence("Fatigue Syndrome, Chronic", "CFS in mice", "Those with CFS.")
        assert (found.title, found.abstract, found.bare) == (0, 0, 2)

    def test_words_of_the_other_names_confirm_it(self) -> None:
        assert evidence("Fatigue Syndrome, Chronic", "CFS in mice", "Their encephalomyelitis was severe.").title == 1
        assert evidence("Stimulator of Interferon Genes", "STING", "Type I interferons rose.").title == 1

    def test_shouted_titles_hold_no_short_forms(self) -> None:
        assert evidence("Stimulator of Interferon Genes", "THE STING OF INTERFERON BEES").title == 0
        assert evidence("Stimulator of Interferon Genes", "INTERFERON STING").title == 0

    def test_what_goes_on_is_another_name(self) -> None:
        assert not evidence("Coronavirus Spike", "SARS-CoV-2 in cats").named
        assert evidence("Coronavirus Spike", "SARS-CoV in 2 cats").title == 1


class TestParts:
    @pytest.mark.parametrize(
        "text",
        [
            "Laryngeal human carcinoma",
            "Carcinoma of the human larynx",
            "The larynx, seat of tumors",
            "hepatic x larynx cancer",
        ],
    )
    def test_a_place_near_a_kind_makes_a_concept(self, text: str) -> None:
        assert evidence("Laryngeal Neoplasms", text).composed_title > 0

    @pytest.mark.parametrize("text", ["Laryngeal cancer", "laryngeal tumours", "A laryngeal carcinoma"])
    def test_what_authors_call_the_neoplasms_of_a_place(self, text: str) -> None:
        assert evidence("Laryngeal Neoplasms", text).title == 1

    @pytest.mark.parametrize(
        "text", ["The larynx. Carcinoma grew.", "larynx a b c d e f g h carcinoma", "Hepatic carcinoma"]
    )
    def test_not_across_sentences_nor_from_afar(self, text: str) -> None:
        assert evidence("Laryngeal Neoplasms", text).composed_title == 0

    def test_nearer_is_more(self) -> None:
        near, far = "carcinoma of larynx", "carcinoma of the often hoarse larynx"
        assert (
            evidence("Laryngeal Neoplasms", near).composed_title > evidence("Laryngeal Neoplasms", far).composed_title
        )

    def test_any_disease_of_an_organ_is_one_of_its_diseases(self) -> None:
        assert evidence("Liver Diseases", "Hepatic fibrosis").befallen == 1

    def test_bearers_of_an_infection(self) -> None:
        assert evidence("Borrelia Infections", "x", "Infections of ticks and mice with Borrelia").composed_abstract > 0


def test_adjectives_speak_of_diseases() -> None:
    found = evidence("Anemia", "Anemic mice", "They were anemic.")
    assert (found.title, found.abstract, found.spoken_title, found.spoken_abstract) == (0, 0, 1, 1)


def test_further_names_are_told_inside_of_longer_ones() -> None:
    own = len(VOCABULARY)
    reader = Reader(VOCABULARY, [("Fatigue Syndrome", own)])
    found = reader.read("Chronic fatigue syndrome", "Another fatigue syndrome.").by_concept[own]
    assert (found.title, found.inside, found.abstract) == (0, 1, 1)


@pytest.mark.parametrize(
    ("text", "short", "explained"),
    [
        ("chronic fatigue syndrome (CFS)", "CFS", True),
        ("stimulator of interferon genes (STING)", "STING", True),
        ("position-effect variegation (PEVs)", "PEV", True),
        ("we met them (CFS)", "CFS", False),
        ("alpha beta (AB, see above)", "AB", True),
    ],
)
def test_what_a_bracket_explains(text: str, short: str, explained: bool) -> None:
    (found,) = definitions(text)
    assert found.short == short
    assert explains(found) is explained


@pytest.mark.parametrize("text", ["", "no bracket", "(see)", "(p < 0.05)", "a (b", "(A)"])
def test_brackets_that_introduce_nothing(text: str) -> None:
    assert list(definitions(text)) == []


@given(st.text("AB ab(),.-s", max_size=60))
def test_definitions_lie_where_they_say(text: str) -> None:
    for found in definitions(text):
        assert isinstance(found, Definition)
        assert text[found.start] == "("
        assert text[found.end - 1] == ")"
        assert found.short in text[found.start : found.end]
        explains(found)


@given(st.text("AB ab-s", max_size=40))
def test_short_forms_stand_on_word_boundaries(text: str) -> None:
    for at in occurrences("AB", text):
        assert text[at : at + 2] == "AB"
        assert not text[:at][-1:].isalnum()


_ANY = st.text(st.characters(codec="utf-8"), max_size=80)
_WORDS = st.lists(
    st.sampled_from(
        (
            "carcinoma of the larynx . , liver fibrosis no anemia (CFS) chronic fatigue syndrome STING Borrelia"
            " infections"
        ).split()
    ),
    max_size=25,
).map(" ".join)


@given(_ANY | _WORDS, _ANY | _WORDS, st.lists(_ANY | _WORDS, max_size=3))
def test_reading_is_deterministic_and_in_bounds(title: str, abstract: str, keywords: list[str]) -> None:
    one, other = (READER.read(title, abstract, keywords) for _ in range(2))
    assert one.by_concept == other.by_concept
    for found in one.by_concept.values():
        assert 0 <= found.composed_title <= 1
        assert 0 <= found.composed_abstract <= 1
        assert 0 <= found.befallen <= 1
        assert 0 <= found.first <= 1
        assert 0 <= found.last <= 1
        assert found.spoken_of


@pytest.mark.parametrize(
    "text",
    [
        "SARS-CoV-2 ",
        "laryngeal carcinoma, larynx ",
        "CFS ",
        "chronic fatigue syndrome (CFS) ",
        "a\u0301\u0323" + "\u0323\u0301" * 40,
        "\u0301\u0323",
        "(CFS, ",
        "(FB)",
    ],
)
def test_one_thing_over_and_over_is_read_as_it_is_read_once(text: str) -> None:
    """What took the square of the length would show in the time of the whole suite."""
    once, long = READER.read(text, text), READER.read(text * 5_000, text * 5_000)
    assert set(once.by_concept) <= set(long.by_concept) | {number("Laryngeal Neoplasms")}
