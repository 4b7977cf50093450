"""Feed entries, as the confined parser tells them, as announcements: pure rules, whatever the publisher wrote."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.collect.sources import dates
from bot.collect.sources.identifiers import LONGEST, doi_in_link, doi_link, doi_of, pmcid_of, pmid_of
from bot.collect.sources.languages import language_of
from bot.collect.text import clean, plain_markup
from bot.models.papers import AbstractSection, Announcement, Author, Identifier

NAME = "syndication"
Entry = Mapping[str, Any]

LONGEST_TITLE = 1_000
LONGEST_LINK = 2_000
#: What publishers wrap around a journal's name to name its feed.
_WRAPPING = re.compile(
    r"^(?:(?:wiley|tandf|sage[^:]{0,20}|iop[^:]{0,20}|sciencedirect publication)\s*:|latest articles (?:from|in))\s*"
    r"|\s*[:|–-]\s*(?:table of contents|current issue|latest (?:articles|issue|results)[^:]*"
    r"|advance (?:access|articles)|early view|most recent[^:]*|rss(?: feed)?|latest research|new articles)\s*$",
    re.IGNORECASE,
)
#: Where the abstract begins in a description that tells more.
_ABSTRACT = re.compile(r"(?:^|\s)(?:ABSTRACT|Abstract(?=:))[:\s]")
_ABSTRACT_HEADING = re.compile(r"^(?:abstract|summary)\b[:.\s]*(?=[A-Z])", re.IGNORECASE)
#: PubMed's feeds end with `PMID: 1 | PMC: … | DOI: …`.
_PUBMED_TAIL = re.compile(r"\s*PMID:\s*\d+\s*(?:\|.*)?$", re.DOTALL)
_LABELLED_DOI = re.compile(r"\bdoi:?\s*(?:https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S{1,200})", re.IGNORECASE)
_PUBMED_PAGE = re.compile(r"^/(?:pubmed/)?(\d{1,9})/?$")
_GLOBAL_GUID = re.compile(r"(?:https?://|urn:|tag:|oai:|doi:|10\.\d{4,9}/)", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[A-Z]\.?-?){1,4}")
_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV|2nd|3rd)\.?")
_GROUP = re.compile(
    r"\b(?:group|consortium|network|team|investigators|committee|society|university|institute|collaborat\w+|study|"
    r"project|initiative|association|editors|press|journal)\b",
    re.IGNORECASE,
)
_NAME_LISTS = re.compile(r"\s*(?:;|\band\b|&)\s*")


def announcements_of(
    feed: Mapping[str, Any], address: str, today: date, *, guessed: bool = False
) -> tuple[Announcement, ...]:
    """Every entry of a feed that can be read as a paper.

    Args:
        feed: what `feed_child.answer` told.
        address: where the feed was fetched, without secrets; it scopes guids that are not unique by themselves.
        today: the day of fetching.
        guessed: the feed's encoding is not the one that it states.
    """
    entries = feed["entries"]
    home = web_link(str(feed["feed"].get("link", ""))) or address
    journal = _journal_name(feed["feed"])
    language = feed["feed"].get("language", "")
    often = Counter(entry.get("id") for entry in entries)
    return tuple(
        announcement
        for entry in entries
        if (announcement := _announcement(entry, home, journal, language, often, today, guessed=guessed))
    )


def _announcement(
    entry: Entry,
    home: str,
    journal: str,
    language: str,
    often: Counter[str | None],
    today: date,
    *,
    guessed: bool,
) -> Announcement | None:
    title = plain_markup(entry.get("title", ""))[:LONGEST_TITLE]
    link = next((url for name in ("link", "prism_url", "id") if (url := web_link(entry.get(name, "")))), "")
    text = _longest([*entry["contents"], entry.get("summary", "")])
    if not title and not text:
        return None
    doi = _doi(entry, link, text)
    identifiers = _paper_identifiers(entry, link, doi)
    identifiers += _guid(entry, home, link, title, unique=often[entry.get("id")] == 1)
    published, indexed, sound = _dated(entry, today)
    abstract = _abstract(text)
    repairs = [] if sound else ["date"]
    if "\ufffd" in title + abstract or (guessed and not (title + abstract).isascii()):
        repairs.append("charset")
    return Announcement(
        source=NAME,
        identifiers=tuple(identifiers),
        title=title or abstract[:120],
        url=link or (doi_link(doi) if doi else home),
        abstract=(AbstractSection("", abstract),) if abstract and abstract != title else (),
        authors=authors_of(entry["authors"]),
        journal=_journal(entry, title) or journal,
        keywords=tuple(dict.fromkeys(word for tag in entry["tags"] if (word := plain_markup(tag)[:200]))),
        published=published,
        indexed=indexed,
        language=language_of(entry.get("language") or language),
        repairs=tuple(repairs),
    )


def _journal(entry: Entry, title: str) -> str:
    # PubMed's feeds name the journal in dc:source, others repeat the title there.
    name = plain_markup(entry.get("prism_publicationname") or entry.get("dc_source") or "")[:300]
    return "" if name == title else name


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
    return re.sub(r"[\s\"<>`{}|\\^]", lambda found: f"%{ord(found[0]):02X}", text)


def _longest(texts: Sequence[str]) -> str:
    return max((plain_markup(text) for text in texts), key=len, default="")


def _abstract(text: str) -> str:
    begins = _ABSTRACT.search(text, 0, 3_000)
    if begins:
        text = text[begins.end() :]
    return _ABSTRACT_HEADING.sub("", _PUBMED_TAIL.sub("", text).strip())


def _doi(entry: Entry, link: str, text: str) -> str:
    for name in ("prism_doi", "dc_identifier", "id"):
        if doi := doi_of(entry.get(name, "")):
            return doi
    for url in (link, entry.get("id", ""), entry.get("prism_url", "")):
        if url and (doi := doi_in_link(url)):
            return doi
    named = {doi_of(found) for found in _LABELLED_DOI.findall(text[:3_000] + " " + text[-500:])}
    return named.pop() if len(named) == 1 else ""


def _paper_identifiers(entry: Entry, link: str, doi: str) -> list[Identifier]:
    parts = urlsplit(link)
    host, found = parts.hostname or "", []
    pmid = next((pmid for name in ("dc_identifier", "id") if (pmid := _labelled_pmid(entry.get(name, "")))), "")
    if not pmid and (host == "pubmed.ncbi.nlm.nih.gov" or host.endswith(".pubmed.ncbi.nlm.nih.gov")):
        page = _PUBMED_PAGE.match(parts.path)
        pmid = pmid_of(page[1]) if page else ""
    if pmid:
        found.append(Identifier("pmid", pmid))
    if doi:
        found.append(Identifier("doi", doi))
    if host.endswith("ncbi.nlm.nih.gov") and (pmcid := pmcid_of(parts.path)):
        found.append(Identifier("pmcid", pmcid))
    return found


def _labelled_pmid(text: str) -> str:
    return pmid_of(text) if text.lower().startswith(("pubmed:", "pmid:")) else ""


def _guid(entry: Entry, home: str, link: str, title: str, *, unique: bool) -> list[Identifier]:
    """The feed's own name for the entry; where it gives none of its own, the link, or the title, stands in."""
    guid = clean(entry.get("id", "")) if unique else ""
    if not guid and link and link != home:
        guid = link
    if not guid:
        guid = "title:" + _digest(title.casefold())
    if not _GLOBAL_GUID.match(guid):
        parts = urlsplit(home)
        guid = f"{parts.hostname or ''}{parts.path} {guid}"
    return [Identifier("guid", guid if len(guid) <= LONGEST else "sha256:" + _digest(guid))]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:40]


def _dated(entry: Entry, today: date) -> tuple[str, date, bool]:
    """When it appeared, as precise as it is said, when the feed began to show it, and whether both were sound."""
    announced = next((day for name in ("published", "created", "updated") if (day := _day(entry, name))), None)
    written = next(
        (
            text
            for name in ("prism_publicationdate", "prism_coverdate", "published", "created", "updated")
            if (text := dates.from_iso(entry.get(name, ""))[0] or dates.from_words(entry.get(name, ""))[0])
        ),
        announced.isoformat() if announced else "",
    )
    unreadable = bool(entry.get("published")) and _day(entry, "published") is None
    published, kept = dates.not_ahead(written or (today.isoformat() if unreadable else ""), today)
    if announced is None or announced > today + timedelta(days=1):
        return published, today, False
    return published, min(announced, today), kept and not unreadable


def _day(entry: Entry, name: str) -> date | None:
    numbers = entry.get(f"{name}_day")
    try:
        return date(*numbers) if numbers else dates.day_of(dates.from_words(entry.get(name, ""))[0])
    except (ValueError, TypeError, OverflowError):
        return None


def _journal_name(feed: Mapping[str, Any]) -> str:
    name = clean(feed.get("prism_publicationname") or "") or plain_markup(feed.get("title", ""))
    return _WRAPPING.sub("", _WRAPPING.sub("", name))[:300]


def authors_of(names: Sequence[str]) -> tuple[Author, ...]:
    """People from names as feeds write them: one each, or several in one string."""
    found: list[Author] = []
    for text in names:
        name = plain_markup(text)
        if name:
            found += [author for part in _split(name) if (author := author_of(part))]
    return tuple(dict.fromkeys(found))


def _split(text: str) -> list[str]:
    parts = [part for part in _NAME_LISTS.split(text) if part]
    listed = []
    for part in parts:
        pieces = [piece.strip() for piece in part.split(",") if piece.strip()]
        if (
            len(pieces) > 2
            and len(pieces) % 2 == 0
            and all(_INITIALS.fullmatch(p.replace(" ", "")) for p in pieces[1::2])
        ):
            listed += [f"{family}, {given}" for family, given in zip(pieces[::2], pieces[1::2], strict=True)]
            continue
        # `Curie, Marie` is one person; `Marie Curie, Pierre Curie` are two, and so are `Curie M, Curie P`.
        one_person = (
            len(pieces) == 2 and (" " not in pieces[0] or " " not in pieces[1]) and not _ends_in_initials(pieces)
        )
        listed += [part] if len(pieces) < 2 or one_person else pieces
    return listed


def _ends_in_initials(pieces: list[str]) -> bool:
    return all(" " in piece and _INITIALS.fullmatch(piece.rpartition(" ")[2]) for piece in pieces)


def author_of(name: str) -> Author | None:
    """One person: `Curie, Marie`, `Marie Curie` or `Curie M`; what is no such name is a group."""
    name = clean(name).strip(" ,")[:300]
    family, comma, given = (part.strip() for part in name.partition(","))
    if comma and family and given:
        return Author(family, given, _initials(given))
    words = name.split()
    suffix = words.pop() if len(words) > 2 and _SUFFIX.fullmatch(words[-1]) else ""
    if len(words) < 2 or len(words) > 6 or not words[-1][:1].isupper() or _GROUP.search(name):
        return Author(name) if name else None
    initials = words[-1].replace(".", "").replace("-", "")
    if _INITIALS.fullmatch(words[-1]) and len(initials) <= 3 and len(words[0].rstrip(".")) > 1:
        return Author(" ".join(words[:-1]), "", f"{initials} {suffix}".strip())
    at = len(words) - 1
    # `van der`, `de la`: in lower case before the family name, and a part of it.
    while at > 1 and words[at - 1].isalpha() and words[at - 1].islower():
        at -= 1
    given = " ".join(words[:at])
    return Author(" ".join(words[at:]), given, f"{_initials(given)} {suffix}".strip())


def _initials(given: str) -> str:
    return "".join(word[0] for word in re.split(r"[\s.-]+", given) if word[:1].isalpha() and word[:1].isupper())
