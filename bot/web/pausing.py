"""Pausing digests and going on, by one button on a page that a link in each mail opens."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from fastapi.responses import Response

from bot.digests.cadence import next_occasion
from bot.models.subscribers import Standing
from bot.store.choosing import pause, resume
from bot.store.subscribers import SubscriberRecord
from bot.subscribe.tokens import Purpose
from bot.web.edges import Edges, SiteEdges
from bot.web.forms import Form
from bot.web.pages import PERSONAL, READ, Pages, SitePages
from bot.web.people import subscriber_of
from bot.web.words import masked, next_digest

#: The buttons; the page shows the one that fits.
PAUSE = ("digests", "pause")
GO_ON = ("digests", "go-on")

_HOW = "pause page"

routes = APIRouter()


@routes.api_route("/pause/{token}", methods=READ)
def ask(token: str, edges: Edges, pages: SitePages) -> Response:
    """Whether digests are paused, and one button. Nothing changes: programs that check mails follow every link."""
    return _page(edges, pages, _person(edges, token))


@routes.post("/pause/{token}")
def press(token: str, posted: Form, edges: Edges, pages: SitePages) -> Response:
    """Paused, or going on, before this is answered, and however often it is asked."""
    person = _person(edges, token)
    now = edges.clock()
    if PAUSE in posted.fields:
        pause(edges.store, person.id, now, _HOW)
        wanted = Standing.PAUSED
    elif GO_ON in posted.fields:
        resume(edges.store, person.id, partial(next_occasion, after=now), now, _HOW)
        wanted = Standing.ACTIVE
    else:
        return _page(edges, pages, person, "missed", 400)
    # Read anew: what the page says has to be what is stored.
    person = subscriber_of(edges, person.id)
    # Neither is for whoever has left or has yet to confirm; the page says which.
    return _page(edges, pages, person, "done") if person.standing == wanted else _page(edges, pages, person, status=409)


def _person(edges: SiteEdges, token: str) -> SubscriberRecord:
    return subscriber_of(edges, edges.tokens.read(Purpose.PAUSE, token))


def _page(edges: SiteEdges, pages: Pages, person: SubscriberRecord, outcome: str = "", status: int = 200) -> Response:
    """The page.

    Args:
        outcome: what became of the form: empty, `done` or `missed`.
    """
    if person.standing == Standing.LEFT:
        return pages.page("gone", status, PERSONAL, address=masked(person.email))
    return pages.page(
        "pause",
        status,
        PERSONAL,
        address=masked(person.email),
        standing=person.standing,
        button=GO_ON if person.standing == Standing.PAUSED else PAUSE,
        next_digest=next_digest(person, edges.clock()),
        outcome=outcome,
    )
