"""One paper beside many feeds: it is read once, and only feeds that it has anything to do with are looked at."""

from __future__ import annotations

from collections.abc import Sequence

from bot.concepts.match import Match, Matcher


class Several:
    """Feeds by what they are about.

    Args:
        matchers: all of one `compile_feeds`, which share their reading.
    """

    def __init__(self, matchers: Sequence[Matcher]) -> None:
        self._matchers = tuple(matchers)
        #: For each number that a paper can mention, the positions of the feeds that it has to do with.
        self._about: dict[int, list[int]] = {}
        for position, matcher in enumerate(self._matchers):
            for number in matcher.numbers:
                self._about.setdefault(number, []).append(position)

    def matches(self, title: str, abstract: str = "", keywords: Sequence[str] = ()) -> list[tuple[Matcher, Match]]:
        """Give the feeds that the text belongs to, at or above the threshold of each, and why; the best first.

        Feeds of the same relevance come by their slugs. A paper that mentions nothing of a feed is not in it, however
        low the threshold.
        """
        if not self._matchers:
            return []
        reading = self._matchers[0].read(title, abstract, keywords)
        near = {position for number in reading.by_concept for position in self._about.get(number, ())}
        judged = ((self._matchers[position], self._matchers[position].judge(reading)) for position in near)
        found = [(matcher, match) for matcher, match in judged if match is not None]
        return sorted(found, key=lambda one: (-one[1].relevance, one[0].feed.slug))
