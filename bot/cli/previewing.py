"""`bot feeds preview`: what is in a feed, what is just out, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer

from bot.cli.context import opened
from bot.cli.output import plural, show, show_json
from bot.cli.rounds import AsJson
from bot.cli.thresholds import read_threshold, threshold_told
from bot.collect.sources.identifiers import is_preprint_doi
from bot.concepts.match import is_retracted
from bot.models.papers import Identifier
from bot.store import feeds
from bot.wiring.preview import FeedPreview, PreviewPaper, preview_feed


def show_preview(
    slug: Annotated[str, typer.Argument(help="The feed's slug, as `bot feeds list` shows it.", metavar="SLUG")],
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, help="So many papers of each kind at the most.", metavar="N")
    ] = 20,
    threshold: Annotated[
        str | None,
        typer.Option(help="Try another threshold; nothing is changed.", metavar="0..1|usual"),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(
            min=1, max=365, help="How far back to look for what is just out; BOT_LOOKBACK_DAYS.", metavar="DAYS"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is in a feed, what is just out, and why; with another threshold, what it would change."""
    tried = None if threshold is None else read_threshold(threshold)
    with opened() as bot:
        feed = feeds.feed(bot.store, slug)
        since = bot.clock() - timedelta(days=days or bot.settings.lookback_days)
        level = feed.threshold if threshold is None else tried
        preview = preview_feed(bot.store, bot.matchers.of, feed, level, since, limit)
    if as_json:
        show_json(_as_json(preview))
    else:
        _show(preview)


def _as_json(preview: FeedPreview) -> dict[str, object]:
    counts = preview.counts
    out = [(one, True) for one in preview.below] + [(one, False) for one in preview.elsewhere]
    return {
        "feed": preview.feed.slug,
        "threshold": preview.threshold,
        "set": preview.feed.threshold,
        "papers": {"in": counts.then, "below": counts.stored - counts.then, "now": counts.now},
        "since": preview.since,
        "in": [_paper(one) for one in preview.inside],
        "out": [
            {**_paper(one), "own": own, "feeds": list(one.feeds)}
            for one, own in sorted(out, key=lambda pair: -pair[0].relevance)
        ],
    }


def _paper(one: PreviewPaper) -> dict[str, object]:
    paper = one.paper
    return {
        "id": paper.id,
        "title": paper.title,
        "relevance": round(one.relevance, 3),
        "entered": one.entered_at,
        "why": one.why,
        "moves": one.moves,
        "marks": list(paper.marks),
        "url": paper.url,
        "identifiers": main_names(one.identifiers),
        "names": [str(name) for name in one.identifiers],
        "journal": paper.journal,
        "published": paper.published,
    }


def main_names(identifiers: Sequence[Identifier]) -> dict[str, str]:
    """One name of each scheme: of a paper that was a preprint, the article's, whose PMID came later."""

    def rank(name: Identifier) -> tuple[bool, str]:
        return name.scheme == "doi" and not is_preprint_doi(name.value), name.value.zfill(12)

    return {name.scheme: name.value for name in sorted(identifiers, key=rank)}


def _show(preview: FeedPreview) -> None:
    feed, counts = preview.feed, preview.counts
    show(f"{feed.name} ({feed.slug})")
    show(f"  threshold: {threshold_told(preview.threshold)}")
    if preview.threshold != feed.threshold:
        show(f"  tried, not set; set is {threshold_told(feed.threshold)}")
    if not counts.stored:
        show(f"  no papers yet; run `bot collect --feed {feed.slug}`")
    else:
        out = counts.stored - counts.then
        below = f", {out:,} below the threshold" if out else ""
        show(f"  {plural(counts.then, 'paper')} in{below}{_moved(preview)}")
    _show_papers("in, the newest first", preview.inside, counts.then, "+")
    since = f"since {preview.since:%Y-%m-%d}"
    _show_papers(f"just out {since}, the nearest first", preview.below, len(preview.below), "-")
    title = f"of other feeds {since}, about this one by their text, the most relevant first"
    _show_papers(title, preview.elsewhere, len(preview.elsewhere), "-")


def _moved(preview: FeedPreview) -> str:
    change = preview.counts.then - preview.counts.now
    if preview.threshold == preview.feed.threshold:
        return ""
    return f", {abs(change):,} {'more' if change > 0 else 'fewer'} than now" if change else ", as many as now"


def _show_papers(title: str, papers: Sequence[PreviewPaper], of: int, sign: str) -> None:
    if not papers:
        return
    show()
    show(f"{title} ({len(papers):,} of {of:,})" if of > len(papers) else title)
    for one in papers:
        retracted = "RETRACTED  " if is_retracted(one.paper) else ""
        mark = sign if one.moves else " "
        show(f"{mark} {one.entered_at:%Y-%m-%d}  {one.relevance:.2f}  {retracted}{one.paper.title}")
        show(f"                    {one.why}" + (f" (in {', '.join(one.feeds)})" if one.feeds else ""))
        if one.paper.url:
            show(f"                    {one.paper.url}")
