"""Where the mail servers are and how they are spoken to: `BOT_SMTP_URL`, read."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import idna

from bot.errors import SettingsError
from bot.settings import is_loopback

VARIABLE = "BOT_SMTP_URL"
NO_URL = (
    "not a mail server's URL; write smtp://127.0.0.1:1025, smtp+starttls://user:pass@host:587 or "
    "smtps://user:pass@host:465, with @ / : # ? % in passwords percent-encoded"
)
#: What may follow a URL's `?`.
OPTIONS = ("weight", "connections", "rate", "fallback", "auth", "token_file")


class Security(StrEnum):
    """How a connection is protected; the value is the URL's scheme."""

    CLEAR = "smtp"
    """Not at all: on this machine only."""
    STARTTLS = "smtp+starttls"
    """TLS is asked for after the greeting, and insisted on."""
    TLS = "smtps"
    """TLS from the first byte (RFC 8314)."""


class Mechanism(StrEnum):
    """Ways to log in."""

    PLAIN = "PLAIN"
    LOGIN = "LOGIN"
    XOAUTH2 = "XOAUTH2"
    """With an access token in the place of the password."""


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
    #: The only way to log in; without one, what the server offers.
    mechanism: Mechanism | None = None
    #: Holds the password, or token, and is read at each login: tokens live for an hour.
    token_file: Path | None = None
    #: Its share of the connections, beside others of this weight.
    weight: float = 1.0
    #: Connections to it at the most; without, its share.
    connections: int | None = None
    #: Messages a second to it at the most.
    rate: float | None = None
    #: Used only while none of the others can be.
    fallback: bool = False

    @property
    def server(self) -> str:
        """`mail.example.org:587`: fit to be shown, there are no credentials in it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def secret(self) -> str:
        """The password or token, as it is now; empty where its file cannot be read: the server will say no."""
        if self.token_file is None:
            return self.password
        try:
            return self.token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""

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
        if parts.scheme not in set(Security) or not host or parts.path.strip("/") or parts.fragment:
            raise _wrong(NO_URL)
        security = Security(parts.scheme)
        user, password = _unquoted(parts.username), _unquoted(parts.password)
        options = _options(parts.query)
        if bool(user) != bool(password or "token_file" in options):
            raise _wrong("a user and a password belong together; write both, or neither")
        if security is Security.CLEAR and not is_loopback(host):
            raise _wrong(f"not in clear over the network: '{host}'; write smtp+starttls:// or smtps://")
        if security is Security.CLEAR and user:
            raise _wrong("a password is sent under TLS only; write smtp+starttls:// or smtps://")
        return cls(
            security,
            _ascii_host(host),
            port or PORTS[security],
            user,
            password,
            mechanism=_mechanism(options),
            token_file=Path(options["token_file"]) if "token_file" in options else None,
            weight=_number(options, "weight", 1.0),
            connections=int(_number(options, "connections", 0)) or None,
            rate=_number(options, "rate", 0.0) or None,
            fallback="fallback" in options,
        )


def parse_relays(text: str) -> tuple[SmtpUrl, ...]:
    """The servers that `text` names, separated by blanks, in their order.

    Raises:
        SettingsError: one is none, or all are fall-backs.
    """
    relays = tuple(SmtpUrl.parse(one) for one in text.split())
    if not relays:
        raise _wrong(NO_URL)
    if all(relay.fallback for relay in relays):
        raise _wrong("a fall-back needs a server that it stands in for; leave ?fallback out of one")
    return relays


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    if query and (not options or set(options) - set(OPTIONS)):
        raise _wrong(f"{NO_URL}; after ? there may be {', '.join(OPTIONS)}")
    return options


def _number(options: dict[str, str], name: str, otherwise: float) -> float:
    if name not in options:
        return otherwise
    words = options[name]
    try:
        number = int(words) if name == "connections" else float(words)
    except ValueError:
        number = 0
    if not 0 < number < 1_000_000:
        raise _wrong(f"{name}= wants a number above 0")
    return number


def _mechanism(options: dict[str, str]) -> Mechanism | None:
    if "auth" not in options:
        return None
    name = options["auth"].upper()
    if name not in set(Mechanism):
        raise _wrong("auth= wants plain, login or xoauth2")
    return Mechanism(name)


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
