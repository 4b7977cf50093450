"""Concepts: the vocabulary that feeds are matched with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.context import opened
from bot.cli.output import counted, plural, progress, show, show_json, talk
from bot.cli.rounds import AsJson
from bot.concepts.followers import followers
from bot.concepts.near import in_words, nearest
from bot.concepts.surroundings import below, places
from bot.concepts.vocabulary import Vocabulary
from bot.errors import BotError, UnknownError
from bot.models.feeds import FeedRecord
from bot.store import feeds, vocabulary
from bot.wiring.vocabulary import LoadReport, load_vocabulary

app = typer.Typer(help="Concepts: the vocabulary (MeSH) that feeds are matched with.", no_args_is_help=True)

#: Narrower concepts that are named, without `--json`.
_NAMED = 20


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="NLM's descYYYY.xml, or rows; packed or not.", metavar="FILE")],
    as_json: AsJson = False,
) -> int:
    """Make the vocabulary what a file says, as a whole; exit code 3 where some of its records were left out."""
    with opened() as bot, progress("reading") as told:
        report = load_vocabulary(bot.store, file, told)
    if as_json:
        show_json(report.as_json())
    else:
        change = report.change
        counts = {"added": change.added, "changed": change.changed, "removed": change.removed}
        done = counted(counts) or "nothing changed"
        show(f"{plural(change.concepts, 'concept')}, {plural(change.names, 'name')}: {done}")
    _warn(report, file)
    return 3 if report.skipped else 0


def _warn(report: LoadReport, file: Path) -> None:
    for problem in report.problems:
        talk(f"{file}:{problem.line}: left out: {problem.text}")
    if report.skipped > len(report.problems):
        talk(f"{file}: {plural(report.skipped - len(report.problems), 'more record')} left out")
    for one in report.unknown:
        talk(f"feed '{one.slug}': mesh '{one.name}' is not in the vocabulary; {in_words(one.near)}")


@app.command("show")
def show_concept(
    term: Annotated[str, typer.Argument(help="A name, an entry term or an id.", metavar="TERM")],
    as_json: AsJson = False,
) -> None:
    """Show one concept: its names, its places, what is narrower, and which feeds follow it."""
    with opened() as bot:
        known = Vocabulary(vocabulary.read(bot.store))
        offered = feeds.feeds(bot.store)
    if not known:
        raise BotError("vocabulary: none is loaded; run `bot concepts load FILE`")
    number = known.number_of(term)
    if number is None:
        raise UnknownError("concept", term, mend=in_words(nearest(known, term)))
    if as_json:
        show_json(_as_json(known, number, offered))
    else:
        _show(known, number, offered)


def _show(known: Vocabulary, number: int, offered: tuple[FeedRecord, ...]) -> None:
    concept = known.descriptors[number]
    show(f"{concept.name} ({concept.id})")
    if concept.terms:
        show(f"  also: {'; '.join(concept.terms)}")
    for place in places(known, number):
        show(f"  {place.tree}: {' > '.join(_names(known, (*place.above, number)))}")
    narrower = below(known, number)
    if narrower:
        more = f"; and {len(narrower) - _NAMED:,} more" if len(narrower) > _NAMED else ""
        show(f"  narrower: {'; '.join(_names(known, narrower[:_NAMED]))}{more}")
    following = followers(known, number, offered)
    for one in following:
        show(f"  followed by: {one.slug}{'' if one.by == number else f' (by {known.descriptors[one.by].name})'}")
    if not following:
        show("  followed by no feed")


def _as_json(known: Vocabulary, number: int, offered: tuple[FeedRecord, ...]) -> dict[str, object]:
    concept = known.descriptors[number]
    return {
        "id": concept.id,
        "name": concept.name,
        "terms": list(concept.terms),
        "places": [{"tree": place.tree, "broader": _names(known, place.above)} for place in places(known, number)],
        "narrower": _names(known, below(known, number)),
        "feeds": [
            {"feed": one.slug, "by": known.descriptors[one.by].name} for one in followers(known, number, offered)
        ],
    }


def _names(known: Vocabulary, numbers: tuple[int, ...]) -> list[str]:
    return [known.descriptors[number].name for number in numbers]
