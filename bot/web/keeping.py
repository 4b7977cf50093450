"""Pages that anybody may see, kept for a minute and answered with 304 where a browser or reader has them already.

A page is made anew as soon as papers have come, at the latest a second after; whatever else it shows is up to a minute
old, which is what browsers are told as well.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.errors import StoreError
from bot.web.wished import wished

#: As long as browsers are told that they may keep a page.
KEPT = timedelta(seconds=60)
#: How often it is looked whether papers have come.
LOOKED = timedelta(seconds=1)
#: Pages that are kept at the most, and bytes of one.
PAGES, SIZE = 400, 200_000
#: Where pages are that anybody may see. All else is passed on: it is somebody's own, or has rules of its own.
_PLACES, _BELOW = frozenset({"/", "/search", "/sample"}), ("/feeds/", "/papers/")
#: What in their addresses makes another page of it; whatever else stands there is passed over.
_QUERY = frozenset({"page", "q", "feed"})
#: What is asked for its present state, and the API, whose addresses say more than those of pages.
_LEFT_ALONE = re.compile(r"/healthz|/api/.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    etag: str
    modified: str
    made_at: datetime
    version: object

    @property
    def public(self) -> bool:
        control = Headers(raw=list(self.headers)).get("cache-control", "")
        return self.status == 200 and control.startswith("public") and len(self.body) <= SIZE


class KeptPages:
    """Answers GET and HEAD with what was made before, as long as that is fresh.

    Args:
        app: makes answers.
        clock: the present, aware.
        version: changes when papers come or go; asked once a second at the most. Not called where nothing is kept.
        usual: the site's own language.
        kept: how long a page is kept; nothing is where it is none.
    """

    def __init__(
        self, app: ASGIApp, clock: Callable[[], datetime], version: Callable[[], object], usual: str, kept: timedelta
    ) -> None:
        self._app, self._clock, self._usual, self._kept = app, clock, usual, kept
        self._version = version
        self._pages: OrderedDict[object, _Answer] = OrderedDict()
        self._making: dict[object, asyncio.Lock] = {}
        self._looking = asyncio.Lock()
        self._looked_at: datetime | None = None
        self._seen: object = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"} or _LEFT_ALONE.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        if not self._kept:
            await self._say(scope, await self._make(scope, receive, None), asked, send)
            return
        key = self._key(scope, asked)
        now = self._clock()
        version = await self._current(now)
        answer = self._fresh(key, now, version)
        if answer is None:
            # Whoever asks for the same meanwhile waits for the one that is being made.
            lock = self._making.setdefault(key, asyncio.Lock())
            try:
                async with lock:
                    answer = self._fresh(key, now, version)
                    if answer is None:
                        answer = await self._make(scope, receive, version)
                        self._keep(key, answer)
            finally:
                self._making.pop(key, None)
        await self._say(scope, answer, asked, send)

    def _key(self, scope: Scope, asked: Headers) -> object:
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, errors="replace")
        told = tuple((name, value) for name, value in query if name in _QUERY)
        named = next((value for name, value in query if name == "lang"), "")
        return scope["path"], told, wished(named, asked.get("accept-language", ""), self._usual)

    async def _current(self, now: datetime) -> object:
        if self._is_due(now):
            async with self._looking:
                if self._is_due(now):
                    # Where the database is gone, what is kept is shown as long as it may be, and what is not says why.
                    with suppress(StoreError):
                        self._seen = await asyncio.to_thread(self._version)
                    self._looked_at = now
        return self._seen

    def _is_due(self, now: datetime) -> bool:
        return self._looked_at is None or not self._looked_at <= now < self._looked_at + LOOKED

    def _fresh(self, key: object, now: datetime, version: object) -> _Answer | None:
        answer = self._pages.get(key)
        if answer is None or answer.version != version or not answer.made_at <= now < answer.made_at + self._kept:
            return None
        self._pages.move_to_end(key)
        return answer

    def _keep(self, key: object, answer: _Answer) -> None:
        if answer.public:
            self._pages[key] = answer
            self._pages.move_to_end(key)
            while len(self._pages) > PAGES:
                self._pages.popitem(last=False)

    async def _make(self, scope: Scope, receive: Receive, version: object) -> _Answer:
        made_at = self._clock()
        start: Message = {}
        body = bytearray()

        async def take(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            else:
                body.extend(message.get("body", b""))

        await self._app({**scope, "method": "GET"}, receive, take)
        headers = MutableHeaders(raw=list(start["headers"]))
        public = headers.get("cache-control", "").startswith("public")
        etag = headers.get("etag", "")
        if public and not etag and start["status"] == 200:
            etag = f'"{hashlib.blake2b(bytes(body), digest_size=12).hexdigest()}"'
            headers["ETag"] = etag
        modified = headers.get("last-modified", "")
        return _Answer(start["status"], tuple(headers.raw), bytes(body), etag, modified, made_at, version)

    async def _say(self, scope: Scope, answer: _Answer, asked: Headers, send: Send) -> None:
        if answer.status == 200 and _is_known(answer, asked):
            left_out = (b"content-length", b"content-type")
            headers = [header for header in answer.headers if header[0].lower() not in left_out]
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})


def _is_public(path: str) -> bool:
    return path in _PLACES or path.startswith(_BELOW)


def _is_known(answer: _Answer, asked: Headers) -> bool:
    """Whether who asks has it already (RFC 9110 sections 13.1.2 and 13.1.3: a tag goes before a time)."""
    tags = asked.get("if-none-match")
    if tags is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return bool(answer.etag) and (answer.etag in known or "*" in known)
    since = asked.get("if-modified-since")
    if since is None or not answer.modified:
        return False
    try:
        return parsedate_to_datetime(answer.modified) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False
