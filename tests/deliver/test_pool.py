"""Several connections, and several servers: who gets what, and who goes on where one fails."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import delete, select

from bot.deliver.pool import Relays
from bot.deliver.url import SmtpUrl, parse_relays
from bot.errors import MailServerError
from bot.models.deliveries import State
from bot.models.paces import Limits
from bot.store import runs
from bot.store.engine import Store
from bot.store.tables import alarm, delivery, pace, run, subscriber, suppression
from tests.deliver.rounds import Clock, account, deliver_to, reader, recipients, suppressed
from tests.deliver.rows import NOW, change_subscriber, column, fill, states
from tests.deliver.servers import DROP, SILENCE, ScriptedServer, deaf_port

#: Short enough for tests, long enough to see that it is waited.
SOON = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)


class Changing(ScriptedServer):
    """A server that is asked what to say, and may change the world before it says it."""

    def __init__(self, change: Callable[[Changing, str, str], str | None], **options: Any) -> None:
        super().__init__(**options)
        self._change, self._lock = change, threading.Lock()

    def what(self, step: str, recipient: str = "") -> str:
        """What `change` says, or else what the script says."""
        with self._lock:
            return self._change(self, step, recipient) or super().what(step, recipient)


def dying(after: int) -> ScriptedServer:
    """A server that takes so many, and from then on neither connections nor mails."""

    def die(server: Changing, step: str, _recipient: str) -> str | None:
        return DROP if len(server.taken) >= after and step in {"CONNECT", "MAIL", "RSET"} else None

    return Changing(die)


def everybody(count: int) -> dict[str, int]:
    return {reader(n): 1 for n in range(1, count + 1)}


def alarms(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(select(alarm.c.about).order_by(alarm.c.id)).scalars())


# How many


def test_shares_go_by_weight_and_numbers_that_are_named_count() -> None:
    def shares(text: str, connections: int = 8) -> list[int]:
        urls = parse_relays(text)
        relays = Relays(urls, connections)
        return [relays.share(url) for url in urls]

    assert shares("smtp://127.0.0.1") == [8]
    assert shares("smtp://127.0.0.1:1?weight=3 smtp://127.0.0.1:2") == [6, 2]
    assert shares("smtp://127.0.0.1:1?connections=3 smtp://127.0.0.1:2") == [3, 8]
    assert shares("smtp://127.0.0.1:1 smtp://127.0.0.1:2?fallback") == [8, 8]
    assert shares("smtp://127.0.0.1:1?weight=100 smtp://127.0.0.1:2") == [8, 1]
    assert shares("smtp://127.0.0.1:1 smtp://127.0.0.1:2", connections=1) == [1, 1]
    # What has to wait for its turn needs no connection meanwhile.
    assert shares("smtp://127.0.0.1:1?rate=2.5 smtp://127.0.0.1:2?rate=0.1") == [3, 1]


@pytest.mark.parametrize("connections", [1, 3, 8])
def test_connections_and_messages_over_each_are_as_they_are_set(store: Store, connections: int) -> None:
    fill(store, 60)
    with ScriptedServer() as server:
        report = deliver_to(store, server, connections=connections, messages=5)
        assert report.sent == 60
        assert Counter(recipients(server)) == everybody(60)
        assert max(len(session) for session in server.sessions) == 5
        assert server.connections >= 12
    assert account(store) == {State.SENT: 60}


def test_all_connections_are_used_at_once(sqlite_store: Store) -> None:
    fill(sqlite_store, 40)
    together = threading.Barrier(6)

    def wait(_server: Changing, _step: str, _recipient: str) -> None:
        """Answers are for six at a time."""

    class Patient(ScriptedServer):
        def what(self, step: str, recipient: str = "") -> str:
            if step == "DOT" and not self.over.is_set() and len(self.taken) < 6:
                together.wait(30)
            return super().what(step, recipient)

    with Patient() as server:
        assert deliver_to(sqlite_store, server, connections=6).sent == 40
        assert server.connections == 6


def test_the_first_connection_goes_alone(sqlite_store: Store) -> None:
    fill(sqlite_store, 40)
    with ScriptedServer({"EHLO": "554 5.3.2 no"}) as server:
        report = deliver_to(sqlite_store, server, connections=8)
        assert server.connections == 1
    assert "refused at ehlo: 554" in str(report.error)
    assert states(sqlite_store) == ["queued"] * 40


def test_a_server_that_takes_three_connections_gets_three(sqlite_store: Store) -> None:
    fill(sqlite_store, 60)
    with ScriptedServer(at_once=3) as server:
        report = deliver_to(sqlite_store, server, connections=8, back_off=SOON)
        assert (report.sent, report.error) == (60, None)
        assert Counter(recipients(server)) == everybody(60)
        # They were found out once, and not with each mail.
        assert server.connections <= 8
        assert len([session for session in server.sessions if session]) <= 3
    assert column(sqlite_store, "attempts") == [1] * 60


def test_who_is_slow_keeps_nobody_waiting(sqlite_store: Store) -> None:
    """Even where so few wait that one connection was thought enough."""
    fill(sqlite_store, 3)
    others = threading.Event()

    class Slow(ScriptedServer):
        def what(self, step: str, recipient: str = "") -> str:
            if step == "DOT" and recipient == reader(1):
                assert others.wait(30)
            said = super().what(step, recipient)
            if step == "DOT" and len(self.dots) == 3:
                others.set()
            return said

    with Slow() as server:
        assert deliver_to(sqlite_store, server, connections=4, behind=0.1).sent == 3
        # The second one was begun behind the first, and is let go.
        assert server.connections == 2
        assert [sorted(session) for session in server.sessions] == [[reader(1)], [reader(2), reader(3)]]


# Several servers


def test_work_is_shared_and_a_fall_back_is_not_asked(sqlite_store: Store) -> None:
    fill(sqlite_store, 60)
    with ScriptedServer() as one, ScriptedServer() as two, ScriptedServer() as third:
        spare = replace(third.url, fallback=True)
        report = deliver_to(sqlite_store, replace(one.url, weight=3), two.url, spare, connections=8)
        assert (report.sent, report.error) == (60, None)
        assert Counter(recipients(one) + recipients(two)) == everybody(60)
        assert (one.connections, two.connections, third.connections) == (6, 2, 0)
        assert one.taken
        assert two.taken


def test_one_server_dies_and_the_other_takes_the_rest(store: Store) -> None:
    fill(store, 60)
    with dying(after=15) as mortal, ScriptedServer() as other:
        report = deliver_to(store, mortal, other, connections=6)
        assert (report.sent, report.error) == (60, None)
        assert Counter(recipients(mortal) + recipients(other)) == everybody(60)
        assert mortal.dots == recipients(mortal)
    assert account(store) == {State.SENT: 60}


def test_hung_up_at_any_instant_nobody_is_lost_and_what_is_in_doubt_is_known(store: Store) -> None:
    fill(store, 60)

    def hang_up(server: Changing, step: str, _recipient: str) -> str | None:
        return DROP if len(server.dots) >= 15 else None

    with Changing(hang_up) as mortal, ScriptedServer() as other:
        report = deliver_to(store, mortal, other, connections=6)
        took = Counter(recipients(mortal) + recipients(other))
        doubts = set(mortal.dots) - set(recipients(mortal))
        assert report.error is None
        # One for each of its connections at the most.
        assert report.uncertain == len(doubts) <= 3
        assert took == {who: 1 for who in everybody(60) if who not in doubts}
    assert account(store) == {State.SENT: 60 - len(doubts)} | ({State.UNCERTAIN: len(doubts)} if doubts else {})


def test_where_all_are_dead_the_fall_back_takes_it(sqlite_store: Store) -> None:
    fill(sqlite_store, 30)
    with dying(after=8) as first, deaf_port() as port, ScriptedServer() as spare:
        deaf = SmtpUrl.parse(f"smtp://127.0.0.1:{port}")
        report = deliver_to(sqlite_store, first, deaf, replace(spare.url, fallback=True), connections=4)
        assert (report.sent, report.error) == (30, None)
        assert Counter(recipients(first) + recipients(spare)) == everybody(30)
        assert len(spare.taken) >= 18


def test_where_the_fall_back_is_dead_too_the_rest_waits(sqlite_store: Store) -> None:
    fill(sqlite_store, 30)
    with dying(after=8) as first, dying(after=8) as spare:
        report = deliver_to(sqlite_store, first, replace(spare.url, fallback=True))
        assert isinstance(report.error, MailServerError)
        assert report.error.server == first.url.server
    assert Counter(states(sqlite_store)) == {"sent": 16, "queued": 14}


def test_a_server_has_a_rate_of_its_own(sqlite_store: Store) -> None:
    fill(sqlite_store, 12)
    times: list[float] = []

    def note(_server: Changing, step: str, _recipient: str) -> None:
        if step == "MAIL":
            times.append(monotonic())

    with Changing(note) as slow:
        report = deliver_to(sqlite_store, replace(slow.url, rate=20), connections=4)
    assert report.sent == 12
    # A twentieth of a second for each after the first, as far as the system's clock goes along.
    assert times[-1] - times[0] > 11 / 20 - 0.1


# Outages


def test_after_a_restart_it_goes_on_with_all_connections(sqlite_store: Store) -> None:
    fill(sqlite_store, 120)
    refused = 0

    def restart(server: Changing, step: str, _recipient: str) -> str | None:
        nonlocal refused
        if len(server.taken) < 20 or refused >= 12:
            return None
        if step == "CONNECT":
            refused += 1
            return "421 4.3.2 starting"
        return DROP if step in {"MAIL", "RSET"} else None

    with Changing(restart) as server:
        report = deliver_to(sqlite_store, server, connections=4, back_off=(0.01,) * 20)
        assert (report.sent, report.error) == (120, None)
        assert Counter(recipients(server)) == everybody(120)
        after = [session for session in server.sessions[4:] if session]
        assert len(after) == 4
    assert column(sqlite_store, "attempts") == [1] * 120


def test_a_server_that_stays_away_is_given_up_after_a_while(sqlite_store: Store) -> None:
    fill(sqlite_store, 30)
    with dying(after=10) as server:
        report = deliver_to(sqlite_store, server, connections=3, back_off=(0.01, 0.01))
        assert isinstance(report.error, MailServerError)
        # Three at work, three that found it closed, and two tries more.
        assert server.connections <= 3 + 3 + 2
        sent = len(server.taken)
    assert Counter(states(sqlite_store)) == {"sent": sent, "queued": 30 - sent}
    assert sum(number == 1 for number in column(sqlite_store, "attempts")) == sent


# Refused, and stopped


def test_the_brake_holds_ten_connections(store: Store) -> None:
    fill(store, 100)
    with ScriptedServer({"RCPT": "550 5.7.1 we do not like you"}) as server:
        report = deliver_to(store, server, connections=10)
    assert "refuses our mails; last at rcpt: 550 5.7.1" in str(report.error)
    assert 11 <= report.failed <= 11 + 10
    counts = Counter(states(store))
    assert counts == {"failed": report.failed, "queued": 100 - report.failed}
    with store.reading() as connection:
        row = connection.execute(select(run.c.id, run.c.paused_at)).one()
    assert row.paused_at == NOW
    assert alarms(store) == [f"run {row.id} was stopped"]
    assert suppressed(store) == []


def leave(store: Store, who: str) -> None:
    change_subscriber(store, int(who.removeprefix("reader").partition("@")[0]) - 1, standing="left")


def suppress(store: Store, who: str) -> None:
    with store.writing() as connection:
        connection.execute(suppression.insert().values(email_key=who, reason="complaint", detail="", at=NOW))


def erase(store: Store, who: str) -> None:
    with store.writing() as connection:
        connection.execute(delete(subscriber).where(subscriber.c.email == who))


@pytest.mark.parametrize(
    ("change", "state", "reason"),
    [(leave, "skipped", "left"), (suppress, "suppressed", "suppressed"), (erase, "skipped", "erased")],
)
@pytest.mark.parametrize("connections", [1, 4])
def test_who_goes_right_before_the_dot_is_not_sent_to(
    store: Store, change: Callable[[Store, str], None], state: str, reason: str, connections: int
) -> None:
    fill(store, 24)
    gone = {reader(n) for n in (2, 3, 9, 10, 11, 24)}

    def go(_server: Changing, step: str, recipient: str) -> None:
        # The last moment at which the outside can still know that it is not handed over.
        if step == "DATA" and recipient in gone:
            change(store, recipient)

    with Changing(go) as server:
        report = deliver_to(store, server, connections=connections)
        assert set(server.dots) == set(everybody(24)) - gone
        assert len(server.dots) == 18
    assert report.error is None
    assert dict(report.reasons) == {reason: 6}
    assert account(store) == {State.SENT: 18, State(state): 6}


@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("cancelled", [False, True])
def test_a_run_that_is_held_up_while_it_is_sent_stops_at_once(store: Store, connections: int, cancelled: bool) -> None:
    fill(store, 60)
    with store.reading() as connection:
        run_id = connection.execute(select(run.c.id)).scalar_one()
    held_at: list[int] = []

    def hold(server: Changing, step: str, _recipient: str) -> None:
        if step == "DATA" and len(server.taken) >= 10 and not held_at:
            held_at.append(len(server.dots))
            if cancelled:
                runs.cancel(store, run_id, NOW)
            else:
                runs.pause(store, run_id, NOW)

    with Changing(hold) as server:
        report = deliver_to(store, server, connections=connections)
        assert report.error is None
        # Those whose dot was on its way, and no other; and there is no connection for each that waits.
        assert len(server.dots) <= held_at[0] + connections
        assert server.connections <= 3 * connections
        sent = len(server.dots)
        if not cancelled:
            assert Counter(states(store)) == {"sent": sent, "queued": 60 - sent}
            runs.resume(store, run_id)
            assert deliver_to(store, server, connections=connections).sent == 60 - sent
            assert Counter(recipients(server)) == everybody(60)
    assert account(store) == ({State.SENT: sent, State.SKIPPED: 60 - sent} if cancelled else {State.SENT: 60})


def test_asked_to_stop_with_several_connections_each_finishes_its_own(store: Store) -> None:
    fill(store, 80)
    with ScriptedServer() as server:
        report = deliver_to(store, server, connections=4, should_stop=lambda: len(server.dots) >= 10)
        assert report.stopped
        assert report.error is None
        assert 10 <= report.sent == len(server.dots) <= 10 + 4
        assert Counter(states(store)) == {"sent": report.sent, "queued": 80 - report.sent}
        assert deliver_to(store, server, connections=4).sent == 80 - report.sent
        assert Counter(recipients(server)) == everybody(80)


DYING = """
import sys
from bot.deliver.deliver import deliver
from bot.deliver.pool import Relays
from bot.deliver.url import SmtpUrl
from bot.store.schema import open_store
from tests.deliver.rounds import render, rendered
from tests.deliver.rows import NOW
store, relays = open_store(sys.argv[1]), Relays([SmtpUrl.parse(sys.argv[2])], connections=4)
deliver(store, relays, rendered(render), lambda: NOW, domain="papers.example.org", suppression_for=lambda reply: None)
"""


def test_killed_no_more_are_in_doubt_than_connections_were_open(store: Store, database_url: str) -> None:
    fill(store, 60)
    reached = threading.Event()

    def silent(server: Changing, step: str, _recipient: str) -> str | None:
        if step != "DOT" or len(server.taken) < 20 or reached.is_set():
            return None
        if len(server.dots) - len(server.taken) >= 4:
            reached.set()
        return SILENCE

    with Changing(silent) as server:
        words = [sys.executable, "-c", DYING, database_url, f"smtp://{server.url.server}"]
        victim = subprocess.Popen(words, cwd=Path(__file__).parents[2])
        assert reached.wait(30)
        victim.kill()
        victim.wait()
        doubts = Counter(states(store))["handed over"]
        assert doubts <= 4
        first = deliver_to(store, server, connections=4)
        assert first.uncertain == doubts
        later = deliver_to(store, server, connections=4, clock=Clock(NOW + timedelta(minutes=10)))
        assert later.sent == doubts
        assert set(recipients(server)) == set(everybody(60))
        assert sum(count - 1 for count in Counter(server.dots).values()) <= doubts
    assert account(store) == {State.SENT: 60}


# Paces


class Running(Clock):
    """Goes on as time does, from the tests' time on."""

    def __init__(self) -> None:
        super().__init__()
        self._since = monotonic()

    def __call__(self) -> datetime:
        return NOW + timedelta(seconds=monotonic() - self._since)


@pytest.mark.parametrize("limits", [Limits.of(20), Limits.of(None, [("reader.example", 20)])], ids=["all", "domain"])
def test_what_is_over_the_rate_is_put_off_and_sent_in_the_same_round(store: Store, limits: Limits) -> None:
    fill(store, 30, emails=[reader(n) for n in range(1, 31)])
    with ScriptedServer() as server:
        report = deliver_to(store, server, connections=4, limits=limits, clock=Running())
        assert (report.sent, report.deferred, report.error) == (30, 0, None)
        assert Counter(recipients(server)) == everybody(30)
    due = [at for at in column(store, "due_at") if isinstance(at, datetime)]
    assert max(due) > NOW
    # Twenty go at once, and the others in a line, a twentieth of a second apart.
    later = sorted(at for at in due if at > NOW)
    assert all(after - before > timedelta(seconds=0.03) for before, after in pairwise(later))


def test_a_receiver_that_wants_less_gets_less_and_the_others_do_not(store: Store) -> None:
    emails = [f"reader{n}@{'reader' if n % 2 else 'other'}.example" for n in range(1, 41)]
    fill(store, 40, emails=emails)

    def less(_server: Changing, step: str, recipient: str) -> str | None:
        return "450 4.7.28 too many" if step == "RCPT" and recipient.endswith("@other.example") else None

    with Changing(less) as server:
        report = deliver_to(store, server, connections=4)
    assert (report.sent, report.deferred, report.error) == (20, 20, None)
    with store.reading() as connection:
        rates = {row.scope: row.rate for row in connection.execute(select(pace.c.scope, pace.c.rate))}
    assert list(rates) == ["mx:other.example"]
    assert rates["mx:other.example"]


def test_ten_in_a_hundred_greylisted_get_theirs_later_over_several_connections(store: Store) -> None:
    fill(store, 100)
    seen: Counter[str] = Counter()

    def grey(_server: Changing, step: str, recipient: str) -> str | None:
        if step != "RCPT":
            return None
        seen[recipient] += 1
        number = int(recipient.removeprefix("reader").partition("@")[0])
        return "450 4.2.0 greylisted" if number % 10 == 0 and seen[recipient] == 1 else None

    clock = Clock()
    with Changing(grey) as server:
        first = deliver_to(store, server, connections=5, clock=clock)
        assert (first.sent, first.deferred) == (90, 10)
        clock.now += timedelta(minutes=20)
        second = deliver_to(store, server, connections=5, clock=clock)
        assert (second.sent, second.deferred) == (10, 0)
        assert Counter(recipients(server)) == everybody(100)
    assert suppressed(store) == []
    assert account(store) == {State.SENT: 100}


def test_what_is_in_the_outbox_says_why(sqlite_store: Store) -> None:
    """Each row has the server's last words."""
    fill(sqlite_store, 8)
    with ScriptedServer({f"RCPT {reader(3)}": "450 4.2.2 full"}) as server:
        deliver_to(sqlite_store, server, connections=2)
    with sqlite_store.reading() as connection:
        rows = connection.execute(select(delivery.c.reply_code, delivery.c.reply_text).order_by(delivery.c.id)).all()
    assert [row.reply_code for row in rows] == [250, 250, 450, 250, 250, 250, 250, 250]
    assert rows[2].reply_text == "full"
