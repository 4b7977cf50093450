"""A feed's newest papers for feed readers: RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1, each with whole abstracts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape
from urllib.parse import urlsplit

from lxml import etree

from bot.models.feeds import FeedRecord
from bot.render.cards import author_name
from bot.render.languages import Language
from bot.render.plain import plain, shortened, web_link
from bot.store.papers import EnteredPaper

_ATOM = "http://www.w3.org/2005/Atom"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_CREATOR = "http://purl.org/dc/elements/1.1/"
#: From when on the tags of this site name papers (RFC 4151); it never changes.
_TAGGED = "2026"
#: Characters of what readers show where they show no whole text.
_TEASER = 400


@dataclass(frozen=True, slots=True)
class Syndicated:
    """What is written, in whichever form."""

    feed: FeedRecord
    #: The newest first.
    entries: Sequence[EnteredPaper]
    #: Where the site is, without a slash at the end.
    public_url: str
    brand: str
    #: When the newest entered, or the feed was first looked at: aware.
    updated: datetime
    language: Language

    @property
    def page(self) -> str:
        """The feed's page."""
        return f"{self.public_url}/feeds/{self.feed.slug}"

    def link(self, entry: EnteredPaper) -> str:
        """A paper's page."""
        return f"{self.public_url}/papers/{entry.paper.id}"

    def tag(self, entry: EnteredPaper) -> str:
        """What a paper is known by for ever, wherever it stands: `tag:papers.example.org,2026:paper/17`."""
        return f"tag:{urlsplit(self.public_url).hostname or 'localhost'},{_TAGGED}:paper/{entry.paper.id}"


def rss(told: Syndicated) -> bytes:
    """The feed as RSS 2.0."""
    root = etree.Element("rss", {"version": "2.0"}, nsmap={"atom": _ATOM, "content": _CONTENT, "dc": _CREATOR})
    channel = etree.SubElement(root, "channel")
    _put(channel, "title", _name(told))
    _put(channel, "link", told.page)
    _put(channel, "description", plain(told.feed.description) or _name(told))
    _put(channel, "language", told.language.code)
    _put(channel, "lastBuildDate", format_datetime(told.updated))
    _put(channel, "ttl", "60")
    here = {"href": f"{told.page}.rss", "rel": "self", "type": "application/rss+xml"}
    etree.SubElement(channel, f"{{{_ATOM}}}link", here)
    for entry in told.entries:
        item = etree.SubElement(channel, "item")
        _put(item, "title", _title(entry, told))
        _put(item, "link", told.link(entry))
        _put(item, "guid", told.tag(entry)).set("isPermaLink", "false")
        _put(item, "pubDate", format_datetime(entry.entered_at))
        for name in _authors(entry):
            _put(item, f"{{{_CREATOR}}}creator", name)
        _put(item, "description", _abstract(entry))
        _put(item, f"{{{_CONTENT}}}encoded", _html(entry, told))
    return _written(root)


def atom(told: Syndicated) -> bytes:
    """The feed as Atom."""
    root = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    root.set("{http://www.w3.org/XML/1998/namespace}lang", told.language.code)
    _put(root, f"{{{_ATOM}}}title", _name(told))
    if told.feed.description:
        _put(root, f"{{{_ATOM}}}subtitle", plain(told.feed.description))
    _put(root, f"{{{_ATOM}}}id", told.page)
    _put(root, f"{{{_ATOM}}}updated", told.updated.isoformat())
    for rel, kind, href in (
        ("self", "application/atom+xml", f"{told.page}.atom"),
        ("alternate", "text/html", told.page),
    ):
        etree.SubElement(root, f"{{{_ATOM}}}link", {"rel": rel, "type": kind, "href": href})
    _put(etree.SubElement(root, f"{{{_ATOM}}}author"), f"{{{_ATOM}}}name", plain(told.brand))
    for entry in told.entries:
        item = etree.SubElement(root, f"{{{_ATOM}}}entry")
        _put(item, f"{{{_ATOM}}}title", _title(entry, told))
        _put(item, f"{{{_ATOM}}}id", told.tag(entry))
        etree.SubElement(item, f"{{{_ATOM}}}link", {"rel": "alternate", "type": "text/html", "href": told.link(entry)})
        if journal := web_link(entry.paper.url):
            etree.SubElement(item, f"{{{_ATOM}}}link", {"rel": "related", "href": journal})
        for name in _authors(entry):
            _put(etree.SubElement(item, f"{{{_ATOM}}}author"), f"{{{_ATOM}}}name", name)
        _put(item, f"{{{_ATOM}}}published", entry.entered_at.isoformat())
        _put(item, f"{{{_ATOM}}}updated", entry.entered_at.isoformat())
        _put(item, f"{{{_ATOM}}}content", _html(entry, told)).set("type", "html")
    return _written(root)


def json_feed(told: Syndicated) -> bytes:
    """The feed as JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _name(told),
        "home_page_url": told.page,
        "feed_url": f"{told.page}.json",
        "description": plain(told.feed.description),
        "language": told.language.code,
        "items": [
            {
                "id": told.tag(entry),
                "url": told.link(entry),
                **({"external_url": link} if (link := web_link(entry.paper.url)) else {}),
                "title": _title(entry, told),
                "content_html": _html(entry, told),
                "date_published": entry.entered_at.isoformat(),
                "authors": [{"name": name} for name in _authors(entry)],
                "tags": [plain(word) for word in entry.paper.keywords],
                **({"language": entry.paper.language} if entry.paper.language else {}),
            }
            for entry in told.entries
        ],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _put(parent: etree._Element, name: str, words: str) -> etree._Element:
    element = etree.SubElement(parent, name)
    element.text = words
    return element


def _written(root: etree._Element) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True))


def _name(told: Syndicated) -> str:
    return f"{plain(told.feed.name)} · {plain(told.brand)}"


def _title(entry: EnteredPaper, told: Syndicated) -> str:
    return plain(entry.paper.title) or told.language.gettext("Untitled")


def _authors(entry: EnteredPaper) -> list[str]:
    return [name for name in map(author_name, entry.paper.authors) if name]


def _abstract(entry: EnteredPaper) -> str:
    parts = [" ".join(filter(None, (plain(part.label), plain(part.text)))) for part in entry.paper.abstract]
    return shortened(" ".join(parts) or plain(entry.paper.journal), _TEASER)


def _html(entry: EnteredPaper, told: Syndicated) -> str:
    """The abstract as markup, which the form then escapes as a whole."""
    paper = entry.paper
    parts = []
    source = ", ".join(filter(None, (plain(paper.journal), told.language.date(paper.published))))
    if source:
        parts.append(f"<p><i>{escape(source)}</i></p>")
    for part in paper.abstract:
        label = f"<b>{escape(plain(part.label))}</b> " if part.label else ""
        parts.append(f"<p>{label}{escape(plain(part.text))}</p>")
    if link := web_link(paper.url):
        parts.append(f'<p><a href="{escape(link)}">{escape(told.language.gettext("Read at the journal"))}</a></p>')
    return "".join(parts)
