"""What a person is told when a page cannot be shown: one sentence, and the status that programs read."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from bot.errors import BotError, StoreError, TemplateError, TokenError, UnknownError, WishError
from bot.render.languages import marked as _
from bot.web.guard import SAFE_HEADERS, loggable_path
from bot.web.pages import PERSONAL, pages_of

log = structlog.get_logger(__name__)

#: For when the templates themselves are broken.
_LAST_RESORT = (
    '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Something is broken here</title></head>'
    "\n<body><main><h1>Something is broken here</h1><p>It is not your fault. Please try again later.</p></main></body>"
    "\n</html>\n"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that is not the page that was asked for."""

    status: int
    title: str
    sentence: str


NOT_FOUND = Problem(404, _("There is no such page"), _("The address may be mistyped, or the page may have moved."))
NOT_VALID = Problem(404, _("This link is not valid"), _("Open the newest mail you got from us and use the link in it."))
NOT_READ = Problem(400, _("This could not be read"), _("Go back, and use the button on the page once more."))
TOO_LONG = Problem(413, _("This is too much at once"), _("Go back, and use the form on the page."))
NOT_SO = Problem(405, _("This cannot be done here"), _("Open the page, and use the button on it."))
NOT_OURS = Problem(403, _("This came from another site"), _("Open the page here, and use the button on it."))
TOO_MANY = Problem(
    429, _("Too many at once"), _("There have been too many from your network, or from all. Try again in an hour.")
)
UNREACHABLE = Problem(503, _("Not available just now"), _("Please try again in a few minutes."))
BROKEN = Problem(500, _("Something is broken here"), _("It is not your fault. Please try again later."))

_BY_STATUS = {
    problem.status: problem for problem in (NOT_FOUND, NOT_READ, NOT_OURS, TOO_LONG, TOO_MANY, NOT_SO, UNREACHABLE)
}


def problem_of(error: Exception) -> Problem:
    """What to say of an error.

    Sentences of our own errors are for the admin: they name databases, files and commands. They are
    shown only where they are about what the reader wrote.
    """
    if isinstance(error, HTTPException):
        return _BY_STATUS.get(error.status_code, NOT_READ if error.status_code < 500 else BROKEN)
    if isinstance(error, TokenError):
        return NOT_VALID
    if isinstance(error, UnknownError):
        return NOT_FOUND
    if isinstance(error, WishError):
        sentence = str(error)
        return Problem(400, _("This cannot be used"), sentence[:1].upper() + sentence[1:] + ".")
    if isinstance(error, RequestValidationError):
        return NOT_READ
    return UNREACHABLE if isinstance(error, StoreError) else BROKEN


def add_problem_pages(site: FastAPI) -> None:
    """Answer every error with a page."""
    for kind in (BotError, HTTPException, RequestValidationError, Exception):
        site.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem.status >= 500:
        # An error that is not ours is raised again after this, and the server logs where it came from.
        log.error(
            "page failed",
            path=loggable_path(request.url.path),
            problem=str(error) if isinstance(error, BotError) else type(error).__name__,
        )
    headers = SAFE_HEADERS | PERSONAL | _headers_of(error, problem)
    try:
        return pages_of(request).page("problem", problem.status, headers, problem=problem)
    except TemplateError as broken:
        log.error("page failed", problem=str(broken))
        return HTMLResponse(_LAST_RESORT, problem.status, headers)


def _headers_of(error: Exception, problem: Problem) -> dict[str, str]:
    own = dict(getattr(error, "headers", None) or {})
    return own | {"Retry-After": "120"} if problem is UNREACHABLE else own
