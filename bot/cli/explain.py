"""Why things are as they are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from bot.cli.context import opened
from bot.cli.output import local, plural, show, show_json
from bot.cli.rounds import AsJson
from bot.collect.sources.identifiers import arxiv_of, doi_in_link, doi_of, names_of, pmcid_of, pmid_of, rxiv_of
from bot.digests.tastes import Tastes
from bot.models.papers import Identifier
from bot.store.explaining import PaperStory, paper_story
from bot.store.feeds import feeds
from bot.store.subscribers import subscriber_by_email
from bot.store.votes import votes_of
from bot.wiring import App

#: Digits of the bot's own numbers: 63 bits.
LONGEST_NUMBER = 18
#: Words that are told to explain a liking.
WORDS = 6

app = typer.Typer(help="Why things are as they are.", no_args_is_help=True)


@app.command("paper")
def explain_paper(
    name: Annotated[
        str, typer.Argument(help="A DOI, PMID, PMCID, arXiv id, link, or the bot's own number.", metavar="ID")
    ],
    reader: Annotated[
        str | None, typer.Option("--for", help="And how it stands with this subscriber's votes.", metavar="EMAIL")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell how a paper became one: who announced it under which names, how it was recognised, where it is shown."""
    number = int(name) if name.isascii() and name.isdigit() and len(name) <= LONGEST_NUMBER else None
    with opened() as bot:
        story = paper_story(bot.store, names_in(name), number, name)
        standing = None if reader is None else _standing(bot, story.paper.id, reader)
    if as_json:
        show_json(_as_json(story) | ({"for": asdict(standing)} if standing else {}))
        return
    _show(story)
    if standing:
        _show_standing(standing)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a paper stands with a subscriber's votes."""

    email: str
    learning: bool
    #: From how many votes.
    votes: int
    #: From -1 (not for them) to 1 (more like this).
    liking: float
    #: Words with their part of it, the strongest first.
    because: tuple[tuple[str, float], ...]


def _standing(bot: App, paper_id: int, email: str) -> Standing:
    one = subscriber_by_email(bot.store, email)
    cast = votes_of(bot.store, one.id)
    ids = {feed.slug: feed.id for feed in feeds(bot.store)}
    tastes = Tastes(bot.store)
    taste, vector = tastes.taste(cast, tuple(ids[slug] for slug in one.feeds)), tastes.vector(paper_id)
    because = tuple((word, round(part, 3)) for word, part in taste.because(vector, WORDS))
    return Standing(one.email, one.learns, taste.votes, round(taste.liking(vector), 3), because)


def _show_standing(standing: Standing) -> None:
    off = "" if standing.learning else ", which do not count while learning is switched off"
    show(f"for {standing.email}: liking {standing.liking:+.2f} from {plural(standing.votes, 'vote')}{off}")
    if standing.because:
        show("  because of " + ", ".join(f"{word} {part:+.2f}" for word, part in standing.because))


def names_in(text: str) -> list[Identifier]:
    """Every identifier that `text` may be."""
    text = text.strip()
    doi = doi_of(text) or (doi_in_link(text) if "/" in text else "")
    found = list(names_of(doi))
    if rxiv := rxiv_of(doi) or rxiv_of(f"10.1101/{text}"):
        found += [Identifier("biorxiv", rxiv), Identifier("medrxiv", rxiv)]
        found += [Identifier("doi", f"{prefix}/{rxiv}") for prefix in ("10.1101", "10.64898")]
    bare = text.rstrip("/").rpartition("/")[2] if text.startswith("http") else text
    for scheme, value in (("pmid", pmid_of(bare)), ("pmcid", pmcid_of(bare)), ("arxiv", arxiv_of(text))):
        if value:
            found.append(Identifier(scheme, value))
    scheme, colon, value = text.partition(":")
    if colon and scheme in {"europepmc", "guid", "link", "openalex", "biorxiv", "medrxiv", "work"}:
        found.append(Identifier(scheme, value))
    return list(dict.fromkeys(found))


def _show(story: PaperStory) -> None:
    paper = story.paper
    show(f"{paper.title}")
    form = "preprint" if paper.preprint else "article"
    show(f"  number {paper.id}, {form}, {paper.journal or 'no journal'}, {paper.published or 'no date'}, {paper.url}")
    if paper.marks:
        show(f"  {', '.join(paper.marks)}")
    show(f"  names: {', '.join(map(str, story.identifiers))}")
    if story.fields:
        show("  fields: " + ", ".join(f"{name} from {source}" for name, source in story.fields.items()))
    if story.tags:
        show(f"  tags: {'; '.join(story.tags)}")
    show(f"  first seen {local(story.first_seen_at)}")
    show("announced")
    for seen in story.sightings:
        show(f"  {local(seen.at)}  {seen.source} {seen.name}{' (preprint)' if seen.preprint else ''}: {_how(seen.how)}")
        show(f"    under {', '.join(seen.names)}")
    for merged in story.merges:
        show(f"merged {local(merged.at)} with number {merged.paper_id}, '{merged.title}'")
        show(f"  because of {merged.why}")
    for kind, when in story.changes:
        show(f"{kind} {local(when)}")
    for mark, by in story.notices:
        show(f"{mark}: so says {by}")
    for place in story.feeds:
        relevance = f"relevance {place.relevance:.2f}"
        if place.shown:
            show(f"in {place.feed} since {local(place.entered_at)}, {relevance}: {place.why}")
        else:
            show(f"not in {place.feed}: {relevance} is below its threshold of {place.threshold:g}: {place.why}")


def _how(how: str) -> str:
    return "a new paper" if how == "new" else f"recognised by {how}"


def _as_json(story: PaperStory) -> dict[str, object]:
    paper = story.paper
    return {
        "id": paper.id,
        "title": paper.title,
        "url": paper.url,
        "journal": paper.journal,
        "published": paper.published,
        "preprint": paper.preprint,
        "marks": list(paper.marks),
        "first_seen": story.first_seen_at,
        "identifiers": [{"scheme": name.scheme, "value": name.value} for name in story.identifiers],
        "fields": story.fields,
        "tags": list(story.tags),
        "announced": [
            {
                "source": seen.source,
                "name": seen.name,
                "names": list(seen.names),
                "preprint": seen.preprint,
                "how": seen.how,
                "at": seen.at,
            }
            for seen in story.sightings
        ],
        "merged": [{"id": one.paper_id, "title": one.title, "why": one.why, "at": one.at} for one in story.merges],
        "changes": [{"kind": kind, "at": when} for kind, when in story.changes],
        "notices": [{"mark": mark, "by": by} for mark, by in story.notices],
        "feeds": [
            {
                "feed": one.feed,
                "entered": one.entered_at,
                "relevance": round(one.relevance, 3),
                "why": one.why,
                "threshold": one.threshold,
                "shown": one.shown,
            }
            for one in story.feeds
        ],
    }
