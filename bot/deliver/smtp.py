"""One connection to a mail server, in lock-step, whose phase is known at every instant (RFC 5321).

What concerns one message comes back as a `Reply`, a lost connection included: code 0 and the phase say how
far it had come. What concerns the server as a whole is raised.
"""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.deliver.grammar import Envelope, Offers, ReplyLine, ascii_domain, envelope, read_offers, reply_of, stuffed
from bot.deliver.url import Security, SmtpUrl
from bot.deliver.wire import ReadLostError, Wire, WriteLostError, never
from bot.errors import MailServerError
from bot.models.deliveries import Message, Phase, Reply


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


class Connection:
    """A mail server to send messages to, one after another; connects when it must, and again when it may.

    Args:
        url: the server, and who we are to it.
        ca_file: certificates to trust instead of the system's.
        name: what we call ourselves in EHLO; without one, the address that we connect from.
        messages: so many over one connection, then a fresh one.
    """

    def __init__(
        self,
        url: SmtpUrl,
        *,
        ca_file: Path | None = None,
        name: str = "",
        messages: int = 100,
        patience: Patience | None = None,
    ) -> None:
        self.url = url
        #: How far the conversation has come.
        self.phase = Phase.NONE
        self.offers = Offers()
        self._ca_file = ca_file
        self._name = name
        self._messages = messages
        self._patience = patience or Patience()
        self._wire: Wire | None = None
        self._used = 0
        self._give_up: Callable[[], bool] = never

    def open(self) -> None:
        """Connect, secure the connection and log in, as the URL says.

        Raises:
            MailServerError: it cannot be done so; nothing is ever sent with less security than the URL asks for.
        """
        self._hang_up()
        self.phase = Phase.CONNECT
        try:
            # Both are made anew each time: a certificate file may have been renewed.
            context = self._context() if self.url.security is not Security.CLEAR else None
            wire = self._connect()
            if context is not None and self.url.security is Security.TLS:
                self._secure(wire, context)
            self._expect(wire, b"", 220, self._patience.banner)
            self._greet(wire)
            if context is not None and self.url.security is Security.STARTTLS:
                self.phase = Phase.STARTTLS
                if "STARTTLS" not in self.offers:
                    raise self._error("offers no STARTTLS; not going on in clear")
                self._expect(wire, b"STARTTLS", 220, self._patience.session)
                self._secure(wire, context)
                # What was offered in clear is void (RFC 3207, 4.2).
                self._greet(wire)
            if self.url.user:
                self._log_in(wire)
        except BaseException:
            self._hang_up()
            raise
        self._used = 0

    def send(self, message: Message, before_dot: Callable[[], None], give_up: Callable[[], bool] = never) -> Reply:
        """What the server said to this message, and in which phase.

        Before the dot, code 0 means that the message was surely not taken over; at the dot, that it may have been.

        Args:
            before_dot: called when all but the final dot has been sent: the place to write down that it is
                about to be. If it raises, the dot is not sent, and the connection is closed.
            give_up: asked about twice a second while waiting; True ends the wait as a lost connection would.

        Raises:
            MailServerError: there was no connection, and none could be opened.
        """
        self._give_up = give_up
        try:
            wire = self._ready()
            commands = envelope(message, self.offers)
            if isinstance(commands, Reply):
                return commands
            return self._transact(wire, commands, message.content, before_dot)
        except BaseException:
            self._hang_up()
            raise
        finally:
            self._give_up = never

    def close(self) -> None:
        """Say goodbye, if there is anybody to say it to."""
        if self._wire is not None:
            self._ask(self._wire, self.phase, b"QUIT", self._patience.courtesy)
        self._hang_up()

    def _transact(self, wire: Wire, commands: Envelope, content: bytes, before_dot: Callable[[], None]) -> Reply:
        self._used += 1
        reply = self._ask(wire, Phase.MAIL, commands.mail, self._patience.mail)
        if reply.code // 100 == 2:
            reply = self._ask(wire, Phase.RCPT, commands.rcpt, self._patience.rcpt)
        if reply.phase is Phase.RCPT and reply.code // 100 == 2:
            reply = self._ask(wire, Phase.DATA, b"DATA", self._patience.data)
        if reply.phase is not Phase.DATA or reply.code != 354:
            return self._give_back(reply)
        try:
            wire.write(stuffed(content), self._patience.body)
        except WriteLostError as error:
            return self._last_words(wire, str(error))
        # A server that speaks, or hangs up, before the dot does not take the message.
        if wire.unasked():
            return self._last_words(wire, "the mail server hung up before the final dot")
        before_dot()
        self.phase = Phase.DOT
        try:
            wire.write(b".\r\n", self._patience.body)
        except WriteLostError as error:
            self.phase = Phase.DATA
            return self._last_words(wire, str(error))
        return self._give_back(self._hear(wire, self._patience.dot))

    def _ready(self) -> Wire:
        """An open connection in which a transaction may begin."""
        if self._wire is not None and self._used >= self._messages:
            self.close()
        if self._wire is not None and self._used and not self._alive(self._wire):
            self._hang_up()
        if self._wire is None:
            self.open()
        assert self._wire is not None
        return self._wire

    def _alive(self, wire: Wire) -> bool:
        """Whether the server is still there and ready; if not, that is found out here, where nothing is lost by it."""
        return not wire.unasked() and self._ask(wire, self.phase, b"RSET", self._patience.courtesy).code == 250

    def _stopping(self) -> bool:
        return self._give_up()

    def _connect(self) -> Wire:
        address = (self.url.host, self.url.port)
        try:
            self._wire = Wire(socket.create_connection(address, timeout=self._patience.connect))
        except OSError as error:
            problem = "no answer" if isinstance(error, TimeoutError) else (error.strerror or str(error)).lower()
            raise self._error(f"cannot be reached: {problem}; check BOT_SMTP_URL and that it is running") from error
        self._wire.give_up = self._stopping
        return self._wire

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

    def _secure(self, wire: Wire, context: ssl.SSLContext) -> None:
        try:
            wire.secure(context, self.url.host, self._patience.session)
        except ssl.SSLCertVerificationError as error:
            words = error.verify_message
            raise self._error(
                f"its certificate is not trusted: {words}; check its name and BOT_SMTP_CA_FILE"
            ) from error
        except ssl.SSLError as error:
            raise self._error(f"no TLS with it: {error.reason or error}; check scheme and port") from error
        except (OSError, ReadLostError) as error:
            raise self._error(f"lost while agreeing on TLS: {error}") from error

    def _greet(self, wire: Wire) -> None:
        """EHLO; a server that refuses it gets no HELO: there would be neither TLS nor AUTH."""
        self.phase = Phase.EHLO
        self.offers = Offers()
        name = ascii_domain(self._name) or wire.own_address
        self.offers = read_offers(self._expect(wire, f"EHLO {name}".encode(), 250, self._patience.session))

    def _log_in(self, wire: Wire) -> None:
        """AUTH PLAIN or LOGIN (RFC 4954, RFC 4616); TLS is there, the URL sees to it."""
        self.phase = Phase.AUTH
        user, password = self.url.user.encode(), self.url.password.encode()
        seconds = self._patience.session
        if "PLAIN" in self.offers.auth:
            self._expect(wire, b"AUTH PLAIN " + base64.b64encode(b"\0" + user + b"\0" + password), 235, seconds)
        elif "LOGIN" in self.offers.auth:
            self._expect(wire, b"AUTH LOGIN", 334, seconds)
            self._expect(wire, base64.b64encode(user), 334, seconds)
            self._expect(wire, base64.b64encode(password), 235, seconds)
        else:
            raise self._error(
                "offers neither AUTH PLAIN nor LOGIN; leave user and password out of BOT_SMTP_URL, "
                "or check scheme and port"
            )

    def _expect(self, wire: Wire, command: bytes, code: int, seconds: float) -> list[ReplyLine]:
        """The lines of a reply that must be `code` for the session to go on; without a command, of the greeting."""
        try:
            if command:
                wire.write(command + b"\r\n", seconds)
            lines = wire.read(seconds)
        except (WriteLostError, ReadLostError) as error:
            # TLS from the first byte is spoken where STARTTLS was meant, perhaps: then both sides wait.
            mend = "; check scheme and port" if self.phase is Phase.CONNECT else ""
            raise self._error(f"lost at {self.phase}: {error}{mend}") from error
        if lines[-1].code != code:
            mend = "; check user and password in BOT_SMTP_URL" if self.phase is Phase.AUTH else ""
            raise self._error(f"refused at {self._censored(reply_of(self.phase, lines))}{mend}")
        return lines

    def _ask(self, wire: Wire, phase: Phase, command: bytes, seconds: float) -> Reply:
        """The reply to a command of a transaction."""
        self.phase = phase
        try:
            wire.write(command + b"\r\n", seconds)
        except WriteLostError as error:
            return self._last_words(wire, str(error))
        return self._hear(wire, seconds)

    def _hear(self, wire: Wire, seconds: float) -> Reply:
        try:
            return reply_of(self.phase, wire.read(seconds))
        except ReadLostError as error:
            self._hang_up()
            return Reply(self.phase, 0, str(error))

    def _last_words(self, wire: Wire, problem: str) -> Reply:
        """What the server said before it hung up on us; often it says why."""
        try:
            reply = reply_of(self.phase, wire.read(self._patience.courtesy))
        except ReadLostError:
            reply = Reply(self.phase, 0, problem)
        self._hang_up()
        # An assent to what has not been sent yet is none.
        return reply if reply.code >= 400 else Reply(self.phase, 0, problem)

    def _give_back(self, reply: Reply) -> Reply:
        # After 421 the server closes the connection (RFC 5321, 3.8).
        if reply.code == 421 or reply.code // 100 == 3 or (reply.phase is Phase.DATA and reply.code < 400):
            self._hang_up()
        return reply

    def _hang_up(self) -> None:
        if self._wire is not None:
            self._wire.close()
        self._wire = None

    def _censored(self, reply: Reply) -> str:
        """A reply in words; without its text where that would give a password away."""
        secrets = (
            (self.url.password, base64.b64encode(self.url.password.encode()).decode()) if self.url.password else ()
        )
        shown = Reply(reply.phase, reply.code, "", reply.enhanced) if any(s in reply.text for s in secrets) else reply
        return str(shown)

    def _error(self, problem: str) -> MailServerError:
        return MailServerError(self.url.server, problem)
