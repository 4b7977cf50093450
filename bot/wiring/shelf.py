"""What the digests of a round show, looked up for many at once and kept for a minute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain

from bot.concepts.trends import WEEKS, Trend, notable
from bot.models.deliveries import Digest
from bot.models.feeds import FeedRecord
from bot.models.papers import PaperRecord
from bot.render.cards import Shown
from bot.store import feeds, papers
from bot.store.engine import Store
from bot.wiring.relating import Relating

#: A paper or feed that is changed while a round goes on is shown as it was for so long.
KEPT_FOR = timedelta(minutes=1)
#: Papers that are kept, with what their cards tell.
_KEPT = 5_000


class Shelf:
    """Papers and feeds as they are at one moment, each looked up when a digest first shows it.

    Args:
        now: aware; the moment.
    """

    def __init__(self, store: Store, now: datetime) -> None:
        self._store, self._now = store, now
        self._relating = Relating(store)
        #: By the id asked for: a paper may have become one with another since. None where there is none any more.
        self._papers: dict[int, PaperRecord | None] = {}
        self._feeds_of: dict[int, frozenset[int]] = {}
        #: By feed id and the paper's id that is asked for.
        self._shown: dict[tuple[int, int], Shown] = {}

    def is_old(self, now: datetime) -> bool:
        """Whether it is time to look again."""
        return not timedelta() <= now - self._now < KEPT_FOR

    def fetch(self, digests: Sequence[Digest]) -> None:
        """Look up what some digests show, as far as it is not there yet.

        Raises:
            StoreError: the database cannot be reached or read.
        """
        if len(self._papers) > _KEPT:
            for kept in (self._papers, self._feeds_of, self._shown):
                kept.clear()
        ids = set(chain.from_iterable(digest.paper_ids for digest in digests))
        ids.update(paper for digest in digests for paper, _ in digest.updates)
        if missing := ids - self._papers.keys():
            found = papers.papers(self._store, sorted(missing))
            self._papers |= {paper: found.get(paper) for paper in missing}
            self._feeds_of |= papers.feeds_of(self._store, {paper.id for paper in found.values()})
        places = {(part.feed_id, paper) for digest in digests for part in digest.sections for paper in part.paper_ids}
        self._fetch_cards(places - self._shown.keys())

    def _fetch_cards(self, places: Iterable[tuple[int, int]]) -> None:
        new = {(feed, paper): there for feed, paper in places if (there := self._papers[paper]) is not None}
        if not new:
            return
        related = self._relating.of((feed, record) for (feed, _), record in new.items())
        why = papers.why(self._store, {(feed, record.id) for (feed, _), record in new.items()})
        free = papers.free_to_read(self._store, {record.id for record in new.values()})
        for (feed, paper), record in new.items():
            place = (feed, record.id)
            concepts = tuple((one.name, one.feed) for one in related[place])
            self._shown[feed, paper] = Shown(record, concepts, why.get(place, ""), record.id in free)

    def paper(self, paper_id: int) -> PaperRecord | None:
        """A paper that was looked up, by the id asked for; None where there is none any more."""
        return self._papers.get(paper_id)

    def shown(self, digest: Digest) -> dict[tuple[int, int], Shown]:
        """By feed id and paper id, what the cards of a digest tell; papers that are gone are left out."""
        shown = self._shown
        places = [(part.feed_id, paper) for part in digest.sections for paper in part.paper_ids]
        return {place: shown[place] for place in places if place in shown}

    def also_in(self, shown: Iterable[Shown], chosen: Sequence[int]) -> dict[int, tuple[int, ...]]:
        """By paper id, those of the chosen feeds that have the paper, for papers that are in several."""
        found = {}
        for one in shown:
            feed_ids = self._feeds_of.get(one.paper.id, ())
            if len(feed_ids) > 1:
                found[one.paper.id] = tuple([feed for feed in chosen if feed in feed_ids])
        return found

    @cached_property
    def feeds(self) -> Mapping[int, FeedRecord]:
        """All feeds by id."""
        return feeds.every_feed(self._store)

    @cached_property
    def weeks(self) -> Mapping[int, Sequence[int]]:
        """By feed id, how many papers came in each of its last weeks, the oldest first."""
        return feeds.weekly_counts(self._store, self._now, WEEKS)

    @cached_property
    def trends(self) -> Mapping[int, Trend]:
        """The feeds that trend, or are too young to tell, by id."""
        return {trend.feed_id: trend for trend in notable(self.weeks)}
