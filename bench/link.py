"""A link with long round trips: a relay on loopback that passes on each octet a fixed time after it came.

`tc netem` would do it in the kernel, for who has the rights and a kernel with it. As all octets wait equally long, one
queue keeps them in order, and the relay takes little of the processors that are measured on.
"""

from __future__ import annotations

import select
import socket
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

#: Seconds between looks at what has come: whatever has come meanwhile goes on in one piece.
_TICK = 0.001
#: Read and written at once. Buffers hold what a fast sender has under way during a round trip.
_CHUNK, _BUFFER = 1 << 18, 1 << 22


@dataclass(slots=True, eq=False)
class _Way:
    """One direction of a connection."""

    source: socket.socket
    target: socket.socket
    #: Arrived, and not taken by the other side yet.
    left: deque[memoryview] = field(default_factory=deque)
    #: Whether the source has nothing more to say.
    ended: bool = False
    waits: bool = False


class Link:
    """Relays connections to one port.

    Args:
        seconds: that a round trip takes.
    """

    def __init__(self, port: int, target: int, seconds: float) -> None:
        # What comes waits for a tick before it is read, and for another one before it goes on: each half of one.
        self._target, self._delay = target, seconds / 2 - _TICK
        self._poll = select.epoll()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=1000)
        self._poll.register(self._listener, select.EPOLLIN)
        #: By file number: the way whose source, or whose target, it is.
        self._from: dict[int, _Way] = {}
        self._to: dict[int, _Way] = {}
        #: When who gets what; empty for the end.
        self._under_way: deque[tuple[float, _Way, bytes]] = deque()
        #: Connections that are still being made.
        self._calling: deque[tuple[float, socket.socket]] = deque()

    def run(self) -> None:
        """Relay until the process is ended."""
        while True:
            time.sleep(_TICK)
            for number, events in self._poll.poll(self._until_next()):
                if number == self._listener.fileno():
                    # The handshake takes a round trip, and the server sees its end half a one later.
                    self._calling.append((time.monotonic() + 3 * self._delay, self._listener.accept()[0]))
                    continue
                if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR) and number in self._from:
                    self._read(self._from[number])
                if events & select.EPOLLOUT and number in self._to:
                    self._write(self._to[number])
            now = time.monotonic()
            while self._calling and self._calling[0][0] <= now:
                self._connect(self._calling.popleft()[1])
            while self._under_way and self._under_way[0][0] <= now:
                _, way, octets = self._under_way.popleft()
                if octets:
                    way.left.append(memoryview(octets))
                else:
                    way.ended = True
                if not way.waits:
                    self._write(way)

    def _until_next(self) -> float | None:
        dues = [queue[0][0] for queue in (self._under_way, self._calling) if queue]
        return max(0.0, min(dues) - time.monotonic()) if dues else None

    def _connect(self, near: socket.socket) -> None:
        far = socket.create_connection(("127.0.0.1", self._target))
        for one in (near, far):
            one.setblocking(False)  # noqa: FBT003 (has no name)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            self._poll.register(one, select.EPOLLIN)
        for source, target in ((near, far), (far, near)):
            way = _Way(source, target)
            self._from[source.fileno()] = self._to[target.fileno()] = way

    def _read(self, way: _Way) -> None:
        try:
            octets = way.source.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if not octets:
            # Not looked at again: it would be readable for ever.
            del self._from[way.source.fileno()]
            self._look_at(way.source)
        self._under_way.append((time.monotonic() + self._delay, way, octets))

    def _write(self, way: _Way) -> None:
        waited, way.waits = way.waits, False
        try:
            while way.left:
                octets = way.left[0]
                sent = way.target.send(octets)
                if sent == len(octets):
                    way.left.popleft()
                else:
                    way.left[0] = octets[sent:]
        except BlockingIOError:
            way.waits = True
        except OSError:
            way.left.clear()
            way.ended = True
        if way.waits != waited:
            self._look_at(way.target)
        if way.ended and not way.left:
            self._end(way)

    def _end(self, way: _Way) -> None:
        """Pass on that nothing more comes; hang up when that is so for both directions."""
        number = way.target.fileno()
        self._to.pop(number, None)
        with suppress(OSError):
            way.target.shutdown(socket.SHUT_WR)
        if way.source.fileno() not in self._to and number not in self._from:
            for one in (way.source, way.target):
                self._poll.unregister(one)
                one.close()

    def _look_at(self, one: socket.socket) -> None:
        number = one.fileno()
        wanted = select.EPOLLIN if number in self._from else 0
        if number in self._to and self._to[number].waits:
            wanted |= select.EPOLLOUT
        self._poll.modify(one, wanted)


if __name__ == "__main__":
    Link(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])).run()
