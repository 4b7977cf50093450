"""What programs ask a site for: its health, its style sheet, and where robots may go."""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from bot.errors import StoreError
from bot.store.migrations import HEAD
from bot.store.schema import current_version
from bot.web.edges import Edges, SiteEdges
from bot.web.pages import READ, SitePages

log = structlog.get_logger(__name__)

_UNCACHED = {"Cache-Control": "no-store"}
#: A style sheet whose address names its version never changes; another one is asked for again soon.
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_NOW = "public, max-age=300"
#: What the paths of pages that a person's link opens begin with.
_PERSONS = ("unsubscribe", "preferences", "pause", "confirm", "vote", "digest/")

routes = APIRouter()


@routes.api_route("/healthz", methods=READ)
def health(edges: Edges) -> Response:
    """200 while the database can be used as this version of the bot needs it, otherwise 503; the log says why."""
    if _usable(edges):
        return JSONResponse({"status": "ok"}, headers=_UNCACHED)
    return JSONResponse({"status": "unavailable"}, 503, _UNCACHED)


@routes.api_route("/style.css", methods=READ)
async def style(request: Request, pages: SitePages, v: str = "") -> Response:
    """The style sheet of every page."""
    return _unchanging(request, pages.style, "text/css", pages.site.style_version, v)


@routes.api_route("/sign-up.js", methods=READ)
async def script(request: Request, pages: SitePages, v: str = "") -> Response:
    """The script of forms to sign up with."""
    return _unchanging(request, pages.script, "text/javascript", pages.site.script_version, v)


@routes.api_route("/choosing.js", methods=READ)
async def choosing_script(request: Request, pages: SitePages, v: str = "") -> Response:
    """The script of the preferences."""
    return _unchanging(request, pages.choosing, "text/javascript", pages.site.choosing_version, v)


@routes.api_route("/robots.txt", methods=READ)
async def robots(pages: SitePages) -> Response:
    """Feeds may be found; what a person's link opens may not (RFC 9309)."""
    base = pages.site.base
    lines = ["User-agent: *", *(f"Disallow: {base}/{path}" for path in _PERSONS)]
    return PlainTextResponse("\n".join(lines) + "\n", headers={"Cache-Control": "public, max-age=86400"})


def _unchanging(request: Request, content: str, media_type: str, version: str, asked: str) -> Response:
    """A file that pages name with its version; nothing of it where the browser has it."""
    tag = f'"{version}"'
    headers = {"Cache-Control": _FOR_EVER if asked == version else _FOR_NOW, "ETag": tag}
    known = {name.strip().removeprefix("W/") for name in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def _usable(edges: SiteEdges) -> bool:
    try:
        version = current_version(edges.store)
    except StoreError as error:
        log.warning("database cannot be used", problem=error.problem)
        return False
    if version != HEAD:
        log.warning("database has another schema", has=version, needs=HEAD)
    return version == HEAD
