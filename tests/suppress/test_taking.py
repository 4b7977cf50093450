"""What follows from bounces and complaints, on both databases: once, and for the right address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from bot.errors import StoreError
from bot.models.deliveries import State
from bot.store import erasing, outbox, runs, settling
from bot.store.bounces import bounces_of_run
from bot.store.engine import Store
from bot.store.suppressions import add_suppression, suppressions, why
from bot.store.tables import bounce, delivery, letter, subscriber, suppression
from bot.suppress.mailboxes import Unread
from bot.suppress.maildir import Maildir
from bot.suppress.taking import BouncesReport, take_all
from tests.deliver.rows import NOW, change, column, fill, states
from tests.suppress.reports import TOKENS, arf, bounced, dsn, reply

DAY = timedelta(days=1)
SECRET = "0123456789abcdef" * 2


class Pile:
    """Mails in memory, as a mailbox gives them."""

    name = "pile"

    def __init__(self, *mails: bytes) -> None:
        self._mails = [Unread(str(number), mail) for number, mail in enumerate(mails)]
        self.marked: list[str] = []

    def unread(self) -> Iterator[Unread]:
        yield from self._mails

    def count(self) -> int:
        return len(self._mails)

    def mark(self, mail: Unread) -> None:
        self.marked.append(mail.name)

    def close(self) -> None:
        """Nothing."""


def take(store: Store, *mails: bytes, at: datetime = NOW) -> dict[str, int]:
    """What mails are counted as, and `suppressed` and `left`, all that are not 0."""
    return nonzero(take_all(store, Pile(*mails), TOKENS, lambda: at))


def nonzero(report: BouncesReport) -> dict[str, int]:
    return {name: count for name, count in report.as_json().items() if count and name not in {"read", "problems"}}


def sent(store: Store, count: int) -> list[int]:
    """Deliveries of one run, to as many subscribers, that the mail server has taken over."""
    ids = fill(store, count)
    for number, delivery_id in enumerate(ids):
        name = f"<{delivery_id}.{SECRET}@papers.example.org>"
        change(store, number, state="sent", settled_at=NOW - DAY, message_id=name)
    runs.close_runs(store, NOW)
    return ids


def closed(store: Store) -> list[tuple[str, str, str]]:
    with store.reading() as connection:
        rows = connection.execute(select(suppression).order_by(suppression.c.id)).all()
    return [(row.email_key, row.reason, row.detail) for row in rows]


def more(store: Store, first: int, days: float) -> int:
    """One more digest for the subscriber of a delivery, sent so many days after `NOW`."""
    with store.writing() as connection:
        row = dict(connection.execute(select(delivery).where(delivery.c.id == first)).mappings().one())
        del row["id"]
        at = NOW + timedelta(days=days)
        values = row | {"occasion": at, "settled_at": at, "state": "sent"}
        number: int = connection.execute(insert(delivery).values(values).returning(delivery.c.id)).scalar_one()
    return number


def test_one_address_that_is_gone_is_closed_with_its_evidence_and_the_account_stays(store: Store) -> None:
    first, second = sent(store, 2)
    # The text names another subscriber; the token decides.
    mail = bounced(second, final="rfc822; reader1@reader.example", original="rfc822; reader1@reader.example")
    assert take(store, mail) == {"gone": 1, "suppressed": 1}
    detail = f"delivery {second}: 5.1.1 smtp; 550 5.1.1 <zoe@reader.example>: no such user"
    assert closed(store) == [("reader2@reader.example", "bounce", detail)]
    assert states(store) == ["sent", "sent"]
    run_id = runs.runs(store, 1)[0].id
    record = runs.run_by_id(store, run_id)
    assert (record.adds_up, record.closed_at, record.counts) == (True, NOW, {State.SENT: 2})
    assert bounces_of_run(store, run_id) == {"gone": 1}
    told = why(store, "reader2@reader.example", TOKENS.pseudonyms)
    assert told.suppressed
    (came,) = told.bounces
    assert (came.kind, came.status, came.at, came.delivery_id, came.run_id, came.sent_at) == (
        "gone",
        "5.1.1",
        NOW,
        second,
        run_id,
        NOW - DAY,
    )
    assert not why(store, "reader1@reader.example", TOKENS.pseudonyms).suppressed
    assert first != second


def test_the_same_report_is_taken_once_from_wherever_it_comes(store: Store) -> None:
    (number,) = sent(store, 1)
    mail = bounced(number)
    assert take(store, mail, mail.replace(b"\n", b"\r\n")) == {"gone": 1, "suppressed": 1, "repeated": 1}
    assert take(store, mail) == {"repeated": 1}
    # Another report on the same mail is news, and closes nothing that is closed.
    assert take(store, bounced(number, message_id="<dsn-2@mx.reader.example>")) == {"gone": 1}
    assert len(closed(store)) == 1


def test_a_crash_between_taking_and_marking_changes_nothing_twice(store: Store, tmp_path: Path) -> None:
    (number,) = sent(store, 1)
    for part in ("new", "cur"):
        (tmp_path / part).mkdir()
    (tmp_path / "new" / "1").write_bytes(bounced(number))

    class Crashing(Maildir):
        def mark(self, mail: Unread) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_all(store, Crashing(tmp_path), TOKENS, lambda: NOW)
    assert len(closed(store)) == 1
    assert nonzero(take_all(store, Maildir(tmp_path), TOKENS, lambda: NOW)) == {"repeated": 1}
    assert len(closed(store)) == 1
    assert [path.name for path in (tmp_path / "cur").iterdir()] == ["1:2,S"]


def test_what_cannot_be_stored_is_not_marked(sqlite_store: Store) -> None:
    (number,) = sent(sqlite_store, 1)
    pile = Pile(bounced(number), bounced(number))

    def clock() -> datetime:
        raise StoreError("database", "gone")

    with pytest.raises(StoreError):
        take_all(sqlite_store, pile, TOKENS, clock)
    assert pile.marked == []


def test_tokens_that_are_forged_or_of_another_purpose_are_refused_and_names_are_not_looked_at(store: Store) -> None:
    (number,) = sent(store, 1)
    good = TOKENS.make_bounce(number)
    forged = [good[:-1] + ("0" if good[-1] != "0" else "1"), TOKENS.make("unsubscribe", 1), f"l{good}"]
    mails = [
        dsn(f"bounce+{token}@papers.example.org", envelope_id=f"{number}.{SECRET}@papers.example.org")
        for token in forged
    ]
    assert take(store, *mails) == {"forged": 3}
    assert closed(store) == []


def test_without_a_token_the_envelope_id_leads_to_the_mail_if_all_of_it_is_right(store: Store) -> None:
    first, second = sent(store, 2)
    wrong = f"{first}.{SECRET[::-1]}@papers.example.org"
    assert take(store, dsn(), dsn(envelope_id=wrong), dsn(envelope_id="99999.x@y")) == {"unknown": 3}
    assert take(store, dsn(envelope_id=f"{first}.{SECRET}@Papers.Example.ORG")) == {"gone": 1, "suppressed": 1}
    quoted = f"Message-ID: <{second}.{SECRET}@papers.example.org>\n"
    assert take(store, dsn(quoted=quoted)) == {"gone": 1, "suppressed": 1}


def test_message_ids_that_are_given_lead_back(store: Store) -> None:
    (number,) = fill(store, 1)
    (taken,) = outbox.claim(store, NOW, DAY, domain="papers.example.org")
    assert settling.hand_over(store, taken, NOW, DAY)
    envelope_id = taken.message_id.strip("<>")
    assert take(store, dsn(envelope_id=envelope_id)) == {"gone": 1, "suppressed": 1}
    assert envelope_id.startswith(f"{number}.")


@pytest.mark.parametrize(
    ("changes", "counted"),
    [
        ({"status": "5.7.1", "diagnostic": "smtp; 550 5.7.1 policy"}, "refused"),
        ({"status": "5.3.4", "diagnostic": "smtp; 552 5.3.4 too big"}, "refused"),
        ({"status": "4.2.2", "diagnostic": "smtp; 452 4.2.2 full"}, "soft"),
        ({"action": "delayed", "status": "4.4.1"}, "delayed"),
        ({"action": "relayed", "status": "2.0.0"}, "delivered"),
    ],
)
def test_what_is_not_the_addresss_fault_closes_nothing(store: Store, changes: dict[str, str], counted: str) -> None:
    (number,) = sent(store, 1)
    assert take(store, bounced(number, **changes)) == {counted: 1}
    assert closed(store) == []


def test_a_mailbox_that_stays_full_is_closed_after_some_digests(store: Store) -> None:
    first = sent(store, 1)[0]
    numbers = [first, *(more(store, first, days) for days in (7, 14, 21, 28))]

    def full(number: int) -> bytes:
        return bounced(number, status="4.2.2", diagnostic="smtp; 452 4.2.2 full", message_id=f"<{number}@mx>")

    # In any order; two reports on one digest count once, and the last one has not come back yet.
    assert take(store, full(numbers[2]), full(numbers[0]), full(numbers[3])) == {"soft": 3}
    assert take(store, full(numbers[2]).replace(b"@mx>", b"@mx2>")) == {"soft": 1}
    assert closed(store) == []
    assert take(store, full(numbers[1])) == {"soft": 1, "suppressed": 1}
    ((_, reason, detail),) = closed(store)
    assert (reason, detail) == (
        "bounce",
        f"delivery {numbers[1]}: at least 4 digests in a row came back; the last: 4.2.2 smtp; 452 4.2.2 full",
    )


def test_a_digest_that_arrived_starts_the_count_anew(store: Store) -> None:
    first = sent(store, 1)[0]
    numbers = [first, *(more(store, first, days) for days in (7, 14, 21, 28, 35))]
    mails = [bounced(n, status="4.2.2", message_id=f"<{n}@mx>") for n in numbers if n != numbers[2]]
    assert take(store, *mails) == {"soft": 5}
    assert closed(store) == []


def test_a_complaint_closes_the_address_by_token_by_name_or_by_the_link_to_leave(store: Store) -> None:
    first, second, _ = sent(store, 3)
    who = column_of_subscribers(store)
    link = f"List-Unsubscribe: <https://papers.example.org/unsubscribe/{TOKENS.make('unsubscribe', who[2])}>\n"
    mails = [
        arf(f"Return-Path: <bounce+{TOKENS.make_bounce(first)}@papers.example.org>\n"),
        arf(f"Message-ID: <{second}.{SECRET}@papers.example.org>\n"),
        arf(link),
        arf(link.replace("unsubscribe/", "unsubscribe/9")),
        arf(link, kind="not-spam"),
    ]
    assert take(store, *mails) == {"complaints": 3, "suppressed": 3, "forged": 1, "others": 1}
    assert [(key[:7], reason) for key, reason, _ in closed(store)] == [(f"reader{n}", "complaint") for n in (1, 2, 3)]
    assert closed(store)[0][2] == f"delivery {first}: abuse by Provider-FBL/1.0"


def column_of_subscribers(store: Store) -> list[int]:
    with store.reading() as connection:
        return list(connection.execute(select(subscriber.c.id).order_by(subscriber.c.id)).scalars())


def test_letters_come_back_too(store: Store) -> None:
    sent(store, 1)
    who = column_of_subscribers(store)[0]
    row = {"subscriber_id": who, "kind": "confirmation", "created_at": NOW, "due_at": NOW, "state": "sent"}
    with store.writing() as connection:
        number = connection.execute(insert(letter).values(row).returning(letter.c.id)).scalar_one()
    to = f"bounce+{TOKENS.make_letter_bounce(number).upper()}@papers.example.org"
    assert take(store, dsn(to)) == {"gone": 1, "suppressed": 1}
    assert closed(store)[0][2].startswith("letter: 5.1.1")


def test_replies_change_nothing_and_those_of_people_stay_unread(store: Store) -> None:
    (number,) = sent(store, 1)
    to = f"bounce+{TOKENS.make_bounce(number)}@papers.example.org"
    pile = Pile(
        reply(to=to),
        reply("Auto-Submitted: auto-replied\n", to),
        reply(to=to).replace(b"<zoe@reader.example>", b"<>"),
        dsn(to).replace(b"message/delivery-status", b"text/plain"),
    )
    report = take_all(store, pile, TOKENS, lambda: NOW)
    assert nonzero(report) == {"replies": 3, "broken": 1, "left": 2}
    assert report.problems == (("3", "says that it is a report, and has none that can be read"),)
    assert pile.marked == ["1", "2"]
    with store.reading() as connection:
        assert connection.execute(select(bounce)).all() == []


def test_whoever_asks_by_mail_to_leave_has_left_and_nobody_else(store: Store) -> None:
    sent(store, 3)
    who = column_of_subscribers(store)
    leaving = [TOKENS.make(purpose, one) for purpose, one in (("unsubscribe", who[0]), ("preferences", who[1]))]
    mails = [reply().replace(b"Re: papers", b"Unsubscribe\n " + token.encode()) for token in leaving]
    quoted = reply().replace(b"Re: papers", f"Re: unsubscribe {TOKENS.make('unsubscribe', who[2])}".encode())
    holiday = reply("Auto-Submitted: auto-replied\n").replace(b"Re: papers", f"unsubscribe {leaving[0]}".encode())
    pile = Pile(*mails, quoted, holiday)
    report = take_all(store, pile, TOKENS, lambda: NOW)
    assert nonzero(report) == {"unsubscribed": 1, "replies": 3, "left": 2}
    # What cannot be read is somebody's wish, and stays for a person.
    assert pile.marked == ["0", "3"]
    with store.reading() as connection:
        standings = connection.execute(select(subscriber.c.standing).order_by(subscriber.c.id)).scalars().all()
    assert standings == ["left", "active", "active"]
    assert take(store, mails[0]) == {"repeated": 1}


def test_what_came_back_goes_with_the_person_and_is_unknown_after(store: Store) -> None:
    (number,) = sent(store, 1)
    take(store, bounced(number))
    assert erasing.erase(store, column_of_subscribers(store)[0], TOKENS.pseudonyms, NOW)
    assert take(store, bounced(number)) == {"unknown": 1}
    assert take(store, arf(f"Return-Path: <bounce+{TOKENS.make_bounce(number)}@x>\n")) == {"unknown": 1}
    told = why(store, "reader1@reader.example", TOKENS.pseudonyms)
    assert (told.suppressed, told.suppressions, told.bounces, told.erased) == (True, (), (), "bounce")


def test_whoever_is_closed_meanwhile_gets_nothing_that_waits(store: Store) -> None:
    first = sent(store, 1)[0]
    waiting = more(store, first, 7)
    change(store, 1, state="queued", due_at=NOW, message_id="", expires_at=NOW + DAY * 9, settled_at=None)
    (taken,) = outbox.claim(store, NOW, DAY, domain="papers.example.org")
    assert (taken.delivery_id, taken.suppressed) == (waiting, False)
    take(store, bounced(first))
    assert settling.hand_over(store, taken, NOW, DAY) is None
    assert column(store, "state")[1] == "claimed"


def test_it_ends_between_two_mails_when_it_is_told_to(store: Store) -> None:
    ids = sent(store, 2)
    pile = Pile(*(bounced(number) for number in ids))
    report = take_all(store, pile, TOKENS, lambda: NOW, lambda: bool(pile.marked))
    assert (report.read, pile.marked) == (1, ["0"])


def test_an_admin_closes_an_address_once(store: Store) -> None:
    assert add_suppression(store, "x@reader.example", "asked by telephone", NOW)
    assert not add_suppression(store, "x@reader.example", "again", NOW)
    counts, found = suppressions(store, limit=5)
    assert counts == {"admin": 1}
    assert [(one.email_key, one.detail, one.at) for one in found] == [("x@reader.example", "asked by telephone", NOW)]
    assert suppressions(store, limit=5, reason="bounce") == ({}, [])
