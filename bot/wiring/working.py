"""A worker: this process's share of the work on one PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from bot.errors import WorkerError
from bot.store.lanes import Pulse, work
from bot.wiring.app import App
from bot.wiring.tasks import LANES, steps


def chosen_lanes(queues: Iterable[str] | None) -> dict[str, int]:
    """By queue, how many tasks run at once: of all queues, or of those that are named.

    Raises:
        WorkerError: there is no such queue.
    """
    if queues is None:
        return dict(LANES)
    named = [queue.strip() for queue in queues]
    for queue in named:
        if queue not in LANES:
            raise WorkerError(f"queue '{queue}'", f"no such queue; known: {', '.join(LANES)}")
    return {queue: at_once for queue, at_once in LANES.items() if queue in named}


def share_work(
    app: App,
    lanes: Mapping[str, int],
    name: str,
    should_stop: Callable[[], bool],
    *,
    pulse: Pulse = Pulse(),
    alive: Callable[[], None] = lambda: None,
) -> None:
    """Run tasks of these lanes until told to stop; see `bot.store.lanes.work`."""
    work(app.store, steps(app, should_stop, name), lanes, should_stop, name=name, pulse=pulse, alive=alive)
