"""Serves the site beside whatever else the program does."""

from __future__ import annotations

import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from bot.errors import ServeError

#: Seconds that requests under way are given once the server is to stop.
DRAIN_SECONDS = 5
#: Connections that wait to be taken.
BACKLOG = 512


class Server:
    """An HTTP server in a thread of its own.

    It touches neither the signals nor the logging of the program: whoever made it calls `stop`, on
    SIGTERM for one. Requests are logged by the site and not by the server, which would write down
    whole paths, with the tokens in them.

    Args:
        app: what answers.
        host: a name or an address to listen on.
        port: 0 for any that is free.
    """

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._host, self._port = host, port
        config = uvicorn.Config(
            app,
            loop="asyncio",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            # Nothing here depends on who asks, or how, so nobody has to be trusted to say so.
            proxy_headers=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        self._server = _Uvicorn(config)
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it is reached, `http://127.0.0.1:8000`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def start(self) -> None:
        """Listen; requests are taken once this returns.

        Raises:
            ServeError: the address cannot be listened on.
        """
        listener = _listener(self._host, self._port)
        self._port = listener.getsockname()[1]
        # A daemon, so that a request which never ends cannot keep the program from ending.
        self._thread = threading.Thread(target=self._run, args=(listener,), name="web", daemon=True)
        self._thread.start()
        self._server.decided.wait()
        if not self._server.started:
            raise ServeError(self.url, "the server did not start; see the log")

    def stop(self) -> None:
        """Take no more requests, and return when those under way are answered, or after `DRAIN_SECONDS`."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(DRAIN_SECONDS + 1)

    def _run(self, listener: socket.socket) -> None:
        with listener:
            try:
                self._server.run(sockets=[listener])
            finally:
                self._server.decided.set()


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        #: Set when it is known whether it has started.
        self.decided = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take requests, and say so."""
        await super().startup(sockets)
        self.decided.set()


def _listener(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        family, kind, protocol, _, address = found[0]
        # The protocol has to be named: asyncio sends at once (TCP_NODELAY) only where it reads "TCP".
        listener = socket.socket(family, kind, protocol)
        try:
            # Or a port stays taken for a minute after the program before has ended.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
        except BaseException:
            listener.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        raise ServeError(f"{host}:{port}", f"{problem.lower()}; choose another --host or --port") from error
    return listener
