"""Metadata made safe to show."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render.plain import LINK_LENGTH, direction_of, plain, shortened, web_link

ANYTHING = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  two\r\n\twords ", "two words"),
        ("nul\x00 bell\x07", "nul bell"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("e\u0301", "é"),
        ("\ud800lone", "lone"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("x<y & p < 0.05", "x<y & p < 0.05"),
        ("H₂O 10⁻⁹ α", "H₂O 10⁻⁹ α"),
    ],
)
def test_plain_keeps_what_a_reader_sees(text: str, line: str) -> None:
    assert plain(text) == line


@given(ANYTHING)
def test_plain_is_one_line_that_can_be_encoded(text: str) -> None:
    line = plain(text)
    line.encode()
    assert line == " ".join(line.split())
    assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in line)
    assert plain(line) == line


@given(st.text("ab ", max_size=60), st.integers(5, 30))
def test_shortened_keeps_to_the_limit(text: str, limit: int) -> None:
    line = plain(text)
    short = shortened(line, limit)
    assert len(short) <= limit
    assert short == line or (short.endswith("…") and line.startswith(short[:-1]))


def test_shortened_ends_at_a_word() -> None:
    assert shortened("one two three four", 12) == "one two…"
    assert shortened("abcdefghijklmnop", 8) == "abcdefg…"


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://doi.org/10.1002/(SICI)1097?a=1&b=2#c", "https://doi.org/10.1002/(SICI)1097?a=1&b=2#c"),
        (" http://127.0.0.1:8000/x ", "http://127.0.0.1:8000/x"),
        ("HTTPS://Example.ORG/Ä b", "https://example.org/%C3%84%20b"),
        ("https://übung.example.org/", "https://xn--bung-zra.example.org/"),
        ("https://example.org/%20ok", "https://example.org/%20ok"),
        ('https://example.org/"><script>', "https://example.org/%22%3E%3Cscript%3E"),
        ("http://[::1]:8000/x", "http://[::1]:8000/x"),
    ],
)
def test_web_links_are_written_in_ascii(url: str, link: str) -> None:
    assert web_link(url) == link


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//example.org/x",
        "/relative",
        "https://",
        "https://user:pass@example.org/",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://example.org/\r\nX: y",
        "https://example.org/\u202e",
        "https://[::1/",
        "https://a<b/",
        "https://example.org/" + "x" * LINK_LENGTH,
    ],
)
def test_other_links_are_dropped(url: str) -> None:
    assert web_link(url) == ""


@given(st.builds("https://{}/{}".format, ANYTHING, ANYTHING) | ANYTHING)
def test_a_link_is_safe_and_stays_what_it_is(url: str) -> None:
    link = web_link(url)
    assert link == "" or (link.isascii() and link.startswith(("http://", "https://")))
    assert not set(link) & set(" \"'<>\\\r\n\t")
    assert web_link(link) == link


def test_direction_is_that_of_the_first_letter_that_has_one() -> None:
    assert direction_of("12. تأثير STING") == "rtl"
    assert direction_of("(α) שלום") == "ltr"
    assert direction_of("123", "rtl") == "rtl"
