"""The fields of one PubMed record, as they stand in its XML.

Elements as in NLM's DTD of 2025 ("MEDLINE/PubMed XML data elements"), older ones included.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from lxml import etree

from bot.collect.sources import dates
from bot.collect.sources.identifiers import doi_of, pmcid_of, pmid_of
from bot.collect.sources.languages import language_of
from bot.collect.sources.pubmed_parts import text_of
from bot.collect.text import clean, cleaned
from bot.models.papers import AbstractSection, Author, MeshHeading

#: Labels that say that there is no label.
_NO_LABELS = {"UNASSIGNED", "UNLABELLED", "UNLABELED"}


class Fields:
    """What has been read of a record so far."""

    def __init__(self) -> None:
        self.pmid, self.version = "", 1
        self.doi, self.pmcid = "", ""
        self.invalid_dois: set[str] = set()
        self.title, self.vernacular, self.journal = "", "", ""
        self.abstract: tuple[AbstractSection, ...] = ()
        self.other_abstracts: list[etree._Element] = []
        self.authors: tuple[Author, ...] = ()
        self.keywords: list[str] = []
        self.mesh: tuple[MeshHeading, ...] = ()
        self.types: list[str] = []
        self.corrections: etree._Element | None = None
        self.language = ""
        self.online = self.issued = self.entered = self.revised = ("", True)


def read_fields(block: etree._Element, fields: Fields) -> None:
    """Into `fields`, what is known of the elements below `block`."""
    for child in block:
        if read := _READERS.get(child.tag):
            read(child, fields)


def _pmid(element: etree._Element, fields: Fields) -> None:
    fields.pmid, fields.version = pmid_of(element.text or ""), version_of(element)


def version_of(pmid: etree._Element) -> int:
    """Which version of a record a PMID names."""
    version = pmid.get("Version", "")
    return int(version[:4]) if version != "1" and version.isascii() and version.isdigit() else 1


def _title(element: etree._Element, fields: Fields) -> None:
    fields.title = _text(element)


def _vernacular(element: etree._Element, fields: Fields) -> None:
    fields.vernacular = _text(element)


def _journal(journal: etree._Element, fields: Fields) -> None:
    for child in journal:
        tag = child.tag
        if tag == "Title" or (tag == "ISOAbbreviation" and not fields.journal):
            fields.journal = _often(child.text or "")
        elif tag == "JournalIssue":
            read_fields(child, fields)


@lru_cache(maxsize=4096)
def _often(text: str) -> str:
    """`text` cleaned, where the same comes again and again."""
    return clean(text)


def _own_abstract(element: etree._Element, fields: Fields) -> None:
    fields.abstract = _abstract(element)


def _another_abstract(element: etree._Element, fields: Fields) -> None:
    fields.other_abstracts.append(element)


def _abstract(block: etree._Element) -> tuple[AbstractSection, ...]:
    sections = []
    for child in block:
        if child.tag == "AbstractText" and (text := _text(child)):
            label = _often(child.get("Label", ""))
            sections.append(AbstractSection("" if label.upper() in _NO_LABELS else label, text))
    return tuple(sections)


def _authors(block: etree._Element, fields: Fields) -> None:
    if block.get("Type") == "editors" and fields.authors:
        return
    #: Three of each author, to be cleaned all at once.
    names: list[str] = []
    for author in block:
        if author.get("ValidYN") == "N":
            continue
        family = given = initials = ""
        for child in author:
            tag = child.tag
            if tag == "LastName":
                family = child.text or ""
            elif tag in {"ForeName", "FirstName"}:
                given = child.text or ""
            elif tag == "Initials":
                initials = child.text or ""
            elif tag == "AffiliationInfo":
                # The names come first.
                break
            elif tag == "CollectiveName":
                family = family or _text(child)
            elif tag == "Suffix":
                initials += " " + _text(child)
        if family:
            names += (family, given, initials)
        elif given:
            names += (given, "", "")
    names = cleaned(names)
    fields.authors = tuple(map(Author, names[0::3], names[1::3], names[2::3]))


def _types(block: etree._Element, fields: Fields) -> None:
    for child in block:
        _type(child, fields)


def _type(element: etree._Element, fields: Fields) -> None:
    if kind := _often(element.text or ""):
        fields.types.append(kind)


def _keywords(block: etree._Element, fields: Fields) -> None:
    fields.keywords += [word for word in cleaned([text_of(each) for each in block]) if word]


def _mesh(block: etree._Element, fields: Fields) -> None:
    headings: list[MeshHeading] = []
    name = ui = ""
    major = False
    for each in block.iter("DescriptorName", "QualifierName"):
        if each.tag == "DescriptorName":
            if name:
                headings.append(_heading(name, ui, major))
            name, ui, major = each.text or "", each.get("UI", ""), False
        major = major or each.get("MajorTopicYN") == "Y"
    if name:
        headings.append(_heading(name, ui, major))
    fields.mesh = tuple(headings)


@lru_cache(maxsize=16384)
def _heading(name: str, ui: str, major: bool) -> MeshHeading:
    return MeshHeading(clean(name), clean(ui), major)


def _corrections(block: etree._Element, fields: Fields) -> None:
    fields.corrections = block


def _language(element: etree._Element, fields: Fields) -> None:
    fields.language = fields.language or language_of(element.text or "")


def _online(element: etree._Element, fields: Fields) -> None:
    fields.online = _date(element)


def _issued(element: etree._Element, fields: Fields) -> None:
    fields.issued = _date(element)


def _revised(element: etree._Element, fields: Fields) -> None:
    fields.revised = _date(element)


def _history(block: etree._Element, fields: Fields) -> None:
    for child in block:
        if child.get("PubStatus") == "entrez":
            fields.entered = _date(child)
            break


def _date(element: etree._Element) -> tuple[str, bool]:
    year = month = day = ""
    for child in element:
        tag = child.tag
        if tag == "Year":
            year = child.text or ""
        elif tag == "Month":
            month = child.text or ""
        elif tag == "Day":
            day = child.text or ""
            break
        elif tag == "MedlineDate":
            return dates.from_medline(child.text or "")
    return dates.partial(year, month, day)


def _location(element: etree._Element, fields: Fields) -> None:
    if element.get("EIdType") == "doi":
        doi = doi_of(element.text or "")
        if element.get("ValidYN") == "N":
            fields.invalid_dois.add(doi)
        else:
            fields.doi = doi or fields.doi


def _identifiers(block: etree._Element, fields: Fields) -> None:
    for child in block:
        kind = child.get("IdType")
        if kind == "doi":
            fields.doi = doi_of(child.text or "") or fields.doi
        elif kind in {"pmc", "pmcid"}:
            fields.pmcid = pmcid_of(child.text or "") or fields.pmcid


def best_abstract(blocks: list[etree._Element]) -> tuple[AbstractSection, ...]:
    """The abstract of another origin: in English where there is one, no plain-language summary where there is more."""
    ranked = sorted(blocks, key=lambda b: (b.get("Type") == "plain-language-summary", b.get("Language") != "eng"))
    return next((sections for block in ranked if (sections := _abstract(block))), ())


def _text(element: etree._Element) -> str:
    return clean(text_of(element))


#: What is read, wherever in a record it stands; what is below a block that is not named here is passed by.
_READERS: dict[object, Callable[[etree._Element, Fields], None]] = {
    "MedlineCitation": read_fields,
    "Article": read_fields,
    "PubmedData": read_fields,
    "BookDocument": read_fields,
    "PubmedBookData": read_fields,
    "PMID": _pmid,
    "DateRevised": _revised,
    "CommentsCorrectionsList": _corrections,
    "MeshHeadingList": _mesh,
    "KeywordList": _keywords,
    "OtherAbstract": _another_abstract,
    "Journal": _journal,
    "ArticleTitle": _title,
    "BookTitle": _title,
    "VernacularTitle": _vernacular,
    "ELocationID": _location,
    "Abstract": _own_abstract,
    "AuthorList": _authors,
    "Language": _language,
    "PublicationTypeList": _types,
    "PublicationType": _type,
    "ArticleDate": _online,
    "PubDate": _issued,
    "History": _history,
    "ArticleIdList": _identifiers,
}
