"""The page of one paper, and the paper as reference programs read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from bot.concepts.related import Concept
from bot.models.feeds import SOURCE_NAMES
from bot.models.papers import AbstractSection, Identifier, Mark, PaperRecord
from bot.render.cards import author_name
from bot.render.citing import bibtex, cite_key, ris
from bot.render.excerpt import excerpt
from bot.render.languages import Language
from bot.render.languages import marked as _
from bot.render.plain import plain, web_link
from bot.render.wording import zone_named
from bot.store.archive import PaperWhole, now_in, paper_whole
from bot.web.edges import Edges, SiteEdges
from bot.web.pages import PUBLIC, READ, Pages, SitePages
from bot.web.views import LinkView, PaperView, concept_view, link_view, paper_path, paper_view
from bot.wiring.relating import Relating

_NUMBER = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
#: What no number in a database exceeds.
_LARGEST = 2**63 - 1
_WHOLE = 1_000_000
#: Authors that the page names one by one.
_AUTHORS = 60

#: Schemes in words, and where their services show a record.
_SCHEMES = {
    "doi": ("DOI", "https://doi.org/{}"),
    "pmid": ("PubMed", "https://pubmed.ncbi.nlm.nih.gov/{}/"),
    "pmcid": ("PubMed Central", "https://pmc.ncbi.nlm.nih.gov/articles/{}/"),
    "arxiv": ("arXiv", "https://arxiv.org/abs/{}"),
    "biorxiv": ("bioRxiv", "https://doi.org/{}"),
    "medrxiv": ("medRxiv", "https://doi.org/{}"),
    "europepmc": ("Europe PMC", "https://europepmc.org/article/{}"),
    "openalex": ("OpenAlex", "https://openalex.org/{}"),
}
#: What became of it, gravest first where several are.
_NOTICES = {
    Mark.RETRACTED.value: _("This paper has been retracted."),
    Mark.CONCERN.value: _("The publisher has expressed concern about this paper."),
    Mark.CORRECTED.value: _("This paper has been corrected."),
}
_CHANGES = {
    "published": _("published in a journal"),
    Mark.RETRACTED.value: _("retracted"),
    Mark.CONCERN.value: _("concern expressed"),
    Mark.CORRECTED.value: _("corrected"),
}

routes = APIRouter()


@dataclass(frozen=True, slots=True)
class NameView:
    """An identifier, with where it leads."""

    scheme: str
    value: str
    url: str


@dataclass(frozen=True, slots=True)
class VersionView:
    """A form of the paper that a source told of."""

    preprint: bool
    source: str
    #: When, in words.
    date: str


@dataclass(frozen=True, slots=True)
class WholeView:
    """What the template of a paper's page sees beside the paper itself."""

    paper: PaperView
    authors: tuple[str, ...]
    #: Authors that are not named.
    more_authors: int
    abstract: tuple[AbstractSection, ...]
    names: tuple[NameView, ...]
    versions: tuple[VersionView, ...]
    #: What the highest version is called, `3`; empty where there is but one.
    version: str
    notices: tuple[str, ...]
    #: (what happened, when).
    changes: tuple[tuple[str, str], ...]
    concepts: tuple[LinkView, ...]
    feeds: tuple[LinkView, ...]
    #: For programs that collect references: (name, content) of `<meta>`.
    meta: tuple[tuple[str, str], ...]


@routes.api_route("/papers/{number}.bib", methods=READ)
def as_bibtex(number: str, edges: Edges, pages: SitePages) -> Response:
    """The paper for BibTeX."""
    return _cited(edges, pages, number, "bib", "application/x-bibtex", bibtex)


@routes.api_route("/papers/{number}.ris", methods=READ)
def as_ris(number: str, edges: Edges, pages: SitePages) -> Response:
    """The paper for EndNote, Zotero, Mendeley and their like."""
    return _cited(edges, pages, number, "ris", "application/x-research-info-systems", ris)


@routes.api_route("/papers/{number}", methods=READ)
def show(number: str, edges: Edges, pages: SitePages) -> Response:
    """All that is known of one paper; what was merged into another leads there."""
    whole = _whole(edges, number)
    if whole is None:
        return _elsewhere(edges, pages, number, "")
    related = Relating(edges.store).of([(0, whole.paper)])
    zone = zone_named(edges.settings.timezone)
    view = whole_view(whole, related[0, whole.paper.id], zone, pages.language)
    return pages.page("paper", headers=PUBLIC, whole=view, paper=view.paper)


def whole_view(whole: PaperWhole, related: Sequence[Concept], zone: tzinfo, language: Language) -> WholeView:
    """What the page shows of a paper.

    Args:
        related: the most telling first.
        zone: whose days they are.
    """
    paper = whole.paper
    names = [name for name in map(author_name, paper.authors) if name]
    return WholeView(
        paper=paper_view(paper, language.code),
        authors=tuple(names[:_AUTHORS]),
        more_authors=max(0, len(names) - _AUTHORS),
        abstract=excerpt(paper.abstract, _WHOLE).parts,
        names=tuple(map(_name_view, _shown(whole.identifiers))),
        versions=_versions(whole, zone, language),
        version=str(whole.version) if whole.version > 1 else "",
        notices=tuple(language.gettext(words) for mark, words in _NOTICES.items() if mark in paper.marks),
        changes=tuple(
            (language.gettext(_CHANGES[kind]), language.date(f"{at.astimezone(zone):%Y-%m-%d}"))
            for kind, at in whole.changes
            if kind in _CHANGES
        ),
        concepts=tuple(map(concept_view, related)),
        feeds=tuple(map(link_view, whole.feeds)),
        meta=_meta(paper, whole.identifiers),
    )


def _shown(names: Sequence[Identifier]) -> list[Identifier]:
    order = list(_SCHEMES)
    return sorted((name for name in names if name.scheme in _SCHEMES), key=lambda name: order.index(name.scheme))


def _name_view(name: Identifier) -> NameView:
    words, place = _SCHEMES[name.scheme]
    link = web_link(place.format(quote(name.value, safe="/:().;-_")))
    return NameView(words, plain(name.value, 200), link)


def _versions(whole: PaperWhole, zone: tzinfo, language: Language) -> tuple[VersionView, ...]:
    seen: dict[tuple[bool, str], VersionView] = {}
    for one in whole.told:
        source = SOURCE_NAMES.get(one.source, "") or language.gettext("a journal's feed")
        day = language.date(f"{one.at.astimezone(zone):%Y-%m-%d}")
        seen.setdefault((one.preprint, source), VersionView(one.preprint, source, day))
    return tuple(seen.values())


def _meta(paper: PaperRecord, names: Sequence[Identifier]) -> tuple[tuple[str, str], ...]:
    """Tags of Highwire Press, which Google Scholar and Zotero read."""
    known = {name.scheme: name.value for name in names}
    found = [("citation_title", plain(paper.title))]
    found += [
        ("citation_author", plain(", ".join(filter(None, (one.family, one.given or one.initials)))))
        for one in paper.authors[:_AUTHORS]
    ]
    found += [
        ("citation_publication_date", paper.published.replace("-", "/")),
        ("citation_journal_title", plain(paper.journal)),
        ("citation_doi", known.get("doi", "")),
        ("citation_pmid", known.get("pmid", "")),
        ("citation_language", plain(paper.language)),
    ]
    return tuple((name, content) for name, content in found if content)


def _whole(edges: SiteEdges, number: str) -> PaperWhole | None:
    paper_id = _id(number)
    return paper_whole(edges.store, paper_id) if paper_id else None


def _id(number: str) -> int:
    """The id that stands in an address; 0 for none."""
    paper_id = int(number) if _NUMBER.fullmatch(number) else 0
    return paper_id if paper_id <= _LARGEST else 0


def _cited(
    edges: SiteEdges,
    pages: Pages,
    number: str,
    ending: str,
    kind: str,
    written: Callable[[PaperRecord, Sequence[Identifier]], str],
) -> Response:
    whole = _whole(edges, number)
    if whole is None:
        return _elsewhere(edges, pages, number, f".{ending}")
    headers = {"Content-Disposition": f'attachment; filename="{cite_key(whole.paper)}.{ending}"'}
    return Response(
        written(whole.paper, whole.identifiers), headers=PUBLIC | headers, media_type=f"{kind}; charset=utf-8"
    )


def _elsewhere(edges: SiteEdges, pages: Pages, number: str, ending: str) -> Response:
    paper_id = _id(number)
    present = now_in(edges.store, paper_id) if paper_id else None
    if present is None:
        return pages.page("no_paper", 404)
    return RedirectResponse(pages.site.link(f"{paper_path(present)}{ending}"), 301, PUBLIC)
