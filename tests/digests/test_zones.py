"""Zones that are gone, and rules that have changed since an occasion was set."""

# ruff: noqa: F811 (fixtures are named as they are asked for)

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import select, update

from bot.digests.plan import plan
from bot.digests.zones import Zones, follow_rules, rules_version
from bot.models.subscribers import Wish
from bot.store import subscribers
from bot.store.engine import Store
from bot.store.tables import subscriber, this_instance
from tests.digests.test_plan import Clock, clock, collect, join  # noqa: F401 (fixtures)


def test_a_zone_that_is_gone_is_told_of_and_another_counts(
    store: Store,
    clock: Clock,
    join: Callable[..., int],
) -> None:
    zoe, ann = join("zoe", "one", wish=Wish("daily", 0, 7, "Europe/Atlantis")), join("ann", "one")
    collect(store, clock, "one", 1)
    clock.now += timedelta(days=1)
    with structlog.testing.capture_logs() as told:
        assert plan(store, clock, timezone="Asia/Tokyo").chosen == 2
    assert [one for one in told if one["event"] == "no such zone"] == [
        {"event": "no such zone", "log_level": "warning", "zone": "Europe/Atlantis", "instead": "Asia/Tokyo"}
    ]
    # Seven o'clock in Tokyo, and in UTC.
    assert subscribers.subscriber_by_id(store, zoe).next_due == datetime(2026, 11, 24, 22, tzinfo=UTC)
    assert subscribers.subscriber_by_id(store, ann).next_due == datetime(2026, 11, 25, 7, tzinfo=UTC)


def test_occasions_follow_new_rules_once_and_stay_on_their_date(
    store: Store,
    clock: Clock,
    join: Callable[..., int],
) -> None:
    early, late, right = (join(name, "one", wish=Wish("daily", 0, 7, "Europe/Berlin")) for name in ("a", "b", "c"))
    seven = datetime(2026, 11, 24, 6, tzinfo=UTC)
    by_old_rules = {early: seven - timedelta(hours=1), late: seven + timedelta(hours=2), right: seven}
    with store.writing() as connection:
        for who, due in by_old_rules.items():
            connection.execute(update(subscriber).where(subscriber.c.id == who).values(next_due=due))
    # A fresh database only remembers; older rules than those that were followed change nothing.
    assert [follow_rules(store, Zones("UTC"), version) for version in ("2026a", "2026a", "2025z")] == [0, 0, 0]
    assert follow_rules(store, Zones("UTC"), "2026b") == 2
    for who in by_old_rules:
        assert subscribers.subscriber_by_id(store, who).next_due == seven
    assert follow_rules(store, Zones("UTC"), "2026b") == 0
    with store.reading() as connection:
        assert connection.execute(select(this_instance.c.zones)).scalar_one() == "2026b"


def test_the_version_of_the_rules_is_known() -> None:
    assert rules_version()[:2] == "20"
