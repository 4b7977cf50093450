"""Bytes to and from one mail server, with a deadline on everything, and what failed told apart.

That writing failed and that no reply came are different things: what was never written cannot have been
acted on. `smtplib` raises the same error for both, which is why it is not used here.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from bot.deliver.grammar import ReplyLine, read_line

#: How often a wait looks up to see whether to go on, in seconds.
GLANCE = 0.5
#: Octets of one reply at the most; RFC 5321 promises lines of 512.
REPLY_LIMIT = 65_536
#: Octets written at a time.
BLOCK = 65_536


class WriteLostError(Exception):
    """The connection ended, or stood still, before everything was written."""


class ReadLostError(Exception):
    """Everything was written, and the connection ended, or stood still, before a reply came."""


def never() -> bool:
    """For those who wait to the end."""
    return False


class Wire:
    """A connected socket, read by replies.

    Args:
        connected: is closed with the wire.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = bytearray()
        #: Asked about twice a second while waiting; True ends the wait as if the connection were lost.
        self.give_up: Callable[[], bool] = never

    @property
    def own_address(self) -> str:
        """This end's address, as EHLO writes it for want of a name: `[192.0.2.1]` (RFC 5321, 4.1.3)."""
        host = self._socket.getsockname()[0]
        return f"[IPv6:{host}]" if ":" in host else f"[{host}]"

    def secure(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        """Go on under TLS with the server proven to be `host`.

        Raises:
            ssl.SSLError: it is not, or there is no agreement.
            OSError: the connection was lost on the way.
            ReadLostError: the server said something in clear that would be taken for its word under TLS.
        """
        if self._received:
            raise ReadLostError("something unasked was said in clear before TLS")
        self._socket.settimeout(seconds)
        self._socket = context.wrap_socket(self._socket, server_hostname=host)

    def write(self, octets: bytes, seconds: float) -> None:
        """Hand all octets to the network within `seconds`.

        Raises:
            WriteLostError: not all of them went, and the server cannot have seen the last one.
        """
        deadline = monotonic() + seconds
        left = memoryview(octets)
        while left:
            self._wait_at_most(deadline)
            try:
                left = left[self._socket.send(left[:BLOCK]) :]
            except TimeoutError as error:
                if monotonic() >= deadline:
                    raise WriteLostError(f"nothing taken for {seconds:g} s") from error
                if self.give_up():
                    raise WriteLostError("stopped while writing") from error
            except OSError as error:
                raise WriteLostError(_words(error)) from error

    def read(self, seconds: float) -> list[ReplyLine]:
        """The lines of the next reply, all within `seconds`.

        Raises:
            ReadLostError: no whole reply came, or what came is none.
        """
        deadline = monotonic() + seconds
        lines: list[ReplyLine] = []
        budget = REPLY_LIMIT
        while not lines or not lines[-1].last:
            raw = self._line(deadline, seconds)
            budget -= len(raw)
            line = read_line(raw.rstrip(b"\r\n"))
            if line is None or budget < 0 or (lines and line.code != lines[0].code):
                raise ReadLostError("what was said is no SMTP reply")
            lines.append(line)
        return lines

    def unasked(self) -> bool:
        """Whether the server has said something, or hung up, though it is not its turn."""
        if self._received:
            return True
        self._socket.settimeout(0)
        try:
            # Under TLS there may be something to read that is not for us: tickets, key updates.
            self._received += self._socket.recv(BLOCK)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Hang up."""
        # Whatever it says, it is closed.
        with suppress(OSError):
            self._socket.close()

    def _line(self, deadline: float, seconds: float) -> bytes:
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) > REPLY_LIMIT:
                raise ReadLostError("what was said is no SMTP reply")
            if monotonic() >= deadline:
                raise ReadLostError(f"no reply for {seconds:g} s")
            self._wait_at_most(deadline)
            try:
                more = self._socket.recv(BLOCK)
            except TimeoutError:
                if self.give_up():
                    raise ReadLostError("stopped while waiting for a reply") from None
                continue
            except OSError as error:
                raise ReadLostError(_words(error)) from error
            if not more:
                raise ReadLostError("the mail server hung up")
            self._received += more
        line = bytes(self._received[: end + 1])
        del self._received[: end + 1]
        return line

    def _wait_at_most(self, deadline: float) -> None:
        self._socket.settimeout(min(GLANCE, max(deadline - monotonic(), 0.001)))


def _words(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()
