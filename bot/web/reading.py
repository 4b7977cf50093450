"""The pages that anybody reads: home, and one per concept feed."""

from __future__ import annotations

import re

from fastapi import APIRouter
from fastapi.responses import Response

from bot.models.feeds import is_slug
from bot.render.wording import zone_named
from bot.store.feeds import feeds, overviews
from bot.store.papers import newest
from bot.web.chart import weekly_chart
from bot.web.edges import Edges
from bot.web.growth import FeedsGrowing
from bot.web.pages import PUBLIC, READ, SitePages
from bot.web.views import day_views, feed_view, headline_view, link_view, trend_view
from bot.wiring.relating import Relating

#: Papers of each feed on the home page, and papers on one page of a feed.
HEADLINES = 3
PAGE = 15
#: Trending feeds on the home page at the most, and weeks in their charts: what a trend is judged by.
TRENDS, TREND_WEEKS = 5, 27
#: Weeks in the chart of a feed's own page: a year, and the last one.
FEED_WEEKS = 53

_PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)

routes = APIRouter()


@routes.api_route("/", methods=READ)
def home(edges: Edges, pages: SitePages, growing: FeedsGrowing) -> Response:
    """What this is, the feeds that trend, and every feed with its newest papers."""
    frame = pages.site.language
    known = [overview for overview in overviews(edges.store, edges.clock()) if not overview.retired]
    growth = growing.seen(edges.clock())
    by_id = {overview.feed.id: overview.feed for overview in known}
    trends = [trend for trend in growth.trends if trend.grows and trend.feed_id in by_id]
    shown = tuple(
        feed_view(
            overview,
            (headline_view(entry.paper, frame) for entry in newest(edges.store, overview.feed.id, HEADLINES)),
        )
        for overview in known
    )
    charts = [
        trend_view(
            by_id[trend.feed_id],
            trend,
            weekly_chart(growth.weeks[trend.feed_id], growth.at, TREND_WEEKS, trend.usual),
        )
        for trend in trends[:TRENDS]
    ]
    return pages.page("home", headers=PUBLIC, feeds=shown, trends=charts)


@routes.api_route("/feeds/{slug}", methods=READ)
def feed_page(slug: str, edges: Edges, pages: SitePages, growing: FeedsGrowing, page: str = "1") -> Response:
    """One feed's papers, newest first, a page at a time, and on the first of them its weeks."""
    # What cannot be a slug never reaches the database: PostgreSQL refuses some characters.
    found = overviews(edges.store, edges.clock(), slug) if is_slug(slug) else ()
    if not found:
        return _no_such_feed(edges, pages)
    overview = found[0]
    last = max(1, -(-overview.papers // PAGE))
    if _PAGE_NUMBER.fullmatch(page) is None or int(page) > last:
        return _no_such_feed(edges, pages)
    number = int(page)
    entered = newest(edges.store, overview.feed.id, PAGE, (number - 1) * PAGE)
    found_related = Relating(edges.store).of((overview.feed.id, entry.paper) for entry in entered)
    related = {paper: concepts for (_, paper), concepts in found_related.items()}
    growth = growing.seen(edges.clock())
    trend = growth.of(overview.feed.id) if number == 1 else None
    usual = trend.usual if trend is not None and trend.known else None
    return pages.page(
        "feed",
        headers=PUBLIC,
        feed=feed_view(overview),
        trend=trend,
        chart=weekly_chart(growth.weeks[overview.feed.id], growth.at, FEED_WEEKS, usual) if trend else None,
        days=day_views(entered, zone_named(edges.settings.timezone), pages.site.language, related),
        retired=overview.retired,
        number=number,
        last=last,
    )


def _no_such_feed(edges: Edges, pages: SitePages) -> Response:
    known = tuple(link_view(feed) for feed in feeds(edges.store))
    return pages.page("no_feed", 404, feeds=known)
