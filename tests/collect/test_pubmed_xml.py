"""PubMed's XML, field by field, on citations written by hand, odd ones first of all."""

from __future__ import annotations

import contextlib
import gzip
import re
import tracemalloc
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.collect.sources.pubmed_xml import Citation, Deleted, citations
from bot.errors import SourceError
from bot.models.papers import AbstractSection, Announcement, Author, Identifier, Mark, MeshHeading, Notice
from tests.collect.citations import BOOK, HEAD, article_set, citation, citations_of, corrections

TODAY = date(2026, 11, 23)


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


def test_each_version_tells_its_number() -> None:
    body = article_set(citation(5, title="One."), citation(5, version=2, title="Two."), citation(6, version=12))
    assert [(one.pmid, one.version, one.announcement.version) for one in citations_of(body, TODAY)] == [
        ("5", 1, 1),
        ("5", 2, 2),
        ("6", 12, 12),
    ]


def test_the_day_of_the_last_change_is_told_where_it_is_one() -> None:
    changed = "<DateRevised><Year>2026</Year><Month>11</Month><Day>{}</Day></DateRevised>"
    days = {day: read(citation(medline=changed.format(day))).revised for day in ("21", "31", "")}
    assert days == {"21": date(2026, 11, 21), "31": None, "": None}
    assert read(citation(medline=changed.format(24))).revised == TODAY
    assert read(citation()).revised is None


def test_records_taken_back_are_told() -> None:
    gone = '<DeleteCitation><PMID Version="1">7</PMID>\n<PMID Version="2">8</PMID><PMID>none</PMID></DeleteCitation>'
    assert [
        one if isinstance(one, Deleted) else one.pmid
        for one in citations(BytesIO(article_set(citation(6), gone)), TODAY)
    ] == ["6", Deleted("7", 1), Deleted("8", 2)]


@pytest.mark.parametrize(
    ("kind", "mark"),
    [
        ("RetractionIn", Mark.RETRACTED),
        ("RetractedandRepublishedIn", Mark.RETRACTED),
        ("ExpressionOfConcernIn", Mark.CONCERN),
        ("ErratumIn", Mark.CORRECTED),
        ("CorrectedandRepublishedIn", Mark.CORRECTED),
        ("PartialRetractionIn", Mark.CORRECTED),
        ("CommentIn", None),
        ("UpdateIn", None),
        ("", None),
    ],
)
def test_what_happened_to_a_paper_marks_it(kind: str, mark: Mark | None) -> None:
    paper = read(citation(medline=corrections((kind, "J Ex. 2026;1:2", 99))))
    assert paper.marks == ((mark,) if mark else ())
    assert (paper.notices, paper.links) == ((), ())


def test_marks_come_gravest_first_and_once() -> None:
    several = corrections(("ErratumIn", "A", 1), ("RetractionIn", "B", 2), ("ErratumIn", "C", 3))
    assert read(citation(medline=several)).marks == (Mark.RETRACTED, Mark.CORRECTED)
    kind = "<PublicationTypeList><PublicationType>Retracted Publication</PublicationType></PublicationTypeList>"
    assert read(citation(article=kind)).marks == (Mark.RETRACTED,)


@pytest.mark.parametrize(
    ("kind", "mark"),
    [
        ("RetractionOf", Mark.RETRACTED),
        ("RetractedandRepublishedFrom", Mark.RETRACTED),
        ("ExpressionOfConcernFor", Mark.CONCERN),
        ("ErratumFor", Mark.CORRECTED),
        ("CorrectedandRepublishedFrom", Mark.CORRECTED),
        ("PartialRetractionOf", Mark.CORRECTED),
    ],
)
def test_a_notice_names_the_paper_that_it_is_about(kind: str, mark: Mark) -> None:
    about = corrections((kind, "J Ex. 2025 May 2;3(4):5-6. doi: 10.5555/Ex.2025.1.", 99), (kind, "J Ex. 1980", ""))
    paper = read(citation(medline=about))
    assert paper.notices == (
        Notice(mark, Identifier("pmid", "99")),
        Notice(mark, Identifier("doi", "10.5555/ex.2025.1")),
    )
    assert paper.marks == ()


PREPRINT = "<PublicationTypeList><PublicationType>Preprint</PublicationType></PublicationTypeList>"


@pytest.mark.parametrize(
    "reference",
    [
        "bioRxiv. 2026 Mar 5:2026.03.02.123456",
        "Res Sq [Preprint]. 2026 Jan 4",
        "ArXiv. 2026 Feb 2",
        "ChemRxiv. 2026",
        "Doe J, Roe R. PsyArXiv. 2026",
        "Some server. 2026. doi: 10.21203/rs.3.rs-12345/v1",
    ],
)
def test_an_update_of_a_preprint_is_the_same_work(reference: str) -> None:
    links = read(citation(medline=corrections(("UpdateOf", reference, 99)))).links
    assert links[0] == Identifier("pmid", "99")
    assert all(link.scheme in {"doi", "work"} for link in links[1:])


def test_a_preprint_knows_its_article() -> None:
    article = corrections(("UpdateIn", "J Ex. 2026 Nov;1(2):3. doi: 10.5555/ex.9.", 99))
    paper = read(citation(article=PREPRINT, medline=article))
    assert paper.preprint
    assert paper.links == (Identifier("pmid", "99"), Identifier("doi", "10.5555/ex.9"))
    assert not read(citation(medline=article)).preprint


def test_an_update_of_a_review_is_another_paper() -> None:
    review = corrections(("UpdateOf", "Cochrane Database Syst Rev. 2019 May 1;5:CD000001. doi: 10.5555/cd1", 99))
    assert read(citation(medline=review)).links == ()


def test_a_versioned_doi_names_the_work_of_all_versions() -> None:
    paper = read(citation(ids='<ArticleId IdType="doi">10.21203/rs.3.rs-12345/v2</ArticleId>'))
    assert Identifier("work", "10.21203/rs.3.rs-12345") in paper.identifiers
    paper = read(citation(ids='<ArticleId IdType="doi">10.48550/arXiv.2601.00001</ArticleId>'))
    assert Identifier("arxiv", "2601.00001") in paper.identifiers


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("<i>Gene</i> <b>x</b> is here.", "Gene x is here."),
        ("<i>Gene</i>\n<b>x</b>", "Gene x"),
        ("of <b> <i>x</i></b> and <b><i>y</i> </b>z", "of x and y z"),
        ("<b><i>x</i></b>y", "xy"),
        ("<sup>3</sup> <sub>2</sub>He", "³ ₂He"),
        (
            '<i>T</i> <mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML"> <mml:msup> <mml:mi>x</mml:mi> '
            "<mml:mn>2</mml:mn> </mml:msup> </mml:math> rose",
            "T x² rose",
        ),
    ],
)
def test_blanks_between_marked_words_are_no_layout(title: str, shown: str) -> None:
    assert read(citation(title=title)).title == shown
    # Layout, by which the blanks elsewhere are told from those.
    assert read("\n  " + citation(title=title).replace("><A", ">\n    <A")).title == shown


_MARKED = st.recursive(
    st.sampled_from(["", " ", "\n", "x", " y ", "z"]),
    lambda inner: st.tuples(inner, st.sampled_from("ibu"), inner, inner).map(
        lambda made: f"{made[0]}<{made[1]}>{made[2]}</{made[1]}>{made[3]}"
    ),
    max_leaves=8,
)


@given(_MARKED)
def test_whatever_is_marked_no_blank_is_lost(title: str) -> None:
    without = " ".join(re.sub(r"</?[ibu]>", "", title).split())
    assert read(citation(title=title)).title == (without or "[no title]")


def test_keywords_and_names_are_cleaned_wherever_they_stand() -> None:
    names = (
        "<AuthorList><Author><LastName> Doe</LastName><ForeName>Jane  Q</ForeName><Initials>JQ</Initials></Author>"
        "<Author><LastName>Roe\u202e</LastName></Author><Author><ForeName>Solo</ForeName></Author>"
        "<Author><CollectiveName>The <i>Example</i> Group</CollectiveName></Author><Author/></AuthorList>"
    )
    words = (
        "<KeywordList><Keyword> a</Keyword><Keyword>b\u200b</Keyword><Keyword/><Keyword>e\u0301</Keyword></KeywordList>"
    )
    paper = read(citation(article=names, medline=words))
    assert paper.authors == (Author("Doe", "Jane Q", "JQ"), Author("Roe"), Author("Solo"), Author("The Example Group"))
    assert paper.keywords == ("a", "b", "é")


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
    body = article_set(*(citation(n, title="x" * 1000) for n in range(1, 1001)))
    stream = BytesIO(body)
    next(citations(stream, TODAY))
    assert stream.tell() < len(body) / 2


class Dribble(BytesIO):
    """A stream that gives less than it is asked for."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(7)


def test_where_a_stream_is_cut_changes_nothing() -> None:
    records = [citation(n, title=f"<i>Number</i> <b>{n}</b>") for n in range(1, 30)]
    body = article_set(*records, BOOK, "<DeleteCitation><PMID>3</PMID></DeleteCitation>")
    whole = list(citations(BytesIO(body), TODAY))
    assert len(whole) == 31
    assert list(citations(Dribble(body), TODAY)) == whole


class Endless:
    """A stream of the same bytes without end."""

    def __init__(self, start: bytes, again: bytes) -> None:
        self._next, self._again = start, again
        self.given = 0

    def read(self, size: int = -1, /) -> bytes:
        given, self._next = self._next, self._again * 1000
        self.given += len(given)
        return given


@pytest.mark.parametrize("again", [b"<a/>", b"<a>", b"<Author><LastName>x</LastName></Author>", b"<PubmedArticle/>"])
@pytest.mark.parametrize("start", [HEAD.encode() + b"<PubmedArticleSet>", b"<html>"])
def test_a_record_without_end_ends(start: bytes, again: bytes) -> None:
    stream = Endless(start, again)
    with pytest.raises(SourceError, match="larger than any" if b"Set>" in start else "not a PubmedArticleSet"):
        list(citations(stream, TODAY))
    assert stream.given < 25 << 20


def test_memory_does_not_grow_with_the_answer() -> None:
    peaks = []
    for times in (1_000, 10_000):
        stream = BytesIO(article_set(*[citation(title="Long. " * 20)] * times))
        tracemalloc.start()
        assert sum(1 for _ in citations(stream, TODAY)) == times
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5


def test_a_cut_within_a_comment_is_an_error_and_no_other_record() -> None:
    body = article_set(citation(1), f"<!-- {citation(2)} -->", "<x>" + "y" * 200_000 + "</x>", citation(3))
    with contextlib.suppress(SourceError):
        assert [one.pmid for one in citations_of(body, TODAY)] == ["1", "3"]


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
def test_real_citations_are_read_whole(shared: Path, name: str, count: int, papers: int) -> None:
    with gzip.open(shared / "data" / "pubmed" / name) as stream:
        found = [one for one in citations(stream, TODAY) if isinstance(one, Citation)]
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


@pytest.mark.parametrize("name", ["AffiliationInfo", "Reference", "Grant", "Chemical", "Identifier"])
def test_what_is_not_read_is_left_out_before_parsing_and_nothing_else(name: str) -> None:
    unread = f"<{name}>Some <i>words</i> &amp; more</{name}>"
    plain = article_set(citation(1), citation(2))
    mixed = plain.replace(b"<ArticleTitle>", unread.encode() + b"<ArticleTitle>")
    assert mixed != plain
    assert citations_of(mixed, TODAY) == citations_of(plain, TODAY)
    # Spelt so, but never closed: an error, as ever.
    with pytest.raises(SourceError):
        citations_of(plain.replace(b"<ArticleTitle>", f"<{name}><ArticleTitle>".encode(), 1), TODAY)


def test_a_heading_is_major_where_one_of_its_qualifiers_is() -> None:
    heading = (
        '<MeshHeadingList><MeshHeading><DescriptorName UI="D1" MajorTopicYN="N">Sleep</DescriptorName>'
        '<QualifierName UI="Q1" MajorTopicYN="N">genetics</QualifierName>'
        '<QualifierName UI="Q2" MajorTopicYN="{}">physiology</QualifierName></MeshHeading></MeshHeadingList>'
    )
    for major in ("Y", "N"):
        end = b"</MedlineCitation>"
        body = article_set(citation(1)).replace(end, heading.format(major).encode() + end)
        (one,) = citations_of(body, TODAY)
        assert one.announcement.mesh == (MeshHeading("Sleep", "D1", major == "Y"),)
