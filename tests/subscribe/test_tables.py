"""Tables of any encoding and delimiter, whole and broken."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import RosterError
from bot.subscribe.tables import MIXED, Record, encoding_of, harmless, open_text, plain, records

TEXT = "email,name\r\nzoe@example.org,Zoë Müller–Šimić €\r\n"


def found(content: bytes) -> tuple[str, str]:
    file = io.BytesIO(content)
    encoding = encoding_of(file, "people.csv")
    text = open_text(file, encoding)
    whole = text.read()
    text.detach()
    return encoding, whole


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8-sig"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.replace("ć", "c").encode("cp1252"), MIXED),
    ],
)
def test_encodings_of_spreadsheets_are_found_out(content: bytes, encoding: str) -> None:
    assert found(content) in [(encoding, TEXT), (encoding, TEXT.replace("ć", "c"))]


def test_files_pasted_together_keep_the_text_of_both() -> None:
    latin, unicode = "ann@example.org,Ann Gómez\n".encode("latin-1"), "bob@example.org,Bob Łuć\n".encode()
    late = b"email,name\n" + b"x@example.org,X\n" * 100_000 + latin + unicode
    encoding, text = found(late)
    assert encoding == MIXED
    assert text.endswith("ann@example.org,Ann Gómez\nbob@example.org,Bob Łuć\n")


def test_bytes_without_meaning_and_torn_characters_stop_nothing() -> None:
    assert found(b"email,name\nann@example.org,A\x81\xc3") == (MIXED, "email,name\nann@example.org,A\x81Ã")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        encoding, _ = found(content)
    except RosterError:
        return
    assert encoding in {"utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", MIXED}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "empty"),
        (b"\xff\xfe", "empty"),
        (b"PK\x03\x04\x14\0\x06\0", "an Excel or OpenDocument file; save it as CSV (UTF-8) first"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel file"),
        (b"\x1f\x8b\x08\0", "compressed"),
        (b"\x7fELF\x02\x01\x01" + bytes(9) + bytes(range(256)), "not text"),
        (b"email," + b"x" * (3 << 20), "a line of more than a megabyte"),
        (TEXT.encode("utf-16") + "x".encode("utf-16-le") * (2 << 20), "a line of more than a megabyte"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(RosterError) as caught:
        found(content)
    assert words in caught.value.problem


def rows(text: str, delimiter: str = ",", width: int = 3) -> list[Record]:
    return list(records(io.StringIO(text, newline=""), delimiter, width, 2))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_are_counted_by_the_lines_of_the_file(end: str) -> None:
    text = end.join(["a,b,c", "", ' , ,"" ', '"d', 'e",f,g', "h", "i,j,k,, "])
    assert rows(text) == [
        Record(2, ("a", "b", "c")),
        Record(5, (f"d{end}e", "f", "g")),
        Record(7, ("h",)),
        Record(8, ("i", "j", "k")),
    ]


def test_quotes_are_read_leniently_where_they_close() -> None:
    assert rows('a, "b, b" ,c\n"d"d,e""e,f "g" h\n') == [
        Record(2, ("a", "b, b ", "c")),
        Record(3, ("dd", 'e""e', 'f "g" h')),
    ]


def test_a_quote_that_is_never_closed_costs_its_own_row_alone() -> None:
    text = 'ann@example.org,"Ann,x\n' + "".join(f"reader{n}@example.org,Reader,x\n" for n in range(60))
    found = rows(text)
    assert [record.line for record in found] == list(range(2, 63))
    assert [record.line for record in found if record.problem] == [2]
    assert "quote that is never closed" in found[0].problem


@pytest.mark.parametrize(
    "following", ['bob@example.org,"Bob",x\n', 'bob@example.org,Bob,x"\n', 'bob@example.org,"",x\n', ""]
)
def test_a_missing_quote_swallows_nobody(following: str) -> None:
    found = rows('ann@example.org,"Ann,x\n' + following + "cy@example.org,Cy,x\n")
    assert [record.line for record in found if record.problem] == [2]
    assert found[-1].cells == ("cy@example.org", "Cy", "x")
    assert len(found) == (3 if following else 2)


def test_a_cell_too_many_is_a_problem_unless_it_is_empty() -> None:
    found = rows("ann@example.org;Lee; Ann;x\nbob@example.org;Bob;x;;\n", ";")
    assert found[0].problem == "4 cells for 3 columns; quote a cell that holds ';'"
    assert found[1] == Record(3, ("bob@example.org", "Bob", "x"))


def test_a_cell_beyond_measure_costs_its_own_row_alone() -> None:
    found = rows("a,b,c\n" + "x" * 200_000 + ",y,z\nd,e,f\n")
    assert [(record.line, bool(record.problem)) for record in found] == [(2, False), (3, True), (4, False)]


@given(st.text('ab@,"\n\r;', max_size=120))
def test_every_text_gives_rows_in_the_order_of_its_lines(text: str) -> None:
    numbers = [record.line for record in rows(text)]
    assert numbers == sorted(set(numbers))
    assert all(2 <= number <= 2 + len(text) for number in numbers)


@pytest.mark.parametrize("value", ["=1+1", "+49 30", "-2", "@SUM(A1)", "\tx", "\rx", "\nx", "'=1", "''@x", "＝1"])
def test_what_a_spreadsheet_would_run_is_made_harmless_and_read_back(value: str) -> None:
    assert harmless(value) == "'" + value
    assert plain(harmless(value)) == value


@given(st.text() | st.text("'=+-@\t\r\na"))
def test_harmless_loses_nothing(value: str) -> None:
    written = harmless(value)
    assert plain(written) == value
    assert written[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n"}
    assert written == value or written == "'" + value


def test_an_apostrophe_of_a_name_stays() -> None:
    assert harmless("'t Hooft") == plain("'t Hooft") == "'t Hooft"
