"""Bytes to and from one mail server, with a deadline on everything, and what failed told apart.

That writing failed and that no reply came are different things: what was never written cannot have been
acted on. `smtplib` raises the same error for both, which is why it is not used here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

from bot.deliver.grammar import ReplyLine, read_line

#: How often a wait looks up to see whether to go on, in seconds.
GLANCE = 0.1
#: Octets of one reply at the most; RFC 5321 promises lines of 512.
REPLY_LIMIT = 65_536


class WriteLostError(Exception):
    """The connection ended, or stood still, before everything was written."""


class ReadLostError(Exception):
    """Everything was written, and the connection ended, or stood still, before a reply came."""


def never() -> bool:
    """For those who wait to the end."""
    return False


class Wire(asyncio.Protocol):
    """A connected socket, read by replies.

    Args:
        give_up: asked ten times a second while something is waited for; True ends the wait as if the connection were
            lost.
    """

    def __init__(self, give_up: Callable[[], bool] = never) -> None:
        self._give_up = give_up
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._lines: list[ReplyLine] = []
        self._octets = 0
        self._replies: deque[list[ReplyLine]] = deque()
        #: Why nothing more comes; empty as long as something may.
        self._lost = ""
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._paused = False
        #: When what is waited for is given up, by the loop's clock, and what is said then.
        self._deadline, self._too_late = 0.0, ""
        self._glance: asyncio.TimerHandle | None = None

    @property
    def own_address(self) -> str:
        """This end's address, as EHLO writes it for want of a name: `[192.0.2.1]` (RFC 5321, 4.1.3)."""
        assert self._transport is not None
        host = str(self._transport.get_extra_info("sockname")[0])
        return f"[IPv6:{host}]" if ":" in host else f"[{host}]"

    @property
    def transport(self) -> asyncio.Transport:
        """What carries the bytes; under TLS it becomes another one.

        Raises:
            ReadLostError: the connection is gone, or the server has spoken out of turn.
        """
        if self._lost or self._transport is None:
            raise ReadLostError(self._lost)
        if self.unasked():
            # It would be taken for the server's word under TLS.
            raise ReadLostError("something unasked was said in clear before TLS")
        return self._transport

    def secured(self, transport: asyncio.Transport) -> None:
        """Go on over this transport."""
        self.connection_made(transport)

    def write(self, octets: bytes) -> bool:
        """Hand octets to the network, or to what waits for it; False if surely none of them went."""
        if self._lost or self._transport is None or self._transport.is_closing():
            return False
        self._transport.write(octets)
        # Where the network refuses at once, the transport is closed at once.
        return not self._transport.is_closing()

    async def drain(self, seconds: float) -> None:
        """Come back when all that was written has gone to the network.

        Raises:
            WriteLostError: not all of it went, and the server cannot have seen the last octet.
        """
        if self._paused and not self._lost:
            self._drained = self._loop.create_future()
            self._wait(seconds, f"nothing taken for {seconds:g} s")
            try:
                await self._drained
            finally:
                self._drained = None
                self._deadline = 0.0
        if self._lost or self._transport is None or self._transport.is_closing():
            raise WriteLostError(self._lost or "the mail server hung up")
        if self._paused:
            raise WriteLostError("the mail server spoke before it had everything")

    async def read(self, seconds: float) -> list[ReplyLine]:
        """The lines of the next reply, all within `seconds`.

        Raises:
            ReadLostError: no whole reply came, or what came is none.
        """
        if not self._replies and not self._lost:
            self._waiter = self._loop.create_future()
            self._wait(seconds, f"no reply for {seconds:g} s")
            try:
                await self._waiter
            finally:
                self._waiter = None
                self._deadline = 0.0
        if self._replies:
            return self._replies.popleft()
        raise ReadLostError(self._lost)

    def unasked(self) -> bool:
        """Whether the server has said something, or hung up, though it is not its turn."""
        return bool(self._lost or self._replies or self._lines or self._rest)

    def close(self) -> None:
        """Hang up."""
        if self._glance is not None:
            self._glance.cancel()
        if self._transport is not None:
            # Not `close`: it would wait for what is still to be written.
            self._transport.abort()
        self._lose("the connection is closed")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)
        # Paused as long as anything is left to be written: so `drain` means what it says. Not 0, at which transports
        # under TLS are paused when they are empty.
        self._transport.set_write_buffer_limits(high=1, low=0)
        if self._glance is None:
            self._glance = self._loop.call_later(GLANCE, self._look_up)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        self._octets += len(data)
        for raw in lines:
            line = read_line(raw.rstrip(b"\r"))
            if line is None or (self._lines and line.code != self._lines[0].code):
                self._no_reply()
                return
            self._lines.append(line)
            if line.last:
                self._replies.append(self._lines)
                self._lines, self._octets = [], 0
        if self._octets > REPLY_LIMIT:
            self._no_reply()
        elif self._replies:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._lose(_words(exc) if exc is not None else "the mail server hung up")

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._paused = True

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def _no_reply(self) -> None:
        self._lose("what was said is no SMTP reply")
        if self._transport is not None:
            self._transport.abort()

    def _lose(self, why: str) -> None:
        self._lost = self._lost or why
        self._wake()

    def _wake(self) -> None:
        for waiting in (self._waiter, self._drained):
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    def _wait(self, seconds: float, too_late: str) -> None:
        self._deadline, self._too_late = self._loop.time() + seconds, too_late

    def _look_up(self) -> None:
        """Whether to wait on. One timer that comes again costs less than one that is set and unset for each reply."""
        if self._lost:
            return
        if self._deadline:
            if self._loop.time() >= self._deadline:
                self._lose(self._too_late)
            elif self._give_up():
                doing = "writing" if self._drained is not None else "waiting for a reply"
                self._lose(f"stopped while {doing}")
        if not self._lost:
            self._glance = self._loop.call_later(GLANCE, self._look_up)


def _words(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
