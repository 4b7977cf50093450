"""What every answer carries, and what is written down of every request."""

from __future__ import annotations

import re
from time import perf_counter

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.render.plain import plain

log = structlog.get_logger(__name__)

#: Nothing but the page itself and our own style sheet; forms only to us; in nobody's frame.
CONTENT_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

#: For the few pages on which our own script guesses the time zone; they work without it.
SCRIPTED = {"Content-Security-Policy": f"{CONTENT_POLICY}; script-src 'self'"}

SAFE_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    # The address of a page that a token opens must not travel to the journals that it links. Within the site it may:
    # with "no-referrer", browsers write `Origin: null` even on our own forms, and those of others could not be told.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

_SECRET = re.compile(
    r"(unsubscribe|preferences|/pause/|/confirm/|vote/).*|[0-9]+\.[\w-]{20,}", re.IGNORECASE | re.DOTALL
)
_PATH_LENGTH = 120


class SafeAnswers:
    """Puts `SAFE_HEADERS` on every answer of the app inside, and logs each request once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        answered = False

        def note(status: int) -> None:
            nonlocal answered
            answered = True
            milliseconds = round((perf_counter() - began) * 1000)
            path = loggable_path(scope["path"])
            # A container asks for its health twice a minute, for years.
            say = log.debug if path == "/healthz" and status < 400 else log.info
            say("request", method=scope["method"], path=path, status=status, ms=milliseconds)

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
                note(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_safely)
        finally:
            # Mistakes of ours are answered further out.
            if not answered:
                note(500)


def loggable_path(path: str) -> str:
    """`path` in one line and without what opens a person's pages: `/unsubscribe…`."""
    return _SECRET.sub(lambda found: f"{found[1] or ''}…", plain(path, _PATH_LENGTH))
