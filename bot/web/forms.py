"""What a form or a mail program posted, read within bounds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl

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
    try:
        if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            return await _multipart(request, body)
        fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FIELDS)
        return Posted(fields)
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


async def _multipart(request: Request, body: bytes) -> Posted:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    form = await MultiPartParser(request.headers, stream(), max_files=0, max_fields=_FIELDS).parse()
    return Posted([(name, value) for name, value in form.multi_items() if isinstance(value, str)])


#: An endpoint's argument of this type is what was posted to it.
Form = Annotated[Posted, Depends(_posted)]
