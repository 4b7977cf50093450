"""Plain text in lines of 72 columns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.render.plain import plain
from bot.render.wrap import COLUMNS, columns, wrapped


def test_wide_letters_take_two_columns_and_marks_none() -> None:
    assert columns("abc") == 3
    assert columns("慢性") == 4
    assert columns("e\u0301x\u200d") == 2


def test_lines_break_at_words_and_carry_their_indent() -> None:
    text = wrapped("word " * 30, "  ", "* ")
    lines = text.split("\n")
    assert lines[0].startswith("* word")
    assert all(line.startswith("  word") for line in lines[1:])
    assert max(map(len, lines)) <= COLUMNS


def test_a_link_is_never_broken() -> None:
    link = "https://example.org/" + "x" * 200
    assert wrapped(f"see {link} there").split("\n") == ["see", link, "there"]


def test_chinese_breaks_anywhere_but_before_a_closing_mark() -> None:
    lines = wrapped("慢性疲劳综合征，" * 20).split("\n")
    assert len(lines) > 3
    assert not any(line.startswith("，") for line in lines)


def test_nothing_is_one_empty_line() -> None:
    assert wrapped("") == ""


@given(st.text(), st.sampled_from(["", "  ", "    "]))
def test_every_letter_is_kept_and_no_line_is_too_long(text: str, indent: str) -> None:
    text = plain(text).replace("://", "")
    lines = wrapped(text, indent).split("\n")
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert max(map(columns, lines)) <= COLUMNS
