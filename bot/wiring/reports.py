"""From a report that waits to the account that the admin is mailed."""

from __future__ import annotations

from bot.models.alarms import AlarmRecord
from bot.models.deliveries import OPEN, State
from bot.models.feeds import Health
from bot.render.report import Account, FailingFeed
from bot.store import feeds, queries
from bot.store.engine import Store
from bot.store.reporting import told_in


def account_of(store: Store, report: AlarmRecord) -> Account | None:
    """What a report tells; None where there is nothing left to tell, because its runs have grown since."""
    start = report.since or report.at
    told = told_in(store, report.at, start)
    if told is None:
        return None
    return Account(
        start=start,
        end=report.at,
        run=told.runs[0] if len(told.runs) == 1 else None,
        sent=told.counts.get(State.SENT, 0),
        failed=told.counts.get(State.FAILED, 0),
        suppressed=told.counts.get(State.SUPPRESSED, 0),
        skipped=told.counts.get(State.SKIPPED, 0),
        uncertain=told.counts.get(State.UNCERTAIN, 0),
        waiting=sum(told.counts.get(state, 0) for state in OPEN),
        reasons=told.reasons,
        new=told.new,
        left=told.left,
        active=told.active,
        failing=_failing(store),
    )


def _failing(store: Store) -> tuple[FailingFeed, ...]:
    ill = [one for one in queries.query_states(store) if one.query.health == Health.FAILING and not one.retired]
    names = {number: feed.name for number, feed in feeds.every_feed(store).items()} if ill else {}
    return tuple(FailingFeed(names[one.query.feed_id], one.query.source, one.error, one.query.since) for one in ill)
