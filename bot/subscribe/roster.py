"""Rosters: people as rows of a file, read as spreadsheets write them, and written so that they can be read again."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from bot.errors import AddressError, RosterError, WishError
from bot.models.rosters import PARTS, Fate, RosterProblem, RosterRow
from bot.models.subscribers import WEEKDAYS, Wish
from bot.subscribe import wishes
from bot.subscribe.addresses import clean_name, read_address
from bot.subscribe.columns import COLUMNS, READ, find_header
from bot.subscribe.seen import Seen
from bot.subscribe.tables import Record, encoding_of, harmless, open_text, plain, records

#: First lines looked at to find the header.
_HEAD_LINES = 64
#: Names shown of the feeds that exist, where one that does not is asked for.
_NAMES_SHOWN = 12


_Value = TypeVar("_Value")


class Roster:
    """A roster file, opened: its shape is known, its rows come one by one.

    Iterating begins anew with the first row; one iteration at a time.

    Every row that is not empty gives exactly one item, the person or what is wrong: a row is taken
    whole or not at all. Memory stays flat whatever the length.
    """

    def __init__(
        self,
        file: BinaryIO,
        name: str,
        *,
        feeds: Collection[str],
        wish: Wish | None = None,
        columns: Mapping[str, str] | None = None,
        encoding: str | None = None,
    ) -> None:
        """Look the file over and read its header.

        Args:
            file: seekable bytes.
            name: the file's name, for errors.
            feeds: the slugs that a row may choose.
            wish: what holds where a row says a part of when, and not all of it.
            columns: roster column -> the file's own header for it.
            encoding: the codec to read with, where it is known; else it is found out.

        Raises:
            RosterError: the file is no roster at all.
        """
        self.name = name
        self.encoding = encoding_of(file, name) if encoding is None else _known_codec(encoding, name)
        self._file = file
        self._wish = wish or Wish()
        self._feeds = _FeedCells(feeds)
        # A roster of a million says the same things over and over.
        self._when = lru_cache(maxsize=65536)(self._read_when)
        self._header = find_header(self._head(), name, columns or {})
        self._at = {column: self._header.places.get(column, -1) for column in READ}
        self._width = len(self._header.titles)
        #: Bytes in the whole file.
        self.size = file.seek(0, os.SEEK_END)

    @property
    def position(self) -> int:
        """Bytes read so far by the iteration that is going on, for a progress bar."""
        return self._file.tell()

    @property
    def columns(self) -> dict[str, str]:
        """Roster column -> the header it is read from."""
        return {column: self._header.titles[place] for column, place in self._header.places.items()}

    @property
    def ignored(self) -> tuple[str, ...]:
        """Headers of the file that mean nothing here."""
        used = set(self._header.places.values())
        return tuple(title for place, title in enumerate(self._header.titles) if title and place not in used)

    def __iter__(self) -> Iterator[RosterRow | RosterProblem]:
        text = open_text(self._file, self.encoding)
        try:
            yield from self._rows(text)
        finally:
            # An iteration that was left half-way may end after the file.
            if not self._file.closed:
                text.detach()

    def _head(self) -> list[str]:
        text = open_text(self._file, self.encoding)
        try:
            return list(islice(text, _HEAD_LINES))
        finally:
            text.detach()

    def _rows(self, text: Iterator[str]) -> Iterator[RosterRow | RosterProblem]:
        header, seen = self._header, Seen()
        lines = islice(text, header.lines, None)
        for record in records(lines, header.delimiter, len(header.titles), header.lines + 1):
            row = self._row(record)
            if isinstance(row, RosterRow):
                first = seen.first(row.email_key, row.line)
                if first != row.line:
                    words = f"the same address as in line {first}; that one counts"
                    yield RosterProblem(row.line, row.email, words, Fate.DUPLICATE)
                    continue
            yield row

    def _row(self, record: Record) -> RosterRow | RosterProblem:
        cells, at = record.cells, self._at
        # A row that ends early says nothing in its last columns; a column that is not there stands at -1.
        cells += ("",) * (self._width + 1 - len(cells))
        given = _value(cells[at["email"]])
        if record.problem:
            return RosterProblem(record.line, clean_name(given), record.problem)
        feeds = self._feeds.read(cells[at["feeds"]])
        when = self._when(cells[at["cadence"]], cells[at["weekday"]], cells[at["hour"]], cells[at["timezone"]])
        papers, language = _papers(cells[at["max_papers"]]), _language(cells[at["language"]])
        problems = (*feeds.problems, *when.problems, *papers.problems, *language.problems)
        try:
            address = read_address(given)
        except AddressError as error:
            return RosterProblem(record.line, clean_name(given), "; ".join((str(error), *problems)))
        if problems:
            return RosterProblem(record.line, address.email, "; ".join(problems))
        name = _value(cells[at["name"]]) or f"{_value(cells[at['first name']])} {_value(cells[at['last name']])}"
        return RosterRow(
            record.line,
            address.email,
            address.key,
            clean_name(name),
            feeds.slugs,
            when.wish,
            papers.value,
            language.value,
            when.said,
        )

    def _read_when(self, cadence: str, weekday: str, hour: str, timezone: str) -> _When:
        often, day, at, zone = _cadence(cadence), _weekday(weekday), _hour(hour), _timezone(timezone)
        given = (often.value, day.value, at.value, zone.value)
        said = {part: value for part, value in zip(PARTS, given, strict=True) if value is not None}
        problems = (*often.problems, *day.problems, *at.problems, *zone.problems)
        return _When(replace(self._wish, **said) if said else None, tuple(said) or PARTS, problems)  # type: ignore[arg-type]  # the parts of a wish


@contextmanager
def open_roster(
    path: Path,
    *,
    feeds: Collection[str],
    wish: Wish | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
) -> Iterator[Roster]:
    """The roster in the file at `path`, closed afterwards; arguments as in `Roster`.

    Raises:
        RosterError: the file cannot be opened, or is no roster at all.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise RosterError(str(path), (error.strerror or str(error)).lower()) from error
    with file:
        yield Roster(file, str(path), feeds=feeds, wish=wish, columns=columns, encoding=encoding)


def write(rows: Iterable[RosterRow]) -> Iterator[str]:
    """A roster file (RFC 4180) line by line, header first, harmless in spreadsheets; reading it gives the same rows."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")
    for cells in chain([COLUMNS], map(_written, rows)):
        writer.writerow([harmless(cell) for cell in cells])
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _written(row: RosterRow) -> tuple[str, ...]:
    wish = row.wish
    when = (wish.cadence, WEEKDAYS[wish.weekday], str(wish.hour), wish.timezone) if wish else ("", "", "", "")
    papers = "" if row.max_papers is None else str(row.max_papers)
    return (row.email, row.name, ";".join(row.feeds or ()), *when, papers, row.language or "")


def _value(cell: str) -> str:
    return plain(cell.strip(" ")).strip()


def _known_codec(encoding: str, name: str) -> str:
    try:
        "".encode(encoding)
    except LookupError as error:
        raise RosterError(name, f"no such encoding: '{encoding}'; try utf-8, utf-16, cp1252 or cp1251") from error
    return encoding


@dataclass(frozen=True, slots=True)
class _When:
    #: None where no part of it is said.
    wish: Wish | None
    said: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Said(Generic[_Value]):
    """What one cell says; None where it is empty, or wrong."""

    value: _Value | None
    problems: tuple[str, ...] = ()


def _saying(read: Callable[[str], _Value]) -> Callable[[str], _Said[_Value]]:
    """Reads a cell; a roster of a million says the same few things over and over."""

    @lru_cache(maxsize=4096)
    def said(cell: str) -> _Said[_Value]:
        value = clean_name(_value(cell))
        try:
            return _Said(read(value) if value else None)
        except WishError as error:
            return _Said(None, (str(error),))

    return said


_cadence, _weekday = _saying(wishes.read_cadence), _saying(wishes.read_weekday)
_hour, _timezone = _saying(wishes.read_hour), _saying(wishes.read_timezone)
_papers, _language = _saying(wishes.read_max_papers), _saying(wishes.read_language)


@dataclass(frozen=True, slots=True)
class _Feeds:
    slugs: tuple[str, ...] | None
    problems: tuple[str, ...] = ()


class _FeedCells:
    """Reads cells of feeds against the slugs that exist."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = frozenset(known)
        self._listed = sorted(self._known)
        self.read = lru_cache(maxsize=4096)(self._read)

    def _read(self, cell: str) -> _Feeds:
        cell = _value(cell)
        slugs = tuple(dict.fromkeys(slug.strip().lower() for slug in re.split(r"[;,|\r\n]", cell) if slug.strip()))
        unknown = tuple(self._problem(slug) for slug in slugs if slug not in self._known)
        return _Feeds(slugs or None, unknown)

    def _problem(self, slug: str) -> str:
        near = wishes.suggest(re.sub(r"[\s_]+", "-", slug), self._listed)
        shown = ", ".join(self._listed[:_NAMES_SHOWN]) + (", …" if len(self._listed) > _NAMES_SHOWN else "")
        return f"no such feed: '{clean_name(slug)}'; {near or f'known: {shown}'}"
