"""Preferences: which feeds, when, how many papers, and votes; a link in each mail opens them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import APIRouter
from fastapi.responses import Response

from bot.digests.cadence import next_occasion
from bot.models.feeds import FeedRecord
from bot.models.subscribers import WEEKDAYS, Cadence, Standing
from bot.store.choosing import choose
from bot.store.feeds import feeds
from bot.store.subscribers import SubscriberRecord, subscriber_by_id
from bot.subscribe.tokens import Purpose
from bot.subscribe.wishes import PAPERS_LIMIT
from bot.web.choices import FEEDS_FIELD, Choices, posted_choices, read_choices, stored_choices, to_mend, zone_names
from bot.web.edges import Edges, SiteEdges
from bot.web.forms import Form
from bot.web.learning import LearningView, learning_view, press
from bot.web.pages import PERSONAL, READ, Pages, SitePages
from bot.web.people import subscriber_of
from bot.web.words import masked, next_digest

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
    pause_path: str
    learning: LearningView
    #: By field, in words.
    problems: dict[str, str]
    #: What became of a form: empty, `saved`, `wrong`, `missed`, `learning on`, `learning off` or `erased`.
    outcome: str = ""
    #: The feed that the link adds to what is ticked, if any.
    added: FeedRecord | None = None
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
def show(token: str, edges: Edges, pages: SitePages, add: str = "") -> Response:
    """The reader's choices, to look at and to change; with a feed ticked in addition, where the link names one."""
    person = _person(edges, token)
    if person.standing == Standing.LEFT:
        return pages.page("gone", headers=PERSONAL, address=masked(person.email))
    stored = stored_choices(person)
    added = next((feed for feed in feeds(edges.store) if feed.slug == add and add not in person.feeds), None)
    if added is None:
        return _form(edges, pages, person, stored)
    return _form(edges, pages, person, replace(stored, feeds=(*stored.feeds, added.slug)), added=added)


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
    return subscriber_of(edges, edges.tokens.read(Purpose.PREFERENCES, token))


def _form(
    edges: SiteEdges,
    pages: Pages,
    person: SubscriberRecord,
    choices: Choices,
    problems: dict[str, str] | None = None,
    outcome: str = "",
    added: FeedRecord | None = None,
) -> Response:
    view = PreferencesView(
        address=masked(person.email),
        standing=person.standing,
        choices=choices,
        feeds=feeds(edges.store),
        next_digest=next_digest(person, edges.clock()),
        unsubscribe_path=f"/unsubscribe/{edges.tokens.make(Purpose.UNSUBSCRIBE, person.id)}",
        pause_path=f"/pause/{edges.tokens.make(Purpose.PAUSE, person.id)}",
        learning=learning_view(edges, person),
        problems=problems or {},
        outcome=outcome,
        added=added,
    )
    status = 400 if outcome in {"wrong", "missed"} else 200
    return pages.page("preferences", status, PERSONAL, form=view)
