"""`bot feeds test`: which papers a catalogue's feeds would take, tried on a file of papers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from bot.cli.output import show, talk
from bot.concepts import catalogue
from bot.concepts.match import NO_VOCABULARY, compile_feeds
from bot.concepts.several import Several
from bot.concepts.vocabulary import Vocabulary
from bot.errors import BotError
from bot.models.feeds import FeedRecord
from bot.settings import read_settings
from bot.wiring.matchers import vocabulary_at


def try_catalogue(
    file: Annotated[Path, typer.Argument(help="A catalogue.", metavar="FILE.toml")],
    papers: Annotated[
        Path, typer.Option(help="One JSON object a line: id, title, abstract, keywords.", metavar="FILE.jsonl")
    ],
) -> None:
    """Match papers of a file against a catalogue's feeds by their text; one JSON line for each paper."""
    wanted = catalogue.parse(_read(file), file.name)
    records = [
        FeedRecord(
            number, one.slug, one.name, one.description, one.mesh, one.synonyms, one.exclude, threshold=one.threshold
        )
        for number, one in enumerate(wanted, 1)
    ]
    several = Several(compile_feeds(records, _vocabulary()))
    # Not by `splitlines`: U+2028 and others that it breaks at may stand in a JSON text.
    for number, line in enumerate(_read(papers).split("\n"), 1):
        if not line.strip():
            continue
        paper = _paper(line, papers, number)
        found = several.matches(paper.title, paper.abstract, paper.keywords)
        matches = [
            {"feed": matcher.feed.slug, "relevance": match.relevance, "terms": list(match.terms)}
            for matcher, match in found
        ]
        told = json.dumps({"id": paper.id, "matches": matches}, ensure_ascii=False)
        # Half a surrogate pair is no character, but JSON can escape it.
        show(told.encode("utf-8", "backslashreplace").decode())


def _vocabulary() -> Vocabulary:
    """The one that is loaded here; it can be done without, and no database is made for it."""
    try:
        return vocabulary_at(read_settings().database_url)
    except BotError as error:
        talk(f"without a vocabulary: {error}")
        return NO_VOCABULARY


class _Paper(NamedTuple):
    id: object
    title: str
    abstract: str
    keywords: tuple[str, ...]


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise BotError(f"file: {file}: cannot be read: {(problem or str(error)).lower()}") from error


def _paper(line: str, file: Path, number: int) -> _Paper:
    try:
        given = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        problem = "nested too deeply" if isinstance(error, RecursionError) else error
        raise BotError(f"papers: {file}:{number}: not JSON: {problem}") from error
    if not isinstance(given, dict) or "id" not in given:
        raise BotError(f'papers: {file}:{number}: write {{"id": …, "title": …, "abstract": …, "keywords": []}}')
    keywords = given.get("keywords") or []
    if not isinstance(keywords, list):
        raise BotError(f"papers: {file}:{number}: keywords: not a list")
    words = tuple(word for word in keywords if isinstance(word, str))
    return _Paper(given["id"], str(given.get("title") or ""), str(given.get("abstract") or ""), words)


def _no_number(name: str) -> None:
    """Refuse what Python reads as a number and JSON does not have: NaN, Infinity."""
    raise ValueError(f"no number: {name}")
