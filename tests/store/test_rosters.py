"""Rosters in the database: what becomes of each row, and taking an import back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, insert, select

from bot.errors import BotError, UnknownError
from bot.models.rosters import PARTS, Fate, RosterRow
from bot.models.subscribers import Wish
from bot.models.suppressions import SuppressionReason
from bot.store import choosing, feeds, imports, rosters, subscribers
from bot.store.engine import Store
from bot.store.erasing import erase
from bot.store.leaving import leave
from bot.store.tables import evidence, letter, roster_change, sign_up, subscriber, suppression
from tests.builders import NOW, catalogue_feed

MORNING, EVENING = Wish("weekly", 0, 7, "UTC"), Wish("daily", 0, 18, "Europe/Berlin")
DUE = {MORNING: NOW + timedelta(days=7), EVENING: NOW + timedelta(hours=8)}
ANN, BEN, CY = "ann@reader.example", "ben@reader.example", "cy@reader.example"


def pseudonyms(email_key: str) -> Sequence[str]:
    return [f"new {email_key}", f"old {email_key}"]


def due(wish: Wish) -> datetime:
    return DUE.get(wish, NOW + timedelta(days=1))


@pytest.fixture
def roster(store: Store) -> Store:
    feeds.apply_catalogue(store, [catalogue_feed(slug) for slug in ("one", "two", "three")], NOW)
    return store


def row(line: int, email: str, *slugs: str, **more: object) -> RosterRow:
    return RosterRow(line, email, email, feeds=slugs or None, **more)  # type: ignore[arg-type]  # each test names its own


def bring(store: Store, rows: Sequence[RosterRow], **choices: object) -> rosters.Imported:
    values: dict[str, object] = {
        "import_id": choices.pop("import_id", None) or rosters.begin_import(store, "people.csv", NOW),
        "how": "people.csv",
        "defaults": rosters.Defaults(MORNING, "en"),
        "next_due": due,
        "now": NOW,
        "pseudonyms": pseudonyms,
    }
    return rosters.import_rows(store, rows, **(values | choices))  # type: ignore[arg-type]  # as above


def steps(store: Store, email: str) -> list[tuple[str, str]]:
    query = select(evidence.c.what, evidence.c.how).join(subscriber).where(subscriber.c.email == email)
    with store.reading() as connection:
        return [(one.what, one.how) for one in connection.execute(query.order_by(evidence.c.id))]


def fates(done: rosters.Imported) -> dict[int, Fate]:
    return {problem.line: problem.fate for problem in done.problems}


def test_newcomers_are_active_with_what_the_file_says(roster: Store) -> None:
    done = bring(roster, [row(2, BEN, "two", "one", wish=EVENING, max_papers=5, language="de"), row(3, ANN)])
    assert (done.added, done.problems) == (2, [])
    ben = subscribers.subscriber_by_email(roster, BEN)
    assert (ben.feeds, ben.wish, ben.max_papers, ben.language) == (("two", "one"), EVENING, 5, "de")
    assert (ben.standing, ben.next_due) == ("active", DUE[EVENING])
    ann = subscribers.subscriber_by_email(roster, ANN)
    assert (ann.feeds, ann.wish, ann.max_papers, ann.language, ann.next_due) == ((), MORNING, 12, "en", DUE[MORNING])
    assert steps(roster, ANN) == [("imported", "people.csv")]


def test_ids_go_on_after_people_who_are_gone(roster: Store) -> None:
    bring(roster, [row(2, ANN), row(3, BEN)])
    last = subscribers.subscriber_by_email(roster, BEN).id
    erase(roster, last, pseudonyms, NOW)
    bring(roster, [row(2, CY)])
    assert subscribers.subscriber_by_email(roster, CY).id > last


def test_nobody_comes_back_and_every_row_is_told(roster: Store) -> None:
    bring(roster, [row(2, ANN), row(3, BEN), row(4, CY, "one")])
    leave(roster, subscribers.subscriber_by_email(roster, ANN).id, NOW, "test")
    erase(roster, subscribers.subscriber_by_email(roster, BEN).id, pseudonyms, NOW)
    with roster.writing() as connection:
        values = {"email_key": "dee@reader.example", "reason": SuppressionReason.BOUNCE, "at": NOW}
        connection.execute(insert(suppression).values(**values))
    file = [
        row(2, ANN, "two"),
        row(3, BEN, "two"),
        row(4, "dee@reader.example", "two"),
        row(5, CY, "one"),
        row(6, CY, "two"),
        row(7, "eve@reader.example", "two"),
    ]
    expected = {2: Fate.LEFT, 3: Fate.ERASED, 4: Fate.SUPPRESSED, 6: Fate.DUPLICATE}
    for update in (False, True):
        dry = bring(roster, file, dry_run=True, update=update)
        assert fates(dry) == expected
        assert [one.line for one in dry.fresh] == [7]
        assert [one.line for one in dry.unchanged] == [5]
    done = bring(roster, file, update=True)
    assert (fates(done), done.added) == (expected, 1)
    assert subscribers.standings(roster) == {"pending": 0, "active": 2, "paused": 0, "left": 1}


def test_who_is_here_keeps_what_they_have_unless_asked_for(roster: Store) -> None:
    bring(roster, [row(2, ANN, "one", name="Ann", wish=MORNING)])
    file = [row(2, ANN, "two", "one", name="Anna", wish=EVENING)]
    kept = bring(roster, file)
    words = (
        "name: Ann -> Anna; cadence: weekly -> daily; hour: 7 -> 18; timezone: UTC -> Europe/Berlin; "
        "feeds: one -> two, one"
    )
    assert [one.problem for one in kept.problems] == [f"is a subscriber already and keeps what they have: {words}"]
    assert subscribers.subscriber_by_email(roster, ANN).feeds == ("one",)
    dry = bring(roster, file, update=True, dry_run=True)
    assert [one.words() for one in dry.changes] == [words]
    assert subscribers.subscriber_by_email(roster, ANN).name == "Ann"
    bring(roster, file, update=True)
    ann = subscribers.subscriber_by_email(roster, ANN)
    assert (ann.name, ann.feeds, ann.wish, ann.next_due) == ("Anna", ("two", "one"), EVENING, DUE[EVENING])


def test_what_a_file_leaves_out_stays(roster: Store) -> None:
    bring(roster, [row(2, ANN, "one", name="Ann", wish=EVENING, max_papers=5)])
    bring(roster, [row(2, ANN, wish=Wish(hour=9), when=("hour",))], update=True)
    ann = subscribers.subscriber_by_email(roster, ANN)
    assert (ann.name, ann.feeds, ann.max_papers) == ("Ann", ("one",), 5)
    assert ann.wish == Wish("daily", 0, 9, "Europe/Berlin")
    assert row(2, ANN).when == PARTS


def test_who_is_paused_gets_other_choices_and_no_digest(roster: Store) -> None:
    bring(roster, [row(2, ANN, "one")])
    choosing.pause(roster, subscribers.subscriber_by_email(roster, ANN).id, NOW, "test")
    bring(roster, [row(2, ANN, wish=EVENING)], update=True)
    ann = subscribers.subscriber_by_email(roster, ANN)
    assert (ann.standing, ann.wish, ann.next_due) == ("paused", EVENING, None)


def test_newcomers_may_be_asked_first(roster: Store) -> None:
    bring(roster, [row(2, ANN, "one", wish=EVENING)], pending=True, wording="Yes, send me digests")
    ann = subscribers.subscriber_by_email(roster, ANN)
    assert (ann.standing, ann.next_due, ann.wish) == ("pending", None, EVENING)
    with roster.reading() as connection:
        asked = connection.execute(select(sign_up.c.subscriber_id, sign_up.c.wording)).all()
    assert asked == [(ann.id, "Yes, send me digests")]
    again = bring(roster, [row(2, ANN, "two")], update=True)
    assert fates(again) == {2: Fate.KEPT}
    assert subscribers.subscriber_by_email(roster, ANN).standing == "pending"


def test_undoing_removes_those_who_did_nothing_and_restores_the_others(roster: Store) -> None:
    bring(roster, [row(2, ANN, "one", "three", name="Ann", wish=MORNING), row(3, BEN, "one")])
    second = rosters.begin_import(roster, "people.csv", NOW + timedelta(hours=1))
    file = [
        row(2, ANN, "two", "three", name="Anna", wish=EVENING),
        row(3, BEN, "two"),
        row(4, CY, "one"),
        row(5, "dee@reader.example", "one"),
    ]
    at = NOW + timedelta(hours=1)
    bring(roster, file, update=True, import_id=second, now=at)
    later = at + timedelta(hours=1)
    ben, dee = (subscribers.subscriber_by_email(roster, who).id for who in (BEN, "dee@reader.example"))
    choosing.pause(roster, ben, later, "test")
    leave(roster, dee, later, "test")
    done = imports.undo(roster, second, due, later)
    assert (done.removed, done.restored, done.stayed) == (1, 1, 2)
    ann = subscribers.subscriber_by_email(roster, ANN)
    assert (ann.name, ann.feeds, ann.wish, ann.next_due) == ("Ann", ("one", "three"), MORNING, DUE[MORNING])
    assert subscribers.subscriber_by_email(roster, BEN).feeds == ("two",)
    assert subscribers.subscriber_by_email(roster, "dee@reader.example").standing == "left"
    with pytest.raises(UnknownError):
        subscribers.subscriber_by_email(roster, CY)
    with pytest.raises(BotError, match="was undone on 2026-11-23"):
        imports.undo(roster, second, due, later)
    with pytest.raises(UnknownError, match="no such import: '99'"):
        imports.undo(roster, 99, due, later)


def test_the_pending_are_removed_by_undoing(roster: Store) -> None:
    import_id = rosters.begin_import(roster, "people.csv", NOW)
    bring(roster, [row(2, ANN, "one")], pending=True, import_id=import_id)
    assert imports.undo(roster, import_id, due, NOW).removed == 1
    with roster.reading() as connection:
        for table in (letter, sign_up, evidence, roster_change):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 0


def test_more_people_than_a_page_are_undone(roster: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "_BATCH", 3)
    first = rosters.begin_import(roster, "people.csv", NOW)
    people = [row(number + 2, f"reader{number}@reader.example", "one") for number in range(10)]
    bring(roster, people, import_id=first)
    second = rosters.begin_import(roster, "people.csv", NOW)
    bring(roster, [row(one.line, one.email, "two") for one in people], update=True, import_id=second)
    assert imports.undo(roster, second, due, NOW).restored == 10
    assert {one.feeds for one in subscribers.subscribers(roster)} == {("one",)}
    listed = {one.id: (one.added, one.changed, one.undone_at) for one in imports.imports(roster)}
    assert listed == {first: (10, 0, None), second: (0, 10, NOW)}


def test_an_import_of_whom_others_changed_is_not_restored(roster: Store) -> None:
    bring(roster, [row(2, ANN, "one")])
    second, third = (rosters.begin_import(roster, "people.csv", NOW) for _ in range(2))
    bring(roster, [row(2, ANN, "two")], update=True, import_id=second)
    bring(roster, [row(2, ANN, "three")], update=True, import_id=third)
    assert imports.undo(roster, second, due, NOW).stayed == 1
    assert subscribers.subscriber_by_email(roster, ANN).feeds == ("three",)
    assert imports.undo(roster, third, due, NOW).restored == 1
    assert subscribers.subscriber_by_email(roster, ANN).feeds == ("two",)
