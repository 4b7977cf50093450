"""What a form or a mail program posted, read within bounds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, HTTPException, Request
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

#: Octets of a body at the most; all feeds of a large catalogue ticked are a tenth of it.
BODY_LIMIT = 64 * 1024
_FIELDS = 1000


@dataclass(frozen=True, slots=True)
class Posted:
    """The fields of a body in their order, names and values as they were sent."""

    fields: Sequence[tuple[str, str]] = ()
    #: Whether a page of another site sent it.
    foreign: bool = False

    def one(self, name: str) -> str:
        """The first value of that name; empty where there is none."""
        return next((value for key, value in self.fields if key == name), "")

    def every(self, name: str) -> tuple[str, ...]:
        """All values of that name."""
        return tuple(value for key, value in self.fields if key == name)


async def _posted(request: Request) -> Posted:
    """Fields of a body in either of the two forms that RFC 8058 section 3.1 knows.

    A body that does not say what it is counts as urlencoded: no unsubscribe may fail on a header.
    """
    body = await _body(request)
    foreign = is_foreign(request)
    try:
        if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            return Posted(await _multipart(request, body), foreign)
        fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FIELDS)
        return Posted(fields, foreign)
    except (MultiPartException, ValueError, KeyError) as error:
        raise HTTPException(400) from error


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_LIMIT:
                raise HTTPException(413)
    except ClientDisconnect as error:
        raise HTTPException(400) from error
    return bytes(body)


async def _multipart(request: Request, body: bytes) -> list[tuple[str, str]]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    form = await MultiPartParser(request.headers, stream(), max_files=0, max_fields=_FIELDS).parse()
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


def is_foreign(request: Request) -> bool:
    """Whether a browser says that a page of another site sends this.

    Browsers name the relation (Sec-Fetch-Site); older ones at least the origin. What says neither is no browser: it has
    no reader's trust that could be abused, and a mail program's one-click request is like that.
    """
    relation = request.headers.get("sec-fetch-site")
    if relation is not None:
        return relation not in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return False
    named = urlsplit(origin).netloc.lower() if origin != "null" else ""
    ours = {request.headers.get("host", "").lower(), urlsplit(request.app.state.edges.settings.public_url).netloc}
    return not named or named not in ours


def _ours(posted: Annotated[Posted, Depends(_posted)]) -> Posted:
    if posted.foreign:
        raise HTTPException(403)
    return posted


#: An endpoint's argument of this type is what a page of our own posted to it, or a program.
Form = Annotated[Posted, Depends(_ours)]
#: The same, whatever page it was: for endpoints that look at `Posted.foreign` themselves.
AnyForm = Annotated[Posted, Depends(_posted)]
