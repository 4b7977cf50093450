"""One paper beside many feeds: it is read once, and only feeds that it has anything to do with are looked at."""

from __future__ import annotations

from collections.abc import Sequence

from bot.concepts.evidence import ABSTRACT, Evidence, together
from bot.concepts.match import Match, Matcher
from bot.concepts.relevance import relevance


class Several:
    """Feeds by what they are about.

    Args:
        matchers: all of one `compile_feeds`, which share their reading.
    """

    def __init__(self, matchers: Sequence[Matcher]) -> None:
        self._matchers = tuple(matchers)
        #: For each concept's number, the positions of the feeds that are about it.
        self._about: dict[int, list[int]] = {}
        for position, matcher in enumerate(self._matchers):
            for number in matcher._concepts:
                self._about.setdefault(number, []).append(position)

    def matches(self, title: str, abstract: str = "", keywords: Sequence[str] = ()) -> list[tuple[Matcher, Match]]:
        """Give the feeds that the text belongs to, at or above the threshold of each, and why; the best first.

        Feeds of the same relevance come by their slugs. A paper that mentions nothing of a feed is not in it, however
        low the threshold.
        """
        if not self._matchers:
            return []
        reading = self._matchers[0]._shared.read(title, abstract, keywords)
        near: dict[int, list[Evidence]] = {}
        for number, evidence in reading.by_concept.items():
            for position in self._about.get(number, ()):
                near.setdefault(position, []).append(evidence)
        has_abstract = bool(reading.texts[ABSTRACT])
        found = []
        for position, evidences in near.items():
            matcher = self._matchers[position]
            whole = evidences[0] if len(evidences) == 1 else together(evidences)
            # Most feeds are barely touched: only for the others it is worth to put the reason into words.
            if (
                relevance(whole, len(matcher._concepts), has_abstract=has_abstract, knows_company=matcher.knows_company)
                >= matcher.threshold
            ):
                match = matcher.match(title, abstract, keywords)
                if match is not None:
                    found.append((matcher, match))
        return sorted(found, key=lambda one: (-one[1].relevance, one[0].feed.slug))
