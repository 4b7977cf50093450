"""One session with a mail server, whose phase is known at every instant (RFC 5321).

Where the server offers PIPELINING (RFC 2920), a message takes one round trip and not four: MAIL, RCPT and DATA go in
one write, and together with the final dot of the message before, which may open such a group.

What concerns one message comes back as a `Reply`, a lost connection included: code 0 and the phase say how
far it had come. What concerns the server as a whole is raised.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from bot.deliver.grammar import Envelope, Offers, ReplyLine, envelope, reply_of, stuffed
from bot.deliver.opening import Opening, Patience
from bot.deliver.url import SmtpUrl
from bot.deliver.wire import ReadLostError, Wire, WriteLostError, never
from bot.models.deliveries import Message, Phase, Reply

__all__ = ["Connection", "Patience", "Session"]

_T = TypeVar("_T")
_RSET, _DATA, _DOT = b"RSET\r\n", b"DATA\r\n", b".\r\n"


def nothing() -> Message | None:
    """For those who have no message to follow."""
    return None


class Session:
    """A mail server to send messages to, one after another; connects when it must, and again when it may.

    Args:
        url: the server, and who we are to it.
        ca_file: certificates to trust instead of the system's.
        name: what we call ourselves in EHLO; without one, the address that we connect from.
        messages: so many over one connection, then a fresh one.
        give_up: asked ten times a second while waiting; True ends the wait as a lost connection would.
    """

    def __init__(
        self,
        url: SmtpUrl,
        *,
        ca_file: Path | None = None,
        name: str = "",
        messages: int = 100,
        patience: Patience | None = None,
        give_up: Callable[[], bool] = never,
    ) -> None:
        self.url = url
        self.offers = Offers()
        self._patience = patience or Patience()
        self._opening = Opening(url, ca_file, name, self._patience)
        self._messages, self._give_up = messages, give_up
        self._wire: Wire | None = None
        self._phase = Phase.NONE
        #: Messages over this connection.
        self._used = 0
        #: The message whose MAIL, RCPT and DATA have been written with the dot of the one before.
        self._begun: Message | None = None

    @property
    def phase(self) -> Phase:
        """How far the conversation has come."""
        return self._phase if self._wire is not None else self._opening.phase

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._wire is not None

    async def open(self) -> None:
        """Connect, secure the connection and log in, as the URL says.

        Raises:
            MailServerError: it cannot be done so; nothing is ever sent with less security than the URL asks for.
        """
        self._hang_up()
        self._wire, self.offers = await self._opening.open(self._give_up)
        self._phase = self._opening.phase
        self._used = 0

    async def send(
        self,
        message: Message,
        before_dot: Callable[[], Awaitable[bool]],
        following: Callable[[], Message | None] = nothing,
    ) -> Reply:
        """What the server said to this message, and in which phase.

        Before the dot, code 0 means that the message was surely not taken over; at the dot, that it may have been.

        Args:
            before_dot: awaited when all but the final dot has gone: the place to write down that it is about to. If it
                says no, or raises, the dot is not sent, and the connection is closed.
            following: asked when the dot goes: a message that it says is begun at once, and must be the next one
                that is sent here.

        Raises:
            MailServerError: there was no connection, and none could be opened.
        """
        try:
            begun = self._begun is message and self._wire is not None
            self._begun = None
            if not begun:
                commands = await self._begin(message)
                if commands is not None:
                    return commands
            return await self._transact(message, before_dot, following)
        except BaseException:
            self._hang_up()
            raise

    async def close(self) -> None:
        """Say goodbye, if there is anybody to say it to."""
        wire = self._wire
        if wire is not None and self._begun is None and wire.write(b"QUIT\r\n"):
            await self._hear(wire, self._phase, self._patience.courtesy)
        self._hang_up()

    def abandon(self) -> None:
        """Hang up without a word."""
        self._hang_up()

    async def _begin(self, message: Message) -> Reply | None:
        """Open a transaction; the reply where it is over already, None where the server is to speak next."""
        if self._wire is not None and self._used >= self._messages:
            await self.close()
        if self._wire is not None and self._used and not await self._is_ready(self._wire):
            self._hang_up()
        if self._wire is None:
            await self.open()
        commands = envelope(message, self.offers)
        if isinstance(commands, Reply):
            return commands
        assert self._wire is not None
        self._phase = Phase.MAIL
        self._write_opening(self._wire, commands)
        return None

    async def _is_ready(self, wire: Wire) -> bool:
        """Whether the server is still there and ready; if not, that is found out here, where nothing is lost by it."""
        if wire.unasked():
            return False
        # Asked only where it has waited, or is in the middle of something: otherwise the dot has told.
        if not wire.write(_RSET):
            return False
        return (await self._hear(wire, self._phase, self._patience.courtesy)).code == 250

    def _write_opening(self, wire: Wire, commands: Envelope, before: bytes = b"") -> bool:
        self._used += 1
        if "PIPELINING" in self.offers:
            self._left: list[bytes] = []
            return wire.write(b"%b%b\r\n%b\r\nDATA\r\n" % (before, commands.mail, commands.rcpt))
        self._left = [commands.rcpt + b"\r\n", _DATA]
        return wire.write(b"%b%b\r\n" % (before, commands.mail))

    async def _transact(
        self,
        message: Message,
        before_dot: Callable[[], Awaitable[bool]],
        following: Callable[[], Message | None],
    ) -> Reply:
        wire = self._wire
        assert wire is not None
        deadline = asyncio.get_running_loop().time() + self._patience.total
        refused = await self._envelope(wire)
        if refused is not None:
            return refused
        if not wire.write(message.content if message.dotless else stuffed(message.content)):
            return await self._last_words(wire, "the mail server hung up")
        left = deadline - asyncio.get_running_loop().time()
        try:
            await wire.drain(max(min(self._patience.body, left), 0.1))
        except WriteLostError as error:
            return await self._last_words(wire, str(error))
        # A server that speaks, or hangs up, before the dot does not take the message.
        if wire.unasked():
            return await self._last_words(wire, "the mail server hung up before the final dot")
        if not await before_dot():
            self._hang_up()
            return Reply(Phase.DATA, 0, "called off before the final dot")
        return await self._end(wire, following)

    async def _envelope(self, wire: Wire) -> Reply | None:
        """The refusal, if the server does not want a body now."""
        pipelined = not self._left
        refused: Reply | None = None
        for phase, seconds in (
            (Phase.MAIL, self._patience.mail),
            (Phase.RCPT, self._patience.rcpt),
            (Phase.DATA, self._patience.data),
        ):
            self._phase = phase
            if not pipelined and phase is not Phase.MAIL and not wire.write(self._left.pop(0)):
                return await self._last_words(wire, "the mail server hung up")
            lines = await self._lines(wire, phase, seconds)
            if isinstance(lines, Reply):
                # Lost: what was refused before that is the reason.
                return refused or lines
            code = lines[-1].code
            if code == 354 if phase is Phase.DATA else code // 100 == 2:
                if refused is not None and phase is Phase.DATA:
                    # A server that wants a body for nobody gets none. RFC 2920, 3.1, would send it a lone dot; but who
                    # knows what such a server does with an empty message.
                    self._hang_up()
                continue
            refused = refused or reply_of(phase, lines)
            if refused.code == 421 or not pipelined:
                break
        if refused is not None:
            self._phase = refused.phase
            self._part_after(refused)
        return refused

    async def _end(self, wire: Wire, following: Callable[[], Message | None]) -> Reply:
        """Send the dot, with as much of the next message as may go with it; what the server says to the dot."""
        if wire.unasked():
            # It has closed for idleness, perhaps, while it was written down that the dot is about to go.
            return await self._last_words(wire, "the mail server hung up before the final dot")
        self._phase = Phase.DOT
        commands = self._following(following)
        gone = wire.write(_DOT) if commands is None else self._write_opening(wire, commands, _DOT)
        if not gone:
            self._phase = Phase.DATA
            return await self._last_words(wire, "the mail server hung up")
        reply = await self._hear(wire, Phase.DOT, self._patience.dot)
        self._part_after(reply)
        return reply

    def _following(self, following: Callable[[], Message | None]) -> Envelope | None:
        if "PIPELINING" not in self.offers or self._used >= self._messages:
            return None
        message = following()
        if message is None:
            return None
        commands = envelope(message, self.offers)
        if isinstance(commands, Reply):
            # It is refused when its turn comes.
            return None
        self._begun = message
        return commands

    async def _lines(self, wire: Wire, phase: Phase, seconds: float) -> list[ReplyLine] | Reply:
        try:
            return await wire.read(seconds)
        except ReadLostError as error:
            self._hang_up()
            return Reply(phase, 0, str(error))

    async def _hear(self, wire: Wire, phase: Phase, seconds: float) -> Reply:
        lines = await self._lines(wire, phase, seconds)
        return lines if isinstance(lines, Reply) else reply_of(phase, lines)

    async def _last_words(self, wire: Wire, problem: str) -> Reply:
        """What the server said before it hung up on us; often it says why."""
        reply = await self._hear(wire, self._phase, self._patience.courtesy)
        self._hang_up()
        # An assent to what has not been sent yet is none.
        return reply if reply.code >= 400 else Reply(self._phase, 0, problem)

    def _part_after(self, reply: Reply) -> None:
        # After 421 the server closes the connection (RFC 5321, 3.8).
        if reply.code == 421 or reply.code // 100 == 3 or (reply.phase is Phase.DATA and 0 < reply.code < 400):
            self._hang_up()

    def _hang_up(self) -> None:
        if self._wire is not None:
            self._opening.phase = self._phase
            self._wire.close()
        self._wire, self._begun = None, None


class Connection:
    """A session for those who send a mail now and then, and wait for it.

    Takes what `Session` takes, and has a loop of its own: it is not for use within another one.
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
        self._give_up: Callable[[], bool] = never
        self._session = Session(
            url,
            ca_file=ca_file,
            name=name,
            messages=messages,
            patience=patience,
            give_up=self._is_given_up,
        )
        self._runner: asyncio.Runner | None = None

    @property
    def phase(self) -> Phase:
        """How far the conversation has come."""
        return self._session.phase

    def open(self) -> None:
        """See `Session.open`; raises the same."""
        self._run(self._session.open())

    def send(self, message: Message, before_dot: Callable[[], None], give_up: Callable[[], bool] = never) -> Reply:
        """See `Session.send`; if `before_dot` raises, the dot is not sent."""

        async def written_down() -> bool:
            before_dot()
            return True

        self._give_up = give_up
        try:
            return self._run(self._session.send(message, written_down))
        finally:
            self._give_up = never

    def close(self) -> None:
        """Say goodbye, if there is anybody to say it to."""
        if self._session.is_open:
            self._run(self._session.close())

    def _is_given_up(self) -> bool:
        return self._give_up()

    def _run(self, step: Coroutine[Any, Any, _T]) -> _T:
        self._runner = self._runner or asyncio.Runner()
        try:
            return self._runner.run(step)
        finally:
            if not self._session.is_open:
                self._runner.close()
                self._runner = None
