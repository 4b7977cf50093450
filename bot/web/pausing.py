"""Pausing digests, for a while or until further notice, and going on; a link in each mail opens the page."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bot.digests.cadence import day_begins, next_occasion
from bot.digests.zones import Zones
from bot.models.choices import LONGEST_PAUSE
from bot.models.subscribers import Standing
from bot.render.languages import marked as _
from bot.render.plain import plain
from bot.render.wording import zone_named
from bot.store.choosing import pause, resume
from bot.store.subscribers import SubscriberRecord
from bot.subscribe.tokens import Purpose
from bot.web.edges import Edges, SiteEdges
from bot.web.forms import Form, Posted
from bot.web.joining import caller
from bot.web.pages import PERSONAL, READ, Pages, SitePages
from bot.web.people import speaking, subscriber_of
from bot.web.told import after_pause, awake, rests_until
from bot.web.words import masked, next_digest

#: The buttons; the page shows the one that fits.
PAUSE = ("digests", "pause")
GO_ON = ("digests", "go-on")
#: What the field `until` may say, in weeks; besides, `day` with a date in the field of that name, and `open`.
WEEKS: Final = {"1": _("For one week"), "2": _("For two weeks"), "4": _("For four weeks")}
DAY, OPEN = "day", "open"

_HOW = "pause page"

routes = APIRouter()


@routes.api_route("/pause/{token}", methods=READ)
def ask(token: str, edges: Edges, pages: SitePages) -> Response:
    """Whether digests are paused, and one button. Nothing changes: programs that check mails follow every link."""
    return _page(edges, pages, _person(edges, token))


@routes.post("/pause/{token}")
def press(request: Request, token: str, posted: Form, edges: Edges, pages: SitePages) -> Response:
    """Paused, or going on, before this is answered, and however often it is asked."""
    person = _person(edges, token)
    now, network = edges.clock(), caller(request, edges)
    if PAUSE in posted.fields:
        until = _until(posted, person, now)
        if isinstance(until, str):
            return _page(edges, pages, person, "wrong", 400, posted)
        pause(edges.store, person.id, now, _HOW, until, network)
        wanted = Standing.PAUSED
    elif GO_ON in posted.fields:
        zones = Zones(edges.settings.timezone)
        resume(edges.store, person.id, lambda wish: next_occasion(zones.living(wish), now), now, _HOW, network)
        wanted = Standing.ACTIVE
    else:
        return _page(edges, pages, person, "missed", 400)
    # Read anew: what the page says has to be what is stored.
    person = subscriber_of(edges, person.id)
    # Neither is for whoever has left or has yet to confirm; the page says which.
    return _page(edges, pages, person, "done") if person.standing == wanted else _page(edges, pages, person, status=409)


def _until(posted: Posted, person: SubscriberRecord, now: datetime) -> datetime | str | None:
    """When the pause that was asked for ends, at the beginning of a day there; None for never; a text if it cannot."""
    zone = str(zone_named(person.wish.timezone))
    today = now.astimezone(zone_named(zone)).date()
    asked = posted.one("until")
    if asked in {"", OPEN} and posted.one("day"):
        # Whoever writes a day means it, wherever the mark was left.
        asked = DAY
    if asked in WEEKS:
        return day_begins(today + timedelta(weeks=int(asked)), zone)
    if asked != DAY:
        return None if asked in {"", OPEN} else asked
    first, last = _bounds(today)
    try:
        day = date.fromisoformat(posted.one("day"))
    except ValueError:
        return posted.one("day")
    return day_begins(day, zone) if first <= day <= last else str(day)


def _bounds(today: date) -> tuple[date, date]:
    return today + timedelta(days=1), today + LONGEST_PAUSE


def _person(edges: SiteEdges, token: str) -> SubscriberRecord:
    return awake(subscriber_of(edges, edges.tokens.read(Purpose.PAUSE, token)), edges.clock())


def _page(
    edges: SiteEdges,
    pages: Pages,
    person: SubscriberRecord,
    outcome: str = "",
    status: int = 200,
    posted: Posted = Posted(),
) -> Response:
    """The page.

    Args:
        outcome: what became of the form: empty, `done`, `wrong` or `missed`.
        posted: what comes back to be mended.
    """
    pages = speaking(pages, person)
    spoken, now = pages.language, edges.clock()
    if person.standing == Standing.LEFT:
        return pages.page("gone", status, PERSONAL, address=masked(person.email))
    first, last = _bounds(now.astimezone(zone_named(person.wish.timezone)).date())
    return pages.page(
        "pause",
        status,
        PERSONAL,
        address=masked(person.email),
        standing=person.standing,
        button=GO_ON if person.standing == Standing.PAUSED else PAUSE,
        next_digest=next_digest(person, now, spoken),
        until=rests_until(person, spoken),
        after=after_pause(person, spoken),
        weeks=WEEKS,
        asked=posted.one("until") or OPEN,
        day=plain(posted.one("day"), len("2026-11-24")),
        first=first.isoformat(),
        last=last.isoformat(),
        first_day=spoken.weekday(first),
        last_day=spoken.weekday(last),
        preferences_path=f"/preferences/{edges.tokens.make(Purpose.PREFERENCES, person.id)}",
        outcome=outcome,
    )
