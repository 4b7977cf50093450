"""Feed entries, as the confined parser tells them, as announcements: pure rules, whatever the publisher wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from bot.collect.sources import dates
from bot.collect.sources.feed_names import Entry, Named, named, web_link
from bot.collect.sources.identifiers import doi_link
from bot.collect.sources.languages import language_of
from bot.collect.text import clean, plain_markup
from bot.models.papers import AbstractSection, Announcement, Author

__all__ = ["NAME", "announcements_of", "author_of", "authors_of", "web_link"]

NAME = "syndication"

LONGEST_TITLE = 1_000
#: No entry of a feed is older; software that has no date writes that of year 1.
FIRST_YEAR = 1900
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
_INITIALS = re.compile(r"(?:[A-Z]\.?-?){1,4}")
_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV|2nd|3rd)\.?")
_GROUP = re.compile(
    r"\b(?:group|consortium|network|team|investigators|committee|society|university|institute|collaborat\w+|study|"
    r"project|initiative|association|editors|press|journal)\b",
    re.IGNORECASE,
)
_NAME_LISTS = re.compile(r"\s*(?:;|\band\b|&)\s*")


@dataclass(frozen=True, slots=True)
class _Feed:
    """What an entry takes from the feed that it stands in."""

    home: str
    journal: str
    language: str
    today: date
    guessed: bool


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
    around = feed["feed"]
    home = web_link(around.get("link", "")) or address
    shown = _Feed(home, _journal_name(around), around.get("language", ""), today, guessed)
    papers = [paper for entry in feed["entries"] if (paper := _paper(entry))]
    named(papers, home)
    return tuple(_announcement(paper, shown) for paper in papers)


def _paper(entry: Entry) -> Named | None:
    title = plain_markup(entry.get("title", ""))[:LONGEST_TITLE]
    text = _longest([*entry["contents"], entry.get("summary", "")])
    return Named(entry, title, text) if title or text else None


def _announcement(paper: Named, feed: _Feed) -> Announcement:
    entry = paper.entry
    abstract = _abstract(paper.text)
    title = paper.title or abstract[:120] or paper.text[:120]
    published, indexed, revised, sound = _dated(entry, feed.today)
    repairs = [] if sound else ["date"]
    if "\ufffd" in title + abstract or (feed.guessed and not (title + abstract).isascii()):
        repairs.append("charset")
    return Announcement(
        source=NAME,
        identifiers=paper.identifiers,
        title=title,
        url=paper.link or (doi_link(paper.doi) if paper.doi else feed.home),
        abstract=(AbstractSection("", abstract),) if abstract and abstract != title else (),
        authors=authors_of(entry["authors"]),
        journal=_journal(entry, title) or feed.journal,
        keywords=tuple(dict.fromkeys(word for tag in entry["tags"] if (word := plain_markup(tag)[:200]))),
        published=published,
        indexed=indexed,
        language=language_of(entry.get("language") or feed.language),
        repairs=tuple(repairs),
        preprint=paper.preprint,
        version=paper.version,
        revised=revised,
        links=paper.links,
    )


def _journal(entry: Entry, title: str) -> str:
    # PubMed's feeds name the journal in dc:source, others repeat the title there.
    name = plain_markup(entry.get("prism_publicationname") or entry.get("dc_source") or "")[:300]
    return "" if name == title else name


def _longest(texts: Sequence[str]) -> str:
    return max((plain_markup(text) for text in texts), key=len, default="")


def _abstract(text: str) -> str:
    begins = _ABSTRACT.search(text, 0, 3_000)
    if begins:
        text = text[begins.end() :]
    return _ABSTRACT_HEADING.sub("", _PUBMED_TAIL.sub("", text).strip())


def _dated(entry: Entry, today: date) -> tuple[str, date, date | None, bool]:
    """When it appeared, as precise as it is said; when the feed began to show it, and changed it; were they sound."""
    days = {name: _day(entry, name) for name in ("published", "created", "updated")}
    announced = next(filter(None, days.values()), None)
    written = next(
        (text for name in ("prism_publicationdate", "prism_coverdate", *days) if (text := _written(entry, name))),
        announced.isoformat() if announced else "",
    )
    unreadable = bool(entry.get("published")) and days["published"] is None
    published, kept = dates.not_ahead(written or (today.isoformat() if unreadable else ""), today)
    if announced is None or announced > today + timedelta(days=1):
        return published, today, None, False
    changed = days["updated"]
    revised = changed if changed and announced < changed <= today else None
    return published, min(announced, today), revised, kept and not unreadable


def _written(entry: Entry, name: str) -> str:
    text = entry.get(name, "")
    return dates.from_iso(text)[0] or dates.from_words(text)[0]


def _day(entry: Entry, name: str) -> date | None:
    numbers = entry.get(f"{name}_day")
    try:
        day = date(*numbers) if numbers else dates.day_of(dates.from_words(entry.get(name, ""))[0])
    except (ValueError, TypeError, OverflowError):
        return None
    return day if day and day.year >= FIRST_YEAR else None


def _journal_name(feed: Mapping[str, Any]) -> str:
    name = clean(feed.get("prism_publicationname") or "") or plain_markup(feed.get("title", ""))
    # Cut first: what stands for any words is slow on words without end.
    return _WRAPPING.sub("", _WRAPPING.sub("", name[:500]))[:300]


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
