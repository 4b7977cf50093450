"""Times, names and counts in words, and the subject made of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models.papers import Author
from bot.render.subject import SUBJECT_LENGTH, digest_subject
from bot.render.wording import author_line, count, date_label, listing, period_label, summary, zone_named


@pytest.mark.parametrize(
    ("published", "label"),
    [
        ("2026-11-23", "23 November 2026"),
        ("2026-02-01", "1 February 2026"),
        ("2026-11", "November 2026"),
        ("2026", "2026"),
        ("2026-13-01", "2026"),
        ("2026-11-77", "November 2026"),
        ("", ""),
        ("soon", ""),
        ("٢٠٢٦", ""),
    ],
)
def test_dates_are_as_precise_as_the_source(published: str, label: str) -> None:
    assert date_label(published) == label


@pytest.mark.parametrize(
    ("start", "end", "label"),
    [
        ("2026-11-02T07:00+01:00", "2026-11-09T07:00+01:00", "2–9 November 2026"),
        ("2026-11-02T00:00+01:00", "2026-11-09T00:00+01:00", "2–8 November 2026"),
        ("2026-10-26T07:00+01:00", "2026-11-02T07:00+01:00", "26 October – 2 November 2026"),
        ("2026-12-28T07:00+01:00", "2027-01-04T07:00+01:00", "28 December 2026 – 4 January 2027"),
        ("2026-11-09T07:00+01:00", "2026-11-09T19:00+01:00", "9 November 2026"),
        ("2026-11-09T23:30+00:00", "2026-11-10T12:00+00:00", "10 November 2026"),
        ("2026-11-09T07:00+01:00", "2026-11-09T07:00+01:00", "9 November 2026"),
    ],
)
def test_a_period_names_the_days_that_the_reader_lived_through(start: str, end: str, label: str) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert period_label(datetime.fromisoformat(start), datetime.fromisoformat(end), berlin) == label


@pytest.mark.parametrize("name", ["", "Europe/Nowhere", "../../etc/passwd", "/etc", "a\x00b", "Europe"])
def test_an_unknown_zone_is_utc(name: str) -> None:
    assert zone_named(name) == UTC


def authors(number: int) -> list[Author]:
    return [Author(f"Name{place}", "", "A") for place in range(1, number + 1)]


def test_few_authors_are_all_named() -> None:
    assert author_line([]) == ""
    assert author_line(authors(2)) == "Name1 A, Name2 A"
    assert author_line(authors(5)).count("Name") == 5


def test_of_many_authors_the_first_three_and_the_last_are_named() -> None:
    assert author_line(authors(16)) == "Name1 A, Name2 A, Name3 A … Name16 A, and 12 more"


def test_initials_come_from_given_names_where_a_script_has_them() -> None:
    names = [Author("Curie", "Marie Salomea"), Author("王", "小明"), Author("The Long COVID Group"), Author(" ", "")]
    assert author_line(names) == "Curie MS, 王 小明, The Long COVID Group"


def test_the_summary_says_what_is_inside() -> None:
    assert summary([("A", 4), ("B", 2), ("C", 1)]) == "4 on A, 2 on B and 1 on C."
    assert summary([("A", 7)], 1) == "All on A. 1 more is on the web."
    assert summary([("A", 1), ("B", 0)]) == "It is on A."
    assert summary([(name, 2) for name in "ABCDEF"]) == "2 on A, 2 on B, 2 on C, 2 on D, and 4 in 2 other feeds."
    assert summary([], 1200) == "1,200 more are on the web."


def test_words_for_numbers_and_lists() -> None:
    assert (count(1, "paper"), count(1200, "paper")) == ("1 paper", "1,200 papers")
    assert [listing(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_the_subject_says_what_is_inside() -> None:
    feeds = ["Chronic fatigue syndrome", "STING receptor agonists"]
    assert digest_subject(7, feeds) == "7 new papers: Chronic fatigue syndrome, STING receptor agonists"
    assert digest_subject(1, feeds[:1]) == "1 new paper: Chronic fatigue syndrome"
    assert digest_subject(0, []) == "No new papers"


def test_a_long_subject_counts_the_other_feeds() -> None:
    feeds = ["Chronic fatigue syndrome", "STING receptor agonists", "Microbicides", "Position effect variegation"]
    assert digest_subject(12, feeds) == "12 new papers: Chronic fatigue syndrome and 3 more feeds"
    assert digest_subject(3, ["word " * 40, "B"]).endswith("word… and 1 more feed")


@given(st.integers(0, 10**6), st.lists(st.text("abc ", min_size=1, max_size=120), max_size=30))
def test_a_subject_keeps_to_its_length(total: int, feeds: list[str]) -> None:
    subject = digest_subject(total, feeds)
    assert len(subject) <= SUBJECT_LENGTH
    assert subject.startswith(count(total, "new paper") if total else "No new papers")


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(1, 40 * 24))  # noqa: DTZ001 (made aware below)
def test_every_period_has_a_label_with_its_last_year(start: datetime, hours: int) -> None:
    aware = start.replace(tzinfo=UTC)
    last = aware + timedelta(hours=hours) - timedelta(microseconds=1)
    assert period_label(aware, aware + timedelta(hours=hours), UTC).endswith(str(last.year))
