"""`bot feeds trending`, as a person calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli.trending import sparkline
from bot.store import feeds
from bot.store.engine import Store
from bot.store.schema import open_store
from tests.builders import catalogue_feed, finding, save
from tests.cli.conftest import Ran

Bot = Callable[..., Ran]


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{folder}/bot.db")
    yield store
    store.close()


def fill(store: Store, slug: str, weeks: list[int]) -> None:
    """A feed with so many papers in each week, the last week last; all of them well within their weeks."""
    now = datetime.now(UTC)
    feeds.apply_catalogue(store, [catalogue_feed(slug)], now - timedelta(weeks=len(weeks), days=-3))
    feed_id = feeds.feed(store, slug).id
    entered = [
        now - timedelta(weeks=back, days=2) for back, papers in enumerate(reversed(weeks)) for _ in range(papers)
    ]
    found = [replace(finding(feed_id * 10_000 + at), entered_at=moment) for at, moment in enumerate(entered)]
    save(store, feed_id, found, lambda: now)


def test_what_grows_is_shown_with_all_its_figures(bot: Bot, store: Store) -> None:
    fill(store, "microbicides", [7, *[4] * 9, 15])
    fill(store, "blastomycosis", [1, *[4] * 9, 5])
    fill(store, "young", [3, 4])
    ran = bot("feeds", "trending")
    assert ran.code == 0
    head, row, *more = ran.out.splitlines()
    assert head.split("  ")[0] == "FEED"
    assert not more
    for part in (
        "microbicides",
        "Microbicides",
        "15",
        "4.0",
        "×3.8",
        "up to 10",
        "▅▃▃▃▃▃▃▃▃▃█",
        "15 papers this week, 4 in",
    ):
        assert part in row
    assert "too soon to tell of 1 feed" in ran.err
    assert bot("feeds", "trending", "--json").json == [
        {
            "slug": "microbicides",
            "name": "Microbicides",
            "trending": True,
            "papers": 15,
            "usual": 4.0,
            "growth": 3.75,
            "bound": pytest.approx(10.6, abs=0.2),
            "usual_from": "past",
            "words": "15 papers this week, 4 in a usual week",
            "weeks": [7, *[4] * 9, 15],
        }
    ]


def test_all_feeds_are_shown_when_asked_for(bot: Bot, store: Store) -> None:
    fill(store, "microbicides", [7, *[4] * 9, 15])
    fill(store, "blastomycosis", [1, *[4] * 9, 5])
    fill(store, "young", [3, 4])
    found = bot("feeds", "trending", "--all", "--json").json
    assert [(one["slug"], one["trending"]) for one in found] == [
        ("microbicides", True),
        ("blastomycosis", False),
        ("young", None),
    ]
    assert [found[2][key] for key in ("usual", "growth", "bound", "usual_from")] == [None] * 4
    assert "4 papers this week, too soon to say what is usual" in bot("feeds", "trending", "--all").out


def test_nothing_grows(bot: Bot, store: Store) -> None:
    fill(store, "blastomycosis", [1, *[4] * 9, 5])
    ran = bot("feeds", "trending")
    assert (ran.code, ran.out, ran.err) == (0, "no feed grows faster than its own past\n", "")
    assert bot("feeds", "trending", "--json").json == []


def test_no_past_is_said_plainly(bot: Bot, store: Store) -> None:
    ran = bot("feeds", "trending")
    assert (ran.code, ran.out) == (0, "too soon to tell: no feed has papers yet; run `bot collect`\n")
    fill(store, "young", [3, 4, 20])
    words = "too soon to tell: a trend needs a past of 8 whole weeks, and no feed has more than 1 whole week\n"
    assert bot("feeds", "trending").out == words
    ran = bot("feeds", "trending", "--json")
    assert (ran.code, ran.json, ran.err) == (0, [], words)


def test_a_line_of_blocks() -> None:
    assert sparkline([0, 1, 50, 99, 100]) == "▁▂▅██"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""
