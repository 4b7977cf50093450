"""Identifiers, dates and languages in their one normal form."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.collect.sources.dates import from_iso, from_medline, from_words, not_ahead, partial
from bot.collect.sources.identifiers import doi_in_link, doi_link, doi_of, pmcid_of, pmid_of
from bot.collect.sources.languages import language_of


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("10.1000/ABC", "10.1000/abc"),
        (" doi: 10.1000/abc. ", "10.1000/abc"),
        ("DOI:10.1000/abc", "10.1000/abc"),
        ("http://dx.doi.org/10.1000%2Fa%3Cb%3E", "10.1000/a<b>"),
        ("https://doi.org/10.1016/S0140-6736(20)30183-5", "10.1016/s0140-6736(20)30183-5"),
        ("10.1000/a)", "10.1000/a"),
        ("10.1101/2026.01.02.123456v2", "10.1101/2026.01.02.123456"),
        ("10.1000.10/123456", "10.1000.10/123456"),
        ("10.1/x", ""),
        ("10.1000/a b", ""),
        ("10.1000/" + "a" * 400, ""),
        ("", ""),
    ],
)
def test_doi_of(text: str, doi: str) -> None:
    assert doi_of(text) == doi


@pytest.mark.parametrize(
    ("url", "doi"),
    [
        ("https://onlinelibrary.wiley.com/doi/full/10.1002/tax.1?af=R", "10.1002/tax.1"),
        ("https://www.biorxiv.org/content/10.1101/2026.01.01.123456v2.full.pdf", "10.1101/2026.01.01.123456"),
        ("https://journals.example.org/article?id=10.1371/journal.x.1&v=2", "10.1371/journal.x.1"),
        ("https://academic.oup.com/x/doi/10.1093/x/xbab1/6289890", "10.1093/x/xbab1"),
        ("https://doi.org/10.1000/x.full", "10.1000/x.full"),
        ("https://example.org/2026/11/news", ""),
        ("http://[broken", ""),
    ],
)
def test_doi_in_link(url: str, doi: str) -> None:
    assert doi_in_link(url) == doi


@given(st.text(max_size=60))
def test_a_doi_is_normal_once_and_for_all(text: str) -> None:
    doi = doi_of("10.1000/" + text)
    assert doi_of(doi) == doi
    assert doi_link(doi).isascii()


@pytest.mark.parametrize(
    ("text", "pmid"), [("123", "123"), ("pmid:123", "123"), ("PubMed:123", "123"), ("0123", ""), ("x", "")]
)
def test_pmid_of(text: str, pmid: str) -> None:
    assert pmid_of(text) == pmid


@pytest.mark.parametrize(("text", "pmcid"), [("PMC12", "PMC12"), ("pmc-id: pmc12.2;", "PMC12"), ("12", "")])
def test_pmcid_of(text: str, pmcid: str) -> None:
    assert pmcid_of(text) == pmcid


@given(st.text(max_size=6), st.text(max_size=4), st.text(max_size=3))
def test_a_partial_date_is_a_real_one(year: str, month: str, day: str) -> None:
    text, _ = partial(year, month, day)
    assert not text or date.fromisoformat(text + "-01-01"[len(text) - 4 :]) <= date.max


@given(st.text(max_size=30))
def test_dates_in_words_are_real_ones(text: str) -> None:
    for read in (from_medline, from_iso, from_words):
        found, _ = read(text)
        assert not found or date.fromisoformat(found + "-01-01"[len(found) - 4 :]) <= date.max


@pytest.mark.parametrize(
    ("text", "found"),
    [("Mi, 30 Jun 2021 00:00:00 +0000", "2021-06-30"), ("5. Oktober 2026", "2026-10-05"), ("31 Feb 2026", "2026-02")],
)
def test_from_words(text: str, found: str) -> None:
    assert from_words(text)[0] == found


def test_not_ahead() -> None:
    today = date(2026, 11, 23)
    assert not_ahead("2027-06", today) == ("2027-06", True)
    assert not_ahead("2028", today) == ("2026-11-23", False)
    assert not_ahead("2026", today) == ("2026", True)


@pytest.mark.parametrize(("text", "code"), [("eng", "en"), ("en-US", "en"), ("deu", "de"), ("", ""), ("english", "")])
def test_language_of(text: str, code: str) -> None:
    assert language_of(text) == code


def test_what_is_too_long_for_a_link_is_not_searched() -> None:
    assert doi_in_link("http://x.example/" + "10.1111." * 24_000) == ""
