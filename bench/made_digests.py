"""Digests of made-up papers: 12 cards over 4 feeds, out of 200 papers, each for another reader."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bot.concepts.trends import Trend
from bot.models.deliveries import Digest, DigestSection
from bot.models.feeds import FeedRecord
from bot.models.papers import AbstractSection, Author, PaperRecord
from bot.render.cards import Cards, Shown
from bot.render.mime import Envelope
from bot.render.view import DigestView, Reader, Site, build_view

PAPERS, FEEDS, CARDS = 200, 4, 3
SEED = 20261126
END = datetime(2026, 11, 23, 6, tzinfo=UTC)
_WINDOW = (END - timedelta(days=7), END)
_HOME = "https://papers.example.org"
_SITE = Site("Concept Digest", _HOME, "Example Society, 1 Sample Street, 12345 Sampletown")
_WORDS = (
    "cells patients expression signalling response treatment cohort receptor outcome baseline pathway mice tissue risk "
    "between after during among with without under the of in and for was were that this these a an higher lower"
).split()
_LABELS = ("BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS")


class Made(NamedTuple):
    """One digest and who gets it."""

    digest: Digest
    reader: Reader
    envelope: Envelope


class MadeUp:
    """The same papers, feeds and readers each time."""

    def __init__(self) -> None:
        draw = random.Random(SEED)
        self.feeds = {
            one: FeedRecord(one, f"feed-{one}", f"{_sentence(draw, 3)[:-1]} {one}", _sentence(draw, 9))
            for one in range(1, FEEDS + 2)
        }
        self._of_feed = {feed: range(feed, PAPERS + 1, FEEDS) for feed in range(1, FEEDS + 1)}
        self.shown = {
            (feed, number): Shown(
                _paper(draw, number),
                ((_sentence(draw, 2)[:-1], self.feeds[1 + number % FEEDS]), (_sentence(draw, 1)[:-1], None)),
                "title: fatigue; 3 times in the abstract",
                free=number % 3 == 0,
            )
            for feed, numbers in self._of_feed.items()
            for number in numbers
        }
        self._weeks = {feed: tuple(draw.choices(range(20), k=12)) for feed in self.feeds}
        self._trends = {FEEDS + 1: Trend(FEEDS + 1, 18, 6.2, 11.0)}

    def digests(self, count: int) -> Iterator[Made]:
        """So many digests, no two with the same reader, and hardly two with the same papers."""
        draw = random.Random(SEED)
        for number in range(1, count + 1):
            sections = tuple(
                DigestSection(feed, tuple(draw.sample(papers, CARDS)), draw.randrange(4))
                for feed, papers in self._of_feed.items()
            )
            token = f"{number}.{draw.getrandbits(258):043x}"[:50]
            reader = Reader(
                name=f"Reader {number}",
                timezone="Europe/Berlin",
                unsubscribe_url=f"{_HOME}/unsubscribe/{token}",
                preferences_url=f"{_HOME}/preferences/{token}",
                pause_url=f"{_HOME}/pause/{token}",
                votes_url=f"{_HOME}/vote/{token[:28]}",
            )
            yield Made(Digest(sections, (FEEDS + 1,)), reader, _envelope(number, reader, token))

    def view(self, made: Made, cards: Cards) -> DigestView:
        """What the templates of a digest see."""
        return build_view(
            made.digest,
            self.feeds,
            self.shown,
            made.reader,
            _SITE,
            _WINDOW,
            cards=cards,
            trends=self._trends,
            weeks=self._weeks,
        )


def cards() -> Cards:
    """For the views of many digests."""
    return Cards(_HOME)


def _envelope(number: int, reader: Reader, token: str) -> Envelope:
    return Envelope(
        from_name="Concept Digest",
        from_address="digest@papers.example.org",
        to_name=reader.name,
        to_address=f"reader{number}@lab{number % 97}.example.net",
        message_id=f"digest.{number}@papers.example.org",
        date=END,
        unsubscribe_url=reader.unsubscribe_url,
        unsubscribe_mailto=f"unsubscribe@papers.example.org?subject=unsubscribe%20{token}",
        reply_to="editors@papers.example.org",
        list_id="digest.papers.example.org",
        list_name="Concept Digest",
        feedback_id="1:digest:concept-digest:papers",
        sender=f"bounce+{number}-abc@papers.example.org",
    )


def _paper(draw: random.Random, number: int) -> PaperRecord:
    return PaperRecord(
        number,
        _sentence(draw, draw.randint(7, 12))[:-1],
        f"https://doi.example.org/10.5555/cd.{number:05d}",
        tuple(
            AbstractSection(label, " ".join(_sentence(draw, draw.randint(10, 16)) for _ in range(2)))
            for label in _LABELS
        ),
        tuple(Author(_sentence(draw, 1)[:-1], "", draw.choice("ABCDEFGH")) for _ in range(draw.randint(1, 9))),
        f"Journal of {_sentence(draw, 2)[:-1]}",
        publication_types=("Journal Article", *(("Review",) if number % 5 == 0 else ())),
        published="2026-11-20",
        language="en",
        source="pubmed",
        preprint=number % 7 == 0,
    )


def _sentence(draw: random.Random, words: int) -> str:
    return " ".join(draw.choices(_WORDS, k=words)).capitalize() + "."
