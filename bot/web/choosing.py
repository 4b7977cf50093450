"""Preferences: which feeds, in which order, when, how many papers, and votes; a link in each mail opens them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bot.digests.cadence import next_occasion
from bot.models.choices import Change
from bot.models.feeds import FeedRecord
from bot.models.subscribers import WEEKDAYS, Cadence, Standing
from bot.render.languages import marked as _
from bot.store.choosing import choose
from bot.store.feeds import feeds
from bot.store.subscribers import SubscriberRecord, subscriber_by_id
from bot.subscribe.tokens import Purpose
from bot.subscribe.wishes import PAPERS_LIMIT
from bot.web.choices import (
    DOWN,
    FEEDS_FIELD,
    LIMIT_FIELD,
    UP,
    Choices,
    moved,
    posted_choices,
    read_choices,
    stored_choices,
    to_mend,
    zone_names,
)
from bot.web.edges import Edges, SiteEdges
from bot.web.forms import Form, Posted
from bot.web.guard import SCRIPTED
from bot.web.joining import caller
from bot.web.learning import LearningView, learning_view, press
from bot.web.pages import PERSONAL, READ, Pages, SitePages
from bot.web.people import speaking, subscriber_of
from bot.web.told import after_pause, awake, rests_until, told_changes
from bot.web.words import masked, next_digest

#: The form's button.
BUTTON = ("save", "yes")
#: So many feeds are described on the page; of more, their names have to do, or the page would grow past all bounds.
DESCRIBED: Final = 80

_CADENCES = (
    (Cadence.DAILY.value, _("Every day")),
    (Cadence.WEEKLY.value, _("Every week")),
    (Cadence.MONTHLY.value, _("Every month")),
)
_LABELS = (
    ("feeds", _("Feeds")),
    ("cadence", _("How often")),
    ("weekday", _("Day")),
    ("hour", _("Hour")),
    ("timezone", _("Time zone")),
    ("max_papers", _("Papers in one digest")),
    ("language", _("Language")),
)

routes = APIRouter()


@dataclass(frozen=True, slots=True)
class PreferencesView:
    """What the template of the form sees."""

    address: str
    #: `active`, `paused` or `pending`.
    standing: str
    choices: Choices
    #: Ticked, in the order of the digest's sections.
    mine: tuple[FeedRecord, ...]
    #: The others, by field.
    others: tuple[tuple[str, tuple[FeedRecord, ...]], ...]
    #: The next digest in words; empty where none is due.
    next_digest: str
    #: When a pause ends, and the digest after it, in words; empty where that is not known.
    until: str
    after: str
    token: str
    unsubscribe_path: str
    pause_path: str
    learning: LearningView
    weekdays: tuple[tuple[str, str], ...]
    hours: tuple[tuple[str, str], ...]
    #: By field, in words.
    problems: dict[str, str]
    #: Fields that have one, with what they are called.
    wrong: tuple[tuple[str, str], ...]
    #: What became of a form: empty, `saved`, `same`, `moved`, `wrong`, `missed`, `learning on` or `off`, `erased`.
    outcome: str = ""
    #: What has changed, in words.
    changed: tuple[str, ...] = ()
    #: The feed that was moved, and by which button.
    moved: tuple[str, str] = ("", "")
    #: The feed that the link adds to what is ticked, if any.
    added: FeedRecord | None = None
    described: bool = True
    cadences: tuple[tuple[str, str], ...] = _CADENCES
    papers_limit: int = PAPERS_LIMIT
    feeds_field: str = FEEDS_FIELD
    limit_field: str = LIMIT_FIELD
    button: tuple[str, str] = BUTTON

    @property
    def zones(self) -> tuple[str, ...]:
        """What the field for the zone suggests."""
        return zone_names()


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of a form."""

    outcome: str = ""
    problems: dict[str, str] | None = None
    changed: Sequence[Change] = ()
    moved: tuple[str, str] = ("", "")
    added: FeedRecord | None = None


@routes.api_route("/preferences/{token}", methods=READ)
def show(token: str, edges: Edges, pages: SitePages, add: str = "") -> Response:
    """The reader's choices, to look at and to change; with a feed ticked in addition, where the link names one."""
    person = _person(edges, token)
    pages = speaking(pages, person)
    if person.standing == Standing.LEFT:
        return pages.page("gone", headers=PERSONAL, address=masked(person.email))
    stored = stored_choices(person)
    added = next((feed for feed in feeds(edges.store) if feed.slug == add and add not in person.feeds), None)
    if added is not None:
        stored = replace(stored, feeds=(*stored.feeds, added.slug))
    return _form(edges, pages, token, person, stored, _Done(added=added))


@routes.post("/preferences/{token}")
def save(request: Request, token: str, posted: Form, edges: Edges, pages: SitePages) -> Response:
    """All choices written at once, or none and what is wrong with them."""
    person = _person(edges, token)
    speaks = speaking(pages, person)
    if person.standing == Standing.LEFT:
        return speaks.page("gone", 409, PERSONAL, address=masked(person.email))
    stored = stored_choices(person)
    written = posted_choices(posted, stored)
    if BUTTON not in posted.fields:
        return _beside(edges, speaks, token, person, posted, written, caller(request, edges))
    offered = [feed.slug for feed in feeds(edges.store)]
    chosen = read_choices(written, offered, person.language, speaks.language)
    if isinstance(chosen, dict):
        return _form(edges, speaks, token, person, to_mend(written, stored, chosen), _Done("wrong", chosen))
    now = edges.clock()
    changed = choose(
        edges.store,
        person.id,
        feeds=chosen.feeds,
        wish=chosen.wish,
        max_papers=chosen.max_papers,
        language=chosen.language,
        caps=chosen.caps,
        next_due=next_occasion(chosen.wish, now),
        now=now,
        how="preferences page",
        network=caller(request, edges),
        letter=True,
    )
    if changed is None:
        return speaks.page("gone", 409, PERSONAL, address=masked(person.email))
    # Read anew: what the page says has to be what is stored.
    person = subscriber_by_id(edges.store, person.id)
    said = _Done("saved" if changed else "same", changed=changed)
    return _form(edges, speaking(pages, person), token, person, stored_choices(person), said)


def _beside(
    edges: SiteEdges,
    pages: Pages,
    token: str,
    person: SubscriberRecord,
    posted: Posted,
    written: Choices,
    network: str,
) -> Response:
    """What the buttons do that do not save the choices: those about votes, and those that move a feed."""
    if done := press(edges, person, posted, network):
        person = subscriber_by_id(edges.store, person.id)
        return _form(edges, pages, token, person, stored_choices(person), _Done(done))
    if (other := moved(written, posted)) is not None:
        pressed = next(field for field in posted.fields if field[0] in {UP, DOWN})
        return _form(edges, pages, token, person, other, _Done("moved", moved=pressed))
    return _form(edges, pages, token, person, stored_choices(person), _Done("missed"))


def _person(edges: SiteEdges, token: str) -> SubscriberRecord:
    return subscriber_of(edges, edges.tokens.read(Purpose.PREFERENCES, token))


def _form(
    edges: SiteEdges, pages: Pages, token: str, person: SubscriberRecord, choices: Choices, done: _Done
) -> Response:
    now, spoken, offered = edges.clock(), pages.language, feeds(edges.store)
    person = awake(person, now)
    by_slug, problems = {feed.slug: feed for feed in offered}, done.problems or {}
    labels = [(name, spoken.gettext(label)) for name, label in _LABELS]
    labels += [(LIMIT_FIELD + slug, feed.name) for slug, feed in by_slug.items()]
    view = PreferencesView(
        address=masked(person.email),
        standing=person.standing,
        choices=choices,
        mine=tuple(by_slug[slug] for slug in choices.feeds if slug in by_slug),
        others=_by_field([feed for feed in offered if feed.slug not in choices.feeds]),
        next_digest=next_digest(person, now, spoken),
        until=rests_until(person, spoken),
        after=after_pause(person, spoken),
        token=token,
        unsubscribe_path=f"/unsubscribe/{edges.tokens.make(Purpose.UNSUBSCRIBE, person.id)}",
        pause_path=f"/pause/{edges.tokens.make(Purpose.PAUSE, person.id)}",
        learning=learning_view(edges, person),
        weekdays=tuple(zip(WEEKDAYS, spoken.weekdays, strict=True)),
        hours=tuple((str(hour), spoken.hour(hour)) for hour in range(24)),
        problems=problems,
        wrong=tuple((name, label) for name, label in labels if name in problems),
        outcome=done.outcome,
        changed=told_changes(done.changed, person, {slug: feed.name for slug, feed in by_slug.items()}, spoken),
        moved=done.moved,
        added=done.added,
        described=len(offered) <= DESCRIBED,
    )
    status = 400 if done.outcome in {"wrong", "missed"} else 200
    return pages.page("preferences", status, PERSONAL | SCRIPTED, form=view)


def _by_field(those: Sequence[FeedRecord]) -> tuple[tuple[str, tuple[FeedRecord, ...]], ...]:
    """Feeds by their fields, in the order of names; those without come last."""
    found: dict[str, list[FeedRecord]] = {}
    for feed in sorted(those, key=lambda one: (not one.field, one.field.casefold(), one.name.casefold())):
        found.setdefault(feed.field, []).append(feed)
    return tuple((name, tuple(some)) for name, some in found.items())
