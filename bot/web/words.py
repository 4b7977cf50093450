"""Times and people, in words for a page."""

from __future__ import annotations

from datetime import datetime

from babel.dates import format_time

from bot.digests.cadence import next_occasion
from bot.models.subscribers import Standing
from bot.render.languages import Language, language
from bot.render.plain import plain
from bot.render.wording import zone_named
from bot.store.subscribers import SubscriberRecord

_SOURCE = language("")


def moment_in_words(moment: datetime, timezone: str, spoken: Language = _SOURCE) -> str:
    """`Tuesday 24 November 2026, 07:00 (Europe/Berlin)`, as the clocks there show it.

    Args:
        moment: aware.
        timezone: an IANA name.
        spoken: the page's language.
    """
    there = moment.astimezone(zone_named(timezone))
    time = format_time(there.time(), "short", locale=spoken.locale)
    return f"{spoken.weekday(there.date())}{'،' if spoken.direction == 'rtl' else ','} {time} ({timezone})"


def next_digest(person: SubscriberRecord, now: datetime, spoken: Language = _SOURCE) -> str:
    """When the next digest comes, in words; empty where none is due."""
    if person.standing != Standing.ACTIVE or not person.feeds:
        return ""
    due = person.next_due or next_occasion(person.wish, now)
    return spoken.gettext("in a moment") if due <= now else moment_in_words(due, person.wish.timezone, spoken)


def masked(email: str) -> str:
    """`a…@example.org`: enough to know one's own address by, too little for whom a mail was forwarded to."""
    local, _, domain = plain(email).rpartition("@")
    return f"{local[:1]}…@{domain}"
