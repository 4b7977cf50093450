"""Concept feeds beside their own past: which of them grow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import typer

from bot.cli.context import opened
from bot.cli.output import plural, show, show_json, show_table, talk
from bot.cli.rounds import AsJson
from bot.concepts.trends import FEWEST_WEEKS, WEEKS, Trend, compared
from bot.models.feeds import FeedRecord
from bot.store import feeds

#: Weeks of the little picture in the table: a quarter of a year.
SPARK = 13

_BLOCKS = "▁▂▃▄▅▆▇█"


def show_trending(
    everyone: Annotated[bool, typer.Option("--all", help="Every feed with papers, whether it grows or not.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the feeds that grow faster than their own past, the most striking first."""
    with opened() as bot:
        records = feeds.every_feed(bot.store)
        weekly = feeds.weekly_counts(bot.store, bot.clock(), WEEKS)
    trends = compared(weekly)
    shown = [trend for trend in trends if everyone or trend.grows]
    if as_json:
        show_json([_as_json(trend, records[trend.feed_id], weekly[trend.feed_id]) for trend in shown])
    elif shown:
        _show(shown, records, weekly)
    elif any(trend.known for trend in trends):
        show("no feed grows faster than its own past")
    _tell_of_the_young(trends, weekly, talk if as_json or shown else show)


def _tell_of_the_young(
    trends: Sequence[Trend], weekly: Mapping[int, Sequence[int]], tell: Callable[[str], None]
) -> None:
    young = [trend for trend in trends if not trend.known]
    if not trends:
        tell("too soon to tell: no feed has papers yet; run `bot collect`")
    elif len(young) == len(trends):
        most = max(max(0, len(counts) - 2) for counts in weekly.values())
        whole = plural(most, "whole week")
        tell(f"too soon to tell: a trend needs a past of {FEWEST_WEEKS} whole weeks, and no feed has more than {whole}")
    elif young:
        tell(f"too soon to tell of {plural(len(young), 'feed')}: a past of {FEWEST_WEEKS} whole weeks is needed")


def _as_json(trend: Trend, feed: FeedRecord, counts: Sequence[int]) -> dict[str, object]:
    return {
        "slug": feed.slug,
        "name": feed.name,
        "trending": trend.grows if trend.known else None,
        "papers": trend.papers,
        "usual": round(trend.usual, 2) if trend.known else None,
        "growth": round(trend.growth, 2) if trend.growth is not None else None,
        "bound": round(trend.bound, 2) if trend.known else None,
        "usual_from": trend.why if trend.known else None,
        "words": trend.words,
        "weeks": list(counts),
    }


def _show(shown: Sequence[Trend], records: Mapping[int, FeedRecord], weekly: Mapping[int, Sequence[int]]) -> None:
    columns = ("FEED", "NAME", "THIS WEEK", "USUAL", "GROWTH", "BY CHANCE", f"LAST {SPARK} WEEKS", "WORDS")
    rows = [
        (
            records[trend.feed_id].slug,
            records[trend.feed_id].name,
            f"{trend.papers:,}",
            f"{trend.usual:,.1f}" if trend.known else "-",
            f"×{trend.growth:.1f}" if trend.growth is not None else "-",
            f"up to {int(trend.bound):,}" if trend.known else "-",
            sparkline(weekly[trend.feed_id][-SPARK:]),
            trend.words,
        )
        for trend in shown
    ]
    show_table(columns, rows, right=columns[2:6])


def sparkline(counts: Sequence[int]) -> str:
    """Counts as a line of blocks: `▁▁▂▁█`; the lowest block is for none, the highest for the most."""
    top = max(counts, default=0)
    steps = len(_BLOCKS) - 1
    return "".join(_BLOCKS[-(-count * steps // top)] if count else _BLOCKS[0] for count in counts)
