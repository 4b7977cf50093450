"""Europe PMC's core records as announcements: pure rules, nothing trusted as markup.

Elements as in Europe PMC's reference guide (6.9), "searchPublications", core.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from bot.collect.sources import dates
from bot.collect.sources.entries import author_of, authors_of
from bot.collect.sources.identifiers import (
    doi_link,
    doi_of,
    is_preprint_doi,
    names_of,
    pmcid_of,
    pmid_of,
    pubmed_link,
    rxiv_of,
)
from bot.collect.sources.languages import language_of
from bot.collect.sources.streams import list_at, text_at
from bot.collect.text import clean, plain_markup
from bot.models.papers import AbstractSection, Announcement, Author, Identifier, Mark, MeshHeading, Notice

NAME = "europepmc"
Record = Mapping[str, Any]

_PREPRINTS = "PPR"
_ONE_DAY = timedelta(days=1)
_HEADING = re.compile(r"<h([1-6])(?:\s[^<>]{0,80})?>(.{0,300}?)</h\1\s*>", re.IGNORECASE | re.DOTALL)
_ESCAPED_HEADING = re.compile(r"&lt;h[1-6]&gt;", re.IGNORECASE)
#: The label of the whole, which says nothing.
_NO_LABELS = {"abstract", "unlabelled", "unlabeled", "unassigned"}
_DOI_IN_REFERENCE = re.compile(r"\bdoi:?\s*(10\.\d{4,9}/[^\s;,]{1,200})", re.IGNORECASE)

#: How `commentCorrectionList` says what has become of a paper; in PubMed's words.
_MARKS = {
    "retraction in": Mark.RETRACTED,
    "retracted and republished in": Mark.RETRACTED,
    "expression of concern in": Mark.CONCERN,
    "erratum in": Mark.CORRECTED,
    "correction in": Mark.CORRECTED,
    "corrected and republished in": Mark.CORRECTED,
    # The rest of the paper stands.
    "partial retraction in": Mark.CORRECTED,
}
#: The other side: of what other paper this record is a notice.
_NOTICES = {
    "retraction of": Mark.RETRACTED,
    "expression of concern for": Mark.CONCERN,
    "erratum for": Mark.CORRECTED,
    "correction for": Mark.CORRECTED,
    "correction of": Mark.CORRECTED,
    "partial retraction of": Mark.CORRECTED,
    "retracted and republished from": Mark.RETRACTED,
    "corrected and republished from": Mark.CORRECTED,
}
_OTHER_FORM = {"preprint in", "preprint of"}
#: PubMed's own relation of a preprint and its article; it stands for other updates too.
_UPDATES = {"update in", "update of"}
#: Reference guide, `versionList`: what has become of a preprint stands among its types.
_MARKING_TYPES = {
    "retracted publication": Mark.RETRACTED,
    "preprint withdrawal": Mark.RETRACTED,
    "preprint removal": Mark.RETRACTED,
}


class _Relations(NamedTuple):
    """What a record says about others."""

    links: tuple[Identifier, ...]
    marks: tuple[Mark, ...]
    notices: tuple[Notice, ...]


def announced(record: Record, today: date) -> Announcement:
    """The announcement of a core record.

    Args:
        record: as JSON has it; whatever is missing or of another kind is left out.
        today: the day of fetching; no record was indexed later.
    """
    source, own = text_at(record, "source").upper(), clean(text_at(record, "id"))
    doi = doi_of(text_at(record, "doi"))
    types = _types(record)
    kinds = {kind.lower().replace("-", " ") for kind in types}
    preprint = source == _PREPRINTS or "preprint" in kinds
    published, indexed, sound = _dated(record, today)
    revised = dates.day_of(dates.from_iso(text_at(record, "dateOfRevision"))[0])
    version = text_at(record, "versionNumber")
    relations = _relations(record, kinds, preprint=preprint)
    return Announcement(
        source=NAME,
        identifiers=_identifiers(record, source, own, doi),
        title=plain_markup(text_at(record, "title")) or "[no title]",
        url=_url(record, source, own, doi),
        abstract=_abstract(text_at(record, "abstractText")),
        authors=_authors(record),
        journal=_journal(record, preprint=preprint),
        keywords=_words(list_at(record, "keywordList", "keyword")),
        mesh=_mesh(record),
        publication_types=types,
        published=published,
        indexed=indexed,
        language=language_of(text_at(record, "language")),
        repairs=() if sound else ("date",),
        preprint=preprint,
        version=int(version) if version.isascii() and version.isdigit() and 0 < int(version[:4]) == int(version) else 1,
        revised=min(revised, today) if revised else None,
        links=relations.links,
        marks=relations.marks,
        notices=relations.notices,
    )


def _identifiers(record: Record, source: str, own: str, doi: str) -> tuple[Identifier, ...]:
    found = []
    if pmid := pmid_of(text_at(record, "pmid") or (own if source == "MED" else "")):
        found.append(Identifier("pmid", pmid))
    pmcid = pmcid_of(text_at(record, "pmcid") or (own if source == "PMC" else ""))
    if pmcid and source == "PMC":
        found.append(Identifier("pmcid", pmcid))
    found += names_of(doi)
    server = text_at(record, "bookOrReportDetails", "publisher").lower()
    if server in {"biorxiv", "medrxiv"} and (rxiv := rxiv_of(doi)):
        found.append(Identifier(server, rxiv))
    if pmcid and source != "PMC":
        found.append(Identifier("pmcid", pmcid))
    if own and (source == _PREPRINTS or not found):
        # By this articles name their preprints; other records have nothing else where no identifier is known.
        found.append(_page_name(source, own))
    return tuple(dict.fromkeys(found))


def _page_name(source: str, own: str) -> Identifier:
    return Identifier("europepmc", f"{source[:10]}/{own[:60]}")


def _page(source: str, own: str) -> str:
    return f"https://europepmc.org/article/{quote(source[:10], safe='')}/{quote(own[:60], safe='')}"


def _url(record: Record, source: str, own: str, doi: str) -> str:
    if doi:
        return doi_link(doi)
    if pmid := pmid_of(text_at(record, "pmid")):
        return pubmed_link(pmid)
    return _page(source, own) if source and own else "https://europepmc.org/"


def _abstract(text: str) -> tuple[AbstractSection, ...]:
    """The parts of an abstract by its headings."""
    if _ESCAPED_HEADING.search(text):
        text = html.unescape(text)
    parts, label, at = [], "", 0
    for heading in _HEADING.finditer(text):
        parts.append((label, text[at : heading.start()]))
        label, at = plain_markup(heading[2]).rstrip(" :."), heading.end()
    parts.append((label, text[at:]))
    return tuple(
        AbstractSection("" if name.lower() in _NO_LABELS else name, plain)
        for name, part in parts
        if (plain := plain_markup(part))
    )


def _authors(record: Record) -> tuple[Author, ...]:
    listed = [author for each in list_at(record, "authorList", "author") if (author := _author(each))]
    # `authorString` ends with a full stop that belongs to no initial.
    return tuple(listed) or authors_of([text_at(record, "authorString").removesuffix(".")])


def _author(each: object) -> Author | None:
    if group := plain_markup(text_at(each, "collectiveName")):
        return Author(group)
    family, given = plain_markup(text_at(each, "lastName")), plain_markup(text_at(each, "firstName"))
    if family:
        return Author(family, given, clean(text_at(each, "initials")))
    return author_of(plain_markup(text_at(each, "fullName")) or given)


def _journal(record: Record, *, preprint: bool) -> str:
    """The journal; for a preprint its server, for a part of a book that book."""
    title = plain_markup(text_at(record, "journalInfo", "journal", "title") or text_at(record, "journalTitle"))
    if title:
        return title
    return plain_markup(text_at(record, "bookOrReportDetails", "publisher" if preprint else "comprisingTitle"))


def _words(values: list[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for each in values if isinstance(each, str) and (word := plain_markup(each)[:200])))


def _types(record: Record) -> tuple[str, ...]:
    # Lite records have one string instead.
    return _words(list_at(record, "pubTypeList", "pubType") or text_at(record, "pubType").split(";"))


def _mesh(record: Record) -> tuple[MeshHeading, ...]:
    return tuple(
        MeshHeading(name, "", text_at(each, "majorTopic_YN") == "Y")
        for each in list_at(record, "meshHeadingList", "meshHeading")
        if (name := plain_markup(text_at(each, "descriptorName")))
    )


# --- dates ----------------------------------------------------------------------------------------------------------


def _dated(record: Record, today: date) -> tuple[str, date, bool]:
    """When it appeared, when Europe PMC began to show it, and whether both were sound as they came."""
    online = dates.from_iso(text_at(record, "electronicPublicationDate"))
    stated, whole = online if online[0] else _issued(record)
    published, kept = dates.not_ahead(stated, today, _ONE_DAY if online[0] else dates.AHEAD)
    sound = kept and (whole or not stated)
    indexed = dates.day_of(dates.from_iso(text_at(record, "firstIndexDate"))[0])
    if indexed is None or indexed > today:
        return published, today, False
    return published, indexed, sound


def _issued(record: Record) -> tuple[str, bool]:
    """The date of the issue, no more precise than it is said.

    `firstPublicationDate` and `printPublicationDate` are whole dates always: what is missing, Europe PMC makes up.
    """
    first, printed = text_at(record, "firstPublicationDate"), text_at(record, "journalInfo", "printPublicationDate")
    if first != printed or not text_at(record, "journalInfo", "dateOfPublication"):
        found = dates.from_iso(first or printed)
    else:
        found = dates.from_medline(text_at(record, "journalInfo", "dateOfPublication"))
    return found if found[0] or first or printed else dates.from_iso(text_at(record, "pubYear"))


# --- what it says of other papers -----------------------------------------------------------------------------------


def _relations(record: Record, kinds: set[str], *, preprint: bool) -> _Relations:
    links: list[Identifier] = []
    marks = [mark for kind, mark in _MARKING_TYPES.items() if kind in kinds]
    notices = []
    for each in list_at(record, "commentCorrectionList", "commentCorrection"):
        relation = clean(text_at(each, "type")).lower()
        if relation in _MARKS:
            marks.append(_MARKS[relation])
        elif relation in _NOTICES:
            notices += [Notice(_NOTICES[relation], about) for about in _others(each)]
        elif relation in _OTHER_FORM or (relation in _UPDATES and _is_other_form(each, relation, preprint=preprint)):
            links += _others(each)
    order = list(Mark)
    return _Relations(
        tuple(dict.fromkeys(links)), tuple(sorted(set(marks), key=order.index)), tuple(dict.fromkeys(notices))
    )


def _is_other_form(each: object, relation: str, *, preprint: bool) -> bool:
    """Whether an update is that of a preprint by its article: PubMed has one relation for both."""
    if preprint:
        return relation == "update in"
    return relation == "update of" and is_preprint_doi(_doi_in(each))


def _doi_in(each: object) -> str:
    found = _DOI_IN_REFERENCE.search(text_at(each, "reference"))
    return doi_of(found[1].rstrip(".")) if found else ""


def _others(each: object) -> Iterator[Identifier]:
    """The names of the paper that a relation leads to, the surest first."""
    source, own = text_at(each, "source").upper(), clean(text_at(each, "id"))
    if source == "MED" and (pmid := pmid_of(own)):
        yield Identifier("pmid", pmid)
    elif source == "PMC" and (pmcid := pmcid_of(own)):
        yield Identifier("pmcid", pmcid)
    yield from names_of(_doi_in(each))
    if source == _PREPRINTS and own:
        yield _page_name(source, own)
