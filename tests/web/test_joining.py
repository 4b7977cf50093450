"""Signing up: the same answer for everybody, within limits, and against programs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count

import httpx
import pytest
from sqlalchemy import Engine, event, func, insert, select

from bot.models.signups import SIGN_UP_LIMITS, Limit, SignUpLimits
from bot.store.engine import Store
from bot.store.leaving import leave
from bot.store.signups import take_in
from bot.store.tables import METADATA, sign_up, suppression
from bot.subscribe.tokens import Purpose
from tests.builders import NOW
from tests.web.sites import ADA, BEN, TOKENS, Visit, fill, settings, visiting

FORM: dict[str, str | list[str]] = {
    "email": "new@example.org",
    "feed[]": ["microbicides"],
    "language": "de",
    "timezone": "Europe/Berlin",
    "sign-up": "yes",
}


def kept(store: Store) -> list[dict[str, object]]:
    with store.reading() as connection:
        return [dict(row._mapping) for row in connection.execute(select(sign_up).order_by(sign_up.c.id))]


def test_a_sign_up_is_written_down_with_what_was_agreed_to_and_from_where(visit: Visit) -> None:
    page = visit.client.post("/sign-up", data=FORM, headers={"x-forwarded-for": "6.6.6.6, 192.0.2.77"})
    assert page.status_code == 200
    assert "Look into your mailbox" in page.text
    assert "new@example.org" in page.text
    (row,) = kept(visit.store)
    assert (row["email"], row["feeds"], row["language"], row["timezone"]) == (
        "new@example.org",
        ["microbicides"],
        "de",
        "Europe/Berlin",
    )
    assert row["network"] == "192.0.2.0/24"
    assert str(row["wording"]).startswith("Send me new papers of these feeds by mail")
    assert row["expires_at"] == NOW + timedelta(days=7)
    assert str(row["wording"]) in visit.get("/sign-up").text


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of databases meanwhile, without the values."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement.lower())

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_nobody_can_tell_from_the_answer_who_is_known(visit: Visit) -> None:
    with visit.store.writing() as connection:
        connection.execute(insert(suppression).values(email_key="gone@example.org", reason="bounce", detail="", at=NOW))
    leave(visit.store, visit.person(BEN).id, NOW, "test")
    answers, work = [], []
    # The first visit is one more, since it opens connections.
    for email in (ADA, ADA, BEN, "gone@example.org", *["unknown@example.org"] * 2, "other@example.org"):
        with statements() as asked:
            answer = visit.post("/sign-up", FORM | {"email": email})
        work.append(asked)
        answers.append((answer.status_code, dict(answer.headers) | {"date": ""}, answer.text.replace(email, "EMAIL")))
    for _, headers, _ in answers:
        headers.pop("content-length", None)
    assert all(answer == answers[0] for answer in answers)
    # And the same work: the same statements, one row each, and nothing else of anybody.
    assert all(asked == work[1] for asked in work[1:])
    assert any("insert into sign_up" in statement for statement in work[1])
    assert len(kept(visit.store)) == 7
    assert all(row["subscriber_id"] is None for row in kept(visit.store))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"email": ""}, "Write the address"),
        ({"email": "nobody"}, "No mail can go to this address"),
        ({"email": "Doe, John <evil@example.org>"}, "No mail can go to this address"),
        ({"email": "a@example.org\r\nBcc: b@example.org"}, "No mail can go to this address"),
        ({"email": "a@example.org, b@example.org"}, "No mail can go to this address"),
        ({"feed[]": []}, "Choose at least one feed"),
        ({"feed[]": ["no-such-feed"]}, "no longer offered"),
        ({"sign-up": ""}, "Please use the button below"),
    ],
)
def test_what_cannot_be_taken_comes_back_filled_in(
    quick: Visit, change: dict[str, str | list[str]], words: str
) -> None:
    answer = quick.post("/sign-up", FORM | change)
    assert answer.status_code == 400
    assert words in answer.text
    assert 'value="de" lang="de" selected' in answer.text
    assert kept(quick.store) == []


def test_names_and_zones_are_cleaned_not_refused(visit: Visit) -> None:
    visit.post("/sign-up", FORM | {"name": "Eve\r\nBcc: x\u202e" + "y" * 400, "timezone": "Mars/Olympus"})
    (row,) = kept(visit.store)
    assert row["timezone"] == "UTC"
    assert len(str(row["name"])) <= 64
    assert not set("\r\n\u202e") & set(str(row["name"]))


def test_a_program_that_fills_in_everything_is_told_nothing(quick: Visit) -> None:
    answer = quick.post("/sign-up", FORM | {"website": "https://buy.example"})
    assert (answer.status_code, "Look into your mailbox" in answer.text) == (200, True)
    assert kept(quick.store) == []


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, False),
        ({"origin": "http://127.0.0.1:8000"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8000"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"origin": "https://evil.example"}, True),
        ({"origin": "null"}, True),
    ],
)
def test_forms_of_other_sites_change_nothing(visit: Visit, headers: dict[str, str], foreign: bool) -> None:
    answer = visit.client.post("/sign-up", data=FORM, headers=headers)
    # Somebody who was handed over is shown the form, filled in.
    assert answer.status_code == 200
    assert ("Another site brought you here" in answer.text) is foreign
    assert ('value="new@example.org"' in answer.text) is foreign
    assert len(kept(visit.store)) == (0 if foreign else 1)
    for purpose, field in (("preferences", "save"), ("pause", "digests"), ("unsubscribe", "leave")):
        link = visit.link(Purpose(purpose), ADA)
        value = {"save": "no", "digests": "pause", "leave": "all"}[field]
        answered = visit.client.post(link, data={field: value}, headers=headers)
        assert (answered.status_code == 403) is foreign
    one_click = visit.client.post(
        visit.link(Purpose.UNSUBSCRIBE, BEN), data={"List-Unsubscribe": "One-Click"}, headers=headers
    )
    assert (one_click.status_code, visit.person(BEN).standing) == (200, "left")


@pytest.fixture
def narrow(store: Store) -> Iterator[Visit]:
    """A site that takes two sign-ups an hour from a network, and three in all."""
    fill(store)
    hour = timedelta(hours=1)
    yield from visiting(store, settings(), SignUpLimits(network=Limit(2, hour), all=Limit(3, hour)))


def test_there_are_limits_by_network_and_in_all(narrow: Visit) -> None:
    def from_(address: str) -> httpx.Response:
        return narrow.client.post("/sign-up", data=FORM, headers={"x-forwarded-for": address})

    statuses = [from_(f"192.0.2.{number}").status_code for number in range(4)]
    assert statuses == [200, 200, 429, 429]
    assert from_("2001:db8:1:2::3").status_code == 200
    refused = from_("2001:db8:2::3")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "3600"
    assert "Too many at once" in refused.text
    assert len(kept(narrow.store)) == 3


@pytest.fixture
def working(store: Store) -> Iterator[Visit]:
    """A site that asks for a little work."""
    fill(store)
    yield from visiting(store, settings(proof_of_work=8))


def test_work_is_asked_for_where_the_settings_say_so(working: Visit) -> None:
    page = working.get("/sign-up")
    assert 'data-bits="8"' in page.text
    stamp = page.text.partition('data-stamp="')[2].partition('"')[0]
    refused = working.post("/sign-up", FORM | {"stamp": stamp, "nonce": ""})
    assert refused.status_code == 400
    assert "JavaScript is on" in refused.text
    nonce = next(
        n for n in count() if hashlib.sha256(f"{stamp} new@example.org {n}".encode()).digest().startswith(b"\0")
    )
    done = FORM | {"stamp": stamp, "nonce": str(nonce)}
    assert working.post("/sign-up", done | {"email": "other@example.org"}).status_code == 400
    assert working.post("/sign-up", done).status_code == 200
    assert len(kept(working.store)) == 1


def test_only_pages_with_the_form_may_run_our_script(quick: Visit) -> None:
    assert "script-src 'self'" in quick.get("/sign-up").headers["content-security-policy"]
    assert "script-src" not in quick.get("/").headers["content-security-policy"] or "/sign-up.js" in quick.get("/").text
    script = quick.get("/sign-up.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "no-store" not in script.headers["cache-control"]


def dump(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.reading() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in METADATA.tables.items()
        }


def test_a_thousand_looks_at_everything_change_no_table(visit: Visit) -> None:
    visit.post("/sign-up", FORM)
    take_in(visit.store, TOKENS.pseudonyms, SIGN_UP_LIMITS, NOW)
    with visit.store.reading() as connection:
        number = connection.execute(select(func.max(sign_up.c.id))).scalar_one()
    links = [
        f"/confirm/{TOKENS.make(Purpose.CONFIRM, number)}",
        visit.link(Purpose.UNSUBSCRIBE, ADA),
        visit.link(Purpose.UNSUBSCRIBE, ADA) + "?feed=microbicides",
        visit.link(Purpose.PREFERENCES, ADA),
        visit.link(Purpose.PAUSE, ADA),
        "/sign-up?feed=microbicides",
    ]
    before = dump(visit.store)
    for number in range(1000):
        answer = visit.client.request(("GET", "HEAD")[number % 2], links[number // 2 % len(links)])
        assert answer.status_code == 200
    assert dump(visit.store) == before
