"""Preferences: which feeds, when, how many papers, and votes; a link in each mail opens them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import Response

from bot.digests.cadence import next_occasion
from bot.errors import TokenError, UnknownError
from bot.models.feeds import FeedRecord
from bot.models.subscribers import WEEKDAYS, Cadence, Standing
from bot.store.feeds import feeds
from bot.store.subscribers import SubscriberRecord, choose, subscriber_by_id
from bot.subscribe.tokens import Purpose
from bot.subscribe.wishes import PAPERS_LIMIT
from bot.web.choices import FEEDS_FIELD, Choices, posted_choices, read_choices, stored_choices, to_mend, zone_names
from bot.web.edges import Edges, SiteEdges
from bot.web.forms import Form
from bot.web.learning import LearningView, learning_view, press
from bot.web.pages import PERSONAL, READ, Pages, SitePages
from bot.web.words import masked, moment_in_words

#: The form's button.
BUTTON = ("save", "yes")

_CADENCES = (
    (Cadence.DAILY.value, "Every day"),
    (Cadence.WEEKLY.value, "Every week"),
    (Cadence.MONTHLY.value, "Every month"),
)

routes = APIRouter()


@dataclass(frozen=True, slots=True)
class PreferencesView:
    """What the template of the form sees."""

    address: str
    standing: str
    choices: Choices
    feeds: tuple[FeedRecord, ...]
    #: The next digest in words; empty where none is due.
    next_digest: str
    unsubscribe_path: str
    learning: LearningView
    #: By field, in words.
    problems: dict[str, str]
    #: What became of a form: empty, `saved`, `wrong`, `missed`, `learning on`, `learning off` or `erased`.
    outcome: str = ""
    cadences: tuple[tuple[str, str], ...] = _CADENCES
    weekdays: tuple[str, ...] = WEEKDAYS
    papers_limit: int = PAPERS_LIMIT
    feeds_field: str = FEEDS_FIELD
    button: tuple[str, str] = BUTTON

    @property
    def zones(self) -> tuple[str, ...]:
        """What the field for the zone suggests."""
        return zone_names()


@routes.api_route("/preferences/{token}", methods=READ)
def show(token: str, edges: Edges, pages: SitePages) -> Response:
    """The reader's choices, to look at and to change."""
    person = _person(edges, token)
    if person.standing == Standing.LEFT:
        return pages.page("gone", headers=PERSONAL, address=masked(person.email))
    return _form(edges, pages, person, stored_choices(person))


@routes.post("/preferences/{token}")
def save(token: str, posted: Form, edges: Edges, pages: SitePages) -> Response:
    """All choices written at once, or none and what is wrong with them."""
    person = _person(edges, token)
    if person.standing == Standing.LEFT:
        return pages.page("gone", 409, PERSONAL, address=masked(person.email))
    if done := press(edges, person, posted):
        person = subscriber_by_id(edges.store, person.id)
        return _form(edges, pages, person, stored_choices(person), outcome=done)
    stored = stored_choices(person)
    if BUTTON not in posted.fields:
        return _form(edges, pages, person, stored, outcome="missed")
    written = posted_choices(posted)
    chosen = read_choices(written, [feed.slug for feed in feeds(edges.store)], person.feeds)
    if isinstance(chosen, dict):
        return _form(edges, pages, person, to_mend(written, stored, chosen), chosen, "wrong")
    now = edges.clock()
    written_down = choose(
        edges.store,
        person.id,
        feeds=chosen.feeds,
        wish=chosen.wish,
        max_papers=chosen.max_papers,
        next_due=next_occasion(chosen.wish, now),
        now=now,
        how="preferences page",
    )
    if not written_down:
        return pages.page("gone", 409, PERSONAL, address=masked(person.email))
    # Read anew: what the page says has to be what is stored.
    person = subscriber_by_id(edges.store, person.id)
    return _form(edges, pages, person, stored_choices(person), outcome="saved")


def _person(edges: SiteEdges, token: str) -> SubscriberRecord:
    try:
        return subscriber_by_id(edges.store, edges.tokens.read(Purpose.PREFERENCES, token))
    except UnknownError as error:
        # The link of somebody erased says no more than a forged one.
        raise TokenError from error


def _form(
    edges: SiteEdges,
    pages: Pages,
    person: SubscriberRecord,
    choices: Choices,
    problems: dict[str, str] | None = None,
    outcome: str = "",
) -> Response:
    view = PreferencesView(
        address=masked(person.email),
        standing=person.standing,
        choices=choices,
        feeds=feeds(edges.store),
        next_digest=_next_digest(person, edges.clock()),
        unsubscribe_path=f"/unsubscribe/{edges.tokens.make(Purpose.UNSUBSCRIBE, person.id)}",
        learning=learning_view(edges, person),
        problems=problems or {},
        outcome=outcome,
    )
    status = 400 if outcome in {"wrong", "missed"} else 200
    return pages.page("preferences", status, PERSONAL, form=view)


def _next_digest(person: SubscriberRecord, now: datetime) -> str:
    """When the next digest comes, in words; empty where none is due."""
    if person.standing != Standing.ACTIVE or not person.feeds:
        return ""
    due = person.next_due or next_occasion(person.wish, now)
    return "in a moment" if due <= now else moment_in_words(due, person.wish.timezone)
