"""Crossref's works as announcements: pure rules, whatever a publisher deposited.

Crossref, "REST API" and "Content types"; the fields are those of the metadata deposit schema 5.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from bot.collect.sources import dates
from bot.collect.sources.abstracts import sections_of
from bot.collect.sources.entries import author_of
from bot.collect.sources.identifiers import (
    arxiv_names,
    arxiv_of,
    doi_link,
    doi_of,
    is_preprint_doi,
    names_of,
    pmcid_of,
    pmid_of,
)
from bot.collect.sources.languages import language_of
from bot.collect.sources.streams import list_at, text_at
from bot.collect.text import clean, plain_markup
from bot.models.papers import Announcement, Author, Identifier, Mark, Notice

NAME = "crossref"
Work = dict[str, Any]

#: Types of records that are no papers: containers, parts, data, reviews of papers, money.
LEFT_OUT = frozenset(
    "book-series book-set component database dataset grant journal journal-issue journal-volume peer-review "
    "proceedings proceedings-series reference-entry report-component report-series standard standard-series".split()
)
#: The others in the words that MEDLINE has for them, where it has any.
_TYPES = {
    "journal-article": "Journal Article",
    "proceedings-article": "Conference Paper",
    "posted-content": "",
    "book-chapter": "Book Chapter",
    "book-part": "Book Chapter",
    "book-section": "Book Chapter",
    "book-track": "Book Chapter",
    "edited-book": "Book",
    "monograph": "Book",
    "reference-book": "Book",
    "dissertation": "Dissertation",
    "report": "Report",
    "other": "",
}
#: Crossmark, "Version control, corrections, and retractions"; Retraction Watch says the same words.
_UPDATES = {
    "retraction": Mark.RETRACTED,
    "withdrawal": Mark.RETRACTED,
    "removal": Mark.RETRACTED,
    "retract_replace": Mark.RETRACTED,
    "expression_of_concern": Mark.CONCERN,
    "correction": Mark.CORRECTED,
    "corrigendum": Mark.CORRECTED,
    "erratum": Mark.CORRECTED,
    # What is left of the paper stands.
    "partial_retraction": Mark.CORRECTED,
}
_NOTICES = {
    Mark.RETRACTED: "Retraction of Publication",
    Mark.CONCERN: "Expression of Concern",
    Mark.CORRECTED: "Published Erratum",
}
#: Relations between forms of one work (schema 5, intra-work relations). A translation is a text of its own here.
_SAME_WORK = (
    "is-preprint-of has-preprint is-version-of has-version is-same-as is-identical-to is-manuscript-of has-manuscript "
    "is-format-of has-format is-variant-form-of is-original-form-of is-expression-of has-expression is-replaced-by "
    "replaces"
).split()
#: What readers see first comes first.
_PUBLISHED = ("published-online", "posted", "published", "published-print", "published-other", "issued", "approved")
_VERSION = re.compile(r"v?\.?\s?(\d{1,4})", re.IGNORECASE)
_LONGEST = 1_000


def name_of(work: Work) -> str:
    """Crossref's name for the record: its DOI, as it counts them."""
    return text_at(work, "DOI").lower()


def announcement_of(work: Work, today: date) -> Announcement | None:
    """A work as an announcement; None where it is no paper, or has neither a DOI nor a title.

    Args:
        work: an element of `message.items`.
        today: the day of fetching, which bounds dates.
    """
    kind, doi = text_at(work, "type"), doi_of(text_at(work, "DOI"))
    abstract = sections_of(text_at(work, "abstract"))
    title = _title(work) or (abstract[0].text[:120] if abstract else "")
    if kind in LEFT_OUT or not doi or not title:
        return None
    identifiers = names_of(doi)
    posted = kind == "posted-content"
    preprint = is_preprint_doi(doi) or (posted and text_at(work, "subtype") in {"preprint", ""})
    marks, notices = _updates(work, doi)
    published, indexed, revised, sound = _dated(work, today)
    return Announcement(
        source=NAME,
        identifiers=identifiers,
        title=title,
        url=doi_link(doi),
        abstract=abstract,
        authors=_people(work, "author") or _people(work, "editor"),
        journal=_journal(work),
        keywords=_keywords(work),
        publication_types=_types(work, marks, notices, preprint=preprint),
        published=published,
        indexed=indexed,
        language=language_of(text_at(work, "language")),
        repairs=() if sound else ("date",),
        preprint=preprint,
        version=_version(text_at(work, "version", "version")) if posted else 1,
        revised=revised,
        links=_links(work, identifiers),
        marks=marks,
        notices=notices,
    )


def _texts(work: Work, name: str) -> list[str]:
    return [text for each in list_at(work, name) if isinstance(each, str) and (text := plain_markup(each))]


def _title(work: Work) -> str:
    # The first of several is the paper's; others are other spellings of it.
    title = next((texts[0] for name in ("title", "original-title") if (texts := _texts(work, name))), "")
    subtitle = next(iter(_texts(work, "subtitle")), "")
    if title and subtitle and subtitle.casefold() not in title.casefold():
        title = f"{title.rstrip(' :')}{' ' if title[-1] in '?!.' else ': '}{subtitle}"
    return title[:_LONGEST]


def _people(work: Work, role: str) -> tuple[Author, ...]:
    return tuple(dict.fromkeys(author for each in list_at(work, role) if (author := _person(each))))


def _person(entry: object) -> Author | None:
    family, given, suffix, name = (
        plain_markup(text_at(entry, part))[:300] for part in ("family", "given", "suffix", "name")
    )
    if not any(letter.isalnum() for letter in family):
        # Some write a dash for the family name, and all of the name into the other field.
        return author_of(given) if given else Author(name) if name else None
    author = author_of(f"{family.replace(',', ' ')}, {given}") if given else None
    if author is None:
        return Author(family, given, suffix)
    return author._replace(family=family, initials=f"{author.initials} {suffix}".strip())


def _journal(work: Work) -> str:
    titles = _texts(work, "container-title") or _servers(work) or _texts({"of": [text_at(work, "group-title")]}, "of")
    return titles[0][:300] if titles else ""


def _servers(work: Work) -> list[str]:
    """Where a preprint was posted; schools and offices of reports are no journals."""
    if text_at(work, "type") != "posted-content":
        return []
    return [name for each in list_at(work, "institution") if (name := plain_markup(text_at(each, "name")))]


def _keywords(work: Work) -> tuple[str, ...]:
    words = _texts(work, "subject")
    if _servers(work) or list_at(work, "container-title"):
        words += _texts({"of": [text_at(work, "group-title")]}, "of")
    return tuple(dict.fromkeys(word[:200] for word in words))


def _types(work: Work, marks: tuple[Mark, ...], notices: tuple[Notice, ...], *, preprint: bool) -> tuple[str, ...]:
    kind, subtype = text_at(work, "type"), text_at(work, "subtype")
    named = _TYPES.get(kind, _in_words(kind))
    if kind == "posted-content":
        named = "" if subtype in {"other", "preprint"} else _in_words(subtype)
    found = [*(_NOTICES[notice.mark] for notice in notices), "Preprint" if preprint else named]
    found += ["Retracted Publication"] if Mark.RETRACTED in marks else []
    return tuple(dict.fromkeys(kind for kind in found if kind))


def _in_words(kind: str) -> str:
    return clean(kind.replace("-", " ").replace("_", " ")).title()[:80]


def _version(text: str) -> int:
    found = _VERSION.fullmatch(text.strip())
    return max(1, int(found[1])) if found else 1


# --- other works ----------------------------------------------------------------------------------------------------


def _updates(work: Work, doi: str) -> tuple[tuple[Mark, ...], tuple[Notice, ...]]:
    """What has become of this work, and what it says has become of others.

    `update-to` stands in the notice and `updated-by`, since January 2025, in the work that it is about (Crossref
    blog, "Retraction Watch retractions now in the Crossref API").
    """
    marks = {mark for each in list_at(work, "updated-by") if (mark := _UPDATES.get(_kind_of(each)))}
    notices: dict[Notice, None] = {}
    for each in list_at(work, "update-to"):
        mark, about = _UPDATES.get(_kind_of(each)), doi_of(text_at(each, "DOI"))
        if mark and about == doi:
            # Some publishers put the notice in the place of the work.
            marks.add(mark)
        elif mark and about:
            notices[Notice(mark, Identifier("doi", about))] = None
    return tuple(mark for mark in Mark if mark in marks), tuple(notices)


def _kind_of(update: object) -> str:
    return text_at(update, "type").strip().lower().replace("-", "_").replace(" ", "_")


def _links(work: Work, own: tuple[Identifier, ...]) -> tuple[Identifier, ...]:
    relation = work.get("relation")
    found: dict[Identifier, None] = {}
    for name in _SAME_WORK:
        related = relation.get(name) if isinstance(relation, dict) else None
        for each in related if isinstance(related, list) else [related]:
            found |= dict.fromkeys(_names(text_at(each, "id-type").lower(), text_at(each, "id")))
    for each in list_at(work, "update-to"):
        if _kind_of(each) == "new_version":
            found |= dict.fromkeys(names_of(doi_of(text_at(each, "DOI"))))
    return tuple(link for link in found if link not in own)


def _names(kind: str, value: str) -> tuple[Identifier, ...]:
    if kind == "pmid" and (pmid := pmid_of(value)):
        return (Identifier("pmid", pmid),)
    if kind == "pmcid" and (pmcid := pmcid_of(value)):
        return (Identifier("pmcid", pmcid),)
    if kind == "arxiv" or "arxiv.org/" in value.lower():
        return arxiv_names(arxiv_of(value))
    return names_of(doi_of(value))


# --- dates ----------------------------------------------------------------------------------------------------------


def _dated(work: Work, today: date) -> tuple[str, date, date | None, bool]:
    """When it appeared, when it was registered, when it was last deposited, and whether all that was sound.

    `deposited` is the publisher's last word; `indexed` moves whenever a citation is counted.
    """
    said = [text for name in _PUBLISHED if (text := _date(work, name)) != ("", True)]
    kept = [text for text, _ in said if text and dates.not_ahead(text, today)[1]]
    sound = all(whole for _, whole in said) and len(kept) == len(said)
    published = kept[0] if kept else today.isoformat() if said else ""
    # `2026` and `2026-03-05` are one date, told twice.
    same = (text for text in kept if text.startswith(published))
    published = min(same, key=lambda text: (-len(text), text), default=published)
    created = _day(work, "created")
    deposited = _day(work, "deposited")
    revised = min(deposited, today) if deposited else None
    if created is None or created > today:
        return published, today, revised, False
    return published, created, revised, sound


def _date(work: Work, name: str) -> tuple[str, bool]:
    """As in `dates.partial`; empty and sound where nothing is said. `date-parts` may hold nulls."""
    first = next(iter(list_at(work, name, "date-parts")), None)
    parts = [str(part).strip() if part is not None else "" for part in first[:3]] if isinstance(first, list) else []
    year, month, day = (*parts, "", "", "")[:3]
    return dates.partial(year, month, day) if year or month or day else ("", True)


def _day(work: Work, name: str) -> date | None:
    text = dates.from_iso(text_at(work, name, "date-time"))[0] or _date(work, name)[0]
    return dates.day_of(text)
