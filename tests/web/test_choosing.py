"""Preferences: what a reader sees, writes, and is told."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from bot.models.subscribers import Standing, Wish
from bot.store import feeds
from bot.store.choosing import pause
from bot.store.leaving import leave
from bot.store.tables import evidence, letter
from bot.subscribe.tokens import Purpose
from tests.builders import NOW
from tests.web.sites import ADA, ADAS_WISH, BEN, DUE, TOKENS, Visit

Fields = dict[str, str | list[str]]

GOOD: Fields = {
    "feed[]": ["chronic-fatigue-syndrome", "blastomycosis"],
    "cadence": "daily",
    "weekday": "friday",
    "hour": "18",
    "timezone": "america/new york",
    "max_papers": "20",
    "save": "yes",
}


def _save(visit: Visit, **changes: str | list[str]) -> tuple[int, str]:
    fields = GOOD | {("feed[]" if name == "feeds" else name): value for name, value in changes.items()}
    answer = visit.post(visit.link(Purpose.PREFERENCES, ADA), fields)
    return answer.status_code, answer.text


def _ticked(page: str) -> list[str]:
    return re.findall(r'<input[^>]* value="([a-z-]+)"[^>]* checked>', page)


def _buttons(page: str, name: str) -> list[tuple[str, bool]]:
    """The feeds that a button moves, and whether it can be pressed."""
    found = re.findall(rf'<button[^>]* name="{name}" value="([a-z-]+)"([^>]*)>', page)
    return [(slug, "disabled" not in rest) for slug, rest in found]


def test_the_form_shows_what_is_stored(quick: Visit) -> None:
    page = quick.get(quick.link(Purpose.PREFERENCES, ADA)).text
    assert _ticked(page) == ["microbicides", "blastomycosis", "weekly"]
    assert '<option value="tuesday" selected>' in page
    assert '<option value="7" selected>07:00' in page
    assert re.search(r'name="timezone"[^>]* value="Europe/Berlin"', page)
    assert re.search(r'name="max_papers"[^>]* value="5"', page)
    assert '<option value="Pacific/Auckland"></option>' in page
    assert "Thursday, 26 November 2026 at 10:30 (Berlin time)" in page
    assert "a…@example.org" in page
    assert ADA not in page
    assert f'<a href="{quick.link(Purpose.UNSUBSCRIBE, ADA)}">Unsubscribe</a>' in page
    assert f'<a href="{quick.link(Purpose.PAUSE, ADA)}">Pause my digests</a>' in page


def test_choices_are_written_whole_and_the_next_digest_follows_them(visit: Visit) -> None:
    status, page = _save(visit)
    assert status == 200
    assert "Your choices are saved" in page
    for words in ("Added: Chronic fatigue syndrome", "Taken away: Microbicides", "every day at 18:00 (New York time)"):
        assert f"<li>{words}</li>" in page
    assert "<li>at most 20 papers at a time</li>" in page
    person = visit.person(ADA)
    # In the order of the form's boxes.
    assert person.feeds == ("chronic-fatigue-syndrome", "blastomycosis")
    assert person.wish == Wish("daily", 4, 18, "America/New_York")
    assert person.max_papers == 20
    # It is 04:30 over there.
    assert person.next_due == datetime(2026, 11, 23, 23, tzinfo=UTC)
    assert "Monday, 23 November 2026 at 18:00 (New York time)" in page
    assert _ticked(page) == ["chronic-fatigue-syndrome", "blastomycosis", "daily"]
    assert visit.person(BEN).feeds == ("microbicides",)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("feeds", [], "Choose at least one feed."),
        ("feeds", ["blastomycosis", "nope"], "no longer offered"),
        ("cadence", "hourly", "“hourly” cannot be used. Choose one from the list."),
        ("weekday", "someday", "“someday” cannot be used. Choose "),
        ("hour", "24", "“24” cannot be used. Choose one from the list."),
        ("hour", "", "This is missing. Choose "),
        ("timezone", "Berlin", "“Berlin” cannot be used. Did you mean Europe/Berlin?"),
        ("timezone", '"><script>\x00', "“&#34;&gt;&lt;script&gt;” cannot be used. Begin to type "),
        ("max_papers", "0", "“0” cannot be used. Write a number from 1 to 100."),
        ("max_papers", "many", "“many” cannot be used. Write "),
        ("language", "it", "Choose one from the list."),
        ("most-blastomycosis", "0", "“0” cannot be used. Write a number from 1 to 100."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_written(
    quick: Visit, field: str, value: str | list[str], words: str
) -> None:
    before = quick.person(ADA)
    status, page = _save(quick, **{field: value})
    assert status == 400
    assert words in page
    assert f'id="{field}-problem"' in page
    assert f'<a href="#{field}">' in page
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true" aria-describedby="{field}-problem', page)
    assert page.count('class="problem"') == 1
    assert "<script>" not in page
    assert "saved." not in page
    assert quick.person(ADA) == before


def test_what_was_written_comes_back_to_be_mended(quick: Visit) -> None:
    _, page = _save(quick, timezone="Berlin town", hour="31")
    assert 'value="Berlin town"' in page
    assert _ticked(page) == ["chronic-fatigue-syndrome", "blastomycosis", "daily"]
    assert '<option value="7" selected>' in page
    assert page.count('class="problem"') == 2


ADDED = "chronic-fatigue-syndrome"


def test_a_link_ticks_a_feed_in_addition_and_only_the_button_saves_it(visit: Visit) -> None:
    before = visit.person(ADA)
    link = visit.link(Purpose.PREFERENCES, ADA) + f"?add={ADDED}"
    for method in ("GET", "HEAD", "GET"):
        assert visit.client.request(method, link).status_code == 200
    page = visit.get(link).text
    assert "<b>Chronic fatigue syndrome</b> is ticked below; save to follow it." in page
    assert _ticked(page) == ["microbicides", "blastomycosis", ADDED, "weekly"]
    assert visit.person(ADA) == before

    # The form is posted to the address that the page has, and what it holds counts.
    ticked: Fields = {"feed[]": ["blastomycosis", ADDED, "microbicides"]}
    done = visit.post(link, GOOD | ticked)
    assert done.status_code == 200
    assert "Your choices are saved" in done.text
    assert "is ticked below" not in done.text
    assert visit.person(ADA).feeds == ("blastomycosis", ADDED, "microbicides")
    again = visit.get(link).text
    assert "is ticked below" not in again
    assert _ticked(again) == ["blastomycosis", ADDED, "microbicides", "daily"]
    assert _save(visit, feeds=["microbicides", ADDED])[0] == 200
    assert visit.person(ADA).feeds == ("microbicides", ADDED)


@pytest.mark.parametrize("add", ["nope", "", "microbicides", ADDED.upper(), "<script>", "%00", "x" * 2000, "a&add=b"])
def test_a_link_that_adds_nothing_new_shows_what_is_stored(quick: Visit, add: str) -> None:
    page = quick.get(quick.link(Purpose.PREFERENCES, ADA) + f"?add={add}")
    assert page.status_code == 200
    assert "is ticked below" not in page.text
    assert "<script>" not in page.text
    assert _ticked(page.text) == ["microbicides", "blastomycosis", "weekly"]


def test_a_feed_that_is_offered_no_more_is_not_added(visit: Visit) -> None:
    feeds.retire(visit.store, ADDED, NOW)
    page = visit.get(visit.link(Purpose.PREFERENCES, ADA) + f"?add={ADDED}").text
    assert "is ticked below" not in page
    assert _ticked(page) == ["microbicides", "blastomycosis", "weekly"]


def test_who_has_left_adds_nothing_and_a_wrong_link_stays_wrong(visit: Visit) -> None:
    leave(visit.store, visit.person(BEN).id, NOW, "test")
    page = visit.get(visit.link(Purpose.PREFERENCES, BEN) + f"?add={ADDED}").text
    assert "You are unsubscribed" in page
    assert "<form" not in page
    pausing = TOKENS.make(Purpose.PAUSE, visit.person(ADA).id)
    assert visit.get(f"/preferences/{pausing}?add={ADDED}").status_code == 404


def test_who_pauses_chooses_for_later(visit: Visit) -> None:
    pause(visit.store, visit.person(ADA).id, NOW, "test")
    page = visit.get(visit.link(Purpose.PREFERENCES, ADA)).text
    assert "Your digests are paused." in page
    assert f'<a href="{visit.link(Purpose.PAUSE, ADA)}">Go on sending</a>' in page
    assert "Pause my digests" not in page
    assert "Next digest" not in page
    assert _save(visit)[0] == 200
    person = visit.person(ADA)
    assert (person.standing, person.wish.cadence, person.next_due) == (Standing.PAUSED, "daily", None)


def test_a_retired_feed_cannot_be_chosen(visit: Visit) -> None:
    feeds.retire(visit.store, "chronic-fatigue-syndrome", NOW)
    status, page = _save(visit)
    assert status == 400
    assert "Chronic fatigue" not in page
    assert visit.person(ADA).wish == ADAS_WISH


def test_a_post_without_the_button_changes_nothing(quick: Visit) -> None:
    status, page = _save(quick, save="")
    assert status == 400
    assert "Nothing has changed yet" in page
    assert quick.person(ADA).wish == ADAS_WISH
    assert quick.person(ADA).next_due == DUE


def test_who_has_left_is_told_so_and_can_choose_nothing(visit: Visit) -> None:
    leave(visit.store, visit.person(ADA).id, NOW, "test")
    page = visit.get(visit.link(Purpose.PREFERENCES, ADA))
    assert page.status_code == 200
    assert "You are unsubscribed" in page.text
    assert "<form" not in page.text
    status, text = _save(visit)
    assert status == 409
    assert "You are unsubscribed" in text
    assert visit.person(ADA).standing == Standing.LEFT
    assert visit.person(ADA).wish == ADAS_WISH
    assert visit.person(ADA).next_due is None


def test_every_wrong_token_gets_one_constant_answer(visit: Visit) -> None:
    tokens = [TOKENS.make(Purpose.UNSUBSCRIBE, 1), TOKENS.make(Purpose.PREFERENCES, 999), "nonsense"]
    answers = [visit.get(f"/preferences/{token}") for token in tokens]
    answers += [visit.post(f"/preferences/{token}", GOOD) for token in tokens]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert visit.person(ADA).wish == ADAS_WISH


def test_buttons_move_a_feed_and_nothing_is_kept_before_it_is_saved(visit: Visit) -> None:
    before = visit.person(ADA)
    page = visit.get(visit.link(Purpose.PREFERENCES, ADA)).text
    assert _buttons(page, "up") == [("microbicides", False), ("blastomycosis", True)]
    assert _buttons(page, "down") == [("microbicides", True), ("blastomycosis", False)]
    # What Enter presses in any field is the first button of the form.
    assert re.findall(r'<button[^>]* name="([a-z]+)"', page)[0] == "save"
    form = GOOD | {"feed[]": list(before.feeds)}
    del form["save"]
    pressed: tuple[tuple[Fields, list[str]], ...] = (
        ({"down": "microbicides"}, ["blastomycosis", "microbicides"]),
        ({"up": "blastomycosis"}, ["blastomycosis", "microbicides"]),
        ({"up": "microbicides"}, ["microbicides", "blastomycosis"]),
        ({"down": "blastomycosis"}, ["microbicides", "blastomycosis"]),
    )
    for button, order in pressed:
        answer = visit.post(visit.link(Purpose.PREFERENCES, ADA), form | button)
        assert answer.status_code == 200
        assert "This is the new order. Save to keep it." in answer.text
        # With all else as it was written.
        assert _ticked(answer.text) == [*order, "daily"]
        assert visit.person(ADA) == before
    nonsense = visit.post(visit.link(Purpose.PREFERENCES, ADA), form | {"up": "nope"})
    assert nonsense.status_code == 400
    assert "Nothing has changed yet" in nonsense.text


def test_each_feed_may_have_a_limit_and_the_mails_a_language(visit: Visit) -> None:
    status, page = _save(visit, **{"most-blastomycosis": "3", "most-nope": "4", "language": "de"})
    assert status == 200
    person = visit.person(ADA)
    assert (person.caps, person.language) == ({"blastomycosis": 3}, "de")
    assert '<html lang="de"' in page
    assert re.search(r'name="most-blastomycosis"[^>]* value="3"', page)
    assert _save(visit, language="de")[0] == 200
    assert visit.person(ADA).caps == {}


def test_what_changed_is_kept_as_evidence_and_told_by_a_letter(visit: Visit) -> None:
    _save(visit)
    status, page = _save(visit)
    assert status == 200
    assert "Nothing was to be saved" in page
    ada = visit.person(ADA).id
    with visit.store.reading() as connection:
        said = connection.execute(
            select(evidence).where(evidence.c.subscriber_id == ada, evidence.c.what == "changed")
        ).all()
        letters = connection.execute(select(letter.c.kind, letter.c.subscriber_id)).all()
    (one,) = said
    assert one.how == (
        "preferences page: added chronic-fatigue-syndrome, dropped microbicides, cadence weekly to daily, "
        "weekday tuesday to friday, hour 7 to 18, time zone Europe/Berlin to America/New_York, papers 5 to 20"
    )
    assert one.network == "127.0.0.0/24"
    assert [tuple(row) for row in letters] == [("changed", ada)]


def test_saving_other_feeds_leaves_the_next_digest_where_it_is(visit: Visit) -> None:
    stored: Fields = {"cadence": "weekly", "weekday": "tuesday", "hour": "7", "timezone": "Europe/Berlin"}
    assert _save(visit, **stored)[0] == 200
    assert visit.person(ADA).next_due == DUE


def test_the_page_is_small_and_speaks_the_language_of_the_mails(quick: Visit) -> None:
    link = quick.link(Purpose.PREFERENCES, ADA)
    assert len(quick.get(link).content) < 100_000
    assert '<html lang="ar" dir="rtl">' in quick.get(link + "?lang=ar").text
    answer = quick.get(link)
    assert answer.headers["content-security-policy"].endswith("script-src 'self'")
    assert quick.get(re.findall(r'src="([^"]*choosing.js[^"]*)"', answer.text)[0]).status_code == 200
