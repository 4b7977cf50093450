"""What belongs to a reader: their data to take along, and erasing it all by one button."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from bot.errors import UnknownError
from bot.models.deliveries import Digest, DigestSection
from bot.store import votes
from bot.store.tables import METADATA, delivery, erased, run, shown, subscriber, suppression
from bot.subscribe.mydata import as_csv
from bot.subscribe.tables import plain
from bot.subscribe.tokens import Purpose
from tests.builders import NOW
from tests.web.sites import ADA, BEN, TOKENS, Visit

ERASE: dict[str, str | list[str]] = {"erase": "all"}


def link(visit: Visit, page: str, email: str = ADA) -> str:
    return f"{visit.link(Purpose.PREFERENCES, email)}/{page}"


def live(visit: Visit) -> None:
    """Let Ada have had a digest, have voted, and have a name that a spreadsheet would run."""
    ada = visit.person(ADA).id
    with visit.store.writing() as connection:
        run_id = connection.execute(insert(run).values(planned_at=NOW, chosen=1).returning(run.c.id)).scalar_one()
        row = {"run_id": run_id, "subscriber_id": ada, "occasion": NOW, "window_start": NOW, "window_end": NOW}
        row |= {"content": Digest((DigestSection(1, (1, 2)),)).frozen(), "state": "sent", "due_at": NOW}
        connection.execute(insert(delivery).values(row | {"expires_at": NOW + timedelta(days=7)}))
        connection.execute(insert(shown).values(subscriber_id=ada, paper_id=1))
        connection.execute(insert(suppression).values(email_key=ADA, reason="bounce", detail="550 no", at=NOW))
        connection.execute(update(subscriber).where(subscriber.c.id == ada).values(name='=cmd|"calc"!A1'))
    votes.cast(visit.store, ada, 1, liked=True, now=NOW)


def test_all_that_is_stored_is_in_the_file_and_nothing_of_anybody_else(visit: Visit) -> None:
    live(visit)
    answer = visit.get(link(visit, "data.json"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    told = answer.json()
    assert told["format"] == "concept-digest/my-data/1"
    assert told["made_at"] == "2026-11-23T09:30:00Z"
    (person,) = told["subscriber"]
    assert (person["email"], person["timezone"], person["learns"]) == (ADA, "Europe/Berlin", True)
    assert [one["feed"] for one in told["subscriptions"]] == ["microbicides", "blastomycosis"]
    assert [one["what"] for one in told["evidence"]] == ["imported"]
    assert [one["liked"] for one in told["votes"]] == [True]
    assert told["shown"][0].keys() == {"paper", "url"}
    assert [(one["state"], one["papers"]) for one in told["deliveries"]] == [("sent", {"microbicides": 2})]
    assert [one["reason"] for one in told["suppressions"]] == ["bounce"]
    assert (told["letters"], told["sign_ups"]) == ([], [])
    assert [one["name"] for one in told["imports"]] == ["roster.csv"]
    assert BEN not in answer.text


def test_every_table_that_is_about_a_person_is_told_of(visit: Visit) -> None:
    about = {
        table.name
        for table in METADATA.tables.values()
        if {"subscriber_id", "email_key"} & set(table.columns.keys()) and table.name != "subscriber"
    }
    # By what they are called in the file.
    told = {
        "subscription": "subscriptions",
        "evidence": "evidence",
        "vote": "votes",
        "bounce": "bounces",
        "shown": "shown",
        "delivery": "deliveries",
        "letter": "letters",
        "sign_up": "sign_ups",
        "suppression": "suppressions",
        "roster_change": "imports",
    }
    assert about == set(told)
    assert set(told.values()) <= set(visit.get(link(visit, "data.json")).json())


def test_the_csv_says_the_same_and_no_spreadsheet_runs_it(visit: Visit) -> None:
    live(visit)
    rows = list(csv.reader(io.StringIO(visit.get(link(visit, "data.csv")).text)))
    assert rows[0] == ["table", "row", "field", "value"]
    assert all(len(row) == 4 for row in rows)
    assert not [row for row in rows if row[3][:1] in set("=+-@\t\r")]
    by_field = {(table, field): value for table, _, field, value in rows[1:]}
    assert plain(by_field["subscriber", "name"]) == '=cmd|"calc"!A1'
    assert by_field["evidence", "at"] == "2026-11-23T09:30:00Z"
    assert by_field["subscriber", "paused_until"] == ""
    assert as_csv({}, NOW).splitlines()[1] == "file,1,format,concept-digest/my-data/1"


def test_looking_changes_nothing_and_one_button_erases(visit: Visit) -> None:
    live(visit)
    for number in range(200):
        page = visit.client.request(("GET", "HEAD")[number % 2], link(visit, "erase"))
        assert page.status_code == 200
    for fields in ({}, {"erase": ""}, {"erase": "yes"}, {"save": "yes"}):
        missed = visit.post(link(visit, "erase"), dict(fields))
        assert missed.status_code == 400
        assert "Nothing has changed yet" in missed.text
    assert visit.person(ADA).email == ADA
    opened = link(visit, "erase")
    done = visit.post(opened, ERASE)
    assert done.status_code == 200
    assert "You are erased</h1>" in done.text
    with pytest.raises(UnknownError):
        visit.person(ADA)
    with visit.store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(erased)).scalar() == 1
        assert connection.execute(select(delivery.c.subscriber_id)).scalars().all() == [None]
    forged = visit.get("/preferences/nonsense").text
    for answer in (visit.get(opened), visit.post(opened, ERASE), visit.get(opened.replace("erase", "data.json"))):
        assert (answer.status_code, answer.text) == (404, forged)
    assert visit.person(BEN).email == BEN


def test_tokens_for_anything_else_open_no_data(quick: Visit) -> None:
    ada = quick.person(ADA).id
    right = TOKENS.make(Purpose.PREFERENCES, ada)
    wrong = [TOKENS.make(purpose, ada) for purpose in Purpose if purpose is not Purpose.PREFERENCES]
    wrong += [right[:-1] + ("A" if right[-1] != "A" else "B"), f"{quick.person(BEN).id}{right[right.index('.') :]}"]
    answers = [
        quick.client.request(method, f"/preferences/{token}/{page}", data=ERASE if method == "POST" else None)
        for token in wrong
        for method, page in (("GET", "data.json"), ("GET", "data.csv"), ("GET", "erase"), ("POST", "erase"))
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
