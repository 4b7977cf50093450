"""Identifiers in their one normal form, and where they hide in links."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote, urlsplit

_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/\S+")
_DOI_START = re.compile(r"^\s*(?:(?:https?://)?(?:dx\.|www\.)?doi\.org/|urn:doi:|info:doi/|doi[:\s]\s*)", re.IGNORECASE)
#: What publishers hang on to a DOI in the paths of their pages.
_PAGE_OF_DOI = re.compile(
    r"(?:[./](?:full|full-?text|abstract|abs|pdf|epdf|pdfdirect|html?|xml|meta|short|summary))+$", re.IGNORECASE
)
#: Oxford's pages add their own number.
_OXFORD_PAGE = re.compile(r"(10\.1093/.+)/\d{6,}$")
_PREPRINT_VERSION = re.compile(r"(10\.(?:1101|64898)/[\d.]+)v\d+$", re.IGNORECASE)
_PMCID = re.compile(r"\bPMC(\d{1,10})(?:\.\d+)?\b", re.IGNORECASE)
_PMID = re.compile(r"[1-9]\d{0,8}")

#: Longest identifier that is kept; a longer one is not an identifier.
LONGEST = 300


def doi_of(text: str) -> str:
    """The DOI in lower case, without resolver or prefix; empty where `text` is none.

    DOI names are case-insensitive in ASCII (ISO 26324; DOI Handbook, section 2.4).
    """
    bare = _DOI_START.sub("", text).strip()
    if bare != text.strip() and "%" in bare:
        bare = unquote(bare)
    found = _DOI.fullmatch(bare)
    if not found or len(bare) > LONGEST:
        return ""
    return _normal(bare)


def doi_in_link(url: str) -> str:
    """The DOI that a link to a paper's page carries in its path or query; empty where there is none."""
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
    while doi != before:
        before = doi
        doi = _PREPRINT_VERSION.sub(r"\1", doi.rstrip(".,;:/"))
        for opening, closing in ("()", "[]"):
            if doi.endswith(closing) and doi.count(opening) < doi.count(closing):
                doi = doi[:-1]
    return doi if _DOI.fullmatch(doi) else ""


def pmid_of(text: str) -> str:
    """The PMID, digits only; empty where `text` is none."""
    text = text.strip().lower().removeprefix("pmid:").removeprefix("pubmed:").strip()
    return text if _PMID.fullmatch(text) else ""


def pmcid_of(text: str) -> str:
    """The PMCID, `PMC1234567` without a version; empty where `text` holds none."""
    found = _PMCID.search(text)
    return f"PMC{found[1]}" if found else ""


def doi_link(doi: str) -> str:
    """Where a DOI is resolved."""
    return "https://doi.org/" + quote(doi, safe="/:;()._-~!*'")


def pubmed_link(pmid: str) -> str:
    """A paper's page at PubMed."""
    return f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"
