"""What belongs to a reader: all that is stored about them, to take along or to have erased."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import Response

from bot.errors import TokenError
from bot.store.erasing import erase
from bot.store.personal import all_about
from bot.store.subscribers import SubscriberRecord
from bot.subscribe.mydata import Tables, as_csv, as_json
from bot.subscribe.tokens import Purpose
from bot.web.edges import Edges, SiteEdges
from bot.web.forms import Form
from bot.web.pages import PERSONAL, READ, SitePages
from bot.web.people import speaking, subscriber_of
from bot.web.words import masked

#: The button.
BUTTON = ("erase", "all")

routes = APIRouter()


@routes.api_route("/preferences/{token}/data.json", methods=READ)
def data_as_json(token: str, edges: Edges) -> Response:
    """All that is stored about the reader; docs/reference/my-data.md says what each name means."""
    return _file(edges, token, "json", "application/json", as_json)


@routes.api_route("/preferences/{token}/data.csv", methods=READ)
def data_as_csv(token: str, edges: Edges) -> Response:
    """The same for spreadsheets."""
    return _file(edges, token, "csv", "text/csv; charset=utf-8", as_csv)


@routes.api_route("/preferences/{token}/erase", methods=READ)
def ask(token: str, edges: Edges, pages: SitePages) -> Response:
    """What erasing means, and one button. Nothing changes: programs that check mails follow every link."""
    return _asking(edges, pages, token, missed=False)


@routes.post("/preferences/{token}/erase")
def forget(token: str, posted: Form, edges: Edges, pages: SitePages) -> Response:
    """The reader is forgotten before this is answered; from then on their links say no more than forged ones."""
    person = _person(edges, token)
    if BUTTON not in posted.fields:
        return _asking(edges, pages, token, missed=True)
    erase(edges.store, person.id, edges.tokens.pseudonyms, edges.clock())
    return speaking(pages, person).page("erased", headers=PERSONAL)


def _asking(edges: SiteEdges, pages: SitePages, token: str, *, missed: bool) -> Response:
    person = _person(edges, token)
    values = {"address": masked(person.email), "token": token, "button": BUTTON, "missed": missed}
    return speaking(pages, person).page("erase", 400 if missed else 200, PERSONAL, **values)


def _file(
    edges: SiteEdges, token: str, kind: str, media_type: str, write: Callable[[Tables, datetime], str]
) -> Response:
    person = _person(edges, token)
    tables = all_about(edges.store, person.id)
    if not tables:
        raise TokenError
    named = {"Content-Disposition": f'attachment; filename="my-data.{kind}"'}
    return Response(write(tables, edges.clock()), media_type=media_type, headers=PERSONAL | named)


def _person(edges: SiteEdges, token: str) -> SubscriberRecord:
    return subscriber_of(edges, edges.tokens.read(Purpose.PREFERENCES, token))
