"""A run is stopped and the admin told at one stroke; what keeps all mails back is told once a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.models.alarms import AlarmKind
from bot.models.runs import RunState
from bot.store import alarms, outbox, runs
from bot.store.engine import Store
from bot.store.halting import halt, trouble
from bot.store.tables import alarm, run
from tests.deliver.rows import NOW, change, fill

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WORDS = "11 of the last 200 mails were refused for a reason of ours; last at dot: 550 5.7.1 not today"


def the_run(store: Store) -> int:
    with store.reading() as connection:
        return int(connection.execute(select(run.c.id)).scalar_one())


def told(store: Store) -> list[tuple[str, str]]:
    with store.reading() as connection:
        query = select(alarm.c.about, alarm.c.words).where(alarm.c.kind == AlarmKind.TROUBLE).order_by(alarm.c.id)
        return [(about, words) for about, words in connection.execute(query)]


def test_a_run_is_stopped_and_told_once(store: Store) -> None:
    fill(store, 2)
    number = the_run(store)
    assert halt(store, number, WORDS, NOW)
    assert not halt(store, number, WORDS, NOW + HOUR)
    assert outbox.claim(store, NOW, HOUR, domain="papers.example.org") == []
    assert runs.run_by_id(store, number).paused_at == NOW
    ((about, words),) = told(store)
    assert about == f"run {number} was stopped"
    assert words == (
        f"{WORDS}; `bot runs show {number}` shows it; `bot runs resume {number}` sends it, "
        f"`bot runs cancel {number}` does not"
    )


def test_a_run_that_was_resumed_and_is_stopped_again_is_told_again(store: Store) -> None:
    fill(store, 2)
    number = the_run(store)
    assert halt(store, number, WORDS, NOW)
    assert runs.resume(store, number)
    assert halt(store, number, WORDS, NOW + HOUR)
    assert len(told(store)) == 2


def test_what_an_admin_holds_up_and_what_is_over_is_let_be(store: Store) -> None:
    fill(store, 1)
    number = the_run(store)
    runs.pause(store, number, NOW)
    assert not halt(store, number, WORDS, NOW + HOUR)
    runs.cancel(store, number, NOW)
    assert not halt(store, number, WORDS, NOW + HOUR)
    assert runs.run_by_id(store, number).state is RunState.CANCELLED
    assert not halt(store, number + 1, WORDS, NOW)
    assert told(store) == []


def test_a_closed_run_is_let_be(store: Store) -> None:
    fill(store, 1)
    change(store, 0, state="sent")
    assert runs.close_runs(store, NOW) == 1
    assert not halt(store, the_run(store), WORDS, NOW)
    assert told(store) == []


def test_trouble_is_told_once_a_day(store: Store) -> None:
    about = "the mail server refuses our credentials"
    said = [trouble(store, about, "535", NOW + hours * HOUR) for hours in (0, 1, 23, 24, 25, 48)]
    assert said == [True, False, False, True, False, True]
    assert trouble(store, "the mail server's certificate is unknown", "self-signed", NOW)
    assert [about for about, _ in told(store)].count(about) == 3


def test_a_clock_that_was_set_back_leaves_nobody_in_the_dark(store: Store) -> None:
    assert trouble(store, "it burns", "", NOW + 30 * DAY)
    assert trouble(store, "it burns", "", NOW)
    assert not trouble(store, "it burns", "", NOW + HOUR)


@pytest.mark.parametrize("again_after", [None, DAY])
def test_an_alarm_goes_when_its_transaction_does(store: Store, again_after: timedelta | None) -> None:
    with store.writing(lock=alarms.LOCK) as connection:
        assert alarms.raise_alarm(connection, "it burns", "", NOW, again_after=again_after)
        connection.rollback()
    assert told(store) == []


def test_very_long_words_are_cut_and_known_again(store: Store) -> None:
    assert trouble(store, "x" * 900, "y" * 900, NOW)
    assert not trouble(store, "x" * 900, "", NOW)
    assert told(store) == [("x" * 500, "y" * 500)]
