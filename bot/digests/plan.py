"""One round of planning: who is due gets a digest frozen in the outbox, once per occasion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.digests.cadence import last_occasion, next_occasion, period_end
from bot.digests.compose import compose
from bot.digests.tastes import Tastes
from bot.models.deliveries import Due, PassedOver, PlannedDelivery
from bot.store import planning
from bot.store.due import voters
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


def plan(
    store: Store,
    clock: Callable[[], datetime],
    *,
    at: datetime | None = None,
    everyone: bool = False,
    lookback_days: int = 7,
    trending: Sequence[int] = (),
    dry_run: bool = False,
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
        progress: told how many subscribers were looked at, after each batch.
        should_stop: asked between batches; whoever was not looked at is due in the next round.
    """
    started = clock()
    due_by = at or started
    lookback = min(due_by, started) - timedelta(days=lookback_days)
    tastes = Tastes(store)

    def judge(dues: Sequence[Due], window: planning.Window) -> list[planning.Verdict]:
        # Papers can still come between now and a later `at`: they belong to the next window.
        end = min(at, window.moment) if at else window.moment
        return [_verdict(due, window, due_by, end, lookback, trending, tastes, everyone=everyone) for due in dues]

    reasons: Counter[str] = Counter()
    chosen, last, run_id = 0, 0, None
    more = True
    while more and not should_stop():
        place = last if everyone or dry_run else None
        tastes.prepare(voters(store, at=due_by, everyone=everyone, lookback=lookback, after=place))
        batch = planning.plan_batch(
            store,
            judge,
            clock,
            at=due_by,
            everyone=everyone,
            lookback=lookback,
            after=last,
            run_id=run_id,
            dry_run=dry_run,
        )
        chosen += batch.chosen
        reasons.update(batch.reasons)
        run_id = batch.run_id
        more, last = batch.last is not None, batch.last or last
        progress(chosen + reasons.total())
    if run_id is not None:
        planning.close_planning(store, run_id, reasons, clock())
    return PlanReport(run_id, chosen, dict(sorted(reasons.items())))


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
    due_by = at or clock()
    lookback = min(due_by, clock()) - timedelta(days=lookback_days)
    outcomes: list[PlannedDelivery | PassedOver] = []
    tastes = Tastes(store)
    tastes.prepare(voters(store, at=due_by, everyone=True, lookback=lookback, after=0, only=subscriber_id))

    def judge(dues: Sequence[Due], window: planning.Window) -> list[planning.Verdict]:
        end = min(at, window.moment) if at else window.moment
        verdicts = [_verdict(due, window, due_by, end, lookback, trending, tastes, everyone=True) for due in dues]
        outcomes.extend(verdict.outcome for verdict in verdicts)
        return verdicts

    planning.plan_batch(
        store,
        judge,
        clock,
        at=due_by,
        everyone=True,
        lookback=lookback,
        after=subscriber_id - 1,
        limit=1,
        dry_run=True,
        only=subscriber_id,
    )
    return outcomes[0] if outcomes else None


def _verdict(
    due: Due,
    window: planning.Window,
    at: datetime,
    end: datetime,
    lookback: datetime,
    trending: Sequence[int],
    tastes: Tastes,
    *,
    everyone: bool,
) -> planning.Verdict:
    start = due.covered_until or lookback
    outcome: PlannedDelivery | PassedOver
    if due.suppressed:
        outcome = PassedOver(due.subscriber_id, "suppressed")
    elif not due.feed_ids:
        outcome = PassedOver(due.subscriber_id, "no feeds chosen")
    else:
        digest = compose(
            due.feed_ids,
            window.entries,
            (start, end),
            shown=due.shown,
            max_papers=due.max_papers,
            trending=trending,
            updates=due.updates,
            unreached=window.unreached,
            own_order=tastes.order(due.votes, due.feed_ids),
        )
        if digest is None:
            outcome = PassedOver(due.subscriber_id, "nothing new")
        else:
            occasion = window.moment if everyone else last_occasion(due.wish, at)
            expires = window.moment + UNASKED if everyone else period_end(due.wish, occasion)
            outcome = PlannedDelivery(due.subscriber_id, occasion, start, end, digest, expires)
    # A clock that was set back must not open a window again that has been planned; and looking at a time long past
    # must not open the whole archive to somebody who has had nothing yet.
    floor = start if due.covered_until else window.moment - (at - lookback)
    return planning.Verdict(outcome, next_occasion(due.wish, at), max(start, end, floor))
