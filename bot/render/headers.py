"""Mail headers as bytes-to-be: encoded where they hold words, folded by hand where they hold structure.

Python's `email` policies write a structured value over about 77 characters as encoded words, which
programs that act on it (one-click unsubscribe) cannot read. So structured values are ASCII here, and
are folded only at their own commas and spaces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.header import Header
from functools import lru_cache

import idna

from bot.errors import AddressError, HeaderError
from bot.render.plain import plain

#: Preferred (RFC 5322 section 2.1.1); the outer limit is 998.
LINE_LENGTH = 78
NAME_LENGTH = 64

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_ATOM = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*")
_ATOMS = re.compile(rf"{_ATEXT}(?: {_ATEXT})*")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")
_MESSAGE_ID = re.compile(rf"<{_DOT_ATOM.pattern}@{_DOT_ATOM.pattern}>")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!#-;=?-~]+")
# Programs that read a name after decoding it take what stands in angle brackets for the address.
_LIKE_AN_ADDRESS = re.compile(r"[<>@\"\\]+")
_URI_LENGTH = 900


@lru_cache(maxsize=4_096)
def words(name: str, text: str) -> str:
    """A header that people read, as one or more lines without the last line end.

    RFC 2047 encoded words are used only where needed; each is at most 75 characters and holds whole characters.
    """
    line = plain(text)
    if line.isascii() and "=?" not in line and all(len(word) < LINE_LENGTH for word in line.split()):
        return folded(name, line.split(" "))
    encoded = Header(line, "utf-8", maxlinelen=76, header_name=name).encode(linesep="\r\n")
    return f"{name}: {encoded}"


def folded(name: str, pieces: Sequence[str], separator: str = " ") -> str:
    """A header of `pieces`, which are never broken, in lines of 78 characters where that can be.

    Args:
        pieces: ASCII, without line ends.
        separator: between two pieces; ends in a space, at which lines break.
    """
    line, lines = f"{name}: {pieces[0] if pieces else ''}", []
    for piece in pieces[1:]:
        if len(line) + len(separator) + len(piece) > LINE_LENGTH:
            lines.append(line + separator.rstrip())
            line = f" {piece}"
        else:
            line += separator + piece
    return "\r\n".join([*lines, line])


@lru_cache(maxsize=1_024)
def mailbox(address: str, *, smtputf8: bool = False) -> str:
    """`address` as it stands in an envelope and in headers, with the domain in IDNA.

    Args:
        smtputf8: whether the mail server takes a mailbox name that is not ASCII (RFC 6531).

    Raises:
        AddressError: nothing could be delivered to it.
    """
    local, at, domain = address.rpartition("@")
    try:
        host = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise AddressError(plain(address, 100), "the domain is not an internationalised domain name") from error
    if not at or not _DOMAIN.fullmatch(host):
        raise AddressError(plain(address, 100), "not name@domain")
    ascii_local = local if local.isascii() else "".join(char if char.isascii() else "x" for char in local)
    if not _DOT_ATOM.fullmatch(ascii_local) or plain(local) != local or len(local.encode()) > 64:
        raise AddressError(plain(address, 100), "the part before the @ is not a mailbox name")
    if not smtputf8 and not local.isascii():
        raise AddressError(plain(address, 100), "the mail server does not take names that are not ASCII (SMTPUTF8)")
    return f"{local}@{host}"


@lru_cache(maxsize=1_024)
def named_mailbox(header: str, name: str, address: str) -> str:
    """A From, To or Reply-To header with one address.

    Args:
        name: whatever somebody calls themselves; empty for none.
        address: as `mailbox` gives it.
    """
    shown = plain(_LIKE_AN_ADDRESS.sub(" ", name))[:NAME_LENGTH].rstrip()
    if not shown:
        return f"{header}: {address}"
    if shown.isascii() and "=?" not in shown:
        phrase = _phrase(shown)
    else:
        phrase = Header(shown, "utf-8", maxlinelen=76, header_name=header).encode(linesep="\r\n")
    line = f"{header}: {phrase} <{address}>"
    # The fold stands before the address: within a quoted name it would become part of the name for some.
    return line if len(line.rpartition("\r\n")[2]) <= LINE_LENGTH else f"{header}: {phrase}\r\n <{address}>"


@lru_cache(maxsize=64)
def list_id(name: str, identity: str) -> str:
    """A List-Id header (RFC 2919); a name that would have to be encoded is left out.

    Raises:
        HeaderError: the id is not of the form of a domain.
    """
    if not _DOMAIN.fullmatch(identity):
        raise HeaderError("List-Id", identity, "write a name like digest.example.org")
    shown = plain(_LIKE_AN_ADDRESS.sub(" ", name))[:NAME_LENGTH].rstrip()
    named = [_phrase(shown)] if shown and shown.isascii() else []
    return folded("List-Id", [*named, f"<{identity}>"])


def _phrase(name: str) -> str:
    """An ASCII name without quotes and backslashes as RFC 5322 section 3.2.5 has it."""
    return name if _ATOMS.fullmatch(name) else f'"{name}"'


def message_id(text: str) -> str:
    """A Message-ID in its angle brackets.

    Raises:
        HeaderError: it is not of the form `left@right` (RFC 5322 section 3.6.4).
    """
    bracketed = text if text.startswith("<") else f"<{text}>"
    if not _MESSAGE_ID.fullmatch(bracketed):
        raise HeaderError("Message-ID", text, "write left@right")
    return bracketed


def uri(header: str, text: str) -> str:
    """A link in its angle brackets (RFC 2369).

    Raises:
        HeaderError: it holds what a header cannot, or is too long for a line.
    """
    if not _URI.fullmatch(text) or len(text) > _URI_LENGTH:
        raise HeaderError(header, text, "write an ASCII link")
    return f"<{text}>"


@lru_cache(maxsize=1_024)
def token(header: str, text: str) -> str:
    """A structured value as it is.

    Raises:
        HeaderError: it is not ASCII, or is too long for a line.
    """
    if not re.fullmatch(r"[!-~]+(?: [!-~]+)*", text) or len(text) > _URI_LENGTH:
        raise HeaderError(header, text, "write visible ASCII")
    return text
