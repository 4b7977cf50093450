"""The invented digest holds whatever a digest may hold, so that templates that show it show everything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.render.languages import SPOKEN
from bot.render.rows import Row
from bot.render.sample import sample_view
from bot.render.templates import packaged_templates
from bot.render.view import DigestView, Reader, Site

NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
SITE = Site("Concept Digest", "https://papers.example.org", "1 Sample Street")
LINKS = dict.fromkeys(
    ("unsubscribe_url", "preferences_url", "pause_url", "votes_url", "view_url"), "https://papers.example.org/x"
)
NAMED, NAMELESS = sample_view(SITE, Reader("Sam", **LINKS), NOW), sample_view(SITE, Reader(), NOW)
#: Pieces that others include, and what only fragments have.
PIECES = {"body", "masthead", "subject", "chart", "cut"}


def rows(view: DigestView, kind: str) -> list[Any]:
    found: list[Row] = [row for row in view.rows if row.kind == kind]
    return found


@pytest.mark.parametrize("view", [NAMED, NAMELESS], ids=["named", "nameless"])
def test_every_template_of_a_row_is_used(view: DigestView) -> None:
    folder = packaged_templates() / "email" / "digest"
    assert {row.kind for row in view.rows} == {path.stem for path in folder.iterdir()} - PIECES


def test_every_part_of_a_card_is_there_and_lacks_somewhere() -> None:
    cards = rows(NAMED, "card")
    assert all(card.authors and card.date and card.vote for card in cards)
    for part in ("url", "journal", "key", "badges", "related", "also_in", "why", "language"):
        assert {bool(getattr(card, part)) for card in cards} == {True, False}, part
    assert {bool(card.excerpt.parts) for card in cards} == {True, False}
    assert {card.excerpt.cut for card in cards} == {True, False}
    assert {part.label for card in cards for part in card.excerpt.parts} >= {"", "Background"}
    assert {bool(concept.url) for card in cards for concept in card.related} == {True, False}
    assert {card.direction for card in cards} == {"ltr", "rtl"}
    kinds = {badge.kind for card in cards for badge in card.badges}
    assert kinds == {"preprint", "review", "retracted", "erratum", "free", "language"}


def test_every_part_of_the_other_rows_is_there() -> None:
    for view in (NAMED, NAMELESS):
        assert {bool(head.chart) for head in rows(view, "section")} == {True, False}
    assert {"votes" in row.rest for row in rows(NAMED, "more")} == {True, False}
    (updates,) = rows(NAMED, "updates")
    assert {update.kind for update in updates.updates} == {"retracted", "erratum", "published"}
    assert {bool(update.url) for update in updates.updates} == {True, False}
    assert [feed.young for feed in NAMED.trending] == [False]
    assert [feed.young for feed in NAMELESS.trending] == [False, True]
    heads = [row for view in (NAMED, NAMELESS) for row in rows(view, "feeds")]
    assert [row.all_trend for row in heads] == [True, False]
    assert {bool(feed.chart) for feed in NAMELESS.trending} == {True, False}


@pytest.mark.parametrize("code", SPOKEN)
def test_it_speaks_every_language(code: str) -> None:
    view = sample_view(SITE, Reader("Sam", code), NOW)
    assert (view.language, view.total, view.more) == (code, 5, 8)


def test_its_papers_are_of_its_window() -> None:
    assert NAMED.period == "16–23 November 2026"
    assert NAMED.sections[0].cards[0].date == "20 November 2026"
