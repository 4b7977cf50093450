"""Matching by text: boundaries, capitals of short forms, hyphens and plurals, what is excluded, relevance."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.concepts.evidence import TITLE, Evidence
from bot.concepts.match import Match, compile_feed, compile_names, relevance_of
from bot.concepts.why import Told
from bot.concepts.words import key_of_word, tokens_of, visible
from bot.models.feeds import FeedRecord
from bot.models.papers import AbstractSection, MeshHeading, PaperRecord
from tests.concepts.small_vocabulary import VOCABULARY

FATIGUE = FeedRecord(
    1,
    "chronic-fatigue-syndrome",
    "Chronic fatigue syndrome",
    mesh=("Fatigue Syndrome, Chronic",),
    synonyms=("ME/CFS", "myalgic encephalomyelitis"),
    exclude=("cancer-related fatigue",),
)


def matches(term: str, text: str) -> bool:
    return compile_names([term]).match(text, "", ()) is not None


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("STING", "Activation of STING in mice"),
        ("STING", "The cGAS–STING pathway"),
        ("STING agonist", "Novel sTING? No: STING Agonists"),
        ("STING agonist", "stimulator of interferon genes (STING) agonists"),
        ("ME/CFS", "Living with ME/CFS."),
        ("ME/CFS", "ME-CFS and sleep"),
        ("ME/CFS", "(ME / CFS)"),
        ("UMI", "UMIs count molecules"),
        ("iPSCs", "an iPSC line"),
        ("SARS-CoV-2", "SARS CoV-2 in cats"),
        ("SARS-CoV-2", "SARS‑CoV2"),
        ("Covid-19", "COVID-19, covid19 and CoViD 19"),
        ("TDP-43", "TDP43 aggregates"),
        ("C9orf72", "C9ORF72 repeat"),
        ("Chronic fatigue syndrome", "CHRONIC FATIGUE SYNDROME"),
        ("chronic fatigue syndrome", "chronic-fatigue\n  syndromes"),
        ("microbicides", "A microbicide gel"),
        ("disease", "Diseases of fish"),
        ("diseases", "A disease of fish"),
        ("metastasis", "Liver metastases"),
        ("virus", "two viruses"),
        ("gene therapy", "gene therapies"),
        ("Crohn's disease", "Crohn’s disease"),
        ("Crohn's disease", "Crohn disease"),
        ("Su(var)", "loss of Su(var)3-9"),
        ("2'3'-cGAMP", "2′3′-cGAMP given early"),
        ("naïve pluripotency", "nai\u0308ve pluripotency"),
        ("β-catenin", "Nuclear β‑catenin"),
        ("interferon", "IFN (interferon)/β"),
        ("exosome", "exo\u00adsomes"),
        ("Sjogren's syndrome", "Sjögren syndrome"),
        ("tumour", "A tumor of the lung"),
        ("anemia", "Anaemias of old age"),
        ("randomised trial", "A randomized trial"),
        ("leukocyte", "leucocytes"),
        ("interleukin-1beta", "Interleukin-1β"),
        ("microorganism", "Micro-organisms of the gut"),
        ("anti-inflammatory agent", "antiinflammatory agents"),
        ("Fatigue Syndrome, Chronic", "chronic fatigue syndrome"),
        ("bacterium", "gram-negative bacteria"),
        ("COVID-19", "Covid-19 in children"),
    ],
)
def test_what_is_found(term: str, text: str) -> None:
    assert matches(term, text)


@pytest.mark.parametrize("text", ["SARS-CoV-2", "Sars-CoV-2", "SARS-Cov-2", "sars cov 2", "SARSCoV2", "SARS-COV-2"])
def test_a_name_with_a_number_is_found_in_any_capitals(text: str) -> None:
    assert compile_names(["SARS", "CoV", "SARS-CoV-2"]).match(f"{text} in cats", "", ()) is not None
    found = compile_names(["SARS-CoV-2", "SARS", "CoV"]).match("x", f"In {text} cats", ())
    assert found is not None
    assert found.terms == (text,)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("STING", "the sting of a bee"),
        ("STING", "Stinging nettles; TESTING"),
        ("STING agonist", "sting agonists"),
        ("ALS", "also, als, Als"),
        ("ME/CFS", "me/cfs"),
        ("ME/CFS", "ME and CFS"),
        ("IL-1", "IL-17"),
        ("small cell lung cancer", "non-small-cell lung cancer"),
        ("IL-1", "IL-1β"),
        ("IL-1", "IL-1-β"),
        ("SARS-CoV", "SARS-CoV-2"),
        ("exosome", "exosomal"),
        ("exosome", "nanoexosomes"),
        ("microbicide", "microbicidal"),
        ("chronic fatigue syndrome", "chronic fatigue. Syndrome"),
        ("blastomycosis", "paracoccidioidomycosis"),
        ("", "anything"),
        ("—", "— —"),
    ],
)
def test_what_is_not_found(term: str, text: str) -> None:
    assert not matches(term, text)


def test_a_match_says_where_and_how_often() -> None:
    found = compile_feed(FATIGUE).match(
        "Sleep in chronic fatigue syndrome",
        "Chronic fatigue syndrome is common. ME/CFS is not rare. ME/CFS, again.",
        ["Sleep", "ME/CFS"],
    )
    assert found is not None
    assert found.why == "title: chronic fatigue syndrome; keyword: ME/CFS; 3 times in the abstract"
    assert found.terms == ("chronic fatigue syndrome", "ME/CFS")
    assert found.relevance > 0.9


def test_a_match_in_the_abstract_alone_names_what_was_found() -> None:
    found = compile_names(FATIGUE.synonyms).match("Sleep", "In Myalgic Encephalomyelitis sleep is poor.", ())
    assert found is not None
    assert found.why == "once in the abstract: Myalgic Encephalomyelitis"
    assert found.terms == ("Myalgic Encephalomyelitis",)


def test_relevance_goes_by_place_and_number() -> None:
    matcher = compile_names(["microbicide"])
    texts = [
        ("x", "x " * 30 + "microbicide " + "x " * 30, ()),
        ("x", "x " * 30 + "microbicide microbicide " + "x " * 30, ()),
        ("x", "x " * 30 + "microbicide " * 9, ()),
        ("microbicide", "x " * 30 + "microbicide " * 9, ()),
        ("microbicide", "x " * 30 + "microbicide " * 9, ("microbicides",)),
    ]
    scores = [found.relevance for text in texts if (found := matcher.match(*text))]
    assert scores == sorted(set(scores))
    assert len(scores) == len(texts)
    assert 0 < scores[0] < 0.6
    assert 0.8 < scores[-1] <= 1.0


@pytest.mark.parametrize(
    ("title", "abstract", "keywords", "belongs"),
    [
        ("Chronic fatigue syndrome", "unlike cancer-related fatigue", (), True),
        ("Fatigue", "Chronic fatigue syndrome, unlike cancer related fatigue", (), False),
        ("Chronic fatigue syndrome and cancer-related fatigue", "", (), False),
        ("Chronic fatigue syndrome", "", ("Cancer-related fatigue",), False),
        ("Cancer-related fatigue", "", (), False),
    ],
)
def test_excluded_terms(title: str, abstract: str, keywords: tuple[str, ...], belongs: bool) -> None:
    assert (compile_feed(FATIGUE).match(title, abstract, keywords) is not None) is belongs


def test_a_title_in_capitals_does_not_prove_a_short_form() -> None:
    matcher = compile_names(["STING", "STING agonist", "TDP-43"])
    assert matcher.match("DEATH BY THE STING OF A BEE", "", ()) is None
    assert matcher.match("DEATH BY THE STING OF A BEE", "Not STING the receptor", ()) is not None
    assert matcher.match("A REVIEW OF STING AGONISTS", "", ()) is not None
    assert matcher.match("A REVIEW OF TDP-43 BIOLOGY", "", ()) is not None
    assert matcher.match("STING", "", ()) is not None


def test_a_bare_short_form_counts_only_where_it_is_listed() -> None:
    feed = FeedRecord(1, "sting-receptor-agonists", "STING receptor agonists", synonyms=("STING agonist",))
    assert compile_feed(feed).match("STING in lupus", "STING", ("STING",)) is None
    assert compile_feed(feed).match("A STING agonist in mice", "", ()) is not None


def test_papers_that_a_query_found_are_ordered_by_their_text() -> None:
    plain = PaperRecord(1, "Sleep", "https://example.org/1", source="pubmed")
    indexed = PaperRecord(
        2,
        "Sleep",
        "https://example.org/2",
        mesh=(MeshHeading("Humans"), MeshHeading("Fatigue Syndrome, Chronic", major=True)),
        source="europepmc",
    )
    named = PaperRecord(
        3,
        "Sleep in ME/CFS, not in cancer-related fatigue",
        "https://example.org/3",
        abstract=(AbstractSection("AIM", "ME/CFS."), AbstractSection("", "ME/CFS!")),
    )
    found = [relevance_of(compile_feed(FATIGUE), paper) for paper in (plain, named, indexed)]
    assert found[0] == Match(0.3, "found by this feed's PubMed query")
    assert found[2].why == "found by this feed's Europe PMC query; heading: Fatigue Syndrome, Chronic"
    assert found[1].why == "found by this feed's query; title: ME/CFS; twice in the abstract"
    assert found[1].terms == ("ME/CFS",)
    assert found[0].relevance < 0.8 < min(found[1].relevance, found[2].relevance)


_ANY = st.text(st.characters(codec="utf-8"), max_size=60)
_LETTERS = st.characters(categories=("L", "N"))
_TERM = st.lists(st.text(_LETTERS, min_size=1, max_size=8), min_size=1, max_size=4).map(" ".join)


@given(st.lists(_ANY, max_size=5), st.lists(_ANY, max_size=3), _ANY, _ANY, st.lists(_ANY, max_size=3))
def test_matching_never_raises_and_stays_in_bounds(
    names: list[str], exclude: list[str], title: str, abstract: str, keywords: list[str]
) -> None:
    found = compile_names(names, exclude).match(title, abstract, keywords)
    if found is not None:
        assert 0 < found.relevance <= 1
        assert found.why
        text = " ".join((title, abstract, *keywords))
        assert all(visible(text).count(word) for term in found.terms for word in term.split())


@given(_TERM, st.text("abc .,;-()", max_size=30), st.text("abc .,;-()", max_size=30))
def test_a_term_between_sentences_is_found(term: str, before: str, after: str) -> None:
    assume(tokens_of(visible(term)))
    assert matches(term, f"{before} . {term} . {after}")


@given(st.text("abcxyz", min_size=1, max_size=8), st.text("abcxyz", min_size=1, max_size=3))
def test_a_term_inside_a_word_is_not_found(term: str, letters: str) -> None:
    assume(key_of_word(letters + term) != key_of_word(term))
    assert not matches(term, letters + term)


@given(st.lists(st.text("abcxyz", min_size=1, max_size=8), min_size=1, max_size=4).map(" ".join))
def test_capitals_do_not_matter_in_common_words(term: str) -> None:
    assert matches(term, f"x {term.upper()} x")
    assert matches(term, f"x {term.title()} x")


TUMOR_VESICLES = FeedRecord(7, "tumor-vesicles", "Vesicles of tumors", synonyms=("exosome + tumor",))


@pytest.mark.parametrize(
    ("title", "abstract", "belongs"),
    [
        ("Exosomes of a tumor", "", True),
        ("Exosomes and their freight", "Tumors shed them. A tumor sheds many.", True),
        ("Exosomes of the heart", "No word of the other kind.", False),
        ("Tumors of the heart", "", False),
    ],
)
def test_names_that_a_paper_must_have_together(title: str, abstract: str, belongs: bool) -> None:
    assert (compile_feed(TUMOR_VESICLES).match(title, abstract, ()) is not None) is belongs


def test_names_together_confirm_the_short_forms_among_them() -> None:
    matcher = compile_feed(FeedRecord(9, "variegation", "Variegation", synonyms=("PEV + Drosophila", "PEV + yeast")))
    assert matcher.match("PEV in Drosophila", "", ()) is not None
    assert matcher.match("PEV in mice", "", ()) is None
    assert matcher.match("Pollen evaporation (PEV) beside Drosophila: PEV", "", ()) is None


def test_names_together_may_be_concepts_with_all_that_is_narrower() -> None:
    feed = FeedRecord(8, "liver-cancer", "Cancer at the liver", synonyms=("Liver + Neoplasms",))
    matcher = compile_feed(feed, VOCABULARY)
    assert matcher.match("Carcinoma in mice that lack a liver", "", ()) is not None
    assert matcher.match("Anemia in mice that lack a liver", "", ()) is None


def test_a_retracted_paper_comes_after_all_others() -> None:
    types = ("Journal Article", "Retracted Publication")
    paper = PaperRecord(1, "ME/CFS explained", "https://example.org/1", publication_types=types, source="pubmed")
    assert relevance_of(compile_feed(FATIGUE), paper).relevance == 0
    assert relevance_of(compile_feed(FATIGUE), replace(paper, publication_types=())).relevance > 0.5


def test_what_goes_with_a_feed_is_told_as_the_paper_writes_it_and_beside_its_names() -> None:
    reading = compile_names(["COVID-19"]).read("COVID-19 in mice", "Diseases of an oesophagus, and PCR.", ())
    words = ("covid", "19", *reading.written_words(("diseas", "esophagus", "mous", "pcr")).values())
    found = Evidence(title=1, spans=[(TITLE, 0, 2)])
    assert Told(reading, found, (), words).words == "title: COVID-19; goes with it: mice, diseases, oesophagus, PCR"
    assert Told(reading, found, (), ("covid", "19")).words == "title: COVID-19"
