"""What PubMed says of a paper's fate and of its other forms: marks, notices, links.

NLM, "Errata, Retractions, and Other Linked Citations in PubMed", and the DTD's RefType of CommentsCorrections.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from lxml import etree

from bot.collect.sources.identifiers import doi_of, is_preprint_doi, names_of, pmid_of
from bot.models.papers import Identifier, Mark, Notice

#: What happened to this paper, told by the paper that says so.
_HAPPENED = {
    "RetractionIn": Mark.RETRACTED,
    "RetractedandRepublishedIn": Mark.RETRACTED,
    "ExpressionOfConcernIn": Mark.CONCERN,
    "ErratumIn": Mark.CORRECTED,
    "CorrectedandRepublishedIn": Mark.CORRECTED,
    # A retraction of a part; NLM keeps the paper as one that stands.
    "PartialRetractionIn": Mark.CORRECTED,
}
#: What this record says happened to another paper.
_TELLS = {
    "RetractionOf": Mark.RETRACTED,
    "RetractedandRepublishedFrom": Mark.RETRACTED,
    "ExpressionOfConcernFor": Mark.CONCERN,
    "ErratumFor": Mark.CORRECTED,
    "CorrectedandRepublishedFrom": Mark.CORRECTED,
    "PartialRetractionOf": Mark.CORRECTED,
}
_UPDATES = {"UpdateIn", "UpdateOf"}
#: Publication types that say it, should the link be missing.
_TYPES = {"Retracted Publication": Mark.RETRACTED}
PREPRINT = "Preprint"
_TELLING = {PREPRINT, *_TYPES}
#: Preprint servers as NLM's catalogue abbreviates them, and as they call themselves.
_SERVERS = re.compile(
    r"\b(?:(?:bio|med|chem|psy|eco ?evo|sport|soc|eng|edu?|afric|agri|meta|law|india|tech|earth|palaeo|paleo)?a?rxiv"
    r"|res(?:earch)? sq(?:uare)?|ssrn|preprints(?:\.org)?|authorea|osf preprints|peerj prepr(?:ints)?)\b",
    re.IGNORECASE,
)
_DOI = re.compile(r"\bdoi:?\s*(10\.\S+)", re.IGNORECASE)


class Fate(NamedTuple):
    """What is known of a paper beside itself."""

    preprint: bool = False
    marks: tuple[Mark, ...] = ()
    notices: tuple[Notice, ...] = ()
    links: tuple[Identifier, ...] = ()


_NOTHING = Fate()


def fate_of(types: tuple[str, ...], corrections: etree._Element | None) -> Fate:
    """A paper's marks, notices and links.

    "Update" links two versions of one work where one of them is a preprint; elsewhere it links a review to the next
    one on its question (Cochrane), which is another paper.

    Args:
        types: its publication types.
        corrections: its CommentsCorrectionsList.
    """
    if corrections is None and _TELLING.isdisjoint(types):
        return _NOTHING
    preprint = PREPRINT in types
    marks = {_TYPES[kind] for kind in types if kind in _TYPES}
    notices: list[Notice] = []
    links: list[Identifier] = []
    for each in corrections if corrections is not None else ():
        kind = each.get("RefType", "")
        if kind in _HAPPENED:
            marks.add(_HAPPENED[kind])
        elif kind in _TELLS:
            notices += [Notice(_TELLS[kind], one) for one in _named(each)]
        elif kind in _UPDATES and (preprint or _is_preprint(each)):
            links += _named(each)
    return Fate(
        preprint, tuple(m for m in Mark if m in marks), tuple(dict.fromkeys(notices)), tuple(dict.fromkeys(links))
    )


def _named(correction: etree._Element) -> list[Identifier]:
    """The identifiers of the paper that it points to."""
    pmid = pmid_of(correction.findtext("PMID", ""))
    return [*([Identifier("pmid", pmid)] if pmid else ()), *names_of(_doi_in(correction))]


def _is_preprint(correction: etree._Element) -> bool:
    return bool(_SERVERS.search(correction.findtext("RefSource", ""))) or is_preprint_doi(_doi_in(correction))


def _doi_in(correction: etree._Element) -> str:
    """The DOI that a reference ends with: `bioRxiv. 2020 Mar 5:2020.03.02.2002. doi: 10.1101/2020.03.02.2002.`."""
    found = _DOI.search(correction.findtext("RefSource", ""))
    return doi_of(found[1]) if found else ""
