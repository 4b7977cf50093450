"""Words, numbers, dates and lists in each language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render.languages import SPOKEN, language

BERLIN = ZoneInfo("Europe/Berlin")
spoken = st.sampled_from(SPOKEN)


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("de", "de"), ("de-AT", "de"), ("pt_BR", "pt"), ("ZH-Hans", "zh"), ("ar", "ar"), ("en-US", "en"),
        ("", "en"), ("tlh", "en"), ("d", "en"), ("-", "en"),
    ],
)  # fmt: skip
def test_a_tag_gives_its_language_or_the_one_of_the_source(tag: str, code: str) -> None:
    assert language(tag).code == code


def test_only_arabic_is_written_from_right_to_left() -> None:
    assert {code for code in SPOKEN if language(code).direction == "rtl"} == {"ar"}


@pytest.mark.parametrize(
    ("published", "label"),
    [
        ("2026-11-23", "23 November 2026"),
        ("2026-02-01", "1 February 2026"),
        ("2026-11", "November 2026"),
        ("2026", "2026"),
        ("2026-13-01", "2026"),
        ("2026-13-45", "2026"),
        ("2026-11-77", "November 2026"),
        ("2026-02-30", "February 2026"),
        ("2026-11-", "November 2026"),
        ("2026-", "2026"),
        ("0000", "0000"),
        ("0000-01", "0000"),
        ("", ""),
        ("-", ""),
        ("soon", ""),
        ("n.d.", ""),
        ("20261", ""),
        ("٢٠٢٦", ""),
    ],
)
def test_dates_are_as_precise_as_the_source(published: str, label: str) -> None:
    assert language("en").date(published) == label


@pytest.mark.parametrize(
    ("code", "day", "month"),
    [
        ("de", "23. November 2026", "November 2026"),
        ("fr", "23 novembre 2026", "novembre 2026"),
        ("es", "23 de noviembre de 2026", "noviembre de 2026"),
        ("pt", "23 de novembro de 2026", "novembro de 2026"),
        ("zh", "2026年11月23日", "2026年11月"),
        ("ar", "23 نوفمبر 2026", "نوفمبر 2026"),
    ],
)
def test_dates_are_written_as_the_language_writes_them(code: str, day: str, month: str) -> None:
    assert language(code).date("2026-11-23") == day
    assert language(code).date("2026-11") == language(code).date("2026-11-77") == month
    assert language(code).date("2026") == language(code).date("2026-13-45") == "2026"
    assert language(code).date("٢٠٢٦") == language(code).date("") == ""


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
    assert language("en").period(datetime.fromisoformat(start), datetime.fromisoformat(end), BERLIN) == label


@pytest.mark.parametrize(
    ("code", "week", "over_a_month", "over_a_year"),
    [
        ("de", "2.–9. November 2026", "26. Oktober – 2. November 2026", "28. Dezember 2026 – 4. Januar 2027"),
        ("pt", "2–9 de novembro de 2026", "26 de outubro – 2 de novembro de 2026",
         "28 de dezembro de 2026 – 4 de janeiro de 2027"),
        ("es", "2–9 de noviembre de 2026", "26 de octubre – 2 de noviembre de 2026",
         "28 de diciembre de 2026 – 4 de enero de 2027"),
        ("zh", "2026年11月2日 – 9日", "2026年10月26日 – 11月2日", "2026年12月28日 – 2027年1月4日"),
        ("ar", "2–9 نوفمبر 2026", "26 أكتوبر – 2 نوفمبر 2026", "28 ديسمبر 2026 – 4 يناير 2027"),
    ],
)  # fmt: skip
def test_periods_are_written_as_the_language_writes_them(
    code: str, week: str, over_a_month: str, over_a_year: str
) -> None:
    ends = [datetime(*day, 7, tzinfo=BERLIN) for day in ((2026, 11, 9), (2026, 11, 2), (2027, 1, 4))]
    written = [language(code).period(end - timedelta(days=7), end, BERLIN) for end in ends]
    assert written == [week, over_a_month, over_a_year]


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(1, 40 * 24), spoken)  # noqa: DTZ001 (made aware below)
def test_every_period_has_a_label_with_its_last_year(start: datetime, hours: int, code: str) -> None:
    aware = start.replace(tzinfo=UTC)
    last = aware + timedelta(hours=hours) - timedelta(microseconds=1)
    assert str(last.year) in language(code).period(aware, aware + timedelta(hours=hours), UTC)


@pytest.mark.parametrize(
    ("code", "number"),
    [("en", "1,288"), ("de", "1.288"), ("es", "1.288"), ("pt", "1.288"), ("zh", "1,288"), ("ar", "1,288")],
)
def test_digits_are_grouped_as_the_language_groups_them(code: str, number: str) -> None:
    assert language(code).number(1288) == number
    assert [language(code).number(small) for small in (0, 7, 999)] == ["0", "7", "999"]


@pytest.mark.parametrize(
    ("code", "two", "three"),
    [
        ("en", "a and b", "a, b and c"),
        ("de", "a und b", "a, b und c"),
        ("fr", "a et b", "a, b et c"),
        ("es", "a y b", "a, b y c"),
        ("pt", "a e b", "a, b e c"),
        ("zh", "a和b", "a、b和c"),
        ("ar", "a وb", "a وb وc"),
    ],
)
def test_a_list_reads_as_a_sentence_does(code: str, two: str, three: str) -> None:
    listing = language(code).listing
    assert [listing(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", two, three]


def test_languages_have_names_in_each_other() -> None:
    assert [language(code).name_of("en") for code in ("en", "de", "zh", "ar")] == [
        "English",
        "Englisch",
        "英语",
        "الإنجليزية",
    ]
    assert [language("de").name_of(code) for code in ("", "x", "xx", "eng", "en-GB")] == [""] * 5


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("en", ["0 new papers", "1 new paper", "2 new papers", "1,000 new papers"]),
        ("de", ["0 neue Publikationen", "1 neue Publikation", "2 neue Publikationen", "1.000 neue Publikationen"]),
        ("fr", ["0 nouvel article", "1 nouvel article", "2 nouveaux articles", "1\u202f000 nouveaux articles"]),
        ("zh", ["0 篇新论文", "1 篇新论文", "2 篇新论文", "1,000 篇新论文"]),
    ],
)
def test_words_go_with_their_number(code: str, words: list[str]) -> None:
    spoken = language(code)
    counted = [spoken.count(number, "%(number)s new paper", "%(number)s new papers") for number in (0, 1, 2, 1000)]
    assert counted == words


def test_arabic_has_six_forms() -> None:
    counted = [
        language("ar").count(number, "%(number)s new paper", "%(number)s new papers")
        for number in (0, 1, 2, 3, 10, 11, 99, 100, 102, 103)
    ]
    assert counted == [
        "لا أبحاث جديدة",
        "بحث جديد واحد",
        "بحثان جديدان",
        "3 أبحاث جديدة",
        "10 أبحاث جديدة",
        "11 بحثًا جديدًا",
        "99 بحثًا جديدًا",
        "100 بحث جديد",
        "102 بحث جديد",
        "103 أبحاث جديدة",
    ]


@pytest.mark.parametrize("code", SPOKEN)
def test_what_has_no_translation_stays_as_it_is(code: str) -> None:
    spoken = language(code)
    assert spoken.text("no message: %(name)s", name="100 %") == "no message: 100 %"
    assert [spoken.count(number, "%(number)s gnu", "%(number)s gnus") for number in (1, 2)] == ["1 gnu", "2 gnus"]
