"""Which replies ask for less mail, and what a sender writes of them; with a clock that is moved."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.deliver.throttle import LOOK_EVERY, WINDOW, Throttle, concerns_pace
from bot.models.deliveries import Phase, Reply
from bot.models.paces import ALL, Limits
from bot.models.pressure import QUIET, SETTLING
from bot.models.receivers import KEPT
from bot.store import receivers
from bot.store.engine import Store
from bot.store.schema import open_store
from bot.store.tables import pace
from tests.deliver.rows import NOW

SECOND = timedelta(seconds=1)
TAKEN = Reply(Phase.DOT, 250, "taken", "2.0.0")
TOO_FAST = Reply(Phase.RCPT, 450, "too many mails from your address", "4.7.28")
CLOSING = Reply(Phase.MAIL, 421, "closing")
NONE = Limits.of(None)


def rates(store: Store) -> dict[str, float | None]:
    with store.reading() as connection:
        return {row.scope: row.rate for row in connection.execute(select(pace.c.scope, pace.c.rate))}


def note(throttle: Throttle, domain: str, count: int, *, second: int = 0, reply: Reply = TAKEN) -> None:
    for number in range(count):
        throttle.note(domain, reply, NOW + second * SECOND + number * SECOND / count)


@pytest.mark.parametrize(
    ("phase", "code", "enhanced", "concerns"),
    [
        (Phase.RCPT, 450, "4.7.1", "group"),
        (Phase.DATA, 451, "4.7.0", "group"),
        (Phase.DOT, 421, "4.7.28", "group"),
        (Phase.RCPT, 421, "4.7.500", "group"),
        (Phase.MAIL, 450, "4.7.1", "all"),
        (Phase.MAIL, 421, "4.7.0", "all"),
        (Phase.CONNECT, 421, "", "all"),
        (Phase.EHLO, 421, "4.3.2", "all"),
        (Phase.RCPT, 421, "", "all"),
        (Phase.DOT, 421, "4.3.0", "all"),
        # A connection that was idle for too long.
        (Phase.MAIL, 421, "4.4.2", None),
        # Credentials, not pace.
        (Phase.AUTH, 454, "4.7.0", None),
        (Phase.RCPT, 450, "4.2.1", None),
        (Phase.RCPT, 452, "", None),
        (Phase.RCPT, 550, "5.7.1", None),
        (Phase.DOT, 250, "2.0.0", None),
        (Phase.DOT, 0, "", None),
    ],
)
def test_which_replies_ask_for_less(phase: Phase, code: int, enhanced: str, concerns: str | None) -> None:
    assert concerns_pace(Reply(phase, code, "words", enhanced)) == concerns


def test_what_is_taken_is_written_nowhere(store: Store) -> None:
    throttle = Throttle(NONE)
    note(throttle, "gmail.com", 1000)
    throttle.write(store, NOW + SECOND)
    assert rates(store) == {}


def test_a_group_comes_down_to_half_of_what_was_sent_to_it(store: Store) -> None:
    receivers.keep(store, {"lab.edu": ("google.com", NOW + KEPT)})
    throttle = Throttle(NONE)
    for second in range(10):
        note(throttle, "gmail.com", 14, second=second)
        note(throttle, "lab.edu", 5, second=second)
        note(throttle, "univ.edu", 100, second=second)
        throttle.write(store, NOW + second * SECOND)
    note(throttle, "googlemail.com", 10, second=9, reply=TOO_FAST)
    throttle.write(store, NOW + 10 * SECOND)
    assert rates(store) == {"mx:google.com": 10}


def test_all_comes_down_when_the_server_closes_down(store: Store) -> None:
    throttle = Throttle(Limits.of(50))
    note(throttle, "gmail.com", 30)
    note(throttle, "univ.edu", 30)
    throttle.note("univ.edu", CLOSING, NOW + SECOND)
    throttle.write(store, NOW + SECOND)
    # Not half of the 61 that were sent in this second: 50 were allowed.
    assert rates(store) == {ALL: 25}


def test_a_word_to_each_message_counts_once_in_ten_seconds(store: Store) -> None:
    throttle = Throttle(NONE)
    note(throttle, "gmail.com", 40)
    found = []
    for second in range(1, 22):
        note(throttle, "gmail.com", 5, second=second, reply=TOO_FAST)
        throttle.write(store, NOW + (second + 1) * SECOND)
        found.append(rates(store)["mx:google.com"])
    # 45 in two seconds; then 95 in twelve; then half of that half.
    assert found == pytest.approx([11.25] * 10 + [95 / 12 / 2] * 10 + [95 / 12 / 4])


def test_only_the_last_minute_counts(store: Store) -> None:
    throttle = Throttle(NONE)
    note(throttle, "gmail.com", 6000)
    throttle.write(store, NOW + SECOND)
    later = int(WINDOW.total_seconds()) + 1
    note(throttle, "gmail.com", 8, second=later, reply=TOO_FAST)
    throttle.write(store, NOW + (later + 1) * SECOND)
    assert rates(store) == {"mx:google.com": 4}


def test_up_again_while_nothing_is_sent_and_after_a_restart(store: Store, database_url: str) -> None:
    throttle = Throttle(NONE)
    note(throttle, "gmail.com", 40, reply=TOO_FAST)
    throttle.write(store, NOW + SECOND)
    store.close()
    store = open_store(database_url)
    assert rates(store) == {"mx:google.com": 20}
    another = Throttle(NONE)
    found = []
    for look in range(1, 80):
        another.write(store, NOW + SECOND + look * LOOK_EVERY)
        found.append(rates(store)["mx:google.com"])
    assert found[:6] == [20] * 5 + [25]
    assert found[-1] is None
    quiet_minutes = QUIET // LOOK_EVERY
    assert found.index(None) + 1 == 10 * quiet_minutes
    store.close()


def test_of_two_senders_the_lower_rate_holds(store: Store) -> None:
    one, other = Throttle(NONE), Throttle(NONE)
    note(one, "gmail.com", 40, reply=TOO_FAST)
    note(other, "gmail.com", 10, reply=TOO_FAST)
    one.write(store, NOW + SECOND)
    other.write(store, NOW + SECOND)
    assert rates(store) == {"mx:google.com": 20}
    later = int(SETTLING.total_seconds()) + 1
    note(other, "gmail.com", 1, second=later, reply=TOO_FAST)
    other.write(store, NOW + (later + 1) * SECOND)
    assert rates(store)["mx:google.com"] == pytest.approx(11 / 13 / 2, rel=0.2)
    # The one that saw more does not bring it up again.
    note(one, "gmail.com", 400, second=later + 11, reply=TOO_FAST)
    one.write(store, NOW + (later + 12) * SECOND)
    assert (rates(store)["mx:google.com"] or 1) < 11 / 13 / 2


def test_what_could_not_be_written_is_written_the_next_time(store: Store, database_url: str) -> None:
    from bot.errors import StoreError

    throttle = Throttle(NONE)
    throttle.note("gmail.com", TOO_FAST, NOW)
    broken = Store("postgresql://bot@127.0.0.1:1/bot")
    with pytest.raises(StoreError):
        throttle.write(broken, NOW + SECOND)
    throttle.write(store, NOW + 2 * SECOND)
    assert rates(store) == {"mx:google.com": 0.25}
