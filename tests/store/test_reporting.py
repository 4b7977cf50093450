"""Closed runs are told once: the first at once, those of the next hour together, and never nobody's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select, text, update

from bot.models.alarms import AlarmKind, AlarmRecord
from bot.models.deliveries import State
from bot.models.rosters import RosterRow
from bot.models.subscribers import Wish, address_key
from bot.store import alarms, leaving, rosters, runs, subscribers
from bot.store.engine import Store
from bot.store.halting import trouble
from bot.store.reporting import GATHER, Told, Which, queue_report, told_in
from bot.store.rosters import Defaults
from bot.store.tables import account, alarm, run
from tests.deliver.rows import NOW, change, fill

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def closed(store: Store, at: datetime, **values: int) -> int:
    """A run that closed then, with an account."""
    sums = {"sent": 1, "failed": 0, "suppressed": 0, "skipped": 0, "uncertain": 0} | values
    cancelled = sums.pop("cancelled", 0)
    with store.writing() as connection:
        one = {"planned_at": at - 5 * MINUTE, "chosen": sum(sums.values()), "passed_over": "{}", "closed_at": at}
        one["cancelled_at"] = at if cancelled else None
        number = connection.execute(insert(run).values(**one).returning(run.c.id)).scalar_one()
        connection.execute(insert(account).values(run_id=number, chosen=one["chosen"], **sums))
    return int(number)


def reports(store: Store) -> list[tuple[datetime, datetime | None]]:
    with store.reading() as connection:
        query = select(alarm.c.at, alarm.c.since).where(alarm.c.kind == AlarmKind.REPORT).order_by(alarm.c.id)
        return [(at, since) for at, since in connection.execute(query)]


def told(store: Store, at: datetime) -> tuple[int, ...]:
    found = told_in(store, at, at - DAY)
    return found.runs if found else ()


def test_the_first_is_told_at_once_and_those_of_the_hour_together(store: Store) -> None:
    first = closed(store, NOW)
    assert queue_report(store, NOW, "all")
    others = []
    for minute in range(1, 60):
        others.append(closed(store, NOW + minute * MINUTE))
        assert not queue_report(store, NOW + minute * MINUTE, "all")
    end = NOW + GATHER
    assert queue_report(store, end, "all")
    assert not queue_report(store, end, "all")
    assert (told(store, NOW), told(store, end)) == ((first,), tuple(others))
    # From the end of one to the end of the next; the first begins where its run was planned.
    assert reports(store) == [(NOW, NOW - 5 * MINUTE), (end, NOW)]
    # An hour without runs is silence, and none is told empty.
    assert not queue_report(store, NOW + DAY, "all")
    again = closed(store, NOW + DAY + MINUTE)
    assert queue_report(store, NOW + DAY + MINUTE, "all")
    assert told(store, NOW + DAY + MINUTE) == (again,)
    assert reports(store)[-1] == (NOW + DAY + MINUTE, end)


def test_a_run_a_minute_is_a_mail_an_hour(store: Store) -> None:
    mails = 0
    for minute in range(24 * 60):
        if minute % 10 == 0:
            closed(store, NOW + minute * MINUTE)
        mails += queue_report(store, NOW + minute * MINUTE, "all")
    assert mails == 24


def test_nobody_chosen_is_nothing_to_tell(store: Store) -> None:
    closed(store, NOW, sent=0)
    with store.writing() as connection:
        connection.execute(insert(run).values(planned_at=NOW, chosen=3, passed_over="{}"))
    assert not queue_report(store, NOW, "all")


def test_of_many_who_look_at_once_one_queues_it(store: Store) -> None:
    closed(store, NOW)
    with ThreadPoolExecutor(4) as many:
        assert sum(many.map(lambda _: queue_report(store, NOW, "all"), range(8))) == 1
        assert sum(many.map(lambda _: trouble(store, "it burns", "", NOW), range(8))) == 1
    assert len(reports(store)) == 1


@pytest.mark.parametrize(
    ("sums", "worth"),
    [
        ({}, False),
        ({"suppressed": 1, "skipped": 2}, False),
        ({"failed": 1}, True),
        ({"uncertain": 1}, True),
        ({"skipped": 1, "cancelled": 1}, True),
    ],
)
def test_what_counts_as_trouble(store: Store, sums: dict[str, int], worth: bool) -> None:
    number = closed(store, NOW, **sums)
    assert queue_report(store, NOW, "trouble") == worth
    # What was not worth it is never told, whatever comes.
    later = closed(store, NOW + 2 * GATHER, failed=1)
    assert queue_report(store, NOW + 2 * GATHER, "trouble")
    assert told(store, NOW + 2 * GATHER) == (later,)
    assert reports(store)[-1][1] == NOW
    assert told(store, NOW) == (number,)


@pytest.mark.parametrize("then", ["all", "trouble"])
def test_who_wants_none_gets_none_and_later_not_all_of_old(store: Store, then: Which) -> None:
    closed(store, NOW, failed=1)
    assert not queue_report(store, NOW, "none")
    assert not queue_report(store, NOW + DAY, then)
    assert reports(store) == []


def test_a_clock_that_was_set_back_does_not_silence_the_reports(store: Store) -> None:
    closed(store, NOW + 30 * DAY)
    assert queue_report(store, NOW + 30 * DAY, "all")
    closed(store, NOW)
    assert queue_report(store, NOW, "all")
    assert reports(store)[-1] == (NOW, NOW)


def test_a_report_waits_behind_alarms_and_has_a_mail_of_its_own(store: Store) -> None:
    closed(store, NOW)
    assert queue_report(store, NOW, "all")
    with store.writing(lock=alarms.LOCK) as connection:
        for about in ("one", "two"):
            alarms.raise_alarm(connection, about, "", NOW, again_after=None)

    def kinds(taken: tuple[AlarmRecord, ...]) -> list[str]:
        return [one.kind for one in taken]

    assert kinds(alarms.take(store, NOW, "<a@x>", NOW - DAY)) == ["trouble", "trouble"]
    assert kinds(alarms.take(store, NOW, "<b@x>", NOW - DAY)) == ["report"]
    assert alarms.take(store, NOW, "<c@x>", NOW - DAY) == ()


def roster(store: Store, at: datetime, *names: str) -> list[int]:
    rows = [RosterRow(2, f"{name}@reader.example", address_key(f"{name}@reader.example")) for name in names]
    rosters.import_rows(
        store,
        rows,
        import_id=rosters.begin_import(store, "test", at),
        how="test",
        defaults=Defaults(Wish(), "en"),
        next_due=lambda _: at + DAY,
        now=at,
    )
    return [subscribers.subscriber_by_email(store, row.email).id for row in rows]


def test_what_is_told(store: Store) -> None:
    roster(store, NOW - DAY, "early")
    fill(store, 6)
    change(store, 0, state=State.SENT, reason="sent once more")
    change(store, 1, state=State.FAILED, reason="refused at rcpt: 550 5.1.1")
    change(store, 2, state=State.FAILED, reason="refused at rcpt: 550 5.1.1")
    change(store, 3, state=State.SKIPPED, reason="paused")
    change(store, 4, state=State.UNCERTAIN, reason="no reply to the final dot")
    change(store, 5, state=State.SUPPRESSED, reason="suppressed")
    assert runs.close_runs(store, NOW + MINUTE) == 1
    ada, per, _ = roster(store, NOW, "ada", "per", "zoe")
    leaving.leave(store, ada, NOW + MINUTE, "test")
    # Who comes and goes when the period is over is for the next one.
    end = NOW + 2 * MINUTE
    leaving.leave(store, per, end, "test")
    roster(store, end, "late")
    assert queue_report(store, end, "trouble")
    ((at, since),) = reports(store)
    assert (at, since) == (end, NOW)
    assert told_in(store, at, NOW) == Told(
        runs=(1,),
        counts={State.SENT: 1, State.FAILED: 2, State.SUPPRESSED: 1, State.SKIPPED: 1, State.UNCERTAIN: 1},
        reasons={
            "no reply to the final dot": 1,
            "paused": 1,
            "refused at rcpt: 550 5.1.1": 2,
            "suppressed": 1,
        },
        new=3,
        left=1,
        # Six with deliveries, early, zoe and late.
        active=9,
    )


def test_a_run_that_grows_after_it_was_told_leaves_the_report(store: Store) -> None:
    closed(store, NOW)
    assert queue_report(store, NOW, "all")
    with store.writing() as connection:
        connection.execute(update(run).values(reported_at=None, closed_at=None))
    assert told_in(store, NOW, NOW - DAY) is None


@pytest.mark.parametrize(
    ("index", "query"),
    [
        (
            "ix_run_untold",
            "select id from run where closed_at is not null and reported_at is null and chosen > 0 order by id",
        ),
        ("ix_run_told", "select max(reported_at) from run where reported_at is not null"),
        ("ix_run_told", "select id from run where reported_at = '2026-11-23 09:30:00+00:00' order by id"),
        ("ix_evidence_at", "select what from evidence where at >= '2026-11-23 09:30:00+00:00'"),
    ],
)
def test_what_is_told_is_found_by_indexes(store: Store, index: str, query: str) -> None:
    for minute in range(5):
        closed(store, NOW + minute * MINUTE)
    with store.reading() as connection:
        if not store.is_sqlite:
            # It would not use one for so few rows.
            connection.execute(text("set enable_seqscan = off"))
        plan = connection.execute(text(f"explain {'query plan ' * store.is_sqlite}{query}")).all()
    assert index in str(plan)
