"""Feeds of invented journals, and the reading of them from a service on 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.collect.sources import IndexWindow, Page
from bot.collect.sources.confined import ConfinedParser
from bot.collect.sources.protocol import Validators
from bot.collect.sources.syndication import Syndication
from bot.models.papers import Announcement
from tests.collect.services import Answer, Service, always, fetcher

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = NOW.date()
WEEK = IndexWindow(NOW - timedelta(days=7), NOW)

RSS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom"
 xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/"><channel><title>{title}</title>
<link>https://journal.example.org/</link><language>en-gb</language>{items}</channel></rss>"""


def rss(*items: str, title: str = "Wiley: Journal of Examples: Table of Contents", more: str = "") -> str:
    """An RSS 2.0 feed of these items; `more` stands beside them."""
    return RSS.format(title=title, items=more + "".join(f"<item>{item}</item>" for item in items))


def atom(*entries: str) -> str:
    """An Atom feed of these entries."""
    inner = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Atoms</title>{inner}</feed>'


def json_feed(*items: object, **fields: object) -> str:
    """A JSON Feed of these items."""
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Journal of Examples", "items": list(items)}
    return json.dumps(feed | {"home_page_url": "https://journal.example.org/"} | fields)


def pages(
    parser: ConfinedParser, url: str, kept: list[Page] | None = None, known: Validators | None = None
) -> list[Page]:
    """Every page of a feed; `kept` has those that came before an error."""
    kept = [] if kept is None else kept

    async def ask() -> None:
        async with fetcher() as fetch:
            async for page in Syndication(parser).collect(url, WEEK, fetch, known):
                kept.append(page)

    asyncio.run(ask())
    return kept


def papers(parser: ConfinedParser, service: Service, body: str | bytes, **options: Any) -> tuple[Announcement, ...]:
    """What a feed announces."""
    body = body.encode() if isinstance(body, str) else body
    service.rules["/feed"] = always(Answer(body=body, **options))
    (page,) = pages(parser, service.url + "/feed")
    return page.announcements


def names(paper: Announcement) -> set[str]:
    """Its identifiers, as `doi:10.5555/x`."""
    return {str(name) for name in paper.identifiers}
