"""Where the mail server is and how it is spoken to: `BOT_SMTP_URL`, read."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote, urlsplit

import idna

from bot.errors import SettingsError
from bot.settings import is_loopback

VARIABLE = "BOT_SMTP_URL"
NO_URL = (
    "not a mail server's URL; write smtp://127.0.0.1:1025, smtp+starttls://user:pass@host:587 or "
    "smtps://user:pass@host:465, with @ / : # ? % in passwords percent-encoded"
)


class Security(StrEnum):
    """How a connection is protected; the value is the URL's scheme."""

    CLEAR = "smtp"
    """Not at all: on this machine only."""
    STARTTLS = "smtp+starttls"
    """TLS is asked for after the greeting, and insisted on."""
    TLS = "smtps"
    """TLS from the first byte (RFC 8314)."""


#: RFC 5321, RFC 6409 and RFC 8314.
PORTS = {Security.CLEAR: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, slots=True)
class SmtpUrl:
    """A mail server, and who we are to it."""

    security: Security
    #: In ASCII; IPv6 addresses without brackets.
    host: str
    port: int
    #: Empty where the server is to take mail without credentials.
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def server(self) -> str:
        """`mail.example.org:587`: fit to be shown, there are no credentials in it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> SmtpUrl:
        """The server that `text` names; user and password may be percent-encoded.

        Raises:
            SettingsError: it names none, or one that mail must not be sent to so. What was written is not
                repeated: there may be a password in it.
        """
        try:
            parts = urlsplit(text.strip())
            port, host = parts.port, parts.hostname or ""
        except ValueError:
            # Not chained: the cause may quote a password that was taken for a port.
            raise _wrong(NO_URL) from None
        if parts.scheme not in set(Security) or not host or parts.path.strip("/") or parts.query or parts.fragment:
            raise _wrong(NO_URL)
        security = Security(parts.scheme)
        user, password = _unquoted(parts.username), _unquoted(parts.password)
        if bool(user) != bool(password):
            raise _wrong("a user and a password belong together; write both, or neither")
        if security is Security.CLEAR and not is_loopback(host):
            raise _wrong(f"not in clear over the network: '{host}'; write smtp+starttls:// or smtps://")
        if security is Security.CLEAR and user:
            raise _wrong("a password is sent under TLS only; write smtp+starttls:// or smtps://")
        return cls(security, _ascii_host(host), port or PORTS[security], user, password)


def _unquoted(quoted: str | None) -> str:
    try:
        text = unquote(quoted or "", errors="strict")
    except UnicodeDecodeError as error:
        raise _wrong("user or password is not UTF-8; percent-encode it so") from error
    if "\0" in text:
        raise _wrong("user or password holds a NUL")
    return text


def _ascii_host(host: str) -> str:
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise _wrong(f"no such host name: '{host}'") from error


def _wrong(problem: str) -> SettingsError:
    return SettingsError([f"{VARIABLE}: {problem}"])
