"""Buckets in real databases: shared by all who send, kept over restarts, and free where nothing is limited."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.models.paces import ALL, HORIZON_ADAPTED, Limits
from bot.models.pressure import QUIET, SETTLING
from bot.models.receivers import KEPT
from bot.store import paces, receivers
from bot.store.engine import Store
from bot.store.paces import Admitted, Changed, PaceRecord
from bot.store.schema import open_store
from tests.builders import NOW

NONE = Limits.of(None)
SECOND = timedelta(seconds=1)
GMAIL = Limits.of(None, [("gmail.com", 20)])


def admit(
    store: Store, domains: Iterable[str], limits: Limits, *, later: timedelta = timedelta(), start: int = 0
) -> Admitted:
    with store.writing() as connection:
        return paces.admit(connection, list(enumerate(domains, start)), limits, NOW + later)


def known(store: Store, **groups: str) -> None:
    """Domains, with `_` for the dot, that were looked up."""
    receivers.keep(store, {name.replace("_", "."): (group, NOW + KEPT) for name, group in groups.items()})


def asked(store: Store, do: Callable[[], object]) -> list[str]:
    """The statements that this takes."""
    statements: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    engine = store._engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        do()
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    return statements


def test_where_nothing_is_limited_all_go_for_one_query(store: Store) -> None:
    domains = ["gmail.com", "univ.edu", ""] * 100
    statements = asked(store, lambda: admit(store, domains, NONE))
    assert len([one for one in statements if not one.lower().startswith("begin")]) == 1
    done = admit(store, domains, NONE)
    assert done == Admitted(list(range(300)), {}, frozenset())


def test_the_statements_do_not_grow_with_the_deliveries(store: Store) -> None:
    limits = Limits.of(400, [("gmail.com", 20), ("*", 5)])
    few = asked(store, lambda: admit(store, ["gmail.com", "a.edu", "b.edu"], limits))
    many = asked(store, lambda: admit(store, [f"univ{n % 250}.edu" for n in range(500)], limits, later=SECOND))
    assert len(many) <= len(few) <= 9


def test_a_limit_in_all(store: Store) -> None:
    done = admit(store, ["gmail.com", "univ.edu", "reader.example", ""], Limits.of(2))
    # What goes nowhere takes no place.
    assert done.taken == [0, 1, 3]
    assert done.put_off == {2: NOW + SECOND / 2}
    assert done.unknown == frozenset()
    assert admit(store, ["univ.edu"] * 3, Limits.of(2), later=SECOND).taken == [0, 1]


def test_gmail_and_googlemail_are_one_and_so_is_who_has_their_servers(store: Store) -> None:
    known(store, lab_edu="google.com", univ_edu="univ.edu")
    domains = ["gmail.com", "googlemail.com", "lab.edu", "univ.edu"] * 10
    done = admit(store, domains, GMAIL)
    at_google = [number for number in range(40) if domains[number] != "univ.edu"]
    assert list(done.put_off) == at_google[20:]
    assert sorted(done.put_off.values()) == [NOW + SECOND / 20 * n for n in range(1, 11)]


def test_each_other_group_by_itself(store: Store) -> None:
    known(store, one_edu="hoster.net", two_edu="hoster.net")
    limits = Limits.of(None, [("gmail.com", 2), ("*", 1)])
    domains = ["gmail.com", "gmail.com", "one.edu", "two.edu", "three.edu", "four.edu"]
    assert admit(store, domains, limits).put_off == {3: NOW + SECOND}


def test_domains_that_matter_to_a_limit_are_to_be_looked_up(store: Store) -> None:
    known(store, known_edu="known.edu")
    receivers.keep(store, {"old.edu": ("google.com", NOW)})
    domains = ["gmail.com", "known.edu", "new.edu", "old.edu", "reader.example", ""]
    assert admit(store, domains, Limits.of(100)).unknown == frozenset()
    assert admit(store, domains, GMAIL).unknown == {"new.edu", "old.edu"}
    # Until it is looked up again, the old answer holds.
    assert admit(store, ["old.edu"] * 30, GMAIL, later=SECOND).put_off.keys() == set(range(20, 30))
    # What has come down may be of any of them.
    assert admit(store, domains, NONE).unknown == frozenset()
    paces.slow_down(store, {"mx:google.com": 10}, NONE, NOW)
    assert admit(store, domains, NONE).unknown == {"new.edu", "old.edu"}


def test_a_restart_does_not_forget(store: Store, database_url: str) -> None:
    first = admit(store, ["gmail.com"] * 30, GMAIL)
    assert first.taken == list(range(20))
    paces.slow_down(store, {"mx:outlook.com": 10}, GMAIL, NOW)
    store.close()
    again = open_store(database_url)
    late = timedelta(milliseconds=100)
    done = admit(again, ["gmail.com"] * 3 + ["hotmail.com"] * 6, GMAIL, later=late)
    # Two of Gmail's, since a tenth of a second has gone by; the next one queues behind those of before.
    assert done.taken == [0, 1, 3, 4, 5, 6, 7]
    assert done.put_off[2] == first.put_off[29] + SECOND / 20
    again.close()


def test_two_senders_at_once_share_one_bucket(store: Store) -> None:
    limits = Limits.of(50, [("gmail.com", 20), ("*", 7)])
    domains = ["gmail.com", "a.edu", "googlemail.com", "b.edu"] * 25
    ready = threading.Barrier(4)

    def send(number: int) -> list[int]:
        ready.wait()
        # Each in another order: the rows are locked in one.
        turned = domains[number:] + domains[:number]
        return [n for _ in range(5) for n in admit(store, turned, limits, start=number).taken]

    with ThreadPoolExecutor(4) as senders:
        taken = [len(found) for found in senders.map(send, range(4))]
    assert sum(taken) == 20 + 7 + 7


def test_who_comes_second_waits_and_finds_what_the_first_one_left(postgres_url: str) -> None:
    from bot.store.schema import upgrade

    store = Store(postgres_url)
    upgrade(store)
    asked_for = threading.Event()
    with store.writing() as connection, ThreadPoolExecutor(1) as other:
        first = paces.admit(connection, [(n, "gmail.com") for n in range(15)], GMAIL, NOW)

        def second() -> Admitted:
            asked_for.set()
            return admit(store, ["googlemail.com"] * 15, GMAIL)

        waiting = other.submit(second)
        asked_for.wait()
        connection.commit()
        assert len(first.taken) == 15
        assert waiting.result().taken == [0, 1, 2, 3, 4]
    store.close()


def test_a_receiver_that_asks_for_less_gets_half_and_more_again(store: Store) -> None:
    assert paces.slow_down(store, {"mx:google.com": 8}, NONE, NOW) == [Changed("mx:google.com", None, 4)]
    done = admit(store, ["gmail.com"] * 10 + ["univ.edu"] * 10, NONE)
    assert done.taken == [0, 1, 2, 3, *range(10, 20)]
    assert done.put_off[4] == NOW + SECOND / 4
    # Another sender, at the same time: the reply was of messages from before.
    assert paces.slow_down(store, {"mx:google.com": 100}, NONE, NOW + SECOND) == []
    settled = NOW + SETTLING
    assert paces.slow_down(store, {"mx:google.com": 100}, NONE, settled) == [Changed("mx:google.com", 4, 2)]
    assert paces.speed_up(store, NONE, settled + QUIET - SECOND) == []
    rates = []
    now = settled
    while changes := paces.speed_up(store, NONE, now := now + QUIET):
        rates += [change.rate for change in changes]
    assert rates[0] == 2.5
    assert rates[-1] is None
    assert all(rate is None or rate < 32 for rate in rates)
    assert len(admit(store, ["gmail.com"] * 500, NONE, later=timedelta(hours=1)).taken) == 500


def test_a_setting_is_where_it_goes_back_to(store: Store) -> None:
    paces.slow_down(store, {"mx:google.com": 40}, GMAIL, NOW)
    rates = []
    now = NOW
    while changes := paces.speed_up(store, GMAIL, now := now + QUIET):
        rates += [change.rate for change in changes]
    assert rates == [12.5, 15.625, 19.53125, None]


def test_two_senders_raise_it_once(store: Store) -> None:
    paces.slow_down(store, {ALL: 8}, NONE, NOW)
    ready = threading.Barrier(2)

    def raise_it(_: int) -> list[Changed]:
        ready.wait()
        return paces.speed_up(store, NONE, NOW + QUIET)

    with ThreadPoolExecutor(2) as senders:
        changes = [change for found in senders.map(raise_it, range(2)) for change in found]
    assert changes == [Changed(ALL, 4, 5)]


def test_what_has_come_down_is_put_off_less_far(store: Store) -> None:
    paces.slow_down(store, {ALL: 0.01}, NONE, NOW)
    assert max(admit(store, ["univ.edu"] * 100, NONE).put_off.values()) == NOW + HORIZON_ADAPTED


def test_paces_are_listed(store: Store) -> None:
    limits = Limits.of(100, [("gmail.com", 20), ("*", 5)])
    assert paces.paces(store, NONE, NOW) == []
    plain = [PaceRecord(scope, limits.limit(scope), None, None, None) for scope in (ALL, "mx:*", "mx:google.com")]
    assert paces.paces(store, limits, NOW) == plain
    admit(store, ["gmail.com"] * 21 + ["univ.edu"] * 5, limits)
    paces.slow_down(store, {"mx:outlook.com": 4}, limits, NOW)
    assert paces.paces(store, limits, NOW) == [
        *plain[:2],
        PaceRecord("mx:google.com", 20, None, None, NOW + SECOND / 10),
        PaceRecord("mx:outlook.com", 5, 2, NOW, None),
    ]


@pytest.mark.parametrize("count", [1, 1200])
def test_what_was_looked_up_is_kept_and_replaced(store: Store, count: int) -> None:
    names = [f"univ{n}.edu" for n in range(count)]
    receivers.keep(store, {name: (name, NOW) for name in names})
    receivers.keep(store, dict.fromkeys(names, ("google.com", NOW + KEPT)))
    receivers.keep(store, {})
    with store.reading() as connection:
        found = receivers.groups(connection, [*names, "gmail.com", "other.edu"], NOW)
    assert found.of == dict.fromkeys(names, "google.com") | {"gmail.com": "google.com", "other.edu": "other.edu"}
    assert found.unknown == {"other.edu"}
