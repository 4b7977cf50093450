"""A reader's choices: as the form shows them, and as what is written in it is read."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar

from bot.errors import WishError
from bot.models.subscribers import WEEKDAYS, Wish
from bot.render.plain import plain
from bot.store.subscribers import SubscriberRecord
from bot.subscribe.wishes import read_cadence, read_hour, read_max_papers, read_timezone, read_weekday
from bot.web.forms import Posted

#: Areas of the zone database that name places; the others are older spellings of the same.
_AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
#: Many boxes of one name: the brackets say so to programs that check pages.
FEEDS_FIELD = "feed[]"
_VALUE_LENGTH = 60

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choices:
    """What the form's fields hold, as text."""

    feeds: tuple[str, ...]
    cadence: str
    weekday: str
    hour: str
    timezone: str
    max_papers: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """Choices that were read and found right."""

    #: Slugs, in the order of the digest's sections.
    feeds: tuple[str, ...]
    wish: Wish
    max_papers: int


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
    )


def posted_choices(posted: Posted) -> Choices:
    """The choices that a form holds."""

    def field(name: str) -> str:
        return plain(posted.one(name), _VALUE_LENGTH)

    return Choices(
        feeds=tuple(dict.fromkeys(posted.every(FEEDS_FIELD))),
        cadence=field("cadence"),
        weekday=field("weekday"),
        hour=field("hour"),
        timezone=field("timezone"),
        max_papers=field("max_papers"),
    )


def read_choices(choices: Choices, offered: Sequence[str], before: Sequence[str]) -> Chosen | dict[str, str]:
    """The choices, or what is wrong with which field, in words for the reader.

    Args:
        choices: what the form holds.
        offered: slugs of the feeds that can be chosen, in the form's order.
        before: slugs of the feeds that the reader has, in the digest's order, which stays.
    """
    problems: dict[str, str] = {}
    cadence = _read(read_cadence, "cadence", choices.cadence, problems)
    weekday = _read(read_weekday, "weekday", choices.weekday, problems)
    hour = _read(read_hour, "hour", choices.hour, problems)
    timezone = _read(read_timezone, "timezone", choices.timezone, problems)
    max_papers = _read(read_max_papers, "max_papers", choices.max_papers, problems)
    if not choices.feeds:
        problems["feeds"] = "Choose at least one feed."
    elif not set(choices.feeds) <= set(offered):
        problems["feeds"] = "A feed that you chose is no longer offered. These are the feeds there are now."
    if problems or cadence is None or weekday is None or hour is None or timezone is None or max_papers is None:
        return problems
    kept = [slug for slug in before if slug in choices.feeds]
    added = [slug for slug in offered if slug in choices.feeds and slug not in before]
    return Chosen((*kept, *added), Wish(cadence.value, weekday, hour, timezone), max_papers)


def to_mend(written: Choices, stored: Choices, problems: dict[str, str]) -> Choices:
    """What the form shows when it comes back: as written, but where a list has no such item, as stored."""
    return replace(
        written,
        **{name: getattr(stored, name) for name in ("cadence", "weekday", "hour") if name in problems},
    )


@cache
def zone_names() -> tuple[str, ...]:
    """The zones to suggest: places by area, and UTC."""
    return (*sorted(name for name in zoneinfo.available_timezones() if name.partition("/")[0] in _AREAS), "UTC")


def _read(reader: Callable[[str], T], name: str, text: str, problems: dict[str, str]) -> T | None:
    try:
        return reader(text)
    except WishError as error:
        mend = str(error).removeprefix(f"{error.what}: '{error.value}'; ")
        problems[name] = f"“{text}” cannot be used: {mend}." if text else f"This is missing: {mend}."
        return None
