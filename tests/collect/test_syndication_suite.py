"""Other people's feeds, with what they expect of them: no difference without a reason, and none that hangs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.feed_expectations import Expectation, case_of
from bench.feed_reading import reduced
from bench.feeds import KINDS, rows, table
from bot.collect.sources.feed_names import web_link


def test_feeds_agree_with_what_others_read(shared: Path) -> None:
    found = rows(shared / "data")
    assert [line for one in found for line in one.otherwise] == []
    suite = found[0]
    assert suite.name == "feedparser"
    assert (suite.files > 900, suite.refused) == (True, [])
    assert all(suite.agree[kind] for kind in KINDS)
    assert all("not a feed" in line for one in found for line in one.refused)
    assert max(one.slowest for one in found) < 10
    assert table(found).count("\n") > len(found)


def test_expectations_are_taken_apart_and_never_run() -> None:
    case = case_of(
        b"<!--\nHeader: Content-type: text/xml\nDescription: x\n"
        b"Expect: not bozo and entries[0]['title'] == 'a' + 'b' and entries[0].link == entries[1]['link'] == u'c'\n-->"
    )
    assert case.headers == {"content-type": "text/xml"}
    assert case.expectations == (
        Expectation(("entries", 0, "title"), "ab"),
        Expectation(("entries", 0, "link"), "c"),
        Expectation(("entries", 1, "link"), "c"),
    )


@pytest.mark.parametrize(
    "written", ["__import__('os').system('false') == 0", "x(", "entries[f()]['title'] == 'a'", "1"]
)
def test_what_is_no_comparison_is_none(written: str) -> None:
    assert case_of(f"<!--\nExpect: {written}\n-->".encode()).expectations == ()


def test_what_a_reader_sees_is_judged_by_another_reading_than_ours() -> None:
    assert reduced("a <b>b</b>&amp;<i>c\n d</i>") == "a b&c d"
    assert web_link("javascript:x") == ""
