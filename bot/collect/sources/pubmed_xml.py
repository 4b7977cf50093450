"""PubMed's XML as announcements: read in a stream, nothing trusted as markup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from lxml import etree

from bot.collect.sources import dates
from bot.collect.sources.identifiers import doi_link, names_of, pmid_of, pubmed_link
from bot.collect.sources.pubmed_fields import Fields, best_abstract, read_fields, version_of
from bot.collect.sources.pubmed_marks import fate_of
from bot.collect.sources.pubmed_parts import NAME, BlanksCountError, documents, root_of
from bot.collect.sources.streams import Bytes
from bot.collect.text import clean
from bot.errors import SourceError
from bot.models.papers import Announcement, Identifier

__all__ = ["NAME", "Citation", "Deleted", "citations"]

_NO_TITLES = {"[not available].", "[not available]"}
_ONE_DAY = timedelta(days=1)


class Citation(NamedTuple):
    """One record of PubMed: a version of a paper."""

    pmid: str
    version: int
    announcement: Announcement


class Deleted(NamedTuple):
    """That PubMed has taken a record back, mostly because there were two of one paper."""

    pmid: str
    version: int


def citations(stream: Bytes, today: date) -> Iterator[Citation | Deleted]:
    """Every record of a PubmedArticleSet, one at a time, in flat memory.

    Args:
        stream: XML as efetch or PubMed's own files have it, unpacked.
        today: the day of fetching; no record can be newer.

    Raises:
        SourceError: where it is not such XML, or ends too early. Most records before that have been yielded.
    """
    try:
        for document in documents(stream):
            yield from _read(document, today)
    except etree.XMLSyntaxError as error:
        raise SourceError(NAME, f"broken xml: {clean(error.msg or 'unreadable')[:200]}") from error


def _read(document: bytes, today: date) -> Iterator[Citation | Deleted]:
    exact: list[etree._Element] = []
    for at, record in enumerate(root_of(document)):
        if record.tag == "DeleteCitation":
            yield from _deleted(record)
        elif read := _KINDS.get(record.tag):
            try:
                yield read(record, today)
            except BlanksCountError:
                exact = exact or list(root_of(document, blanks=True))
                yield read(exact[at], today)


def _article(record: etree._Element, today: date) -> Citation:
    fields = Fields()
    read_fields(record, fields)
    return _announced(fields, today)


def _book(record: etree._Element, today: date) -> Citation:
    """A chapter with its book in the place of a journal, or a whole book."""
    fields = Fields()
    read_fields(record, fields)
    book = record.find("BookDocument/Book")
    if book is not None:
        whole, chapter = Fields(), fields
        read_fields(book, whole)
        chapter.issued = whole.issued
        chapter.authors = chapter.authors or whole.authors
        if chapter.title:
            chapter.journal = whole.title
        else:
            chapter.title, chapter.doi = whole.title, chapter.doi or whole.doi
    return _announced(fields, today)


_KINDS: dict[object, Callable[[etree._Element, date], Citation]] = {
    "PubmedArticle": _article,
    "PubmedBookArticle": _book,
}


def _deleted(block: etree._Element) -> Iterator[Deleted]:
    for child in block:
        if pmid := pmid_of(child.text or "") if child.tag == "PMID" else "":
            yield Deleted(pmid, version_of(child))


def _announced(fields: Fields, today: date) -> Citation:
    identifiers = [Identifier("pmid", fields.pmid)] if fields.pmid else []
    doi = "" if fields.doi in fields.invalid_dois else fields.doi
    identifiers += names_of(doi)
    if fields.pmcid:
        identifiers.append(Identifier("pmcid", fields.pmcid))
    published, indexed, sound = _dated(fields, today)
    untitled = not fields.title or (fields.title[0] == "[" and fields.title.lower() in _NO_TITLES)
    title = (fields.vernacular or fields.title or "[no title]") if untitled else fields.title
    types = tuple(dict.fromkeys(fields.types))
    fate = fate_of(types, fields.corrections)
    announcement = Announcement(
        source=NAME,
        identifiers=tuple(identifiers),
        title=title,
        url=doi_link(doi) if doi else pubmed_link(fields.pmid) if fields.pmid else "https://pubmed.ncbi.nlm.nih.gov/",
        abstract=fields.abstract or best_abstract(fields.other_abstracts),
        authors=fields.authors,
        journal=fields.journal,
        keywords=tuple(dict.fromkeys(fields.keywords)),
        mesh=fields.mesh,
        publication_types=types,
        published=published,
        indexed=indexed,
        language=fields.language,
        repairs=() if sound else ("date",),
        preprint=fate.preprint,
        version=fields.version,
        revised=_not_after(dates.day_of(fields.revised[0]), today),
        links=fate.links,
        marks=fate.marks,
        notices=fate.notices,
    )
    return Citation(fields.pmid, fields.version, announcement)


def _not_after(day: date | None, today: date) -> date | None:
    return min(day, today) if day else None


def _dated(fields: Fields, today: date) -> tuple[str, date, bool]:
    """When it appeared and when PubMed began to show it, and whether both were sound as they came."""
    online, online_whole = fields.online
    if online:
        published, kept = dates.not_ahead(online, today, _ONE_DAY)
        sound = kept and online_whole
    else:
        published, kept = dates.not_ahead(fields.issued[0], today)
        sound = kept and fields.issued[1] and online_whole
    entered = dates.day_of(fields.entered[0])
    if entered is None or entered > today:
        return published, today, False
    return published, entered, sound
