"""Times and people, in words for a page."""

from __future__ import annotations

from datetime import datetime

from bot.digests.cadence import next_occasion
from bot.models.subscribers import Standing
from bot.render.languages import Language, language
from bot.render.occasions import moment
from bot.render.plain import plain
from bot.store.subscribers import SubscriberRecord

_SOURCE = language("")


def next_digest(person: SubscriberRecord, now: datetime, spoken: Language = _SOURCE) -> str:
    """When the next digest comes, in words; empty where none is due."""
    if person.standing != Standing.ACTIVE or not person.feeds:
        return ""
    due = person.next_due or next_occasion(person.wish, now)
    return spoken.gettext("in a moment") if due <= now else moment(due, person.wish.timezone, spoken)


def masked(email: str) -> str:
    """`a…@example.org`: enough to know one's own address by, too little for whom a mail was forwarded to."""
    local, _, domain = plain(email).rpartition("@")
    return f"{local[:1]}…@{domain}"
