"""Votes by link and button: links change nothing, one button does, and it can be taken back."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import delete, select

from bot.models.subscribers import Standing
from bot.store import votes
from bot.store.leaving import leave
from bot.store.tables import paper, subscriber, vote
from bot.store.votes import VoteCount
from bot.subscribe.tokens import Purpose
from bot.web.guard import loggable_path
from tests.builders import NOW
from tests.web.sites import ADA, BEN, TOKENS, Visit

PAPER = 3


def link(visit: Visit, way: str = "more", email: str = ADA, paper_id: int = PAPER) -> str:
    return f"/vote/{TOKENS.make_vote(visit.person(email).id)}/{paper_id}/{way}"


def cast(visit: Visit) -> list[tuple[int, int, bool]]:
    with visit.store.reading() as connection:
        rows = connection.execute(select(vote.c.subscriber_id, vote.c.paper_id, vote.c.liked).order_by(vote.c.paper_id))
        return [tuple(row) for row in rows]


def buttons(page: str) -> list[tuple[str, str, str]]:
    return re.findall(r'<button type="submit" name="([^"]*)" value="([^"]*)"[^>]*>([^<]*)</button>', page)


def test_a_thousand_scanner_hits_change_nothing(quick: Visit) -> None:
    links = [link(quick, way) for way in ("more", "less")]
    for number in range(1000):
        answer = quick.client.request(("GET", "HEAD")[number % 2], links[number // 2 % 2])
        assert answer.status_code == 200
    assert cast(quick) == []


def test_the_page_shows_the_paper_and_one_button(quick: Visit) -> None:
    for way, words, place in (("more", "More like this", "higher"), ("less", "Not for me", "lower")):
        page = quick.get(link(quick, way)).text
        assert buttons(page) == [("vote", way, words)]
        assert page.count("<form") == 1
        assert "Fatigue paper 2" in page
        assert f"a little {place} within your feeds" in page
        assert "No paper is lost for it." in page
        assert f">{words}?</h1>" in page
        assert "example.org</" not in page
        assert "a…@" not in page
    assert cast(quick) == []


def test_what_a_source_wrote_is_no_markup(quick: Visit) -> None:
    with quick.store.reading() as connection:
        hostile = connection.execute(select(paper.c.id).where(paper.c.title.like("<script>%"))).scalar_one()
    page = quick.get(link(quick, paper_id=hostile)).text
    assert "&lt;script&gt;alert(1)" in page
    assert "javascript:" not in page


def test_the_button_casts_the_vote_and_the_next_one_takes_it_back(visit: Visit) -> None:
    done = visit.post(link(visit), {"vote": "more"})
    assert done.status_code == 200
    assert "Your vote is kept" in done.text
    assert buttons(done.text) == [("vote", "back", "Take it back")]
    ada = visit.person(ADA).id
    assert cast(visit) == [(ada, PAPER, True)]
    # Opened again, the link shows what stands.
    assert buttons(visit.get(link(visit)).text) == [("vote", "back", "Take it back")]

    back = visit.post(link(visit), {"vote": "back"})
    assert "Your vote is forgotten" in back.text
    assert buttons(back.text) == [("vote", "more", "More like this")]
    assert cast(visit) == []
    assert visit.post(link(visit), {"vote": "back"}).status_code == 200


def test_voting_again_replaces_the_earlier_vote(visit: Visit) -> None:
    visit.post(link(visit), {"vote": "more"})
    visit.post(link(visit, email=BEN), {"vote": "more"})
    page = visit.get(link(visit, "less")).text
    assert "You have said “more like this” of this paper" in page
    assert buttons(page) == [("vote", "less", "Not for me")]
    for _ in range(2):
        assert visit.post(link(visit, "less"), {"vote": "less"}).status_code == 200
    assert sorted(cast(visit)) == sorted([(visit.person(ADA).id, PAPER, False), (visit.person(BEN).id, PAPER, True)])


@pytest.mark.parametrize(
    "fields", [{}, {"vote": ""}, {"vote": "less"}, {"save": "yes"}, {"List-Unsubscribe": "One-Click"}, {"Vote": "more"}]
)
def test_a_post_without_the_button_changes_nothing(quick: Visit, fields: dict[str, str | list[str]]) -> None:
    answer = quick.post(link(quick), fields)
    assert answer.status_code == 400
    assert "Nothing has changed" in answer.text
    assert len(buttons(answer.text)) == 1
    assert cast(quick) == []


def test_other_methods_and_other_words_in_the_path_change_nothing(quick: Visit) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert quick.client.request(method, link(quick), data={"vote": "more"}).status_code == 405
    for way in ("most", "MORE", ""):
        assert quick.post(link(quick, way), {"vote": way}).status_code == 404
    assert cast(quick) == []


def test_every_wrong_token_gets_one_constant_answer(visit: Visit) -> None:
    ada, ben = visit.person(ADA).id, visit.person(BEN).id
    right = TOKENS.make_vote(ada)
    signature = right.rpartition(".")[2]
    wrong = [
        (right[:-1] + ("A" if right[-1] != "A" else "B"), PAPER),
        (f"{ben}.{signature}", PAPER),
        *((TOKENS.make(purpose, ada), PAPER) for purpose in Purpose),
        # Part of a signature for something else.
        *((TOKENS.make(purpose, ada)[: len(right)], PAPER) for purpose in Purpose),
        (right + "x", PAPER),
        ("nonsense", PAPER),
        ("%00", PAPER),
        # Ours, but of somebody there is not.
        (TOKENS.make_vote(999), PAPER),
        # A number of no paper, of none that there can be, and no number at all.
        *((right, paper_id) for paper_id in (999, 2**63 - 1, 2**63, 10**30, 0, -3, "03", "3.0", "+3", "%D9%A3", "x")),
        (right, f"{PAPER}%20"),
        (right, f"{PAPER}%0A"),
    ]
    answers = [
        visit.client.request(
            method, f"/vote/{token}/{paper_id}/{way}", data={"vote": way} if method == "POST" else None
        )
        for token, paper_id in wrong
        for way in ("more", "less")
        for method in ("GET", "POST")
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert "This link is not valid" in answers[0].text
    assert cast(visit) == []
    # And a vote's token opens nothing else.
    for purpose in Purpose:
        assert visit.get(f"/{purpose}/{right}").text == answers[0].text


def test_another_papers_number_in_ones_own_link_votes_in_ones_own_name(visit: Visit) -> None:
    assert visit.post(link(visit, paper_id=PAPER + 1), {"vote": "more"}).status_code == 200
    assert cast(visit) == [(visit.person(ADA).id, PAPER + 1, True)]


def test_who_has_left_votes_no_more(visit: Visit) -> None:
    leave(visit.store, visit.person(ADA).id, NOW, "test")
    page = visit.get(link(visit))
    assert (page.status_code, buttons(page.text)) == (200, [])
    assert "You are unsubscribed" in page.text
    assert visit.post(link(visit), {"vote": "more"}).status_code == 409
    assert cast(visit) == []
    assert visit.person(ADA).standing == Standing.LEFT


def test_links_of_somebody_erased_say_no_more_than_forged_ones(visit: Visit) -> None:
    opened = link(visit)
    visit.post(opened, {"vote": "more"})
    with visit.store.writing() as connection:
        connection.execute(delete(subscriber).where(subscriber.c.email == ADA))
    assert visit.get(opened).status_code == visit.post(opened, {"vote": "more"}).status_code == 404
    assert cast(visit) == []


def preferences(visit: Visit, **fields: str | list[str]) -> str:
    answer = visit.post(visit.link(Purpose.PREFERENCES, ADA), dict(fields))
    assert answer.status_code == 200
    return answer.text


def test_preferences_show_switch_and_erase(visit: Visit) -> None:
    page = visit.get(visit.link(Purpose.PREFERENCES, ADA)).text
    assert "You have cast no votes." in page
    assert [name for name, *_ in buttons(page)] == ["save"]
    assert "Erase my vote" not in page
    for paper_id, way in ((1, "more"), (2, "less"), (PAPER, "more")):
        visit.post(link(visit, way, paper_id=paper_id), {"vote": way})
    visit.post(link(visit, email=BEN), {"vote": "more"})
    before = visit.person(ADA)

    page = visit.get(visit.link(Purpose.PREFERENCES, ADA)).text
    assert "<b>3 votes</b>: 2 for more, 1 not for you" in page
    page = preferences(visit, learning="off")
    assert "Switched off" in page
    assert "count again when you switch it on" in page
    assert not visit.person(ADA).learns
    page = preferences(visit, votes="erase")
    assert "All your votes are erased." in page
    assert "You have cast no votes." in page
    assert votes.count(visit.store, before.id) == VoteCount()
    assert votes.count(visit.store, visit.person(BEN).id) == VoteCount(1, 0)
    assert "Switched on" in preferences(visit, learning="on")
    # Nothing else has changed.
    assert visit.person(ADA) == before


def test_switched_off_nothing_is_kept(visit: Visit) -> None:
    visit.post(link(visit), {"vote": "more"})
    preferences(visit, learning="off")
    assert visit.post(link(visit, "less"), {"vote": "less"}).status_code == 409
    page = visit.get(link(visit, "less"))
    assert "You have switched this off" in page.text
    assert buttons(page.text) == []
    # What was cast before can still be taken back.
    assert "does not count just now" in visit.get(link(visit)).text
    visit.post(link(visit), {"vote": "back"})
    assert cast(visit) == []


@pytest.mark.parametrize("fields", [{"learning": "maybe"}, {"votes": "all"}, {"learning": ""}, {"erase": "votes"}])
def test_preferences_without_one_of_the_buttons_change_nothing(
    quick: Visit, fields: dict[str, str | list[str]]
) -> None:
    answer = quick.post(quick.link(Purpose.PREFERENCES, ADA), fields)
    assert answer.status_code == 400
    assert quick.person(ADA).learns


def test_tokens_are_not_logged(quick: Visit) -> None:
    assert TOKENS.make_vote(quick.person(ADA).id) in link(quick)
    assert loggable_path(link(quick)) == "/vote/…"
    assert loggable_path("/digest" + link(quick)) == "/digest/vote/…"
