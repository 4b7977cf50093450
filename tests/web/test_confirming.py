"""The page behind a confirmation's link, leaving one feed, and taking leaving back."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from bot.models.signups import SIGN_UP_LIMITS
from bot.store.signups import take_in
from bot.store.tables import evidence, letter, sign_up, subscriber
from bot.subscribe.tokens import Purpose, Tokens
from tests.builders import NOW
from tests.web.sites import ADA, TOKENS, Visit
from tests.web.test_joining import FORM

NEW = "new@example.org"


@pytest.fixture
def link(visit: Visit) -> str:
    """A confirmation's link, as its mail has it."""
    visit.post("/sign-up", FORM)
    take_in(visit.store, TOKENS.pseudonyms, SIGN_UP_LIMITS, NOW)
    with visit.store.reading() as connection:
        number = connection.execute(select(sign_up.c.id)).scalar_one()
    return f"/confirm/{TOKENS.make(Purpose.CONFIRM, number)}"


def test_one_button_confirms_and_only_once(visit: Visit, link: str) -> None:
    page = visit.get(link)
    assert page.text.count("<button") == 1
    # The language that was chosen for the mails.
    assert '<html lang="de"' in page.text
    assert NEW not in page.text
    assert visit.post(link, {}).status_code == 400
    assert visit.person(NEW).standing == "pending"

    done = visit.post(link, {"confirm": "yes"})
    assert done.status_code == 200
    person = visit.person(NEW)
    assert (person.standing, person.feeds) == ("active", ("microbicides",))
    assert person.next_due is not None
    assert f"/preferences/{TOKENS.make(Purpose.PREFERENCES, person.id)}" in done.text
    with visit.store.reading() as connection:
        proof = connection.execute(select(evidence).where(evidence.c.what == "confirmed")).one()
        kinds = list(connection.execute(select(letter.c.kind).order_by(letter.c.id)).scalars())
    assert (proof.how, proof.network) == ("confirm page", "127.0.0.0/24")
    assert proof.wording in page.text
    assert kinds == ["confirmation", "welcome"]

    replayed = visit.post(link, {"confirm": "yes"})
    assert (replayed.status_code, "/preferences/" in replayed.text) == (200, False)
    assert visit.get(link).text == replayed.text
    assert visit.person(NEW) == person


def test_every_wrong_link_gets_one_constant_answer(visit: Visit, link: str) -> None:
    right = link.rpartition("/")[2]
    person = visit.person(ADA)
    wrong = [
        right[:-1] + ("A" if right[-1] != "A" else "B"),
        TOKENS.make(Purpose.UNSUBSCRIBE, 1),
        TOKENS.make(Purpose.CONFIRM, 999),
        TOKENS.make(Purpose.PREFERENCES, person.id),
        Tokens(["a key that is gone for good"]).make(Purpose.CONFIRM, 1),
        "nonsense",
    ]
    with visit.store.writing() as connection:
        connection.execute(update(sign_up).values(expires_at=NOW))
    answers = [
        visit.client.request(method, f"/confirm/{token}", data={"confirm": "yes"} if method == "POST" else None)
        for token in (*wrong, right)
        for method in ("GET", "POST")
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert visit.person(NEW).standing == "pending"


def test_one_feed_is_dropped_by_the_button_and_the_rest_goes_on(visit: Visit) -> None:
    link = visit.link(Purpose.UNSUBSCRIBE, ADA) + "?feed=blastomycosis"
    page = visit.get(link)
    assert "No more of “Blastomycosis”?" in page.text
    assert visit.person(ADA).feeds == ("microbicides", "blastomycosis")
    done = visit.post(link, {"leave": "feed"})
    assert (done.status_code, "Dropped" in done.text) == (200, True)
    assert (visit.person(ADA).feeds, visit.person(ADA).standing) == (("microbicides",), "active")
    # Once more, and of a feed that there is not: the same page, and nothing more.
    assert "no such feed" in visit.get(visit.link(Purpose.UNSUBSCRIBE, ADA) + "?feed=nope").text
    assert visit.post(link, {"leave": "feed"}).status_code == 200
    assert visit.person(ADA).feeds == ("microbicides",)


def test_leaving_is_undone_by_its_button_and_all_is_as_it_was(visit: Visit) -> None:
    link = visit.link(Purpose.UNSUBSCRIBE, ADA)
    before = visit.person(ADA)
    assert "Undo" in visit.post(link, {"leave": "all"}).text
    assert visit.person(ADA).standing == "left"
    back = visit.post(link, {"stay": "yes"})
    assert "Good to have you back" in back.text
    after = visit.person(ADA)
    assert (after.standing, after.feeds, after.wish) == (before.standing, before.feeds, before.wish)
    visit.post(link, {"leave": "all"})
    with visit.store.writing() as connection:
        connection.execute(update(subscriber).where(subscriber.c.email_key == ADA).values(left_at=NOW.replace(hour=8)))
    late = visit.post(link, {"stay": "yes"})
    assert (late.status_code, "too late" in late.text, "<button" in late.text) == (409, True, False)
    assert visit.person(ADA).standing == "left"


def test_a_one_click_request_promises_no_goodbye(visit: Visit) -> None:
    visit.post(visit.link(Purpose.UNSUBSCRIBE, ADA), {"List-Unsubscribe": "One-Click"})
    with visit.store.reading() as connection:
        assert connection.execute(select(letter)).first() is None
