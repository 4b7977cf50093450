"""PubMed's XML, field by field, on citations written by hand, odd ones first of all."""

from __future__ import annotations

import contextlib
import gzip
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.collect.sources.pubmed_xml import citations, citations_of
from bot.errors import SourceError
from bot.models.papers import AbstractSection, Announcement, Author, Identifier, MeshHeading
from tests.collect.citations import BOOK, article_set, citation

TODAY = date(2026, 11, 23)
SHARED = Path(__file__).parents[3] / "shared" / "data" / "pubmed"


def read(record: str) -> Announcement:
    (found,) = citations_of(article_set(record), TODAY)
    return found.announcement


def test_a_full_citation() -> None:
    paper = read(
        citation(
            34567,
            title="<i>Vibrio</i> in H<sub>2</sub>O: p &lt; 0.05.",
            article="""<ELocationID EIdType="pii" ValidYN="Y">S1</ELocationID>
            <ELocationID EIdType="doi" ValidYN="Y">10.1000/ABC.1</ELocationID>
            <Abstract><AbstractText Label="BACKGROUND" NlmCategory="BACKGROUND">Cells  <b>grow</b>.</AbstractText>
            <AbstractText Label="UNLABELLED">They do.</AbstractText><AbstractText/>
            <CopyrightInformation>Theirs.</CopyrightInformation></Abstract>
            <AuthorList CompleteYN="Y"><Author ValidYN="Y"><LastName>Curie</LastName><ForeName>Marie S</ForeName>
            <Initials>MS</Initials><AffiliationInfo><Affiliation>Paris</Affiliation></AffiliationInfo></Author>
            <Author ValidYN="Y"><LastName>King</LastName><ForeName>Martin</ForeName><Initials>M</Initials>
            <Suffix>Jr</Suffix></Author><Author ValidYN="N"><LastName>Wrong</LastName></Author>
            <Author ValidYN="Y"><CollectiveName>Example Study Group</CollectiveName></Author></AuthorList>
            <PublicationTypeList><PublicationType UI="D016428">Journal Article</PublicationType>
            <PublicationType UI="D016454">Review</PublicationType></PublicationTypeList>
            <ArticleDate DateType="Electronic"><Year>2026</Year><Month>11</Month><Day>3</Day></ArticleDate>""",
            medline="""<MeshHeadingList><MeshHeading>
            <DescriptorName UI="D014733" MajorTopicYN="N">Vibrio</DescriptorName>
            <QualifierName UI="Q000254" MajorTopicYN="Y">growth</QualifierName></MeshHeading><MeshHeading>
            <DescriptorName UI="D006801" MajorTopicYN="N">Humans</DescriptorName></MeshHeading></MeshHeadingList>
            <KeywordList Owner="NOTNLM"><Keyword MajorTopicYN="N">water</Keyword><Keyword>water</Keyword>
            <Keyword>Na<sup>+</sup></Keyword></KeywordList>""",
            ids='<ArticleId IdType="pmc">PMC7654321</ArticleId><ArticleId IdType="doi">10.1000/abc.1</ArticleId>',
        )
    )
    assert paper == Announcement(
        source="pubmed",
        identifiers=(
            Identifier("pmid", "34567"),
            Identifier("doi", "10.1000/abc.1"),
            Identifier("pmcid", "PMC7654321"),
        ),
        title="Vibrio in H₂O: p < 0.05.",
        url="https://doi.org/10.1000/abc.1",
        abstract=(AbstractSection("BACKGROUND", "Cells grow."), AbstractSection("", "They do.")),
        authors=(Author("Curie", "Marie S", "MS"), Author("King", "Martin", "M Jr"), Author("Example Study Group")),
        journal="Journal of Examples",
        keywords=("water", "Na⁺"),
        mesh=(MeshHeading("Vibrio", "D014733", major=True), MeshHeading("Humans", "D006801")),
        publication_types=("Journal Article", "Review"),
        published="2026-11-03",
        indexed=date(2026, 11, 20),
        language="en",
    )


def test_a_bare_citation() -> None:
    paper = read(citation(7, issued="<Year>2026</Year>"))
    assert paper.identifiers == (Identifier("pmid", "7"),)
    assert paper.url == "https://pubmed.ncbi.nlm.nih.gov/7/"
    assert (paper.authors, paper.abstract, paper.published, paper.repairs) == ((), (), "2026", ())


def test_a_book() -> None:
    paper = read(BOOK)
    assert paper.title == "A rare example"
    assert paper.journal == "Reviews of Examples"
    assert paper.authors == (Author("Writer", "Wanda", "W"),)
    assert paper.abstract == (AbstractSection("CLINICAL CHARACTERISTICS", "Rare."),)
    assert (paper.published, paper.indexed) == ("1993", date(2026, 11, 19))
    assert (paper.publication_types, paper.keywords) == (("Review",), ("exemplarity",))


def test_a_whole_book_has_its_own_title() -> None:
    paper = read(BOOK.replace('<ArticleTitle book="ex" part="one">A rare example</ArticleTitle>', ""))
    assert (paper.title, paper.journal) == ("Reviews of Examples", "")


@pytest.mark.parametrize(
    ("doi", "url"),
    [
        ("https://doi.org/10.1000/X%28Y%29", "https://doi.org/10.1000/x(y)"),
        (
            "doi:10.1002/(SICI)1097&lt;1::AID-1&gt;3.0.CO;2-A",
            "https://doi.org/10.1002/(sici)1097%3C1::aid-1%3E3.0.co;2-a",
        ),
        ("not a doi", "https://pubmed.ncbi.nlm.nih.gov/1/"),
    ],
)
def test_dois(doi: str, url: str) -> None:
    assert read(citation(ids=f'<ArticleId IdType="doi">{doi}</ArticleId>')).url == url


def test_a_doi_that_is_marked_as_wrong_is_not_taken() -> None:
    wrong = '<ELocationID EIdType="doi" ValidYN="N">10.1000/wrong</ELocationID>'
    assert read(citation(article=wrong)).identifiers == (Identifier("pmid", "1"),)
    repeated = '<ArticleId IdType="doi">10.1000/WRONG</ArticleId>'
    assert read(citation(article=wrong, ids=repeated)).identifiers == (Identifier("pmid", "1"),)


@pytest.mark.parametrize(
    ("title", "vernacular", "shown"),
    [
        ("[A translated title].", "Un titre.", "[A translated title]."),
        ("[Not Available].", "Un titre.", "Un titre."),
        ("", "Un titre.", "Un titre."),
        ("", "", "[no title]"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "", "<script>alert(1)</script>"),
        ("Never \u202eseen\x85", "", "Never seen"),
    ],
)
def test_titles(title: str, vernacular: str, shown: str) -> None:
    assert read(citation(title=title, article=f"<VernacularTitle>{vernacular}</VernacularTitle>")).title == shown


@pytest.mark.parametrize(
    ("issued", "published", "sound"),
    [
        ("<Year>2026</Year><Month>Nov</Month><Day>5</Day>", "2026-11-05", True),
        ("<Year>2026</Year><Month>11</Month>", "2026-11", True),
        ("<Year>2026</Year><Season>Autumn</Season>", "2026", True),
        ("<MedlineDate>1998 Dec-1999 Jan</MedlineDate>", "1998-12", True),
        ("<MedlineDate>2000 Spring</MedlineDate>", "2000", True),
        ("<MedlineDate>1977-1978</MedlineDate>", "1977", True),
        ("<MedlineDate>2015 Nov-Dec 5</MedlineDate>", "2015-11", True),
        ("<MedlineDate>Winter 1999</MedlineDate>", "1999", True),
        ("<Year>2027</Year><Month>Jan</Month>", "2027-01", True),
        ("<Year>2026</Year><Month>Feb</Month><Day>31</Day>", "2026-02", False),
        ("<Year>2026</Year><Month>13</Month>", "2026", False),
        ("<Year>2125</Year>", "2026-11-23", False),
        ("<Year>20266</Year>", "", False),
    ],
)
def test_issue_dates(issued: str, published: str, sound: bool) -> None:
    paper = read(citation(issued=issued))
    assert paper.published == published
    assert paper.repairs == (() if sound else ("date",))


@pytest.mark.parametrize("entered", [None, date(2125, 1, 1)])
def test_an_index_date_that_cannot_be_is_the_day_of_fetching(entered: date | None) -> None:
    paper = read(citation(entered=entered))
    assert (paper.indexed, paper.repairs) == (TODAY, ("date",))


def test_an_online_date_far_ahead_is_clamped() -> None:
    ahead = "<ArticleDate><Year>2027</Year><Month>3</Month><Day>1</Day></ArticleDate>"
    assert read(citation(article=ahead)).published == "2026-11-23"


@pytest.mark.parametrize(
    ("written", "language"), [("eng", "en"), ("ger", "de"), ("chi", "zh"), ("gsw", "gsw"), ("und", "und"), ("", "")]
)
def test_languages(written: str, language: str) -> None:
    assert read(citation(language=written)).language == language


def test_another_abstract_stands_in_for_a_missing_one() -> None:
    others = (
        '<OtherAbstract Type="plain-language-summary" Language="eng">'
        "<AbstractText>Plain.</AbstractText></OtherAbstract>"
        '<OtherAbstract Type="Publisher" Language="ger"><AbstractText>Deutsch.</AbstractText></OtherAbstract>'
        '<OtherAbstract Type="Publisher" Language="eng"><AbstractText>English.</AbstractText></OtherAbstract>'
    )
    assert read(citation(medline=others)).abstract == (AbstractSection("", "English."),)
    own = "<Abstract><AbstractText>Own.</AbstractText></Abstract>"
    assert read(citation(medline=others, article=own)).abstract == (AbstractSection("", "Own."),)


def test_the_highest_version_of_a_paper_counts() -> None:
    body = article_set(citation(5, version=2, title="Two."), citation(5, title="One."), citation(6))
    assert [(one.pmid, one.announcement.title) for one in citations_of(body, TODAY)] == [
        ("5", "Two."),
        ("6", "A title."),
    ]


def test_an_empty_set_is_no_error() -> None:
    assert citations_of(article_set(), TODAY) == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "broken xml"),
        (b"<html><body><p>Back soon</p></body></html>", "not a PubmedArticleSet: html"),
        (b"<!doctype html><title>Maintenance</title><p>Back soon", "broken xml"),
        (b"<eFetchResult><ERROR>no</ERROR></eFetchResult>", "not a PubmedArticleSet: eFetchResult"),
        (article_set(citation(1), citation(2))[:-40], "broken xml"),
        (b"PMID- 1\nTI  - Not XML\n", "broken xml"),
    ],
)
def test_what_is_no_answer_of_pubmed(body: bytes, problem: str) -> None:
    with pytest.raises(SourceError, match=problem):
        citations_of(body, TODAY)


def test_broken_characters_are_marked_and_told() -> None:
    body = article_set(citation(1), citation(2, title="Gut @ und schlecht @.")).replace(b"@", b"\xff")
    one, two = citations_of(body, TODAY)
    assert (one.announcement.title, one.announcement.repairs) == ("A title.", ())
    assert (two.announcement.title, two.announcement.repairs) == ("Gut \ufffd und schlecht \ufffd.", ("charset",))


def test_broken_characters_inside_of_a_tag_are_left_out_and_told() -> None:
    body = article_set(citation(1, title="Whole.")).replace(b"</ArticleTitle>", b"</Article\xff\xfe\xc3Title>")
    (one,) = citations_of(body, TODAY)
    assert (one.announcement.title, one.announcement.repairs) == ("Whole.", ("charset",))


def test_nul_and_other_controls_are_left_out() -> None:
    (one,) = citations_of(article_set(citation(1, title="A\x00 tit\x08le.")), TODAY)
    assert one.announcement.title == "A title."


def test_entities_are_neither_resolved_nor_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("sesame")
    body = article_set(citation(1, title="Out: &ext; and &a3; end.")).replace(
        b'pubmed_250101.dtd">',
        f'pubmed_250101.dtd" [<!ENTITY ext SYSTEM "file://{secret}"><!ENTITY a0 "{"lol" * 100}">'.encode()
        + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in (1, 2, 3))
        + b"]>",
    )
    (one,) = citations_of(body, TODAY)
    assert "sesame" not in repr(one)
    assert len(repr(one)) < 1000


def test_a_stream_is_read_piece_by_piece() -> None:
    body = article_set(*(citation(n, title="x" * 1000) for n in range(1, 101)))
    stream = BytesIO(body)
    next(citations(stream, TODAY))
    assert stream.tell() < len(body) / 2


@given(st.binary(max_size=200), st.integers(0, 3000))
def test_whatever_breaks_is_an_error_of_the_source(noise: bytes, at: int) -> None:
    body = article_set(citation(1, article="<Abstract><AbstractText>Text.</AbstractText></Abstract>"))
    with contextlib.suppress(SourceError):
        for one in citations_of(body[:at] + noise + body[at:], TODAY):
            assert one.announcement.url.startswith("https://")


@pytest.mark.parametrize(
    ("name", "count", "papers"),
    [("pubmed21n1298-public1.xml.gz", 5160, 5158), ("pubmed21n1298-public2.xml.gz", 5160, 5160)],
)
def test_real_citations_are_read_whole(name: str, count: int, papers: int) -> None:
    if not (SHARED / name).is_file():
        pytest.skip(f"no real records here: {SHARED / name}")
    with gzip.open(SHARED / name) as stream:
        found = list(citations(stream, TODAY))
    assert len(found) == count
    assert len({one.pmid for one in found}) == papers
    for one in found:
        paper = one.announcement
        assert paper.title
        assert "<i>" not in paper.title
        assert paper.journal
        assert paper.published
        assert paper.indexed
        assert not paper.repairs
