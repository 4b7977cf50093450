"""Dates that are laid before a day, and what of a record can be searched."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from bot.demo.query import read_query
from bot.demo.records import Record, atom_of, records_of

TODAY = date(2026, 3, 2)


def record(folder: Path, *, dates: str = "", history: str = '<PubMedPubDate PubStatus="entrez"/>') -> Record:
    file = folder / "records.xml"
    file.write_text(
        f"""<PubmedArticleSet><PubmedArticle age="3"><MedlineCitation><PMID Version="1">7</PMID><Article>
        <Journal><JournalIssue>{dates}</JournalIssue><Title>Journal of Samples</Title></Journal>
        <ArticleTitle>On <i>Blastomyces</i> in CO<sub>2</sub></ArticleTitle>
        <Abstract><AbstractText Label="A">One end</AbstractText>
        <AbstractText Label="B">begins anew</AbstractText></Abstract>
        </Article><MeshHeadingList><MeshHeading><DescriptorName MajorTopicYN="N">Lung</DescriptorName>
        <QualifierName MajorTopicYN="Y">pathology</QualifierName></MeshHeading></MeshHeadingList>
        <KeywordList><Keyword>wood</Keyword></KeywordList></MedlineCitation>
        <PubmedData><History>{history}</History></PubmedData></PubmedArticle></PubmedArticleSet>""",
        encoding="utf-8",
    )
    (found,) = records_of(file, TODAY)
    return found


def text_of(found: Record, path: str) -> str:
    return " ".join("".join(each.itertext()) for each in etree.fromstring(found.xml).iterfind(f".//{path}"))


@pytest.mark.parametrize(
    ("empty", "parts"),
    [
        ("<PubDate/>", ["2026", "Feb", "27"]),
        ('<PubDate age="60"/>', ["2026", "Jan", "01"]),
        ('<PubDate to="month"/>', ["2026", "Feb"]),
        ('<PubDate><MedlineDate age="61"/></PubDate>', ["2025 Nov-Dec"]),
        ("<PubDate><Year>1999</Year></PubDate>", ["1999"]),
    ],
)
def test_issue_dates(tmp_path: Path, empty: str, parts: list[str]) -> None:
    issue = etree.fromstring(record(tmp_path, dates=empty).xml).find(".//PubDate")
    assert issue is not None
    assert [part.text for part in issue] == parts


def test_history_is_written_as_pubmed_writes_it(tmp_path: Path) -> None:
    found = record(tmp_path)
    history = etree.fromstring(found.xml).find(".//PubMedPubDate[@PubStatus='entrez']")
    assert history is not None
    assert [(part.tag, part.text) for part in history] == [
        ("Year", "2026"), ("Month", "2"), ("Day", "27"), ("Hour", "0"), ("Minute", "0"),
    ]  # fmt: skip
    assert found.entered == date(2026, 2, 27)


def test_dates_of_its_own_stay(tmp_path: Path) -> None:
    own = "<Year>2021</Year><Month>6</Month><Day>7</Day>"
    found = record(tmp_path, history=f'<PubMedPubDate PubStatus="entrez">{own}</PubMedPubDate>')
    assert found.entered == date(2021, 6, 7)
    assert own in found.xml


def test_ages_are_not_served(tmp_path: Path) -> None:
    found = record(tmp_path, dates='<PubDate age="2" to="month"/>')
    assert 'age="' not in found.xml
    assert 'to="' not in found.xml


@pytest.mark.parametrize(
    "term",
    [
        '"on blastomyces in co2"[ti]',
        '"begins anew"[tiab]',
        "wood[tiab]",
        "wood[ot]",
        "lung[mh]",
        "lung[majr]",
        "lung/pathology[mh]",
        '"journal of samples"[ta]',
        "7[pmid]",
        "pathology[tw]",
    ],
)
def test_can_be_found_by(tmp_path: Path, term: str) -> None:
    assert read_query(term).matches(record(tmp_path).searchable)


@pytest.mark.parametrize("term", ['"end begins"[tiab]', "lung[tiab]", "wood[ti]", '"co2 one"[tiab]'])
def test_cannot_be_found_by(tmp_path: Path, term: str) -> None:
    assert not read_query(term).matches(record(tmp_path).searchable)


def test_atom_times(tmp_path: Path) -> None:
    file = tmp_path / "journal.atom"
    file.write_text(
        """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:p="http://prismstandard.org/namespaces/basic/2.0/" age="0">
        <updated/><entry age="2"><updated/><published age="5"/><p:publicationDate/></entry>
        <entry age="2"><updated>2020-01-01T00:00:00Z</updated></entry></feed>""",
        encoding="utf-8",
    )
    feed = atom_of(file, TODAY)
    assert [each.text for each in etree.fromstring(feed).iter() if each.text and each.text.strip()] == [
        "2026-03-02T00:00:00Z",
        "2026-02-28T00:00:00Z",
        "2026-02-25T00:00:00Z",
        "2026-02-28",
        "2020-01-01T00:00:00Z",
    ]
    assert b"age=" not in feed
