"""A mail server on loopback that keeps what it gets: one file per mail, with its HTML and its text beside it."""

from __future__ import annotations

import re
import socket
from asyncio import AbstractServer
from collections.abc import Awaitable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

#: Bytes of one mail; no digest is near it.
LARGEST = 10 << 20


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it came, for one recipient."""

    number: int
    recipient: str
    #: The envelope's, where bounces go.
    sender: str
    subject: str
    #: The bytes that came, dots unstuffed.
    path: Path
    #: Its HTML and its text part; None where it has none.
    html: Path | None = None
    text: Path | None = None


class Mailbox:
    """A mail server on 127.0.0.1 while the context lasts; takes all mail, for whomever.

    Offers PIPELINING, 8BITMIME, SMTPUTF8 and SIZE; neither TLS nor AUTH.
    """

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        """Bind the port.

        Args:
            folder: gets `NNN-recipient.eml`, `.html` and `.txt`; made if need be.
            port: 0 for any that is free.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._mails: list[Mail] = []
        self._lock = Lock()
        self._socket = socket.create_server(("127.0.0.1", port), backlog=128)
        self._server = _Server(self, self._socket)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.stop()
        self._socket.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    @property
    def url(self) -> str:
        """As `BOT_SMTP_URL` is written."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def mails(self) -> tuple[Mail, ...]:
        """What came so far, in order."""
        with self._lock:
            return tuple(self._mails)

    def take(self, sender: str, recipient: str, content: bytes) -> Mail:
        """Write one mail down."""
        message = message_from_bytes(content, policy=policy.default)
        with self._lock:
            mail = self._written(len(self._mails) + 1, sender, recipient, content, message)
            self._mails.append(mail)
        return mail

    def _written(self, number: int, sender: str, recipient: str, content: bytes, message: EmailMessage) -> Mail:
        stem = f"{number:03d}-{file_name(recipient)}"
        path = self.folder / f"{stem}.eml"
        path.write_bytes(content)
        parts = {}
        for subtype, suffix in (("html", "html"), ("plain", "txt")):
            part = message.get_body((subtype,))
            if part is not None:
                parts[subtype] = self.folder / f"{stem}.{suffix}"
                parts[subtype].write_text(str(part.get_content()), encoding="utf-8", newline="\n")
        subject = " ".join(str(message.get("Subject", "")).split())
        return Mail(number, recipient, sender, subject, path, parts.get("html"), parts.get("plain"))


def file_name(recipient: str) -> str:
    """The local part of an address as a part of a file name."""
    return re.sub(r"[^\w+=-]+", "_", recipient.rpartition("@")[0])[:64].strip("_") or "nobody"


class _Reception:
    """What aiosmtpd calls, by these very names."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        # aiosmtpd reads commands from a stream, one after the other, so that a client need not wait for replies.
        return [*responses[:1], "250-PIPELINING", *responses[1:]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        content = envelope.original_content or b""
        for recipient in envelope.rcpt_tos:
            self._mailbox.take(envelope.mail_from or "", recipient, content)
        return "250 2.0.0 kept"


class _Server(Controller):
    """The library's thread, on a socket that is bound already: port 0 has become a number before it starts."""

    def __init__(self, mailbox: Mailbox, bound: socket.socket) -> None:
        super().__init__(
            _Reception(mailbox),
            hostname="127.0.0.1",
            port=bound.getsockname()[1],
            server_hostname="mailbox.example.org",
            data_size_limit=LARGEST,
            # Without TLS no AUTH is offered; the library's own default says so too, and this keeps it from changing.
            auth_require_tls=True,
        )
        self._bound = bound

    def factory(self) -> SMTP:
        return SMTP(self.handler, loop=self.loop, **self.SMTP_kwargs)

    def _create_server(self) -> Awaitable[AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._bound)
