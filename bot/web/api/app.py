"""The API as an ASGI application of its own, and its OpenAPI document."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from bot import __version__
from bot.web.api import admin, joining, reading, runs
from bot.web.api.answers import Answers
from bot.web.api.limits import Limits
from bot.web.api.problems import PROBLEM_JSON, add_problems
from bot.web.edges import SiteEdges

#: Where it lies on the site.
PLACE = "/api/v1"

_ABOUT = """Concept feeds, their papers, and signing up, as JSON.

Anybody may read; scripts of other sites may, too (CORS). Lists come in pages: the header `Link` with `rel="next"`, and
`next` in the body, lead on. Each answer to GET has an `ETag`, and `If-None-Match` is answered with 304. HEAD is
answered as GET is, without a body. What goes wrong is told as problem details (RFC 9457). Requests are limited by
network: see the headers `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (seconds), and `Retry-After` of
429.

What is under `/admin` needs a token that `bot tokens add` makes: `Authorization: Bearer …`."""


#: What headers tell: their type, whether they always come, and what they mean.
_HEADERS = {
    "RateLimit-Limit": ("integer", False, "Requests of one network in a window."),
    "RateLimit-Remaining": ("integer", False, "How many of them are left."),
    "RateLimit-Reset": ("integer", False, "Seconds until the window ends."),
    "Retry-After": ("integer", True, "Seconds after which to try again."),
    "WWW-Authenticate": ("string", True, "`Bearer`: a token is asked for."),
    "ETag": ("string", True, "For `If-None-Match`: what is the same is answered with 304."),
    "Link": ("string", False, 'The next page, with `rel="next"`; none on the last one.'),
    "Location": ("string", True, "Where it is found from now on."),
}
_COUNTS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_BY_STATUS = {
    "201": ("Location",),
    "401": ("WWW-Authenticate",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The document, with problems as what they are sent as."""
        if self.openapi_schema is None:
            made = get_openapi(
                title=self.title,
                version=self.version,
                description=self.description,
                routes=self.routes,
                servers=[{"url": PLACE}],
            )
            made["components"]["headers"] = {name: _header(*of) for name, of in _HEADERS.items()}
            for path in made["paths"].values():
                for method, operation in path.items():
                    _tell_problems(operation["responses"])
                    _tell_headers(method, operation)
            self.openapi_schema = made
        return self.openapi_schema


def _tell_problems(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        if int(status) >= 400:
            response["content"] = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _header(kind: str, required: bool, description: str) -> dict[str, Any]:
    return {"description": description, "required": required, "schema": {"type": kind}}


def _tell_headers(method: str, operation: dict[str, Any]) -> None:
    paged = any(parameter["name"] == "cursor" for parameter in operation.get("parameters", ()))
    for status, response in operation["responses"].items():
        names = [*_COUNTS, *_BY_STATUS.get(status, ())]
        if method == "get" and status in {"200", "304"}:
            names.append("ETag")
        if paged and status == "200":
            names.append("Link")
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def build_api(edges: SiteEdges) -> FastAPI:
    """The API, to be mounted at `PLACE`."""
    api = _Api(
        title="Concept Digest",
        version=__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    api.state.edges = edges
    for part in (reading, joining, admin, runs):
        api.include_router(part.routes)
    add_problems(api)
    api.add_middleware(Answers, limits=Limits(edges.clock), edges=edges)
    return api
