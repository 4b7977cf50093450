"""PubMed's XML as announcements: read in a stream, nothing resolved, nothing loaded, nothing trusted as markup.

Elements as in NLM's DTD of 2025 ("MEDLINE/PubMed XML data elements"), older ones included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from typing import NamedTuple, Protocol

from lxml import etree

from bot.collect.sources import dates
from bot.collect.sources.identifiers import doi_link, doi_of, pmcid_of, pmid_of, pubmed_link
from bot.collect.sources.languages import language_of
from bot.collect.text import clean, element_text
from bot.errors import SourceError
from bot.models.papers import AbstractSection, Announcement, Author, Identifier, MeshHeading

NAME = "pubmed"
_ROOTS = {"PubmedArticleSet", "PubmedBookArticleSet", "MedlineCitationSet"}
_RECORDS = ("PubmedArticle", "PubmedBookArticle")
#: Labels that say that there is no label.
_NO_LABELS = {"UNASSIGNED", "UNLABELLED", "UNLABELED"}
#: What XML 1.0 (section 2.2) does not let into a document.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ONE_DAY = timedelta(days=1)


class Bytes(Protocol):
    """What can be read piece by piece: a file, an unpacking one, an answer in memory."""

    def read(self, size: int = ..., /) -> bytes:
        """The next bytes, `size` at the most."""


class Citation(NamedTuple):
    """One record of PubMed: a version of a paper."""

    pmid: str
    version: int
    announcement: Announcement


def citations(stream: Bytes, today: date) -> Iterator[Citation]:
    """Every record of a PubmedArticleSet, one at a time, in flat memory.

    Args:
        stream: XML as efetch or PubMed's own files have it, unpacked.
        today: the day of fetching; no record can be newer.

    Raises:
        SourceError: where it is not such XML, or ends too early. Records before that have been yielded.
    """
    context = etree.iterparse(
        stream,
        events=("end",),
        tag=_RECORDS,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for _, record in context:
            yield _article(record, today) if record.tag == "PubmedArticle" else _book(record, today)
            record.clear(keep_tail=False)
            parent = record.getparent()
            while parent is not None and record.getprevious() is not None:
                del parent[0]
    except etree.XMLSyntaxError as error:
        raise SourceError(NAME, f"broken xml: {clean(error.msg or 'unreadable')[:200]}") from error
    root = context.root.tag if context.root is not None else "nothing"
    if root not in _ROOTS:
        raise SourceError(NAME, f"not a PubmedArticleSet: {str(root)[:60]}")


def citations_of(body: bytes, today: date) -> list[Citation]:
    """Every record of a whole answer, the highest version of each; broken characters are repaired and told.

    Raises:
        SourceError: as `citations`.
    """
    try:
        return newest(citations(BytesIO(body), today))
    except SourceError:
        marked, cut = (_NOT_XML.sub("", body.decode("utf-8", errors)) for errors in ("replace", "ignore"))
        if marked.encode() == body:
            raise
    try:
        found = newest(citations(BytesIO(marked.encode()), today))
        return [_flagged(each) if "\ufffd" in repr(each) else each for each in found]
    except SourceError:
        # A broken character inside of a tag: what stands in for it breaks the tag, so it is left out.
        return [_flagged(each) for each in newest(citations(BytesIO(cut.encode()), today))]


def _flagged(citation: Citation) -> Citation:
    repairs = (*citation.announcement.repairs, "charset")
    return citation._replace(announcement=replace(citation.announcement, repairs=repairs))


def newest(found: Iterator[Citation]) -> list[Citation]:
    """One citation per PMID, its highest version; records without a PMID all stay."""
    kept: dict[str, Citation] = {}
    for at, citation in enumerate(found):
        key = citation.pmid or f"#{at}"
        if key not in kept or citation.version >= kept[key].version:
            kept[key] = citation
    return list(kept.values())


def _article(record: etree._Element, today: date) -> Citation:
    parts = _Parts()
    for child in record.iterfind("MedlineCitation/*"):
        if child.tag != "Article":
            _of_citation(child, parts)
            continue
        for each in child:
            _of_article(each, parts)
    for child in record.iterfind("PubmedData/*"):
        _of_history(child, parts)
    return _announced(parts, today)


def _book(record: etree._Element, today: date) -> Citation:
    parts, book_title = _Parts(), ""
    for child in record.iterfind("BookDocument/*"):
        if child.tag != "Book":
            _of_citation(child, parts)
            _of_article(child, parts)
            _of_history(child, parts)
            continue
        for each in child:
            if each.tag == "BookTitle":
                book_title = element_text(each)
            elif each.tag == "PubDate":
                parts.issued = _date(each)
            elif each.tag == "AuthorList":
                _of_article(each, parts)
    parts.journal = book_title if parts.title else ""
    parts.title = parts.title or book_title
    for child in record.iterfind("PubmedBookData/*"):
        _of_history(child, parts)
    return _announced(parts, today)


class _Parts:
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
        self.language = ""
        self.online = self.issued = self.entered = ("", True)

    def take_pmid(self, element: etree._Element) -> None:
        self.pmid = pmid_of(element.text or "")
        version = element.get("Version", "")
        self.version = int(version[:4]) if version.isascii() and version.isdigit() else 1

    def take_doi(self, text: str, *, valid: bool = True) -> None:
        doi = doi_of(text)
        if not valid:
            self.invalid_dois.add(doi)
        elif doi:
            self.doi = doi


def _of_citation(child: etree._Element, parts: _Parts) -> None:
    match child.tag:
        case "PMID":
            parts.take_pmid(child)
        case "MeshHeadingList":
            parts.mesh = tuple(heading for each in child if (heading := _mesh(each)))
        case "KeywordList":
            parts.keywords += [word for each in child if (word := element_text(each))]
        case "OtherAbstract":
            parts.other_abstracts.append(child)


def _of_article(child: etree._Element, parts: _Parts) -> None:
    match child.tag:
        case "ArticleTitle":
            parts.title = element_text(child)
        case "VernacularTitle":
            parts.vernacular = element_text(child)
        case "Journal":
            _journal(child, parts)
        case "Abstract":
            parts.abstract = _abstract(child)
        case "AuthorList" if child.get("Type") != "editors" or not parts.authors:
            parts.authors = tuple(author for each in child if (author := _author(each)))
        case "PublicationTypeList":
            parts.types += [kind for each in child if (kind := element_text(each))]
        case "PublicationType":
            parts.types.append(element_text(child))
        case "Language" if not parts.language:
            parts.language = language_of(child.text or "")
        case "ArticleDate":
            parts.online = _date(child)
        case "ELocationID" if child.get("EIdType") == "doi":
            parts.take_doi(child.text or "", valid=child.get("ValidYN") != "N")


def _journal(journal: etree._Element, parts: _Parts) -> None:
    for child in journal:
        if child.tag == "Title" or (child.tag == "ISOAbbreviation" and not parts.journal):
            parts.journal = element_text(child)
        elif child.tag == "JournalIssue" and (issued := child.find("PubDate")) is not None:
            parts.issued = _date(issued)


def _of_history(child: etree._Element, parts: _Parts) -> None:
    if child.tag == "ArticleIdList":
        _identifiers(child, parts)
    elif child.tag == "History":
        for each in child:
            if each.get("PubStatus") == "entrez":
                parts.entered = _date(each)


def _identifiers(block: etree._Element, parts: _Parts) -> None:
    for child in block:
        kind = child.get("IdType")
        if kind == "doi":
            parts.take_doi(child.text or "")
        elif kind in {"pmc", "pmcid"}:
            parts.pmcid = pmcid_of(child.text or "") or parts.pmcid


def _date(element: etree._Element) -> tuple[str, bool]:
    year = month = day = ""
    for child in element:
        if child.tag == "Year":
            year = child.text or ""
        elif child.tag == "Month":
            month = child.text or ""
        elif child.tag == "Day":
            day = child.text or ""
        elif child.tag == "MedlineDate":
            return dates.from_medline(child.text or "")
    return dates.partial(year, month, day)


def _abstract(block: etree._Element) -> tuple[AbstractSection, ...]:
    sections = []
    for child in block:
        if child.tag == "AbstractText" and (text := element_text(child)):
            label = clean(child.get("Label", ""))
            sections.append(AbstractSection("" if label.upper() in _NO_LABELS else label, text))
    return tuple(sections)


def _author(element: etree._Element) -> Author | None:
    if element.get("ValidYN") == "N":
        return None
    family = given = initials = suffix = ""
    for child in element:
        match child.tag:
            case "LastName" | "CollectiveName":
                family = family or element_text(child)
            case "ForeName" | "FirstName":
                given = element_text(child)
            case "Initials":
                initials = element_text(child)
            case "Suffix":
                suffix = element_text(child)
    if not family:
        return Author(given) if given else None
    return Author(family, given, f"{initials} {suffix}" if suffix else initials)


def _mesh(heading: etree._Element) -> MeshHeading | None:
    name, ui, major = "", "", False
    for child in heading:
        major = major or child.get("MajorTopicYN") == "Y"
        if child.tag == "DescriptorName":
            name, ui = element_text(child), child.get("UI", "")
    return MeshHeading(name, ui, major) if name else None


def _announced(parts: _Parts, today: date) -> Citation:
    identifiers = [Identifier("pmid", parts.pmid)] if parts.pmid else []
    doi = "" if parts.doi in parts.invalid_dois else parts.doi
    if doi:
        identifiers.append(Identifier("doi", doi))
    if parts.pmcid:
        identifiers.append(Identifier("pmcid", parts.pmcid))
    published, indexed, sound = _dated(parts, today)
    untitled = not parts.title or parts.title.lower() in {"[not available].", "[not available]"}
    title = (parts.vernacular or parts.title or "[no title]") if untitled else parts.title
    announcement = Announcement(
        source=NAME,
        identifiers=tuple(identifiers),
        title=title,
        url=doi_link(doi) if doi else pubmed_link(parts.pmid) if parts.pmid else "https://pubmed.ncbi.nlm.nih.gov/",
        abstract=parts.abstract or _other_abstract(parts.other_abstracts),
        authors=parts.authors,
        journal=parts.journal,
        keywords=tuple(dict.fromkeys(parts.keywords)),
        mesh=parts.mesh,
        publication_types=tuple(dict.fromkeys(parts.types)),
        published=published,
        indexed=indexed,
        language=parts.language,
        repairs=() if sound else ("date",),
    )
    return Citation(parts.pmid, parts.version, announcement)


def _dated(parts: _Parts, today: date) -> tuple[str, date, bool]:
    """When it appeared and when PubMed began to show it, and whether both were sound as they came."""
    online, online_whole = parts.online
    if online:
        published, kept = dates.not_ahead(online, today, _ONE_DAY)
        sound = kept and online_whole
    else:
        published, kept = dates.not_ahead(parts.issued[0], today)
        sound = kept and parts.issued[1] and online_whole
    entered = dates.day_of(parts.entered[0])
    if entered is None or entered > today:
        return published, today, False
    return published, entered, sound


def _other_abstract(blocks: list[etree._Element]) -> tuple[AbstractSection, ...]:
    """The abstract of another origin: in English where there is one, no plain-language summary where there is more."""
    ranked = sorted(blocks, key=lambda b: (b.get("Type") == "plain-language-summary", b.get("Language") != "eng"))
    return next((sections for block in ranked if (sections := _abstract(block))), ())
