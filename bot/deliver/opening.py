"""From nothing to a session in which mail may be sent: connect, TLS, EHLO, AUTH, never with less than the URL says."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.deliver.grammar import Offers, ReplyLine, ascii_domain, read_offers, reply_of
from bot.deliver.url import Mechanism, Security, SmtpUrl
from bot.deliver.wire import ReadLostError, Wire
from bot.errors import MailServerError
from bot.models.deliveries import Phase, Reply


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each step may take, in seconds; what RFC 5321, 4.5.3.2 asks for."""

    #: To each address of the server.
    connect: float = 10
    #: The greeting.
    banner: float = 300
    #: EHLO, STARTTLS and AUTH, and the TLS handshake.
    session: float = 300
    mail: float = 300
    rcpt: float = 300
    data: float = 120
    #: The body, all of it.
    body: float = 600
    #: The reply to the final dot.
    dot: float = 600
    #: RSET and QUIT: nothing depends on them.
    courtesy: float = 5
    #: All that comes before the final dot of one message; what is left for the dot itself is the dot's.
    total: float = 900


class Opening:
    """Opens one session.

    Args:
        url: the server, and who we are to it.
        ca_file: certificates to trust instead of the system's.
        name: what we call ourselves in EHLO; without one, the address that we connect from.
    """

    def __init__(self, url: SmtpUrl, ca_file: Path | None, name: str, patience: Patience) -> None:
        self._url, self._ca_file, self._name, self._patience = url, ca_file, name, patience
        self._offers = Offers()
        #: How far it has come.
        self.phase = Phase.NONE

    async def open(self, give_up: Callable[[], bool]) -> tuple[Wire, Offers]:
        """A session, and what the server offers in it.

        Raises:
            MailServerError: it cannot be had so; nothing is ever sent with less security than the URL asks for.
        """
        self.phase = Phase.CONNECT
        # Both are made anew each time: a certificate file may have been renewed.
        context = self._context() if self._url.security is not Security.CLEAR else None
        wire = await self._connect(give_up)
        try:
            if context is not None and self._url.security is Security.TLS:
                await self._secure(wire, context)
                self.phase = Phase.CONNECT
            await self._expect(wire, b"", 220, self._patience.banner)
            await self._greet(wire)
            if context is not None and self._url.security is Security.STARTTLS:
                self.phase = Phase.STARTTLS
                if "STARTTLS" not in self._offers:
                    raise self._error("offers no STARTTLS; not going on in clear")
                await self._expect(wire, b"STARTTLS", 220, self._patience.session)
                await self._secure(wire, context)
                # What was offered in clear is void (RFC 3207, 4.2).
                await self._greet(wire)
            if self._url.user:
                await self._log_in(wire)
        except BaseException:
            wire.close()
            raise
        return wire, self._offers

    async def _connect(self, give_up: Callable[[], bool]) -> Wire:
        loop = asyncio.get_running_loop()
        try:
            connected = await self._socket(loop)
            _, wire = await loop.create_connection(lambda: Wire(give_up), sock=connected)
        except OSError as error:
            problem = "no answer" if isinstance(error, TimeoutError) else _words(error)
            words = f"cannot be reached: {problem}; check BOT_SMTP_URL and that it is running"
            raise self._error(words, passing=True) from error
        except UnicodeError as error:
            # What Python says of a name with an empty or overlong label.
            raise self._error("cannot be reached: no such host name; check BOT_SMTP_URL") from error
        return wire

    async def _socket(self, loop: asyncio.AbstractEventLoop) -> socket.socket:
        """A socket that is connected to one of the server's addresses, tried in the order the system gives them."""
        found = await loop.getaddrinfo(self._url.host, self._url.port, type=socket.SOCK_STREAM)
        trouble: OSError = TimeoutError()
        for family, kind, protocol, _, address in found:
            one = socket.socket(family, kind, protocol)
            try:
                one.setblocking(False)  # noqa: FBT003 (the socket module's own)
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                async with asyncio.timeout(self._patience.connect):
                    await loop.sock_connect(one, address)
            except BaseException as error:
                one.close()
                if not isinstance(error, OSError):
                    raise
                trouble = error
            else:
                return one
        raise trouble

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self._ca_file)
        except OSError as error:
            raise self._error(f"no certificates in BOT_SMTP_CA_FILE: '{self._ca_file}'") from error
        if self._ca_file:
            # From 3.13 on Python refuses authorities that lack an extension, as self-made ones of old do; the
            # admin has named this one, and one Python is to be as good as another.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context

    async def _secure(self, wire: Wire, context: ssl.SSLContext) -> None:
        """Go on under TLS with the server proven to be the one of the URL."""
        self.phase = Phase.STARTTLS
        try:
            secured = await asyncio.get_running_loop().start_tls(
                wire.transport,
                wire,
                context,
                server_hostname=self._url.host,
                ssl_handshake_timeout=self._patience.session,
                ssl_shutdown_timeout=self._patience.courtesy,
            )
        except ssl.SSLCertVerificationError as error:
            words = error.verify_message
            raise self._error(
                f"its certificate is not trusted: {words}; check its name and BOT_SMTP_CA_FILE"
            ) from error
        except ssl.SSLEOFError as error:
            raise self._error("lost while agreeing on TLS: the mail server hung up", passing=True) from error
        except ssl.SSLError as error:
            raise self._error(f"no TLS with it: {error.reason or error}; check scheme and port") from error
        except OSError as error:
            raise self._error(f"lost while agreeing on TLS: {_words(error)}", passing=True) from error
        except ReadLostError as error:
            raise self._error(f"lost while agreeing on TLS: {error}") from error
        if secured is None:
            raise self._error("lost while agreeing on TLS: the mail server hung up", passing=True)
        wire.secured(secured)

    async def _greet(self, wire: Wire) -> None:
        """EHLO; a server that refuses it gets no HELO: there would be neither TLS nor AUTH."""
        self.phase = Phase.EHLO
        self._offers = Offers()
        name = ascii_domain(self._name) or wire.own_address
        self._offers = read_offers(await self._expect(wire, f"EHLO {name}".encode(), 250, self._patience.session))

    async def _log_in(self, wire: Wire) -> None:
        """AUTH PLAIN, LOGIN (RFC 4954, RFC 4616) or XOAUTH2; TLS is there, the URL sees to it."""
        self.phase = Phase.AUTH
        user, password = self._url.user.encode(), self._url.secret().encode()
        seconds = self._patience.session
        mechanism = self._mechanism()
        if not password:
            file = self._url.token_file
            raise self._error(f"nothing to log in with: the token_file cannot be read, or is empty: '{file}'")
        if mechanism is Mechanism.XOAUTH2:
            # As Google and Microsoft document it: the token in one go; a refusal explains itself first, with 334.
            bearer = b"user=" + user + b"\1auth=Bearer " + password + b"\1\1"
            await self._expect(wire, b"AUTH XOAUTH2 " + base64.b64encode(bearer), 235, seconds, explained=True)
        elif mechanism is Mechanism.PLAIN:
            await self._expect(wire, b"AUTH PLAIN " + base64.b64encode(b"\0" + user + b"\0" + password), 235, seconds)
        else:
            await self._expect(wire, b"AUTH LOGIN", 334, seconds)
            await self._expect(wire, base64.b64encode(user), 334, seconds)
            await self._expect(wire, base64.b64encode(password), 235, seconds)

    def _mechanism(self) -> Mechanism:
        """How to log in: as the URL says, or as the server offers."""
        for mechanism in (self._url.mechanism,) if self._url.mechanism else (Mechanism.PLAIN, Mechanism.LOGIN):
            if mechanism in self._offers.auth:
                return mechanism
        if self._url.mechanism:
            raise self._error(f"does not offer AUTH {self._url.mechanism}; check auth= in BOT_SMTP_URL")
        raise self._error(
            "offers neither AUTH PLAIN nor LOGIN; leave user and password out of BOT_SMTP_URL, or check scheme and port"
        )

    async def _expect(
        self, wire: Wire, command: bytes, code: int, seconds: float, *, explained: bool = False
    ) -> list[ReplyLine]:
        """The lines of a reply that must be `code` for the session to go on; without a command, of the greeting."""
        try:
            if command:
                wire.write(command + b"\r\n")
            lines = await wire.read(seconds)
            if explained and lines[-1].code == 334:
                wire.write(b"\r\n")
                lines = await wire.read(seconds)
        except ReadLostError as error:
            # TLS from the first byte is spoken where STARTTLS was meant, perhaps: then both sides wait.
            mend = "; check scheme and port" if self.phase is Phase.CONNECT else ""
            raise self._error(f"lost at {self.phase}: {error}{mend}", passing=True) from error
        if lines[-1].code != code:
            mend = "; check user and password in BOT_SMTP_URL" if self.phase is Phase.AUTH else ""
            # At the beginning even a final word is about the moment, mostly: too many connections, or closed for now.
            passing = lines[-1].code // 100 == 4 or self.phase in {Phase.CONNECT, Phase.EHLO}
            raise self._error(f"refused at {self._censored(reply_of(self.phase, lines))}{mend}", passing=passing)
        return lines

    def _censored(self, reply: Reply) -> str:
        """A reply in words; without its text where that would give a password away."""
        password = self._url.secret()
        secrets = (password, base64.b64encode(password.encode()).decode()) if password else ()
        shown = Reply(reply.phase, reply.code, "", reply.enhanced) if any(s in reply.text for s in secrets) else reply
        return str(shown)

    def _error(self, problem: str, *, passing: bool = False) -> MailServerError:
        return MailServerError(self._url.server, problem, phase=self.phase, passing=passing)


def _words(error: OSError) -> str:
    # asyncio puts words of its own, with the address, in the place of the system's.
    code = error.errno or 0
    return (os.strerror(code) if code > 0 else error.strerror or str(error)).lower()
