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
from bot.collect.sources.protocol import IndexWindow, Page
from bot.errors import SourceError

#: Bytes of a feed; what is larger is none that a reader would be shown.
LARGEST = 8 << 20
_CLOSED = re.compile(rb"</(?:[a-z]+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<", b"\0\0")
_DECLARED = re.compile(rb"^[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Syndication:
    """Feeds as a source: they show what they like, so that their papers are matched by text."""

    parser: ConfinedParser = field(default_factory=ConfinedParser)

    name = NAME
    searches = False

    async def collect(self, query: str, window: IndexWindow, fetch: Fetcher) -> AsyncIterator[Page]:
        """Everything that the feed shows now, whatever its dates; see `Source.collect`."""
        fetched = await fetch.get(query, headers={"Accept": _ACCEPTED}, check=_problem)
        body = sound_bytes(fetched.body, fetched.content_type)
        feed = await asyncio.to_thread(self.parser.read, NAME, body, fetched.content_type, fetched.url)
        if not feed["version"]:
            raise SourceError(NAME, f"not a feed: {shown(query)}")
        yield Page(announcements_of(feed, shown(fetched.url), window.last_day))
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


def sound_bytes(body: bytes, content_type: str) -> bytes:
    """`body`, with U+FFFD in place of what is broken where it is meant to be UTF-8, and without NUL.

    One broken byte would have feedparser read a whole feed in another encoding. Where nothing beyond ASCII is
    sound UTF-8, it is another encoding, and feedparser is left to find it.
    """
    if body.startswith(_UTF16_MARKS):
        return body
    body = body.replace(b"\0", b"")
    declared = _DECLARED.match(body.lstrip())
    names = f"{content_type} {declared[1].decode() if declared else ''}".lower()
    if "charset=" in names.replace("charset=utf-8", "") or (declared and b"utf-8" not in declared[1].lower()):
        return body
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd") - body.count(b"\xef\xbf\xbd")
    sound = sum(1 for letter in text if letter > "\x7f") - broken if broken else 0
    return text.encode() if sound > broken else body


def _is_cut_off(feed: dict[str, Any], body: bytes) -> bool:
    """Whether the parser stumbled, and the document's end is not there: feeds state no count to hold it against."""
    return bool(feed["broken"]) and not body.startswith(_UTF16_MARKS) and not _CLOSED.search(body[-2_000:])
