"""`bot feeds test`: which papers a catalogue's feeds would take, tried on a file of papers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from bot.cli.output import show
from bot.concepts import catalogue
from bot.concepts.match import Match, compile_feed
from bot.errors import BotError
from bot.models.feeds import FeedRecord


def try_catalogue(
    file: Annotated[Path, typer.Argument(help="A catalogue.", metavar="FILE.toml")],
    papers: Annotated[
        Path, typer.Option(help="One JSON object a line: id, title, abstract, keywords.", metavar="FILE.jsonl")
    ],
) -> None:
    """Match papers of a file against a catalogue's feeds by their text; one JSON line for each paper."""
    wanted = catalogue.parse(_read(file), file.name)
    matchers = [
        (feed.slug, compile_feed(FeedRecord(0, feed.slug, feed.name, "", feed.mesh, feed.synonyms, feed.exclude)))
        for feed in wanted
    ]
    for number, line in enumerate(_read(papers).splitlines(), 1):
        if not line.strip():
            continue
        paper = _paper(line, papers, number)
        found: list[tuple[str, Match]] = []
        for slug, matcher in matchers:
            match = matcher.match(paper.title, paper.abstract, paper.keywords)
            if match:
                found.append((slug, match))
        found.sort(key=lambda one: (-one[1].relevance, one[0]))
        matches = [{"feed": slug, "relevance": m.relevance, "terms": list(m.terms)} for slug, m in found]
        show(json.dumps({"id": paper.id, "matches": matches}, ensure_ascii=False))


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
        given = json.loads(line)
    except ValueError as error:
        raise BotError(f"papers: {file}:{number}: not JSON: {error}") from error
    if not isinstance(given, dict) or "id" not in given:
        raise BotError(f'papers: {file}:{number}: write {{"id": …, "title": …, "abstract": …, "keywords": []}}')
    keywords = given.get("keywords") or []
    if not isinstance(keywords, list):
        raise BotError(f"papers: {file}:{number}: keywords: not a list")
    words = tuple(str(word) for word in keywords)
    return _Paper(given["id"], str(given.get("title") or ""), str(given.get("abstract") or ""), words)
