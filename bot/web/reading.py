"""The pages that anybody reads: home, one per concept feed, and its weeks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import tzinfo

from fastapi import APIRouter
from fastapi.responses import Response

from bot.models.feeds import SOURCE_NAMES, Health, is_slug
from bot.models.papers import PaperRecord
from bot.render.languages import Language
from bot.render.languages import marked as _
from bot.render.wording import zone_named
from bot.store.archive import entered_within, entry_times, related_feeds
from bot.store.feeds import FeedOverview, feeds, overviews
from bot.store.papers import EnteredPaper, newest
from bot.store.queries import query_states
from bot.web.chart import weekly_chart
from bot.web.edges import Edges, SiteEdges
from bot.web.growth import FeedsGrowing
from bot.web.guard import SCRIPTED
from bot.web.joining import sign_up_view
from bot.web.pages import PUBLIC, READ, Pages, SitePages
from bot.web.views import (
    DayView,
    day_views,
    feed_path,
    feed_view,
    field_views,
    headline_view,
    link_view,
    trend_view,
    trend_words,
)
from bot.web.weeks import Week, week_named, weeks_with
from bot.wiring.relating import Relating

#: Papers of each feed on the home page, papers on one page of a feed, and on one of a week.
HEADLINES = 2
PAGE, WEEK_PAGE = 15, 25
#: Trending feeds on the home page at the most, and weeks in their charts.
TRENDS, TREND_WEEKS = 6, 12
#: Weeks in the chart of a feed's own page: a year, and the last one.
FEED_WEEKS = 53
#: Feeds with their newest papers on the home page; with more of them, names and figures are enough.
WITH_HEADLINES = 24
#: Weeks of the archive that a feed's page links.
ARCHIVE = 12
_RELATED = 4

_PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
#: How a source is doing, the worst first, in words for a reader.
_HEALTH = {
    Health.FAILING: _("out of reach just now"),
    Health.STALE: _("nothing new for longer than is usual"),
    Health.NEW: _("not asked yet"),
    Health.QUIET: _("up to date"),
}

routes = APIRouter()


@dataclass(frozen=True, slots=True)
class SourceView:
    """How a source of a feed is doing."""

    name: str
    words: str
    #: When it was last asked, in words; empty where it never was.
    asked: str
    well: bool


@dataclass(frozen=True, slots=True)
class WeekView:
    """A week of a feed's archive."""

    #: `16–22 November 2026`.
    name: str
    path: str
    papers: int


@routes.api_route("/", methods=READ)
def home(edges: Edges, pages: SitePages, growing: FeedsGrowing) -> Response:
    """What this is, the feeds that trend, and every feed by its field, with its newest papers."""
    frame = pages.site.language
    known = [overview for overview in overviews(edges.store, edges.clock(), readers=False) if not overview.retired]
    growth = growing.seen(edges.clock())
    by_id = {overview.feed.id: overview.feed for overview in known}
    trends = [trend for trend in growth.trends if trend.grows and trend.feed_id in by_id]
    headlines = HEADLINES if len(known) <= WITH_HEADLINES else 0
    shown = [
        (
            overview.feed,
            feed_view(
                overview,
                [headline_view(entry.paper, frame) for entry in newest(edges.store, overview.feed.id, headlines)]
                if headlines
                else (),
            ),
        )
        for overview in known
    ]
    charts = [
        trend_view(
            by_id[trend.feed_id],
            trend,
            weekly_chart(growth.weeks[trend.feed_id], growth.at, TREND_WEEKS, trend.usual, pages.language),
            pages.language,
        )
        for trend in trends[:TRENDS]
    ]
    return pages.page(
        "home",
        headers=PUBLIC | SCRIPTED,
        fields=field_views(shown),
        feeds=len(known),
        trends=charts,
        # The page has its own boxes to tick, beside each feed.
        signup=sign_up_view(edges, pages),
    )


@routes.api_route("/feeds/{slug}", methods=READ)
def feed_page(slug: str, edges: Edges, pages: SitePages, growing: FeedsGrowing, page: str = "1") -> Response:
    """One feed's papers, newest first, a page at a time, and on the first of them all about the feed."""
    overview = overview_of(edges, slug)
    number = page_number(page)
    if overview is None or number is None:
        return no_such_feed(edges, pages)
    last = max(1, -(-overview.papers // PAGE))
    if number > last:
        return no_such_feed(edges, pages)
    feed = overview.feed
    entered = newest(edges.store, feed.id, PAGE, (number - 1) * PAGE)
    growth = growing.seen(edges.clock())
    trend = growth.of(feed.id) if number == 1 else None
    usual = trend.usual if trend is not None and trend.known else None
    first = number == 1
    return pages.page(
        "feed",
        headers=PUBLIC | SCRIPTED,
        signup=sign_up_view(edges, pages, chosen=[feed.slug]),
        feed=feed_view(overview),
        trend=trend,
        trend_words=trend_words(trend, pages.language) if trend else "",
        chart=weekly_chart(growth.weeks[feed.id], growth.at, FEED_WEEKS, usual, pages.language) if trend else None,
        days=_days(edges, pages, overview, entered),
        retired=overview.retired,
        related=[link_view(one) for one in related_feeds(edges.store, feed, _RELATED)] if first else (),
        sources=_sources(edges, feed.slug, pages.language) if first and not overview.retired else (),
        weeks=_weeks(edges, overview, pages.language)[:ARCHIVE] if first else (),
        number=number,
        last=last,
    )


@routes.api_route("/feeds/{slug}/weeks", methods=READ)
def archive(slug: str, edges: Edges, pages: SitePages) -> Response:
    """Every week of a feed in which papers came."""
    overview = overview_of(edges, slug)
    if overview is None:
        return no_such_feed(edges, pages)
    years: dict[int, list[WeekView]] = {}
    for week, view in zip(_counts(edges, overview), _weeks(edges, overview, pages.language), strict=True):
        years.setdefault(week.year, []).append(view)
    return pages.page("weeks", headers=PUBLIC, feed=feed_view(overview), years=years)


@routes.api_route("/feeds/{slug}/weeks/{name}", methods=READ)
def week_page(slug: str, name: str, edges: Edges, pages: SitePages, page: str = "1") -> Response:
    """The papers that came to a feed in one week."""
    overview, week, number = overview_of(edges, slug), week_named(name), page_number(page)
    if overview is None or week is None or number is None:
        return no_such_feed(edges, pages)
    counts = _counts(edges, overview)
    papers = counts.get(week, 0)
    last = max(1, -(-papers // WEEK_PAGE))
    if not papers or number > last:
        return no_such_feed(edges, pages)
    start, end = week.window(_zone(edges))
    entered = entered_within(edges.store, overview.feed.id, start, end, WEEK_PAGE, (number - 1) * WEEK_PAGE)
    newer = [one for one in counts if one > week]
    older = [one for one in counts if one < week]
    return pages.page(
        "week",
        headers=PUBLIC,
        feed=feed_view(overview),
        week=_week_view(overview, week, papers, _zone(edges), pages.language),
        newer=_week_view(overview, newer[-1], counts[newer[-1]], _zone(edges), pages.language) if newer else None,
        older=_week_view(overview, older[0], counts[older[0]], _zone(edges), pages.language) if older else None,
        days=_days(edges, pages, overview, entered),
        number=number,
        last=last,
    )


def overview_of(edges: SiteEdges, slug: str) -> FeedOverview | None:
    """The feed of that slug, retired or not; None where there is none."""
    # What cannot be a slug never reaches the database: PostgreSQL refuses some characters.
    found = overviews(edges.store, edges.clock(), slug, readers=False) if is_slug(slug) else ()
    return found[0] if found else None


def page_number(page: str) -> int | None:
    """The number that an address names; None where it is none."""
    return int(page) if _PAGE_NUMBER.fullmatch(page) else None


def no_such_feed(edges: SiteEdges, pages: Pages) -> Response:
    """That there is no such feed, with those there are."""
    return pages.page("no_feed", 404, feeds=tuple(link_view(feed) for feed in feeds(edges.store)))


def _zone(edges: SiteEdges) -> tzinfo:
    return zone_named(edges.settings.timezone)


def _days(
    edges: SiteEdges, pages: Pages, overview: FeedOverview, entered: tuple[EnteredPaper, ...]
) -> tuple[DayView, ...]:
    places: list[tuple[int, PaperRecord]] = [(overview.feed.id, entry.paper) for entry in entered]
    related = {paper: concepts for (_feed, paper), concepts in Relating(edges.store).of(places).items()}
    return day_views(entered, _zone(edges), pages.site.language, related)


def _sources(edges: SiteEdges, slug: str, language: Language) -> list[SourceView]:
    order = list(_HEALTH)
    by_source: dict[str, SourceView] = {}
    states = query_states(edges.store, slug)
    for state in sorted(states, key=lambda one: order.index(Health(one.query.health))):
        name = SOURCE_NAMES.get(state.query.source, "") or language.gettext("Journals' own feeds")
        asked = f"{state.asked_at.astimezone(_zone(edges)):%Y-%m-%d}" if state.asked_at else ""
        health = Health(state.query.health)
        words = language.gettext(_HEALTH[health])
        by_source.setdefault(name, SourceView(name, words, language.date(asked), health is not Health.FAILING))
    return sorted(by_source.values(), key=lambda one: one.name)


def _counts(edges: SiteEdges, overview: FeedOverview) -> dict[Week, int]:
    return weeks_with(entry_times(edges.store, overview.feed.id), _zone(edges))


def _weeks(edges: SiteEdges, overview: FeedOverview, language: Language) -> list[WeekView]:
    counts = _counts(edges, overview)
    return [_week_view(overview, week, papers, _zone(edges), language) for week, papers in counts.items()]


def _week_view(overview: FeedOverview, week: Week, papers: int, zone: tzinfo, language: Language) -> WeekView:
    path = f"{feed_path(overview.feed.slug)}/weeks/{week.name}"
    return WeekView(language.period(*week.window(zone), zone), path, papers)
