"""What people write when they say how they want their digests, read strictly and told how to mend."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache

from bot.errors import CadenceError, WishError
from bot.models.subscribers import WEEKDAYS, Cadence

#: Papers in one digest at the most: more would be cut by mail readers.
PAPERS_LIMIT = 100

_HOUR = re.compile(r"(\d{1,2})(?:[:.]00?(?::00)?)?\s*(am|pm)?", re.ASCII)
_MINUTES = re.compile(r"(\d{1,2})[:.]\d{1,2}(?::\d{1,2})?\s*(?:am|pm)?", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*")
#: Files of the zone database that are no place on earth: one is this machine's own zone, one says "not set".
_NO_PLACE = frozenset({"localtime", "Factory", "posixrules"})


def read_cadence(text: str) -> Cadence:
    """`daily`, `weekly` or `monthly`, in any capitals.

    Raises:
        CadenceError: it is none of them.
    """
    try:
        return Cadence(text.strip().lower())
    except ValueError:
        raise CadenceError("cadence", text, _mend(text.strip().lower(), tuple(Cadence))) from None


def read_weekday(text: str) -> int:
    """A day of the week, 0 for Monday, from an English name (`Tuesday`, `tue`, `Thurs.`) or an ISO 8601 number, 1 to 7.

    Raises:
        CadenceError: it names no weekday; 0 neither, because half the world's programs mean Sunday by it.
    """
    word = text.strip().lower().removesuffix(".")
    if word in {"1", "2", "3", "4", "5", "6", "7"}:
        return int(word) - 1
    if word.isdecimal():
        raise CadenceError("weekday", text, "numbers go from 1, Monday, to 7, Sunday; or write its name")
    if len(word) >= 3:
        for number, name in enumerate(WEEKDAYS):
            if name.startswith(word):
                return number
    raise CadenceError("weekday", text, _mend(word, WEEKDAYS))


def read_hour(text: str) -> int:
    """An hour of the day, 0 to 23, from `7`, `07`, `07:00`, `7:00:00`, `7 am` or `7pm`.

    Raises:
        CadenceError: it is no full hour of a day.
    """
    word = text.strip().lower().replace("a.m.", "am").replace("p.m.", "pm")
    found = _HOUR.fullmatch(word)
    if found is None:
        whole = _MINUTES.fullmatch(word)
        mend = f"digests go out on the full hour: write {whole[1]}" if whole else "write 0 to 23, or 07:00"
        raise CadenceError("hour", text, mend)
    hour, half = int(found[1]), found[2]
    if half:
        if not 1 <= hour <= 12:
            raise CadenceError("hour", text, f"write 1 to 12 before {half}, or 0 to 23 alone")
        return hour % 12 + (12 if half == "pm" else 0)
    if hour > 23:
        raise CadenceError("hour", text, "midnight is 0" if hour == 24 else "write 0 to 23")
    return hour


def read_timezone(text: str) -> str:
    """An IANA zone name, `Europe/Berlin`, as the zone database spells it; capitals and spaces are forgiven.

    Raises:
        CadenceError: there is no such zone.
    """
    word = re.sub(r"\s+", "_", text.strip()).casefold()
    found = _zones().get(word)
    if found is None:
        raise CadenceError("timezone", text, _zone_mend(word))
    return found


def read_max_papers(text: str) -> int:
    """How many papers one digest may hold, 1 to `PAPERS_LIMIT`.

    Raises:
        WishError: it is no such number.
    """
    word = text.strip()
    if not (word.isascii() and word.isdecimal() and len(word) < 10 and 1 <= int(word) <= PAPERS_LIMIT):
        raise WishError("max_papers", text, f"write a number from 1 to {PAPERS_LIMIT}")
    return int(word)


def read_language(text: str) -> str:
    """A language tag (RFC 5646) in lower case with a capital region: `en`, `pt-BR`; `pt_BR` is read too.

    Raises:
        WishError: it is no language tag.
    """
    word = text.strip().lower().replace("_", "-")
    if _LANGUAGE.fullmatch(word) is None:
        raise WishError("language", text, "write a language tag such as en or pt-BR")
    first, *rest = word.split("-")
    return "-".join([first, *(part.upper() if len(part) == 2 else part for part in rest)])


def suggest(word: str, known: Iterable[str]) -> str:
    """`did you mean 'weekly'?` where something known is close to `word`, else nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.7)
    return f"did you mean '{close[0]}'?" if close else ""


def _mend(word: str, known: tuple[str, ...]) -> str:
    return " ".join(part for part in (suggest(word, known), "known: " + ", ".join(known)) if part)


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in sorted(zoneinfo.available_timezones() - _NO_PLACE)}


def _zone_mend(word: str) -> str:
    city = word.rpartition("/")[2]
    same_city = [name for key, name in _zones().items() if key.rpartition("/")[2] == city]
    if same_city:
        return f"did you mean '{same_city[0]}'?"
    close = get_close_matches(word, _zones(), n=1, cutoff=0.8)
    if close:
        return f"did you mean '{_zones()[close[0]]}'?"
    return "write an IANA name such as Europe/Berlin"
