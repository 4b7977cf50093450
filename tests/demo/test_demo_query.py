"""The stand-in's reading of PubMed's query language, by values."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.query import Searchable, days_of, read_query, words_of


def paper(title: str = "", *, mesh: tuple[str, ...] = (), abstract: str = "") -> Searchable:
    texts = {"ti": words_of(title), "ab": words_of(abstract), "tiab": words_of(title) + words_of(abstract)}
    texts["all"] = texts["tiab"] + "".join(map(words_of, mesh))
    values = {"mh": frozenset(name.casefold() for name in mesh), "au": frozenset({"de vries j", "okafor ac"})}
    return Searchable(texts, values, {"edat": date(2026, 11, 20)})


BATS = paper(
    "Bats, STING-receptor agonists and naïve cells",
    mesh=("Chiroptera", "Membrane Proteins", "Membrane Proteins/agonists"),
    abstract="Myalgic encephalomyelitis/chronic fatigue syndrome is not studied here.",
)


@pytest.mark.parametrize(
    "term",
    [
        '"sting receptor agonists"[tiab]',
        '"STING-receptor"[ti]',
        "STING[Title]",
        "agonis*[tiab]",
        '"receptor agon*"[tiab]',
        "naive[ti]",
        "sting receptor[tiab]",
        "agonists bats",
        '"membrane proteins"[mh]',
        '"Membrane Proteins/agonists"[MeSH Terms]',
        '"Membrane Proteins"[mh:noexp]',
        '"encephalomyelitis/chronic"[ab]',
        "okafor[au] AND de vries j[author]",
        "2026/11/19:2026/11/21[edat]",
        "2026[edat]",
        "nothing[ti] OR bats[ti]",
        "(nothing[ti] OR bats[ti]) AND sting[ti]",
        "bats[ti] NOT (dogs[ti] OR cats[ti])",
        "((bats[ti]",
        "bats[ti])) AND sting[ti]",
        "bats sting[tiab:~3]",
    ],
)
def test_finds(term: str) -> None:
    found = paper("bats sting") if "~" in term else BATS
    assert read_query(term).matches(found)


@pytest.mark.parametrize(
    "term",
    [
        "",
        "()",
        '"agonists receptor"[tiab]',
        "agonist[tiab]",
        "receptor sting[tiab]",
        '"cells myalgic"[tiab]',
        '"naive"[ab]',
        "membrane[mh]",
        "okaf[au]",
        "2026/11/21:2026/12[edat]",
        "31[edat]",
        "bats[ti] AND dogs[ti]",
        "bats[ti] NOT sting[ti]",
        "dogs[ti] OR bats[ti] NOT sting[ti]",
    ],
)
def test_does_not_find(term: str) -> None:
    assert not read_query(term).matches(BATS)


def test_operators_go_from_left_to_right() -> None:
    # With the usual precedence of AND the first would be found.
    assert not read_query("bats[ti] OR dogs[ti] AND cats[ti]").matches(BATS)
    assert read_query("cats[ti] AND dogs[ti] OR bats[ti]").matches(BATS)


def test_operators_are_written_in_capitals() -> None:
    assert not read_query('"bats"[ti] or "sting"[ti]').matches(BATS)


def test_fields_that_nobody_knows_are_named_once() -> None:
    assert read_query("bats[tiba] OR cats[tiba] OR dogs[ti] OR x[tiab:~2]").unknown_fields == ("tiba", "tiab:~2")


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026", (date(2026, 1, 1), date(2026, 12, 31))),
        ("2024/02", (date(2024, 2, 1), date(2024, 2, 29))),
        ("2026-12", (date(2026, 12, 1), date(2026, 12, 31))),
        ("2026/11/23", (date(2026, 11, 23), date(2026, 11, 23))),
        ("2026/11/20:2026/12", (date(2026, 11, 20), date(2026, 12, 31))),
        ("2026/02/31", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_days(text: str, days: tuple[date, date] | None) -> None:
    assert days_of(text) == days


@given(st.text(alphabet='ab* "()[]:/ANDORTti', max_size=60))
def test_any_text_is_a_query(term: str) -> None:
    assert read_query(term).matches(BATS) in (True, False)


@given(st.text(max_size=60))
def test_a_text_holds_its_own_words(text: str) -> None:
    words = words_of(text).split()
    if words:
        assert read_query(f'"{" ".join(words)}"[ti]').matches(paper(text))
