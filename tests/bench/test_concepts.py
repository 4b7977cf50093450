"""The benchmark of concepts as a whole: on what is made up, and by values on a few papers."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import concepts, concepts_judged, concepts_named, concepts_reviewed, made_labelled
from bench.labelled import Annotated, Document, Records, Review
from bench.measure import Asked, Case
from bench.review_topics import topic_of
from bench.taggers import feed_tagger, tagger
from bot.concepts.vocabulary import Vocabulary
from bot.errors import BotError
from bot.models.vocabulary import Descriptor

FEVER = Descriptor("D900001", "Quiet fever", ("calm fever",), ("C90",))
LATE = Descriptor("D900002", "Quiet fever, Late", (), ("C90.1",))
SALTWORT = Descriptor("D900003", "Saltwort", (), ("D90",))


@pytest.fixture(scope="module")
def made() -> tuple[list[Case], list[str]]:
    told: list[str] = []
    return list(concepts.run(Asked(tell=told.append))), told


def test_without_a_folder_it_runs_on_what_is_made_up_and_says_so(made: tuple[list[Case], list[str]]) -> None:
    cases, told = made
    assert "made up, which say nothing of real ones" in told[0]
    assert {case.bench for case in cases} == {"concepts"}
    starts = {case.case.partition(",")[0].partition(":")[0] for case in cases}
    assert starts == {"baseline", "update", "bc5cdr", "ncbi_disease", "cohen2006", "screening"}


def test_every_measure_stands_beside_its_peers(made: tuple[list[Case], list[str]]) -> None:
    cases, _ = made
    group = [case for case in cases if case.case.startswith("baseline, diseases with 15 to 300 papers: ")]
    assert [(case.case.partition(": ")[2], (case.peer or "").partition(",")[0]) for case in group] == [
        ("how many", ""),
        ("precision", "exact phrases"),
        ("recall", "exact phrases"),
        ("F1, mean of each concept's", "exact phrases"),
        ("F1 of mean precision and recall", "exact phrases"),
        ("micro precision", "exact phrases"),
        ("micro recall", "exact phrases"),
        ("micro F1", "exact phrases"),
        ("average precision", "exact phrases"),
        ("nDCG@10", "exact phrases"),
        ("average precision", "BM25"),
        ("nDCG@10", "BM25"),
    ]
    assert len({(case.case, case.peer) for case in cases}) == len(cases)
    assert all(0 <= case.value <= 1 for case in cases if case.unit == "of 1" and "WSS" not in case.case)


def test_ways_to_write_a_name_are_known_that_exact_phrases_miss(made: tuple[list[Case], list[str]]) -> None:
    cases, _ = made
    for case in cases:
        if case.case.endswith(": micro F1"):
            assert case.value > 0.8, case
            assert case.ratio is not None
            assert case.ratio > 1, case


def test_what_is_made_up_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        made_labelled.write(tmp_path / name)
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert len(files) == 8
    assert all((tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes() for path in files)


def test_only_what_a_folder_has_is_measured(tmp_path: Path) -> None:
    made_labelled.write(tmp_path)
    for path in (tmp_path / "labelled").glob("*/*"):
        if path.parent.name != "screening":
            path.unlink()
    cases = list(concepts.run(Asked(records=(tmp_path, tmp_path / "vocab" / "mesh_id_label_mappings.tsv"))))
    assert {case.case.partition(",")[0] for case in cases} == {"screening"}


def test_a_folder_without_data_sets_is_one_line(tmp_path: Path) -> None:
    made_labelled.write(tmp_path)
    for path in (tmp_path / "labelled").glob("*/*"):
        path.unlink()
    with pytest.raises(BotError, match=r"^records: .*: no data sets in labelled/; name the folder that has labelled/"):
        list(concepts.run(Asked(records=(tmp_path,))))


def test_papers_that_are_missing_are_left_out_and_counted(tmp_path: Path) -> None:
    made_labelled.write(tmp_path)
    path = tmp_path / "labelled/derived_qrels/baseline_made.tsv"
    text = path.read_text().replace("#JUDGED\t", "D999999\tNo such\tC99\t20\t9000001\n#JUDGED\t77,78,")
    path.write_text(text)
    told: list[str] = []
    records = Records((tmp_path,))
    vocabulary = records.vocabulary()
    assert list(concepts_judged.cases(records, vocabulary, tagger(vocabulary), told.append))
    assert "concepts: baseline: 2 of 452 papers are not in pubmed/, and left out" in told
    assert "concepts: baseline: 1 concepts are not in the vocabulary, and left out" in told


def test_a_paper_is_about_what_is_broader_too() -> None:
    ours = tagger(Vocabulary([FEVER, LATE, SALTWORT]))
    assert set(ours.concepts("Late quiet fevers", "")) == {0, 1}
    assert set(ours.named("Late quiet fevers", "and saltwort")) == {1, 2}


def test_only_diseases_that_the_vocabulary_knows_are_counted() -> None:
    corpus = Annotated(
        "bc5cdr",
        (Document("1", "Quiet fever", "late quiet fever, saltwort"), Document("2", "Calm fevers", "")),
        {"1": frozenset({"D900001", "D900003", "OMIM:1", "C900009"}), "2": frozenset({"D900001", "D900002"})},
    )
    vocabulary = Vocabulary([FEVER, LATE, SALTWORT])
    told: list[str] = []
    cases = {one.case: one for one in concepts_named.cases(corpus, vocabulary, tagger(vocabulary), told.append)}
    assert told[0].endswith("1 of OMIM, 1 of other trees, 1 of supplementary or former concepts")
    assert (cases["bc5cdr: how many"].value, cases["bc5cdr: left out"].value) == (3, 3)
    # Found: fever and late fever in 1, fever in 2; of these two are marked, and one that is marked is not found.
    assert cases["bc5cdr: micro precision"].value == pytest.approx(2 / 3, abs=1e-4)
    assert cases["bc5cdr: micro recall"].value == pytest.approx(2 / 3, abs=1e-4)
    # Exact names find `quiet fever` twice in 1, once within the longer name, which the vocabulary writes otherwise.
    assert cases["bc5cdr: micro recall"].peer_value == pytest.approx(1 / 3, abs=1e-4)
    # Fever: precision 1, recall 1; late fever: 0 and 0.
    assert (cases["bc5cdr: precision"].value, cases["bc5cdr: recall"].value) == (0.5, 0.5)


def test_a_review_is_ranked_as_a_feed_on_its_subject() -> None:
    documents = (Document("1", "Nothing", ""), Document("2", "Quiet fevers", ""), Document("3", "Fever", "a quiet one"))
    review = Review("QuietFever", documents, {"included": frozenset({"2"}), "never": frozenset()})
    cases = {one.case: one for one in concepts_reviewed.cases("screening", [review], lambda _: None)}
    assert cases["screening, QuietFever, included: average precision"].value == 1
    assert cases["screening, mean of 1, included: nDCG@10"].value == 1
    assert cases["screening, mean of 1, included: WSS@95"].value == pytest.approx(2 / 3 - 0.05, abs=1e-4)
    assert not any("never" in name for name in cases)


def test_a_review_that_nobody_has_described_is_passed_over_and_named() -> None:
    told: list[str] = []
    review = Review("Nobody_2031", (Document("1", "T", ""),), {"included": frozenset({"1"})})
    assert list(concepts_reviewed.cases("screening", [review], told.append)) == []
    assert "Nobody_2031: nobody has said what it is about; add it to bench/review_topics.py" in told[0]


def test_reviews_are_known_by_their_names() -> None:
    known = topic_of("Proton-pump_inhibitors")
    assert known is not None
    assert "omeprazole" in known.names
    assert topic_of("QuietNSAIDFevers") == ("Quiet NSAID Fevers", ())
    assert topic_of("Nobody_2031") is None


def test_a_feed_is_found_by_any_of_its_names() -> None:
    topic = topic_of("Statins")
    assert topic is not None
    feeds = feed_tagger((topic,))
    assert feeds.feeds("Simvastatin in the old", "")[0] > feeds.feeds("Of lipids", "One took simvastatin.")[0] > 0
    assert not feeds.feeds("Of lipids", "")
