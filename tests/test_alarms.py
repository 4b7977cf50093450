"""The admin is told once when a query turns stale or failing, and once when it recovers, whatever breaks meanwhile."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.models.deliveries import Outcome, State
from bot.models.feeds import CatalogueQuery, Health
from bot.settings import Settings, read_settings
from bot.store import alarms, feeds, queries
from bot.store.engine import Store
from bot.store.tables import alarm
from bot.wiring import App
from tests.builders import NOW, catalogue_feed
from tests.deliver.servers import ScriptedServer

DAY = timedelta(days=1)


class Hours:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def app_of(store: Store, url: str, folder: Path, clock: Hours) -> App:
    environ = {
        "BOT_SMTP_URL": url,
        "BOT_FROM": "Sample Digest <digest@papers.example.org>",
        "BOT_POSTAL_ADDRESS": "1 Sample Street",
        "BOT_CONTACT_EMAIL": "admin@papers.example.org",
        "BOT_FETCH_ALLOW_PRIVATE": "true",
    }
    settings: Settings = read_settings(folder, environ)
    return App(settings, store, clock)


def turn(store: Store, health: Health, now: datetime, words: str = "") -> None:
    """A round that leaves the only query so."""
    (query,) = queries.standing_queries(store)
    after = replace(query, health=health, since=now if query.health != health else query.since)
    queries.note_round(store, query, after, words, now)


@pytest.fixture
def bot(store: Store, server: ScriptedServer, tmp_path: Path) -> App:
    feeds.apply_catalogue(store, [catalogue_feed("sleep-and-memory")], NOW)
    return app_of(store, f"smtp://127.0.0.1:{server.port}", tmp_path, Hours())


def text_of(content: bytes) -> tuple[str, str]:
    mail = email.message_from_bytes(content, policy=email.policy.default)
    part = mail.get_body(("plain",))
    assert part
    assert not mail["List-Unsubscribe"]
    return str(mail["Subject"]), str(part.get_content())


def test_each_turn_is_told_once(bot: App, store: Store, server: ScriptedServer) -> None:
    assert bot.tell_admin() == 0
    for hour in range(3):
        turn(store, Health.FAILING, NOW + timedelta(hours=hour), "source: http://x: http 500 (4 tries)")
        bot.clock.now = NOW + timedelta(hours=hour)  # type: ignore[attr-defined]  # the clock of this file
        bot.tell_admin()
    (recipient, content), *others = server.taken
    assert (recipient, others) == ("admin@papers.example.org", [])
    subject, text = text_of(content)
    assert subject == "Sample Digest: 1 query failing"
    for words in ("sleep-and-memory, pubmed", "http 500 (4 tries)", "since Mon 2026-11-23 09:30 UTC", "[tiab]"):
        assert words in text
    bot.clock.now = NOW + DAY  # type: ignore[attr-defined]  # as above
    turn(store, Health.QUIET, NOW + DAY)
    turn(store, Health.QUIET, NOW + DAY)
    assert (bot.tell_admin(), bot.tell_admin()) == (1, 0)
    subject, text = text_of(server.taken[1][1])
    assert subject == "Sample Digest: 1 query recovered"
    assert "from Mon 2026-11-23 09:30 UTC to Tue 2026-11-24 09:30 UTC" in " ".join(text.split())
    turn(store, Health.STALE, NOW + 2 * DAY, "nothing new for 9 days")
    bot.clock.now = NOW + 3 * DAY  # type: ignore[attr-defined]  # as above
    assert bot.tell_admin() == 1
    assert "nothing new for 9 days" in text_of(server.taken[2][1])[1]


def test_a_first_quiet_round_is_no_alarm(bot: App, store: Store) -> None:
    turn(store, Health.QUIET, NOW)
    assert bot.tell_admin() == 0


def test_without_a_mail_server_the_alarm_waits(bot: App, store: Store, server: ScriptedServer, tmp_path: Path) -> None:
    turn(store, Health.FAILING, NOW, "http 500")
    clock = Hours()
    assert app_of(store, "smtp://127.0.0.1:1", tmp_path, clock).tell_admin() == 0
    clock.now = NOW + timedelta(hours=1)
    well = app_of(store, f"smtp://127.0.0.1:{server.port}", tmp_path, clock)
    assert (well.tell_admin(), well.tell_admin()) == (1, 0)
    assert len(server.taken) == 1


@pytest.mark.parametrize(
    ("step", "reply", "then"),
    [
        ("RCPT", "450 4.2.0 later", State.DEFERRED),
        ("DOT", "451 4.3.0 later", State.DEFERRED),
        ("RCPT", "550 5.1.1 nobody", State.FAILED),
        ("DOT", "<drop>", State.UNCERTAIN),
    ],
)
def test_what_becomes_of_it(bot: App, store: Store, server: ScriptedServer, step: str, reply: str, then: State) -> None:
    server.script[step] = reply
    turn(store, Health.FAILING, NOW, "http 500")
    assert bot.tell_admin() == 0
    with store.reading() as connection:
        assert connection.execute(select(alarm.c.state)).scalar_one() == then
    server.script.clear()
    bot.clock.now = NOW + timedelta(hours=1)  # type: ignore[attr-defined]  # the clock of this file
    assert bot.tell_admin() == (1 if then is State.DEFERRED else 0)


def test_two_senders_tell_it_once_and_who_dies_before_the_dot_is_followed(store: Store) -> None:
    feeds.apply_catalogue(store, [catalogue_feed("sleep-and-memory")], NOW)
    turn(store, Health.FAILING, NOW, "http 500")
    (first,) = alarms.take(store, NOW, "<a@x>", NOW - DAY)
    assert alarms.take(store, NOW, "<b@x>", NOW - DAY) == ()
    # The first one dies here; its lease runs out.
    (again,) = alarms.take(store, NOW + alarms.LEASE, "<c@x>", NOW - DAY)
    assert again.id == first.id
    alarms.hand_over(store, [again.id], NOW + alarms.LEASE)
    # And the second after the dot was sent: it may have arrived, so it is not told again.
    assert alarms.take(store, NOW + DAY, "<d@x>", NOW - DAY) == ()
    with store.reading() as connection:
        assert connection.execute(select(alarm.c.state)).scalar_one() == State.UNCERTAIN


def test_settling_counts_the_tries(store: Store) -> None:
    feeds.apply_catalogue(store, [catalogue_feed("sleep-and-memory")], NOW)
    turn(store, Health.FAILING, NOW, "http 500")
    (one,) = alarms.take(store, NOW, "<a@x>", NOW - DAY)
    alarms.settle(store, [one.id], Outcome(State.DEFERRED, due_at=NOW + DAY), NOW)
    assert not alarms.waiting(store, NOW + DAY - timedelta(seconds=1))
    (again,) = alarms.take(store, NOW + DAY, "<b@x>", NOW - DAY)
    assert again.attempts == 1


def test_many_alarms_are_one_mail(bot: App, store: Store, server: ScriptedServer) -> None:
    feeds.apply_catalogue(store, [catalogue_feed(f"feed-{number}") for number in range(150)], NOW)
    for query in queries.standing_queries(store):
        queries.note_round(store, query, replace(query, health=Health.FAILING, since=NOW), "x" * 600, NOW)
    assert bot.tell_admin() == 151
    ((_, content),) = server.taken
    subject, text = text_of(content)
    assert subject == "Sample Digest: 151 queries failing"
    assert "and 111 more queries" in text
    assert len(content) < 150_000


def test_what_is_old_is_told_no_more_and_takes_nothing_new_with_it(
    bot: App, store: Store, server: ScriptedServer
) -> None:
    turn(store, Health.FAILING, NOW, "http 500")
    turn(store, Health.QUIET, NOW + 6 * DAY)
    bot.clock.now = NOW + 6 * DAY  # type: ignore[attr-defined]  # the clock of this file
    server.script["DOT"] = "451 4.3.0 later"
    assert bot.tell_admin() == 0
    server.script.clear()
    bot.clock.now = NOW + 7 * DAY  # type: ignore[attr-defined]  # as above
    assert bot.tell_admin() == 1
    assert text_of(server.taken[0][1])[0] == "Sample Digest: 1 query recovered"


def test_a_feed_s_address_is_told_without_what_may_be_secret(bot: App, store: Store, server: ScriptedServer) -> None:
    secret = CatalogueQuery("syndication", "https://me:sesame@journal.example.org/rss?token=sesame")
    feeds.apply_catalogue(store, [catalogue_feed("sleep-and-memory", queries=(secret,))], NOW)
    turn(store, Health.FAILING, NOW, "http 500")
    assert bot.tell_admin() == 1
    text = text_of(server.taken[0][1])[1]
    assert "https://journal.example.org/rss" in text
    assert "sesame" not in text
