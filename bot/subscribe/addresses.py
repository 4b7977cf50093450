"""Addresses and names of people, as they are kept: validated strictly, cleaned at entry."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from bot.errors import AddressError
from bot.models.subscribers import NAME_LENGTH, address_key

#: Octets before the @-sign (RFC 5321 4.5.3.1.1).
_LOCAL_LENGTH = 64
#: Octets in all (RFC 5321 4.5.3.1.3, with erratum 1690 of RFC 3696).
_ADDRESS_LENGTH = 254
_TOO_LONG = f"too long: at most {_LOCAL_LENGTH} octets before the @-sign and {_ADDRESS_LENGTH} in all"

# Addresses that need no second look: a subset of what `_strictly` takes and leaves as it is. No
# hyphens side by side (punycode), a top level of letters alone.
_ATOM = r"[A-Za-z0-9_+\-]+"
_LABEL = r"[A-Za-z0-9](?:(?:[A-Za-z0-9]|-(?!-)){0,61}[A-Za-z0-9])?"
_PLAIN = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)+([A-Za-z]{{2,63}}))")
#: Reserved (RFC 6761, 6762, 7686): the strict rules decide.
_RESERVED = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})
#: Mailboxes whose capitals the strict rules fold (RFC 2142).
_ROLES = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)

#: Alphabets whose letters are taken for each other's (UTS 39 5.2, "moderately restrictive").
_LOOKALIKES = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC"})
#: Joiners are part of spelling in Persian and Indic names, and of emoji.
_JOINERS = "\u200c\u200d"
#: Controls, format characters (bidi among them), surrogates, private use.
_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co"})
_ZWJ = "\u200d"


class _Kept(dict[int, str]):
    """Code point -> what a name keeps of it, found out as it is met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        kept = character
        if character.isspace():
            kept = " "
        elif _is_noncharacter(code) or (unicodedata.category(character) in _UNSHOWN and character not in _JOINERS):
            kept = ""
        self[code] = kept
        return kept


def _is_noncharacter(code: int) -> bool:
    # Unicode 23.7; XML cannot hold them, and so neither can a mail's HTML on its way through lxml.
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


_KEPT = _Kept()


@dataclass(frozen=True, slots=True)
class Address:
    """A valid address."""

    #: As it is written to: the domain in ASCII (IDNA) and lower case, the local part as given, in NFC.
    email: str
    #: What makes it unique: `bot.models.subscribers.address_key`.
    key: str


def read_address(text: str) -> Address:
    """The address that `text` is, spaces around it left out.

    RFC 5321 and 6531 without quoted local parts and address literals, lengths counted in octets,
    domains as IDNA 2008 has them; `example` and `test` domains and those of intranets (`.local`) are
    taken. No DNS.

    Raises:
        AddressError: it cannot be written to, or mixes alphabets whose letters look alike.
    """
    text = text.strip()
    found = _PLAIN.fullmatch(text)
    if found is not None and len(text) <= _ADDRESS_LENGTH:
        local, domain, top = found.groups()
        folded, domain = local.lower(), domain.lower()
        if len(local) <= _LOCAL_LENGTH and len(domain) <= 253 and top.lower() not in _RESERVED and folded not in _ROLES:
            return Address(f"{local}@{domain}", f"{folded}@{domain}")
    return _strictly(text)


def clean_name(text: str) -> str:
    """A person's name fit for a header, a page and a log: one line, no control or bidi characters, NFC, 64 at most.

    Whatever comes in, something comes out; an empty name is a name too.
    """
    if text.isascii() and text.isprintable():
        if "  " not in text and len(text) <= NAME_LENGTH:
            return text.strip(" ")
        return " ".join(text.split())[:NAME_LENGTH].rstrip()
    line = " ".join(unicodedata.normalize("NFC", text.translate(_KEPT)).split()).strip(_JOINERS + " ")
    return _cut(line, NAME_LENGTH)


def _strictly(text: str) -> Address:
    problem = _first_look(text)
    if problem:
        raise AddressError(_shown(text), problem)
    # The validator refuses `.local` as no public domain; a roster of an intranet may be full of it.
    intranet = re.fullmatch(r"(.*\.)local", text, re.IGNORECASE | re.DOTALL)
    try:
        found = validate_email(
            intranet[1] + "test" if intranet else text, check_deliverability=False, strict=True, test_environment=True
        )
    except EmailNotValidError as error:
        raise AddressError(_shown(text), _in_house_words(str(error))) from error
    domain, ascii_domain = found.domain, found.ascii_domain
    if intranet:
        domain, ascii_domain = domain.removesuffix("test") + "local", ascii_domain.removesuffix("test") + "local"
    octets = len(found.local_part.encode())
    if octets > _LOCAL_LENGTH or octets + 1 + len(ascii_domain) > _ADDRESS_LENGTH:
        raise AddressError(_shown(text), _TOO_LONG)
    if _is_mixed(found.local_part) or _is_mixed(domain):
        raise AddressError(_shown(text), "mixes alphabets whose letters look alike; type it anew in one alphabet")
    email = f"{found.local_part}@{ascii_domain}"
    return Address(email, address_key(email))


def _first_look(text: str) -> str:
    """What is wrong in ways that rosters often are, in words that mend; empty where nothing is."""
    problem = ""
    if not text:
        problem = "empty; write it like name@example.org"
    elif len(text) > 2 * _ADDRESS_LENGTH:
        problem = _TOO_LONG
    elif "\ufffd" in text:
        problem = "has characters that could not be read; save the file as UTF-8"
    elif text.lower().startswith("mailto:"):
        problem = "leave out 'mailto:'"
    elif re.search(r"[,;\s]", text) and text.count("@") > 1:
        problem = "more than one address; give each its own row"
    elif "<" in text or ">" in text:
        bare = re.search(r"<([^<>]*@[^<>]*)>", text)
        problem = "write the bare address" + (f": {_shown(bare[1])}" if bare else "")
    return problem


def _in_house_words(sentences: str) -> str:
    parts = re.split(r"\. (?=[A-Z])", sentences.removesuffix("."))
    return "; ".join(part[:1].lower() + part[1:] for part in parts)


def _shown(text: str) -> str:
    """`text` as an error may carry it: one short line, all of it printable."""
    line = "".join(character if character.isprintable() else "\ufffd" for character in clean_name(text[:200]))
    return line if len(text) <= NAME_LENGTH else f"{line}…"


def _is_mixed(text: str) -> bool:
    if text.isascii():
        return False
    return any(len(_alphabets(word)) > 1 for word in re.split(r"[\W_]+", text))


def _alphabets(word: str) -> set[str]:
    # The first word of a letter's name is its script, as near as the standard library knows it.
    letters = (unicodedata.name(character, "").partition(" ")[0] for character in word if character.isalpha())
    return set(letters) & _LOOKALIKES


def _cut(text: str, length: int) -> str:
    """`text` cut to `length` characters, not between a letter and its accents nor inside a joined emoji."""
    if len(text) <= length:
        return text
    end = length
    while end > 0 and (unicodedata.category(text[end])[0] == "M" or text[end] in _JOINERS or text[end - 1] == _ZWJ):
        end -= 1
    return text[: end or length].rstrip(_JOINERS + " ")
