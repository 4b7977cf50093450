"""The site as an ASGI application."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from fastapi import FastAPI

from bot.store.instance import latest_moment
from bot.web import (
    choosing,
    confirming,
    joining,
    leaving,
    outgoing,
    owning,
    papers,
    pausing,
    reading,
    seeking,
    showing,
    signs,
    voting,
)
from bot.web.api.app import PLACE, build_api
from bot.web.edges import SiteEdges
from bot.web.growth import Growing
from bot.web.guard import SafeAnswers
from bot.web.keeping import KEPT, KeptPages
from bot.web.pages import Pages
from bot.web.problems import add_problem_pages
from bot.wiring.showing import DigestPages

__all__ = ["SiteEdges", "build_site"]


def build_site(edges: SiteEdges, kept: timedelta = KEPT) -> FastAPI:
    """The site, ready to be served.

    Args:
        kept: how long pages that anybody may see are kept; nothing is where it is none.

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
    site.state.digests = DigestPages(edges.store, edges.settings)
    parts = (
        outgoing,
        papers,
        seeking,
        reading,
        joining,
        confirming,
        leaving,
        pausing,
        choosing,
        owning,
        showing,
        voting,
        signs,
    )
    for part in parts:
        site.include_router(part.routes)
    site.mount(PLACE, build_api(edges))
    add_problem_pages(site)
    usual = site.state.pages.site.language
    site.add_middleware(
        KeptPages, clock=edges.clock, version=partial(latest_moment, edges.store), usual=usual, kept=kept
    )
    site.add_middleware(SafeAnswers)
    return site
