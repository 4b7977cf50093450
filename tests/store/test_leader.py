"""One leader: taken over when its connection is gone, and refused what it wants to write afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.errors import LeadershipError, StoreError
from bot.store.engine import Store
from bot.store.instance import tick
from bot.store.leader import LeaderRecord, leader, taking_over
from bot.store.schema import open_store, upgrade
from bot.store.tasks import PLAN, defer_all

#: The connection that holds the lock.
HOLDER = "select pid from pg_locks where locktype = 'advisory' and granted and objsubid = 2"


@pytest.fixture
def two(postgres_url: str) -> Iterator[tuple[Store, Store]]:
    """Two machines on one PostgreSQL."""
    first = Store(postgres_url)
    upgrade(first)
    second = open_store(postgres_url)
    yield first, second
    first.close()
    second.close()


def cut_off(store: Store) -> None:
    """End the leader's connection, as a server does that has not heard of a machine."""
    with store.writing() as connection:
        (pid,) = connection.execute(text(HOLDER)).scalars()
        # Waits until it is gone.
        connection.execute(text("select pg_terminate_backend(:pid, 10000)"), {"pid": pid})


def test_one_leads_at_a_time(two: tuple[Store, Store]) -> None:
    first, second = two
    assert leader(first) == LeaderRecord("", 0, leads=False)
    with taking_over(first, "one:1") as leadership:
        assert leadership is not None
        leadership.renew()
        with taking_over(second, "two:2") as other:
            assert other is None
        assert leader(second) == LeaderRecord("one:1", 1, leads=True)
    assert leader(second) == LeaderRecord("one:1", 1, leads=False)
    with taking_over(second, "two:2") as other:
        assert other is not None
        assert leader(first) == LeaderRecord("two:2", 2, leads=True)


def test_who_is_cut_off_is_taken_over_and_refused(two: tuple[Store, Store]) -> None:
    first, second = two
    with taking_over(first, "one:1") as old:
        assert old is not None
        cut_off(second)
        with taking_over(second, "two:2") as new:
            assert new is not None
            assert new.term == old.term + 1
            # The old one can still reach the database, and does not know yet.
            with pytest.raises(LeadershipError, match="one:1: term 1 is over"):
                defer_all(old, [PLAN])
            assert defer_all(new, [PLAN]) == 1


def test_who_was_cut_off_and_is_followed_by_nobody_yet_learns_of_it_by_renewing(two: tuple[Store, Store]) -> None:
    first, second = two
    with taking_over(first, "one:1") as old:
        assert old is not None
        cut_off(second)
        with pytest.raises(DBAPIError):
            old.renew()


def test_nobody_takes_over_between_a_look_at_the_term_and_the_commit(two: tuple[Store, Store]) -> None:
    first, second = two
    with taking_over(first, "one:1") as old:
        assert old is not None
        with old.writing():
            cut_off(second)
            with second.writing() as connection:
                connection.execute(text("set local lock_timeout = '200ms'"))
                with pytest.raises(Exception, match="lock timeout"):
                    connection.execute(text("update instance set term = term + 1"))
                connection.rollback()


def test_a_leader_that_stands_still_loses_the_lock(two: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.leader.SILENT_SECONDS", 1)
    first, second = two
    with taking_over(first, "one:1") as old:
        assert old is not None
        with second.reading() as connection:
            # Waits until the server has ended the other one by itself; it is let go of at the end of the transaction.
            connection.execute(text("select pg_advisory_xact_lock(hashtext('bot'), hashtext('leader'))"))
        with taking_over(second, "two:2") as new:
            assert new is not None


def test_sqlite_has_no_leader(store: Store) -> None:
    if store.is_sqlite:
        assert leader(store) is None
        with pytest.raises(StoreError, match="serves one machine"), taking_over(store, "one:1"):
            pass


def test_nobody_waits_for_a_machine_that_is_gone_or_stands_still(two: tuple[Store, Store]) -> None:
    with two[0].writing() as connection:
        tick(connection, datetime(2026, 11, 23, 9, 30, tzinfo=UTC))
        names = ("idle_in_transaction_session_timeout", "tcp_keepalives_idle", "tcp_user_timeout")
        found = [connection.execute(text(f"show {name}")).scalar() for name in names]
    assert found == ["1min", "5", "20000"]
    # Whoever only reads may take their time.
    with two[0].reading() as connection:
        assert connection.execute(text("show idle_in_transaction_session_timeout")).scalar() == "0"
