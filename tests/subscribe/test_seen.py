"""Keys seen before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.subscribe.seen import Seen


@given(st.lists(st.text(max_size=3)))
def test_each_key_is_known_by_its_first_line(keys: list[str]) -> None:
    seen, known = Seen(), dict[str, int]()
    for line, key in enumerate(keys, 1):
        assert seen.first(key, line) == known.setdefault(key, line)
    assert len(seen) == len(known)


def test_it_grows_and_forgets_nothing() -> None:
    seen = Seen()
    for line in range(1, 20_001):
        assert seen.first(f"reader{line}@example.org", line) == line
    assert all(seen.first(f"reader{line}@example.org", 99_999) == line for line in range(1, 20_001))
    assert len(seen) == 20_000
