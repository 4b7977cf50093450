"""What people write about when they want their digests."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import CadenceError, WishError
from bot.models.subscribers import WEEKDAYS
from bot.subscribe import wishes


@pytest.mark.parametrize(
    ("text", "weekday"),
    [("monday", 0), (" Tue ", 1), ("WED.", 2), ("Thurs", 3), ("fri", 4), ("1", 0), ("7", 6), ("Sunday", 6)],
)
def test_weekdays_are_read_by_name_and_iso_number(text: str, weekday: int) -> None:
    assert wishes.read_weekday(text) == weekday


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("7", 7),
        ("07", 7),
        ("07:00", 7),
        ("7:00:00", 7),
        ("7.00", 7),
        ("7.0", 7),
        ("0", 0),
        ("23", 23),
        ("7am", 7),
        ("7 PM", 19),
        ("12 am", 0),
        ("12:00 p.m.", 12),
    ],
)
def test_hours_are_read_as_spreadsheets_write_them(text: str, hour: int) -> None:
    assert wishes.read_hour(text) == hour


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" europe/berlin ", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("utc", "UTC"),
    ],
)
def test_zones_are_read_in_any_capitals(text: str, zone: str) -> None:
    assert wishes.read_timezone(text) == zone


@pytest.mark.parametrize(
    ("read", "text", "mend"),
    [
        (wishes.read_cadence, "weekyl", "did you mean 'weekly'? known: daily, weekly, monthly"),
        (wishes.read_cadence, "", "known: daily, weekly, monthly"),
        (wishes.read_weekday, "0", "numbers go from 1, Monday, to 7, Sunday; or write its name"),
        (wishes.read_weekday, "8", "numbers go from 1, Monday, to 7, Sunday; or write its name"),
        (wishes.read_weekday, "Mo", "known: " + ", ".join(WEEKDAYS)),
        (wishes.read_weekday, "wendesday", "did you mean 'wednesday'? known: " + ", ".join(WEEKDAYS)),
        (wishes.read_hour, "24", "midnight is 0"),
        (wishes.read_hour, "25", "write 0 to 23"),
        (wishes.read_hour, "-1", "write 0 to 23, or 07:00"),
        (wishes.read_hour, "7:30", "digests go out on the full hour: write 7"),
        (wishes.read_hour, "13pm", "write 1 to 12 before pm, or 0 to 23 alone"),
        (wishes.read_timezone, "Berlin", "did you mean 'Europe/Berlin'?"),
        (wishes.read_timezone, "Europe/Berlinn", "did you mean 'Europe/Berlin'?"),
        (wishes.read_timezone, "../../etc/passwd", "write an IANA name such as Europe/Berlin"),
        (wishes.read_timezone, "Europe", "write an IANA name such as Europe/Berlin"),
        (wishes.read_timezone, "", "write an IANA name such as Europe/Berlin"),
    ],
)
def test_what_names_no_time_is_refused_with_the_mend(read: Callable[[str], object], text: str, mend: str) -> None:
    with pytest.raises(CadenceError) as caught:
        read(text)
    assert str(caught.value).endswith(f": '{text}'; {mend}")
    assert caught.value.value == text


def test_zones_that_are_no_place_are_refused() -> None:
    for name in ("localtime", "Factory"):
        with pytest.raises(CadenceError):
            wishes.read_timezone(name)


@pytest.mark.parametrize(("text", "papers"), [("1", 1), (" 12 ", 12), ("100", 100)])
def test_papers_are_counted_from_one(text: str, papers: int) -> None:
    assert wishes.read_max_papers(text) == papers


@pytest.mark.parametrize("text", ["0", "101", "-3", "1.5", "many", "", "٣", "1" * 5000])
def test_a_number_of_papers_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(WishError, match="write a number from 1 to 100"):
        wishes.read_max_papers(text)


@pytest.mark.parametrize(
    ("text", "language"), [("en", "en"), ("DE", "de"), ("pt_br", "pt-BR"), ("zh-hant-tw", "zh-hant-TW")]
)
def test_languages_are_tags(text: str, language: str) -> None:
    assert wishes.read_language(text) == language


@pytest.mark.parametrize("text", ["English", "e", "", "en-", "en us", "<en>"])
def test_a_language_that_is_no_tag_is_refused(text: str) -> None:
    with pytest.raises(WishError, match="write a language tag such as en or pt-BR"):
        wishes.read_language(text)


@given(st.text() | st.text("0123456789:. apm+-", max_size=8))
def test_anything_is_read_or_refused_as_a_wish(text: str) -> None:
    for read, most in ((wishes.read_hour, 23), (wishes.read_weekday, 6)):
        try:
            assert 0 <= read(text) <= most
        except CadenceError:
            continue


@given(st.sampled_from(sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})))
def test_every_zone_is_found_whatever_its_capitals(zone: str) -> None:
    assert wishes.read_timezone(zone) == zone
    assert wishes.read_timezone(zone.swapcase()).casefold() == zone.casefold()


@given(st.integers(0, 23), st.integers(0, 6))
def test_what_is_written_is_read_again(hour: int, weekday: int) -> None:
    assert wishes.read_hour(f"{hour:02}:00") == hour
    assert wishes.read_weekday(WEEKDAYS[weekday].title()[:3]) == weekday
