"""Unsubscribing: by the button of the mail program (RFC 8058), or by the one on the page."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from bot.errors import UnknownError
from bot.models.subscribers import Standing
from bot.store.subscribers import SubscriberRecord, leave, subscriber_by_id
from bot.subscribe.tokens import Purpose
from bot.web.edges import Edges, SiteEdges
from bot.web.forms import Form, Posted
from bot.web.pages import PERSONAL, READ, SitePages
from bot.web.words import masked

#: The whole body of a one-click request, RFC 8058 section 3.1.
ONE_CLICK = ("List-Unsubscribe", "One-Click")
#: The button of the page.
BUTTON = ("leave", "all")

routes = APIRouter()


@routes.api_route("/unsubscribe/{token}", methods=READ)
def ask(token: str, edges: Edges, pages: SitePages) -> Response:
    """One button. Nothing changes: programs that check mails follow every link in them."""
    person = _person(edges, edges.tokens.read(Purpose.UNSUBSCRIBE, token))
    if person is None or person.standing == Standing.LEFT:
        return pages.page("left", headers=PERSONAL, address=_address(person))
    return pages.page("unsubscribe", headers=PERSONAL, address=_address(person), button=BUTTON, missed=False)


@routes.post("/unsubscribe/{token}")
def unsubscribe(token: str, posted: Form, edges: Edges, pages: SitePages) -> Response:
    """The reader has left before this is answered, and however often it is asked."""
    subscriber_id = edges.tokens.read(Purpose.UNSUBSCRIBE, token)
    how = _how(posted)
    person = _person(edges, subscriber_id)
    if not how:
        return pages.page("unsubscribe", 400, PERSONAL, address=_address(person), button=BUTTON, missed=True)
    leave(edges.store, subscriber_id, edges.clock(), how)
    return pages.page("left", headers=PERSONAL, address=_address(person))


def _how(posted: Posted) -> str:
    """By which button, as the evidence keeps it; empty where neither was pressed."""
    if ONE_CLICK in posted.fields:
        return "one-click"
    return "unsubscribe page" if BUTTON in posted.fields else ""


def _person(edges: SiteEdges, subscriber_id: int) -> SubscriberRecord | None:
    """The subscriber; None where an erased person's link is used, which is as good as having left."""
    try:
        return subscriber_by_id(edges.store, subscriber_id)
    except UnknownError:
        return None


def _address(person: SubscriberRecord | None) -> str:
    return masked(person.email) if person else ""
