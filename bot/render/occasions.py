"""When something comes, in the words of a language: how often, at which moment, and by whose clock."""

from __future__ import annotations

from datetime import datetime, time
from typing import Final

from babel.dates import format_date, format_time, get_timezone_location

from bot.models.subscribers import Cadence, Wish
from bot.render.languages import Language
from bot.render.languages import marked as _
from bot.render.wording import zone_named

# Whole, and not put together from weekdays: in some languages the words around a weekday go by its gender.
_WEEKLY: Final = (
    _("every Monday"),
    _("every Tuesday"),
    _("every Wednesday"),
    _("every Thursday"),
    _("every Friday"),
    _("every Saturday"),
    _("every Sunday"),
)
_MONTHLY: Final = (
    _("on the first Monday of each month"),
    _("on the first Tuesday of each month"),
    _("on the first Wednesday of each month"),
    _("on the first Thursday of each month"),
    _("on the first Friday of each month"),
    _("on the first Saturday of each month"),
    _("on the first Sunday of each month"),
)


def how_often(wish: Wish, language: Language) -> str:
    """`every Monday at 07:00 (Berlin time)`."""
    if wish.cadence == Cadence.DAILY:
        days = language.gettext("every day")
    else:
        days = language.gettext((_MONTHLY if wish.cadence == Cadence.MONTHLY else _WEEKLY)[wish.weekday])
    return _at(days, time(wish.hour), wish.timezone, language)


def moment(when: datetime, timezone: str, language: Language) -> str:
    """`Monday, 16 November 2026 at 07:00 (Berlin time)`, as the clocks there show it.

    Args:
        when: aware.
        timezone: an IANA name.
        language: whose words and order they are.
    """
    there = when.astimezone(zone_named(timezone))
    day = str(format_date(there.date(), "full", locale=language.locale))
    return _at(day, there.time(), timezone, language)


def stamp(when: datetime, timezone: str, language: Language) -> str:
    """`Mon 2026-11-16 07:00 CET`, for admins, who compare it with logs.

    Args:
        when: aware.
        timezone: an IANA name.
        language: which the weekday is in.
    """
    there = when.astimezone(zone_named(timezone))
    weekday = format_date(there.date(), "EEE", locale=language.locale)
    figures = f"{there:%Y-%m-%d %H:%M %Z}"
    # Isolated (UAX #9), or its parts would change places among words that run from right to left.
    return f"{weekday} \u2066{figures}\u2069" if language.direction == "rtl" else f"{weekday} {figures}"


def _at(days: str, clock: time, timezone: str, language: Language) -> str:
    shown = str(format_time(clock, "short", locale=language.locale))
    return language.text("%(days)s at %(time)s (%(clock)s)", days=days, time=shown, clock=_clock(timezone, language))


def _clock(timezone: str, language: Language) -> str:
    """`Berlin time`; `UTC`."""
    zone = zone_named(timezone)
    name = str(zone)
    if "/" not in name or name.startswith("Etc/"):
        return name.removeprefix("Etc/")
    place = str(get_timezone_location(name, locale=language.locale, return_city=True))
    return language.text("%(place)s time", place=place)
