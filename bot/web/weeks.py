"""The weeks of a feed: ISO weeks of the site's zone, as addresses and windows (ISO 8601)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

_NAME = re.compile(r"([0-9]{4})-W([0-9]{2})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week from Monday to Sunday; the first of a year is the one with its first Thursday."""

    year: int
    number: int

    @property
    def name(self) -> str:
        """`2026-W47`."""
        return f"{self.year}-W{self.number:02}"

    def window(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Its half-open window, aware, by the clocks of a zone."""
        monday = date.fromisocalendar(self.year, self.number, 1)
        return _midnight(monday, zone), _midnight(monday + timedelta(days=7), zone)


def week_of(moment: datetime, zone: tzinfo) -> Week:
    """The week in which a moment lies.

    Args:
        moment: aware.
    """
    year, number, _ = moment.astimezone(zone).isocalendar()
    return Week(year, number)


def week_named(name: str) -> Week | None:
    """The week of that name; None where there is none."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        # Its Sunday is a day as well, or there would be no window.
        date.fromisocalendar(int(found[1]), int(found[2]), 7) + timedelta(days=2)
    except (ValueError, OverflowError):
        return None
    return Week(int(found[1]), int(found[2]))


def weeks_with(moments: Iterable[datetime], zone: tzinfo) -> dict[Week, int]:
    """The weeks in which any of some moments lie, and how many do, the last week first."""
    counts = Counter(week_of(moment, zone) for moment in moments)
    return dict(sorted(counts.items(), reverse=True))


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)
