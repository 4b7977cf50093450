"""What names the paper that a feed's entry is about: identifiers from its links and elements, its guid, its link.

What several entries share names none of them: the DOI of an issue, the address of a journal.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from bot.collect.sources.identifiers import (
    LONGEST,
    arxiv_names,
    arxiv_of,
    doi_in_link,
    doi_of,
    is_preprint_doi,
    names_of,
    pmcid_of,
    pmid_of,
    rxiv_of,
)
from bot.collect.text import clean
from bot.models.papers import Identifier

Entry = Mapping[str, Any]

LONGEST_LINK = 2_000
_UNSAFE = re.compile(r"[\s\"<>`{}|\\^]")
_LABELLED_DOI = re.compile(r"\bdoi:?\s*(?:https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S{1,200})", re.IGNORECASE)
_PUBMED_PAGE = re.compile(r"^/(?:pubmed/)?(\d{1,9})/?$")
_EUROPEPMC_PAGE = re.compile(r"^/(?:article|abstract)/med/(\d{1,9})/?$", re.IGNORECASE)
#: Pages of bioRxiv and medRxiv that have no DOI in their address: `/cgi/content/short/2020.03.01.20029769v1`.
_RXIV_PAGE = re.compile(r"/((?:\d{4}\.\d\d\.\d\d\.)?\d{6,8})(?:v\d+)?(?:[./]|$)")
_RXIV_HOSTS = {"biorxiv.org": "biorxiv", "medrxiv.org": "medrxiv"}
_VERSION = re.compile(r"(?<=\d)v(\d{1,2})(?!\w)")
_GLOBAL_GUID = re.compile(r"(?:https?://|urn:|tag:|oai:|doi:|10\.\d{4,9}/)", re.IGNORECASE)
#: What is hung on a link to tell where its reader came from: analytics, and what publishers' feeds add.
_TRACKING = re.compile(
    r"(?:utm_\w+|[a-z_]*clid|mc_[ce]id|_hs\w+|xtor|cmpid|dgcid|at_\w+|ns_\w+|rss\w{0,12}|af|feed|wt\.\w+|pk_\w+|mtm_\w+)"
    r"(?:=|$)|(?:source|src|from|ref|via|origin|medium)=(?:rss|feed|atom|twitter|email)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Named:
    """An entry with what may name its paper.

    Args:
        title: plain; it or the text may be empty.
        text: the longest of the entry's texts, plain.
    """

    entry: Entry
    title: str
    text: str
    #: http or https; empty where there is none.
    link: str = ""
    #: The same in its one form.
    place: str = ""
    #: In the order of trust.
    dois: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    #: Of the journal's article, where this is the preprint.
    links: tuple[Identifier, ...] = ()
    preprint: bool = False
    version: int = 1
    _parts: SplitResult = field(default_factory=lambda: urlsplit(""))

    def __post_init__(self) -> None:
        entry = self.entry
        self.link = next((url for name in ("link", "prism_url", "id") if (url := web_link(entry.get(name, "")))), "")
        self.place = place_of(self.link)
        self._parts = urlsplit(self.link)
        self.dois = tuple(dict.fromkeys(_dois(entry, self.link, self.text)))

    @property
    def topic(self) -> str:
        """By what two entries are told apart, whatever names they have."""
        return self.title or self.text[:LONGEST]

    @property
    def doi(self) -> str:
        """The first of the identifiers that is a DOI; empty where none is."""
        return next((name.value for name in self.identifiers if name.scheme == "doi"), "")


def named(entries: Sequence[Named], home: str) -> None:
    """Gives all entries of a feed their identifiers: the best first, the feed's own names last.

    Args:
        entries: all that a feed shows.
        home: the feed's own page, or its address, without secrets; it scopes guids that are not unique by themselves.
    """
    dois = _shared((doi, one.topic) for one in entries for doi in one.dois)
    places = _shared((one.place, one.topic) for one in entries) | {place_of(home)}
    guids = _shared((one.entry.get("id", ""), one.topic + one.place) for one in entries)
    for one in entries:
        _name(one, [doi for doi in one.dois if doi not in dois])
        guid = clean(one.entry.get("id", ""))
        if guid and one.entry["id"] not in guids and not _is_same(guid, home):
            one.identifiers += (_guid(guid, home),)
        if one.place and one.place not in places:
            one.identifiers += (Identifier("link", _short(one.place)),)
        if not one.identifiers:
            one.identifiers = (_guid("title:" + _digest(one.topic.casefold()), home),)


def _is_same(guid: str, home: str) -> bool:
    return guid.rstrip("/") == home.rstrip("/") or (place_of(guid) == place_of(home) != "")


def _shared(pairs: Iterable[tuple[str, str]]) -> set[str]:
    """Those first parts that come with more than one second part."""
    seen: dict[str, set[str]] = defaultdict(set)
    for name, what in pairs:
        seen[name].add(what)
    return {name for name, whats in seen.items() if len(whats) > 1}


def _name(one: Named, dois: list[str]) -> None:
    host, path, entry = (one._parts.hostname or "").removeprefix("www."), unquote(one._parts.path), one.entry
    found: list[Identifier] = []
    if pmid := _pmid(entry, host, path):
        found.append(Identifier("pmid", pmid))
    if arxiv := _arxiv(entry, host):
        found += arxiv_names(arxiv)
        article = doi_of(entry.get("arxiv_doi", "")) or next((doi for doi in dois if not arxiv_of(doi)), "")
        one.links = names_of(article) if article and article not in {name.value for name in found} else ()
    elif dois:
        found += names_of(dois[0])
    if server := _RXIV_HOSTS.get(host.removeprefix("connect.")):
        page = _RXIV_PAGE.search(path)
        if rxiv := (rxiv_of(dois[0]) if dois else "") or (page[1] if page else ""):
            found.append(Identifier(server, rxiv))
    if host.endswith("ncbi.nlm.nih.gov") and (pmcid := pmcid_of(path)):
        found.append(Identifier("pmcid", pmcid))
    one.identifiers = tuple(dict.fromkeys(found))
    own = next((name.value for name in found if name.scheme == "doi"), "")
    one.preprint = bool(arxiv or server or is_preprint_doi(own))
    if one.preprint and (version := _VERSION.search(f"{entry.get('id', '')} {path}" if arxiv else path)):
        one.version = max(1, int(version[1]))


def _pmid(entry: Entry, host: str, path: str) -> str:
    for name in ("dc_identifier", "id"):
        text = entry.get(name, "")
        if text.lower().startswith(("pubmed:", "pmid:")) and (pmid := pmid_of(text)):
            return pmid
    page = None
    if host == "pubmed.ncbi.nlm.nih.gov" or (host == "ncbi.nlm.nih.gov" and path.startswith("/pubmed/")):
        page = _PUBMED_PAGE.match(path)
    elif host == "europepmc.org":
        page = _EUROPEPMC_PAGE.match(path)
    return pmid_of(page[1]) if page else ""


def _arxiv(entry: Entry, host: str) -> str:
    texts = [entry.get(name, "") for name in ("id", "link")]
    if host == "arxiv.org" or host.endswith(".arxiv.org") or texts[0].lower().startswith("oai:arxiv.org:"):
        return next((arxiv for text in texts if (arxiv := arxiv_of(text.partition("?")[0]))), "")
    return ""


def _dois(entry: Entry, link: str, text: str) -> Iterable[str]:
    for name in ("prism_doi", "dc_identifier", "id"):
        yield from filter(None, [doi_of(entry.get(name, ""))])
    for url in (link, entry.get("id", ""), entry.get("prism_url", ""), *entry.get("related", ())):
        yield from filter(None, [doi_in_link(url) if url else ""])
    labelled = {doi_of(found) for found in _LABELLED_DOI.findall(text[:3_000] + " " + text[-500:])} - {""}
    if len(labelled) == 1:
        yield from labelled


def web_link(text: str) -> str:
    """`text` where it is a link that a reader may follow: http or https, with a host; otherwise empty."""
    text = clean(text)
    try:
        parts = urlsplit(text)
        sound = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname) and parts.username is None
    except ValueError:
        return ""
    if not sound or len(text) > LONGEST_LINK or "\\" in parts.netloc:
        return ""
    # What would end an attribute or a line cannot stand in a link (RFC 3986, section 2).
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", text)


def place_of(link: str) -> str:
    """The one form of a link that may name a paper; empty where it names a host alone, or a part of a page.

    Always https, the host in lower case, without its default port, and without what only tells where a reader came
    from (RFC 3986, section 6.2). Two papers may be two parts of one page, which then names neither.
    """
    parts = urlsplit(web_link(link))
    try:
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    if not host or (parts.fragment and not _TRACKING.match(parts.fragment)):
        return ""
    kept = [] if host == "pubmed.ncbi.nlm.nih.gov" else [part for part in parts.query.split("&") if part]
    query = "&".join(part for part in kept if not _TRACKING.match(part))
    if parts.path in {"", "/"} and not query:
        return ""
    place = f"https://{host}" + (f":{port}" if port not in {None, 80, 443} else "") + (parts.path or "/")
    return place + (f"?{query}" if query else "")


def _guid(guid: str, home: str) -> Identifier:
    """The feed's own name for the entry, together with the feed's where it is not unique by itself."""
    if not _GLOBAL_GUID.match(guid):
        parts = urlsplit(home)
        guid = f"{parts.hostname or ''}{parts.path} {guid}"
    return Identifier("guid", _short(guid))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else "sha256:" + _digest(name)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:40]
