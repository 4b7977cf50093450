"""What a digest says of itself: subject and summary."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render.languages import SPOKEN, language
from bot.render.subject import SUBJECT_LENGTH, digest_subject, headline, summary

EN = language("en")
FEEDS = ("Chronic fatigue syndrome", "STING receptor agonists", "Microbicides", "Position effect variegation")


def test_the_summary_says_what_is_inside() -> None:
    assert summary((("A", 4), ("B", 2), ("C", 1)), 0, EN) == "4 on A, 2 on B and 1 on C."
    assert summary((("A", 7),), 1, EN) == "All on A. 1 more is on the web."
    assert summary((("A", 1),), 0, EN) == "It is on A."
    many = tuple((name, 2) for name in "ABCDEF")
    assert summary(many, 0, EN) == "2 on A, 2 on B, 2 on C, 2 on D and 4 in 2 other feeds."
    assert summary(many[:5], 0, EN) == "2 on A, 2 on B, 2 on C, 2 on D and 2 on E."
    assert summary((), 1200, EN) == "1,200 more are on the web."
    assert summary((), 0, EN) == ""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("de", "4 zu A, 2 zu B und 1 zu C. 1.200 weitere stehen im Web."),
        ("fr", "4 sur A, 2 sur B et 1 sur C. 1\u202f200 autres se trouvent sur le web."),
        ("es", "4 sobre A, 2 sobre B y 1 sobre C. Hay 1.200 más en la web."),
        ("pt", "4 sobre A, 2 sobre B e 1 sobre C. Há mais 1.200 na web."),
        ("zh", "A：4 篇、B：2 篇和C：1 篇。 网页上还有 1,200 篇。"),
        ("ar", "4 عن A و2 عن B و1 عن C. وعلى الويب 1,200 بحث آخر."),
    ],
)
def test_the_summary_reads_as_a_sentence_in_each_language(code: str, words: str) -> None:
    assert summary((("A", 4), ("B", 2), ("C", 1)), 1200, language(code)) == words


def test_the_headline_counts_the_papers() -> None:
    assert [headline(total, EN) for total in (0, 1, 1200)] == [
        "Nothing new to show here",
        "1 new paper",
        "1,200 new papers",
    ]


def test_the_subject_says_what_is_inside() -> None:
    assert digest_subject(7, FEEDS[:2], EN) == "7 new papers: Chronic fatigue syndrome, STING receptor agonists"
    assert digest_subject(1, FEEDS[:1], EN) == "1 new paper: Chronic fatigue syndrome"
    assert digest_subject(0, (), EN) == "No new papers"


def test_a_long_subject_counts_the_other_feeds() -> None:
    assert digest_subject(12, FEEDS, EN) == "12 new papers: Chronic fatigue syndrome and 3 more feeds"
    assert digest_subject(3, ("word " * 40, "B"), EN).endswith("word… and 1 more feed")
    assert digest_subject(12, FEEDS, EN, 120) == f"12 new papers: {', '.join(FEEDS)}"


@pytest.mark.parametrize(
    ("code", "subject"),
    [
        ("de", "12 neue Publikationen: Chronic fatigue syndrome und 3 weitere Feeds"),
        ("fr", "12 nouveaux articles : Chronic fatigue syndrome et 3 autres flux"),
        ("es", "12 artículos nuevos: Chronic fatigue syndrome y 3 canales más"),
        ("pt", "12 artigos novos: Chronic fatigue syndrome e mais 3 canais"),
        ("zh", "12 篇新论文：Chronic fatigue syndrome, STING receptor agonists，另有 2 个主题"),
        ("ar", "12 بحثًا جديدًا: Chronic fatigue syndrome و3 موضوعات أخرى"),
    ],
)
def test_subjects_in_each_language(code: str, subject: str) -> None:
    assert digest_subject(12, FEEDS, language(code)) == subject


@given(st.integers(0, 10**6), st.lists(st.text("abc ", min_size=1, max_size=120), max_size=30), st.sampled_from(SPOKEN))
def test_a_subject_keeps_to_its_length(total: int, feeds: list[str], code: str) -> None:
    spoken = language(code)
    subject = digest_subject(total, tuple(feeds), spoken)
    assert len(subject) <= SUBJECT_LENGTH
    assert subject.startswith(headline(total, spoken) if total else spoken.gettext("No new papers"))
