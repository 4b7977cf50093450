"""The leader's looks, and who looks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from bot.errors import BotError
from bot.settings import read_settings
from bot.store import feeds
from bot.store.engine import Store
from bot.store.leader import Leadership, leader, taking_over
from bot.store.schema import upgrade
from bot.wiring import App, build
from bot.wiring.leading import Look, lead, looks
from tests.builders import catalogue_feed
from tests.store.test_leader import cut_off

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture
def apps(postgres_url: str, tmp_path: Path) -> Iterator[tuple[App, App]]:
    """Two machines on one PostgreSQL."""
    store = Store(postgres_url)
    upgrade(store)
    store.close()
    settings = read_settings(tmp_path, {"BOT_DATABASE_URL": postgres_url})
    first, second = build(settings, lambda: NOW), build(settings, lambda: NOW)
    yield first, second
    first.close()
    second.close()


def tasks(app: App) -> list[str]:
    with app.store.reading() as connection:
        query = text("select task_name from procrastinate.procrastinate_jobs order by id")
        return list(connection.execute(query).scalars())


class Leader:
    """A machine that tries to lead, quickly."""

    def __init__(
        self,
        app: App,
        name: str,
        step: Callable[[App, Leadership], None] = lambda _a, _l: None,
        try_every: float = 0.05,
    ) -> None:
        self.stop, self.looked = threading.Event(), threading.Event()

        def look(app: App, leadership: Leadership) -> None:
            self.looked.set()
            step(app, leadership)

        there = (Look("here", 0.0, look),)
        quick = {"there": there, "try_every": try_every, "renew_every": 0.05}
        self.thread = threading.Thread(target=lead, args=(app, name, self.stop), kwargs=quick)
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(30)
        assert not self.thread.is_alive()


def test_the_looks_make_a_task_for_all_that_there_may_be(apps: tuple[App, App]) -> None:
    app, _ = apps
    feeds.apply_catalogue(app.store, [catalogue_feed("one"), catalogue_feed("two")], NOW)
    with taking_over(app.store, "one") as leadership:
        assert leadership is not None
        for _ in range(2):
            for look in looks():
                look.step(app, leadership)
    assert tasks(app) == ["deliver", "plan", "collect", "collect", "tag"]


def test_who_is_cut_off_is_followed_by_another(apps: tuple[App, App]) -> None:
    # Once it is cut off, it does not try again while the test lasts.
    first = Leader(apps[0], "one:1", try_every=3600.0)
    second = None
    try:
        assert first.looked.wait(30)
        second = Leader(apps[1], "two:2")
        with capture_logs():
            cut_off(apps[1].store)
            assert second.looked.wait(30)
        there = leader(apps[0].store)
        assert there is not None
        assert (there.name, there.leads) == ("two:2", True)
        assert there.term > 1
    finally:
        for one in filter(None, (first, second)):
            one.end()
    ended = leader(apps[0].store)
    assert ended is not None
    assert not ended.leads


def test_a_look_that_fails_is_told_and_does_not_end_the_next(apps: tuple[App, App]) -> None:
    again = threading.Event()
    calls: list[int] = []

    def fail(_app: App, _leadership: Leadership) -> None:
        calls.append(1)
        if len(calls) > 2:
            again.set()
        raise BotError("it is gone") if len(calls) == 1 else ZeroDivisionError

    with capture_logs() as told:
        one = Leader(apps[0], "one:1", fail)
        assert again.wait(30)
        one.end()
    events = [line["event"] for line in told]
    assert events[:3] == ["leading", "look failed", "look failed"]


def test_who_is_followed_in_the_middle_of_a_look_leads_no_more(apps: tuple[App, App]) -> None:
    first, other = apps

    def overtaken(app: App, leadership: Leadership) -> None:
        with other.store.writing() as connection:
            connection.execute(text("update instance set term = term + 1"))
        with leadership.writing():
            pytest.fail("it led no more")

    with capture_logs() as told:
        one = Leader(first, "one:1", overtaken)
        assert one.looked.wait(30)
        one.end()
    assert [line["event"] for line in told][:2] == ["leading", "leading no more"]
