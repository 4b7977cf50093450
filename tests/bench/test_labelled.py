"""Readers of labelled data sets: files written by hand in the forms in which those are published."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from bench.labelled import Document, JudgedConcept, Records, Review, pubtator
from bot.errors import BotError
from tests.collect.citations import article_set, citation

CORPUS = """
101|t|Quiet fever after saltwort.
101|a|A case of quiet fever | and of two palsies.
101\t0\t11\tQuiet fever\tDisease\tD900001
101\t18\t26\tsaltwort\tChemical\tD900050
101\t40\t51\tquiet fever\tDisease\tD900001
101\t60\t71\ttwo palsies\tDisease\tD900002|MESH:D900003\ttwo | palsies
101\t80\t85\tvague\tDisease\t-1
101\tCID\tD900050\tD900001

102|t|On families.
102|a|
102\t3\t11\tfamilies\tCompositeMention\t D900004+OMIM:600000
102\t3\t11\tfamilies\tModifier\tD900005
"""


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    body = text.encode()
    path.write_bytes(gzip.compress(body) if path.suffix == ".gz" else body)
    return path


def test_diseases_of_a_corpus_come_with_all_ids_of_a_mention() -> None:
    first, second = pubtator(CORPUS.splitlines(keepends=True))
    assert first[0] == Document("101", "Quiet fever after saltwort.", "A case of quiet fever | and of two palsies.")
    assert first[1] == {"D900001", "D900002", "D900003"}
    assert second[0] == Document("102", "On families.", "")
    assert second[1] == {"D900004", "OMIM:600000", "D900005"}


def test_the_parts_of_a_corpus_are_one_and_a_document_in_both_is_one(tmp_path: Path) -> None:
    put(tmp_path / "labelled/bc5cdr/Train.PubTator.txt.gz", CORPUS)
    put(tmp_path / "labelled/bc5cdr/Rest.txt", CORPUS.replace("102|", "103|").replace("\n102", "\n103"))
    corpus = Records((tmp_path,)).annotated("bc5cdr")
    assert corpus is not None
    assert sorted(document.id for document in corpus.documents) == ["101", "102", "103"]
    assert corpus.diseases["101"] == {"D900001", "D900002", "D900003"}
    assert Records((tmp_path,)).annotated("ncbi_disease") is None


def test_judged_papers_are_read_whatever_the_file_is_called(tmp_path: Path) -> None:
    rows = "# judged documents: 4\nD900001\tQuiet fever\tC90.1|F03.2\t2\t7,9\n#JUDGED\t7,8,9,10\n"
    put(tmp_path / "labelled/derived_qrels/update-of-some-year-private.tsv.gz", rows)
    put(tmp_path / "labelled/derived_qrels/baseline_one.tsv", rows)
    put(tmp_path / "labelled/derived_qrels/baseline_two.tsv", rows)
    one, two, update = Records((tmp_path,)).qrels()
    assert [one.name, two.name, update.name] == ["baseline_one", "baseline_two", "update"]
    assert update.judged == {"7", "8", "9", "10"}
    assert update.concepts == (JudgedConcept("D900001", ("C90.1", "F03.2"), frozenset({"7", "9"})),)


def test_without_what_was_judged_nothing_can_be_said(tmp_path: Path) -> None:
    put(tmp_path / "labelled/derived_qrels/baseline.tsv", "D900001\tQuiet fever\tC90\t2\t7,9\n")
    with pytest.raises(BotError, match=r"baseline\.tsv: no line #JUDGED"):
        Records((tmp_path,)).qrels()


def test_papers_are_looked_up_in_all_files_and_the_last_version_counts(tmp_path: Path) -> None:
    body = article_set(citation(1), citation(2), citation(3)).decode()
    put(tmp_path / "one/pubmed/pubmed21n1-private.xml.gz", body)
    put(tmp_path / "two/pubmed/pubmed-more.xml", article_set(citation(4)).decode())
    records = Records((tmp_path / "one", tmp_path / "two"))
    every = records.papers()
    assert len(every) == 4
    wanted = sorted(every)[1:3]
    assert records.papers(wanted) == {pmid: every[pmid] for pmid in wanted}
    assert all(one.id == pmid and one.title and one.text.startswith(one.title) for pmid, one in every.items())


def test_the_vocabulary_is_numbered_by_id(tmp_path: Path) -> None:
    rows = "D900002\tQuiet fever, Late\tLate fever|\tC90.1\t\nD900001\tQuiet fever\t\tC90\t\n\n"
    put(tmp_path / "vocab/mesh_id_label_mappings.tsv.gz", rows)
    vocabulary = Records((tmp_path,)).vocabulary()
    assert [one.name for one in vocabulary.descriptors] == ["Quiet fever", "Quiet fever, Late"]
    assert vocabulary.descriptors[1].terms == ("Late fever",)
    assert vocabulary.narrower(0) == (0, 1)


def test_a_folder_without_a_vocabulary_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BotError, match=r"no vocab/mesh_id_label_mappings\.tsv\.gz; name the folder that has vocab/"):
        Records((tmp_path,)).vocabulary()


def test_a_review_tells_what_was_taken_at_each_stage(tmp_path: Path) -> None:
    long = "x" * 200_000
    path = tmp_path / "labelled/cohen2006/QuietFevers.csv"
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["pubmedID", "title", "keywords", "authors", "abstracts", "label1", "label2"])
        rows.writerow(["1", 'Of "fevers"', "k", "a", "Two,\nlines", "I", "I"])
        rows.writerow(["2", "Of palsies", "k", "a", "NA", "I", "4"])
        rows.writerow(["3", "Of more", "k", "a", long, "5", "E"])
    put(tmp_path / "labelled/screening/A_2019.csv.gz", "record_id,title,abstract,label_included\n8,T,,1\n9,U,V,0\n")
    put(tmp_path / "labelled/cohen2006/README.md", "not a review")
    records = Records((tmp_path,))
    (review,) = records.reviews("cohen2006")
    assert review.name == "QuietFevers"
    assert review.documents == (
        Document("1", 'Of "fevers"', "Two,\nlines"), Document("2", "Of palsies", ""), Document("3", "Of more", long),
    )  # fmt: skip
    assert review.included == {"by abstract": {"1", "2"}, "by full text": {"1"}}
    assert records.reviews("screening") == [
        Review("A_2019", (Document("8", "T", ""), Document("9", "U", "V")), {"included": frozenset({"8"})})
    ]


def test_a_broken_file_is_one_line(tmp_path: Path) -> None:
    path = put(tmp_path / "labelled/bc5cdr/broken.txt.gz", CORPUS * 50)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BotError, match=r"records: .*broken\.txt\.gz: cannot be read: "):
        Records((tmp_path,)).annotated("bc5cdr")
