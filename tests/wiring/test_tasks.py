"""Tasks are calls of verbs that look for what there is to do: run twice, they do nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from bot.deliver import round as sending_round
from bot.demo.mailbox import Mailbox
from bot.demo.service import SampleService
from bot.errors import FetchError, StoppedError, WorkerError
from bot.settings import read_settings
from bot.store import feeds, queries
from bot.store.engine import Store
from bot.store.schema import upgrade
from bot.store.tasks import DELIVER, TAG, collect_task
from bot.wiring import App, build
from bot.wiring import tasks as bodies
from bot.wiring.tasks import LANES, bounces, collect, deliver, plan, steps, tag
from bot.wiring.working import chosen_lanes
from tests.builders import catalogue_feed, finding, save
from tests.deliver.rows import fill, states
from tests.suppress.reports import dsn

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ON = lambda: False  # noqa: E731 (a rule in one line)


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[tuple[SampleService, Mailbox]]:
    with SampleService(date(2026, 11, 23)) as service, Mailbox(tmp_path / "mails") as mailbox:
        yield service, mailbox


@pytest.fixture
def app(postgres_url: str, tmp_path: Path, outside: tuple[SampleService, Mailbox]) -> Iterator[App]:
    service, mailbox = outside
    store = Store(postgres_url)
    upgrade(store)
    store.close()
    environ = {
        "BOT_DATABASE_URL": postgres_url,
        "BOT_FROM": "Concept Digest <digest@papers.example.org>",
        "BOT_POSTAL_ADDRESS": "1 Sample Street",
        "BOT_SMTP_URL": mailbox.url,
        "BOT_PUBMED_URL": service.pubmed_url,
        "BOT_FETCH_ALLOW_PRIVATE": "true",
    }
    app = build(read_settings(tmp_path, environ), lambda: NOW)
    yield app
    app.close()


def waiting(app: App) -> list[str]:
    """Names of the tasks that wait."""
    with app.store.reading() as connection:
        query = text("select task_name from procrastinate.procrastinate_jobs where status = 'todo' order by id")
        return list(connection.execute(query).scalars())


def test_delivering_twice_sends_once(app: App, outside: tuple[SampleService, Mailbox]) -> None:
    fill(app.store, 3)
    for _ in range(2):
        deliver(app, ON)
    assert states(app.store) == ["sent"] * 3
    assert len(outside[1].mails) == 3
    # All was done: nobody else is needed.
    assert waiting(app) == []


def test_who_delivers_calls_others_when_more_is_due_than_one_takes(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(app.store, 5)
    monkeypatch.setattr(bodies, "SHARE", 2)
    deliver(app, ON)
    assert states(app.store).count("sent") == 2
    assert waiting(app) == ["deliver"]


def test_who_has_sent_one_calls_another_when_many_are_left(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(app.store, 20)
    monkeypatch.setattr(bodies, "WORTH", 1)
    # So that not all of them have been claimed by then.
    monkeypatch.setattr(sending_round, "BATCH", 2)
    monkeypatch.setattr(sending_round, "LOW", 2)
    called: list[int] = []
    monkeypatch.setattr(bodies, "defer_alone", lambda *_: called.append(states(app.store).count("sent")))
    deliver(app, ON)
    # Once, and not at the end.
    assert len(called) == 1
    assert called[0] < 20


def test_a_mail_server_that_is_down_has_nobody_called(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SHARE", 1)
    app.settings = app.settings.model_copy(update={"smtp_url": "smtp://127.0.0.1:1"})
    fill(app.store, 3)
    with capture_logs():
        deliver(app, ON)
    assert states(app.store) == ["queued"] * 3
    assert waiting(app) == []


def test_planning_twice_plans_once_and_calls_somebody_to_deliver(app: App) -> None:
    feed_id = _with_a_reader(app)
    save(app.store, feed_id, [finding(1)], lambda: NOW)
    for _ in range(2):
        plan(app, ON)
    assert states(app.store) == ["queued"]
    assert waiting(app) == ["deliver"]


def _with_a_reader(app: App) -> int:
    """The one feed's id; its reader's clock has struck."""
    fill(app.store, 1)
    with app.store.writing() as connection:
        connection.execute(text("delete from delivery"))
        connection.execute(text("delete from run"))
        feed_id: int = connection.execute(text("select id from concept_feed")).scalar_one()
        connection.execute(
            text(
                "insert into subscription (subscriber_id, feed_id, position, created_at) "
                "select id, :feed, 0, created_at from subscriber"
            ),
            {"feed": feed_id},
        )
        connection.execute(text("update subscriber set next_due = :now, covered_until = :now"), {"now": NOW})
    return feed_id


def test_collecting_twice_asks_once_and_tags_after_it(app: App) -> None:
    feeds.apply_catalogue(app.store, [catalogue_feed("one")], NOW)
    (query,) = app.due_queries()
    with capture_logs() as told:
        collect(app, ON, query_id=query.id)
        collect(app, ON, query_id=query.id)
    assert [line["queries"] for line in told if line["event"] == "collected"] == [1]
    assert app.due_queries() == []
    assert waiting(app) == ["tag"]
    tag(app, ON)
    assert queries.standing_queries(app.store)[0].watermark is not None


def test_a_query_that_is_gone_is_no_fault(app: App) -> None:
    collect(app, ON, query_id=4711)
    assert waiting(app) == []


def test_every_task_that_is_deferred_has_a_body_in_its_queue(app: App) -> None:
    there = steps(app, ON, "one")
    for task in (DELIVER, TAG, collect_task(1)):
        assert there[task.name][0] == task.queue
    assert {queue for queue, _ in there.values()} == set(LANES)


def test_what_goes_wrong_is_told_and_counts_as_failed(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise FetchError("http://127.0.0.1:1", "it is gone")

    monkeypatch.setattr(app, "collect_query", fail)
    with capture_logs() as told, pytest.raises(FetchError):
        steps(app, ON, "one")["collect"][1](query_id=1)
    (line,) = told
    assert (line["event"], line["task"], line["query_id"]) == ("task failed", "collect", 1)


def test_bounces_are_read_by_whoever_is_told_where_from(app: App, tmp_path: Path) -> None:
    bounces(app, ON)
    (number,) = fill(app.store, 1)
    for part in ("new", "cur"):
        (tmp_path / "box" / part).mkdir(parents=True)
    token = app.tokens.make_bounce(number)
    (tmp_path / "box" / "new" / "1").write_bytes(dsn(f"bounce+{token}@papers.example.org"))
    told = App(app.settings.model_copy(update={"bounces": str(tmp_path / "box")}), app.store, app.clock)
    with capture_logs() as lines:
        for _ in range(2):
            bounces(told, ON)
    assert lines == [{"event": "bounces", "log_level": "info", "read": 1, "suppressed": 1, "gone": 1}]


def test_a_task_that_was_told_to_stop_waits_again(app: App) -> None:
    with pytest.raises(StoppedError):
        steps(app, lambda: True, "one")["plan"][1]()


@pytest.mark.parametrize(
    ("queues", "lanes"), [(None, list(LANES)), (["deliver"], ["deliver"]), (["collect", " plan"], ["plan", "collect"])]
)
def test_lanes_are_those_that_are_named(queues: list[str] | None, lanes: list[str]) -> None:
    assert list(chosen_lanes(queues)) == lanes


def test_a_queue_that_there_is_not_is_told_with_those_that_there_are() -> None:
    with pytest.raises(WorkerError, match="no such queue; known: letters, deliver, plan, collect"):
        chosen_lanes(["bounces"])
