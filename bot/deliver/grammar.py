"""What is said on the wire, as values: replies and offers read, commands and bodies written (RFC 5321)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import idna

from bot.models.deliveries import Message, Phase, Reply, is_dotless

#: Of a reply's text, so that a talkative server does not fill the outbox.
TEXT_LENGTH = 500
#: RFC 3461, 4.4.
ENVELOPE_ID_LENGTH = 100

#: RFC 2034: the code opens the text, and its class is the reply's.
_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?:\s+|$)")
_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?\Z", re.DOTALL)
#: What must be written otherwise in parameters (RFC 3461, 4).
_NO_XTEXT = re.compile(r"[^!-~]|[+=]")
#: Neither may stand in a path: it would end it, or the command.
_UNSENDABLE = re.compile(r"[\s<>]")


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """One line of a reply; the last one of a reply has a blank after its code."""

    code: int
    text: str
    last: bool


def read_line(line: bytes) -> ReplyLine | None:
    """A line of a reply, without its line end; None where it is none (RFC 5321, 4.2.1)."""
    found = _LINE.match(line)
    if found is None:
        return None
    code, mark, text = found.groups()
    return ReplyLine(int(code), _printable((text or b"").decode("utf-8", "replace")), mark != b"-")


def reply_of(phase: Phase, lines: Sequence[ReplyLine]) -> Reply:
    """The reply that these lines make, with its enhanced status where it has one (RFC 2034, RFC 3463)."""
    code = lines[-1].code
    first = _ENHANCED.match(lines[0].text)
    if first is None or int(first[1]) != code // 100:
        return Reply(phase, code, " ".join(line.text for line in lines).strip()[:TEXT_LENGTH])
    enhanced = ".".join(first.groups())
    words = " ".join(re.sub(rf"\A{re.escape(enhanced)}(\s+|\Z)", "", line.text) for line in lines)
    return Reply(phase, code, words.strip()[:TEXT_LENGTH], enhanced)


@dataclass(frozen=True, slots=True)
class Offers:
    """What a server offers in its reply to EHLO: keywords in capitals, with their parameters."""

    keywords: dict[str, str] = field(default_factory=dict)

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.keywords

    @property
    def size(self) -> int:
        """The largest message that is taken, in octets; 0 where no limit is told (RFC 1870)."""
        words = self.keywords.get("SIZE", "")
        return int(words) if words.isascii() and words.isdigit() else 0

    @property
    def auth(self) -> frozenset[str]:
        """Mechanisms, in capitals (RFC 4954)."""
        return frozenset(self.keywords.get("AUTH", "").upper().split())


def read_offers(lines: Sequence[ReplyLine]) -> Offers:
    """What the lines of a reply to EHLO offer; the first one is a greeting."""
    keywords: dict[str, str] = {}
    for line in lines[1:]:
        # Old servers write AUTH=LOGIN, some of them beside a proper AUTH line.
        keyword, _, words = line.text.replace("AUTH=", "AUTH ", 1).partition(" ")
        keyword = keyword.upper()
        keywords[keyword] = f"{keywords[keyword]} {words}" if keyword in keywords else words
    return Offers(keywords)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The commands that open a transaction, without line ends."""

    mail: bytes
    rcpt: bytes


def envelope(message: Message, offers: Offers) -> Envelope | Reply:
    """The commands for this message at a server with these offers, or our own refusal to send it there.

    Whatever is not offered is not used. An address goes in ASCII where it can: a domain as A-labels
    (RFC 5891); only a local part outside ASCII needs SMTPUTF8 (RFC 6531).
    """
    sender, recipient = ascii_path(message.sender), ascii_path(message.recipient)
    if _UNSENDABLE.search(sender):
        return Reply(Phase.MAIL, 553, "not an address that mail can be sent from", "5.1.7")
    if not recipient or _UNSENDABLE.search(recipient):
        return Reply(Phase.RCPT, 553, "not an address that mail can be sent to", "5.1.3")
    plain = message.content.isascii()
    headers_too = plain or message.content[: message.content.find(b"\r\n\r\n")].isascii()
    international = not (sender.isascii() and recipient.isascii() and headers_too)
    if international and "SMTPUTF8" not in offers:
        return Reply(Phase.RCPT, 553, "needs SMTPUTF8, which the mail server does not offer", "5.6.7")
    if not plain and "8BITMIME" not in offers:
        return Reply(Phase.MAIL, 554, "needs 8BITMIME, which the mail server does not offer", "5.6.3")
    if 0 < offers.size < len(message.content):
        text = f"message too big: {len(message.content)} octets, the mail server takes {offers.size}"
        return Reply(Phase.MAIL, 552, text, "5.3.4")
    mail, rcpt = [f"MAIL FROM:<{sender}>"], [f"RCPT TO:<{recipient}>"]
    if "SIZE" in offers:
        mail.append(f"SIZE={len(message.content)}")
    if "8BITMIME" in offers:
        mail.append("BODY=7BIT" if plain else "BODY=8BITMIME")
    if international:
        mail.append("SMTPUTF8")
    if "DSN" in offers:
        envelope_id = xtext(message.message_id.strip("<>"))
        mail += ["RET=HDRS"] + [f"ENVID={envelope_id}"] * (0 < len(envelope_id) <= ENVELOPE_ID_LENGTH)
        rcpt += ["NOTIFY=FAILURE,DELAY"] + [f"ORCPT=rfc822;{xtext(recipient)}"] * recipient.isascii()
    return Envelope(" ".join(mail).encode(), " ".join(rcpt).encode())


def ascii_path(address: str) -> str:
    """The address with its domain in ASCII."""
    local, at, domain = unicodedata.normalize("NFC", address).rpartition("@")
    return local + at + ascii_domain(domain)


def ascii_domain(domain: str) -> str:
    """The domain as A-labels (RFC 5891); unchanged where that cannot be done."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain


def xtext(text: str) -> str:
    """The text as DSN parameters carry it (RFC 3461, 4)."""
    if _NO_XTEXT.search(text) is None:
        return text
    return "".join(chr(o) if 33 <= o <= 126 and o not in b"+=" else f"+{o:02X}" for o in text.encode())


def stuffed(content: bytes) -> bytes:
    """The content as it goes after DATA, all but the final dot: dots at line starts doubled, CRLF at the end."""
    # Most are so, and looking first takes half as long as replacing nothing.
    if is_dotless(content) or not content:
        return content
    if content.startswith(b"."):
        content = b"." + content
    content = content.replace(b"\n.", b"\n..")
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def _printable(text: str) -> str:
    return (text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)).strip()
