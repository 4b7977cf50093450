"""How the feeds grow, looked at once a minute however many pages ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Annotated

from fastapi import Depends, Request

from bot.concepts.trends import WEEKS, Trend, compared
from bot.store.engine import Store
from bot.store.feeds import weekly_counts

#: As long as browsers may keep a page.
KEPT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Growth:
    """Every feed with papers beside its own past."""

    #: When the last weeks end.
    at: datetime
    #: By feed id.
    weeks: Mapping[int, Sequence[int]]
    #: The most striking first.
    trends: tuple[Trend, ...]

    def of(self, feed_id: int) -> Trend | None:
        """A feed's last week beside its past; None where it had no papers, or is retired."""
        return next((trend for trend in self.trends if trend.feed_id == feed_id), None)


class Growing:
    """Looks at all feeds, and remembers for a minute what it saw."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: Growth | None = None
        self._lock = Lock()

    def seen(self, now: datetime) -> Growth:
        """What is to be seen at `now`, or was up to a minute before."""
        with self._lock:
            if self._seen is None or not self._seen.at <= now < self._seen.at + KEPT:
                weeks = weekly_counts(self._store, now, WEEKS)
                self._seen = Growth(now, weeks, compared(weeks))
            return self._seen


async def _growing_of(request: Request) -> Growing:
    growing = request.app.state.growing
    assert isinstance(growing, Growing)
    return growing


#: An endpoint's argument of this type knows how the feeds grow.
FeedsGrowing = Annotated[Growing, Depends(_growing_of)]
