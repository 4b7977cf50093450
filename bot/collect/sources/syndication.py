"""Feeds of any publisher: RSS 0.9x, 1.0 and 2.0, Atom, and JSON Feed; the query is the feed's address."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import urljoin, urlsplit

from bot.collect.answer import Fetched, shown
from bot.collect.fetch import Fetcher
from bot.collect.sources.confined import ConfinedParser
from bot.collect.sources.entries import NAME, announcements_of, web_link
from bot.collect.sources.feed_child import is_json
from bot.collect.sources.protocol import HOURLY, PAPERS, IndexWindow, Page, Validators
from bot.errors import SourceError
from bot.models.papers import Announcement

#: Bytes of a feed: what is larger is none that a reader would be shown; what is large is seldom.
LARGEST, LARGE = 8 << 20, 1 << 20
#: Documents of one feed (RFC 5005, section 3; JSON Feed, `next_url`) that have entries of one window.
MOST_DOCUMENTS = 40
#: Characters of a validator; a longer one is not worth its keeping.
_LONGEST_VALIDATOR = 300
_CLOSED = re.compile(rb"</(?:[a-z]+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
#: Without a way back, or a few hundred comments in a row would be tried in every combination.
_WEB_PAGE = re.compile(
    rb"^(?:<\?[^>]{0,200}+>|(?><!--.{0,1000}?-->)|\s++)*+<(?:!doctype\s+)?html\b", re.IGNORECASE | re.DOTALL
)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<", b"\0\0", b"{\0", b"\0{")
#: Entities made of entities grow without end; feeds that define some of their own have no use for that.
_NESTED_ENTITY = re.compile(rb"<!ENTITY\s+\S+\s+(?:\"[^\"&]*&[^#]|'[^'&]*&[^#])")
_PROLOG = 100_000
_AS_UTF8 = "application/xml; charset=utf-8"
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_DECLARED = re.compile(rb"^[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Document:
    """One document of a feed, read."""

    announcements: tuple[Announcement, ...]
    #: Of the feed's next document, with older entries; empty where there is none.
    follows: str
    #: What is wrong with it, so that it may not be whole; empty where nothing is.
    problem: str

    def without(self, told: set[Announcement]) -> _Document:
        """The same without what was told already: a service may begin anew instead of going on."""
        return replace(self, announcements=tuple(paper for paper in self.announcements if paper not in told))

    def pages(self, validators: Validators | None) -> Iterator[Page]:
        """At least one; the last has the validators."""
        for start in range(0, max(1, len(self.announcements)), PAPERS):
            last = start + PAPERS >= len(self.announcements)
            yield Page(self.announcements[start : start + PAPERS], validators=validators if last else None)


@dataclass(frozen=True, slots=True)
class Syndication:
    """Feeds as a source: they show what they like, so that their papers are matched by text."""

    parser: ConfinedParser = field(default_factory=ConfinedParser)
    _large: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1), init=False, repr=False)

    name = NAME
    overlap = None
    exact = False
    every = HOURLY

    def selects(self, query: str) -> bool:
        """Never: a feed shows what it likes."""
        return False

    async def collect(
        self, query: str, window: IndexWindow, fetch: Fetcher, known: Validators | None = None
    ) -> AsyncIterator[Page]:
        """Everything that the feed shows now, whatever its dates; see `Source.collect`.

        A feed in several documents is read on for as long as all that they show is of `window`.
        """
        headers = {"Accept": _ACCEPTED} | _conditions(known)
        with await fetch.get(query, headers=headers, check=_problem, size=LARGEST) as fetched:
            if fetched.status == 304:
                yield Page(validators=known, unchanged=True)
                return
            # What is read of large feeds takes a hundred megabytes and more: only one at a time.
            async with self._large if fetched.size > LARGE else nullcontext():
                async for page in self._pages(query, window, fetch, fetched):
                    yield page

    async def _pages(self, query: str, window: IndexWindow, fetch: Fetcher, first: Fetched) -> AsyncIterator[Page]:
        document = await self._read(first, window)
        validators, home = _validators(first), first.url
        told, seen = set(document.announcements), {query, home}
        for _ in range(MOST_DOCUMENTS):
            following = _following(document, window, home, seen)
            if not following:
                break
            for page in document.pages(None):
                yield page
            seen.add(following)
            with await fetch.get(following, headers={"Accept": _ACCEPTED}, check=_problem, size=LARGEST) as fetched:
                document = (await self._read(fetched, window)).without(told)
            told.update(document.announcements)
        else:
            raise SourceError(NAME, f"short: {shown(query)} goes on after {MOST_DOCUMENTS} documents of the window")
        for page in document.pages(None if document.problem else validators):
            yield page
        if document.problem:
            raise SourceError(NAME, document.problem)

    async def _read(self, fetched: Fetched, window: IndexWindow) -> _Document:
        return await self.parser.reading(lambda: read_document(fetched, window.today, self.parser))


_ACCEPTED = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, application/xml;q=0.9, "
    "application/json;q=0.8, */*;q=0.5"
)


def _conditions(known: Validators | None) -> dict[str, str]:
    """The headers by which a service tells whether its answer is the one we know (RFC 9110, section 13.1)."""
    if known is None:
        return {}
    said = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in said.items() if value}


def _validators(fetched: Fetched) -> Validators | None:
    etag, modified = (_sound(fetched.headers.get(name, "")) for name in ("etag", "last-modified"))
    return Validators(etag, modified) if etag or modified else None


def _sound(value: str) -> str:
    return value if value.isascii() and value.isprintable() and len(value) <= _LONGEST_VALIDATOR else ""


def _following(document: _Document, window: IndexWindow, home: str, seen: set[str]) -> str:
    """Where the feed goes on with entries that may be of the window; empty where it does not.

    Only on the same host, only after a whole document, and only while all its entries are sound in their dates and of
    the window: an archive without dates would be read in every round.
    """
    follows = web_link(document.follows)
    shown_now = document.announcements
    if not follows or follows in seen or document.problem or not shown_now:
        return ""
    if urlsplit(follows).netloc.lower() != urlsplit(home).netloc.lower():
        return ""
    # An entry without a date of its own counts as of today, and has nothing to say when it appeared.
    recent = all(paper.published and paper.indexed and paper.indexed >= window.first_day for paper in shown_now)
    return follows if recent and not any("date" in paper.repairs for paper in shown_now) else ""


def _problem(fetched: Fetched) -> str:
    if fetched.status == 304:
        return ""
    start = fetched.beginning(4_000)
    if not start.strip() and fetched.size <= len(start):
        return "empty answer"
    if is_json(start) and not start.startswith(_UTF16_MARKS):
        if b"jsonfeed.org/version/" not in fetched.body and b"jsonfeed.org\\/version" not in fetched.body:
            return "json that is not a feed"
        return "" if fetched.ending(100).rstrip().endswith(b"}") else "answer cut off"
    return "a web page instead of a feed" if _WEB_PAGE.match(start.removeprefix(b"\xef\xbb\xbf")) else ""


def read_document(fetched: Fetched, today: date, parser: ConfinedParser) -> _Document:
    """What an answer announces; blocks while the parser is at work.

    Raises:
        SourceError: where it is no feed, or costs more than one may.
    """
    where = shown(fetched.url)
    body = fetched.body
    if _NESTED_ENTITY.search(body[:_PROLOG]):
        raise SourceError(NAME, f"feed refused: it builds entities from entities: {where}")
    body, content_type, guessed = readable(body, fetched.content_type)
    feed = parser.read(NAME, body, content_type, base_of(fetched))
    if not feed["version"]:
        raise SourceError(NAME, f"not a feed: {where}")
    problem = ""
    if _is_cut_off(feed, body):
        problem = f"cut off: {where} ends before its last entry"
    elif feed["odd"]:
        problem = f"short: {feed['odd']} items of {where} are not what json feed promises"
    return _Document(announcements_of(feed, where, today, guessed=guessed), feed["next"], problem)


def base_of(fetched: Fetched) -> str:
    """What relative links are relative to: the answer's Content-Location, where it has one, or its address."""
    try:
        stated = urljoin(fetched.url, fetched.headers.get("content-location", ""))
    except ValueError:
        return fetched.url
    return stated if web_link(stated) else fetched.url


def readable(body: bytes, content_type: str) -> tuple[bytes, str, bool]:
    """`body` and its content type as feedparser reads them right, and whether their encoding had to be guessed.

    One broken byte would have feedparser read a whole feed in another encoding, and a server's default charset would
    go before what the document is. So: what is sound UTF-8 beyond ASCII is UTF-8, whatever is said of it; what is
    meant to be UTF-8 and mostly is gets U+FFFD in place of what is broken; all else is left as it was said.
    """
    if body.startswith(_UTF16_MARKS):
        return body, content_type, False
    body = body.replace(b"\0", b"")
    declared = {name.lower() for name in _CHARSET.findall(content_type)}
    if prolog := _DECLARED.match(body.lstrip()[:300]):
        declared.add(prolog[1].decode())
    others = {name for name in declared if name.lower() not in {"utf-8", "utf8", "us-ascii"}}
    if body.isascii():
        return body, content_type, False
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd") - body.count(b"\xef\xbf\xbd")
    if broken <= 0:
        return body, _AS_UTF8, bool(others)
    if others and not is_json(body):
        return body, content_type, False
    sound = sum(letter > "\x7f" for letter in text) - broken
    return (text.encode(), _AS_UTF8, False) if sound > broken else (body, content_type, True)


def _is_cut_off(feed: dict[str, Any], body: bytes) -> bool:
    """Whether the parser stumbled, and the document's end is not there: feeds state no count to hold it against."""
    # In UTF-16, every letter of a tag has a NUL beside it.
    return bool(feed["broken"]) and not _CLOSED.search(body[-4_000:].replace(b"\0", b""))
