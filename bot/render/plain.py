"""Metadata made safe to show: plain text of one line, and links that a reader may follow."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlsplit, urlunsplit

import idna

#: A link that is longer than this is dropped: some programs cut it, and then it leads elsewhere.
LINK_LENGTH = 1500

# Zero width joiners stay, because Persian and Indic scripts need them. Overrides and isolates would
# turn the text around them, the rest hides text from the reader.
_UNSEEN = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x200B, 0xFEFF, *range(0xE0000, 0xE0080)])
_UNSAFE_IN_LINK = re.compile(r"[\s<>\"'`{}|\\^]")
#: Links that are as they should be already, told at once.
_PLAIN_LINK = re.compile(
    r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[1-9][0-9]{0,3})?(?:/[A-Za-z0-9/._~=:&+!$,;()*@-]*(?:\?[A-Za-z0-9/._~=:&-]+)?)?"
)
_HOST = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\]")


def plain(text: str, limit: int | None = None) -> str:
    """`text` as one line in NFC, without control characters and direction overrides.

    Args:
        text: whatever a source or a person wrote.
        limit: characters at the most; a longer text ends at a word, with an ellipsis.
    """
    if text.isprintable():
        # Nothing to leave out, and no white space but the plain one: most texts, told at once.
        line = " ".join(text.split())
        line = line if line.isascii() else unicodedata.normalize("NFC", line)
        return line if limit is None else shortened(line, limit)
    kept = "".join(" " if char.isspace() else char for char in text.translate(_UNSEEN) if _is_shown(char))
    line = unicodedata.normalize("NFC", " ".join(kept.split()))
    return line if limit is None else shortened(line, limit)


def _is_shown(char: str) -> bool:
    if char.isspace():
        return True
    return unicodedata.category(char) not in {"Cc", "Cs"} and (ord(char) & 0xFFFE) != 0xFFFE


def shortened(line: str, limit: int) -> str:
    """`line`, or its first words and an ellipsis, together at most `limit` characters."""
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    if line[limit - 1] != " " and " " in head[limit // 2 :]:
        head = head[: head.rindex(" ")]
    return head.rstrip(" ,;:–-") + "…"


def web_link(url: str) -> str:
    """`url` in ASCII, when it is an absolute http or https link; otherwise empty.

    Hosts are written in IDNA, and what RFC 3986 does not allow in a path or query is percent-encoded.
    """
    if len(url) <= LINK_LENGTH and _PLAIN_LINK.fullmatch(url):
        return url
    url = url.strip()
    if not url or len(url) > LINK_LENGTH or any(unicodedata.category(char) in {"Cc", "Cs", "Cf"} for char in url):
        return ""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
        if not host.isascii():
            host = idna.encode(host, uts46=True).decode("ascii")
    except (ValueError, idna.IDNAError):
        return ""
    if ":" in host:
        host = f"[{host}]"
    # A link with a name before the host passes for another site.
    if parts.scheme not in {"http", "https"} or parts.username is not None or not _HOST.fullmatch(host):
        return ""
    place = host if port is None else f"{host}:{port}"
    path, query, fragment = (quote(part, safe="%/:=&?~+!$,;@()*[]-._") for part in parts[2:])
    link = urlunsplit((parts.scheme, place, path, query, fragment))
    return link if len(link) <= LINK_LENGTH and not _UNSAFE_IN_LINK.search(link) else ""


def direction_of(text: str, otherwise: str = "ltr") -> str:
    """`rtl` or `ltr`, by the first letter that has a direction (Unicode UAX #9, rule P2)."""
    for char in text:
        strong = unicodedata.bidirectional(char)
        if strong in {"R", "AL"}:
            return "rtl"
        if strong == "L":
            return "ltr"
    return otherwise
