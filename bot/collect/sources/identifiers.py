"""Identifiers in their one normal form, and where they hide in links."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from bot.models.papers import Identifier

_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/\S+")
_DOI_START = re.compile(r"^\s*(?:(?:https?://)?(?:dx\.|www\.)?doi\.org/|urn:doi:|info:doi/|doi[:\s]\s*)", re.IGNORECASE)
#: What publishers hang on to a DOI in the paths of their pages.
_PAGE_OF_DOI = re.compile(
    r"(?:[./](?:full|full-?text|abstract|abs|pdf|epdf|pdfdirect|html?|xml|meta|short|summary))+$", re.IGNORECASE
)
#: Oxford's pages add their own number.
_OXFORD_PAGE = re.compile(r"(10\.1093/.+)/\d{6,}$")
_VERSIONED_PREPRINTS = ("10.1101/", "10.64898/")
_PREPRINT_VERSION = re.compile(r"(10\.(?:1101|64898)/[\d.]+)v\d+$", re.IGNORECASE)
_PMCID = re.compile(r"\bPMC(\d{1,10})(?:\.\d+)?\b", re.IGNORECASE)
_PMID = re.compile(r"[1-9]\d{0,8}")
_ARXIV_DOI = "10.48550/arxiv."
#: arXiv, "Understanding the arXiv identifier": the form since April 2007, and the one before.
_ARXIV = re.compile(r"(?:\d{4}\.\d{4,5}|[a-z][a-z-]*(?:\.[a-z]{2})?/\d{7})(?=v\d+$|$)")
_ARXIV_START = re.compile(
    r"^(?:https?://)?(?:(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/|arxiv:\s*|oai:arxiv\.org:)"
)
#: bioRxiv and medRxiv share prefixes, the first of them with a publisher's journals.
_RXIV_DOI = re.compile(r"10\.(?:1101|64898)/((?:\d{4}\.\d\d\.\d\d\.)?\d{6,8})$")
#: Registrants that give each version a DOI of its own, and where the version's number stands in it.
_VERSIONED_DOI = re.compile(
    r"(10\.21203/rs\.\d+\.(?:rs-)?\d+|10\.22541/au\.[\d.]+|10\.36227/techrxiv\.[\d.]+?)(?:[/.]v\d+)?"
    r"|(10\.20944/preprints[\d.]+?|10\.6084/m9\.figshare\.\d+|10\.26434/chemrxiv[-.][\w-]+?)(?:[.-]v\d+)?"
    r"|(10\.\d{5}/osf\.io/[a-z0-9]+)(?:_v\d+)?"
    r"|(10\.7554/elife\.\d+)(?:\.\d)?"
    r"|(10\.12688/[a-z0-9]+\.\d+)(?:\.\d+)?"
)
_PREPRINT_DOI = re.compile(
    r"10\.(?:48550/|21203/rs\.|22541/au\.|36227/techrxiv|20944/preprints|26434/chemrxiv|2139/ssrn|\d{5}/osf\.io/)"
)

#: What stands in a link as it is.
_IN_LINKS = re.compile(r"[a-zA-Z0-9/:;()._~!*'-]+")

_LONGEST_LINK = 2_000
#: Longest identifier that is kept; a longer one is not an identifier.
LONGEST = 300


@lru_cache(maxsize=1024)
def doi_of(text: str) -> str:
    """The DOI in lower case, without resolver or prefix; empty where `text` is none.

    DOI names are case-insensitive in ASCII (ISO 26324; DOI Handbook, section 2.4).
    """
    bare = text.strip()
    if not bare.startswith("10."):
        bare = _DOI_START.sub("", bare).strip()
        bare = unquote(bare) if "%" in bare else bare
    found = _DOI.fullmatch(bare)
    if not found or len(bare) > LONGEST:
        return ""
    return _normal(bare)


def doi_in_link(url: str) -> str:
    """The DOI that a link to a paper's page carries in its path or query; empty where there is none."""
    if len(url) > _LONGEST_LINK:
        return ""
    try:
        parts = urlsplit(url)
        places = [unquote(parts.path), *(value for _, value in parse_qsl(parts.query))]
        host = (parts.hostname or "").lower()
    except ValueError:
        return ""
    found = next((match[0] for place in places if (match := _DOI.search(place))), "")
    if not found or len(found) > LONGEST:
        return ""
    doi = _normal(found)
    if host != "doi.org" and not host.endswith(".doi.org"):
        doi = _OXFORD_PAGE.sub(r"\1", _PAGE_OF_DOI.sub("", doi))
    return _normal(doi)


def _normal(doi: str) -> str:
    doi, before = doi.lower(), ""
    if doi[-1:].isalnum() and not doi.startswith(_VERSIONED_PREPRINTS):
        return doi
    while doi != before:
        before = doi
        doi = _PREPRINT_VERSION.sub(r"\1", doi.rstrip(".,;:/"))
        for opening, closing in ("()", "[]"):
            if doi.endswith(closing) and doi.count(opening) < doi.count(closing):
                doi = doi[:-1]
    return doi if _DOI.fullmatch(doi) else ""


def pmid_of(text: str) -> str:
    """The PMID, digits only; empty where `text` is none."""
    if _PMID.fullmatch(text):
        return text
    text = text.strip().lower().removeprefix("pmid:").removeprefix("pubmed:").strip()
    return text if _PMID.fullmatch(text) else ""


def pmcid_of(text: str) -> str:
    """The PMCID, `PMC1234567` without a version; empty where `text` holds none."""
    found = _PMCID.search(text)
    return f"PMC{found[1]}" if found else ""


def arxiv_of(text: str) -> str:
    """The arXiv identifier without its version, `2101.00001` or `astro-ph/0601001`; empty where `text` is none."""
    bare = _ARXIV_START.sub("", text.strip().lower()).removesuffix(".pdf")
    if (doi := doi_of(bare)).startswith(_ARXIV_DOI):
        bare = doi.removeprefix(_ARXIV_DOI)
    found = _ARXIV.match(bare)
    return found[0] if found else ""


def names_of(doi: str) -> tuple[Identifier, ...]:
    """A DOI as an identifier, with what it says besides: the work of a versioned one, arXiv's own identifier.

    Args:
        doi: normal, as from `doi_of`; empty gives nothing.
    """
    if not doi:
        return ()
    if arxiv := arxiv_of(doi) if doi.startswith(_ARXIV_DOI) else "":
        return arxiv_names(arxiv)
    names = [Identifier("doi", doi)]
    if found := _VERSIONED_DOI.fullmatch(doi):
        names.append(Identifier("work", next(filter(None, found.groups()))))
    return tuple(names)


def arxiv_names(arxiv: str) -> tuple[Identifier, ...]:
    """An arXiv identifier with the DOI that arXiv registers for it."""
    return (Identifier("arxiv", arxiv), Identifier("doi", _ARXIV_DOI + arxiv)) if arxiv else ()


def is_preprint_doi(doi: str) -> bool:
    """Whether a DOI's form is that of a preprint server, so that it names no journal's article."""
    return bool(_RXIV_DOI.match(doi) or _PREPRINT_DOI.match(doi))


def rxiv_of(doi: str) -> str:
    """What bioRxiv and medRxiv call a preprint, `2020.03.01.20029769`, from its DOI; empty where it is not theirs."""
    found = _RXIV_DOI.match(doi)
    return found[1] if found else ""


def doi_link(doi: str) -> str:
    """Where a DOI is resolved."""
    return "https://doi.org/" + (doi if _IN_LINKS.fullmatch(doi) else quote(doi, safe="/:;()._-~!*'"))


def pubmed_link(pmid: str) -> str:
    """A paper's page at PubMed."""
    return f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"
