"""What workers do: one function for each task, by the name under which it is deferred (`bot.store.tasks`).

A task is a call of a verb, which looks for what there is to do: run twice, it does nothing twice. To add one, write a
function here, and defer it where its rows are written, or in a look of the leader's (`bot.wiring.leading`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import structlog

from bot.errors import BotError, StoppedError
from bot.models.deliveries import Claim, Outcome
from bot.store.lanes import Step
from bot.store.tasks import DELIVER, TAG, defer_alone, more_due
from bot.wiring.app import App
from bot.wiring.telling import tell_bounces, tell_collected, tell_delivered, tell_planned

#: By queue, how many tasks one process runs at once. Letters do not wait behind digests, delivering has connections of
#: its own, and planning a processor to itself; sources are mostly waited for.
LANES: Mapping[str, int] = {"letters": 1, "deliver": 1, "plan": 1, "collect": 4}
#: Deliveries of one task: some minutes, so that workers that come later get their share.
SHARE = 5_000
#: So many that nobody has claimed yet are worth another worker.
WORTH = 500

Body = Callable[..., None]

log = structlog.get_logger(__name__)
_BODIES: dict[str, tuple[str, Body]] = {}


def task(queue: str) -> Callable[[Body], Body]:
    """Make a function a task of its name; it is called with the app, `should_stop` and the task's own arguments."""

    def enter(body: Body) -> Body:
        _BODIES[body.__name__] = queue, body
        return body

    return enter


@task("letters")
def letters(app: App, should_stop: Callable[[], bool]) -> None:
    """Take in sign-ups, and send the letters that are due."""
    app.answer(should_stop)


@task("deliver")
def deliver(app: App, should_stop: Callable[[], bool]) -> None:
    """Send a share of what is due, and call others for the rest.

    The first that comes to an end calls the next worker, so that all of them are at work within moments. Not before: in
    quiet hours, or without a mail server, they would call each other for nothing.
    """
    done = 0

    def settled(_claim: Claim, _outcome: Outcome) -> None:
        nonlocal done
        done += 1
        if done == 1 and more_due(app.store, app.clock(), beyond=WORTH):
            defer_alone(app.store, DELIVER)

    tell_delivered(app.deliver_by_itself(SHARE, progress=settled, should_stop=should_stop))
    if done >= SHARE:
        defer_alone(app.store, DELIVER)


@task("plan")
def plan(app: App, should_stop: Callable[[], bool]) -> None:
    """Plan all who are due, batch by batch."""
    tell_planned(app.plan(should_stop=should_stop))


@task("collect")
def collect(app: App, should_stop: Callable[[], bool], query_id: int) -> None:
    """Ask one source query, if it is due."""
    report = app.collect_query(query_id, should_stop)
    tell_collected(report)
    if report.queries:
        defer_alone(app.store, TAG)


@task("collect")
def tag(app: App, should_stop: Callable[[], bool]) -> None:
    """Tag the papers that came lately."""
    app.tag(should_stop)


@task("collect")
def bounces(app: App, should_stop: Callable[[], bool]) -> None:
    """Read what came back, if this machine is told where from."""
    if app.settings.bounces:
        tell_bounces(app.take_bounces(should_stop=should_stop))


def steps(app: App, should_stop: Callable[[], bool], worker: str) -> dict[str, tuple[str, Step]]:
    """By name of a task, its queue and what it does on this app."""
    return {
        name: (queue, partial(_run, app, should_stop, worker, name, body)) for name, (queue, body) in _BODIES.items()
    }


def _run(app: App, should_stop: Callable[[], bool], worker: str, name: str, body: Body, **args: Any) -> None:
    """Run a task: what goes wrong is told, and raised on, so that it counts as failed.

    Raises:
        StoppedError: it was told to stop; the task waits again, for somebody else.
    """
    with structlog.contextvars.bound_contextvars(worker=worker):
        try:
            body(app, should_stop, **args)
        except StoppedError:
            raise
        except BotError as error:
            log.error("task failed", task=name, **args, error=str(error))
            raise
        except Exception:
            log.exception("task failed", task=name, **args)
            raise
    if should_stop():
        raise StoppedError(name)
