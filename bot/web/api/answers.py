"""What every answer of the API carries: limits, an ETag, and for what anybody may read the leave to do so (CORS)."""

from __future__ import annotations

import hashlib
import re

from fastapi import HTTPException, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.api.limits import Limits
from bot.web.api.problems import answer
from bot.web.edges import SiteEdges
from bot.web.forms import BODY_LIMIT
from bot.web.joining import caller

#: Fresh enough for feeds that are collected every few hours. Not "public", so that the pages' own keeping, which
#: knows nothing of these addresses, leaves them alone.
READABLE = {"Cache-Control": "max-age=60"}
SECRET = {"Cache-Control": "no-store"}
#: Other sites' scripts may read what anybody may; no cookie or token goes along.
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match",
    "Access-Control-Max-Age": "86400",
}
_OPEN = re.compile(r"/(feeds|papers|search|embed\.html|openapi\.json)(/.*)?")
_WEAK = re.compile(r'(?:W/)?("[^"]*")')


class Answers:
    """Limits requests, and gives answers what they all have.

    Args:
        app: makes answers.
        limits: how many may be asked for.
        edges: of the site.
    """

    def __init__(self, app: ASGIApp, limits: Limits, edges: SiteEdges) -> None:
        self._app, self._limits, self._edges = app, limits, edges

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_open = _OPEN.fullmatch(scope["path"].removeprefix(scope.get("root_path", ""))) is not None
        allowed = self._limits.take(caller(Request(scope), self._edges))
        headers = (READABLE | _CORS if is_open else SECRET) | allowed.headers()
        if not allowed.ok:
            # A limit may not be kept by anybody as the answer.
            await answer(429, "too many requests", headers | SECRET)(scope, receive, send)
        elif scope["method"] == "OPTIONS" and is_open and "access-control-request-method" in Headers(scope=scope):
            await Response(status_code=204, headers=headers | _PREFLIGHT)(scope, receive, send)
        elif scope["method"] in {"GET", "HEAD"}:
            await self._look(scope, receive, send, headers)
        else:
            await self._app(scope, _bounded(receive), _adding(send, headers))

    async def _look(self, scope: Scope, receive: Receive, send: Send, headers: dict[str, str]) -> None:
        """Answer GET and HEAD: 304 where the asker has it."""
        made: list[Message] = []

        async def hold(message: Message) -> None:
            made.append(message)

        await self._app({**scope, "method": "GET"}, receive, hold)
        start = made[0]
        body = b"".join(message.get("body", b"") for message in made[1:])
        told = MutableHeaders(scope=start)
        for name, value in headers.items():
            told.setdefault(name, value)
        if start["status"] == 200:
            told["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            if _has(Headers(scope=scope).get("if-none-match", ""), told["ETag"]):
                kept = {name: value for name, value in told.items() if name not in {"content-length", "content-type"}}
                await Response(status_code=304, headers=kept)(scope, receive, send)
                return
        elif start["status"] >= 400:
            told["Cache-Control"] = "no-store"
        await send(start)
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _has(asked: str, etag: str) -> bool:
    """Whether `If-None-Match` names what would be sent (RFC 9110 section 13.1.2: compared weakly)."""
    return asked.strip() == "*" or etag in _WEAK.findall(asked)


def _adding(send: Send, headers: dict[str, str]) -> Send:
    async def send_with(message: Message) -> None:
        if message["type"] == "http.response.start":
            told = MutableHeaders(scope=message)
            for name, value in headers.items():
                told.setdefault(name, value)
        await send(message)

    return send_with


def _bounded(receive: Receive) -> Receive:
    """The body, as far as it is of a length that anybody needs."""
    octets = 0

    async def receive_some() -> Message:
        nonlocal octets
        message = await receive()
        octets += len(message.get("body", b""))
        if octets > BODY_LIMIT:
            raise HTTPException(413)
        return message

    return receive_some
