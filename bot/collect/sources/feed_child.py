"""A child process that reads feeds with feedparser, under limits, and says what it found in plain values.

It is run as a script and imports nothing of this project, so that it is small and starts quickly. One question is a
frame of two lengths, a content type with the feed's address, and the feed's bytes; one answer is a length and JSON.
It ends when nobody has asked for a while, when its parent is gone, or after memory ran out.
"""

from __future__ import annotations

import io
import json
import resource
import select
import struct
import sys
from typing import Any, BinaryIO

import feedparser

ASK = struct.Struct(">II")
ANSWER = struct.Struct(">I")
IDLE_SECONDS = 60
MOST_ENTRIES = 5_000
LONGEST_TEXT = 200_000

#: What is taken of an entry as it is, in feedparser's names.
_TEXTS = (
    "title link id summary published updated created dc_identifier dc_source prism_doi prism_url "
    "prism_publicationname prism_publicationdate prism_coverdate language"
).split()
_HARMLESS = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)
_TIMES = ("published", "updated", "created")


def answer(body: bytes, content_type: str, address: str) -> dict[str, Any]:
    """The feed in plain values; `version` is empty where it is none."""
    headers = {"content-location": address}
    if content_type:
        headers["content-type"] = content_type
    # A stream, since feedparser would take bytes or text for a file's name or an address.
    parsed = feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    problem = parsed.get("bozo_exception")
    return {
        "version": parsed.get("version", ""),
        "broken": bool(parsed.get("bozo")) and not isinstance(problem, _HARMLESS),
        "feed": {name: _text(parsed.feed.get(name)) for name in ("title", "link", "language", "prism_publicationname")},
        "entries": [_entry(entry) for entry in parsed.entries[:MOST_ENTRIES]],
    }


def _entry(entry: Any) -> dict[str, Any]:
    taken: dict[str, Any] = {name: text for name in _TEXTS if (text := _text(entry.get(name)))}
    for name in _TIMES:
        if moment := entry.get(f"{name}_parsed"):
            taken[f"{name}_day"] = list(moment[:3])
    taken["contents"] = [_text(content.get("value")) for content in entry.get("content", ())[:5]]
    taken["authors"] = [_text(author.get("name")) for author in entry.get("authors", ())[:3000]]
    taken["tags"] = [_text(tag.get("term")) for tag in entry.get("tags", ())[:50]]
    origin = entry.get("source")
    taken["origin"] = _text(origin.get("title")) if isinstance(origin, dict) else ""
    return taken


def _text(value: object) -> str:
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def _limit_memory(size: int) -> None:
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        # Not every system knows these limits; the parent's clock still holds.
        pass


def serve(asks: BinaryIO, answers: BinaryIO) -> None:
    """Answers frame after frame, until there are no more."""
    while select.select([asks], [], [], IDLE_SECONDS)[0]:
        head = asks.read(ASK.size)
        if len(head) < ASK.size:
            return
        named, size = ASK.unpack(head)
        out_of_memory = False
        try:
            content_type, address = json.loads(asks.read(named))
            found = answer(asks.read(size), content_type, address)
            said = json.dumps(found).encode()
        except MemoryError:
            out_of_memory, said = True, b'{"problem": "more memory than a feed may take"}'
        except Exception as error:  # noqa: BLE001 (feedparser raises anything; the parent is told)
            said = json.dumps({"problem": f"unreadable ({type(error).__name__})"}).encode()
        answers.write(ANSWER.pack(len(said)) + said)
        answers.flush()
        if out_of_memory:
            return


if __name__ == "__main__":
    _limit_memory(int(sys.argv[1]))
    # Unbuffered, so that `select` sees all that waits.
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as raw:
        serve(io.BufferedReader(raw, 1), sys.stdout.buffer)
