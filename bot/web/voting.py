"""Votes: "more like this" and "not for me", by one button on a page that a link in the digest opens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

from bot.errors import TokenError
from bot.models.papers import PaperRecord
from bot.models.subscribers import Standing
from bot.store.papers import papers
from bot.store.subscribers import SubscriberRecord, subscriber_by_id
from bot.store.votes import cast, take_back, vote_on
from bot.web.edges import Edges, SiteEdges
from bot.web.forms import Form
from bot.web.pages import PERSONAL, READ, Pages, SitePages
from bot.web.people import speaking, subscriber_of
from bot.web.views import PaperView, headline_view
from bot.web.words import masked

#: The field of every button here.
FIELD = "vote"
#: What takes a vote back.
BACK = "back"
#: By the word in the link's path: whether it is a vote for more like this.
WAYS = {"more": True, "less": False}

_PAPER_ID = re.compile(r"[1-9][0-9]{0,18}")
#: What no number in a database exceeds.
_LARGEST = 2**63 - 1

routes = APIRouter()


@dataclass(frozen=True, slots=True)
class VoteView:
    """What the template of the page sees."""

    paper: PaperView
    #: `more` or `less`: what the link is for.
    way: str
    #: The vote that stands: `more`, `less`, or empty.
    stands: str
    #: Whether anything is learned from votes.
    learns: bool
    #: Name and value of the one button.
    button: tuple[str, str]
    #: What became of the form: empty, `kept`, `back` or `missed`.
    outcome: str = ""


@routes.api_route("/vote/{token}/{paper_id}/{way}", methods=READ)
def ask(token: str, paper_id: str, way: str, edges: Edges, pages: SitePages) -> Response:
    """The paper, what a vote does, and one button. Nothing changes: programs that check mails follow every link."""
    person, paper = _named(edges, token, paper_id, way)
    return _page(edges, pages, person, paper, way)


@routes.post("/vote/{token}/{paper_id}/{way}")
def vote(token: str, paper_id: str, way: str, posted: Form, edges: Edges, pages: SitePages) -> Response:
    """The vote kept in place of an earlier one, or taken back."""
    person, paper = _named(edges, token, paper_id, way)
    if (FIELD, way) in posted.fields:
        if not cast(edges.store, person.id, paper.id, liked=WAYS[way], now=edges.clock()):
            # Learning was switched off, or the reader has left; the page says which.
            return _page(edges, pages, subscriber_by_id(edges.store, person.id), paper, way, status=409)
        return _page(edges, pages, person, paper, way, outcome="kept")
    if (FIELD, BACK) in posted.fields:
        take_back(edges.store, person.id, paper.id)
        return _page(edges, pages, person, paper, way, outcome="back")
    return _page(edges, pages, person, paper, way, outcome="missed", status=400)


def _named(edges: SiteEdges, token: str, paper_id: str, way: str) -> tuple[SubscriberRecord, PaperRecord]:
    """Whom the token names, and the paper of that number.

    Raises:
        TokenError: it is not right, or one of the two is not there.
    """
    if way not in WAYS:
        raise HTTPException(404)
    person = subscriber_of(edges, edges.tokens.read_vote(token))
    number = int(paper_id) if _PAPER_ID.fullmatch(paper_id) else 0
    paper = papers(edges.store, [number]).get(number) if 0 < number <= _LARGEST else None
    if paper is None:
        raise TokenError
    return person, paper


def _page(
    edges: SiteEdges,
    pages: Pages,
    person: SubscriberRecord,
    paper: PaperRecord,
    way: str,
    outcome: str = "",
    status: int = 200,
) -> Response:
    pages = speaking(pages, person)
    if person.standing == Standing.LEFT:
        return pages.page("gone", status, PERSONAL, address=masked(person.email))
    liked = vote_on(edges.store, person.id, paper.id)
    stands = "" if liked is None else "more" if liked else "less"
    view = VoteView(
        paper=headline_view(paper, pages.site.language),
        way=way,
        stands=stands,
        learns=person.learns,
        button=(FIELD, BACK if stands == way else way),
        outcome=outcome,
    )
    name = "vote" if person.learns or stands == way else "vote_off"
    return pages.page(name, status, PERSONAL, vote=view)
