"""One round of planning: who is due gets a digest frozen in the outbox, once per occasion."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from threading import Lock

from bot.digests.cadence import first_occasion, last_occasion, next_occasion, period_end
from bot.digests.compose import Composer
from bot.digests.tastes import Tastes
from bot.digests.zones import Zones, follow_rules
from bot.models.deliveries import Due, PassedOver, PlannedDelivery
from bot.models.runs import UsualSize
from bot.models.subscribers import Wish
from bot.store import planning
from bot.store.due import AT_ONCE, batches, voters
from bot.store.engine import Store

#: Batches that are planned at the same time on PostgreSQL.
LANES = 2
#: A digest that no occasion asked for may wait this long for the mail server.
UNASKED = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)


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
    timezone: str = "UTC",
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
        timezone: for wishes whose zone there is no more.
        dry_run: count, but write nothing.
        at_once: subscribers who are planned together.
        progress: told how many subscribers were looked at, after each batch.
        should_stop: asked between batches; whoever was not looked at is due in the next round.
    """
    now = clock()
    # PostgreSQL has a process for each; SQLite has one writer at a time, whoever asks.
    count = 1 if store.is_sqlite else LANES
    zones = Zones(timezone)
    if not dry_run:
        follow_rules(store, zones)
    free = [_Judge(store, now, at, lookback_days, trending, zones, everyone=everyone) for _ in range(count)]
    this = _Planning(store, clock, everyone=everyone, dry_run=dry_run, progress=progress)
    with _uncollected(), ThreadPoolExecutor(count) as threads:
        under_way: dict[Future[None], _Judge] = {}
        for ids in batches(store, free[0].at, everyone=everyone, at_once=at_once):
            if should_stop():
                break
            if this.run is None:
                # Alone, so that there is a run for the others.
                this.plan(free[0], ids)
                continue
            if not free:
                for done in wait(under_way, return_when=FIRST_COMPLETED).done:
                    free.append(under_way.pop(done))
                    done.result()
            judge = free.pop()
            under_way[threads.submit(this.plan, judge, ids)] = judge
        for left in under_way:
            left.result()
    run, reasons = this.run, this.reasons
    if run is not None:
        planning.close_planning(store, run.id, reasons, clock())
    held = this.held.usual if this.held is not None else None
    return PlanReport(run.id if run else None, this.chosen, dict(sorted(reasons.items())), held)


class _Planning:
    """A round under way, and what it has counted."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        *,
        everyone: bool,
        dry_run: bool,
        progress: Callable[[int], None],
    ) -> None:
        self._store, self._clock, self._progress = store, clock, progress
        self._everyone, self._dry_run = everyone, dry_run
        self._lock = Lock()
        self.reasons: Counter[str] = Counter()
        self.chosen = 0
        self.run: planning.Planned | None = None
        #: The run when it was held up.
        self.held: planning.Planned | None = None

    def plan(self, judge: _Judge, ids: Sequence[int]) -> None:
        """Plan one batch; of several at once, each with a judge of its own."""
        judge.prepare(ids)
        batch = planning.plan_batch(
            self._store,
            judge,
            self._clock,
            ids,
            at=judge.at,
            everyone=self._everyone,
            lookback=judge.lookback,
            back_to=judge.back_to,
            under_way=self.run,
            dry_run=self._dry_run,
        )
        with self._lock:
            # Of the young alone, since nobody else does while a round goes on, whatever else the program has to do.
            gc.collect(1)
            self.chosen += batch.chosen
            self.reasons.update(batch.reasons)
            self.run = batch.run
            if batch.run is not None and batch.run.held:
                self.held = batch.run
            self._progress(self.chosen + self.reasons.total())


def compose_for(
    store: Store,
    clock: Callable[[], datetime],
    subscriber_id: int,
    *,
    at: datetime | None = None,
    lookback_days: int = 7,
    trending: Sequence[int] = (),
    timezone: str = "UTC",
) -> PlannedDelivery | PassedOver | None:
    """What one active subscriber would get at `at`, planned as ever and not written down; None if there is none."""
    judge = _Judge(store, clock(), at, lookback_days, trending, Zones(timezone), everyone=True)
    judge.prepare([subscriber_id])
    planning.plan_batch(
        store,
        judge,
        clock,
        [subscriber_id],
        at=judge.at,
        everyone=True,
        lookback=judge.lookback,
        back_to=judge.back_to,
        dry_run=True,
    )
    return judge.outcomes[0] if judge.outcomes else None


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage is collected by itself during a round, whose batches make none that holds itself.

    Collecting would look again and again through what the batches still need, and with it through all that the program
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
        zones: Zones,
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
        self._zones = zones
        # Many have the same wish.
        self._next = cache(lambda wish: next_occasion(self._zones.living(wish), self.at))
        self._period = cache(lambda wish: _period(self._zones.living(wish), self.at))
        self.back_to = cache(self._back_to)

    def prepare(self, ids: Sequence[int]) -> None:
        """Learn ahead what a batch will need."""
        self._tastes.prepare(voters(self._store, ids, self.lookback, self.at, self.back_to))

    def __call__(self, dues: Sequence[Due], window: planning.Window) -> list[planning.Verdict]:
        """What becomes of each."""
        # Papers can still come between now and a later `at`: they belong to the next window.
        end = min(self._until, window.moment) if self._until else window.moment
        composer = Composer(window.entries, trending=self._trending, unreached=window.unreached)
        verdicts = [self._verdict(due, composer, window.moment, end) for due in dues]
        self.outcomes = [verdict.outcome for verdict in verdicts]
        return verdicts

    def _verdict(self, due: Due, composer: Composer, moment: datetime, end: datetime) -> planning.Verdict:
        if due.asleep and due.paused_until is not None and not self._everyone:
            first = first_occasion(self._zones.living(due.wish), due.paused_until)
            if first > self.at:
                return planning.Verdict(PassedOver(due.subscriber_id, "pause has ended"), first, due.covered_until)
        start = due.begins or due.covered_until or self.lookback
        # A clock that was set back must not open a window again that has been planned; and looking at a time long past
        # must not open the whole archive to somebody who has had nothing yet.
        floor = start if due.covered_until else moment - (self.at - self.lookback)
        outcome = self._outcome(due, composer, moment, (start, end))
        if due.begins is not None and isinstance(outcome, PassedOver):
            # Nobody has been told yet how much has come during the pause.
            return planning.Verdict(outcome, self._next(due.wish), due.covered_until)
        return planning.Verdict(outcome, self._next(due.wish), max(start, end, floor))

    def _back_to(self, wish: Wish) -> datetime:
        """Where the window begins of somebody whose pause has ended: one period back, or as far as a first digest."""
        occasion, _ = self._period(wish)
        return min(self.lookback, last_occasion(self._zones.living(wish), occasion - _MOMENT))

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
            caps=due.caps,
            missed=due.missed,
        )
        if digest is None:
            return PassedOver(due.subscriber_id, "nothing new")
        occasion, expires = (moment, moment + UNASKED) if self._everyone else self._period(due.wish)
        return PlannedDelivery(due.subscriber_id, occasion, *window, digest, expires)


def _period(wish: Wish, at: datetime) -> tuple[datetime, datetime]:
    """The newest occasion, and when the next one comes."""
    occasion = last_occasion(wish, at)
    return occasion, period_end(wish, occasion)
