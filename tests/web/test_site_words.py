"""Words and abstracts on pages, by values."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models.papers import AbstractSection
from bot.render.excerpt import excerpt
from bot.render.languages import language
from bot.web.choices import zone_names
from bot.web.views import ABSTRACT_LENGTH, abstract_in_two
from bot.web.words import masked

sentences = st.lists(
    st.text(st.sampled_from("abc Åβ中,"), min_size=1, max_size=80).map(lambda text: f"A{text.strip()}."), max_size=12
).map(" ".join)
abstracts = st.lists(st.builds(AbstractSection, st.sampled_from(["", "METHODS", "Results:"]), sentences), max_size=5)


@given(abstracts)
def test_beginning_and_rest_are_the_whole_abstract(abstract: list[AbstractSection]) -> None:
    beginning, rest = abstract_in_two(abstract)

    def letters(parts: tuple[AbstractSection, ...]) -> str:
        return "".join(part.text for part in parts).replace(" ", "").replace("…", "")

    whole = excerpt(abstract, 1_000_000).parts
    if sum(len(part.text) for part in whole) <= ABSTRACT_LENGTH:
        assert letters(beginning) + letters(rest) == letters(whole)
        assert [part.label for part in (*beginning, *rest) if part.label] == [p.label for p in whole if p.label]
    if rest:
        assert beginning == excerpt(abstract).parts
        assert all(part.text for part in rest)


def test_a_book_of_an_abstract_is_bounded() -> None:
    beginning, rest = abstract_in_two([AbstractSection("", "A sentence of some length. " * 1000)] * 2)
    shown = sum(len(part.text) for part in (*beginning, *rest))
    assert ABSTRACT_LENGTH * 0.9 < shown <= ABSTRACT_LENGTH + 1
    assert rest[-1].text.endswith("…")


def test_an_ellipsis_of_the_authors_own_is_not_a_cut() -> None:
    short = "B" * 400 + "…"
    beginning, rest = abstract_in_two([AbstractSection("", short), AbstractSection("LAST", "The end. " * 40)])
    assert beginning[0].text == short
    assert rest[0].label == "Last"


def test_a_day_in_words() -> None:
    assert language("en").weekday(date(2026, 11, 24)) == "Tuesday 24 November 2026"


@pytest.mark.parametrize(("email", "shown"), [("ada@example.org", "a…@example.org"), ("x@y.example", "x…@y.example")])
def test_an_address_is_masked(email: str, shown: str) -> None:
    assert masked(email) == shown


def test_suggested_zones_are_places() -> None:
    assert "Europe/Berlin" in zone_names()
    assert "UTC" in zone_names()
    assert not any(name.startswith(("Etc/", "posix", "US/", "right")) for name in zone_names())
