"""Which column of a file is which of a roster's, whatever the delimiter, order and headers."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.errors import RosterError
from bot.subscribe.tables import DELIMITERS, plain

#: The columns of a roster, in the order they are written.
COLUMNS = ("email", "name", "feeds", "cadence", "weekday", "hour", "timezone", "max_papers", "language")

#: What is read of a file: the columns, and names in two parts.
READ = (*COLUMNS, "first name", "last name")

# A byte order mark stays where the encoding was named outright.
_MARK_AND_SPACE = "\ufeff \t\r\n"

#: Other headers that people give the columns, as `_folded` leaves them.
_ALIASES = {
    "email": ("emailaddress", "mail", "mailaddress"),
    "name": ("fullname", "displayname"),
    "first name": ("firstname", "givenname", "forename"),
    "last name": ("lastname", "surname", "familyname"),
    "feeds": ("feed", "conceptfeeds", "conceptfeed"),
    "cadence": ("frequency",),
    "weekday": ("dayofweek",),
    "hour": (),
    "timezone": ("tz", "zone"),
    "max_papers": ("maxpapers",),
    "language": ("lang", "locale"),
}


@dataclass(frozen=True, slots=True)
class Header:
    """The line of a file that names its columns."""

    delimiter: str
    #: Column of the roster -> place in the file.
    places: dict[str, int]
    titles: tuple[str, ...]
    #: Physical lines up to and with the header.
    lines: int


def find_header(head: list[str], name: str, columns: Mapping[str, str]) -> Header:
    for column in columns:
        if column not in COLUMNS:
            raise RosterError(name, f"no such column: '{column}'; known: {', '.join(COLUMNS)}")
    skipped = 0
    delimiters: tuple[str, ...] = DELIMITERS
    for line in head:
        # Excel's own note of the delimiter.
        note = re.fullmatch(r"\"?sep=([,;|\t])\"?\s*", line, re.IGNORECASE)
        if note:
            delimiters = (note[1],)
        elif line.strip(' \t\r\n,;|"'):
            break
        skipped += 1
    tries = [_header_by(delimiter, head[skipped:], skipped, columns) for delimiter in delimiters]
    best = max(tries, key=lambda header: ("email" in header.places, len(header.places), len(header.titles)))
    _check(best, name, columns)
    return best


def _header_by(delimiter: str, lines: list[str], skipped: int, columns: Mapping[str, str]) -> Header:
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    try:
        titles = tuple(" ".join(plain(cell.strip(_MARK_AND_SPACE)).split()) for cell in next(reader, []))
    except csv.Error:
        titles = ()
    return Header(delimiter, _places(titles, columns), titles, skipped + reader.line_num)


def _places(titles: tuple[str, ...], columns: Mapping[str, str]) -> dict[str, int]:
    """Where each column stands: by the name it was given, else its own, else another that people use."""
    folded = [_folded(title) for title in titles]
    places: dict[str, int] = {}
    for column, title in columns.items():
        wanted = " ".join(title.split()).casefold()
        found = [place for place, each in enumerate(titles) if each.casefold() == wanted]
        if found:
            places[column] = found[0]
    for column, others in _ALIASES.items():
        if column in columns:
            continue
        for word in (_folded(column), *others):
            if word in folded and folded.index(word) not in places.values():
                places[column] = folded.index(word)
                break
    return places


def _folded(title: str) -> str:
    return re.sub(r"[\s_\-]+", "", title).casefold()


def _check(header: Header, name: str, columns: Mapping[str, str]) -> None:
    titles = ", ".join(title for title in header.titles if title)[:200]
    for column, title in columns.items():
        if column not in header.places:
            raise RosterError(name, f"no column '{title}' for {column}; the first line has: {titles}")
    if "email" in header.places:
        return
    if any("@" in title for title in header.titles):
        raise RosterError(name, "no line of column names; put one above the people: email,name,feeds")
    raise RosterError(name, f"no column email; the first line has: {titles}; name the one with --column email=…")
