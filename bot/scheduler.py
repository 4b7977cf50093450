"""The jobs that make the bot run by itself on SQLite; it keeps no state of its own: the database says what is due.

On PostgreSQL a leader defers tasks for workers instead, see `bot.wiring.leading`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from bot.errors import BotError
from bot.wiring import App
from bot.wiring.telling import tell_bounces, tell_collected, tell_delivered, tell_planned

#: How often a query's time may have come (see `bot.collect.health`), and somebody may have become due, in seconds.
COLLECT_EVERY = 300
PLAN_EVERY = 60
DELIVER_EVERY = 30
#: Whoever has signed up looks into their mailbox now.
ANSWER_EVERY = 5
#: What comes back has been on its way for seconds to days.
BOUNCES_EVERY = 900
TIDY_EVERY = 3600

log = structlog.get_logger(__name__)


def build_scheduler(
    app: App, now: datetime, should_stop: Callable[[], bool], *, collecting: bool = True, delivering: bool = True
) -> BackgroundScheduler:
    """A scheduler with the bot's jobs, not started yet.

    Each job looks at the database for what is due, so a job that was missed is caught up by the next one,
    however late: nothing depends on a job having run at its time.

    Args:
        now: the first run of every job.
        should_stop: asked all the while; what is in flight to the mail server is finished first.
        collecting: ask the sources, plan digests, and read bounces.
        delivering: send.
    """
    scheduler = BackgroundScheduler(timezone="UTC")

    def every(seconds: int, name: str, step: Callable[[], object]) -> None:
        # Without a grace time, APScheduler drops a job that is late by a second.
        scheduler.add_job(
            safely,
            "interval",
            (name, step),
            seconds=seconds,
            id=name,
            name=name,
            next_run_time=now,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )

    if collecting:
        every(COLLECT_EVERY, "collect", lambda: _collect(app, should_stop))
        every(PLAN_EVERY, "plan", lambda: _plan(app, should_stop))
    if delivering:
        every(DELIVER_EVERY, "deliver", lambda: _deliver(app, should_stop))
        every(ANSWER_EVERY, "answer", lambda: app.answer(should_stop))
    if collecting:
        every(TIDY_EVERY, "tidy", app.tidy)
        if app.settings.bounces:
            every(BOUNCES_EVERY, "bounces", lambda: tell_bounces(app.take_bounces(should_stop=should_stop)))
    return scheduler


def safely(name: str, step: Callable[[], object]) -> None:
    """One bad round is told and does not end the next ones."""
    try:
        step()
    except BotError as error:
        log.error("round failed", job=name, error=str(error))
    except Exception:
        log.exception("round failed", job=name)


def _collect(app: App, should_stop: Callable[[], bool]) -> None:
    tell_collected(app.collect(should_stop=should_stop, due_only=True))


def _plan(app: App, should_stop: Callable[[], bool]) -> None:
    tell_planned(app.plan(should_stop=should_stop))


def _deliver(app: App, should_stop: Callable[[], bool]) -> None:
    tell_delivered(app.deliver_by_itself(should_stop=should_stop))
