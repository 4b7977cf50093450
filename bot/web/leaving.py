"""Unsubscribing: by the button of the mail program (RFC 8058), or by those of the page, which can take it back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from bot.digests.cadence import next_occasion
from bot.digests.zones import Zones
from bot.errors import UnknownError
from bot.models.feeds import FeedRecord
from bot.models.subscribers import Standing
from bot.store.feeds import feeds
from bot.store.leaving import UNDO, drop, leave, may_stay, stay
from bot.store.subscribers import SubscriberRecord, subscriber_by_id
from bot.subscribe.tokens import Purpose
from bot.web.edges import Edges, SiteEdges
from bot.web.forms import AnyForm, Posted
from bot.web.joining import caller
from bot.web.pages import PERSONAL, READ, Pages, SitePages
from bot.web.words import masked, next_digest

#: The whole body of a one-click request, RFC 8058 section 3.1.
ONE_CLICK = ("List-Unsubscribe", "One-Click")
#: The buttons of the pages.
BUTTON = ("leave", "all")
ONE_FEED = ("leave", "feed")
STAY = ("stay", "yes")

_HOW = "unsubscribe page"

routes = APIRouter()

#: The slug of the feed that the link is about; all of them, where it names none.
FeedName = Annotated[str, Query(alias="feed", max_length=200)]


@routes.api_route("/unsubscribe/{token}", methods=READ)
def ask(token: str, edges: Edges, pages: SitePages, slug: FeedName = "") -> Response:
    """One button. Nothing changes: programs that check mails follow every link in them."""
    person = _person(edges, edges.tokens.read(Purpose.UNSUBSCRIBE, token))
    if person is None or person.standing == Standing.LEFT:
        return _left(edges, pages, person)
    return _asked(edges, pages, person, token, slug)


@routes.post("/unsubscribe/{token}")
def unsubscribe(
    request: Request, token: str, posted: AnyForm, edges: Edges, pages: SitePages, slug: FeedName = ""
) -> Response:
    """In force before this is answered, and however often it is asked."""
    subscriber_id = edges.tokens.read(Purpose.UNSUBSCRIBE, token)
    person, now, network = _person(edges, subscriber_id), edges.clock(), caller(request, edges)
    # A mail program sends its request from wherever it is.
    if posted.foreign and ONE_CLICK not in posted.fields:
        raise HTTPException(403)
    if STAY in posted.fields and person is not None:
        return _stay(edges, pages, person, network)
    how = _how(posted)
    if person is None or person.standing == Standing.LEFT:
        return _left(edges, pages, person)
    if not how:
        return _asked(edges, pages, person, token, slug, missed=True)
    if slug and BUTTON not in posted.fields:
        drop(edges.store, person.id, slug, now, how, network)
        return _dropped(edges, pages, person.id, token, slug)
    # Whoever used their mail program's button expects no mail after it, and their provider none either.
    leave(edges.store, person.id, now, how, network, goodbye=how == _HOW)
    return _left(edges, pages, _person(edges, person.id))


def _how(posted: Posted) -> str:
    """By which button, as the evidence keeps it; empty where none was pressed."""
    if ONE_CLICK in posted.fields:
        return "one-click"
    return _HOW if BUTTON in posted.fields or ONE_FEED in posted.fields else ""


def _stay(edges: SiteEdges, pages: Pages, person: SubscriberRecord, network: str) -> Response:
    now = edges.clock()
    if person.standing == Standing.LEFT:
        zones = Zones(edges.settings.timezone)
        stay(edges.store, person.id, lambda wish: next_occasion(zones.living(wish), now), now, _HOW, network)
    back = _person(edges, person.id)
    if back is None or back.standing == Standing.LEFT:
        return _left(edges, pages, back, too_late=True)
    return _speaking(pages, back).page(
        "stayed",
        headers=PERSONAL,
        address=masked(back.email),
        standing=back.standing,
        next_digest=next_digest(back, now, _speaking(pages, back).language),
        preferences_path=f"/preferences/{edges.tokens.make(Purpose.PREFERENCES, back.id)}",
    )


def _asked(
    edges: SiteEdges, pages: Pages, person: SubscriberRecord, token: str, slug: str, *, missed: bool = False
) -> Response:
    """The button to leave: one feed, where the link names one that the reader has; otherwise all."""
    status, headers = 400 if missed else 200, PERSONAL
    feed = _feed(edges, person, slug)
    if slug and feed is None:
        return _dropped(edges, pages, person.id, token, slug)
    return _speaking(pages, person).page(
        "unsubscribe",
        status,
        headers,
        address=masked(person.email),
        feed=feed,
        button=ONE_FEED if feed else BUTTON,
        missed=missed,
        preferences_path=f"/preferences/{edges.tokens.make(Purpose.PREFERENCES, person.id)}",
    )


def _left(edges: SiteEdges, pages: Pages, person: SubscriberRecord | None, *, too_late: bool = False) -> Response:
    """That they have left; for a while with a button that takes it back."""
    if person is None:
        return pages.page("left", headers=PERSONAL, address="", button=None, minutes=0, too_late=False)
    back = not too_late and may_stay(edges.store, person.id, edges.clock())
    return _speaking(pages, person).page(
        "left",
        409 if too_late else 200,
        PERSONAL,
        address=masked(person.email),
        button=STAY if back else None,
        minutes=int(UNDO.total_seconds()) // 60,
        too_late=too_late,
    )


def _dropped(edges: SiteEdges, pages: Pages, subscriber_id: int, token: str, slug: str) -> Response:
    """That one feed is not theirs any more, and what is left."""
    person = _person(edges, subscriber_id)
    if person is None:
        return _left(edges, pages, None)
    named = next((feed for feed in feeds(edges.store) if feed.slug == slug), None)
    return _speaking(pages, person).page(
        "dropped",
        headers=PERSONAL,
        address=masked(person.email),
        feed=named,
        left=len(person.feeds),
        preferences_path=f"/preferences/{edges.tokens.make(Purpose.PREFERENCES, person.id)}",
        unsubscribe_path=f"/unsubscribe/{token}",
    )


def _feed(edges: SiteEdges, person: SubscriberRecord, slug: str) -> FeedRecord | None:
    """The feed of that slug, if it is one of theirs."""
    return next((one for one in feeds(edges.store) if one.slug == slug and slug in person.feeds), None)


def _person(edges: SiteEdges, subscriber_id: int) -> SubscriberRecord | None:
    """The subscriber; None where an erased person's link is used, which is as good as having left."""
    try:
        return subscriber_by_id(edges.store, subscriber_id)
    except UnknownError:
        return None


def _speaking(pages: Pages, person: SubscriberRecord) -> Pages:
    """The pages in the language of the person's mails, unless they chose another one."""
    return pages if pages.site.chosen else pages.spoken(person.language)
