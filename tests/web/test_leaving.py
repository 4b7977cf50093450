"""Unsubscribing by link and by the mail program's button; looking at links changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models.subscribers import Standing
from bot.store.leaving import leave
from bot.subscribe.tokens import Purpose
from bot.web.guard import loggable_path
from tests.builders import NOW
from tests.web.sites import ADA, BEN, TOKENS, Visit

#: Links of a person; others are of a sign-up, or of a digest.
PERSONS = (Purpose.UNSUBSCRIBE, Purpose.PREFERENCES, Purpose.PAUSE)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def _standings(visit: Visit) -> list[str]:
    return [visit.person(email).standing for email in (ADA, BEN)]


def test_a_thousand_scanner_hits_change_nothing(quick: Visit) -> None:
    before = [quick.person(email) for email in (ADA, BEN)]
    links = [quick.link(purpose, ADA) for purpose in PERSONS]
    for number in range(1000):
        answer = quick.client.request(("GET", "HEAD")[number % 2], links[number // 2 % len(links)])
        assert answer.status_code == 200
    assert [quick.person(email) for email in (ADA, BEN)] == before


def test_the_page_has_one_button_and_only_pressing_it_unsubscribes(visit: Visit) -> None:
    link = visit.link(Purpose.UNSUBSCRIBE, ADA)
    page = visit.get(link)
    assert page.status_code == 200
    assert page.text.count("<button") == page.text.count("<form") == 1
    assert "a…@example.org" in page.text
    assert ADA not in page.text
    assert _standings(visit) == [Standing.ACTIVE, Standing.ACTIVE]

    done = visit.post(link, {"leave": "all"})
    assert done.status_code == 200
    assert "You are unsubscribed" in done.text
    assert _standings(visit) == [Standing.LEFT, Standing.ACTIVE]
    assert visit.person(ADA).next_due is None

    again = visit.get(link)
    assert "You are unsubscribed" in again.text
    assert again.text.count("<button") == 1
    assert "Undo" in again.text


@pytest.mark.parametrize("form", ["urlencoded", "multipart", "unlabelled"])
def test_one_click_works_at_once_twice_and_without_a_redirect(visit: Visit, form: str) -> None:
    link = visit.link(Purpose.UNSUBSCRIBE, ADA)
    for _ in range(2):
        if form == "urlencoded":
            answer = visit.client.post(link, data=ONE_CLICK)
        elif form == "multipart":
            answer = visit.client.post(link, files={"List-Unsubscribe": (None, "One-Click")})
        else:
            answer = visit.client.post(link, content=b"List-Unsubscribe=One-Click")
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert _standings(visit) == [Standing.LEFT, Standing.ACTIVE]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"List-Unsubscribe": "one"},
        {"leave": ""},
        {"leave": "yes"},
        {"save": "yes"},
        {"list-unsubscribe": "One-Click"},
    ],
)
def test_a_post_without_the_button_changes_nothing(quick: Visit, fields: dict[str, str | list[str]]) -> None:
    answer = quick.post(quick.link(Purpose.UNSUBSCRIBE, ADA), fields)
    assert answer.status_code == 400
    assert "Nothing has changed yet" in answer.text
    assert answer.text.count("<button") == 1
    assert _standings(quick) == [Standing.ACTIVE, Standing.ACTIVE]


def test_other_methods_change_nothing(quick: Visit) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = quick.client.request(method, quick.link(Purpose.UNSUBSCRIBE, ADA), data=ONE_CLICK)
        assert answer.status_code == 405
    assert _standings(quick) == [Standing.ACTIVE, Standing.ACTIVE]


def test_every_wrong_token_gets_one_constant_answer(visit: Visit) -> None:
    right = TOKENS.make(Purpose.UNSUBSCRIBE, visit.person(ADA).id)
    other_purpose = TOKENS.make(Purpose.PREFERENCES, visit.person(ADA).id)
    flipped = right[:-1] + ("A" if right[-1] != "A" else "B")
    other_person = str(visit.person(BEN).id) + right[right.index(".") :]
    wrong = [other_purpose, flipped, other_person, right + "x", "nonsense", "%00", "1.%E2%82%AC"]
    answers = [
        visit.client.request(method, f"/unsubscribe/{token}", data=ONE_CLICK if method == "POST" else None)
        for token in wrong
        for method in ("GET", "POST")
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert "This link is not valid" in answers[0].text
    assert _standings(visit) == [Standing.ACTIVE, Standing.ACTIVE]


def test_the_link_of_somebody_who_is_no_longer_known_still_says_unsubscribed(visit: Visit) -> None:
    link = f"/unsubscribe/{TOKENS.make(Purpose.UNSUBSCRIBE, 999)}"
    assert "You are unsubscribed" in visit.get(link).text
    answer = visit.post(link, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200


def test_a_path_with_a_slash_too_many_is_not_redirected(quick: Visit) -> None:
    answer = quick.post(quick.link(Purpose.UNSUBSCRIBE, ADA) + "/", {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 404
    assert "location" not in answer.headers


def test_an_endless_body_is_cut_short(quick: Visit) -> None:
    link = quick.link(Purpose.UNSUBSCRIBE, ADA)
    body = b"x=" + b"y" * 200_000 + b"&List-Unsubscribe=One-Click"
    assert quick.client.post(link, content=body).status_code == 413
    many = "&".join(f"f{number}=" for number in range(2000)).encode()
    assert quick.client.post(link, content=many).status_code == 400
    torn = quick.client.post(
        link, content=b"--x\r\nContent", headers={"content-type": "multipart/form-data; boundary=y"}
    )
    assert torn.status_code == 400
    unbounded = quick.client.post(link, content=b"--x", headers={"content-type": "multipart/form-data"})
    assert unbounded.status_code == 400
    assert _standings(quick) == [Standing.ACTIVE, Standing.ACTIVE]


def test_pages_of_a_person_are_kept_and_found_by_nobody(quick: Visit) -> None:
    for purpose in PERSONS:
        answer = quick.get(quick.link(purpose, ADA))
        assert answer.headers["cache-control"] == "no-store"
        assert "noindex" in answer.headers["x-robots-tag"]


def test_who_has_left_by_other_means_is_told_so(visit: Visit) -> None:
    leave(visit.store, visit.person(ADA).id, NOW, "admin")
    assert "You are unsubscribed" in visit.get(visit.link(Purpose.UNSUBSCRIBE, ADA)).text


@given(
    st.integers(1, 10**6), st.sampled_from(list(Purpose)), st.sampled_from(["/", "//", "/x/", ""]), st.text(max_size=9)
)
def test_no_token_is_ever_logged(number: int, purpose: Purpose, slash: str, more: str) -> None:
    token = TOKENS.make(purpose, number)
    for path in (f"/{purpose}{slash}{token}{more}", f"{slash}{token}/{more}", f"/{purpose.upper()}/{token}"):
        logged = loggable_path(path)
        assert token[-43:] not in logged
        assert token[-43:][:12] not in logged
        assert "\n" not in logged


def test_a_feeds_path_is_logged_whole() -> None:
    assert loggable_path("/feeds/menopause") == "/feeds/menopause"
