"""Which feeds follow a concept of the vocabulary, and which follow one that it does not have."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from bot.concepts.near import nearest
from bot.concepts.vocabulary import Vocabulary
from bot.models.feeds import FeedRecord


class Follower(NamedTuple):
    """A feed that takes a concept's papers."""

    slug: str
    #: The concept that the feed names: the same, or a broader one.
    by: int


class UnknownHeading(NamedTuple):
    """A name in a feed's `mesh` that no concept has."""

    slug: str
    name: str
    #: Preferred names near to it.
    near: tuple[str, ...]


def followers(vocabulary: Vocabulary, number: int, feeds: Iterable[FeedRecord]) -> tuple[Follower, ...]:
    """The feeds that follow the concept or a broader one, each once, by the first of its names that does."""
    broader = set(vocabulary.broader(number))
    found = []
    for feed in feeds:
        named = (vocabulary.number_of(name) for name in feed.mesh)
        by = next((one for one in named if one in broader), None)
        if by is not None:
            found.append(Follower(feed.slug, by))
    return tuple(found)


def unknown_headings(vocabulary: Vocabulary, feeds: Iterable[FeedRecord]) -> tuple[UnknownHeading, ...]:
    """What feeds name and the vocabulary does not have, with what may have been meant."""
    near = cache(lambda name: nearest(vocabulary, name))
    return tuple(
        UnknownHeading(feed.slug, name, near(name))
        for feed in feeds
        for name in feed.mesh
        if vocabulary.number_of(name) is None
    )
