"""PubMed's query language, as far as concept feeds use it, against records in memory.

From "PubMed User Guide" (NLM): operators are written in capitals and taken from left to right; a tag in brackets names
the field; title/abstract includes the author's keywords; `*` stands for any ending of a word. Not here: narrower MeSH
headings are not found by a broader one, and untagged words are not translated into MeSH headings.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

_PIECE = re.compile(r'[()]|(?:"[^"]*"|[^\s()"\[\]]+)(?:\s*\[[^\]]*\])?|\[[^\]]*\]')
_TAGGED = re.compile(r'(?P<quote>"?)(?P<words>[^"\[]*)"?\s*(?:\[(?P<tag>[^\]]*)\])?')
_OPERATORS = ("AND", "OR", "NOT")
_WORD = re.compile(r"[^\W_]+\*?")
_RANGE = re.compile(r"(\d{4}(?:[/-]\d{1,2}){0,2})(?::(\d{4}(?:[/-]\d{1,2}){0,2}))?")

#: Tag -> the field of a record; words are looked for in these.
_TEXT_FIELDS = {
    "ti": "ti", "title": "ti",
    "ab": "ab", "abstract": "ab",
    "ot": "ot", "other term": "ot",
    "tiab": "tiab", "title/abstract": "tiab",
    "tw": "tw", "text word": "tw", "text words": "tw",
    "": "all", "all": "all", "all fields": "all",
}  # fmt: skip
#: Tag -> the field; the whole of one of its values is looked for in these.
_VALUE_FIELDS = {
    "mh": "mh", "mesh": "mh", "mesh terms": "mh",
    "majr": "majr", "mesh major topic": "majr",
    "pt": "pt", "publication type": "pt",
    "nm": "nm", "supplementary concept": "nm",
    "la": "la", "language": "la",
    "ta": "ta", "journal": "ta",
    "pmid": "pmid", "uid": "pmid",
}  # fmt: skip
#: Tag -> the date; a day, or two days with a colon.
DATE_FIELDS = {
    "edat": "edat", "date - entry": "edat",
    "crdt": "crdt", "date - create": "crdt",
    "dp": "pdat", "pdat": "pdat", "date - publication": "pdat",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Searchable:
    """What of a record can be asked for."""

    #: Field -> text as `words_of` gives it, with a space at both ends.
    texts: dict[str, str]
    #: Field -> values in lower case.
    values: dict[str, frozenset[str]]
    dates: dict[str, date] = field(default_factory=dict)


Test = Callable[[Searchable], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was read, and what could not be understood in it."""

    matches: Test
    unknown_fields: tuple[str, ...] = ()


def words_of(text: str) -> str:
    """The words of `text` in lower case without accents, with one space before and after each.

    Hyphens, slashes and all other signs part words, as in PubMed's index.
    """
    return f" {' '.join(_WORD.findall(_folded(text)))} ".replace("*", "")


def days_of(text: str) -> tuple[date, date] | None:
    """The first and the last day that `2026`, `2026/11`, `2026/11/23` or a range `2026/11:2026/12` names."""
    found = _RANGE.fullmatch(text.strip())
    if not found:
        return None
    try:
        return _ends(found[1])[0], _ends(found[2] or found[1])[1]
    except ValueError:
        return None


def read_query(term: str) -> Query:
    """What `term` finds; brackets without a partner are forgiven, as PubMed forgives them."""
    return _Reader(term).query()


def _ends(text: str) -> tuple[date, date]:
    parts = [int(part) for part in re.split("[/-]", text)]
    first = date(*[*parts, 1, 1][:3])
    if len(parts) == 3:
        return first, first
    after = date(first.year + 1, 1, 1) if len(parts) == 1 or first.month == 12 else date(first.year, first.month + 1, 1)
    return first, date.fromordinal(after.toordinal() - 1)


class _Reader:
    def __init__(self, term: str) -> None:
        self._pieces = _PIECE.findall(term)
        self._at = 0
        self._unknown: list[str] = []

    def query(self) -> Query:
        test = self._expression()
        while self._at < len(self._pieces):  # behind a closing bracket too many
            self._at += 1
            rest = self._expression()
            test = _joined("AND", test, rest)
        return Query(test or _nothing, tuple(dict.fromkeys(self._unknown)))

    def _next(self) -> str:
        return self._pieces[self._at] if self._at < len(self._pieces) else ""

    def _expression(self) -> Test | None:
        left: Test | None = None
        while (piece := self._next()) and piece != ")":
            operator = piece if piece in _OPERATORS else "AND"
            if piece in _OPERATORS:
                self._at += 1
            left = _joined(operator, left, self._operand())
        return left

    def _operand(self) -> Test | None:
        piece = self._next()
        if not piece or piece == ")" or piece in _OPERATORS:
            return None
        self._at += 1
        if piece != "(":
            return self._term(piece)
        inner = self._expression()
        self._at += 1
        return inner

    def _term(self, piece: str) -> Test | None:
        """One term; words without quotes that run up to a tag are a phrase (`kidney allograft[tw]`)."""
        said, words, tag = _parts(piece)
        if not said.startswith('"') and not tag:
            ahead = self._at
            run = [words]
            while ahead < len(self._pieces) and self._pieces[ahead] not in ("(", ")", *_OPERATORS):
                more, more_words, more_tag = _parts(self._pieces[ahead])
                if more.startswith('"'):
                    break
                run.append(more_words)
                ahead += 1
                if more_tag:
                    words, tag, self._at = " ".join(run), more_tag, ahead
                    break
        return self._test(words, tag)

    def _test(self, words: str, tag: str) -> Test | None:
        name = tag.partition(":")[0].strip().lower()
        if name in DATE_FIELDS:
            return _within(DATE_FIELDS[name], words)
        if name in ("au", "author"):
            return _author(words)
        if name in _VALUE_FIELDS:
            return _value(_VALUE_FIELDS[name], words)
        if name not in _TEXT_FIELDS or "~" in tag:  # proximity, `[tiab:~2]`, is not here either
            self._unknown.append(tag)
        return _phrase(_TEXT_FIELDS.get(name, "all"), words)


def _parts(piece: str) -> tuple[str, str, str]:
    found = _TAGGED.fullmatch(piece)
    return (piece, found["words"].strip(), (found["tag"] or "").strip()) if found else (piece, piece, "")


def _joined(operator: str, left: Test | None, right: Test | None) -> Test | None:
    if left is None or right is None:
        return left or right
    if operator == "OR":
        return lambda record: left(record) or right(record)
    if operator == "NOT":
        return lambda record: left(record) and not right(record)
    return lambda record: left(record) and right(record)


def _folded(text: str) -> str:
    """Compatibility forms first (a mathematical A is an A), then capitals, then the accents off."""
    lower = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c))


def _nothing(record: Searchable) -> bool:
    return False


def _phrase(name: str, words: str) -> Test | None:
    wanted = _WORD.findall(_folded(words))
    if not wanted:
        return None
    if any(word.endswith("*") for word in wanted):
        pattern = re.compile(f" {' '.join(re.escape(w[:-1]) + r'[^ ]*' if w.endswith('*') else w for w in wanted)} ")
        return lambda record: pattern.search(record.texts.get(name, "")) is not None
    phrase = f" {' '.join(wanted)} "
    return lambda record: phrase in record.texts.get(name, "")


def _value(name: str, words: str) -> Test:
    wanted = words.casefold()
    if wanted.endswith("*"):
        start = wanted[:-1]
        return lambda record: any(value.startswith(start) for value in record.values.get(name, ()))
    return lambda record: wanted in record.values.get(name, ())


def _author(words: str) -> Test:
    start = words_of(words).strip()
    return lambda record: any(f"{name} ".startswith(f"{start} ") or name == start for name in _authors(record))


def _authors(record: Searchable) -> Iterable[str]:
    return record.values.get("au", ())


def _within(name: str, words: str) -> Test | None:
    days = days_of(words)
    if days is None:
        return _nothing
    return lambda record: name in record.dates and days[0] <= record.dates[name] <= days[1]
