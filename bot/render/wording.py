"""What a digest says of papers and times, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from bot.models.papers import Author
from bot.render.plain import plain

#: Never from the system's locale, which differs from machine to machine.
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_AUTHOR_LENGTH = 80
#: Feeds that the summary names; the others are counted.
_NAMED = 4


def count(number: int, one: str, many: str = "") -> str:
    """`1 paper`, `7 papers`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listing(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part) if words else ""


def zone_named(name: str) -> tzinfo:
    """The zone of that IANA name; UTC where there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def date_label(published: str) -> str:
    """`23 November 2026`, `November 2026` or `2026`, as precise as `published` is; empty where it is no date."""
    year, _, rest = published.partition("-")
    month, _, day = rest.partition("-")
    if not (len(year) == 4 and year.isdecimal() and year.isascii()):
        return ""
    if not (month.isdecimal() and 1 <= int(month) <= 12):
        return year
    if not (day.isdecimal() and 1 <= int(day) <= 31):
        return f"{MONTHS[int(month) - 1]} {year}"
    return f"{int(day)} {MONTHS[int(month) - 1]} {year}"


def period_label(start: datetime, end: datetime, zone: tzinfo) -> str:
    """The days that the half-open window touches: `2–9 November 2026`.

    Args:
        start: aware.
        end: aware, not within the window.
        zone: whose days they are.
    """
    first = start.astimezone(zone).date()
    last = max(first, (end - timedelta(microseconds=1)).astimezone(zone).date())
    whole = f"{last.day} {MONTHS[last.month - 1]} {last.year}"
    if first == last:
        return whole
    if first.year != last.year:
        return f"{first.day} {MONTHS[first.month - 1]} {first.year} – {whole}"
    if first.month != last.month:
        return f"{first.day} {MONTHS[first.month - 1]} – {whole}"
    return f"{first.day}–{whole}"


def author_name(author: Author) -> str:
    """`Curie MS`, as the life sciences write names; initials are made from given names where there are none."""
    initials = author.initials or "".join(word[0] for word in author.given.replace("-", " ").split())
    # Scripts without capitals have no initials.
    given = initials if initials.lower() != initials.upper() else author.given
    return plain(f"{author.family} {given}", _AUTHOR_LENGTH)


def author_line(authors: Sequence[Author]) -> str:
    """The first three authors, the last, and how many more: `Curie M, Joliot F, Perrin J … Langevin P, and 12 more`."""
    names = [name for name in map(author_name, authors) if name]
    if len(names) <= 5:
        return ", ".join(names)
    return f"{', '.join(names[:3])} … {names[-1]}, and {len(names) - 4} more"


def summary(sections: Sequence[tuple[str, int]], more: int = 0) -> str:
    """A sentence that says what is inside: `4 on Chronic fatigue syndrome and 3 on Microbicides.`

    Args:
        sections: each feed's name and the number of its papers that are shown.
        more: papers that only the web has.
    """
    shown = [(name, papers) for name, papers in sections if papers]
    total = sum(papers for _, papers in shown)
    if len(shown) == 1:
        inside = f"{'It is' if total == 1 else 'All'} on {shown[0][0]}."
    elif len(shown) <= _NAMED + 1:
        inside = listing([f"{papers} on {name}" for name, papers in shown]) + "." if shown else ""
    else:
        rest = sum(papers for _, papers in shown[_NAMED:])
        named = ", ".join(f"{papers} on {name}" for name, papers in shown[:_NAMED])
        inside = f"{named}, and {rest} in {count(len(shown) - _NAMED, 'other feed')}."
    also = f"{more:,} more {'is' if more == 1 else 'are'} on the web." if more else ""
    return " ".join(part for part in (inside, also) if part)
