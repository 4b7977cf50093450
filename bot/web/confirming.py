"""The page that a confirmation's link opens: one button, and what it has done."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bot.digests.cadence import next_occasion
from bot.errors import TokenError
from bot.models.feeds import FeedRecord
from bot.render.languages import Language
from bot.store import confirming
from bot.store.confirming import Step
from bot.store.feeds import feeds
from bot.subscribe.tokens import Purpose
from bot.web.edges import Edges, SiteEdges
from bot.web.forms import Form
from bot.web.joining import caller
from bot.web.pages import PERSONAL, READ, Pages, SitePages
from bot.web.people import subscriber_of
from bot.web.words import masked, next_digest

BUTTON = ("confirm", "yes")

routes = APIRouter()


@routes.api_route("/confirm/{token}", methods=READ)
def ask(token: str, edges: Edges, pages: SitePages) -> Response:
    """What was asked for, and one button. Nothing changes: programs that check mails follow every link in them."""
    return _page(edges, pages, _looked_at(edges, token))


@routes.post("/confirm/{token}")
def press(token: str, request: Request, posted: Form, edges: Edges, pages: SitePages) -> Response:
    """Digests have begun before this is answered; pressed again, nothing more happens."""
    looked_at = _looked_at(edges, token)
    if BUTTON not in posted.fields:
        return _page(edges, pages, looked_at, missed=True)
    spoken = _pages(pages, looked_at)
    now = edges.clock()
    done = confirming.confirm(
        edges.store,
        edges.tokens.read(Purpose.CONFIRM, token),
        next_due=partial(next_occasion, after=now),
        pseudonyms=edges.tokens.pseudonyms,
        how="confirm page",
        wording=_button(looked_at.step, spoken.language),
        network=caller(request, edges),
        now=now,
    )
    if done is None:
        raise TokenError
    if done.step is Step.DONE:
        return _page(edges, pages, done)
    person = subscriber_of(edges, done.subscriber_id)
    return spoken.page(
        "welcome",
        headers=PERSONAL,
        step=done.step,
        address=masked(person.email),
        feeds=_named(edges, done.feeds if done.step is Step.ADD else person.feeds),
        next_digest=next_digest(person, now, spoken.language),
        preferences_path=f"/preferences/{edges.tokens.make(Purpose.PREFERENCES, person.id)}",
    )


def _looked_at(edges: SiteEdges, token: str) -> confirming.Request:
    """What the link is about.

    Raises:
        TokenError: always the same, whether it is forged, too old, or not to be had any more.
    """
    found = confirming.look(edges.store, edges.tokens.read(Purpose.CONFIRM, token), edges.clock())
    if found is None:
        raise TokenError
    return found


def _page(edges: SiteEdges, pages: Pages, request: confirming.Request, *, missed: bool = False) -> Response:
    spoken = _pages(pages, request)
    address = masked(request.email)
    if request.step is Step.DONE:
        return spoken.page("confirmed", headers=PERSONAL, address=address)
    return spoken.page(
        "confirm",
        400 if missed else 200,
        PERSONAL,
        step=request.step,
        address=address,
        feeds=_named(edges, request.feeds),
        button=BUTTON,
        label=_button(request.step, spoken.language),
        missed=missed,
    )


def _pages(pages: Pages, request: confirming.Request) -> Pages:
    """The pages in the language of the mail that brought the reader here, unless they chose another one."""
    return pages if pages.site.chosen else pages.spoken(request.language)


def _button(step: Step, spoken: Language) -> str:
    """The words on the button, which are what is agreed to."""
    return spoken.gettext("Yes, send me digests") if step is Step.BEGIN else spoken.gettext("Add these feeds")


def _named(edges: SiteEdges, slugs: tuple[str, ...]) -> tuple[FeedRecord, ...]:
    known = {feed.slug: feed for feed in feeds(edges.store)}
    return tuple(known[slug] for slug in slugs if slug in known)
