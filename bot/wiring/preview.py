"""What is in a feed, what is just out, and why: for choosing its threshold and its words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.concepts.match import THRESHOLD, Match, Matcher, is_retracted, text_of
from bot.models.feeds import FeedRecord
from bot.models.papers import Identifier, PaperRecord
from bot.store import feeds, margin
from bot.store.engine import Store
from bot.store.margin import Counts

#: Papers of other feeds that are looked at, the newest, so that a preview of a large database takes seconds.
LOOKED_AT = 2_000
#: What is less than this share of the threshold is not just out, but far from it.
NEAR = 0.5
#: So little that everything has it, but for what is kept out by an excluded term.
_ANY = 1e-9


@dataclass(frozen=True, slots=True)
class PreviewPaper:
    """A paper beside a feed."""

    paper: PaperRecord
    relevance: float
    #: When it entered the feed; of one that did not, when it last entered another one.
    entered_at: datetime
    why: str
    identifiers: tuple[Identifier, ...] = ()
    #: Whether the threshold that is tried makes the difference.
    moves: bool = False
    #: Of a paper that is out: the feeds that it is in.
    feeds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedPreview:
    """A feed by some threshold."""

    feed: FeedRecord
    #: The one that is tried; None: the usual one.
    threshold: float | None
    counts: Counts
    #: The last that entered first.
    inside: tuple[PreviewPaper, ...]
    #: Its own papers that the threshold keeps out, the nearest to it first.
    below: tuple[PreviewPaper, ...]
    #: Papers of other feeds that are about it by their text, or nearly, the most relevant first.
    elsewhere: tuple[PreviewPaper, ...]
    since: datetime


def preview_feed(
    store: Store,
    compiled: Callable[[Sequence[FeedRecord]], Sequence[Matcher]],
    feed: FeedRecord,
    threshold: float | None,
    since: datetime,
    limit: int,
) -> FeedPreview:
    """A feed as `threshold` would have it; nothing is written.

    Just out are its own papers below the threshold, and papers of other feeds that are about it by their text, and that
    none of its queries has found.

    Args:
        compiled: gives the matchers of feeds, in their order.
        threshold: None for the usual one.
        since: papers that entered a feed earlier are not just out.
        limit: of each kind, at the most.
    """
    own = feed.threshold

    def is_in(relevance: float, level: float | None) -> bool:
        return level is None or relevance >= level or relevance <= 0

    inside = [
        PreviewPaper(
            one.paper, one.relevance, one.entered_at, one.why, one.identifiers, moves=not is_in(one.relevance, own)
        )
        for one in margin.inside(store, feed.id, threshold, limit)
    ]
    below = [
        PreviewPaper(
            one.paper,
            one.relevance,
            one.entered_at,
            f"below the threshold; {one.why}" if one.why else "below the threshold",
            one.identifiers,
            moves=is_in(one.relevance, own),
        )
        for one in margin.below(store, feed.id, threshold, since, limit)
    ]
    about_it = _elsewhere(store, compiled, feed, THRESHOLD if threshold is None else threshold, since)
    about_it.sort(key=lambda one: (-one.relevance, -one.entered_at.timestamp(), one.paper.id))
    about_it = about_it[:limit]
    others = margin.other_feeds_of(store, [one.paper.id for one in (*below, *about_it)], feed.id)

    def with_feeds(papers: Sequence[PreviewPaper]) -> tuple[PreviewPaper, ...]:
        return tuple(replace(one, feeds=tuple(others.get(one.paper.id, ()))) for one in papers)

    return FeedPreview(
        feed,
        threshold,
        margin.counts_at(store, feed.id, threshold),
        tuple(inside),
        with_feeds(below),
        with_feeds(about_it),
        since,
    )


def _elsewhere(
    store: Store,
    compiled: Callable[[Sequence[FeedRecord]], Sequence[Matcher]],
    feed: FeedRecord,
    level: float,
    since: datetime,
) -> list[PreviewPaper]:
    """Papers of other feeds that are about this one, or nearly."""
    candidates = margin.elsewhere(store, feed.id, since, LOOKED_AT)
    if not candidates:
        return []
    # With all feeds that are on offer, as a round of collecting would weigh them.
    offered = feeds.feeds(store)
    offered = offered if feed in offered else (*offered, feed)
    matcher = compiled(offered)[offered.index(feed)]
    found = []
    for paper, entered_at in candidates:
        if is_retracted(paper):
            continue
        match = matcher.weigh(paper)
        if match.why and match.relevance >= NEAR * level:
            why = _why_out(matcher, paper, match, level)
            found.append(PreviewPaper(paper, match.relevance, entered_at, why))
    return found


def _why_out(matcher: Matcher, paper: PaperRecord, match: Match, level: float) -> str:
    taken = replace(matcher, threshold=_ANY).match(paper.title, text_of(paper.abstract), paper.keywords, paper.mesh)
    if taken is None:
        return f"has an excluded term; {match.why}"
    if match.relevance < level:
        return f"below the threshold; {match.why}"
    return f"no query of this feed has found it; {match.why}"
