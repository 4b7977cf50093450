"""New, quiet, stale, failing: pure rules over what the last rounds brought, and when a query is asked next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.collect.health import CEILING, REMEMBERED, RoundOutcome, Verdict, habit, is_due, judge
from bot.models.feeds import Health, StandingQuery

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
EVERY = timedelta(hours=1)
NEW = StandingQuery(1, 1, "sleep", "pubmed", "sleep[ti]", None, Health.NEW, 0)


def after(query: StandingQuery, outcome: RoundOutcome, now: datetime = NOW, chance: float = 0.5) -> Verdict:
    return judge(query, outcome, now, chance, EVERY)


def with_habit(*gaps: int, until: datetime = NOW) -> StandingQuery:
    """A query with news after so many days each time, the last at `until`."""
    days, day = [until.date()], until.date()
    for gap in reversed(gaps):
        day -= gap * DAY
        days.append(day)
    known = tuple(day.isoformat() for day in reversed(days))
    return replace(NEW, health=Health.QUIET, habit=known, brought_at=until, batch="3:aa", batch_since=until)


def test_a_whole_answer_is_quiet_with_news_or_without() -> None:
    for outcome in (RoundOutcome(new=3, records=3, batch="3:aa"), RoundOutcome()):
        verdict = after(NEW, outcome)
        assert (verdict.query.health, verdict.query.since, verdict.words, verdict.whole) == ("quiet", NOW, "", True)


def test_failing_counts_and_keeps_its_beginning() -> None:
    first = after(NEW, RoundOutcome(error="http 500"))
    assert (first.query.health, first.query.failures, first.query.since) == ("failing", 1, NOW)
    second = after(first.query, RoundOutcome(error="http 502"), NOW + DAY)
    assert (second.query.failures, second.query.since, second.words, second.whole) == (2, NOW, "http 502", False)
    well = after(second.query, RoundOutcome(), NOW + 2 * DAY)
    assert (well.query.health, well.query.failures, well.query.since) == ("quiet", 0, NOW + 2 * DAY)


def waits(chance: float, wait: float = 0.0) -> list[timedelta]:
    query, found = NEW, []
    for _ in range(30):
        query = after(query, RoundOutcome(error="x", wait=wait), chance=chance).query
        assert query.next_ask_at
        found.append(query.next_ask_at - NOW)
    return found


def test_a_failing_query_is_asked_for_ever_ever_less_often_and_once_a_day_at_the_least() -> None:
    steady = waits(0.5)
    assert steady[:4] == [timedelta(minutes=minutes) for minutes in (10, 20, 40, 80)]
    assert steady == sorted(steady)
    assert steady[-1] == CEILING
    assert max(waits(1.0)) == CEILING
    assert waits(0.0)[0] < steady[0] < waits(1.0)[0]


def test_what_the_service_asks_to_wait_is_waited_a_day_at_the_most() -> None:
    assert waits(0.5, wait=3600)[0] == timedelta(hours=1)
    assert waits(0.5, wait=1e9)[0] == CEILING


@pytest.mark.parametrize(
    ("gaps", "silent", "stale"),
    [
        ((1, 1, 3, 1, 1, 1, 1), 9, False),
        ((1, 1, 3, 1, 1, 1, 1), 10, True),
        ((1,) * 7, 4, False),
        ((1,) * 7, 5, True),
        ((7, 7, 8, 7, 7, 7, 7), 24, False),
        ((7, 7, 8, 7, 7, 7, 7), 25, True),
        # Too little is known of it yet.
        ((1,) * 6, 300, False),
    ],
)
def test_silence_is_stale_by_the_query_s_own_habit(gaps: tuple[int, ...], silent: int, stale: bool) -> None:
    query = with_habit(*gaps)
    verdict = after(query, RoundOutcome(), NOW + silent * DAY)
    assert (verdict.query.health == Health.STALE) is stale
    assert verdict.whole
    if stale:
        assert verdict.words == f"nothing new for {silent} days; never more than {max(gaps)} days before"
        assert after(verdict.query, RoundOutcome(new=1, records=1, batch="1:b"), NOW + 40 * DAY).query.health == "quiet"


def test_yesterdays_batch_again_is_stale_and_moves_nothing() -> None:
    first = after(NEW, RoundOutcome(new=5, records=5, batch="5:aa"))
    again = RoundOutcome(records=5, outside=3, batch="5:aa")
    verdict = after(first.query, again, NOW + DAY)
    assert (verdict.query.health, verdict.whole) == ("stale", False)
    assert verdict.words == "the same 5 records again since 2026-11-23, 3 from before the time that was asked for"
    # The same records, all from the time that was asked for, are a quiet day.
    assert after(first.query, replace(again, outside=0), NOW + DAY).query.health == "quiet"
    # Other records, some older than asked for, are another matter too.
    assert after(first.query, replace(again, batch="5:bb"), NOW + DAY).query.health == "quiet"
    assert after(verdict.query, RoundOutcome(records=1, batch="1:cc"), NOW + 2 * DAY).query.health == "quiet"


def test_an_older_stretch_says_nothing_of_the_habit() -> None:
    verdict = after(NEW, RoundOutcome(new=900, records=900, batch="900:aa", replay=True))
    assert (verdict.query.habit, verdict.query.brought_at, verdict.query.batch) == ((), None, "")


def test_a_frozen_answer_stays_stale_until_it_changes() -> None:
    query = after(NEW, RoundOutcome(new=5, newest=NOW.date(), records=5, batch="5:aa")).query
    frozen = RoundOutcome(records=5, outside=3, newest=NOW.date(), batch="5:aa")
    told = []
    for day in range(1, 9):
        query = after(query, frozen, NOW + day * DAY).query
        told.append(query.health)
    assert told == ["stale"] * 8
    assert query.since == NOW + DAY


def test_news_that_another_query_brought_first_is_news_all_the_same() -> None:
    query = NEW
    for day in range(12):
        today = NOW + day * DAY
        verdict = after(query, RoundOutcome(records=3, newest=today.date(), batch=f"3:{day}"), today)
        query = verdict.query
    assert len(query.habit) == 12
    assert (
        after(query, RoundOutcome(records=3, newest=query.newest, batch="3:x"), NOW + 17 * DAY).query.health == "stale"
    )


def test_an_older_stretch_that_fails_leaves_the_query_as_it_was() -> None:
    query = after(NEW, RoundOutcome(records=1, batch="1:a")).query
    verdict = after(query, RoundOutcome(error="too many", replay=True), NOW + DAY)
    assert (verdict.query, verdict.words, verdict.whole) == (query, "too many", False)


def test_what_never_changes_is_asked_less_often() -> None:
    query = after(NEW, RoundOutcome(records=9, batch="9:aa")).query
    assert query.next_ask_at == NOW + EVERY
    later = NOW + 10 * DAY
    rarely = after(query, RoundOutcome(unchanged=True), later).query
    assert rarely.next_ask_at == later + timedelta(hours=10)
    assert after(rarely, RoundOutcome(unchanged=True), NOW + 90 * DAY).query.next_ask_at == NOW + 91 * DAY
    changed = after(rarely, RoundOutcome(records=9, batch="9:bb"), later).query
    assert changed.next_ask_at == later + EVERY


def test_due() -> None:
    assert is_due(NEW, NOW)
    assert is_due(replace(NEW, next_ask_at=NOW), NOW)
    assert not is_due(replace(NEW, next_ask_at=NOW + timedelta(seconds=1)), NOW)
    # A clock that was years ahead must not silence a query for years.
    assert is_due(replace(NEW, next_ask_at=NOW + 900 * DAY), NOW)


_OUTCOMES = st.builds(
    RoundOutcome,
    error=st.sampled_from(["", "", "http 500"]),
    new=st.integers(0, 3),
    records=st.integers(0, 5),
    outside=st.integers(0, 5),
    batch=st.sampled_from(["", "1:a", "2:b"]),
    unchanged=st.booleans(),
    replay=st.booleans(),
    wait=st.floats(0, 1e7),
)


@given(st.lists(st.tuples(_OUTCOMES, st.integers(1, 10_000)), max_size=60), st.floats(0, 1))
def test_any_history_keeps_the_rules(rounds: list[tuple[RoundOutcome, int]], chance: float) -> None:
    query, now = NEW, NOW
    for outcome, minutes in rounds:
        now += timedelta(minutes=minutes)
        before, verdict = query, judge(query, outcome, now, chance, EVERY)
        query = verdict.query
        if outcome.error and outcome.replay:
            assert query == before
            continue
        assert (query.health == Health.FAILING) is bool(outcome.error)
        assert (query.failures > 0) is bool(outcome.error)
        assert bool(verdict.words) is (query.health in {Health.FAILING, Health.STALE})
        assert (query.since == now) or query.health == before.health
        assert query.next_ask_at
        assert now < query.next_ask_at <= now + 1.1 * CEILING
        assert len(query.habit) <= REMEMBERED
        assert list(query.habit) == sorted(set(query.habit))
        longest = habit(query.habit)
        assert longest is None or longest >= timedelta(days=1)
