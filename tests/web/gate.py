"""TLS before the site, as a proxy on the same machine has it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_AT_ONCE = 65_536


@dataclass(slots=True)
class Gate:
    """Where people come in."""

    #: Where the site is for those outside.
    url: str
    #: The site's own port; to be known before the first one comes.
    behind: int = 0


@contextmanager
def gate(certificate: str, key: str) -> Iterator[Gate]:
    """Listens with TLS on a free port of 127.0.0.1, and passes on octet by octet while the context lasts.

    Args:
        certificate: a file with it, for `localhost`.
        key: the file with its private key.
    """
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))
    opened = Gate(f"https://localhost:{listener.getsockname()[1]}")
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def stand() -> None:
        done = asyncio.Event()
        async with await asyncio.start_server(come_in, sock=listener, ssl=tls):
            started.set_result((asyncio.get_running_loop(), done))
            await done.wait()

    async def come_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Who is still in when the gate closes is put out without a word.
        with suppress(asyncio.CancelledError):
            try:
                inside, back = await asyncio.open_connection("127.0.0.1", opened.behind)
                await asyncio.gather(_copy(reader, back), _copy(inside, writer))
            finally:
                writer.transport.abort()

    thread = threading.Thread(target=lambda: asyncio.run(stand()), daemon=True)
    thread.start()
    loop, done = started.result(10)
    try:
        yield opened
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass on what comes until there is no more, or nobody to take it."""
    try:
        while octets := await source.read(_AT_ONCE):
            target.write(octets)
            await target.drain()
    except OSError:
        # A browser that leaves takes no leave.
        return
    finally:
        target.close()
