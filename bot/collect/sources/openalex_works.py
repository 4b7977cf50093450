"""OpenAlex's works as announcements: pure rules, whatever was gathered from elsewhere.

OpenAlex developers, "Works", the attributes of a work.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from bot.collect.sources import dates
from bot.collect.sources.abstracts import sections_of, text_of_index
from bot.collect.sources.crossref_works import LEFT_OUT as CROSSREF_LEFT_OUT
from bot.collect.sources.entries import author_of, web_link
from bot.collect.sources.identifiers import (
    arxiv_names,
    arxiv_of,
    doi_link,
    doi_of,
    is_preprint_doi,
    names_of,
    pmcid_of,
    pmid_of,
    pubmed_link,
)
from bot.collect.sources.languages import language_of
from bot.collect.sources.streams import list_at, text_at
from bot.collect.text import clean, plain_markup
from bot.models.papers import Announcement, Author, Identifier, Mark, MeshHeading

NAME = "openalex"
Work = dict[str, Any]

#: Types of records that are no papers (OpenAlex developers, "Works", type).
_LEFT_OUT = frozenset(
    "database dataset grant libguides paratext peer-review reference-entry software standard "
    "supplementary-materials".split()
)
#: In the words that MEDLINE has for them, where it has any.
_TYPES = {
    "article": "Journal Article",
    "erratum": "Published Erratum",
    "retraction": "Retraction of Publication",
    "other": "",
}
_ID = re.compile(r"W\d{1,18}")
#: OpenAlex names repositories with those who run them: `arXiv (Cornell University)`.
_RUN_BY = re.compile(r"\s*\([^()]*\)$")
#: Keywords are guessed; below this they are mostly wrong.
_LIKELY = 0.3
#: OpenAlex finds copies of a work by its title and authors; shorter titles (`Introduction`) are many works'.
_TELLING_WORDS = 5
_LONGEST = 1_000


def name_of(work: Work) -> str:
    """`W2741809807`; empty where the record has no such name."""
    found = _ID.fullmatch(text_at(work, "id").rpartition("/")[2].upper())
    return found[0] if found else ""


def announcement_of(work: Work, today: date) -> Announcement | None:
    """A work as an announcement; None where it is no paper, or has neither a name nor a title.

    Args:
        work: an element of `results`.
        today: the day of fetching, which bounds dates.
    """
    identifiers = _identifiers(work)
    abstract = sections_of(text_of_index(work.get("abstract_inverted_index")))
    title = plain_markup(text_at(work, "display_name") or text_at(work, "title"))[:_LONGEST]
    title = title or (abstract[0].text[:120] if abstract else "")
    if not identifiers or not title or _is_no_paper(work):
        return None
    kind = text_at(work, "type")
    doi = next((one.value for one in identifiers if one.scheme == "doi"), "")
    preprint = kind == "preprint" or is_preprint_doi(doi)
    retracted = work.get("is_retracted") is True and kind != "retraction"
    published, indexed, revised, sound = _dated(work, today)
    return Announcement(
        source=NAME,
        identifiers=identifiers,
        title=title,
        url=_url(work, identifiers, doi),
        abstract=abstract,
        authors=_authors(work),
        journal=_journal(work, preprint=preprint),
        keywords=_keywords(work),
        mesh=_mesh(work),
        publication_types=_types(work, preprint=preprint, retracted=retracted),
        published=published,
        indexed=indexed,
        language=language_of(text_at(work, "language")),
        repairs=() if sound else ("date",),
        preprint=preprint,
        revised=revised,
        links=_links(work, identifiers, doi) if len(title.split()) >= _TELLING_WORDS else (),
        marks=(Mark.RETRACTED,) if retracted else (),
    )


def _is_no_paper(work: Work) -> bool:
    kinds = text_at(work, "type"), text_at(work, "type_crossref")
    return work.get("is_paratext") is True or kinds[0] in _LEFT_OUT or kinds[1] in CROSSREF_LEFT_OUT


def _identifiers(work: Work) -> tuple[Identifier, ...]:
    name = name_of(work)
    found = [Identifier("openalex", name)] if name else []
    found += names_of(doi_of(text_at(work, "doi") or text_at(work, "ids", "doi")))
    if pmid := pmid_of(text_at(work, "ids", "pmid").rstrip("/").rpartition("/")[2]):
        found.append(Identifier("pmid", pmid))
    pmc = text_at(work, "ids", "pmcid").rstrip("/").rpartition("/")[2]
    if pmcid := pmcid_of(pmc) or (pmcid_of(f"PMC{pmc}") if pmc.isascii() and pmc.isdigit() else ""):
        found.append(Identifier("pmcid", pmcid))
    return tuple(dict.fromkeys(found))


def _url(work: Work, identifiers: tuple[Identifier, ...], doi: str) -> str:
    if doi:
        return doi_link(doi)
    if page := web_link(text_at(work, "primary_location", "landing_page_url")):
        return page
    first = identifiers[0]
    pmid = next((one.value for one in identifiers if one.scheme == "pmid"), "")
    return pubmed_link(pmid) if pmid else f"https://openalex.org/{first.value}"


def _authors(work: Work) -> tuple[Author, ...]:
    """As the paper has them; whether one is a group is seen by the name alone."""
    found = (
        plain_markup(text_at(each, "raw_author_name") or text_at(each, "author", "display_name"))
        for each in list_at(work, "authorships")
    )
    return tuple(dict.fromkeys(author for name in found if (author := author_of(name))))


def _journal(work: Work, *, preprint: bool) -> str:
    source = work.get("primary_location")
    name = plain_markup(text_at(source, "source", "display_name"))[:300]
    if text_at(source, "source", "type") == "repository":
        # Where an article happens to be kept is not where it appeared.
        return _RUN_BY.sub("", name) if preprint else ""
    return name


def _keywords(work: Work) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for each in list_at(work, "keywords"):
        word = plain_markup(text_at(each, "display_name") or text_at(each, "keyword"))[:200]
        score = each.get("score") if isinstance(each, dict) else None
        if word and not (isinstance(score, int | float) and score < _LIKELY):
            found[word] = None
    return tuple(found)


def _mesh(work: Work) -> tuple[MeshHeading, ...]:
    """Each descriptor once; OpenAlex repeats it for every qualifier."""
    found: dict[str, MeshHeading] = {}
    for each in list_at(work, "mesh"):
        name = plain_markup(text_at(each, "descriptor_name"))
        major = isinstance(each, dict) and each.get("is_major_topic") is True
        if name:
            before = found.get(name)
            found[name] = MeshHeading(
                name, clean(text_at(each, "descriptor_ui")), major or (before is not None and before.major)
            )
    return tuple(found.values())


def _types(work: Work, *, preprint: bool, retracted: bool) -> tuple[str, ...]:
    kind = text_at(work, "type")
    named = _TYPES.get(kind, clean(kind.replace("-", " ")).title()[:80])
    place = text_at(work, "primary_location", "source", "type")
    if kind == "article" and (place == "conference" or text_at(work, "type_crossref") == "proceedings-article"):
        named = "Conference Paper"
    found = ("Preprint" if preprint else named, "Retracted Publication" if retracted else "")
    return tuple(kind for kind in found if kind)


def _links(work: Work, own: tuple[Identifier, ...], doi: str) -> tuple[Identifier, ...]:
    """The preprint of an article, or the article of a preprint, where a copy's page has the name of one."""
    found: dict[Identifier, None] = {}
    for location in list_at(work, "locations"):
        page = text_at(location, "landing_page_url")
        other = doi_of(page) if "doi.org/" in page.lower() else ""
        if arxiv := arxiv_of(page) if "arxiv" in page.lower() else "":
            found |= dict.fromkeys(arxiv_names(arxiv))
        elif is_preprint_doi(other) or (
            other and is_preprint_doi(doi) and text_at(location, "source", "type") == "journal"
        ):
            found |= dict.fromkeys(names_of(other))
    return tuple(link for link in found if link not in own)


def _dated(work: Work, today: date) -> tuple[str, date, date | None, bool]:
    """When it appeared, when OpenAlex made the record, when it last changed it, and whether all that was sound."""
    said = text_at(work, "publication_date") or text_at(work, "publication_year")
    # The first of January stands for a year of which no more is known.
    published, whole = dates.from_iso(said[:4] if said.endswith("-01-01") else said)
    sound = whole or not said
    if said and not published:
        published = today.isoformat()
    published, kept = dates.not_ahead(published, today)
    created, updated = (
        dates.day_of(dates.from_iso(text_at(work, name))[0]) for name in ("created_date", "updated_date")
    )
    revised = min(updated, today) if updated else None
    if created is None or created > today:
        return published, today, revised, False
    return published, created, revised, sound and kept
