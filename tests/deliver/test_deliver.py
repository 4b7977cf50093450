"""Rounds of delivering: a real outbox, a mail server that misbehaves, and what must then hold."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bot.deliver.report import DeliverReport
from bot.deliver.url import Security, SmtpUrl
from bot.errors import MailServerError, SettingsError, StoreError, TemplateError
from bot.models.deliveries import Claim, Message, Outcome, State
from bot.store import outbox, runs
from bot.store.engine import Store
from bot.store.tables import run, suppression
from tests.deliver.rounds import QUICK, Clock, account, deliver_to, reader, recipients, render, suppressed
from tests.deliver.rows import (
    NOW,
    WEEK,
    change,
    change_subscriber,
    column,
    covered,
    fill,
    run_closed_at,
    states,
    still_shown,
)
from tests.deliver.servers import DROP, RESET, SILENCE, ScriptedServer, deaf_port


def test_all_that_is_due_is_sent_once_over_one_connection(store: Store) -> None:
    fill(store, 5)
    told: list[tuple[str, State]] = []

    def progress(taken: Claim, outcome: Outcome) -> None:
        told.append((taken.email, outcome.state))

    with ScriptedServer() as server:
        report = deliver_to(store, server, progress=progress)
        again = deliver_to(store, server)
        assert recipients(server) == [reader(n) for n in range(1, 6)]
        assert server.connections == 1
        assert server.commands[-1] == "QUIT"
    assert (report.sent, report.error, report.stopped, dict(report.reasons)) == (5, None, False, {})
    assert again == DeliverReport()
    assert told == [(reader(n), State.SENT) for n in range(1, 6)]
    assert account(store) == {State.SENT: 5}
    assert run_closed_at(store) == NOW


def test_nothing_due_asks_no_server(sqlite_store: Store) -> None:
    with deaf_port() as port:
        assert deliver_to(sqlite_store, SmtpUrl(Security.CLEAR, "127.0.0.1", port)).error is None


def test_the_report_says_what_scripts_rely_on(sqlite_store: Store) -> None:
    fill(sqlite_store, 2)
    clock = Clock()

    def slow(taken: Claim) -> Message:
        clock.now += timedelta(seconds=2)
        return render(taken)

    with ScriptedServer({"RCPT 2": "550 5.1.1 no such user"}) as server:
        report = deliver_to(sqlite_store, server, render=slow, clock=clock)
    assert report.as_json() == {
        "sent": 1,
        "deferred": 0,
        "failed": 1,
        "suppressed": 0,
        "skipped": 0,
        "uncertain": 0,
        "seconds": 4.0,
        "per_second": 0.2,
        "reasons": {"refused at rcpt: 550 5.1.1": 1},
        "error": None,
        "quiet_until": None,
    }


# Faults at each phase


@pytest.mark.parametrize("number", [1, 3, 5])
@pytest.mark.parametrize(
    ("step", "said", "state"),
    [
        # Before the dot, a lost connection gets a second chance at once.
        *((step, said, State.SENT) for step in ("MAIL", "RCPT", "DATA") for said in (DROP, RESET, "421 4.3.2 closing")),
        ("DOT", DROP, State.UNCERTAIN),
        ("DOT", RESET, State.UNCERTAIN),
        ("DOT", "421 4.3.2 closing", State.DEFERRED),
        *((step, "451 4.3.0 later", State.DEFERRED) for step in ("MAIL", "RCPT", "DATA", "DOT")),
        *((step, "554 5.3.0 never", State.FAILED) for step in ("MAIL", "RCPT", "DATA", "DOT")),
        ("RCPT", "552 5.2.2 full", State.DEFERRED),
    ],
)
def test_one_misfortune_is_told_and_harms_no_other(
    sqlite_store: Store, step: str, said: str, state: State, number: int
) -> None:
    fill(sqlite_store, 5)
    with ScriptedServer({f"{step} {number}": said}) as server:
        report = deliver_to(sqlite_store, server)
        took = recipients(server)
    assert states(sqlite_store) == [state if n == number else "sent" for n in range(1, 6)]
    assert report.error is None
    assert report.sent == (5 if state is State.SENT else 4)
    assert getattr(report, str(state)) in {1, 5}
    assert Counter(took) == {reader(n): 1 for n in range(1, 6) if n != number or state is State.SENT}
    assert suppressed(sqlite_store) == []
    assert still_shown(sqlite_store) == (8 if state is State.FAILED else 10)
    assert (run_closed_at(sqlite_store) is None) == (state is State.DEFERRED)
    account(sqlite_store)


@pytest.mark.parametrize(
    ("step", "state"),
    [("MAIL", State.DEFERRED), ("RCPT", State.DEFERRED), ("DATA", State.DEFERRED), ("DOT", State.UNCERTAIN)],
)
def test_silence_ends(sqlite_store: Store, step: str, state: State) -> None:
    fill(sqlite_store, 3)
    # The second chance is met by silence, too.
    script = {f"{step} 2": SILENCE, f"{step} 3": SILENCE} if step != "DOT" else {"DOT 2": SILENCE}
    with ScriptedServer(script) as server:
        report = deliver_to(sqlite_store, server, patience=QUICK)
    assert states(sqlite_store) == ["sent", state, "sent"]
    assert report.error is None


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_goes_again_and_again_ends_the_round(sqlite_store: Store, step: str) -> None:
    fill(sqlite_store, 4)
    with ScriptedServer({step: DROP}) as server:
        report = deliver_to(sqlite_store, server)
        assert server.connections == 3
        assert isinstance(report.error, MailServerError)
        assert str(report.error) == (
            f"mail server: {server.url.server}: lost 3 times in a row; last at {step.lower()}: "
            "connection lost: the mail server hung up"
        )
        assert states(sqlite_store) == ["deferred", "deferred", "queued", "queued"]
        server.script.clear()
        assert deliver_to(sqlite_store, server, clock=Clock(NOW + timedelta(hours=1))).sent == 4
        assert sorted(recipients(server)) == [reader(n) for n in range(1, 5)]


def test_a_server_that_never_answers_the_dot_does_not_put_everybody_in_doubt(sqlite_store: Store) -> None:
    fill(sqlite_store, 8)
    with ScriptedServer({"DOT 2": DROP, "DOT 4": DROP, "DOT 5": DROP, "DOT 6": DROP}) as server:
        report = deliver_to(sqlite_store, server)
    assert "lost 3 times in a row; last at dot" in str(report.error)
    doubt = State.UNCERTAIN
    assert states(sqlite_store) == ["sent", doubt, "sent", doubt, doubt, doubt, "queued", "queued"]


def test_a_server_that_closes_again_and_again_ends_the_round(sqlite_store: Store) -> None:
    fill(sqlite_store, 4)
    with ScriptedServer({"RCPT": "421 4.7.0 too many"}) as server:
        report = deliver_to(sqlite_store, server)
        assert server.connections == 2
    assert "refused at rcpt: 421 4.7.0 too many" in str(report.error)
    assert dict(report.reasons) == {"the mail server's trouble: 421": 1}
    # Nobody has used up a try, and the next round begins with somebody else.
    assert states(sqlite_store) == ["deferred", "queued", "queued", "queued"]
    assert column(sqlite_store, "attempts") == [0] * 4
    assert column(sqlite_store, "due_at")[0] == NOW + timedelta(minutes=15)


@pytest.mark.parametrize("code", ["530 5.7.0", "535 5.7.8", "538 5.7.11"])
def test_a_server_that_wants_other_credentials_ends_the_round_at_once(sqlite_store: Store, code: str) -> None:
    fill(sqlite_store, 4)
    with ScriptedServer({"MAIL": f"{code} first log in"}) as server:
        report = deliver_to(sqlite_store, server)
        assert server.commands.count("QUIT") == 1
    assert f"refused at mail: {code} first log in" in str(report.error)
    assert (report.failed, column(sqlite_store, "attempts")) == (0, [0] * 4)
    assert suppressed(sqlite_store) == []


@pytest.mark.parametrize("script", [None, {"CONNECT": "421 4.3.2 not now"}, {"EHLO": "502 what?"}, {"EHLO": DROP}])
def test_without_a_mail_server_all_waits_untouched(sqlite_store: Store, script: dict[str, str] | None) -> None:
    fill(sqlite_store, 3)
    with ScriptedServer(script) as server, deaf_port() as port:
        url = server.url if script else SmtpUrl(Security.CLEAR, "127.0.0.1", port)
        report = deliver_to(sqlite_store, url)
        assert isinstance(report.error, MailServerError)
        assert report.sent == 0
        assert states(sqlite_store) == ["queued"] * 3
        assert column(sqlite_store, "attempts") == [0] * 3
        server.script.clear()
        assert deliver_to(sqlite_store, server).sent == 3


def test_a_server_that_goes_away_in_the_middle_is_told_with_what_was_sent(sqlite_store: Store) -> None:
    fill(sqlite_store, 5)
    with ScriptedServer({"MAIL 3": "421 4.3.2 bye", "CONNECT 2": "554 5.3.2 no service"}) as server:
        report = deliver_to(sqlite_store, server)
    assert report.sent == 2
    assert "refused at connect: 554 5.3.2 no service" in str(report.error)
    assert states(sqlite_store) == ["sent", "sent", "queued", "queued", "queued"]


def test_the_greylisted_get_theirs_later_and_once(store: Store) -> None:
    fill(store, 20)
    grey = {f"RCPT {reader(n)}": "450 4.7.1 greylisted" for n in (4, 17)}
    clock = Clock()
    with ScriptedServer(grey) as server:
        first = deliver_to(store, server, clock=clock)
        assert (first.sent, first.deferred) == (18, 2)
        assert deliver_to(store, server, clock=clock) == DeliverReport()
        server.script.clear()
        clock.now += timedelta(minutes=20)
        second = deliver_to(store, server, clock=clock)
        assert (second.sent, second.deferred) == (2, 0)
        assert Counter(recipients(server)) == {reader(n): 1 for n in range(1, 21)}
    assert suppressed(store) == []
    assert account(store) == {State.SENT: 20}


def test_waits_grow_until_it_is_too_late(sqlite_store: Store) -> None:
    fill(sqlite_store, 1, expires_at=NOW + timedelta(hours=1))
    clock = Clock()
    with ScriptedServer({"RCPT": "450 4.7.1 later"}) as server:
        outcomes = []
        while (waits := outbox.waiting(sqlite_store, clock.now)) != outbox.Waiting(0, 0):
            clock.now += timedelta(minutes=1) * (not waits.due)
            report = deliver_to(sqlite_store, server, clock=clock)
            outcomes += [report] if report.reasons else []
    assert [report.deferred for report in outcomes] == [1, 1, 0]
    assert dict(outcomes[-1].reasons) == {"too late": 1}
    assert (states(sqlite_store), column(sqlite_store, "attempts")) == (["failed"], [3])


def test_an_unknown_mailbox_is_not_written_to_again(store: Store) -> None:
    fill(store, 3)
    with ScriptedServer({f"RCPT {reader(2)}": "550 5.1.1 no such user"}) as server:
        report = deliver_to(store, server)
        assert (report.sent, report.failed) == (2, 1)
        assert suppressed(store) == [reader(2)]
        # Should something have been planned for it all the same, it is not sent.
        change(store, 1, state=State.QUEUED)
        later = deliver_to(store, server)
        assert (later.suppressed, dict(later.reasons)) == (1, {"suppressed": 1})


def test_policy_refusals_end_the_round_before_all_have_failed(sqlite_store: Store) -> None:
    fill(sqlite_store, 40)
    with ScriptedServer({"RCPT": "550 5.7.1 we do not like you"}) as server:
        report = deliver_to(sqlite_store, server)
    assert report.failed == 11
    assert "refuses our mails; last at rcpt: 550 5.7.1 we do not like you" in str(report.error)
    assert Counter(states(sqlite_store)) == {"failed": 11, "queued": 29}
    assert suppressed(sqlite_store) == []


def test_what_the_server_cannot_take_fails_alone(sqlite_store: Store) -> None:
    fill(sqlite_store, 3, emails=[reader(1), "用户@例え.jp", reader(3)])
    with ScriptedServer(offers=("DSN",)) as server:
        report = deliver_to(sqlite_store, server)
    assert states(sqlite_store) == ["sent", "failed", "sent"]
    assert dict(report.reasons) == {"refused at rcpt: 553 5.6.7": 1}
    assert suppressed(sqlite_store) == []


# What is not sent, and why


def test_consent_is_looked_at_again(store: Store) -> None:
    fill(store, 8)
    for number, standing in ((0, "left"), (1, "paused"), (2, "pending")):
        change_subscriber(store, number, standing=standing)
    with store.writing() as connection:
        connection.execute(suppression.insert().values(email_key=reader(4), reason="complaint", detail="", at=NOW))
        connection.execute(text("delete from subscriber where email_key = 'reader5@reader.example'"))
    change(store, 5, expires_at=NOW)
    with ScriptedServer() as server:
        report = deliver_to(store, server)
        assert recipients(server) == [reader(7), reader(8)]
    assert (report.sent, report.skipped, report.suppressed) == (2, 5, 1)
    assert dict(report.reasons) == {
        "left": 1,
        "paused": 1,
        "not confirmed": 1,
        "suppressed": 1,
        "erased": 1,
        "too late": 1,
    }
    assert column(store, "attempts") == [0] * 6 + [1, 1]
    # Their papers may still reach them; those of the two who got theirs may not come again.
    assert still_shown(store) == 4
    assert covered(store) == [NOW - WEEK] * 5 + [NOW] * 2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TemplateError("digest.html", 3, "no such name"), "template: digest.html:3: no such name"),
        (KeyError("title"), "rendering: KeyError: 'title'"),
    ],
)
def test_a_digest_that_cannot_be_rendered_fails_alone(sqlite_store: Store, error: Exception, reason: str) -> None:
    fill(sqlite_store, 3)

    def sometimes(taken: Claim) -> Message:
        if taken.email == reader(2):
            raise error
        return render(taken)

    with ScriptedServer() as server:
        report = deliver_to(sqlite_store, server, render=sometimes)
    assert states(sqlite_store) == ["sent", "failed", "sent"]
    assert dict(report.reasons) == {reason: 1}
    assert report.error is None


def test_a_template_that_is_broken_for_all_ends_the_round(sqlite_store: Store) -> None:
    fill(sqlite_store, 30)

    def never(_taken: Claim) -> Message:
        raise TemplateError("digest.html", 3, "no such name")

    with deaf_port() as port:
        report = deliver_to(sqlite_store, SmtpUrl(Security.CLEAR, "127.0.0.1", port), render=never)
    assert isinstance(report.error, TemplateError)
    assert Counter(states(sqlite_store)) == {"failed": 11, "queued": 19}


@pytest.mark.parametrize("error", [StoreError("bot.db", "the disk is full"), SettingsError(["BOT_FROM: missing"])])
def test_rendering_that_wants_an_admin_ends_the_round(sqlite_store: Store, error: Exception) -> None:
    fill(sqlite_store, 3)

    def wants(_taken: Claim) -> Message:
        raise error

    with ScriptedServer() as server:
        assert deliver_to(sqlite_store, server, render=wants).error is error
    assert states(sqlite_store) == ["queued"] * 3


def test_message_ids_are_in_ascii(sqlite_store: Store) -> None:
    fill(sqlite_store, 1)
    with ScriptedServer() as server:
        assert deliver_to(sqlite_store, server, domain="bücher.example").sent == 1
    assert str(column(sqlite_store, "message_id")[0]).endswith("@xn--bcher-kva.example>")


def test_a_limit_is_kept(sqlite_store: Store) -> None:
    fill(sqlite_store, 5)
    with ScriptedServer() as server:
        assert deliver_to(sqlite_store, server, limit=2).sent == 2
        assert deliver_to(sqlite_store, server, limit=0) == DeliverReport()
    assert Counter(states(sqlite_store)) == {"sent": 2, "queued": 3}


def test_nothing_is_begun_in_quiet_hours_and_a_round_ends_where_they_begin(sqlite_store: Store) -> None:
    fill(sqlite_store, 3)
    clock, end = Clock(), NOW + timedelta(hours=8)
    with ScriptedServer() as server:

        def quiet(now: datetime) -> datetime | None:
            return end if server.dots and now < end else None

        first = deliver_to(sqlite_store, server, clock=clock, quiet_until=quiet)
        assert (first.sent, first.quiet_until, first.stopped) == (1, end, False)
        assert states(sqlite_store) == ["sent", "queued", "queued"]
        assert deliver_to(sqlite_store, server, clock=clock, quiet_until=quiet) == DeliverReport(quiet_until=end)
        clock.now = end
        last = deliver_to(sqlite_store, server, clock=clock, quiet_until=quiet)
    assert (last.sent, last.quiet_until) == (2, None)


def test_a_round_leaves_paused_runs_alone_and_skips_what_cancelled_ones_still_have(store: Store) -> None:
    fill(store, 2)
    change(store, 0, state=State.DEFERRED, due_at=NOW + WEEK / 2)
    with store.reading() as connection:
        run_id = connection.execute(select(run.c.id)).scalar_one()
    runs.pause(store, run_id, NOW)
    with deaf_port() as port:
        nowhere = SmtpUrl(Security.CLEAR, "127.0.0.1", port)
        assert deliver_to(store, nowhere) == DeliverReport()
        with store.writing() as connection:
            # As a cancellation leaves it that was broken off.
            connection.execute(run.update().values(cancelled_at=NOW))
        report = deliver_to(store, nowhere)
    assert (report.skipped, dict(report.reasons), report.error) == (2, {"cancelled": 2}, None)
    assert account(store) == {State.SKIPPED: 2}
    assert (still_shown(store), run_closed_at(store)) == (0, NOW)


def test_what_is_cancelled_before_the_dot_is_not_sent(store: Store) -> None:
    fill(store, 2)

    def cancelled_meanwhile(taken: Claim) -> Message:
        runs.cancel(store, taken.run_id, NOW)
        return render(taken)

    with ScriptedServer() as server:
        report = deliver_to(store, server, render=cancelled_meanwhile)
        assert recipients(server) == []
    assert (report.sent, report.error) == (0, None)
    assert account(store) == {State.SKIPPED: 2}
    assert still_shown(store) == 0


def test_a_dry_run_tells_and_does_nothing(sqlite_store: Store) -> None:
    fill(sqlite_store, 4)
    change_subscriber(sqlite_store, 1, standing="left")
    told: list[State] = []
    with deaf_port() as port:
        url = SmtpUrl(Security.CLEAR, "127.0.0.1", port)
        report = deliver_to(sqlite_store, url, dry_run=True, progress=lambda _, outcome: told.append(outcome.state))
    assert (report.would_send, report.skipped, report.sent, report.error) == (3, 1, 0, None)
    assert told == [State.QUEUED, State.SKIPPED, State.QUEUED, State.QUEUED]
    assert states(sqlite_store) == ["queued"] * 4


# Stopping, dying, sharing


def test_asked_to_stop_it_ends_after_the_one_in_hand(sqlite_store: Store) -> None:
    fill(sqlite_store, 5)
    with ScriptedServer() as server:
        report = deliver_to(sqlite_store, server, should_stop=lambda: len(server.dots) >= 2)
    assert (report.sent, report.stopped, report.error) == (2, True, None)
    assert Counter(states(sqlite_store)) == {"sent": 2, "queued": 3}


@pytest.mark.parametrize(("step", "state"), [("CONNECT", "queued"), ("RCPT", "queued"), ("DOT", "uncertain")])
def test_asked_to_stop_it_does_not_wait_for_a_silent_server_for_long(
    sqlite_store: Store, step: str, state: str
) -> None:
    fill(sqlite_store, 2)
    clock = Clock()

    with ScriptedServer({step: SILENCE}) as server:

        def asked() -> bool:
            clock.now += timedelta(seconds=6) * server.silent.is_set()
            return server.silent.is_set()

        report = deliver_to(sqlite_store, server, should_stop=asked, clock=clock)
    assert (states(sqlite_store), report.stopped, report.error) == ([state, "queued"], True, None)
    assert column(sqlite_store, "attempts") == [int(state == "uncertain"), 0]


DYING = """
import sys
from bot.deliver.deliver import deliver
from bot.deliver.pool import Relays
from bot.deliver.url import SmtpUrl
from bot.store.schema import open_store
from tests.deliver.rows import NOW
from tests.deliver.rounds import render, rendered
store, relays = open_store(sys.argv[1]), Relays([SmtpUrl.parse(sys.argv[2])], connections=1)
deliver(store, relays, rendered(render), lambda: NOW, domain="papers.example.org", suppression_for=lambda reply: None)
"""


@pytest.mark.parametrize(("step", "left"), [("RCPT 3", "claimed"), ("DOT 3", "handed over")])
def test_killed_at_any_instant_nobody_is_lost_and_nobody_gets_two(
    store: Store, database_url: str, step: str, left: str
) -> None:
    fill(store, 6)
    with ScriptedServer({step: SILENCE}) as server:
        words = [sys.executable, "-c", DYING, database_url, f"smtp://{server.url.server}"]
        victim = subprocess.Popen(words, cwd=Path(__file__).parents[2])
        assert server.silent.wait(30)
        victim.kill()
        victim.wait()
        # The reply to the dot before may not have been written down yet: it went with what came after it.
        found = Counter(states(store))
        doubts = found["handed over"]
        assert doubts <= 1
        assert found["sent"] + doubts + found["claimed"] == 6
        assert found["sent"] in ({2} if left == "handed over" else {1, 2})
        # The next start goes on by itself.
        report = deliver_to(store, server)
        assert (report.sent, report.uncertain) == (6 - found["sent"] - doubts, doubts)
        assert run_closed_at(store) == NOW
        account(store)
        # What was in doubt is sent once more, with the same Message-ID, when the server has had its time.
        later = deliver_to(store, server, clock=Clock(NOW + timedelta(minutes=10)))
        assert later.sent == doubts
        assert set(recipients(server)) == {reader(n) for n in range(1, 7)}
        twice = [n for n in range(6) if server.dots.count(reader(n + 1)) > 1]
        assert len(twice) == doubts
        ids = [str(value).encode() for value in column(store, "message_id")]
        for number in twice:
            assert all(ids[number] in content for who, content in server.taken if who == reader(number + 1))
    assert account(store) == {State.SENT: 6}


def test_what_is_uncertain_is_held_where_an_admin_wants_it(sqlite_store: Store) -> None:
    fill(sqlite_store, 1)
    with ScriptedServer({"DOT": DROP}) as server:
        assert deliver_to(sqlite_store, server).uncertain == 1
        assert deliver_to(sqlite_store, server, clock=Clock(NOW + WEEK / 2), resend_after=None) == DeliverReport()
        assert server.dots == [reader(1)]


def test_several_at_once_share_the_work(store: Store) -> None:
    fill(store, 30)
    reports: list[DeliverReport] = []
    with ScriptedServer() as server:
        workers = [threading.Thread(target=lambda: reports.append(deliver_to(store, server))) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert Counter(recipients(server)) == {reader(n): 1 for n in range(1, 31)}
    assert sum(report.sent for report in reports) == 30
    assert all(report.error is None for report in reports)
    assert account(store) == {State.SENT: 30}


def test_no_mail_is_sent_whose_state_cannot_be_stored(sqlite_store: Store) -> None:
    fill(sqlite_store, 8)
    settled: list[str] = []

    def alter(words: str) -> None:
        with sqlite_store.writing() as connection:
            connection.execute(text(words))

    def breaking(taken: Claim, _outcome: Outcome) -> None:
        settled.append(taken.email)
        if len(settled) == 2:
            alter("alter table delivery rename to gone")

    with ScriptedServer() as server:
        report = deliver_to(sqlite_store, server, progress=breaking)
        assert isinstance(report.error, StoreError)
        assert report.sent == 2
        alter("alter table gone rename to delivery")
        # Whatever had its dot was written down as handed over before.
        stored = dict(zip([reader(n) for n in range(1, 9)], states(sqlite_store), strict=True))
        assert all(stored[who] in {"sent", "handed over"} for who in server.dots)
        assert len(server.dots) <= 3
        # It goes on after.
        doubts = Counter(stored.values())["handed over"]
        assert deliver_to(sqlite_store, server).sent == 6 - doubts
        assert set(recipients(server)) >= {reader(n) for n in range(1, 9)} - {
            who for who, state in stored.items() if state == "handed over"
        }


def test_a_lease_that_ran_out_is_not_sent_on(store: Store) -> None:
    """The clock jumps an hour while one is rendered, and another sender takes it over."""
    fill(store, 1)
    clock = Clock()

    def slow(taken: Claim) -> Message:
        clock.now += timedelta(hours=1)
        outbox.recover(store, clock.now)
        (other,) = outbox.claim(store, clock.now, timedelta(hours=1), domain="x.example")
        assert other.delivery_id == taken.delivery_id
        return render(taken)

    with ScriptedServer() as server:
        report = deliver_to(store, server, render=slow, clock=clock)
        assert server.dots == []
    assert report.sent == 0
    assert states(store) == ["claimed"]
