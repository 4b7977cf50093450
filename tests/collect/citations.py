"""Citations written by hand in PubMed's format."""

from __future__ import annotations

from datetime import date
from io import BytesIO

from bot.collect.sources.pubmed_xml import Citation, citations

HEAD = (
    '<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n'
)


def article_set(*records: str) -> bytes:
    """An answer of efetch."""
    return (HEAD + "<PubmedArticleSet>" + "".join(records) + "</PubmedArticleSet>").encode()


def citations_of(body: bytes, today: date) -> list[Citation]:
    """Every record of an answer, read as the source reads it; none that PubMed has taken back."""
    return [record for record in citations(BytesIO(body), today) if isinstance(record, Citation)]


def corrections(*links: tuple[str, str, int | str]) -> str:
    """A CommentsCorrectionsList of kinds, references and PMIDs."""
    return (
        "<CommentsCorrectionsList>"
        + "".join(
            f'<CommentsCorrections RefType="{kind}"><RefSource>{reference}</RefSource>'
            + (f'<PMID Version="1">{pmid}</PMID>' if pmid else "")
            + "</CommentsCorrections>"
            for kind, reference, pmid in links
        )
        + "</CommentsCorrectionsList>"
    )


def citation(
    pmid: int | str = 1,
    *,
    version: int = 1,
    title: str = "A title.",
    article: str = "",
    medline: str = "",
    ids: str = "",
    entered: date | None = date(2026, 11, 20),
    issued: str = "<Year>2026</Year><Month>Nov</Month>",
    language: str = "eng",
) -> str:
    """One PubmedArticle.

    Args:
        article: elements that follow the title in Article.
        medline: elements that follow Article in MedlineCitation.
        ids: elements of ArticleIdList.
        issued: what PubDate holds.
    """
    day = (
        f'<PubMedPubDate PubStatus="entrez"><Year>{entered.year}</Year><Month>{entered.month}</Month>'
        f"<Day>{entered.day}</Day><Hour>6</Hour></PubMedPubDate>"
        if entered
        else ""
    )
    return (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="{version}">{pmid}</PMID><Article>'
        f"<Journal><JournalIssue><PubDate>{issued}</PubDate></JournalIssue><Title>Journal of Examples</Title>"
        f"<ISOAbbreviation>J Ex</ISOAbbreviation></Journal><ArticleTitle>{title}</ArticleTitle>{article}"
        f"<Language>{language}</Language></Article>{medline}</MedlineCitation><PubmedData><History>"
        f'<PubMedPubDate PubStatus="received"><Year>2020</Year></PubMedPubDate>{day}</History>'
        f'<ArticleIdList><ArticleId IdType="pubmed">{pmid}</ArticleId>{ids}</ArticleIdList>'
        "<ReferenceList><Reference><Citation>Another.</Citation><ArticleIdList>"
        '<ArticleId IdType="doi">10.9999/another</ArticleId></ArticleIdList></Reference></ReferenceList>'
        "</PubmedData></PubmedArticle>"
    )


BOOK = """<PubmedBookArticle><BookDocument><PMID Version="1">20301295</PMID>
<ArticleIdList><ArticleId IdType="bookaccession">NBK0001</ArticleId></ArticleIdList>
<Book><Publisher><PublisherName>Example House</PublisherName></Publisher>
<BookTitle book="ex">Reviews of <i>Examples</i></BookTitle>
<PubDate><Year>1993</Year></PubDate>
<AuthorList Type="editors"><Author><LastName>Editor</LastName></Author></AuthorList></Book>
<ArticleTitle book="ex" part="one">A rare example</ArticleTitle><Language>eng</Language>
<AuthorList Type="authors">
<Author><LastName>Writer</LastName><ForeName>Wanda</ForeName><Initials>W</Initials></Author></AuthorList>
<PublicationType UI="D016454">Review</PublicationType>
<Abstract><AbstractText Label="CLINICAL CHARACTERISTICS">Rare.</AbstractText></Abstract>
<KeywordList><Keyword>exemplarity</Keyword></KeywordList></BookDocument>
<PubmedBookData><History>
<PubMedPubDate PubStatus="entrez"><Year>2026</Year><Month>11</Month><Day>19</Day></PubMedPubDate>
</History><ArticleIdList><ArticleId IdType="pubmed">20301295</ArticleId></ArticleIdList></PubmedBookData>
</PubmedBookArticle>"""
