"""The scheduler's jobs: what there is to do, and that one bad round does not end the next."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.events import EVENT_JOB_EXECUTED
from structlog.testing import capture_logs

from bot.errors import BotError
from bot.scheduler import build_scheduler, safely
from bot.settings import read_settings
from bot.store import feeds
from bot.wiring import App, build
from tests.builders import catalogue_feed
from tests.deliver.rows import fill, states

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture
def app(tmp_path: Path) -> App:
    environ = {"BOT_DATABASE_URL": f"sqlite:///{tmp_path}/bot.db", "BOT_PUBMED_URL": "http://127.0.0.1:1"}
    return build(read_settings(tmp_path, environ), lambda: NOW)


@pytest.mark.parametrize(
    ("collecting", "delivering", "jobs"),
    [
        (True, True, {"collect", "plan", "tidy", "deliver", "answer"}),
        (False, True, {"deliver", "answer"}),
        (True, False, {"collect", "plan", "tidy"}),
        (False, False, set()),
    ],
)
def test_jobs_are_those_asked_for(app: App, collecting: bool, delivering: bool, jobs: set[str]) -> None:
    scheduler = build_scheduler(app, NOW, lambda: False, collecting=collecting, delivering=delivering)
    there = scheduler.get_jobs()
    assert {job.id for job in there} == jobs
    # A job that is late, by however much, is still run, and once.
    assert all(job.misfire_grace_time is None and job.coalesce and job.max_instances == 1 for job in there)
    app.close()


def test_bounces_are_read_where_the_settings_say_from_where(tmp_path: Path) -> None:
    environ = {"BOT_DATABASE_URL": f"sqlite:///{tmp_path}/bot.db", "BOT_BOUNCES": str(tmp_path / "none")}
    app = build(read_settings(tmp_path, environ), lambda: NOW)
    scheduler = build_scheduler(app, NOW, lambda: False, delivering=False)
    job = next(job for job in scheduler.get_jobs() if job.id == "bounces")
    with capture_logs() as told:
        job.func(*job.args)
    assert [(line["job"], line["error"]) for line in told] == [
        ("bounces", f"bounces: {tmp_path}/none: no Maildir; it has the folders new, cur and tmp")
    ]
    app.close()


def test_jobs_run_at_once_when_it_starts(app: App) -> None:
    feeds.apply_catalogue(app.store, [catalogue_feed("one")], NOW)
    scheduler = build_scheduler(app, datetime.now(UTC), lambda: False)
    ran = threading.Event()
    with capture_logs() as told:
        scheduler.add_listener(lambda event: ran.set() if event.job_id == "collect" else None, EVENT_JOB_EXECUTED)
        scheduler.start()
        assert ran.wait(10)
        scheduler.shutdown(wait=True)
    (line,) = (line for line in told if line["event"] == "collected")
    assert (line["queries"], line["failing"]) == (1, 1)
    app.close()


def test_in_quiet_hours_what_is_due_stays_queued(tmp_path: Path) -> None:
    environ = {
        "BOT_DATABASE_URL": f"sqlite:///{tmp_path}/bot.db",
        "BOT_FROM": "digest@papers.example.org",
        "BOT_POSTAL_ADDRESS": "1 Sample Street",
        "BOT_SMTP_URL": "smtp://127.0.0.1:1",
        "BOT_TIMEZONE": "Asia/Tokyo",
        "BOT_QUIET_HOURS": "18:00-19:00",
    }
    app = build(read_settings(tmp_path, environ), lambda: NOW)
    fill(app.store, 2)
    scheduler = build_scheduler(app, NOW, lambda: False, collecting=False)
    with capture_logs() as told:
        (job,) = [one for one in scheduler.get_jobs() if one.id == "deliver"]
        job.func(*job.args)
    assert told == []
    assert states(app.store) == ["queued", "queued"]
    # 09:30 in London is 18:30 in Tokyo.
    assert app.deliver().quiet_until == NOW + timedelta(minutes=30)
    assert app.deliver(in_quiet_hours=True).error is not None
    app.close()


def test_a_bad_round_is_told_and_raises_nothing() -> None:
    def fail(error: Exception) -> None:
        raise error

    with capture_logs() as told:
        safely("collect", lambda: fail(BotError("source: it is gone")))
        safely("plan", lambda: fail(ZeroDivisionError()))
    assert [(line["event"], line["job"]) for line in told] == [("round failed", "collect"), ("round failed", "plan")]
    assert told[0]["error"] == "source: it is gone"
