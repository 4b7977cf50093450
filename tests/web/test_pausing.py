"""Pausing by link and button: links change nothing, one button pauses, and the next one goes on."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from bot.deliver.retry import refusal
from bot.models.deliveries import Digest, DigestSection, State
from bot.models.subscribers import Standing
from bot.store import outbox, settling
from bot.store.choosing import pause
from bot.store.leaving import leave
from bot.store.tables import delivery, evidence, run, shown, subscriber
from bot.subscribe.tokens import Purpose
from bot.web.guard import loggable_path
from tests.builders import NOW
from tests.web.sites import ADA, ADAS_WISH, BEN, DUE, TOKENS, Visit

Fields = dict[str, str | list[str]]

PAUSE: Fields = {"digests": "pause"}
GO_ON: Fields = {"digests": "go-on"}
#: Of Ada's wish, Tuesday at 7 in Berlin, the next one after `NOW`.
NEXT = datetime(2026, 11, 24, 6, tzinfo=UTC)
PLANNED = Digest((DigestSection(1, (1,)),))


def link(visit: Visit, email: str = ADA) -> str:
    return visit.link(Purpose.PAUSE, email)


def buttons(page: str) -> list[tuple[str, str, str]]:
    return re.findall(r'<button type="submit" name="([^"]*)" value="([^"]*)"[^>]*>([^<]*)</button>', page)


def put(visit: Visit, standing: Standing, email: str = ADA) -> None:
    with visit.store.writing() as connection:
        connection.execute(update(subscriber).where(subscriber.c.email == email).values(standing=standing))


def noted(visit: Visit, email: str = ADA) -> list[tuple[str, str]]:
    query = select(evidence.c.what, evidence.c.how).where(evidence.c.subscriber_id == visit.person(email).id)
    with visit.store.reading() as connection:
        return [(row.what, row.how) for row in connection.execute(query.order_by(evidence.c.id))][1:]


def test_scanner_hits_change_nothing(visit: Visit) -> None:
    for standing in (Standing.ACTIVE, Standing.PAUSED):
        put(visit, standing)
        before = visit.person(ADA)
        for number in range(50):
            assert visit.client.request(("GET", "HEAD")[number % 2], link(visit)).status_code == 200
        assert visit.person(ADA) == before
    assert noted(visit) == []


def test_the_page_shows_the_state_and_one_button(quick: Visit) -> None:
    page = quick.get(link(quick))
    assert page.status_code == 200
    assert "Pause your digests?</h1>" in page.text
    assert buttons(page.text) == [("digests", "pause", "Pause my digests")]
    assert page.text.count("<form") == page.text.count("<button") == 1
    assert "a…@example.org" in page.text
    assert ADA not in page.text
    assert ADA not in link(quick)
    assert "Thursday, 26 November 2026 at 10:30 (Berlin time)" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "noindex" in page.headers["x-robots-tag"]
    assert "set-cookie" not in page.headers


def test_one_button_pauses_the_next_one_goes_on_and_both_as_often_as_asked(visit: Visit) -> None:
    before = visit.person(ADA)
    for _ in range(2):
        done = visit.post(link(visit), PAUSE)
        assert done.status_code == 200
        assert "set-cookie" not in done.headers
        assert "Your digests are paused</h1>" in done.text
        assert "already on its way" in done.text
        assert buttons(done.text) == [("digests", "go-on", "Go on sending")]
        person = visit.person(ADA)
        assert (person.standing, person.next_due) == (Standing.PAUSED, None)
    assert noted(visit) == [("paused", "pause page")]
    # Opened again, the link shows what stands.
    page = visit.get(link(visit)).text
    assert buttons(page) == [("digests", "go-on", "Go on sending")]
    assert "Next digest" not in page

    for _ in range(2):
        done = visit.post(link(visit), GO_ON)
        assert done.status_code == 200
        assert "Your digests go on</h1>" in done.text
        assert "Tuesday, 24 November 2026 at 07:00 (Berlin time)" in done.text
        assert buttons(done.text) == [("digests", "pause", "Pause my digests")]
        person = visit.person(ADA)
        assert (person.standing, person.next_due) == (Standing.ACTIVE, NEXT)
    assert noted(visit) == [("paused", "pause page"), ("resumed", "pause page")]
    assert (person.feeds, person.wish) == (before.feeds, ADAS_WISH)
    assert visit.person(BEN).standing == Standing.ACTIVE


def test_going_on_without_a_pause_leaves_the_next_digest_as_it_is(visit: Visit) -> None:
    assert visit.post(link(visit), GO_ON).status_code == 200
    assert visit.person(ADA).next_due == DUE
    assert noted(visit) == []


@pytest.mark.parametrize("form", ["urlencoded", "multipart", "unlabelled"])
def test_a_post_in_any_form_and_without_cookies_pauses(visit: Visit, form: str) -> None:
    if form == "urlencoded":
        answer = visit.client.post(link(visit), data={"digests": "pause"})
    elif form == "multipart":
        answer = visit.client.post(link(visit), files={"digests": (None, "pause")})
    else:
        answer = visit.client.post(link(visit), content=b"digests=pause")
    assert "cookie" not in answer.request.headers
    assert answer.status_code == 200
    assert visit.person(ADA).standing == Standing.PAUSED


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"digests": ""},
        {"digests": "yes"},
        {"Digests": "pause"},
        {"leave": "all"},
        {"List-Unsubscribe": "One-Click"},
    ],
)
def test_a_post_without_the_button_changes_nothing(quick: Visit, fields: Fields) -> None:
    answer = quick.post(link(quick), fields)
    assert answer.status_code == 400
    assert "Nothing has changed yet" in answer.text
    assert len(buttons(answer.text)) == 1
    assert quick.person(ADA).standing == Standing.ACTIVE


def test_other_methods_change_nothing(quick: Visit) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert quick.client.request(method, link(quick), data=PAUSE).status_code == 405
    assert quick.post(link(quick) + "/", PAUSE).status_code == 404
    assert quick.person(ADA).standing == Standing.ACTIVE


def test_every_wrong_token_gets_one_constant_answer(visit: Visit) -> None:
    ada = visit.person(ADA).id
    right = TOKENS.make(Purpose.PAUSE, ada)
    wrong = [
        *(TOKENS.make(purpose, ada) for purpose in Purpose if purpose is not Purpose.PAUSE),
        TOKENS.make_vote(ada),
        right[:-1] + ("A" if right[-1] != "A" else "B"),
        str(visit.person(BEN).id) + right[right.index(".") :],
        right + "x",
        "nonsense",
        "%00",
        # Ours, but of somebody there is not.
        TOKENS.make(Purpose.PAUSE, 999),
    ]
    answers = [
        visit.client.request(method, f"/pause/{token}", data=PAUSE if method == "POST" else None)
        for token in wrong
        for method in ("GET", "POST")
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert "This link is not valid" in answers[0].text
    assert visit.person(ADA).standing == visit.person(BEN).standing == Standing.ACTIVE
    # And a token to pause opens nothing else.
    for path in ("preferences", "unsubscribe"):
        assert visit.get(f"/{path}/{right}").text == answers[0].text


def test_links_of_somebody_erased_say_no_more_than_forged_ones(visit: Visit) -> None:
    opened = link(visit)
    with visit.store.writing() as connection:
        connection.execute(delete(subscriber).where(subscriber.c.email == ADA))
    forged = visit.get("/pause/nonsense").text
    for answer in (visit.get(opened), visit.post(opened, PAUSE), visit.post(opened, GO_ON)):
        assert (answer.status_code, answer.text) == (404, forged)


@pytest.mark.parametrize("paused", [False, True])
def test_who_has_left_is_told_so_and_does_not_come_back(visit: Visit, paused: bool) -> None:
    if paused:
        visit.post(link(visit), PAUSE)
    leave(visit.store, visit.person(ADA).id, NOW, "test")
    page = visit.get(link(visit))
    assert (page.status_code, buttons(page.text)) == (200, [])
    assert "You are unsubscribed" in page.text
    for fields in (PAUSE, GO_ON):
        answer = visit.post(link(visit), fields)
        assert answer.status_code == 409
        assert "You are unsubscribed" in answer.text
        assert (visit.person(ADA).standing, visit.person(ADA).next_due) == (Standing.LEFT, None)


def test_who_has_not_confirmed_is_told_so_and_is_not_made_active(visit: Visit) -> None:
    put(visit, Standing.PENDING)
    page = visit.get(link(visit))
    assert (page.status_code, buttons(page.text)) == (200, [])
    assert "You have not confirmed your address yet." in page.text
    for fields in (PAUSE, GO_ON, PAUSE):
        answer = visit.post(link(visit), fields)
        assert answer.status_code == 409
        assert "You have not confirmed your address yet." in answer.text
        assert visit.person(ADA).standing == Standing.PENDING
    assert "Pause my digests" not in visit.get(visit.link(Purpose.PREFERENCES, ADA)).text
    assert noted(visit) == []


def test_what_was_planned_is_not_sent_and_may_come_once_digests_go_on(visit: Visit) -> None:
    ada, begin, end = visit.person(ADA).id, NOW - timedelta(days=7), NOW + timedelta(days=7)
    with visit.store.writing() as connection:
        run_id = connection.execute(insert(run).values(planned_at=NOW, chosen=1).returning(run.c.id)).scalar_one()
        row = {"run_id": run_id, "subscriber_id": ada, "occasion": NOW, "window_start": begin, "window_end": NOW}
        row |= {"content": PLANNED.frozen(), "state": State.QUEUED, "due_at": NOW, "expires_at": end}
        connection.execute(insert(delivery).values(row))
        connection.execute(insert(shown).values(subscriber_id=ada, paper_id=1))
        connection.execute(update(subscriber).where(subscriber.c.id == ada).values(covered_until=NOW))
    visit.post(link(visit), PAUSE)
    (taken,) = outbox.claim(visit.store, NOW, timedelta(minutes=5), domain="example.org")
    refused = refusal(taken, NOW)
    assert refused is not None
    assert (refused.state, refused.reason) == (State.SKIPPED, "paused")
    assert settling.settle(visit.store, taken, refused, NOW)
    visit.post(link(visit), GO_ON)
    with visit.store.reading() as connection:
        assert connection.execute(select(shown.c.paper_id)).all() == []
        covered = connection.execute(select(subscriber.c.covered_until).where(subscriber.c.id == ada)).scalar_one()
    # The next window begins where the last digest that was sent had ended.
    assert covered == begin


def test_tokens_are_not_logged(quick: Visit) -> None:
    assert loggable_path(link(quick)) == "/pause/…"
    assert loggable_path("/digest" + link(quick)) == "/digest/pause/…"


def test_a_pause_ends_on_the_day_that_was_chosen_where_the_reader_is(visit: Visit) -> None:
    asked: tuple[tuple[Fields, datetime, str], ...] = (
        ({"until": "1"}, datetime(2026, 11, 29, 23, tzinfo=UTC), "Monday 30 November 2026"),
        ({"until": "4"}, datetime(2026, 12, 20, 23, tzinfo=UTC), "Monday 21 December 2026"),
        ({"until": "open", "day": "2027-03-02"}, datetime(2027, 3, 1, 23, tzinfo=UTC), "Tuesday 2 March 2027"),
        ({"until": "day", "day": "2027-04-01"}, datetime(2027, 3, 31, 22, tzinfo=UTC), "Thursday 1 April 2027"),
    )
    for fields, until, words in asked:
        done = visit.post(link(visit), PAUSE | fields)
        assert done.status_code == 200
        assert f"gets no digests until <b>{words}</b>." in done.text
        person = visit.person(ADA)
        assert (person.standing, person.paused_until, person.next_due) == (Standing.PAUSED, until, until)
    assert "Tuesday, 6 April 2027 at 07:00 (Berlin time)" in visit.get(link(visit)).text
    assert noted(visit)[0] == ("paused", "pause page: until 2026-11-29 23:00 UTC")
    page = visit.get(visit.link(Purpose.PREFERENCES, ADA)).text
    assert "Your digests are paused until Thursday 1 April 2027." in page
    assert visit.post(link(visit), GO_ON).status_code == 200
    assert visit.person(ADA).next_due == NEXT


@pytest.mark.parametrize(
    "fields",
    [
        {"until": "3"},
        {"until": "day"},
        {"until": "day", "day": "2026-11-23"},
        {"until": "day", "day": "2027-11-25"},
        {"until": "day", "day": "2026-02-30"},
        {"until": "day", "day": "<b>"},
    ],
)
def test_a_pause_until_no_day_to_come_is_refused(quick: Visit, fields: Fields) -> None:
    answer = quick.post(link(quick), PAUSE | fields)
    assert answer.status_code == 400
    assert "Choose a day from Tuesday 24 November 2026 to Wednesday 24 November 2027." in answer.text
    assert 'aria-describedby="day-problem"' in answer.text
    assert quick.person(ADA).standing == Standing.ACTIVE


def test_a_pause_whose_end_has_come_is_over_though_nothing_was_planned_since(visit: Visit) -> None:
    pause(visit.store, visit.person(ADA).id, NOW, "test", NOW - timedelta(minutes=1))
    page = visit.get(link(visit)).text
    assert "Pause your digests?</h1>" in page
    assert "Tuesday, 24 November 2026 at 07:00 (Berlin time)" in page
