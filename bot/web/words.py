"""Times and people, in words for a page."""

from __future__ import annotations

from datetime import date, datetime

from bot.digests.cadence import next_occasion
from bot.models.subscribers import WEEKDAYS, Standing
from bot.render.plain import plain
from bot.render.wording import MONTHS, zone_named
from bot.store.subscribers import SubscriberRecord


def day_in_words(day: date) -> str:
    """`Tuesday 24 November 2026`."""
    return f"{WEEKDAYS[day.weekday()].capitalize()} {day.day} {MONTHS[day.month - 1]} {day.year}"


def moment_in_words(moment: datetime, timezone: str) -> str:
    """`Tuesday 24 November 2026, 07:00 (Europe/Berlin)`, as the clocks there show it.

    Args:
        moment: aware.
        timezone: an IANA name.
    """
    there = moment.astimezone(zone_named(timezone))
    return f"{day_in_words(there.date())}, {there:%H:%M} ({timezone})"


def next_digest(person: SubscriberRecord, now: datetime) -> str:
    """When the next digest comes, in words; empty where none is due."""
    if person.standing != Standing.ACTIVE or not person.feeds:
        return ""
    due = person.next_due or next_occasion(person.wish, now)
    return "in a moment" if due <= now else moment_in_words(due, person.wish.timezone)


def masked(email: str) -> str:
    """`a…@example.org`: enough to know one's own address by, too little for whom a mail was forwarded to."""
    local, _, domain = plain(email).rpartition("@")
    return f"{local[:1]}…@{domain}"
