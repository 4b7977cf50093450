"""From a sign-up to digests, through the form, the letters and the buttons; each letter goes out once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from structlog.testing import capture_logs

from bot.models.deliveries import State
from bot.models.rosters import RosterRow
from bot.models.signups import SIGN_UP_LIMITS, Asked, Limit
from bot.models.subscribers import Standing, Wish, address_key
from bot.settings import read_settings
from bot.store import confirming, feeds, letters, rosters, signups
from bot.store.confirming import Step
from bot.store.engine import Store
from bot.store.erasing import erased_among
from bot.store.leaving import UNDO, leave, stay
from bot.store.subscribers import subscriber_by_email
from bot.store.tables import evidence, letter, subscriber, suppression
from bot.subscribe.tokens import Purpose
from bot.wiring import App
from tests.builders import NOW, catalogue_feed
from tests.deliver.rows import fill
from tests.deliver.servers import ScriptedServer, deaf_port

EVE = "eve@example.org"
DAY = timedelta(days=1)
LINK = re.compile(rb"/confirm/([0-9]+\.[\w-]{43})")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bot(store: Store, server: ScriptedServer, clock: Clock, tmp_path: Path) -> App:
    feeds.apply_catalogue(store, [catalogue_feed("one"), catalogue_feed("two")], NOW)
    environ = {
        "BOT_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
        "BOT_FROM": "Sample Digest <digest@papers.example.org>",
        "BOT_POSTAL_ADDRESS": "1 Sample Street",
        "BOT_PUBLIC_URL": "https://papers.example.org",
    }
    return App(read_settings(tmp_path, environ), store, clock)


def ask(bot: App, *slugs: str, email: str = EVE) -> bool:
    asked = Asked(email, address_key(email), slugs, "en", "Europe/Berlin", "Send me papers", "192.0.2.0/24", "Buy now")
    return signups.ask(bot.store, asked, SIGN_UP_LIMITS, bot.clock())


def press(bot: App, number: int) -> confirming.Request | None:
    return confirming.confirm(
        bot.store,
        number,
        next_due=lambda _: bot.clock() + DAY,
        pseudonyms=bot.tokens.pseudonyms,
        how="confirm page",
        wording="Yes",
        network="192.0.2.0/24",
        now=bot.clock(),
    )


def number_in(bot: App, content: bytes) -> int:
    """The sign-up whose link a mail has."""
    found = LINK.search(content.replace(b"=\r\n", b""))
    assert found
    return bot.tokens.read(Purpose.CONFIRM, found[1].decode())


def rows(store: Store) -> list[tuple[str, str]]:
    with store.reading() as connection:
        return [(one.kind, one.state) for one in connection.execute(select(letter).order_by(letter.c.id))]


def steps(store: Store) -> list[tuple[str, str, str]]:
    with store.reading() as connection:
        query = select(evidence.c.what, evidence.c.wording, evidence.c.network).order_by(evidence.c.id)
        return [tuple(row) for row in connection.execute(query)]


def test_from_the_form_to_the_first_digest(bot: App, server: ScriptedServer) -> None:
    assert ask(bot, "two", "one")
    assert bot.answer() == 1
    person = subscriber_by_email(bot.store, EVE)
    assert (person.standing, person.next_due, person.feeds) == (Standing.PENDING, None, ("two", "one"))
    to, mail = server.taken[0]
    assert to == EVE
    assert b"Buy now" not in mail
    assert b"List-Unsubscribe" not in mail
    number = number_in(bot, mail)

    done = press(bot, number)
    assert done is not None
    assert done.step is Step.BEGIN
    person = subscriber_by_email(bot.store, EVE)
    assert (person.standing, person.next_due, person.feeds) == (Standing.ACTIVE, NOW + DAY, ("two", "one"))
    assert person.wish.timezone == "Europe/Berlin"
    assert bot.answer() == 1
    assert b"Subject: Welcome" in server.taken[1][1]
    assert b"List-Unsubscribe-Post" in server.taken[1][1]

    again = press(bot, number)
    assert again is not None
    assert again.step is Step.DONE
    assert bot.answer() == 0
    network = "192.0.2.0/24"
    assert steps(bot.store) == [("signed up", "Send me papers", network), ("confirmed", "Yes", network)]


def test_one_address_gets_one_answer_a_day_and_three_a_week(bot: App, server: ScriptedServer, clock: Clock) -> None:
    for hour in range(0, 24 * 6, 6):
        clock.now = NOW + timedelta(hours=hour)
        assert ask(bot, "one")
        bot.answer()
    assert len(server.taken) == 3
    # An answer that never arrived does not count.
    server.script["RCPT"] = "550 5.1.1 nobody"
    ask(bot, "one", email="typo@example.org")
    assert bot.answer() == 0
    server.script.clear()
    ask(bot, "one", email="typo@example.org")
    assert bot.answer() == 1
    with bot.store.reading() as connection:
        assert connection.execute(select(suppression)).first() is None


def test_whoever_gets_digests_is_asked_before_feeds_are_added(bot: App, server: ScriptedServer, clock: Clock) -> None:
    ask(bot, "one")
    bot.answer()
    press(bot, number_in(bot, server.taken[0][1]))
    bot.answer()
    clock.now = NOW + 2 * DAY
    ask(bot, "two")
    assert bot.answer() == 1
    assert subscriber_by_email(bot.store, EVE).feeds == ("one",)
    mail = server.taken[-1][1]
    assert b"already" in mail
    assert b"/preferences/" in mail.replace(b"=\r\n", b"")
    done = press(bot, number_in(bot, mail))
    assert done is not None
    assert done.step is Step.ADD
    assert subscriber_by_email(bot.store, EVE).feeds == ("one", "two")


def test_a_suppressed_address_gets_nothing(bot: App, server: ScriptedServer) -> None:
    with bot.store.writing() as connection:
        connection.execute(insert(suppression).values(email_key=EVE, reason="complaint", detail="", at=NOW))
    ask(bot, "one")
    assert bot.answer() == 0
    with bot.store.reading() as connection:
        assert connection.execute(select(subscriber)).first() is None


def test_whoever_has_left_comes_back_by_the_button_alone(bot: App, server: ScriptedServer, clock: Clock) -> None:
    ask(bot, "one")
    bot.answer()
    press(bot, number_in(bot, server.taken[0][1]))
    bot.answer()
    person = subscriber_by_email(bot.store, EVE)
    assert leave(bot.store, person.id, clock(), "unsubscribe page", goodbye=True)
    assert bot.answer() == 0
    clock.now += UNDO
    assert bot.answer() == 1
    assert b"You have left" in server.taken[-1][1]
    assert not stay(bot.store, person.id, lambda _: clock(), clock(), "test")
    clock.now += 2 * DAY
    ask(bot, "two")
    assert bot.answer() == 1
    assert subscriber_by_email(bot.store, EVE).standing == Standing.LEFT
    press(bot, number_in(bot, server.taken[-1][1]))
    back = subscriber_by_email(bot.store, EVE)
    assert (back.id, back.standing, back.feeds) == (person.id, Standing.ACTIVE, ("two",))


def test_leaving_can_be_taken_back_for_a_while_and_spares_the_goodbye(bot: App, clock: Clock) -> None:
    ask(bot, "one")
    bot.answer()
    with bot.store.reading() as connection:
        number = connection.execute(select(letter.c.sign_up_id)).scalar_one()
    press(bot, number)
    bot.answer()
    before = subscriber_by_email(bot.store, EVE)
    leave(bot.store, before.id, clock(), "unsubscribe page", goodbye=True)
    clock.now += UNDO - timedelta(seconds=1)
    assert stay(bot.store, before.id, lambda _: NOW + DAY, clock(), "unsubscribe page")
    assert subscriber_by_email(bot.store, EVE) == before
    clock.now += DAY
    assert bot.answer() == 0
    assert rows(bot.store)[-1] == ("goodbye", State.SKIPPED)


def test_what_nobody_confirms_goes_with_all_that_there_is_of_it(bot: App, clock: Clock) -> None:
    ask(bot, "one")
    bot.answer()
    clock.now = NOW + 7 * DAY - timedelta(seconds=1)
    assert bot.tidy() == 0
    clock.now = NOW + 7 * DAY
    with bot.store.reading() as connection:
        number = connection.execute(select(letter.c.sign_up_id)).scalar_one()
    assert press(bot, number) is None
    assert bot.tidy() == 1
    assert (rows(bot.store), steps(bot.store)) == ([], [])


@pytest.mark.parametrize(
    ("step", "reply", "then", "later"),
    [
        ("RCPT", "450 4.2.0 later", State.DEFERRED, 1),
        ("DOT", "451 4.3.0 later", State.DEFERRED, 1),
        ("DOT", "<drop>", State.UNCERTAIN, 0),
        ("DOT", "554 5.6.0 no", State.FAILED, 0),
    ],
)
def test_what_becomes_of_a_letter(
    bot: App, server: ScriptedServer, clock: Clock, step: str, reply: str, then: State, later: int
) -> None:
    server.script[step] = reply
    ask(bot, "one")
    assert bot.answer() == 0
    assert rows(bot.store) == [("confirmation", then)]
    server.script.clear()
    clock.now += timedelta(hours=1)
    assert bot.answer() == later


def test_two_senders_send_a_letter_once_and_who_dies_is_followed(bot: App, clock: Clock) -> None:
    ask(bot, "one")
    signups.take_in(bot.store, bot.tokens.pseudonyms, SIGN_UP_LIMITS, NOW)
    (first,) = letters.take(bot.store, NOW, "papers.example.org", DAY)
    assert letters.take(bot.store, NOW, "papers.example.org", DAY) == ()
    clock.now += letters.LEASE
    (again,) = letters.take(bot.store, clock(), "papers.example.org", DAY)
    assert (again.id, again.message_id) == (first.id, first.message_id)
    with pytest.raises(Exception, match="another sender"):
        letters.hand_over(bot.store, first)
    letters.hand_over(bot.store, again)
    clock.now += letters.LEASE
    assert letters.take(bot.store, clock(), "papers.example.org", DAY) == ()
    assert rows(bot.store) == [("confirmation", State.UNCERTAIN)]


def test_without_a_mail_server_letters_wait_a_minute_and_not_a_lease(
    bot: App, server: ScriptedServer, clock: Clock, tmp_path: Path
) -> None:
    for number in range(3):
        ask(bot, "one", email=f"eve{number}@example.org")
    settings = bot.settings.model_copy(update={"smtp_url": "smtp://127.0.0.1:1"})
    with pytest.raises(Exception, match="mail server"):
        App(settings, bot.store, clock).answer()
    clock.now += timedelta(minutes=1)
    assert bot.answer() == 3


def test_who_was_erased_comes_back_by_themselves_alone(bot: App, server: ScriptedServer, clock: Clock) -> None:
    ask(bot, "one")
    bot.answer()
    press(bot, number_in(bot, server.taken[0][1]))
    bot.answer()
    person = subscriber_by_email(bot.store, EVE)
    assert bot.erase(person.id)
    assert not bot.erase(person.id)
    with bot.store.reading() as connection:
        assert erased_among(connection, [EVE, "other@example.org"], bot.tokens.pseudonyms) == {EVE}
    assert (rows(bot.store), steps(bot.store)) == ([], [])
    ask(bot, "two")
    assert bot.answer() == 1
    press(bot, number_in(bot, server.taken[-1][1]))
    with bot.store.reading() as connection:
        assert erased_among(connection, [EVE], bot.tokens.pseudonyms) == set()


def test_a_first_server_that_is_down_keeps_letters_back_and_no_digests(bot: App, server: ScriptedServer) -> None:
    """Letters have one server, digests all that are named."""
    fill(bot.store, 2)
    ask(bot, "one")
    here = bot.settings
    with deaf_port() as port, capture_logs() as told:
        bot.settings = here.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{port} {here.smtp_url}"})
        report = bot.deliver()
    assert (report.sent, report.error) == (2, None)
    assert "letters wait" in [line["event"] for line in told]
    assert EVE not in [recipient for recipient, _ in server.taken]


def bring(bot: App, *names: str) -> None:
    """People whom an admin has bring in, to be asked first."""
    emails = [f"{name}@reader.example" for name in names]
    file = [RosterRow(2, email, email, feeds=("two",), language="de") for email in emails]
    rosters.import_rows(
        bot.store,
        file,
        import_id=rosters.begin_import(bot.store, "people.csv", bot.clock()),
        how="people.csv",
        defaults=rosters.Defaults(Wish(), "en"),
        next_due=lambda _: NOW + DAY,
        now=bot.clock(),
        pending=True,
    )


def test_people_whom_a_file_brings_are_asked_some_each_minute_and_keep_nobody_waiting(
    bot: App, server: ScriptedServer, clock: Clock
) -> None:
    bring(bot, *(f"reader{number}" for number in range(25)))
    assert signups.waiting_for_turn(bot.store) == 25
    assert [bot.answer(), bot.answer()] == [10, 0]
    # Whoever fills in the form is answered before those who wait.
    assert ask(bot, "one")
    assert bot.answer() == 1
    # What an outage has delayed does not come all at once.
    clock.now += DAY
    assert [bot.answer(), bot.answer()] == [10, 0]
    clock.now += timedelta(minutes=1)
    assert [bot.answer(), bot.answer()] == [5, 0]
    assert signups.waiting_for_turn(bot.store) == 0
    assert len({to for to, _ in server.taken}) == len(server.taken) == 26
    # They are asked in their language, and the week they have begins when they are.
    clock.now += timedelta(days=6, hours=23)
    done = press(bot, number_in(bot, server.taken[-1][1]))
    assert done is not None
    assert (done.language, done.feeds) == ("de", ("two",))
    assert subscriber_by_email(bot.store, done.email).standing == Standing.ACTIVE


def test_waiting_for_ones_turn_is_no_reason_to_be_forgotten(bot: App, clock: Clock) -> None:
    bring(bot, "ann")
    clock.now += timedelta(days=30)
    assert bot.tidy() == 0
    assert bot.answer() == 1
    clock.now += timedelta(days=8)
    assert bot.tidy() == 1


def test_who_was_asked_already_or_has_left_is_passed_when_their_turn_comes(
    bot: App, server: ScriptedServer, clock: Clock
) -> None:
    bring(bot, "ann", "ben", "cy")
    limits = replace(SIGN_UP_LIMITS, brought_in=Limit(0, timedelta(minutes=1)))
    assert ask(bot, "one", email="ann@reader.example")
    signups.take_in(bot.store, bot.tokens.pseudonyms, limits, clock())
    leave(bot.store, subscriber_by_email(bot.store, "ben@reader.example").id, clock(), "test")
    bot.erase(subscriber_by_email(bot.store, "cy@reader.example").id)
    assert bot.answer() == 1
    assert (signups.waiting_for_turn(bot.store), [to for to, _ in server.taken]) == (0, ["ann@reader.example"])
    assert rows(bot.store) == [("confirmation", "sent")]
