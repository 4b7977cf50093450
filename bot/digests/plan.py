"""One round of planning: who is due gets a digest frozen in the outbox, once per occasion."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial

from bot.digests.cadence import last_occasion, next_occasion, period_end
from bot.digests.compose import Composer
from bot.digests.tastes import Tastes
from bot.models.deliveries import Due, PassedOver, PlannedDelivery
from bot.models.runs import UsualSize
from bot.models.subscribers import Wish
from bot.store import planning
from bot.store.due import AT_ONCE, batches, voters
from bot.store.engine import Store

#: A digest that no occasion asked for may wait this long for the mail server.
UNASKED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What a round of planning did."""

    #: None when nobody was due.
    run: int | None
    #: Digests put into the outbox.
    chosen: int
    #: Subscribers who were due and get none, by reason.
    skipped: dict[str, int] = field(default_factory=dict)
    #: What the run was held up for: it is far larger than this.
    held: UsualSize | None = None


def plan(
    store: Store,
    clock: Callable[[], datetime],
    *,
    at: datetime | None = None,
    everyone: bool = False,
    lookback_days: int = 7,
    trending: Sequence[int] = (),
    dry_run: bool = False,
    at_once: int = AT_ONCE,
    progress: Callable[[int], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> PlanReport:
    """Freeze the digests of all who are due at `at`; planning again finds nobody.

    Args:
        clock: gives aware times.
        at: whose clock has struck by then; now, where it is None.
        everyone: every active subscriber, whatever their clock says.
        trending: ids of feeds to name at the end of digests.
        dry_run: count, but write nothing.
        at_once: subscribers who are planned together.
        progress: told how many subscribers were looked at, after each batch.
        should_stop: asked between batches; whoever was not looked at is due in the next round.
    """
    judge = _Judge(store, clock(), at, lookback_days, trending, everyone=everyone)
    reasons: Counter[str] = Counter()
    chosen, run = 0, None
    for ids in batches(store, judge.at, everyone=everyone, at_once=at_once):
        if should_stop():
            break
        judge.prepare(ids)
        with _uncollected():
            batch = planning.plan_batch(
                store,
                judge,
                clock,
                ids,
                at=judge.at,
                everyone=everyone,
                lookback=judge.lookback,
                under_way=run,
                dry_run=dry_run,
            )
        chosen += batch.chosen
        reasons.update(batch.reasons)
        run = batch.run
        progress(chosen + reasons.total())
    if run is not None:
        planning.close_planning(store, run.id, reasons, clock())
    held = run.usual if run is not None and run.held else None
    return PlanReport(run.id if run else None, chosen, dict(sorted(reasons.items())), held)


def compose_for(
    store: Store,
    clock: Callable[[], datetime],
    subscriber_id: int,
    *,
    at: datetime | None = None,
    lookback_days: int = 7,
    trending: Sequence[int] = (),
) -> PlannedDelivery | PassedOver | None:
    """What one active subscriber would get at `at`, planned as ever and not written down; None if there is none."""
    judge = _Judge(store, clock(), at, lookback_days, trending, everyone=True)
    judge.prepare([subscriber_id])
    planning.plan_batch(
        store, judge, clock, [subscriber_id], at=judge.at, everyone=True, lookback=judge.lookback, dry_run=True
    )
    return judge.outcomes[0] if judge.outcomes else None


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage is collected during a batch, which makes none that holds itself.

    Collecting would look again and again through what the batch still needs, and with it through all that the program
    has: a fifth of the time.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


class _Judge:
    """Judges one batch after the other; what holds for many subscribers of a round is worked out once.

    Args:
        now: when the round begins.
        at: whose clock has struck by then; now, where it is None.
        lookback_days: how far back the first window goes.
    """

    def __init__(
        self,
        store: Store,
        now: datetime,
        at: datetime | None,
        lookback_days: int,
        trending: Sequence[int],
        *,
        everyone: bool,
    ) -> None:
        self.at = at or now
        self.lookback = min(self.at, now) - timedelta(days=lookback_days)
        #: Of the last batch.
        self.outcomes: list[PlannedDelivery | PassedOver] = []
        self._store = store
        self._until = at
        self._trending = trending
        self._everyone = everyone
        self._tastes = Tastes(store)
        # Many have the same wish.
        self._next = cache(partial(next_occasion, after=self.at))
        self._period = cache(partial(_period, at=self.at))

    def prepare(self, ids: Sequence[int]) -> None:
        """Learn ahead what a batch will need."""
        self._tastes.prepare(voters(self._store, ids, self.lookback))

    def __call__(self, dues: Sequence[Due], window: planning.Window) -> list[planning.Verdict]:
        """What becomes of each."""
        # Papers can still come between now and a later `at`: they belong to the next window.
        end = min(self._until, window.moment) if self._until else window.moment
        composer = Composer(window.entries, trending=self._trending, unreached=window.unreached)
        verdicts = [self._verdict(due, composer, window.moment, end) for due in dues]
        self.outcomes = [verdict.outcome for verdict in verdicts]
        return verdicts

    def _verdict(self, due: Due, composer: Composer, moment: datetime, end: datetime) -> planning.Verdict:
        start = due.covered_until or self.lookback
        # A clock that was set back must not open a window again that has been planned; and looking at a time long past
        # must not open the whole archive to somebody who has had nothing yet.
        floor = start if due.covered_until else moment - (self.at - self.lookback)
        outcome = self._outcome(due, composer, moment, (start, end))
        return planning.Verdict(outcome, self._next(due.wish), max(start, end, floor))

    def _outcome(
        self, due: Due, composer: Composer, moment: datetime, window: tuple[datetime, datetime]
    ) -> PlannedDelivery | PassedOver:
        if due.suppressed:
            return PassedOver(due.subscriber_id, "suppressed")
        if not due.feed_ids:
            return PassedOver(due.subscriber_id, "no feeds chosen")
        digest = composer.digest(
            due.feed_ids,
            window,
            shown=due.shown,
            max_papers=due.max_papers,
            updates=due.updates,
            own_order=self._tastes.order(due.votes, due.feed_ids),
        )
        if digest is None:
            return PassedOver(due.subscriber_id, "nothing new")
        occasion, expires = (moment, moment + UNASKED) if self._everyone else self._period(due.wish)
        return PlannedDelivery(due.subscriber_id, occasion, *window, digest, expires)


def _period(wish: Wish, at: datetime) -> tuple[datetime, datetime]:
    """The newest occasion, and when the next one comes."""
    occasion = last_occasion(wish, at)
    return occasion, period_end(wish, occasion)
