"""A worker: takes tasks that wait on PostgreSQL, by way of Procrastinate, and runs them in threads.

Each queue is a lane of its own, so that what is sent does not wait for what is asked, and none of them runs more
at once in one process than it should.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import procrastinate
import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker
from psycopg import Error as PsycopgError

from bot.errors import StoppedError
from bot.store.engine import Store
from bot.store.task_schema import SCHEMA

#: What a task does: called with its arguments by name.
Step = Callable[..., None]

_OUT_OF_REACH = (ConnectorException, PsycopgError)
#: How often we look whether to stop, and how long to wait before a lane that has ended is opened again, in seconds.
WATCH_EVERY, REST = 0.2, 2.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pulse:
    """How a worker shows that it is alive, and how often it looks by itself, in seconds."""

    heartbeat: float = 10.0
    #: Who was not heard of for so long is taken for dead.
    dead_after: float = 30.0
    #: What a notification did not tell: tasks that wait again.
    look: float = 5.0


def work(
    store: Store,
    steps: Mapping[str, tuple[str, Step]],
    lanes: Mapping[str, int],
    should_stop: Callable[[], bool],
    *,
    name: str,
    pulse: Pulse = Pulse(),
    alive: Callable[[], None] = lambda: None,
) -> None:
    """Run tasks until told to stop, and then finish those that run.

    A task that raises StoppedError waits again; one that raises anything else has failed. While the database is out of
    reach, it is tried again and again.

    Args:
        steps: by name of a task, its queue and what it does.
        lanes: by queue, how many tasks run at once.
        name: of this worker, for the log.
        alive: called every `pulse.look` seconds while the lanes are open and the database answers.
    """
    # It tells each failure with a traceback; whoever runs the step tells it in our way.
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    asyncio.run(_work(store, steps, lanes, should_stop, name, pulse, alive))


async def _work(
    store: Store,
    steps: Mapping[str, tuple[str, Step]],
    lanes: Mapping[str, int],
    should_stop: Callable[[], bool],
    name: str,
    pulse: Pulse,
    alive: Callable[[], None],
) -> None:
    with ThreadPoolExecutor(sum(lanes.values()), "task") as threads:
        while not should_stop():
            app = procrastinate.App(connector=_connector(store, len(lanes)))
            for task, (queue, step) in steps.items():
                again = procrastinate.RetryStrategy(retry_exceptions=[StoppedError])
                app.task(name=task, queue=queue, retry=again)(_in_thread(step, threads))
            try:
                async with app.open_async():
                    log.info("working", worker=name, queues=",".join(lanes))
                    keeping = (_keep(app, queue, at_once, should_stop, name, pulse) for queue, at_once in lanes.items())
                    await asyncio.gather(_show(app, should_stop, pulse, alive), *keeping)
            except _OUT_OF_REACH as error:
                await _rest(error, should_stop, name)


async def _show(
    app: procrastinate.App, should_stop: Callable[[], bool], pulse: Pulse, alive: Callable[[], None]
) -> None:
    """Show that we are alive, but while the database is out of reach."""
    while not should_stop():
        try:
            await app.check_connection_async()
        except _OUT_OF_REACH:
            log.debug("no answer from the database")
        else:
            alive()
        await _pause(pulse.look, should_stop)


async def _keep(
    app: procrastinate.App, queue: str, at_once: int, should_stop: Callable[[], bool], name: str, pulse: Pulse
) -> None:
    """Keep a lane open: it ends when we are told to stop, or by itself when the database goes away."""
    while not should_stop():
        worker = _Lane(
            app,
            queues=[queue],
            name=name,
            concurrency=at_once,
            fetch_job_polling_interval=pulse.look,
            update_heartbeat_interval=pulse.heartbeat,
            stalled_worker_timeout=pulse.dead_after,
            # Whoever started us is told to stop, and lets us know.
            install_signal_handlers=False,
        )
        running = asyncio.create_task(worker.run())  # type: ignore[no-untyped-call]  # it has no types here
        while not should_stop() and not running.done():
            await asyncio.wait({running}, timeout=WATCH_EVERY)
        worker.stop()  # type: ignore[no-untyped-call]  # as above
        try:
            await running
        except _OUT_OF_REACH as error:
            await _rest(error, should_stop, name)
        else:
            await _rest(None, should_stop, name)


async def _rest(error: Exception | None, should_stop: Callable[[], bool], name: str) -> None:
    if should_stop():
        return
    words = " ".join(str(error.__cause__ or error).split()) if error else "the connection was lost"
    log.error("tasks out of reach", worker=name, error=words)
    await _pause(REST, should_stop)


async def _pause(seconds: float, should_stop: Callable[[], bool]) -> None:
    for _ in range(round(seconds / WATCH_EVERY)):
        if not should_stop():
            await asyncio.sleep(WATCH_EVERY)


class _Lane(Worker):
    """A worker that ends when its heart does."""

    async def _periodic_deferrer(self) -> None:
        # Procrastinate watches its side tasks until the first of them ends, and without periodic tasks this one ends
        # at once: a heartbeat that failed would go unnoticed, and all that is done here be done again elsewhere.
        await asyncio.Event().wait()


def _in_thread(step: Step, threads: ThreadPoolExecutor) -> Callable[..., Any]:
    """The verbs are synchronous."""

    async def run(**args: Any) -> None:
        await asyncio.get_running_loop().run_in_executor(threads, lambda: step(**args))

    return run


def _connector(store: Store, lanes: int) -> procrastinate.PsycopgConnector:
    options = store.libpq()
    options["options"] += f" -c search_path={SCHEMA}"
    return procrastinate.PsycopgConnector(kwargs=options, min_size=1, max_size=lanes + 1, timeout=10.0)
