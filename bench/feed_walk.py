"""Feeds read by others: a plain walk over lxml's tree, and the values that other parsers' suites keep beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

from lxml import etree

_ATOM = ("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#")
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_NO_YEAR = re.compile(r"^000\d-|[a-z] 000\d ", re.IGNORECASE)
_DATES = ("pubDate", "published", "issued", "date", "created", "updated", "modified")


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry as somebody else reads it; empty where they say nothing."""

    title: str = ""
    link: str = ""
    id: str = ""
    #: Any of its dates, as days in UTC.
    days: frozenset[date] = frozenset()


def day_of(text: str) -> date | None:
    """The day in UTC of a date as RSS or Atom has it."""
    text = text.strip()
    # What software writes that has no date; Python's mail package takes year 1 for 2001.
    if _NO_YEAR.search(text):
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
            return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def walked(body: bytes, address: str) -> list[Seen] | None:
    """Every item or entry of well-formed XML, in order; None where it is not well-formed."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return [_seen(element, address) for element in root.iter("{*}item", "{*}entry") if _is_entry(element)]


def _is_entry(element: etree._Element) -> bool:
    parent = element.getparent()
    return parent is not None and etree.QName(parent).localname in {"channel", "feed", "RDF", "rss", "items"}


def _seen(element: etree._Element, address: str) -> Seen:
    namespace = etree.QName(element).namespace
    own = [child for child in element if isinstance(child.tag, str)]
    named = [(etree.QName(child).localname, child) for child in own if etree.QName(child).namespace == namespace]
    first = dict(reversed(named))
    dated = [child for child in own if etree.QName(child).localname in _DATES]
    return Seen(
        _title(first.get("title")),
        _link(named, first, address),
        _text(first.get("guid")) or _text(first.get("id")) or str(element.get(_RDF) or ""),
        frozenset(day for child in dated if (day := day_of(_text(child)))),
    )


def _title(element: etree._Element | None) -> str:
    if element is None:
        return ""
    inner = "".join(etree.tostring(child, encoding="unicode") for child in element if isinstance(child.tag, str))
    return (element.text or "") + inner if inner else _text(element)


def _link(named: list[tuple[str, etree._Element]], first: dict[str, etree._Element], address: str) -> str:
    links = [child for name, child in named if name == "link"]
    plain = [_text(link) for link in links if _text(link)]
    led = [str(link.get("href")) for link in links if link.get("href") and link.get("rel", "alternate") == "alternate"]
    found = plain[:1] or led[:1]
    guid = first.get("guid")
    if not found and guid is not None and guid.get("isPermaLink", "true") == "true":
        found = [_text(guid)]
    if not found:
        return ""
    at = links[0] if links else guid
    for base in at.xpath("ancestor-or-self::*/@xml:base") if at is not None else ():
        address = urljoin(address, str(base))
    return urljoin(address, found[0])


def _text(element: etree._Element | None) -> str:
    return "".join(str(part) for part in element.itertext()).strip() if element is not None else ""


# --- what other suites keep beside their files ----------------------------------------------------------------------


def feed_rs(text: bytes) -> list[Seen]:
    """The entries of feed-rs' own reading; it makes up ids where a feed gives none, so that those are left out."""
    return [
        Seen(
            (entry.get("title") or {}).get("content", ""),
            next((link["href"] for link in entry.get("links", ()) if link.get("rel") in {None, "alternate"}), ""),
            "",
            frozenset(_days(entry.get("published"), entry.get("updated"))),
        )
        for entry in json.loads(text)["entries"]
    ]


def fastfeedparser(text: bytes) -> list[Seen]:
    """The entries of fastfeedparser's own reading."""
    return [
        Seen(
            entry.get("title") or "",
            entry.get("link") or "",
            entry.get("id") or "",
            frozenset(_days(entry.get("published"), entry.get("updated"))),
        )
        for entry in json.loads(text)["entries"]
    ]


def _days(*texts: Any) -> Iterator[date]:
    for text in texts:
        if isinstance(text, str) and (day := day_of(text)):
            yield day
