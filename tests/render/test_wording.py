"""Numbers, lists and zones in words."""

from __future__ import annotations

from datetime import UTC

import pytest

from bot.render.wording import count, listing, zone_named


@pytest.mark.parametrize("name", ["", "Europe/Nowhere", "../../etc/passwd", "/etc", "a\x00b", "Europe"])
def test_an_unknown_zone_is_utc(name: str) -> None:
    assert zone_named(name) == UTC


def test_words_for_numbers_and_lists() -> None:
    assert (count(1, "paper"), count(1200, "paper")) == ("1 paper", "1,200 papers")
    assert [listing(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
