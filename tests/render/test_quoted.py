"""Quoted-printable, piece by piece: what comes out is what went in, in short lines that no server has to touch."""

from __future__ import annotations

from quopri import decodestring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models.deliveries import is_dotless
from bot.render.quoted import LINE_LENGTH, encoded, ended

TEXTS = st.text(st.sampled_from("aé .=\n\t-From"), max_size=400) | st.text(max_size=200)


def told(octets: bytes) -> str:
    return decodestring(octets).decode().replace("\r\n", "\n")


@given(TEXTS)
def test_what_is_decoded_is_what_was_encoded(text: str) -> None:
    written = encoded(text)
    assert told(written) == text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    assert all(len(line) <= LINE_LENGTH for line in written.split(b"\r\n"))
    assert written == b"" or written.endswith(b"\r\n")


@given(st.lists(TEXTS, max_size=5))
def test_pieces_that_are_joined_decode_to_the_whole(texts: list[str]) -> None:
    whole = "".join(text.replace("\r\n", "\n").replace("\r", "\n") for text in texts)
    assert told(b"".join(map(encoded, texts))) == whole.encode("utf-8", "replace").decode()


@given(st.lists(st.text(st.sampled_from("a.é\n"), max_size=24), max_size=9))
def test_no_line_begins_with_a_dot(words: list[str]) -> None:
    text = ended(" ".join(words))
    assert is_dotless(encoded(text))
    assert told(encoded(text)) == text


@pytest.mark.parametrize("length", range(70, 80))
@pytest.mark.parametrize("dots", [1, 2, 25])
def test_dots_right_where_a_line_ends_are_no_beginning_of_the_next(length: int, dots: int) -> None:
    for text in ("a" * length + "." * dots, "." * dots + "a" * length, "é" + "a" * length + "." * dots + "b\n"):
        written = encoded(text)
        assert not any(line.startswith(b".") for line in written.split(b"\r\n"))
        assert max(map(len, written.split(b"\r\n"))) <= LINE_LENGTH
        assert told(written) == text
