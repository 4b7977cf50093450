"""Made-up weeks of a bot: subscribers with their choices, and each week's papers, the same on every machine."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg

from bot.collect.identity import RULES
from bot.digests.cadence import next_occasion
from bot.models.feeds import CatalogueFeed, CatalogueQuery
from bot.models.papers import AbstractSection, Announcement, Finding, Identifier
from bot.models.rosters import RosterRow
from bot.models.subscribers import Wish
from bot.store import feeds, rosters, saving, votes
from bot.store.engine import Store
from bot.store.schema import open_store, upgrade

SEED = 20261127
FEEDS = 50
#: Of each subscriber.
CHOSEN = 4
#: In a week; each is in one to three feeds.
PAPERS = 200
#: One in so many comes to another feed a week later: whoever follows both has had it.
LATE = 10
#: Of each subscriber who votes.
VOTES = 20
ZONES = ("UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo")
#: A Monday, when it is past nine everywhere that a zone says.
BEGINNING = datetime(2026, 11, 23, 20, tzinfo=UTC)
WEEK = timedelta(days=7)
#: Rows of a roster that are brought in together.
ROWS = 1_000

_WORDS = (
    "cells patients expression signalling response treatment cohort receptor outcome baseline pathway mice tissue risk "
    "model protein dose therapy survival marker variant plasma cortex neuron lesion graft enzyme ligand uptake fibrosis"
).split()


class Weeks:
    """A database that lives from week to week; what happens in it depends on a seed alone.

    Some feeds have more papers than others, and some more subscribers: the first ten times as many as the last.

    Args:
        beginning: an evening in UTC; each week ends on such a one, and all want their digests on its day.
    """

    def __init__(self, url: str, readers: int, beginning: datetime = BEGINNING) -> None:
        fresh = Store(url)
        upgrade(fresh)
        fresh.close()
        self.store = open_store(url)
        self._url = url
        self.readers = readers
        #: What the bot's clock shows.
        self.now = beginning
        self._draw = random.Random(SEED)
        self._papers = 0
        self._late: list[tuple[int, Finding]] = []
        slugs = [f"feed-{at}" for at in range(FEEDS)]
        offered = [CatalogueFeed(slug, slug, queries=(CatalogueQuery("pubmed", slug),)) for slug in slugs]
        feeds.apply_catalogue(self.store, offered, self.now)
        self._feed_ids = [feeds.feed(self.store, slug).id for slug in slugs]
        self._join(slugs)

    def clock(self) -> datetime:
        """What time it is."""
        return self.now

    def pass_on(self) -> None:
        """Let a week pass: its papers come, and then it is the hour at which everybody is due."""
        coming: dict[int, list[Finding]] = defaultdict(list)
        for feed, found in self._late:
            coming[feed].append(found)
        self._late = []
        for number in range(self._papers, self._papers + PAPERS):
            found = self._paper(number)
            first, *others = popular(self._draw, self._draw.randint(1, 3))
            coming[first].append(found)
            for feed in others:
                coming[feed].append(found)
            if number % LATE == 0:
                self._late.append(((first + 1) % FEEDS, found))
        self._papers += PAPERS
        for day, (feed, batch) in enumerate(sorted(coming.items())):
            moment = self.now + WEEK * (day + 1) / (FEEDS + 2)
            saving.save(self.store, self._feed_ids[feed], batch, lambda at=moment: at, RULES)  # type: ignore[misc]
        self.now += WEEK
        self._tidy_up()

    def vote(self, one_in: int) -> int:
        """Let one in so many subscribers vote on papers of all weeks; how many do."""
        voters = range(1, self.readers + 1, one_in)
        for who in voters:
            for paper in self._draw.sample(range(1, self._papers + 1), VOTES):
                votes.cast(self.store, who, paper, liked=paper % 3 == 0, now=self.now)
        return len(voters)

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def _tidy_up(self) -> None:
        """What PostgreSQL does by itself every minute or so, and has done long before a week is over."""
        if not self.store.is_sqlite:
            with psycopg.connect(self._url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as one:
                one.execute("vacuum analyze")

    def _join(self, slugs: Sequence[str]) -> None:
        arrived = rosters.begin_import(self.store, "made up", self.now)
        for start in range(0, self.readers, ROWS):
            rows = [self._row(number, slugs) for number in range(start, min(start + ROWS, self.readers))]
            rosters.import_rows(
                self.store,
                rows,
                import_id=arrived,
                how="made up",
                defaults=rosters.Defaults(Wish(), "en"),
                next_due=lambda wish: next_occasion(wish, self.now),
                now=self.now,
            )

    def _row(self, number: int, slugs: Sequence[str]) -> RosterRow:
        email = f"reader{number}@reader.example"
        chosen = tuple(slugs[feed] for feed in popular(self._draw, CHOSEN))
        wish = Wish("weekly", self.now.weekday(), self._draw.randint(6, 9), self._draw.choice(ZONES))
        return RosterRow(number + 2, email, email, f"Reader {number}", chosen, wish)

    def _paper(self, number: int) -> Finding:
        title = " ".join(self._draw.choices(_WORDS, k=10)).capitalize()
        abstract = AbstractSection("", " ".join(self._draw.choices(_WORDS, k=150)))
        name = Identifier("pmid", str(90_000_000 + number))
        url = f"https://example.org/{number}"
        one = Announcement("pubmed", (name,), f"{title} {number}", url, (abstract,), published="2026-11-20")
        return Finding(one, round(self._draw.uniform(0.3, 1), 3))


def popular(draw: random.Random, count: int) -> list[int]:
    """So many feeds by their places, each once: the first is drawn ten times as often as the last."""
    found: dict[int, None] = {}
    while len(found) < count:
        found[draw.choices(range(FEEDS), [1 / (at + FEEDS / 9) for at in range(FEEDS)])[0]] = None
    return list(found)
