"""Europe PMC's core records as announcements."""

from __future__ import annotations

import gzip
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.collect.sources.europepmc_record import announced
from bot.models.papers import AbstractSection, Announcement, Author, Identifier, Mark, MeshHeading, Notice
from tests.collect.core_records import record

TODAY = date(2026, 11, 23)


def told(**more: Any) -> Announcement:
    return announced(record(7, **more), TODAY)


def test_a_whole_record() -> None:
    paper = told(
        pmcid="PMC700",
        title="Loss of <i>Tdp</i>-43 &amp; H<sub>2</sub>S, with p &lt; 0.05",
        abstractText="First words.<h4>Background</h4>Granules <i>form</i>.<h4>Results:</h4>x &lt; y.<h4>Empty</h4>",
        authorList={
            "author": [
                {"fullName": "Doe J", "firstName": "Jane", "lastName": "Doe", "initials": "J"},
                {"collectiveName": "Granule Consortium"},
                {"fullName": "Roe RA"},
                {},
            ]
        },
        journalInfo={"journal": {"title": "Journal of Granules"}, "dateOfPublication": "2026 Dec",
                     "printPublicationDate": "2026-12-01"},
        electronicPublicationDate="2026-11-19",
        keywordList={"keyword": ["Stress granules", "<i>Tdp-43</i>", "Stress granules"]},
        meshHeadingList={"meshHeading": [
            {"majorTopic_YN": "Y", "descriptorName": "Stress Granules"},
            {"majorTopic_YN": "N", "descriptorName": "Humans",
             "meshQualifierList": {"meshQualifier": [{"majorTopic_YN": "Y", "qualifierName": "genetics"}]}},
        ]},
        pubTypeList={"pubType": ["Journal Article", "Review"]},
        language="eng",
        dateOfRevision="2026-11-22",
    )  # fmt: skip
    assert paper == Announcement(
        source="europepmc",
        identifiers=(Identifier("pmid", "7"), Identifier("doi", "10.5555/epmc.7"), Identifier("pmcid", "PMC700")),
        title="Loss of Tdp-43 & H₂S, with p < 0.05",
        url="https://doi.org/10.5555/epmc.7",
        abstract=(
            AbstractSection("", "First words."),
            AbstractSection("Background", "Granules form."),
            AbstractSection("Results", "x < y."),
        ),
        authors=(Author("Doe", "Jane", "J"), Author("Granule Consortium"), Author("Roe", "", "RA")),
        journal="Journal of Granules",
        keywords=("Stress granules", "Tdp-43"),
        mesh=(MeshHeading("Stress Granules", "", major=True), MeshHeading("Humans")),
        publication_types=("Journal Article", "Review"),
        published="2026-11-19",
        indexed=date(2026, 11, 20),
        language="en",
        revised=date(2026, 11, 22),
    )


def test_a_preprint() -> None:
    paper = told(
        id="PPR900", source="PPR", pmid=None, doi="10.1101/2026.11.01.123456", versionNumber=2,
        bookOrReportDetails={"publisher": "bioRxiv", "yearOfPublication": 2026},
        pubTypeList={"pubType": ["Preprint"]},
        commentCorrectionList={"commentCorrection": [{"source": "MED", "id": "77", "type": "Preprint of"}]},
    )  # fmt: skip
    assert (paper.preprint, paper.version, paper.journal) == (True, 2, "bioRxiv")
    assert paper.identifiers == (
        Identifier("doi", "10.1101/2026.11.01.123456"),
        Identifier("biorxiv", "2026.11.01.123456"),
        Identifier("europepmc", "PPR/PPR900"),
    )
    assert paper.links == (Identifier("pmid", "77"),)


def test_versions_of_a_preprint_share_their_work() -> None:
    one, two = (
        told(id=f"PPR{n}", source="PPR", pmid=None, doi=f"10.21203/rs.3.rs-55555/v{n}", versionNumber=n) for n in (1, 2)
    )
    assert set(one.identifiers) & set(two.identifiers) == {Identifier("work", "10.21203/rs.3.rs-55555")}
    assert (one.version, two.version) == (1, 2)


@pytest.mark.parametrize(
    ("relation", "links", "marks", "notices"),
    [
        (
            {"source": "PPR", "id": "PPR900", "type": "Preprint in"},
            ["europepmc:PPR/PPR900"], [], [],
        ),
        ({"source": "MED", "id": "5", "type": "Retraction in"}, [], [Mark.RETRACTED], []),
        ({"source": "MED", "id": "5", "type": "Expression of concern in"}, [], [Mark.CONCERN], []),
        ({"source": "MED", "id": "5", "type": "Erratum in"}, [], [Mark.CORRECTED], []),
        ({"source": "MED", "id": "5", "type": "Retraction of"}, [], [], [(Mark.RETRACTED, "pmid:5")]),
        ({"source": "MED", "id": "5", "type": "Erratum for"}, [], [], [(Mark.CORRECTED, "pmid:5")]),
        ({"source": "PMC", "id": "PMC5", "type": "Expression of concern for"}, [], [], [(Mark.CONCERN, "pmcid:PMC5")]),
        (
            {"reference": "J Gran. 2026;1:2. doi: 10.5555/Gone.", "type": "Retraction of"},
            [], [], [(Mark.RETRACTED, "doi:10.5555/gone")],
        ),
        ({"reference": "J Gran. 2026;1:2.", "type": "Retraction of"}, [], [], []),
        ({"source": "MED", "id": "5", "type": "Comment in"}, [], [], []),
        ({"source": "MED", "id": "5", "type": "Update of", "reference": "Cochrane. doi: 10.5555/old"}, [], [], []),
        (
            {"source": "MED", "id": "5", "type": "Update of", "reference": "bioRxiv. doi: 10.1101/2026.11.01.123456"},
            ["pmid:5", "doi:10.1101/2026.11.01.123456"], [], [],
        ),
        ("nonsense", [], [], []),
    ],
)  # fmt: skip
def test_what_it_says_of_other_papers(
    relation: object, links: list[str], marks: list[Mark], notices: list[tuple[Mark, str]]
) -> None:
    paper = told(commentCorrectionList={"commentCorrection": [relation]})
    assert [str(link) for link in paper.links] == links
    assert list(paper.marks) == marks
    assert [(notice.mark, str(notice.about)) for notice in paper.notices] == notices
    assert all(isinstance(notice, Notice) for notice in paper.notices)


def test_a_preprint_of_pubmed_is_updated_by_its_article() -> None:
    relation = {"source": "MED", "id": "5", "type": "Update in"}
    listed = {"commentCorrection": [relation]}
    assert told(commentCorrectionList=listed).links == ()
    preprint = told(commentCorrectionList=listed, pubTypeList={"pubType": ["Preprint"]})
    assert (preprint.preprint, preprint.links) == (True, (Identifier("pmid", "5"),))


@pytest.mark.parametrize(
    ("kind", "marks"),
    [
        ("Retracted Publication", (Mark.RETRACTED,)),
        ("preprint-withdrawal", (Mark.RETRACTED,)),
        ("preprint-removal", (Mark.RETRACTED,)),
        # These are notices, not what has become of the notice.
        ("Retraction of Publication", ()),
        ("Published Erratum", ()),
        ("Expression of Concern", ()),
    ],
)
def test_types_that_mark_a_paper(kind: str, marks: tuple[Mark, ...]) -> None:
    assert told(pubTypeList={"pubType": ["Journal Article", kind]}).marks == marks


@pytest.mark.parametrize(
    ("dates", "published", "indexed", "repairs"),
    [
        ({}, "2026-11-20", "2026-11-20", ()),
        ({"firstPublicationDate": "2125-01-01"}, "2026-11-23", "2026-11-20", ("date",)),
        ({"electronicPublicationDate": "2026-12-24"}, "2026-11-23", "2026-11-20", ("date",)),
        ({"electronicPublicationDate": "2026-02-31"}, "2026-02", "2026-11-20", ("date",)),
        ({"firstPublicationDate": None, "pubYear": "2026"}, "2026", "2026-11-20", ()),
        ({"firstPublicationDate": None}, "", "2026-11-20", ()),
        ({"firstPublicationDate": "soon"}, "", "2026-11-20", ()),
        ({"firstIndexDate": "2125-01-01"}, "2026-11-20", "2026-11-23", ("date",)),
        ({"firstIndexDate": "2026-02-31"}, "2026-11-20", "2026-11-23", ("date",)),
        ({"firstIndexDate": None}, "2026-11-20", "2026-11-23", ("date",)),
        # What Europe PMC fills in is not told.
        (
            {"firstPublicationDate": "2027-01-01",
             "journalInfo": {"printPublicationDate": "2027-01-01", "dateOfPublication": "2027 Jan-Feb"}},
            "2027-01", "2026-11-20", (),
        ),
        (
            {"firstPublicationDate": "2026-07-01",
             "journalInfo": {"printPublicationDate": "2026-07-01", "dateOfPublication": "2026 Summer"}},
            "2026", "2026-11-20", (),
        ),
    ],
)  # fmt: skip
def test_dates_are_as_precise_as_they_are_said_and_never_far_ahead(
    dates: dict[str, Any], published: str, indexed: str, repairs: tuple[str, ...]
) -> None:
    paper = told(**dates)
    assert (paper.published, str(paper.indexed), paper.repairs) == (published, indexed, repairs)


def test_a_record_of_another_database_has_its_page_for_a_name() -> None:
    paper = announced({"id": "EP 1/2", "source": "PAT", "firstIndexDate": "2026-11-20"}, TODAY)
    assert paper.identifiers == (Identifier("europepmc", "PAT/EP 1/2"),)
    assert (paper.title, paper.url) == ("[no title]", "https://europepmc.org/article/PAT/EP%201%2F2")
    paper = announced({"id": "PMC55", "source": "PMC", "authorString": "Doe J, Roe RA."}, TODAY)
    assert paper.identifiers == (Identifier("pmcid", "PMC55"),)
    assert paper.authors == (Author("Doe", "", "J"), Author("Roe", "", "RA"))


def test_hostile_text_is_text() -> None:
    paper = told(
        doi="javascript:alert(1)", pmid="1 or 1", id="../../x?<y>",
        title="<script>alert(1)</script>\u202eGranules\u0000 \u200band &lt;img src=x onerror=alert(1)&gt;",
        abstractText="<h4>" * 5_000 + "<h4 onclick=x>A</h4>" * 10,
    )  # fmt: skip
    assert paper.title == "Granules and <img src=x onerror=alert(1)>"
    assert paper.url == "https://europepmc.org/article/MED/..%2F..%2Fx%3F%3Cy%3E"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = (
    "id source pmid pmcid doi title authorList authorString journalInfo abstractText keywordList meshHeadingList "
    "language pubTypeList commentCorrectionList firstIndexDate firstPublicationDate dateOfRevision versionNumber "
    "bookOrReportDetails"
).split()


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=8))
def test_no_record_is_too_odd(odd: dict[str, Any]) -> None:
    paper = announced(odd, TODAY)
    assert paper.title
    assert paper.url.startswith("https://")
    assert paper.indexed
    assert paper.indexed <= TODAY


@pytest.mark.parametrize("name", ["search_cancer_core.json", "search_1000results_cancer.json.gz"])
def test_real_records(shared: Path, name: str) -> None:
    path = shared / "data" / "api" / "europepmc" / name
    records = json.loads(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
    papers = [announced(each, TODAY) for each in records["resultList"]["result"]]
    assert len(papers) in {25, 1000}
    assert not [paper for paper in papers if paper.repairs or not paper.identifiers or not paper.journal]
    assert not [paper for paper in papers if re.search(r"</?(?:i|b|su[bp]|h4)>", repr(paper))]
    assert {paper.preprint for paper in papers if paper.source == "europepmc"} <= {True, False}
