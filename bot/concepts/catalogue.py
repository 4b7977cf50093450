"""Catalogues of concept feeds: from text to values and back, and the starter catalogue."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import TypeGuard

from bot.concepts.changes import CatalogueChange, FeedChange, difference
from bot.concepts.query_syntax import faults_of
from bot.concepts.toml_lines import Path, lines_of
from bot.errors import CatalogueError
from bot.models.feeds import SLUG_LENGTH, SOURCES, CatalogueFeed, CatalogueQuery, is_slug

__all__ = ["CatalogueChange", "FeedChange", "difference", "parse", "starter", "write"]

NAME_LENGTH = 120
FIELD_LENGTH = 60
DESCRIPTION_LENGTH = 500
TERM_LENGTH = 200
QUERY_LENGTH = 10_000
ADDRESS_LENGTH = 2_000

_FEED_KEYS = ("slug", "name", "description", "field", "mesh", "synonyms", "exclude", "threshold", "query")
_QUERY_KEYS = ("source", "query")
_WIDTH = 100
_PART = re.compile(r'(?:"[^"]*"|\S)+')
#: Turn the writing direction unseen (Unicode Standard Annex 9, explicit formatting characters).
_TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def parse(text: str, name: str) -> tuple[CatalogueFeed, ...]:
    """Give the concept feeds of a catalogue, in its order.

    A byte order mark and any line ends are taken; texts come out in NFC with single spaces, so a
    long query may be written over several lines.

    Args:
        text: the catalogue, in TOML.
        name: what to call it in messages: a file name.

    Raises:
        CatalogueError: with every problem and its line, in the order of the lines.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        document = tomllib.loads(text)
        lines = lines_of(text)
    except RecursionError as error:
        raise CatalogueError(name, [(1, "nested too deeply; a catalogue needs three levels")]) from error
    except ValueError as error:  # a TOMLDecodeError, or a number that Python refuses to read
        raise CatalogueError(name, [_syntax_problem(text, error)]) from error
    reading = _Reading(lines)
    feeds = reading.catalogue(document)
    if reading.problems:
        raise CatalogueError(name, sorted(reading.problems, key=lambda problem: problem[0]))
    return feeds


def write(feeds: Iterable[CatalogueFeed]) -> str:
    """Give the text of a catalogue; `parse` reads the same feeds from it.

    Long queries are broken at spaces into several lines, which `parse` joins again.
    """
    return "\n".join(_feed_text(feed) for feed in feeds)


def starter() -> tuple[CatalogueFeed, ...]:
    """Give the concept feeds that a new installation begins with."""
    text = resources.files("bot.concepts").joinpath("starter.toml").read_text(encoding="utf-8")
    return parse(text, "starter.toml")


def _syntax_problem(text: str, error: ValueError) -> tuple[int, str]:
    said = str(error)
    place = re.search(r" \(at line (\d+), column (\d+)\)$", said)
    if place:
        return int(place[1]), f"not TOML: {_uncapitalised(said[: place.start()])}, at column {place[2]}"
    said = said.removesuffix(" (at end of document)")
    return text.rstrip("\n").count("\n") + 1, f"not TOML: {_uncapitalised(said)}, at the end"


def _uncapitalised(text: str) -> str:
    return text[:1].lower() + text[1:]


class _Reading:
    """One reading of a document: what is wrong is noted, and the reading goes on."""

    def __init__(self, lines: Mapping[Path, int]) -> None:
        self.lines = lines
        self.problems: list[tuple[int, str]] = []

    def catalogue(self, document: dict[str, object]) -> tuple[CatalogueFeed, ...]:
        self.only_known((), document, ("feed",), "a catalogue")
        tables = document.get("feed", [])
        if not _is_tables(tables):
            self.problem(("feed",), "feed: not a list of feeds; write each under [[feed]]")
            return ()
        feeds = tuple(self.feed(("feed", position), table) for position, table in enumerate(tables))
        self.unique("slug", [feed.slug for feed in feeds])
        self.unique("name", [feed.name.casefold() for feed in feeds])
        return feeds

    def feed(self, path: Path, table: dict[str, object]) -> CatalogueFeed:
        self.only_known(path, table, _FEED_KEYS, "a feed")
        return CatalogueFeed(
            slug=self.slug(path, table),
            name=self.text(path, table, "name", NAME_LENGTH),
            description=self.text(path, table, "description", DESCRIPTION_LENGTH, needed=False, breaks=True),
            mesh=self.terms(path, table, "mesh"),
            synonyms=self.terms(path, table, "synonyms"),
            exclude=self.terms(path, table, "exclude"),
            queries=self.queries(path, table),
            threshold=self.share(path, table, "threshold"),
            field=self.text(path, table, "field", FIELD_LENGTH, needed=False),
        )

    def slug(self, path: Path, table: dict[str, object]) -> str:
        slug = self.text(path, table, "slug", None)
        if slug and not is_slug(slug):
            mend = f"lower-case letters and digits with single hyphens between, at most {SLUG_LENGTH} characters"
            better = _slugged(slug)
            mend += f", as '{better}'" if better else ""
            self.problem((*path, "slug"), f"slug: '{_short(slug)}' is not usable in links; write {mend}")
        return slug

    def queries(self, path: Path, table: dict[str, object]) -> tuple[CatalogueQuery, ...]:
        tables = table.get("query", [])
        if not _is_tables(tables):
            self.problem((*path, "query"), "query: not a list of queries; write each under [[feed.query]]")
            return ()
        if not tables:
            self.problem(path, "query: missing; a feed needs at least one [[feed.query]] with source and query")
        found: dict[CatalogueQuery, int] = {}
        for position, entry in enumerate(tables):
            place = (*path, "query", position)
            query = self.query(place, entry)
            if query in found and query.source and query.query:
                self.problem(place, f"query: the same as on line {found[query]}; delete one")
            found.setdefault(query, self.line(place))
        return tuple(found)

    def query(self, path: Path, table: dict[str, object]) -> CatalogueQuery:
        self.only_known(path, table, _QUERY_KEYS, "a query")
        source = self.text(path, table, "source", None)
        if source and source not in SOURCES:
            known = ", ".join(SOURCES)
            self.problem((*path, "source"), f"no such source: '{_short(source)}'; known: {known}")
        limit = ADDRESS_LENGTH if source == "syndication" else QUERY_LENGTH
        query = self.text(path, table, "query", limit, breaks=True)
        if query and source in SOURCES:
            for fault in faults_of(source, query):
                self.problem((*path, "query"), f"query: {fault}")
        return CatalogueQuery(source, query)

    def text(
        self,
        path: Path,
        table: dict[str, object],
        key: str,
        limit: int | None,
        *,
        needed: bool = True,
        breaks: bool = False,
    ) -> str:
        """Give the text at `key`, or an empty one with the problem noted; `breaks` lets it go over lines."""
        if key not in table:
            if needed:
                self.problem(path, f'{key}: missing; write {key} = "…"')
            return ""
        place = (*path, key)
        text = self.sound(place, key, table[key], limit, breaks=breaks)
        if not text and needed and isinstance(table[key], str):
            self.problem(place, f"{key}: empty; write one")
        return text

    def terms(self, path: Path, table: dict[str, object], key: str) -> tuple[str, ...]:
        entries = table.get(key, [])
        if not isinstance(entries, list):
            self.problem((*path, key), f'{key}: {_kind(entries)}; write a list, as {key} = ["…", "…"]')
            return ()
        found: dict[str, int] = {}
        for position, entry in enumerate(entries):
            place = (*path, key, position)
            term = self.sound(place, key, entry, TERM_LENGTH, breaks=False)
            if not term and isinstance(entry, str):
                self.problem(place, f"{key}: empty; delete it")
            elif term in found:
                self.problem(place, f"{key}: '{_short(term)}' is there twice, first on line {found[term]}; delete one")
            found.setdefault(term, self.line(place))
        return tuple(term for term in found if term)

    def share(self, path: Path, table: dict[str, object], key: str) -> float | None:
        """Give the number from 0 to 1 at `key`; None where there is none."""
        value = table.get(key)
        if value is None:
            return None
        place = (*path, key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.problem(place, f"{key}: {_kind(value)}; write a number from 0 to 1, as {key} = 0.4")
        elif not 0 <= value <= 1:  # which is true of no-number, too
            self.problem(place, f"{key}: not from 0 to 1; write {key} = 0.4, or delete it for the usual one")
        else:
            return float(value)
        return None

    def sound(self, place: Path, key: str, value: object, limit: int | None, *, breaks: bool) -> str:
        """Give `value` as clean text; what cannot be shown on a line or in a mail's header is noted."""
        if not isinstance(value, str):
            self.problem(place, f'{key}: {_kind(value)}; write a text, as "…"')
            return ""
        allowed = "\t\n\r" if breaks else ""
        bad = next((character for character in value if character not in allowed and _is_control(character)), None)
        if bad is not None:
            self.problem(place, f"{key}: control character U+{ord(bad):04X}; delete it")
        text = " ".join(unicodedata.normalize("NFC", value).split())
        if limit is not None and len(text) > limit:
            self.problem(place, f"{key}: {len(text)} characters; at most {limit}")
        return text

    def only_known(self, path: Path, table: dict[str, object], known: tuple[str, ...], what: str) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                guess = f"; did you mean '{near[0]}'" if near else ""
                self.problem((*path, key), f"no such key in {what}: '{_short(key)}'; known: {', '.join(known)}{guess}")

    def unique(self, key: str, values: list[str]) -> None:
        first: dict[str, int] = {}
        for position, value in enumerate(values):
            place = ("feed", position, key)
            if value and value in first:
                taken = f"taken by the feed on line {first[value]}"
                self.problem(place, f"{key}: '{_short(value)}' is {taken}; choose another")
            first.setdefault(value, self.line(place))

    def problem(self, place: Path, text: str) -> None:
        self.problems.append((self.line(place), text))

    def line(self, place: Path) -> int:
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def _is_tables(value: object) -> TypeGuard[list[dict[str, object]]]:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a table"}
    return f"is {names.get(type(value), 'a date or time')}"


def _is_control(character: str) -> bool:
    # Besides the C0 and C1 controls, what turns the writing direction or breaks a line unseen.
    return unicodedata.category(character) in ("Cc", "Zl", "Zp") or character in _TURNS


def _slugged(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:SLUG_LENGTH].strip("-")


def _short(text: str) -> str:
    shown = "".join("?" if _is_control(character) else character for character in text)
    return shown if len(shown) <= 60 else shown[:59] + "…"


def _feed_text(feed: CatalogueFeed) -> str:
    lines = ["[[feed]]", f"slug = {_quoted(feed.slug)}", f"name = {_quoted(feed.name)}"]
    if feed.description:
        lines.append(f"description = {_quoted(feed.description)}")
    if feed.field:
        lines.append(f"field = {_quoted(feed.field)}")
    for key, terms in (("mesh", feed.mesh), ("synonyms", feed.synonyms), ("exclude", feed.exclude)):
        if terms:
            lines.append(f"{key} = {_list_text(key, terms)}")
    if feed.threshold is not None:
        lines.append(f"threshold = {feed.threshold!r}")
    for query in feed.queries:
        lines += ["", "[[feed.query]]", f"source = {_quoted(query.source)}", f"query = {_query_text(query.query)}"]
    return "\n".join(lines) + "\n"


def _list_text(key: str, terms: tuple[str, ...]) -> str:
    quoted = [_quoted(term) for term in terms]
    on_one_line = f"[{', '.join(quoted)}]"
    if len(key) + 3 + len(on_one_line) <= _WIDTH:
        return on_one_line
    return "[\n" + "".join(f"    {term},\n" for term in quoted) + "]"


def _query_text(query: str) -> str:
    if len(query) + 10 <= _WIDTH or " " not in query or "'''" in query:
        return _quoted(query)
    return "'''\n" + "\n".join(_broken(query)) + "\n'''"


def _broken(query: str) -> Iterator[str]:
    """Lines of at most `_WIDTH` characters where that can be had without a break inside quotes."""
    line = ""
    for part in _PART.findall(query):
        if line and len(line) + 1 + len(part) > _WIDTH:
            yield line
            line = part
        else:
            line = f"{line} {part}".lstrip()
    yield line


def _quoted(text: str) -> str:
    """A TOML string on one line: literal where that saves backslashes, otherwise basic."""
    if ('"' in text or "\\" in text) and "'" not in text and not any(_is_control(character) for character in text):
        return f"'{text}'"
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
