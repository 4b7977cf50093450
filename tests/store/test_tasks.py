"""Tasks wait with the rows that they are about, and with the tables that Procrastinate makes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.errors import StoreError
from bot.store import task_schema, tasks
from bot.store.engine import Store
from bot.store.leader import taking_over
from bot.store.schema import open_store, upgrade
from bot.store.tasks import DELIVER, PLAN, collect_task, defer, defer_all, defer_alone
from tests.deliver.rows import NOW, fill


@pytest.fixture
def shared(postgres_url: str) -> Iterator[Store]:
    """A store on PostgreSQL."""
    store = Store(postgres_url)
    upgrade(store)
    yield store
    store.close()


def waiting(store: Store) -> list[tuple[str, dict[str, Any], str]]:
    """Every task: its name, what it is called with, and how it stands."""
    with store.reading() as connection:
        rows = connection.execute(
            text("select task_name, args, status from procrastinate.procrastinate_jobs order by id")
        )
        return [(row.task_name, row.args, row.status) for row in rows]


def fetch(store: Store, worker: int | None = None) -> int | None:
    """Take the next task, as a worker does."""
    with store.writing() as connection:
        connection.execute(text("set local search_path = procrastinate"))
        row = connection.execute(text("select id from procrastinate_fetch_job_v2(null, :worker)"), {"worker": worker})
        found: int | None = row.scalar()
    return found


def test_a_task_waits_from_the_commit_of_its_rows_on(shared: Store) -> None:
    with shared.writing() as connection:
        assert defer(connection, collect_task(7))
        assert waiting(shared) == []
    assert waiting(shared) == [("collect", {"query_id": 7}, "todo")]


def test_a_transaction_that_is_rolled_back_leaves_no_task(shared: Store) -> None:
    with shared.writing() as connection:
        assert defer(connection, DELIVER)
        connection.rollback()
    assert waiting(shared) == []


def test_one_that_waits_stands_for_all_like_it(shared: Store) -> None:
    assert [defer_alone(shared, task) for task in (DELIVER, DELIVER, PLAN, collect_task(1), collect_task(2))] == [
        True,
        False,
        True,
        True,
        True,
    ]
    # One that runs does not: what was committed after it had looked is for the next one.
    assert fetch(shared) is not None
    assert defer_alone(shared, DELIVER)
    assert not defer_alone(shared, DELIVER)


def test_a_task_that_stands_for_another_is_not_run_before_the_commit(shared: Store) -> None:
    defer_alone(shared, DELIVER)
    with shared.writing() as connection:
        assert not defer(connection, DELIVER)
        assert fetch(shared) is None
    assert fetch(shared) is not None


def test_two_that_defer_at_once_leave_one(shared: Store) -> None:
    with shared.writing() as connection:
        assert defer(connection, DELIVER)
        other: list[bool] = []
        thread = threading.Thread(target=lambda: other.append(defer_alone(shared, DELIVER)))
        thread.start()
        # It waits for us: it cannot know yet whether ours will be there.
        thread.join(0.3)
        assert other == []
    thread.join(20)
    assert other == [False]
    assert len(waiting(shared)) == 1


def test_sqlite_has_no_tasks(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/bot.db")
    assert not defer_alone(store, DELIVER)
    assert (task_schema.installed_step(store), task_schema.upgrade_tasks(store)) == ("", ("", ""))
    store.close()


def test_tasks_of_dead_workers_wait_again(shared: Store) -> None:
    with shared.writing() as connection:
        register = "insert into procrastinate.procrastinate_workers (last_heartbeat) values (now() - :ago) returning id"
        dead, alive = (
            connection.execute(text(register), {"ago": timedelta(seconds=ago)}).scalar_one() for ago in (60, 1)
        )
    for number, worker in ((1, dead), (2, dead), (3, alive)):
        defer_alone(shared, collect_task(number))
        fetch(shared, worker)
    # The second one's query has been asked for once more since.
    defer_alone(shared, collect_task(2))
    with taking_over(shared, "one") as leadership:
        assert leadership is not None
        assert tasks.retry_stalled(leadership, seconds=30) == (1, 1)
        assert tasks.retry_stalled(leadership, seconds=30) == (0, 0)
    assert [(args["query_id"], status) for _, args, status in waiting(shared)] == [
        (1, "todo"),
        (2, "failed"),
        (3, "doing"),
        (2, "todo"),
    ]


def test_what_workers_die_of_is_given_up(shared: Store) -> None:
    defer_alone(shared, PLAN)
    with taking_over(shared, "one") as leadership:
        assert leadership is not None
        for _ in range(tasks.MOST_TRIES):
            assert fetch(shared) is not None
            assert tasks.retry_stalled(leadership, seconds=30) == (1, 0)
        fetch(shared)
        assert tasks.retry_stalled(leadership, seconds=30) == (0, 1)


def test_finished_tasks_are_kept_for_a_day(shared: Store) -> None:
    for number in (1, 2, 3):
        defer_alone(shared, collect_task(number))
        if number < 3:
            fetch(shared)
    with shared.writing() as connection:
        connection.execute(text("set local search_path = procrastinate"))
        jobs = list(connection.execute(text("select id from procrastinate_jobs order by id")).scalars())
        for job, state in ((jobs[0], "succeeded"), (jobs[1], "failed")):
            connection.execute(text("select procrastinate_finish_job_v1(:id, :s, false)"), {"id": job, "s": state})
        connection.execute(text("update procrastinate_events set at = now() - interval '23 hours'"))
    with taking_over(shared, "one") as leadership:
        assert leadership is not None
        tasks.tidy(leadership)
        assert len(waiting(shared)) == 3
        with shared.writing() as connection:
            connection.execute(text("update procrastinate.procrastinate_events set at = now() - interval '25 hours'"))
        tasks.tidy(leadership)
        assert [status for _, _, status in waiting(shared)] == ["todo"]
        assert defer_all(leadership, [collect_task(3), collect_task(4)]) == 1


def test_more_is_due_than_one_will_take(store: Store) -> None:
    fill(store, 5)
    # They are due a second after another, the last one now.
    assert tasks.more_due(store, NOW, beyond=4)
    assert not tasks.more_due(store, NOW, beyond=5)
    assert tasks.more_due(store, NOW - timedelta(seconds=4))
    assert not tasks.more_due(store, NOW - timedelta(seconds=5))


def names(store: Store) -> list[str]:
    query = (
        "select p.proname || pg_get_function_identity_arguments(p.oid) || md5(p.prosrc) from pg_proc p "
        "join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'procrastinate' "
        "union all select indexdef from pg_indexes where schemaname = 'procrastinate' order by 1"
    )
    with store.reading() as connection:
        return list(connection.execute(text(query)).scalars())


def test_tables_of_an_earlier_version_are_brought_up_to_date(postgres_url: str) -> None:
    store = Store(postgres_url)
    upgrade(store)
    fresh = names(store)
    with store.writing() as connection:
        connection.execute(text("drop schema procrastinate cascade"))
        connection.execute(text("create schema procrastinate"))
    for file in task_schema._steps():
        if file.stem < "03.":
            with store.writing() as connection:
                task_schema._run(connection, file, file.stem)
    assert task_schema.installed_step(store).startswith("02.14.01_01")
    with pytest.raises(StoreError, match=r"tables of tasks are 02.14.01_01.*, need .*; run `bot db upgrade`"):
        open_store(postgres_url)
    upgrade(store)
    assert task_schema.installed_step(store) == task_schema.newest_step()
    # Steps write the same statements with other spaces here and there, and once leave an index that a fresh one lacks.
    assert len(set(names(store)) ^ set(fresh)) < len(fresh) / 2
    assert defer_alone(store, DELIVER)
    assert fetch(store) is not None
    open_store(postgres_url).close()
    store.close()


def test_tables_that_are_missing_or_newer_are_told(postgres_url: str) -> None:
    store = Store(postgres_url)
    upgrade(store)
    with store.writing() as connection:
        connection.execute(text("comment on schema procrastinate is '99.00.00_01_of_tomorrow'"))
    for step in (lambda: open_store(postgres_url), lambda: upgrade(store)):
        with pytest.raises(StoreError, match="newer version"):
            step()
    with store.writing() as connection:
        connection.execute(text("drop schema procrastinate cascade"))
    with pytest.raises(StoreError, match=r"tables of tasks are missing, need .* run `bot db upgrade`"):
        open_store(postgres_url)
    upgrade(store)
    open_store(postgres_url).close()
    store.close()
