"""Dates of papers: as precise as a source says, never impossible, never far ahead."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

_MONTHS = {name: at for at, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)}
#: As journals in German, French, Spanish, Portuguese, Italian and Dutch put them where English is prescribed.
_MONTHS |= {
    "mär": 3,
    "mrz": 3,
    "mai": 5,
    "okt": 10,
    "dez": 12,
    "fév": 2,
    "avr": 4,
    "aoû": 8,
    "déc": 12,
    "ene": 1,
    "abr": 4,
}
_MONTHS |= {
    "ago": 8,
    "dic": 12,
    "fev": 2,
    "set": 9,
    "out": 10,
    "gen": 1,
    "mag": 5,
    "giu": 6,
    "lug": 7,
    "ott": 10,
    "mei": 5,
}
_WORDS = re.compile(r"(?<!\d)(\d{1,2})\.?\s+([^\W\d_]{3,10})\.?,?\s+(\d{4})(?!\d)")
_ISO = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?(?![\d])")
_MEDLINE = re.compile(r"(\d{4})(?:\s+([A-Za-z]{3})[a-z]*\.?(?:\s+(\d{1,2}))?)?(.*)", re.DOTALL)

#: Journals date issues ahead of the day they appear, by months; what lies further ahead is a mistake.
AHEAD = timedelta(days=366)
_FIRST_YEAR = 1500


def month_of(text: str) -> int:
    """1 to 12 from `11`, `Nov` or `November`; 0 where it is none (a season, a typing error)."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return int(text) if 1 <= int(text[:9]) <= 12 else 0
    return _MONTHS.get(text[:3].lower(), 0)


@lru_cache(maxsize=4096)
def partial(year: str, month: str, day: str) -> tuple[str, bool]:
    """`2026`, `2026-11` or `2026-11-23`, and whether all that was said is in it; empty where the year is no year.

    A month or day that does not exist is left out with what follows, and the answer is marked as not whole.
    """
    year, month, day = year.strip(), month.strip(), day.strip()
    if not (len(year) == 4 and year.isascii() and year.isdigit() and int(year) >= _FIRST_YEAR):
        return "", False
    if not month:
        return year, not day
    number = month_of(month)
    if not number:
        return year, not month.isdigit()
    if not day:
        return f"{year}-{number:02d}", True
    try:
        return date(int(year), number, int(day)).isoformat(), True
    except ValueError:
        return f"{year}-{number:02d}", False


@lru_cache(maxsize=4096)
def from_medline(text: str) -> tuple[str, bool]:
    """What is certain in a MedlineDate: `1998 Dec-1999 Jan` gives 1998-12, `2000 Spring` gives 2000.

    NLM, "MEDLINE/PubMed XML data elements", MedlineDate: a range stands for its beginning.
    """
    found = _MEDLINE.match(text.strip())
    if not found:
        year = re.search(r"\b(1[5-9]|20)\d\d\b", text)
        return (year[0], True) if year else ("", False)
    month = found[2] if found[2] and month_of(found[2]) else ""
    return partial(found[1], month, (found[3] or "") if month else "")


def from_iso(text: str) -> tuple[str, bool]:
    """The date that ISO 8601 text begins with, as in `partial`."""
    found = _ISO.match(text.strip())
    return partial(found[1], found[2] or "", found[3] or "") if found else ("", False)


def from_words(text: str) -> tuple[str, bool]:
    """The date that is written out somewhere in `text`, `Mi, 30 Juni 2021`, as in `partial`."""
    found = _WORDS.search(text)
    return partial(found[3], found[2], found[1]) if found else ("", False)


@lru_cache(maxsize=4096)
def not_ahead(text: str, today: date, ahead: timedelta = AHEAD) -> tuple[str, bool]:
    """`text`, or `today` where it lies more than `ahead` after it; and whether it was kept."""
    if text <= today.isoformat() or text <= (today + ahead).isoformat():
        return text, True
    return today.isoformat(), False


@lru_cache(maxsize=4096)
def day_of(text: str) -> date | None:
    """The day that a whole ISO date names; None for a partial one."""
    return date.fromisoformat(text) if len(text) == 10 else None
