"""A mail's bytes taken apart, as far as reports need it: in linear time, and whatever it is made of.

Python's own parser takes about a minute for a mebibyte that is made to keep it busy, and nests until the stack ends.
Mails here come from anybody.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

#: So deep multiparts are looked into: gateways put a report into one more of their own, seldom into two.
DEEPEST: Final = 4
#: So many parts are looked at in all.
MOST_PARTS: Final = 50
#: So many groups of fields in one report.
MOST_GROUPS: Final = 100
#: RFC 2046 section 5.1.1 allows 70.
_BOUNDARY_LENGTH = 200
_CONTENT_TYPE_LENGTH = 2_000
_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))')
_NAME = re.compile(rb"([!-9;-~]{1,100})[ \t]*:")
_BLANK_LINE = re.compile(rb"\n[ \t]*\n")


class Headers:
    """Header fields, unfolded, by name whatever its capitals."""

    def __init__(self, block: bytes) -> None:
        """Take the lines of a header, with LF between; what is no field is passed over."""
        self._fields: dict[str, list[str]] = {}
        lines: list[bytes] = []
        for line in block.split(b"\n"):
            if line[:1] in {b" ", b"\t"} and lines:
                lines.append(line)
                continue
            self._enter(lines)
            lines = [line]
        self._enter(lines)

    def _enter(self, lines: list[bytes]) -> None:
        whole = b" ".join(line.strip() for line in lines)
        if found := _NAME.match(whole):
            value = as_text(whole[found.end() :]).strip()
            self._fields.setdefault(found[1].decode("ascii").lower(), []).append(value)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._fields

    def all(self, *names: str) -> list[str]:
        """Every value of fields of these names, name by name."""
        return [value for name in names for value in self._fields.get(name.lower(), ())]

    def first(self, name: str) -> str:
        """The first value; empty where there is none."""
        return next(iter(self._fields.get(name.lower(), ())), "")

    @property
    def content_type(self) -> tuple[str, dict[str, str]]:
        """`multipart/report` and its parameters, names and type in lower case; `text/plain` where there is none."""
        value = self.first("Content-Type")[:_CONTENT_TYPE_LENGTH]
        named = {
            found[1].lower(): found[3] if found[2] is None else re.sub(r"\\(.)", r"\1", found[2])
            for found in _PARAMETER.finditer(value)
        }
        return value.partition(";")[0].strip().lower() or "text/plain", named


@dataclass(frozen=True, slots=True)
class Part:
    """A mail, or a part of one that has no parts."""

    headers: Headers
    #: With LF between lines; of a part as it is, still encoded.
    body: bytes

    @property
    def type(self) -> str:
        """`message/delivery-status`."""
        return self.headers.content_type[0]

    @property
    def content(self) -> bytes:
        """The body without its transfer encoding (RFC 2045 section 6); as it is where that is broken."""
        match self.headers.first("Content-Transfer-Encoding").lower():
            case "base64":
                try:
                    decoded = binascii.a2b_base64(self.body)
                except binascii.Error:
                    return self.body
                return decoded.replace(b"\r\n", b"\n")
            case "quoted-printable":
                return binascii.a2b_qp(self.body).replace(b"\r\n", b"\n")
        return self.body


def take_apart(content: bytes) -> Part:
    """A mail with its header read."""
    content = content.replace(b"\r\n", b"\n").lstrip(b"\n")
    return _part(content)


def leaves(part: Part) -> list[Part]:
    """The parts without parts, in order, `MOST_PARTS` at the most; mails that are attached are not looked into."""
    found: list[Part] = []
    _gather(part, found, DEEPEST)
    return found


def blocks(content: bytes) -> list[Headers]:
    """Groups of fields with blank lines between, as delivery reports have them (RFC 3464 section 2.1)."""
    return [Headers(block) for block in _BLANK_LINE.split(content.strip(b"\n"), MOST_GROUPS)[:MOST_GROUPS]]


def as_text(raw: bytes) -> str:
    """UTF-8, or what is left of it: codes and addresses are in ASCII."""
    return raw.decode("utf-8", "replace")


def _part(content: bytes) -> Part:
    if content.startswith(b"\n"):
        return Part(Headers(b""), content[1:])
    header, _, body = content.partition(b"\n\n")
    return Part(Headers(header), body)


def _gather(part: Part, found: list[Part], depth: int) -> None:
    kind, named = part.headers.content_type
    boundary = named.get("boundary", "")
    if not kind.startswith("multipart/") or not 0 < len(boundary) <= _BOUNDARY_LENGTH:
        found.append(part)
        return
    if depth:
        for inner in _between(part.body, boundary.encode("utf-8")):
            if len(found) >= MOST_PARTS:
                return
            _gather(_part(inner), found, depth - 1)


def _between(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """What is between the lines of a boundary; the last may have no end, if the mail was cut."""
    line = re.compile(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*$", re.MULTILINE)
    start: int | None = None
    for found in line.finditer(body):
        if start is not None:
            yield body[start : max(start, found.start() - 1)]
        start = None if found[1] else found.end() + 1
        if found[1]:
            return
    if start is not None:
        yield body[start:]
