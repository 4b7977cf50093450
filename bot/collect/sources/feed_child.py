"""A child process that reads feeds, under limits, and says what it found in plain values.

XML is read with feedparser, JSON Feed (jsonfeed.org/version/1.1) with the standard library. It is run as a script and
imports nothing of this project, so that it is small and starts quickly. One question is a frame of two lengths, a
content type with the feed's address, and the feed's bytes; one answer is a length and JSON. It ends when nobody has
asked for a while, when its parent is gone, or after memory ran out.
"""

from __future__ import annotations

import contextlib
import html
import importlib
import io
import json
import math
import resource
import select
import struct
import sys
from datetime import UTC, datetime
from typing import Any, BinaryIO
from urllib.parse import urljoin

ASK = struct.Struct(">II")
ANSWER = struct.Struct(">I")
IDLE_SECONDS = 60
MOST_ENTRIES = 10_000
LONGEST_TEXT = 200_000
#: Bytes of an answer; a feed with more text than that has grown by its own entities.
LARGEST_ANSWER = 12 << 20

#: What is taken of an entry as it is, in feedparser's names.
_TEXTS = (
    "title link id summary dc_identifier dc_source prism_doi prism_url prism_publicationname prism_publicationdate "
    "prism_coverdate language arxiv_doi"
).split()
_TIMES = ("published", "updated", "created")
_BLANK = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"


class RefusedError(Exception):
    """The feed cannot be what it seems to be; says why."""


def answer(body: bytes, content_type: str, address: str) -> dict[str, Any]:
    """The feed in plain values; `version` is empty where it is none.

    Raises:
        RefusedError: where it is a feed that breaks its own rules.
    """
    found = _json_feed(body, address) if is_json(body) else _xml_feed(body, content_type, address)
    if len(found["entries"]) > MOST_ENTRIES:
        raise RefusedError(f"more than {MOST_ENTRIES:,} entries")
    return found


def is_json(body: bytes) -> bool:
    """Whether it can only be JSON, in UTF-8 or UTF-16: no XML begins with a brace, whatever the server says of it."""
    return body[:1_000].lstrip(_BLANK).startswith(b"{")


# --- XML ------------------------------------------------------------------------------------------------------------


def _xml_feed(body: bytes, content_type: str, address: str) -> dict[str, Any]:
    import feedparser  # noqa: PLC0415 (the parent, which needs this module's frames, does without)

    # An id is no link: one that looks relative is the same wherever the feed is fetched (RFC 4287, section 4.2.6).
    feedparser.mixin._FeedParserMixin.can_be_relative_uri.discard("id")
    headers = {"content-location": address}
    if content_type:
        headers["content-type"] = content_type
    # A stream, since feedparser would take bytes or text for a file's name or an address.
    parsed = feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    harmless = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)
    feed = parsed.feed
    return {
        "version": parsed.get("version") or "",
        "broken": bool(parsed.get("bozo")) and not isinstance(parsed.get("bozo_exception"), harmless),
        "feed": {name: _text(feed.get(name)) for name in ("title", "link", "language", "prism_publicationname")},
        "next": next((_text(link.get("href")) for link in feed.get("links", ()) if link.get("rel") == "next"), ""),
        "entries": [_entry(entry, address) for entry in parsed.entries[: MOST_ENTRIES + 1]],
        "odd": 0,
    }


def _entry(entry: Any, address: str) -> dict[str, Any]:
    taken: dict[str, Any] = {name: text for name in _TEXTS if (text := _text(entry.get(name)))}
    links = entry.get("links", ())[:10]
    led = [_text(link.get("href")) for link in links if link.get("rel") == "alternate"]
    if "link" in taken and taken["link"] not in led:
        # An id that is a link too, or the link to something else, where feedparser finds no better.
        taken["link"] = led[0] if led else _joined(address, taken["link"])
    for name in _TIMES:
        # Asked for by `in` first: feedparser has `updated` stand in for `published`, and warns that it will not.
        if name in entry and (text := _text(entry[name])):
            taken[name] = text
        if f"{name}_parsed" in entry and (moment := entry[f"{name}_parsed"]):
            taken[f"{name}_day"] = list(moment[:3])
    taken["contents"] = [_text(content.get("value")) for content in entry.get("content", ())[:5]]
    taken["authors"] = [_text(author.get("name")) for author in entry.get("authors", ())[:3000]]
    taken["tags"] = [_text(tag.get("term")) for tag in entry.get("tags", ())[:50]]
    # arXiv calls the link to the journal's article `related`, with a title.
    articles = [
        _text(link.get("href")) for link in links if link.get("rel") == "related" and link.get("title") == "doi"
    ]
    taken["related"] = led + articles
    return taken


def _text(value: object) -> str:
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


# --- JSON Feed ------------------------------------------------------------------------------------------------------


def _json_feed(body: bytes, address: str) -> dict[str, Any]:
    try:
        feed = json.loads(body.decode(json.detect_encoding(body), "replace"), parse_constant=_no_number)
    except RecursionError as error:
        raise RefusedError("json nested without end") from error
    except ValueError as error:
        raise RefusedError("broken json, or cut off") from error
    version = feed.get("version")
    if not isinstance(version, str) or "jsonfeed.org/version/" not in version:
        return {"version": "", "broken": False, "feed": {}, "next": "", "entries": [], "odd": 0}
    items = feed.get("items")
    if not isinstance(items, list):
        raise RefusedError("a json feed without a list of items")
    entries = []
    for item in items[: MOST_ENTRIES + 1]:
        try:
            entries.append(_item(item, address))
        except RefusedError:
            continue
    home, said = (
        _string(feed, "home_page_url"),
        {"title": _string(feed, "title"), "language": _string(feed, "language")},
    )
    return {
        "version": "json" + version.rpartition("/")[2][:10],
        "broken": False,
        "feed": said | {"link": _joined(address, home)},
        "next": _joined(address, _string(feed, "next_url")),
        "entries": entries,
        "odd": min(len(items), MOST_ENTRIES + 1) - len(entries),
    }


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of json's")


def _item(item: object, address: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise RefusedError("an item that is no object")
    links = [_joined(address, _string(item, name)) for name in ("url", "external_url")]
    taken: dict[str, Any] = {
        # "If an id is presented as a number or other type, a JSON Feed reader should coerce it to a string."
        "id": _number(item.get("id")) or _string(item, "id"),
        "link": links[0] or links[1],
        "title": _string(item, "title"),
        "summary": _string(item, "summary"),
        "language": _string(item, "language"),
    }
    for name, field in (("published", "date_published"), ("updated", "date_modified")):
        if text := _string(item, field):
            taken[name] = text
            if day := _day(text):
                taken[f"{name}_day"] = day
    # Plain text is told as markup, as all the other texts are.
    contents = [_string(item, "content_html"), html.escape(_string(item, "content_text"), quote=False)]
    authors = _list(item, "authors") or [item.get("author")]
    named = [_string(author, "name") for author in authors[:3000] if isinstance(author, dict)]
    return {name: text for name, text in taken.items() if text} | {
        "contents": [text[:LONGEST_TEXT] for text in contents if text],
        "authors": [name for name in named if name],
        "tags": [_text(tag) for tag in _list(item, "tags")[:50]],
        "related": [link for link in links if link],
    }


def _string(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise RefusedError(f"{name} is no text")
    return (value or "")[:LONGEST_TEXT]


def _list(record: dict[str, Any], name: str) -> list[Any]:
    value = record.get(name)
    if value is not None and not isinstance(value, list):
        raise RefusedError(f"{name} is no list")
    return value or []


def _number(value: object) -> str:
    """A number as text; empty where it is something else, or endless."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return ""
    return str(value)


def _joined(address: str, link: str) -> str:
    try:
        return urljoin(address, link.strip()) if link.strip() else ""
    except ValueError:
        return ""


def _day(text: str) -> list[int] | None:
    """Year, month and day in UTC of a date as RFC 3339 has it; None where it is none."""
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None
    return [moment.year, moment.month, moment.day]


# --- the process ----------------------------------------------------------------------------------------------------


def _limit(kind: int, size: int) -> None:
    # Not every system knows these limits; the parent's clock still holds.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(kind, (size, resource.getrlimit(kind)[1] if kind == resource.RLIMIT_CPU else size))


def _limit_processor(seconds: int) -> None:
    """Has the system end this process once it has used `seconds` more than until now: its count never starts anew."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime) + seconds)


def serve(asks: BinaryIO, answers: BinaryIO, seconds: int) -> None:
    """Answers frame after frame, each in its own `seconds` of the processor, until there are no more."""
    while select.select([asks], [], [], IDLE_SECONDS)[0]:
        head = asks.read(ASK.size)
        if len(head) < ASK.size:
            return
        named, size = ASK.unpack(head)
        _limit_processor(seconds)
        out_of_memory = False
        try:
            content_type, address = json.loads(asks.read(named))
            found = answer(asks.read(size), content_type, address)
            said = json.dumps(found, ensure_ascii=False).encode("utf-8", "ignore")
            if len(said) > LARGEST_ANSWER:
                raise RefusedError("more text than a feed has")
        except MemoryError:
            out_of_memory, said = True, b'{"problem": "more memory than a feed may take"}'
        except RefusedError as error:
            said = json.dumps({"problem": str(error)}).encode()
        except Exception as error:  # noqa: BLE001 (feedparser raises anything; the parent is told)
            said = json.dumps({"problem": f"unreadable ({type(error).__name__})"}).encode()
        answers.write(ANSWER.pack(len(said)) + said)
        answers.flush()
        if out_of_memory:
            return


if __name__ == "__main__":
    # Before memory is short.
    importlib.import_module("feedparser")
    _limit(resource.RLIMIT_DATA, int(sys.argv[1]))
    _limit(resource.RLIMIT_CORE, 0)
    # It writes no file, whatever it reads.
    _limit(resource.RLIMIT_FSIZE, 0)
    # Unbuffered, so that `select` sees all that waits.
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as raw:
        serve(io.BufferedReader(raw, 1), sys.stdout.buffer, int(sys.argv[2]))
