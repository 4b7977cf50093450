"""The page of search."""

from __future__ import annotations

import re

import pytest

from tests.web.sites import Visit


def test_it_finds_papers_and_feeds_and_marks_the_words(visit: Visit) -> None:
    page = visit.client.get("/search", params={"q": "Fatigue 7"}).text
    assert "<mark>Fatigue</mark> paper <mark>7</mark>" in page
    # Its number stands in no other title, but in every abstract.
    assert page.count("<article") == 20
    page = visit.client.get("/search", params={"q": "fatigues syndrome"}).text
    assert '<a href="/feeds/chronic-fatigue-syndrome">Chronic fatigue syndrome</a>' in page
    assert "0 papers" in page


def test_results_are_paged_and_go_on_within_the_feed_and_language(visit: Visit) -> None:
    inside = {"q": "fatigue", "feed": "chronic-fatigue-syndrome", "lang": "de"}
    page = visit.client.get("/search", params=inside).text
    assert page.count("<article") == 20
    assert "?q=fatigue&amp;feed=chronic-fatigue-syndrome&amp;lang=fr" in page
    assert '<option value="chronic-fatigue-syndrome" selected>' in page
    assert visit.client.get("/search", params={"q": "fatigue", "feed": "blastomycosis"}).text.count("<article") == 0
    assert "Nothing has all these words" in visit.client.get("/search", params={"q": "fatigue", "page": "9"}).text


@pytest.mark.parametrize(
    "words", ["", "   ", '"', "' OR 1=1 --", "-", "<script>alert(1)</script>", "\x00", "a" * 5000, "%", "*:*"]
)
def test_whatever_is_looked_for_is_answered(visit: Visit, words: str) -> None:
    answer = visit.client.get("/search", params={"q": words})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "noindex" in answer.headers["x-robots-tag"]


def test_a_paper_of_hostile_words_is_shown_as_text(quick: Visit) -> None:
    page = quick.client.get("/search", params={"q": "alert script"}).text
    assert "&lt;<mark>script</mark>&gt;<mark>alert</mark>(1)" in page
    assert re.findall("<script", page) == []
