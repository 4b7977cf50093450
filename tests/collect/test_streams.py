"""Answers read in a stream: record by record, broken characters repaired, bounded, whatever is sent."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.collect.answer import Fetched
from bot.collect.sources import streams
from bot.collect.sources.streams import JsonAnswer, Proportioned, flagged, is_sound, list_at, readable, text_at
from bot.errors import SourceError
from tests.builders import announcement

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
_RECORDS = st.lists(st.dictionaries(st.text(max_size=8), _JSON, max_size=4), max_size=6)


def fetched(body: bytes) -> Fetched:
    return Fetched("https://a.example/", 200, io.BytesIO(body), len(body), {})


def records(body: bytes, array: str = "resultList.result") -> JsonAnswer:
    return JsonAnswer("europepmc", io.BytesIO(body), array)


@given(_RECORDS, _JSON)
def test_records_come_as_they_are_and_values_around_them_are_kept(found: list[dict[str, Any]], other: Any) -> None:
    document = {"before": other, "hitCount": 7, "resultList": {"result": found, "after": "x"}, "nextCursorMark": "AoE1"}
    answer = records(json.dumps(document).encode())
    assert list(answer) == found
    assert answer.found
    assert answer.number("hitCount") == 7
    assert answer.values["nextCursorMark"] == "AoE1"
    assert answer.values["resultList.after"] == "x"


@pytest.mark.parametrize("value", ["7", "007", 7, "-7", "seven", None, "9" * 20, [7]])
def test_a_number_is_a_whole_one_in_whatever_way_it_is_written(value: object) -> None:
    answer = records(json.dumps({"hitCount": value}).encode()).drained()
    assert answer.number("hitCount") == (7 if value in ("7", "007", 7) else None)
    assert not answer.found


@given(_RECORDS.filter(bool), st.data())
def test_what_is_cut_off_is_an_error_after_the_records_before_it(found: list[Any], data: st.DataObject) -> None:
    body = json.dumps({"resultList": {"result": found}}).encode()
    cut = data.draw(st.integers(0, len(body) - 1))
    came: list[Any] = []
    with pytest.raises(SourceError, match="broken json"):
        came.extend(records(body[:cut]))
    assert came == found[: len(came)]


@pytest.mark.parametrize("body", [b"<html>", b"", b"[1, 2", b"\xff\xfe", b'{"a": 1}}', b"nul", b'{"a":' * 20_000])
def test_what_is_no_json_is_one_kind_of_error(body: bytes) -> None:
    with pytest.raises(SourceError):
        records(body).drained()


def test_a_record_may_not_be_larger_than_any_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_VALUES", 1_000)
    body = json.dumps({"resultList": {"result": [{"a": list(range(2_000))}]}}).encode()
    with pytest.raises(SourceError, match="a record of more than 1,000 values"):
        records(body).drained()


def test_memory_does_not_grow_with_the_answer() -> None:
    one = json.dumps({"title": "x" * 500, "authors": ["y" * 20] * 20}).encode()

    class Long:
        """A document of many records that is never whole in memory."""

        def __init__(self, number: int) -> None:
            self._pieces = self._written(number)

        def _written(self, number: int) -> Iterator[bytes]:
            yield b'{"resultList": {"result": ['
            for _ in range(number - 1):
                yield one + b","
            yield one + b"]}}"

        def read(self, size: int = -1, /) -> bytes:
            return next(self._pieces, b"") if size else b""

    peaks = []
    for number in (100, 4_000):
        tracemalloc.start()
        assert sum(1 for _ in JsonAnswer("europepmc", Long(number), "resultList.result")) == number
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000


def titles(body: bytes) -> tuple[list[str], bool]:
    with fetched(body) as answer:
        stream, repaired = readable(answer, lambda stream: JsonAnswer("x", stream, "r").drained())
        return [record["t"] for record in JsonAnswer("x", stream, "r")], repaired


def test_broken_characters_are_replaced_or_where_that_breaks_the_syntax_left_out() -> None:
    sound = '{"r": [{"t": "naïve"}, {"t": "β"}]}'.encode()
    assert titles(sound) == (["naïve", "β"], False)
    inside = sound.replace("ï".encode(), b"\xff")
    assert titles(inside) == (["na\ufffdve", "β"], True)
    between = sound.replace(b"}, {", b"}\xff\xfe\xc3, {")
    assert titles(between) == (["naïve", "β"], True)
    with pytest.raises(SourceError):
        titles(b'{"r": [\xff')


@given(st.binary(max_size=200) | st.text(max_size=50).map(str.encode))
def test_soundness_is_that_of_python_s_own_decoder_without_controls(body: bytes) -> None:
    text = body.decode("utf-8", "replace")
    forbidden = {letter for letter in text if ord(letter) < 32} - {*"\t\n\r"} | {*text} & {"\ufffe", "\uffff"}
    assert is_sound(io.BytesIO(body)) is not (text.encode() != body or bool(forbidden))


def test_only_what_was_repaired_is_flagged() -> None:
    assert flagged(announcement(1)).repairs == ()
    assert flagged(announcement(1, title="na\ufffdve", repairs=("date",))).repairs == ("date", "charset")
    assert flagged(announcement(1), all_of_them=True).repairs == ("charset",)


def test_paths_into_records_never_fail() -> None:
    record = {"a": {"b": "text", "n": 5, "l": [1], "x": None}}
    assert [text_at(record, "a", name) for name in "bnlxy"] == ["text", "5", "", "", ""]
    assert [list_at(record, "a", name) for name in "lbx"] == [[1], [], []]
    assert (list_at(None, "a"), text_at([], "a")) == ([], "")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"x": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", "json nested deeper than 60 levels"),
        (b'{"resultList": {"result": [{"a": ' + b"[" * 80, "json nested deeper than 60 levels"),
        (b"{" + b",".join(b'"%d": 1' % at for at in range(1_001)) + b"}", "more than 1,000 values around the records"),
        (b'{"x": "' + b"y" * (1 << 20) + b'z"}', "a text of more than 1,048,576 characters"),
        (
            b'{"resultList": {"result": [{"a": "' + b"y" * (1 << 20) + b'z"}]}}',
            "a text of more than 1,048,576 characters",
        ),
    ],
    ids=["deep", "deep in a record", "many values", "long text", "long text in a record"],
)
def test_what_is_out_of_all_proportion_is_refused(body: bytes, problem: str) -> None:
    with pytest.raises(SourceError, match=problem):
        records(body).drained()


def test_xml_of_too_many_parts_is_refused_before_nodes_are_made_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_PARTS", 1_000)
    for part in (b"<a/>", b"&a;", b' b="c"'):
        stream = Proportioned("arxiv", io.BytesIO(part * 1_001))
        with pytest.raises(SourceError, match="xml of more than 1,000 parts"):
            stream.read()
    assert Proportioned("arxiv", io.BytesIO(b"<a/>" * 900)).read() == b"<a/>" * 900
