"""A finished mail as bytes: headers, text part and HTML part."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from bot.models.deliveries import Message
from bot.render import headers
from bot.render.quoted import encoded, ended

_HEAD_OF_TEXT, _HEAD_OF_HTML = (
    f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    for subtype in ("plain", "html")
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends what to whom, and what the headers say of it."""

    from_name: str
    from_address: str
    to_name: str
    to_address: str
    #: `left@right`, unique to the recipient and the same over every try; angle brackets may be there or not.
    message_id: str
    #: Aware.
    date: datetime
    #: Where an unsubscribe by one click (RFC 8058) is posted to; offered as such only when it is https. None for a
    #: mail to one who did not subscribe.
    unsubscribe_url: str | None
    #: An address or a whole `mailto:` link; empty for none.
    unsubscribe_mailto: str = ""
    reply_to: str = ""
    #: `feed.example.org`, the same for ever; empty for none.
    list_id: str = ""
    #: What the list is called beside its id; left out where it is not ASCII, because List-Id is not encoded.
    list_name: str = ""
    #: `a:b:c:SenderId`; empty for none.
    feedback_id: str = ""
    #: The envelope sender, where bounces go; empty for the From address.
    sender: str = ""
    #: BCP 47.
    language: str = "en"
    #: Whether the mail server takes addresses that are not ASCII.
    smtputf8: bool = False


def build_message(subject: str, text: str, html: str, envelope: Envelope) -> Message:
    """The mail, ready for the wire: the same bytes for the same arguments.

    Raises:
        AddressError: the mail cannot be addressed.
        HeaderError: a structured header cannot be written.
    """
    return assembled(subject, [encoded(ended(text))], [encoded(ended(html))], envelope)


def assembled(
    subject: str, text: Sequence[bytes], html: Sequence[bytes], envelope: Envelope, language: str = ""
) -> Message:
    """The mail of parts that are encoded already, as `bot.render.quoted.encoded` gives their pieces.

    Args:
        language: instead of the envelope's.

    Raises:
        AddressError: the mail cannot be addressed.
        HeaderError: a structured header cannot be written.
    """
    recipient = headers.mailbox(envelope.to_address, smtputf8=envelope.smtputf8)
    author = headers.mailbox(envelope.from_address, smtputf8=envelope.smtputf8)
    identity = headers.message_id(envelope.message_id)
    # Quoted-printable never holds "=_", so no part can hold the boundary.
    boundary = "=_" + hashlib.sha256(identity.encode()).hexdigest()[:40]
    lines = [
        headers.named_mailbox("From", envelope.from_name, author),
        headers.named_mailbox("To", envelope.to_name, recipient),
        headers.words("Subject", subject),
        _date(envelope.date),
        f"Message-ID: {identity}",
        *_about_the_list(envelope),
        "Auto-Submitted: auto-generated",
        "Precedence: bulk",
        "X-Auto-Response-Suppress: OOF, AutoReply",
        f"Content-Language: {headers.token('Content-Language', language or envelope.language)}",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"',
    ]
    if envelope.reply_to:
        reply_to = headers.mailbox(envelope.reply_to, smtputf8=envelope.smtputf8)
        lines.insert(2, headers.named_mailbox("Reply-To", "", reply_to))
    head = "\r\n".join(lines)
    content = [f"{head}\r\n\r\n--{boundary}\r\n{_HEAD_OF_TEXT}".encode(), *text]
    content += [f"\r\n--{boundary}\r\n{_HEAD_OF_HTML}".encode(), *html]
    content.append(f"\r\n--{boundary}--\r\n".encode())
    return Message(
        sender=headers.mailbox(envelope.sender, smtputf8=envelope.smtputf8) if envelope.sender else author,
        recipient=recipient,
        subject=subject,
        message_id=identity,
        content=b"".join(content),
    )


@lru_cache(maxsize=64)
def _date(moment: datetime) -> str:
    return f"Date: {format_datetime(moment)}"


def _about_the_list(envelope: Envelope) -> list[str]:
    lines = []
    if envelope.list_id:
        lines.append(headers.list_id(envelope.list_name, envelope.list_id))
    if envelope.unsubscribe_url is not None:
        links = [headers.uri("List-Unsubscribe", envelope.unsubscribe_url)]
        if envelope.unsubscribe_mailto:
            mailto = "mailto:" + envelope.unsubscribe_mailto.removeprefix("mailto:")
            links.append(headers.uri("List-Unsubscribe", mailto))
        lines.append(headers.folded("List-Unsubscribe", links, ", "))
        if envelope.unsubscribe_url.startswith("https://"):
            lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    if envelope.feedback_id:
        lines.append(f"Feedback-ID: {headers.token('Feedback-ID', envelope.feedback_id)}")
    return lines
