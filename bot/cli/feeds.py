"""Concept feeds: what subscribers can choose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.context import opened
from bot.cli.output import counted, local, plural, show, show_json, show_table, talk
from bot.cli.previewing import show_preview
from bot.cli.rounds import AsJson
from bot.cli.sources import health_in_words, state_as_json
from bot.cli.thresholds import WHAT_IT_IS, read_threshold, threshold_told
from bot.cli.trending import show_trending
from bot.cli.trying import try_catalogue
from bot.concepts import catalogue
from bot.concepts.catalogue import CatalogueChange
from bot.errors import BotError
from bot.models.feeds import CatalogueFeed, CatalogueQuery
from bot.store import feeds, queries
from bot.store.feeds import FeedOverview
from bot.wiring import App

app = typer.Typer(help="Concept feeds: what subscribers can choose.", no_args_is_help=True)
app.command("preview")(show_preview)
app.command("test")(try_catalogue)
app.command("trending")(show_trending)

Slug = Annotated[str, typer.Argument(help="The feed's slug, as `bot feeds list` shows it.", metavar="SLUG")]


@app.command("list")
def list_feeds(as_json: AsJson = False) -> None:
    """List the feeds with their papers and subscribers."""
    with opened() as bot:
        found = feeds.overviews(bot.store, bot.clock())
    if as_json:
        show_json([_overview(one) for one in found])
    elif not found:
        show("no feeds yet; run `bot feeds apply --starter`")
    else:
        rows = [
            (o.feed.slug, o.feed.name + (" (retired)" if o.retired else ""), o.week, o.papers, o.subscribers)
            for o in found
        ]
        columns = ("SLUG", "NAME", "THIS WEEK", "PAPERS", "SUBSCRIBERS")
        show_table(columns, rows, right=columns[2:])


def _overview(one: FeedOverview) -> dict[str, object]:
    return {
        "slug": one.feed.slug,
        "name": one.feed.name,
        "description": one.feed.description,
        "week": one.week,
        "papers": one.papers,
        "subscribers": one.subscribers,
        "threshold": one.feed.threshold,
        "retired": one.retired,
    }


@app.command("show")
def show_feed(slug: Slug, as_json: AsJson = False) -> None:
    """Show one feed: its words, its queries and how they are doing."""
    with opened() as bot:
        feed = feeds.feed(bot.store, slug)
        (overview,) = feeds.overviews(bot.store, bot.clock(), slug)
        states = queries.query_states(bot.store, slug)
    if as_json:
        words = {"mesh": list(feed.mesh), "synonyms": list(feed.synonyms), "exclude": list(feed.exclude)}
        show_json({**_overview(overview), **words, "queries": [state_as_json(state) for state in states]})
        return
    show(f"{feed.name} ({feed.slug}){' (retired)' if overview.retired else ''}")
    show(f"  {feed.description}")
    for title, terms in (("mesh", feed.mesh), ("synonyms", feed.synonyms), ("exclude", feed.exclude)):
        if terms:
            show(f"  {title}: {'; '.join(terms)}")
    show(f"  threshold: {threshold_told(feed.threshold)}")
    week = plural(overview.week, "paper")
    show(f"  {week} this week, {overview.papers:,} in all, {plural(overview.subscribers, 'subscriber')}")
    for state in states:
        show(f"  {state.query.source}: {health_in_words(state)}, asked {local(state.asked_at)}")
        show(f"    {state.query.query}")


@app.command()
def apply(
    file: Annotated[Path | None, typer.Argument(help="A catalogue.", metavar="FILE.toml")] = None,
    starter: Annotated[bool, typer.Option("--starter", help="The catalogue that comes with the bot.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Retire the feeds that the catalogue does not have.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the feeds what a catalogue says, as a whole or, where it has errors, not at all."""
    if (file is None) == (not starter):
        raise typer.BadParameter("name a catalogue, or --starter")
    wanted = catalogue.starter() if file is None else catalogue.parse(_text(file), file.name)
    if not wanted:
        raise BotError(f"catalogue: {file}: has no feeds; write each under [[feed]]")
    with opened() as bot:
        change = catalogue.difference(feeds.catalogue(bot.store), wanted)
        missing = tuple(feed.slug for feed in change.missing)
        if not dry_run and (change or (prune and missing)):
            _apply(bot, wanted, missing if prune else ())
    retired = missing if prune else ()
    if as_json:
        show_json(
            {
                "added": [feed.slug for feed in change.added],
                "changed": {one.new.slug: list(one.words) for one in change.changed},
                "unchanged": [feed.slug for feed in change.unchanged],
                "retired": list(retired),
                "left": [slug for slug in missing if slug not in retired],
            }
        )
        return
    _tell(change, retired)
    if missing and not prune:
        talk(f"not in the catalogue, left as they are (--prune retires them): {', '.join(missing)}")


def _tell(change: CatalogueChange, retired: tuple[str, ...]) -> None:
    for feed in change.added:
        show(f"+ {feed.slug}: {feed.name}")
    for one in change.changed:
        show(f"~ {one.new.slug}")
        for words in one.words:
            show(f"    {words}")
    for slug in retired:
        show(f"- {slug}")
    counts = {"added": len(change.added), "changed": len(change.changed), "unchanged": len(change.unchanged)}
    show(counted({**counts, "retired": len(retired)}) or "nothing to do")


def _apply(bot: App, wanted: tuple[CatalogueFeed, ...], gone: tuple[str, ...]) -> None:
    feeds.apply_catalogue(bot.store, wanted, bot.clock())
    for slug in gone:
        feeds.retire(bot.store, slug, bot.clock())


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise BotError(f"catalogue: {file}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise BotError(f"catalogue: {file}: not UTF-8; save it so") from error


@app.command()
def export(
    out: Annotated[Path | None, typer.Option(help="Write it into this file.", metavar="FILE.toml")] = None,
) -> None:
    """Write the feeds on offer as a catalogue."""
    with opened() as bot:
        text = catalogue.write(feeds.catalogue(bot.store))
    if out is None:
        show(text.rstrip("\n"))
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise BotError(f"catalogue: {out}: cannot be written: {(error.strerror or str(error)).lower()}") from error
    talk(f"written: {out}")


@app.command()
def add(
    slug: Slug,
    name: Annotated[str, typer.Option(help="As readers see it.")],
    query: Annotated[
        list[str], typer.Option(help="SOURCE=QUERY, as often as there are queries.", metavar="SOURCE=QUERY")
    ],
    description: Annotated[str, typer.Option(help="One line.")] = "",
    synonym: Annotated[list[str] | None, typer.Option(help="Another name; capitals matter in short forms.")] = None,
    mesh: Annotated[list[str] | None, typer.Option(help="A MeSH heading.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="A term that keeps papers out.")] = None,
    threshold: Annotated[str, typer.Option(help=WHAT_IT_IS, metavar="0..1")] = "usual",
) -> None:
    """Add one feed."""
    parts = [one.partition("=") for one in query]
    feed = CatalogueFeed(
        slug,
        name,
        description,
        tuple(mesh or ()),
        tuple(synonym or ()),
        tuple(exclude or ()),
        tuple(CatalogueQuery(source, text) for source, _, text in parts),
        read_threshold(threshold),
    )
    with opened() as bot:
        if any(one.feed.slug == slug for one in feeds.overviews(bot.store, bot.clock(), slug)):
            raise BotError(f"feed: '{slug}' is there already; use `bot feeds edit {slug}`")
        _apply(bot, _checked(feed), ())
    show(f"added: {slug}")


@app.command()
def edit(
    slug: Slug,
    name: Annotated[str | None, typer.Option(help="As readers see it.")] = None,
    description: Annotated[str | None, typer.Option(help="One line.")] = None,
    synonym: Annotated[list[str] | None, typer.Option(help="All other names, in place of those there are.")] = None,
    mesh: Annotated[list[str] | None, typer.Option(help="All MeSH headings, in place of those there are.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="All terms that keep papers out.")] = None,
    query: Annotated[
        list[str] | None, typer.Option(help="All queries, in place of those there are.", metavar="SOURCE=QUERY")
    ] = None,
    threshold: Annotated[str | None, typer.Option(help=WHAT_IT_IS, metavar="0..1|usual")] = None,
) -> None:
    """Change one feed; what is not named stays."""
    level = None if threshold is None else read_threshold(threshold)
    with opened() as bot:
        feeds.feed(bot.store, slug)
        there = {feed.slug: feed for feed in feeds.catalogue(bot.store)}
        if slug not in there:
            raise BotError(f"feed: '{slug}' is retired; apply a catalogue that has it to offer it again")
        feed = there[slug]
        changes: dict[str, object] = {
            "name": name,
            "description": description,
            "synonyms": None if synonym is None else tuple(synonym),
            "mesh": None if mesh is None else tuple(mesh),
            "exclude": None if exclude is None else tuple(exclude),
            "queries": None
            if query is None
            else tuple(CatalogueQuery(source, text) for source, _, text in (one.partition("=") for one in query)),
        }
        wanted = {key: value for key, value in changes.items() if value is not None}
        if threshold is not None:
            wanted["threshold"] = level
        if not wanted:
            raise typer.BadParameter("name what is to change, such as --name or --query")
        _apply(bot, _checked(replace(feed, **wanted)), ())  # type: ignore[arg-type]  # keys are the fields' own
    show(f"changed: {slug}: {', '.join(wanted)}")


def _checked(feed: CatalogueFeed) -> tuple[CatalogueFeed, ...]:
    """The feed, having passed the same checks as a catalogue file."""
    return catalogue.parse(catalogue.write([feed]), feed.slug)


@app.command()
def retire(slug: Slug) -> None:
    """Offer a feed no longer; its papers and subscriptions stay, and applying it again brings it back."""
    with opened() as bot:
        feeds.retire(bot.store, slug, bot.clock())
    show(f"retired: {slug}")
