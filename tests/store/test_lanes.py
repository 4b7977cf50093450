"""Workers in processes of their own: they share tasks, and finish what a dead one left behind."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from bot.errors import StoppedError
from bot.store.engine import Store
from bot.store.lanes import Pulse, work
from bot.store.leader import taking_over
from bot.store.schema import upgrade
from bot.store.tasks import collect_task, defer_alone, retry_stalled
from tests.store.worker_process import PULSE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def shared(postgres_url: str) -> Iterator[Store]:
    """A store on PostgreSQL."""
    store = Store(postgres_url)
    upgrade(store)
    yield store
    store.close()


@contextmanager
def worker(url: str, name: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.store.worker_process", url, name, *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str]) -> str:
    """The next line; waits for it."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def statuses(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(
            connection.execute(text("select status from procrastinate.procrastinate_jobs order by id")).scalars()
        )


def test_what_a_killed_worker_left_behind_is_finished_by_another(shared: Store, postgres_url: str) -> None:
    defer_alone(shared, collect_task(7))
    with worker(postgres_url, "one", "stuck") as first:
        assert told(first) == "one begins 7"
        first.kill()
        first.wait()
    with worker(postgres_url, "two") as second, taking_over(shared, "leader") as leadership:
        assert leadership is not None
        # It is alive still, as far as anybody can know.
        assert retry_stalled(leadership, seconds=3600) == (0, 0)
        again = (0, 0)
        with shared.reading() as connection:
            while again == (0, 0):
                again = retry_stalled(leadership, PULSE.dead_after)
                connection.execute(text("select pg_sleep(0.05)"))
        assert again == (1, 0)
        assert told(second) == "two begins 7"
        assert told(second) == "two ends 7"


def test_several_share_what_waits_and_each_task_is_run_once(shared: Store, postgres_url: str) -> None:
    with worker(postgres_url, "one") as first, worker(postgres_url, "two") as second:
        lines: list[str] = []
        all_ended = threading.Event()

        def listen(process: subprocess.Popen[str]) -> None:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.strip())
                if sum("ends" in one for one in lines) == 20:
                    all_ended.set()

        threads = [threading.Thread(target=listen, args=(one,)) for one in (first, second)]
        for thread in threads:
            thread.start()
        for number in range(20):
            defer_alone(shared, collect_task(number))
        assert all_ended.wait(60)
        first.kill()
        second.kill()
        for thread in threads:
            thread.join()
    begun = [line.split(" begins ")[1] for line in lines if "begins" in line]
    assert sorted(begun, key=int) == [str(number) for number in range(20)]


def run_until(store: Store, stop: threading.Event, step: object, name: str = "here") -> None:
    pulse = Pulse(heartbeat=0.2, dead_after=5.0, look=0.2)
    work(store, {"collect": ("collect", step)}, {"collect": 1}, stop.is_set, name=name, pulse=pulse)  # type: ignore[dict-item]  # a step that takes no arguments


def test_who_is_told_to_stop_finishes_and_what_was_not_done_waits_again(shared: Store) -> None:
    defer_alone(shared, collect_task(1))
    defer_alone(shared, collect_task(2))
    stop = threading.Event()

    def step(query_id: int) -> None:
        stop.set()
        if query_id == 1:
            raise StoppedError("collect")

    run_until(shared, stop, step)
    assert statuses(shared) == ["todo", "todo"]
    stop.clear()

    def finish(query_id: int) -> None:
        if query_id == 2:
            stop.set()
            raise ZeroDivisionError

    run_until(shared, stop, finish)
    assert statuses(shared) == ["succeeded", "failed"]


def test_a_worker_whose_connections_are_ended_goes_on(shared: Store, postgres_server: str) -> None:
    stop, begun = threading.Event(), threading.Semaphore(0)
    thread = threading.Thread(target=run_until, args=(shared, stop, lambda query_id: begun.release()))
    thread.start()
    for number in (1, 2, 3):
        defer_alone(shared, collect_task(number))
        assert begun.acquire(timeout=30)
        with psycopg.connect(postgres_server, autocommit=True) as server, shared.reading() as connection:
            name = connection.execute(text("select current_database()")).scalar_one()
            ours = connection.execute(text("select pg_backend_pid()")).scalar_one()
            server.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s and pid <> %s",
                (name, ours),
            )
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_a_lane_whose_heart_fails_is_opened_anew(shared: Store) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=run_until, args=(shared, stop, lambda query_id: None))
    thread.start()
    rename = "alter function procrastinate.procrastinate_update_heartbeat_v1 rename to heart_of_stone"
    with shared.writing() as connection:
        connection.execute(text(rename))
    newest = 0
    # Without a heartbeat it would be taken for dead, and all that it does be done again elsewhere.
    query = text("select max(id) from procrastinate.procrastinate_workers")
    while newest < 2:
        with shared.reading() as connection:
            newest = connection.execute(query).scalar() or newest
            connection.execute(text("select pg_sleep(0.05)"))
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
