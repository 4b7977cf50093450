"""Feeds of any publisher: RSS 0.9x, 1.0 and 2.0, and Atom; the query is the feed's address."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from bot.collect.fetch import Fetched, Fetcher, shown
from bot.collect.sources.confined import ConfinedParser
from bot.collect.sources.entries import NAME, announcements_of
from bot.collect.sources.protocol import IndexWindow, Page, Validators
from bot.errors import SourceError

#: Bytes of a feed; what is larger is none that a reader would be shown.
LARGEST = 8 << 20
_CLOSED = re.compile(rb"</(?:[a-z]+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<", b"\0\0")
#: Entities made of entities grow without end; feeds that define some of their own have no use for that.
_NESTED_ENTITY = re.compile(rb"<!ENTITY\s+\S+\s+(?:\"[^\"&]*&[^#]|'[^'&]*&[^#])")
_PROLOG = 100_000
_AS_UTF8 = "application/xml; charset=utf-8"
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_DECLARED = re.compile(rb"^[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Syndication:
    """Feeds as a source: they show what they like, so that their papers are matched by text."""

    parser: ConfinedParser = field(default_factory=ConfinedParser)

    name = NAME
    overlap = None

    def selects(self, query: str) -> bool:
        """Never: a feed shows what it likes."""
        return False

    async def collect(
        self, query: str, window: IndexWindow, fetch: Fetcher, known: Validators | None = None
    ) -> AsyncIterator[Page]:
        """Everything that the feed shows now, whatever its dates; see `Source.collect`."""
        fetched = await fetch.get(query, headers={"Accept": _ACCEPTED}, check=_problem)
        if _NESTED_ENTITY.search(fetched.body[:_PROLOG]):
            raise SourceError(NAME, f"feed refused: it builds entities from entities: {shown(query)}")
        body, content_type, guessed = readable(fetched.body, fetched.content_type)
        feed = await asyncio.to_thread(self.parser.read, NAME, body, content_type, fetched.url)
        if not feed["version"]:
            raise SourceError(NAME, f"not a feed: {shown(query)}")
        yield Page(announcements_of(feed, shown(fetched.url), window.last_day, guessed=guessed))
        if _is_cut_off(feed, body):
            raise SourceError(NAME, f"cut off: {shown(query)} ends before its last entry")


_ACCEPTED = "application/atom+xml, application/rss+xml, application/rdf+xml, application/xml;q=0.9, */*;q=0.5"


def _problem(fetched: Fetched) -> str:
    if not fetched.body.strip():
        return "empty answer"
    if len(fetched.body) > LARGEST:
        return f"feed larger than {LARGEST >> 20} MiB"
    start = fetched.body[:2_000].lower()
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<!doctype html", b"<html")):
        return "a web page instead of a feed"
    return ""


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
    if others:
        return body, content_type, False
    sound = sum(letter > "\x7f" for letter in text) - broken
    return (text.encode(), _AS_UTF8, False) if sound > broken else (body, content_type, True)


def _is_cut_off(feed: dict[str, Any], body: bytes) -> bool:
    """Whether the parser stumbled, and the document's end is not there: feeds state no count to hold it against."""
    return bool(feed["broken"]) and not body.startswith(_UTF16_MARKS) and not _CLOSED.search(body[-2_000:])
