"""Buckets as pure rules: never more than the limit, in order, and everybody's turn comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models.paces import ALL, HORIZON, HORIZON_ADAPTED, Bucket, Limits, burst, share

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)

rates = st.floats(0.001, 10_000) | st.sampled_from([0.001, 1 / 60, 0.5, 1.0, 1.5, 3.0, 7.3, 20.0, 500.0])
#: Deliveries with one of three groups; what is limited is up to the buckets.
wanted_groups = st.lists(st.sampled_from(["mx:google.com", "mx:outlook.com", "mx:small.example"]), max_size=60)


def full(rate: float, horizon: timedelta = HORIZON) -> Bucket:
    return Bucket(rate, NOW, NOW, horizon)


def with_all(groups: Sequence[str]) -> list[tuple[int, tuple[str, ...]]]:
    return [(number, (ALL, group)) for number, group in enumerate(groups)]


class Outbox:
    """Deliveries by due time, claimed as a sender does: so many at a time, the longest due first."""

    def __init__(self, deliveries: Mapping[int, tuple[str, ...]], buckets: Mapping[str, Bucket]) -> None:
        self.scopes = dict(deliveries)
        self.due = {number: (NOW, number) for number in deliveries}
        self.buckets = dict(buckets)
        self.sent: dict[int, datetime] = {}
        self.writes = 0

    def claim(self, now: datetime, most: int = 500) -> None:
        some = sorted((due, number) for number, due in self.due.items() if due[0] <= now)[:most]
        done = share([(number, self.scopes[number]) for _, number in some], self.buckets, now)
        self.buckets |= done.buckets
        for number in done.taken:
            self.sent[number] = now
            del self.due[number]
        for number, until in done.put_off.items():
            assert until > now
            self.due[number] = (until, number)
            self.writes += 1

    def claim_all(self, every: timedelta, until: timedelta) -> None:
        """Claim until all are sent, each time when something is due, and no more often than `every`."""
        now = NOW
        while self.due and now < NOW + until:
            for _ in range(100):
                before = len(self.sent) + self.writes
                self.claim(now)
                if len(self.sent) + self.writes == before:
                    break
            if self.due:
                now = max(now + every, min(due for due, _ in self.due.values()))


@given(rates, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5_000_000)), min_size=1, max_size=40))
def test_never_more_than_the_limit_and_a_seconds_worth_in_any_window(
    rate: float, claims: list[tuple[int, int]]
) -> None:
    buckets = {ALL: full(rate)}
    times: list[datetime] = []
    now, number = NOW, 0
    for count, microseconds in claims:
        now += timedelta(microseconds=microseconds)
        done = share([(number + n, (ALL,)) for n in range(count)], buckets, now)
        number += count
        buckets |= done.buckets
        times += [now] * len(done.taken)
    for first in range(len(times)):
        for last in range(first, len(times)):
            window = (times[last] - times[first]).total_seconds()
            assert last - first + 1 <= rate * window * (1 + 1e-9) + burst(rate)


@given(wanted_groups, rates, rates, st.integers(0, 7200), st.integers(0, 7200))
def test_each_goes_now_or_is_put_off_in_order_within_the_horizon(
    groups: list[str], everything: float, one: float, full_in: int, queued: int
) -> None:
    behind = Bucket(one, NOW + full_in * SECOND, NOW + queued * SECOND)
    buckets = {ALL: full(everything), "mx:google.com": behind}
    done = share(with_all(groups), buckets, NOW)
    assert sorted([*done.taken, *done.put_off]) == list(range(len(groups)))
    assert done.taken == sorted(done.taken)
    for group in set(groups):
        its = [number for number, name in enumerate(groups) if name == group]
        goes = [number in done.put_off for number in its]
        # Once one has to wait, all behind it in its group do, and not before it.
        assert goes == sorted(goes)
        untils = [done.put_off[number] for number in its if number in done.put_off]
        assert untils == sorted(untils)
    for until in done.put_off.values():
        assert NOW < until <= NOW + HORIZON


@given(rates, st.integers(1, 300))
def test_nobody_is_put_off_to_before_there_is_room(rate: float, count: int) -> None:
    first = share([(n, (ALL,)) for n in range(count)], {ALL: full(rate)}, NOW)
    for number, until in first.put_off.items():
        alone = share([(number, (ALL,))], first.buckets, until)
        assert alone.taken == [number]
        earlier = until - timedelta(microseconds=1)
        if until == min(first.put_off.values()):
            assert share([(number, (ALL,))], first.buckets, earlier).taken == []
    assert len(first.taken) == min(count, burst(rate))


@given(st.floats(2, 200), wanted_groups.filter(bool), st.integers(1, 500))
def test_everybody_has_a_turn(rate: float, groups: list[str], every: int) -> None:
    buckets = {ALL: full(rate), "mx:google.com": full(rate / 2), "mx:small.example": full(0.5)}
    outbox = Outbox({number: (ALL, group) for number, group in enumerate(groups)}, buckets)
    outbox.claim_all(timedelta(milliseconds=every), until=timedelta(hours=2))
    assert outbox.due == {}
    small = sorted(outbox.sent[number] for number, group in enumerate(groups) if group == "mx:small.example")
    assert all(later - earlier >= 2 * SECOND for earlier, later in pairwise(small))
    # Each claim that finds somebody due sends one of them, or learns when there is room for one.
    assert outbox.writes <= len(groups) ** 2


def test_a_long_backlog_is_written_about_once_each_and_goes_at_its_pace() -> None:
    outbox = Outbox(dict.fromkeys(range(5000), ("mx:google.com",)), {"mx:google.com": full(20)})
    outbox.claim_all(timedelta(milliseconds=250), until=timedelta(hours=1))
    assert outbox.due == {}
    assert outbox.writes <= 5_000
    took = max(outbox.sent.values()) - NOW
    assert timedelta(seconds=4_980 / 20) <= took <= timedelta(seconds=4_980 / 20 + 1)
    assert [number for number, _ in sorted(outbox.sent.items(), key=lambda one: (one[1], one[0]))] == [*range(5_000)]


def test_those_who_come_later_do_not_keep_the_others_waiting_for_ever() -> None:
    outbox = Outbox(dict.fromkeys(range(600), ("mx:google.com",)), {"mx:google.com": full(2)})
    now = NOW
    for minute in range(120):
        if minute < 10:
            for number in range(20):
                late = 1_000 + 20 * minute + number
                outbox.scopes[late], outbox.due[late] = ("mx:google.com",), (now, late)
        for _ in range(120):
            now += timedelta(milliseconds=500)
            outbox.claim(now)
    assert outbox.due == {}
    assert len(outbox.sent) == 800


def test_a_slow_receiver_holds_up_nobody_else() -> None:
    slow, quick = (ALL, "mx:slow.example"), (ALL, "mx:quick.example")
    deliveries = {number: slow if number < 500 else quick for number in range(1_000)}
    outbox = Outbox(deliveries, {ALL: full(50), "mx:slow.example": full(0.5)})
    outbox.claim_all(timedelta(milliseconds=100), until=timedelta(seconds=15))
    assert [number for number in range(500, 1_000) if number not in outbox.sent] == []


def test_what_no_bucket_limits_goes_at_once() -> None:
    done = share([(1, ()), (2, ("mx:reader.example",)), (3, (ALL,))], {}, NOW)
    assert (done.taken, done.put_off, done.buckets) == ([1, 2, 3], {}, {})


def test_a_slow_pace_lets_one_go_and_spaces_the_others() -> None:
    done = share([(n, (ALL,)) for n in range(4)], {ALL: full(0.5)}, NOW)
    assert done.taken == [0]
    assert done.put_off == {1: NOW + 2 * SECOND, 2: NOW + 4 * SECOND, 3: NOW + 6 * SECOND}
    assert done.buckets[ALL] == Bucket(0.5, NOW + 2 * SECOND, NOW + 8 * SECOND)


def test_beyond_the_horizon_all_are_put_off_to_its_end() -> None:
    many = [(n, (ALL,)) for n in range(100)]
    assert max(share(many, {ALL: full(1 / 60)}, NOW).put_off.values()) == NOW + HORIZON
    # What has come down may be up again sooner.
    assert max(share(many, {ALL: full(1 / 60, HORIZON_ADAPTED)}, NOW).put_off.values()) == NOW + HORIZON_ADAPTED


@given(rates, st.timedeltas(timedelta(0), timedelta(days=400)), st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_clock_that_was_wrong_is_forgotten(rate: float, ahead: timedelta, queued: timedelta) -> None:
    done = share([(1, (ALL,))], {ALL: Bucket(rate, NOW + ahead, NOW + queued)}, NOW)
    room = done.put_off.get(1, NOW)
    emptied = share([(n, (ALL,)) for n in range(burst(rate))], {ALL: full(rate)}, NOW).buckets
    assert room <= NOW + HORIZON
    # No emptier than after a second's worth.
    assert share([(1, (ALL,))], {ALL: Bucket(rate, NOW + ahead, NOW)}, NOW).put_off.get(1, NOW) <= max(
        share([(1, (ALL,))], emptied, NOW).put_off.values(), default=NOW
    ) + timedelta(microseconds=1)


def test_the_lower_of_setting_and_adapted_rate_holds() -> None:
    assert Bucket.of(None, None, NOW, NOW) is None
    assert Bucket.of(5, None, NOW, NOW) == full(5)
    assert Bucket.of(5, 8, NOW, NOW) == full(5)
    assert Bucket.of(5, 2, NOW, NOW) == full(2, HORIZON_ADAPTED)
    assert Bucket.of(None, 2, NOW, NOW) == full(2, HORIZON_ADAPTED)


def test_limits_are_of_groups_of_domains_and_of_others() -> None:
    limits = Limits.of(100, [("gmail.com", 20), ("googlemail.com", 30), ("univ.example", 2), ("*", 5)])
    assert limits.limit(ALL) == 100
    assert limits.limit("mx:google.com") == 20
    assert limits.limit("mx:univ.example") == limits.limit("domain:univ.example") == 2
    assert limits.limit("mx:reader.example") == 5
    assert limits.scopes("gmail.com", "google.com", ()) == (ALL, "mx:google.com")
    assert limits.scopes("lab.example", "google.com", ()) == (ALL, "mx:google.com")
    assert limits.scopes("reader.example", "reader.example", ()) == (ALL, "mx:reader.example")
    assert limits.scopes("univ.example", "univ.example", ()) == (ALL, "mx:univ.example")
    assert limits.scopes("", "", ()) == ()


def test_a_named_domain_keeps_its_limit_wherever_its_servers_are() -> None:
    limits = Limits.of(None, [("univ.example", 2), ("gmail.com", 20), ("*", 5)])
    # `*` is for others; what its servers' group is limited to by name, or has come down to, holds, too.
    assert limits.scopes("univ.example", "outlook.com", ()) == ("domain:univ.example",)
    assert limits.scopes("univ.example", "google.com", ()) == ("domain:univ.example", "mx:google.com")
    come_down = limits.scopes("univ.example", "outlook.com", {"mx:outlook.com"})
    assert come_down == ("domain:univ.example", "mx:outlook.com")


@pytest.mark.parametrize(
    ("limits", "by_receiver", "any_"),
    [
        (Limits.of(None), False, False),
        (Limits.of(3), False, True),
        (Limits.of(None, [("*", 5)]), True, True),
        (Limits.of(None, [("gmail.com", 5)]), True, True),
    ],
)
def test_whether_anything_is_limited(limits: Limits, by_receiver: bool, any_: bool) -> None:
    assert (limits.by_receiver, bool(limits)) == (by_receiver, any_)
    # What has come down counts whatever the settings say.
    assert replace(limits).scopes("a.example", "a.example", {ALL, "mx:a.example"}) == (ALL, "mx:a.example")
