"""Feeds for feed readers."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import format_datetime

from fastapi import APIRouter
from fastapi.responses import Response

from bot.store.papers import newest
from bot.web.edges import Edges, SiteEdges
from bot.web.pages import PUBLIC, READ, Pages, SitePages
from bot.web.reading import no_such_feed, overview_of
from bot.web.syndication import Syndicated, atom, json_feed, rss

#: Papers that feed readers get.
ENTRIES = 30

routes = APIRouter()


@routes.api_route("/feeds/{slug}.rss", methods=READ)
def as_rss(slug: str, edges: Edges, pages: SitePages) -> Response:
    """The feed as RSS 2.0."""
    return _syndicated(edges, pages, slug, "application/rss+xml; charset=utf-8", rss)


@routes.api_route("/feeds/{slug}.atom", methods=READ)
def as_atom(slug: str, edges: Edges, pages: SitePages) -> Response:
    """The feed as Atom."""
    return _syndicated(edges, pages, slug, "application/atom+xml; charset=utf-8", atom)


@routes.api_route("/feeds/{slug}.json", methods=READ)
def as_json(slug: str, edges: Edges, pages: SitePages) -> Response:
    """The feed as JSON Feed."""
    return _syndicated(edges, pages, slug, "application/feed+json", json_feed)


def _syndicated(
    edges: SiteEdges, pages: Pages, slug: str, kind: str, written: Callable[[Syndicated], bytes]
) -> Response:
    overview = overview_of(edges, slug)
    if overview is None:
        return no_such_feed(edges, pages)
    entries = newest(edges.store, overview.feed.id, ENTRIES)
    updated = entries[0].entered_at if entries else overview.made_at
    told = Syndicated(overview.feed, entries, pages.site.public_url, pages.site.brand, updated, pages.language)
    headers = PUBLIC | {"Last-Modified": format_datetime(updated, usegmt=True), "X-Robots-Tag": "noindex"}
    return Response(written(told), headers=pages.told(headers), media_type=kind)
