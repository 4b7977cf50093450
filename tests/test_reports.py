"""The account of closed runs, and alarms of what does not pass by itself, reach the admin through the real doors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from bot.models.alarms import AlarmKind
from bot.models.deliveries import State
from bot.models.feeds import Health
from bot.settings import read_settings
from bot.store import alarms, feeds, runs
from bot.store.engine import Store
from bot.store.halting import halt, trouble
from bot.store.reporting import queue_report
from bot.store.tables import alarm, delivery, run
from bot.wiring import App
from tests.builders import NOW, catalogue_feed
from tests.deliver.rows import change, column, fill
from tests.deliver.servers import ScriptedServer
from tests.test_alarms import Hours, text_of, turn

ADMIN = "admin@papers.example.org"
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def clock() -> Hours:
    return Hours()


def app_of(store: Store, server: ScriptedServer, folder: Path, clock: Hours, **changes: str) -> App:
    environ = {
        "BOT_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
        "BOT_FROM": "Sample Digest <digest@papers.example.org>",
        "BOT_POSTAL_ADDRESS": "1 Sample Street",
        "BOT_CONTACT_EMAIL": ADMIN,
    }
    return App(read_settings(folder, environ | {f"BOT_{name}": value for name, value in changes.items()}), store, clock)


@pytest.fixture
def bot(store: Store, server: ScriptedServer, tmp_path: Path, clock: Hours) -> App:
    return app_of(store, server, tmp_path, clock)


def to_admin(server: ScriptedServer) -> list[tuple[str, str]]:
    """Subject and text of each mail that the admin got, the text in one line."""
    mails = [text_of(content) for recipient, content in server.taken if recipient == ADMIN]
    return [(subject, " ".join(text.split())) for subject, text in mails]


def closed(store: Store, clock: Hours, **counts: int) -> None:
    """A run that has just closed, with so many deliveries by state; one that was sent, where none is named."""
    counts = counts or {"sent": 1}
    one = {"planned_at": clock.now, "chosen": sum(counts.values())}
    times = dict.fromkeys(("occasion", "window_start", "window_end", "due_at", "expires_at"), clock.now)
    with store.writing() as connection:
        number = connection.execute(insert(run).values(**one).returning(run.c.id)).scalar_one()
        for state, count in counts.items():
            for _ in range(count):
                connection.execute(insert(delivery).values(run_id=number, state=state, content="", **times))
    assert runs.close_runs(store, clock.now) == 1


def states(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(select(alarm.c.state).order_by(alarm.c.id)).scalars())


def test_a_run_that_closes_is_told_by_the_round_that_closed_it(
    bot: App, store: Store, server: ScriptedServer, clock: Hours
) -> None:
    feeds.apply_catalogue(store, [catalogue_feed("sleep-and-memory")], NOW)
    turn(store, Health.FAILING, NOW - DAY, "source: http 500 (4 tries)")
    assert bot.tell_admin() == 1
    fill(store, 3)
    server.script["RCPT reader2@reader.example"] = "550 5.1.1 nobody of that name"
    assert bot.deliver().sent == 2
    _, (subject, text) = to_admin(server)
    assert subject == "Sample Digest: 2 digests sent and 1 failed"
    for words in (
        "For the admin: round 1, 23 November 2026",
        "0 new subscribers, 0 left. 1 feed is failing.",
        "Planned: 3 Sent: 2 (the mail server took them over) Failed: 1",
        "Why some were not sent",
        "refused at rcpt: 550 5.1.1: 1",
        "Active now: 3",
        "Sleep and memory, pubmed since Sun 2026-11-22 09:30 UTC source: http 500 (4 tries)",
    ):
        assert words in text
    clock.now += DAY
    assert (bot.deliver().sent, bot.tell_admin(), len(to_admin(server))) == (0, 0, 2)


def test_what_closes_within_the_hour_is_told_at_its_end(
    bot: App, store: Store, server: ScriptedServer, clock: Hours
) -> None:
    told = []
    for _ in range(61):
        closed(store, clock)
        told.append(bot.tell_admin())
        clock.now += MINUTE
    assert told == [1, *[0] * 59, 1]
    (_, first), (subject, text) = to_admin(server)
    assert "round 1, 23 November 2026" in first
    assert subject == "Sample Digest: 60 digests sent"
    assert "For the admin: from Mon 2026-11-23 09:30 UTC to Mon 2026-11-23 10:30 UTC" in text


def test_a_report_that_finds_no_mail_server_waits(
    bot: App, store: Store, server: ScriptedServer, tmp_path: Path, clock: Hours
) -> None:
    closed(store, clock)
    broken = app_of(store, server, tmp_path, clock, SMTP_URL="smtp://127.0.0.1:1")
    assert broken.tell_admin() == 0
    clock.now += 20 * MINUTE
    assert (bot.tell_admin(), bot.tell_admin(), len(to_admin(server))) == (1, 0, 1)


@pytest.mark.parametrize("handed_over", [False, True])
def test_a_report_is_told_once_whoever_dies_over_it(
    bot: App, store: Store, server: ScriptedServer, clock: Hours, *, handed_over: bool
) -> None:
    closed(store, clock)
    assert queue_report(store, clock.now, "all")
    (taken,) = alarms.take(store, clock.now, "<a@x>", clock.now - DAY)
    if handed_over:
        alarms.hand_over(store, [taken.id], clock.now)
    assert bot.tell_admin() == 0
    clock.now += alarms.LEASE
    assert (bot.tell_admin(), bot.tell_admin()) == (0 if handed_over else 1, 0)
    assert states(store) == [State.UNCERTAIN if handed_over else State.SENT]


def test_no_mail_is_empty(bot: App, store: Store, server: ScriptedServer, clock: Hours) -> None:
    closed(store, clock)
    assert queue_report(store, clock.now, "all")
    with store.writing() as connection:
        # Planning has put more into the run since.
        connection.execute(update(run).values(reported_at=None, closed_at=None))
        connection.execute(update(run).values(chosen=9))
    assert (bot.tell_admin(), states(store), server.taken) == (0, [State.SKIPPED], [])


def test_whom_no_setting_names_is_not_told_of_old_runs_later(
    bot: App, store: Store, server: ScriptedServer, tmp_path: Path, clock: Hours
) -> None:
    closed(store, clock, failed=1)
    assert app_of(store, server, tmp_path, clock, CONTACT_EMAIL="").tell_admin() == 0
    closed(store, clock)
    assert app_of(store, server, tmp_path, clock, RUN_REPORTS="none").tell_admin() == 0
    closed(store, clock)
    assert app_of(store, server, tmp_path, clock, RUN_REPORTS="trouble").tell_admin() == 0
    assert (bot.tell_admin(), server.taken) == (0, [])


def test_a_rehearsal_tells_nobody(bot: App, store: Store, server: ScriptedServer, clock: Hours) -> None:
    closed(store, clock)
    bot.deliver(dry_run=True)
    assert server.taken == []


def test_reports_speak_the_admin_s_language(store: Store, server: ScriptedServer, tmp_path: Path, clock: Hours) -> None:
    fill(store, 1)
    change(store, 0, state=State.SKIPPED, reason="paused")
    runs.close_runs(store, clock.now)
    assert app_of(store, server, tmp_path, clock, LANGUAGE="de").tell_admin() == 1
    ((subject, text),) = to_admin(server)
    assert subject == "Sample Digest: 0 Übersichten versandt"
    assert "paused: 1" in text


def test_a_run_that_was_stopped_is_told_beside_queries_that_turned(
    bot: App, store: Store, server: ScriptedServer, clock: Hours
) -> None:
    feeds.apply_catalogue(store, [catalogue_feed("sleep-and-memory")], NOW)
    turn(store, Health.FAILING, NOW, "http 500")
    fill(store, 2)
    assert halt(store, 1, "11 of the last 200 mails were refused for a reason of ours", clock.now)
    assert trouble(store, "the mail server refuses our credentials", "535 5.7.8 no", clock.now)
    closed(store, clock)
    assert bot.deliver().sent == 0
    (subject, text), (report, _) = to_admin(server)
    assert subject == "Sample Digest: 2 alarms and 1 query failing"
    for words in (
        "For the admin: something has happened",
        "run 1 was stopped Mon 2026-11-23 09:30 UTC 11 of the last 200 mails were refused",
        "`bot runs resume 1` sends it, `bot runs cancel 1` does not",
        "the mail server refuses our credentials Mon 2026-11-23 09:30 UTC 535 5.7.8 no",
        "sleep-and-memory, pubmed since Mon 2026-11-23 09:30 UTC http 500",
    ):
        assert words in text
    assert report == "Sample Digest: 1 digest sent"
    assert column(store, "state") == [State.QUEUED, State.QUEUED, State.SENT]
    with store.reading() as connection:
        kinds = connection.execute(select(alarm.c.kind).order_by(alarm.c.id)).scalars().all()
    assert kinds == [AlarmKind.TURN, AlarmKind.TROUBLE, AlarmKind.TROUBLE, AlarmKind.REPORT]
