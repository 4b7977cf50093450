"""The leader: one among all machines looks at what is due, and defers a task for it. It keeps no state of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from bot.errors import BotError, LeadershipError
from bot.store.lanes import Pulse
from bot.store.leader import Leadership, taking_over
from bot.store.letters import any_due
from bot.store.tasks import BOUNCES, DELIVER, LETTERS, PLAN, TAG, Task, collect_task, defer_all, retry_stalled, tidy
from bot.wiring.app import App

#: How often somebody who does not lead tries to, and the leader shows that it is there, in seconds. With the time after
#: which PostgreSQL ends a silent leader (`bot.store.leader.SILENT_SECONDS`) this makes a takeover within 30 s.
TRY_EVERY, RENEW_EVERY = 5.0, 3.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """Something that the leader looks at, every so many seconds."""

    name: str
    every: float
    step: Callable[[App, Leadership], None]


def _deferring(tasks: Callable[[App], Iterable[Task]]) -> Callable[[App, Leadership], None]:
    def step(app: App, leadership: Leadership) -> None:
        defer_all(leadership, tasks(app))

    return step


def _due_queries(app: App) -> list[Task]:
    return [*(collect_task(query.id) for query in app.due_queries()), TAG]


def _stalled(_app: App, leadership: Leadership, dead_after: float) -> None:
    again, dropped = retry_stalled(leadership, dead_after)
    if again or dropped:
        log.warning("tasks of workers that died", again=again, dropped=dropped)


def _forget(app: App, _leadership: Leadership) -> None:
    app.tidy()


def looks(pulse: Pulse = Pulse()) -> tuple[Look, ...]:
    """What the leader looks at. A task that finds nothing to do costs less than knowing here all that there may be."""
    return (
        Look("stalled", 10, lambda app, leadership: _stalled(app, leadership, pulse.dead_after)),
        # Whoever signs up makes the task as well; this one is for letters that are due later.
        Look("letters", 10, _deferring(lambda app: [LETTERS] if any_due(app.store, app.clock()) else [])),
        Look("deliver", 30, _deferring(lambda _: [DELIVER])),
        Look("plan", 60, _deferring(lambda _: [PLAN])),
        Look("collect", 120, _deferring(_due_queries)),
        Look("bounces", 900, _deferring(lambda app: [BOUNCES] if app.settings.bounces else [])),
        Look("tidy", 3600, lambda _app, leadership: tidy(leadership)),
        Look("forget", 3600, _forget),
    )


def lead(
    app: App,
    name: str,
    stop: threading.Event,
    *,
    there: tuple[Look, ...] = looks(),
    try_every: float = TRY_EVERY,
    renew_every: float = RENEW_EVERY,
    timer: Callable[[], float] = time.monotonic,
) -> None:
    """Try to become the leader, and lead while nobody else does, until told to stop.

    Args:
        name: for people, `host:pid`.
        timer: seconds that never go back.
    """
    while not stop.is_set():
        try:
            with taking_over(app.store, name) as leadership:
                if leadership is not None:
                    log.info("leading", leader=name, term=leadership.term)
                    _look(app, leadership, there, stop, renew_every, timer)
        except LeadershipError as error:
            log.warning("leading no more", error=str(error))
        except BotError as error:
            log.error("cannot lead", error=str(error))
        except Exception:
            log.exception("cannot lead")
        stop.wait(try_every)


def _look(
    app: App,
    leadership: Leadership,
    there: tuple[Look, ...],
    stop: threading.Event,
    renew_every: float,
    timer: Callable[[], float],
) -> None:
    next_at = dict.fromkeys((look.name for look in there), timer())
    while not stop.is_set():
        for look in there:
            # Between any two looks: each may take a while.
            leadership.renew()
            if timer() >= next_at[look.name]:
                next_at[look.name] = timer() + look.every
                _safely(app, leadership, look)
        stop.wait(renew_every)


def _safely(app: App, leadership: Leadership, look: Look) -> None:
    """One bad look is told and does not end the next ones; that we lead no more ends all."""
    try:
        look.step(app, leadership)
    except LeadershipError:
        raise
    except BotError as error:
        log.error("look failed", look=look.name, error=str(error))
    except Exception:
        log.exception("look failed", look=look.name)
