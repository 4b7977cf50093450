"""The site as an ASGI application."""

from __future__ import annotations

from fastapi import FastAPI

from bot.web import choosing, leaving, pausing, reading, signs, voting
from bot.web.edges import SiteEdges
from bot.web.growth import Growing
from bot.web.guard import SafeAnswers
from bot.web.pages import Pages
from bot.web.problems import add_problem_pages

__all__ = ["SiteEdges", "build_site"]


def build_site(edges: SiteEdges) -> FastAPI:
    """The site, ready to be served.

    Raises:
        TemplateError: the style sheet is missing.
    """
    site = FastAPI(
        title="Concept Digest",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # A one-click request must never meet a redirect, and a redirect would repeat any Host it was sent.
        redirect_slashes=False,
    )
    site.state.edges = edges
    site.state.pages = Pages(edges.settings)
    site.state.growing = Growing(edges.store)
    for part in (reading, leaving, pausing, choosing, voting, signs):
        site.include_router(part.routes)
    add_problem_pages(site)
    site.add_middleware(SafeAnswers)
    return site
