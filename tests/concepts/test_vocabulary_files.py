"""Files of a vocabulary: rows and XML give the same descriptors, and what is wrong is named."""

from __future__ import annotations

import io
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.concepts.vocabulary_files import NAME_LENGTH, RECORD_BYTES, RecordProblem, parse_tsv, parse_xml
from bot.errors import VocabularyError
from bot.models.vocabulary import Descriptor
from tests.concepts.vocabularies import SMALL, tsv, xml

GOOD = "D990001\tTea\tBrew|Leaf\tJ02.100|B01.100\tnot read"


def read_xml(text: str | bytes) -> list[Descriptor | RecordProblem]:
    return list(parse_xml(io.BytesIO(text.encode() if isinstance(text, str) else text), "sample.xml"))


def record(inside: str) -> str:
    return f"<DescriptorRecordSet><DescriptorRecord>{inside}</DescriptorRecord></DescriptorRecordSet>"


def test_rows_and_xml_give_the_same() -> None:
    assert tuple(parse_tsv(tsv().splitlines(keepends=True))) == SMALL
    assert sorted(read_xml(xml()), key=repr) == sorted(SMALL, key=repr)


def test_a_row_is_read_whole() -> None:
    assert list(parse_tsv([GOOD])) == [Descriptor("D990001", "Tea", ("Brew", "Leaf"), ("J02.100", "B01.100"))]


def test_names_are_tidied_and_told_once() -> None:
    row = " D990001 \t Green   Tea\tBrew||brew| Brew |Green Tea|\tJ02| J02 |\r\n"
    assert list(parse_tsv(["\n", row, "  \n"])) == [Descriptor("D990001", "Green Tea", ("Brew", "brew"), ("J02",))]
    decomposed = "D990001\tTe\N{COMBINING ACUTE ACCENT}\t\t\t"
    assert list(parse_tsv([decomposed])) == [Descriptor("D990001", "Té", (), ())]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("D990001\tTea", "too few columns"),
        ("id\tname\tterms\ttrees", "not a descriptor's id: 'id'"),
        ("C990001\tTea\t\t\t", "not a descriptor's id: 'C990001'"),
        ("D\N{ARABIC-INDIC DIGIT ONE}90001\tTea\t\t\t", "not a descriptor's id"),
        ("D990001\t \tBrew\tJ02\t", "D990001: no name"),
        (f"D990001\t{'x' * (NAME_LENGTH + 1)}\t\t\t", "D990001: a name of more than 1,000 characters"),
        (f"D990001\tTea\t{'x' * (NAME_LENGTH + 1)}\t\t", "D990001: a name of more than 1,000 characters"),
        ("D990001\tT\x00a\t\t\t", "D990001: unreadable characters"),
        ("D990001\tTea\tBr\x1bw\t\t", "D990001: unreadable characters"),
        ("D990001\tTea\tBr\ufffdw\t\t", "D990001: unreadable characters"),
        ("D990001\tTea\t\tD990002\t", "D990001: not a tree number: 'D990002'"),
        ("D990001\tTea\t\tJ02.\x1b[2J\t", "D990001: not a tree number: 'J02. [2J'"),
    ],
)
def test_a_row_with_an_error_is_named_and_left_out(row: str, words: str) -> None:
    good = GOOD.replace("D990001", "D990009")
    first, problem, last = parse_tsv([good, row, good.replace("D990009", "D990010")])
    assert isinstance(first, Descriptor)
    assert isinstance(last, Descriptor)
    assert isinstance(problem, RecordProblem)
    assert problem.line == 2
    assert problem.text.startswith(words)


def test_an_id_counts_once() -> None:
    _, problem = parse_tsv([GOOD, GOOD])
    assert problem == RecordProblem(2, "D990001: is in line 1 already; that one counts")


def test_records_of_xml_with_errors_are_named() -> None:
    tea = "<DescriptorName><String>Tea</String></DescriptorName>"
    for inside, words in (
        (tea, "not a descriptor's id: ''"),
        ("<DescriptorUI>D990001</DescriptorUI>", "D990001: no name"),
        (f"<DescriptorUI>Q990001</DescriptorUI>{tea}", "not a descriptor's id: 'Q990001'"),
        (
            f"<DescriptorUI>D990001</DescriptorUI>{tea}<TreeNumberList><TreeNumber>x</TreeNumber></TreeNumberList>",
            "D990001: not a tree number: 'x'",
        ),
    ):
        assert read_xml("\n\n" + record(inside)) == [RecordProblem(3, words)]


def test_other_files_of_nlm_hold_no_descriptor() -> None:
    assert read_xml("<QualifierRecordSet><QualifierRecord/></QualifierRecordSet>") == []
    assert read_xml(f"<outer>{record('<DescriptorUI>D990001</DescriptorUI>')}</outer>") == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_xml_is_read_in_its_own_encoding(encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'
    assert set(read_xml(xml(head=head).encode(encoding))) == set(SMALL)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "sample.xml: broken xml"),
        (xml()[:-40], r"sample.xml:\d+: broken xml: .*; give desc2026.xml"),
        ("<!doctype html><html><br><p>Not found</html>", "broken xml"),
        ("<a>" * 300, "broken xml: Excessive depth"),
        (f"<a>{'<b/>' * (RECORD_BYTES // 4)}", "no DescriptorRecord within 4 MB"),
        (f"<DescriptorRecordSet>{'<b/>' * (RECORD_BYTES // 4)}", "no DescriptorRecord within 4 MB"),
        (
            "<!DOCTYPE a [<!ENTITY x '" + "y" * 1000 + "'><!ENTITY z '" + "&x;" * 1000 + "'><!ENTITY q '" + "&z;" * 1000
            + "'>]>" + record("<DescriptorName><String>&q;</String></DescriptorName>"),
            "broken xml",
        ),
    ],
)  # fmt: skip
def test_what_is_no_such_file_is_refused_whole(text: str, words: str) -> None:
    with pytest.raises(VocabularyError, match=words) as caught:
        read_xml(text)
    assert "\n" not in str(caught.value)


def test_nothing_beside_the_file_is_read() -> None:
    text = (
        '<!DOCTYPE a [<!ENTITY in "within"><!ENTITY out SYSTEM "file:///etc/hostname">]>'
        + record(
            "<DescriptorUI>D990001</DescriptorUI><DescriptorName><String>Tea</String></DescriptorName><ConceptList>"
            "<Concept><TermList><Term><String>a &out;</String></Term><Term><String>&in; b</String></Term>"
            "<Term><String>Brew</String></Term></TermList></Concept></ConceptList>"
        )
    )  # fmt: skip
    assert read_xml(text) == [Descriptor("D990001", "Tea", ("Brew",), ())]


# Few characters, among them what XML must escape: all of Unicode takes long to begin with.
_NAMES = st.text("aBé茶 ,-('&<>\"", min_size=1, max_size=12).map(lambda text: " ".join(text.split()))
_TREES = st.lists(st.integers(0, 999), max_size=3).map(lambda parts: ".".join(["J02", *map("{:03}".format, parts)]))


@st.composite
def descriptors(draw: st.DrawFn) -> list[Descriptor]:
    ids = draw(st.lists(st.integers(0, 999_999).map("D{:06}".format), max_size=5, unique=True))
    found = []
    for one in ids:
        name, *terms = draw(st.lists(_NAMES.filter(bool), min_size=1, max_size=5, unique=True))
        found.append(Descriptor(one, name, tuple(terms), tuple(draw(st.lists(_TREES, max_size=3, unique=True)))))
    return found


@settings(deadline=None)
@given(descriptors())
def test_what_is_written_is_read(wanted: list[Descriptor]) -> None:
    assert list(parse_tsv(io.StringIO(tsv(wanted), newline="\n"))) == wanted
    assert [in_order(one) for one in read_xml(xml(wanted))] == [in_order(one) for one in wanted]


def in_order(one: Descriptor | RecordProblem) -> object:
    assert isinstance(one, Descriptor)
    return one.id, one.name, sorted(one.terms), one.trees


@settings(deadline=None)
@given(st.lists(st.text(st.characters() | st.sampled_from("\t|D09\n."), max_size=60) | st.just(GOOD)))
def test_any_row_gives_one_item(lines: list[str]) -> None:
    items = list(parse_tsv(lines))
    assert len(items) == sum(bool(line.strip()) for line in lines)
    for one in items:
        if isinstance(one, Descriptor):
            assert one.name
            assert one.name not in one.terms


@settings(deadline=None)
@given(st.data())
def test_any_damage_to_xml_is_an_error_or_a_problem(data: st.DataObject) -> None:
    whole = xml().encode()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 50)))
    damaged = whole[:start] + data.draw(st.binary(max_size=10)) + whole[end:]
    with suppress(VocabularyError):
        assert len(read_xml(damaged)) <= len(SMALL)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_as_xml_are_an_error_or_nothing(damaged: bytes) -> None:
    with suppress(VocabularyError):
        assert read_xml(damaged) == []
