"""Feeds read as the bot reads them, entry by entry, so that each can be held against what others read."""

from __future__ import annotations

import html
import time
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Any

from lxml import etree
from lxml import html as markup

from bot.collect.sources.confined import ConfinedParser
from bot.collect.sources.entries import announcements_of
from bot.collect.sources.syndication import readable
from bot.models.papers import Announcement

#: Where every feed is said to come from; feedparser's suite says the same of its own.
ADDRESS = "http://127.0.0.1:8097/tests/feed.xml"
_STAND_IN = "An entry without title and text"


@dataclass(frozen=True, slots=True)
class Reading:
    """One feed as we read it.

    Args:
        feed: what the confined parser told.
        papers: one for each of its entries, in order.
        bare: the places of entries that have neither title nor text: they would not be announced, and got a title
            here, so that the rest of them can be looked at.
        seconds: for parsing and announcing.
    """

    feed: dict[str, Any]
    papers: tuple[Announcement, ...]
    bare: frozenset[int]
    seconds: float


def read(parser: ConfinedParser, body: bytes, content_type: str = "", address: str = ADDRESS) -> Reading:
    """A feed as the bot reads it.

    Raises:
        SourceError: where the bot refuses it.
    """
    started = time.perf_counter()
    body, content_type, guessed = readable(body, content_type)
    feed = parser.read("syndication", body, content_type, address)
    today = date.today()  # noqa: DTZ011 (any day that is not before the feeds' own)
    entries, bare = [], set()
    for at, entry in enumerate(feed["entries"]):
        if not announcements_of(feed | {"entries": [entry]}, address, today):
            bare.add(at)
        entries.append(entry | {"title": f"{_STAND_IN}: {at}"} if at in bare else entry)
    papers = announcements_of(feed | {"entries": entries}, address, today, guessed=guessed)
    return Reading(feed, papers, frozenset(bare), time.perf_counter() - started)


def reduced(text: str) -> str:
    """What a reader sees of a string of HTML, on one line, by lxml's reading, not ours."""
    if "<" in text:
        try:
            text = markup.fragment_fromstring(text, create_parent="div").text_content()
        except (etree.ParserError, ValueError):
            text = html.unescape(text)
    else:
        text = html.unescape(text)
    seen = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen).split())


def guids(paper: Announcement) -> set[str]:
    """The feed's own names for an entry, with and without what scopes them."""
    values = [name.value for name in paper.identifiers if name.scheme == "guid" and " title:" not in name.value]
    return {*values, *(value.partition(" ")[2] for value in values)}
