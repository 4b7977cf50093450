"""A reader's choices: as the form shows them, and as what is written in it is read."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar

from bot.errors import WishError
from bot.models.subscribers import WEEKDAYS, Wish
from bot.render.languages import SPOKEN, Language, language
from bot.render.plain import plain
from bot.store.subscribers import SubscriberRecord
from bot.subscribe.wishes import (
    PAPERS_LIMIT,
    read_cadence,
    read_hour,
    read_max_papers,
    read_timezone,
    read_weekday,
)
from bot.web.forms import Posted

#: Areas of the zone database that name places; the others are older spellings of the same.
_AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
#: Many boxes of one name: the brackets say so to programs that check pages.
FEEDS_FIELD = "feed[]"
#: What the name of a feed's own limit begins with; its slug follows.
LIMIT_FIELD = "most-"
#: The buttons that move a feed; their value is its slug.
UP, DOWN = "up", "down"
_VALUE_LENGTH = 60
_SUGGESTED = re.compile(r"did you mean '([^']+)'")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choices:
    """What the form's fields hold, as text."""

    #: Slugs, in the order of the digest's sections.
    feeds: tuple[str, ...]
    cadence: str
    weekday: str
    hour: str
    timezone: str
    max_papers: str
    language: str
    #: By slug; empty for no limit.
    limits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Choices that were read and found right."""

    #: Slugs, in the order of the digest's sections.
    feeds: tuple[str, ...]
    wish: Wish
    max_papers: int
    #: BCP 47.
    language: str
    #: By slug, where there is one.
    caps: Mapping[str, int]


def stored_choices(person: SubscriberRecord) -> Choices:
    """The choices that a subscriber has."""
    wish = person.wish
    return Choices(
        feeds=person.feeds,
        cadence=wish.cadence,
        weekday=WEEKDAYS[wish.weekday],
        hour=str(wish.hour),
        timezone=wish.timezone,
        max_papers=str(person.max_papers),
        language=language(person.language).code,
        limits={slug: str(most) for slug, most in person.caps.items()},
    )


def posted_choices(posted: Posted, stored: Choices) -> Choices:
    """The choices that a form holds; feeds stand in the order of its boxes.

    Args:
        stored: what holds where a form has no such field.
    """
    names = {name for name, _ in posted.fields}

    def value(name: str) -> str:
        return plain(posted.one(name), _VALUE_LENGTH)

    return Choices(
        feeds=tuple(dict.fromkeys(posted.every(FEEDS_FIELD))),
        cadence=value("cadence"),
        weekday=value("weekday"),
        hour=value("hour"),
        timezone=value("timezone"),
        max_papers=value("max_papers"),
        language=value("language") if "language" in names else stored.language,
        limits={name.removeprefix(LIMIT_FIELD): value(name) for name in names if name.startswith(LIMIT_FIELD)},
    )


def moved(written: Choices, posted: Posted) -> Choices | None:
    """The choices with a feed moved by one place, if a button to move one was pressed; None otherwise."""
    for name, by in ((UP, -1), (DOWN, 1)):
        slug = posted.one(name)
        if slug in written.feeds:
            order = list(written.feeds)
            at = order.index(slug)
            to = min(max(at + by, 0), len(order) - 1)
            order.insert(to, order.pop(at))
            return replace(written, feeds=tuple(order))
    return None


def read_choices(
    choices: Choices, offered: Sequence[str], stored_language: str, spoken: Language
) -> Chosen | dict[str, str]:
    """The choices, or what is wrong with which field, in words for the reader.

    Args:
        choices: what the form holds.
        offered: slugs of the feeds that can be chosen.
        stored_language: the reader's own, which stays where another that is spoken here is not chosen in its place.
        spoken: the page's language.
    """
    problems: dict[str, str] = {}

    def read(reader: Callable[[str], T], name: str, text: str, mend: str) -> T | None:
        try:
            return reader(text)
        except WishError as error:
            if near := _SUGGESTED.search(str(error)):
                mend = spoken.text("Did you mean %(value)s?", value=near[1])
            begin = (
                spoken.text("“%(value)s” cannot be used.", value=text) if text else spoken.gettext("This is missing.")
            )
            problems[name] = f"{begin} {mend}"
            return None

    choose = spoken.gettext("Choose one from the list.")
    number = spoken.text("Write a number from 1 to %(most)s.", most=spoken.number(PAPERS_LIMIT))
    town = spoken.gettext("Begin to type the name of a large city near you, and choose it from the list.")
    cadence = read(read_cadence, "cadence", choices.cadence, choose)
    weekday = read(read_weekday, "weekday", choices.weekday, choose)
    hour = read(read_hour, "hour", choices.hour, choose)
    timezone = read(read_timezone, "timezone", choices.timezone, town)
    max_papers = read(read_max_papers, "max_papers", choices.max_papers, number)
    caps = {
        slug: most
        for slug, text in choices.limits.items()
        if text and slug in choices.feeds and (most := read(read_max_papers, LIMIT_FIELD + slug, text, number))
    }
    if choices.language not in SPOKEN:
        problems["language"] = choose
    if not choices.feeds:
        problems["feeds"] = spoken.gettext("Choose at least one feed.")
    elif not set(choices.feeds) <= set(offered):
        problems["feeds"] = spoken.gettext(
            "A feed that you chose is no longer offered. These are the feeds there are now."
        )
    if problems or cadence is None or weekday is None or hour is None or timezone is None or max_papers is None:
        return problems
    # One that is not spoken here is written to in another; who keeps that keeps their own, for when it is.
    tongue = stored_language if language(stored_language).code == choices.language else choices.language
    return Chosen(choices.feeds, Wish(cadence.value, weekday, hour, timezone), max_papers, tongue, caps)


def to_mend(written: Choices, stored: Choices, problems: dict[str, str]) -> Choices:
    """What the form shows when it comes back: as written, but where a list has no such item, as stored."""
    lists = ("cadence", "weekday", "hour", "language")
    return replace(written, **{name: getattr(stored, name) for name in lists if name in problems})


@cache
def zone_names() -> tuple[str, ...]:
    """The zones to suggest: places by area, and UTC."""
    return (*sorted(name for name in zoneinfo.available_timezones() if name.partition("/")[0] in _AREAS), "UTC")
