"""Pages of lists: where one ends, as an opaque word, and the way to the next one."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import HTTPException, Query, Request, Response

#: Items of a page.
MOST = 200
#: What no number of a row exceeds on either database.
LARGEST = 2**31 - 1

Limit = Annotated[int, Query(ge=1, le=MOST, description="Items of a page at the most.")]
Cursor = Annotated[
    str | None,
    Query(
        max_length=100, pattern=r"^[A-Za-z0-9_-]+$", description="`next` of the page before; the first page without."
    ),
]


def written(*parts: object) -> str:
    """Where a page ends, as a word that nobody should read anything into."""
    text = " ".join(part.isoformat() if isinstance(part, datetime) else str(part) for part in parts)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def number_in(cursor: str | None) -> int:
    """The number that a cursor holds; 0 for the first page.

    Raises:
        HTTPException: 400, it was none of ours.
    """
    if cursor is None:
        return 0
    (number,) = _parts(cursor, 1)
    return _number(number)


def moment_in(cursor: str | None) -> tuple[datetime, int] | None:
    """The moment and number that a cursor holds; None for the first page.

    Raises:
        HTTPException: 400, it was none of ours.
    """
    if cursor is None:
        return None
    moment, number = _parts(cursor, 2)
    try:
        when = datetime.fromisoformat(moment).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _foreign() from error
    return when, _number(number)


def lead_on(request: Request, response: Response, public_url: str, cursor: str | None, **same: Any) -> None:
    """Put the way to the next page into the header `Link` (RFC 8288), where there is one."""
    if cursor is not None:
        asked = {name: value for name, value in same.items() if value is not None} | {"cursor": cursor}
        path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        response.headers["Link"] = f'<{public_url}/api/v1{path}?{urlencode(asked)}>; rel="next"'


def _parts(cursor: str, count: int) -> list[str]:
    try:
        parts = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").split(" ")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise _foreign() from error
    if len(parts) != count:
        raise _foreign()
    return parts


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= LARGEST):
        raise _foreign()
    return int(text)


def _foreign() -> HTTPException:
    return HTTPException(400, "cursor: not one that this list gave; begin with the first page")
