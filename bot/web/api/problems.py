"""Problem details (RFC 9457): what a program is told when there is no answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from bot.errors import AddressError, BotError, RefusedError, StoreError, UnknownError, WishError
from bot.web.guard import loggable_path

log = structlog.get_logger(__name__)

PROBLEM_JSON = "application/problem+json"
#: Seconds after which to try again, where it is we who cannot.
_LATER = "120"


class WrongPart(BaseModel):
    """One part of a request that cannot be used."""

    where: str = Field(description="The part, as `query.limit` or `body.email`.")
    problem: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field("about:blank", description="Always `about:blank`: the status says what kind it is.")
    title: str
    status: int
    detail: str | None = Field(None, description="In words, where there is more to say.")
    errors: list[WrongPart] | None = Field(None, description="Of 422: each part that cannot be used.")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: that these may come, and those that may always come."""
    every = sorted({*statuses, 429, 500, 503})
    return {status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in every}


def answer(
    status: int, detail: str | None = None, headers: dict[str, str] | None = None, errors: list[WrongPart] | None = None
) -> JSONResponse:
    """The answer that tells a problem."""
    told = Problem(type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors)
    return JSONResponse(told.model_dump(exclude_none=True), status, headers, PROBLEM_JSON)


def add_problems(api: FastAPI) -> None:
    """Tell every error as a problem."""
    for kind in (BotError, HTTPException, RequestValidationError, Exception):
        api.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    status, detail, headers, errors = 500, None, None, None
    match error:
        case RequestValidationError():
            status, detail, errors = 422, "some of it cannot be used", [_part(one) for one in error.errors()]
        case HTTPException():
            status, headers = error.status_code, dict(error.headers or {})
            detail = error.detail if error.detail != HTTPStatus(status).phrase else None
        case UnknownError():
            status, detail = 404, f"no such {error.kind}"
        case RefusedError():
            status, detail = 409, str(error)
        case AddressError() | WishError():
            status, detail = 422, str(error)
        case StoreError():
            status, headers = 503, {"Retry-After": _LATER}
    if status >= 500:
        # Our own sentences are for the admin: they name databases, files and commands.
        said = str(error) if isinstance(error, BotError) else type(error).__name__
        log.error("api failed", path=loggable_path(request.url.path), problem=said)
    return answer(status, detail, headers, errors)


def _part(error: Any) -> WrongPart:
    return WrongPart(where=".".join(str(part) for part in error["loc"])[:200], problem=str(error["msg"])[:200])
