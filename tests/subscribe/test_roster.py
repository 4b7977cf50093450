"""Rosters as people's spreadsheets write them."""

from __future__ import annotations

import io
import string
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.errors import RosterError
from bot.models.rosters import PARTS, Fate, RosterProblem, RosterRow
from bot.models.subscribers import Cadence, Wish
from bot.subscribe.addresses import clean_name, read_address
from bot.subscribe.columns import COLUMNS
from bot.subscribe.roster import Roster, open_roster, write

FEEDS = ("microbicides", "covid-19", "sting-receptor-agonists")
Item = RosterRow | RosterProblem


def opened(content: str | bytes, **choices: object) -> Roster:
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    return Roster(file, "people.csv", feeds=FEEDS, **choices)  # type: ignore[arg-type]  # each test names its own


def read(content: str | bytes, **choices: object) -> list[Item]:
    return list(opened(content, **choices))


def row(line: int, email: str, name: str = "", **more: object) -> RosterRow:
    return RosterRow(line, email, read_address(email).key, name, **more)  # type: ignore[arg-type]  # as above


ANN = "ann@example.org"
WHOLE = row(
    2,
    ANN,
    "Zoë Ann",
    feeds=("covid-19", "microbicides"),
    wish=Wish("daily", 1, 6, "Europe/Berlin"),
    max_papers=5,
    language="de",
)
HEADER = ",".join(COLUMNS)


def test_a_whole_row() -> None:
    line = "ann@example.org,Zoë Ann,covid-19;microbicides,daily,tuesday,6,Europe/Berlin,5,de"
    assert read(f"{HEADER}\n{line}\n") == [WHOLE]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_delimiter_encoding_order_and_capitals(delimiter: str, encoding: str, end: str) -> None:
    cells = [" Language ", "MAX PAPERS", "Time-zone", "hour", "Weekday", "cadence", "Feeds", "Name", "E-Mail Address"]
    values = ["DE", "5", "europe/berlin", "06:00", "2", "Daily", '"covid-19, Microbicides"', "Zoë  Ann", f" {ANN} "]
    text = end.join([delimiter.join(cells), delimiter.join(values), ""])
    assert read(text.encode(encoding)) == [WHOLE]


def test_only_the_address_is_required() -> None:
    assert read("email\nann@example.org\n\nbob@example.org\n") == [row(2, ANN), row(4, "bob@example.org")]


def test_columns_may_be_renamed_and_others_are_left_out() -> None:
    roster = opened("Id;E-Post;Mail;Vorname\n7;ann@example.org;x;Ann\n", columns={"email": "e-post", "name": "Vorname"})
    assert list(roster) == [row(2, ANN, "Ann")]
    assert roster.columns == {"email": "E-Post", "name": "Vorname"}
    assert roster.ignored == ("Id", "Mail")


def test_names_in_two_columns_become_one() -> None:
    assert read("Email,Last name,First Name\nann@example.org,Lee,Ann\nbob@example.org,,Bob\n") == [
        row(2, ANN, "Ann Lee"),
        row(3, "bob@example.org", "Bob"),
    ]


def test_what_stands_before_and_in_the_header_is_understood() -> None:
    assert read('\r\nsep=;\r\n"E-Mail";"Full\r\nname"\r\nann@example.org;Ann\r\n') == [row(5, ANN, "Ann")]
    assert read("\ufeffemail,name\nann@example.org,Ann\n".encode(), encoding="utf-8") == [row(2, ANN, "Ann")]


def test_a_named_encoding_is_taken() -> None:
    content = "email,name\nann@example.org,Анна\n".encode("cp1251")
    assert read(content, encoding="cp1251") == [row(2, ANN, "Анна")]


def test_a_part_of_when_is_filled_up_from_what_holds_here() -> None:
    here = Wish("weekly", 4, 8, "Asia/Tokyo")
    content = "email,hour,weekday\na@example.org,6,\nb@example.org,,\nc@example.org,,mon\n"
    assert [each.wish for each in read(content, wish=here) if isinstance(each, RosterRow)] == [
        Wish("weekly", 4, 6, "Asia/Tokyo"),
        None,
        Wish("weekly", 0, 8, "Asia/Tokyo"),
    ]
    said = [each.when for each in read(content, wish=here) if isinstance(each, RosterRow)]
    assert said == [("hour",), PARTS, ("weekday",)]


def test_a_row_is_taken_whole_or_reported_with_all_that_is_wrong() -> None:
    content = "email,feeds,weekday,hour\nann@example.org,covid19;nonsense,0,7:30\nbob@,covid-19,mon,25\n,covid-19,,\n"
    problems = [each for each in read(content) if isinstance(each, RosterProblem)]
    assert [(each.line, each.email) for each in problems] == [(2, ANN), (3, "bob@"), (4, "")]
    assert problems[0].problem == (
        "no such feed: 'covid19'; did you mean 'covid-19'?; "
        "no such feed: 'nonsense'; known: covid-19, microbicides, sting-receptor-agonists; "
        "weekday: '0'; numbers go from 1, Monday, to 7, Sunday; or write its name; "
        "hour: '7:30'; digests go out on the full hour: write 7"
    )
    assert "there must be something after the @-sign; hour: '25'" in problems[1].problem
    assert problems[2].problem.startswith("address: ''; empty") or "empty; write it like" in problems[2].problem


def test_a_feeds_name_leads_to_its_slug() -> None:
    (problem,) = read("email,feeds\nann@example.org,STING Receptor Agonist\n")
    assert isinstance(problem, RosterProblem)
    assert problem.problem == "no such feed: 'sting receptor agonist'; did you mean 'sting-receptor-agonists'?"


def test_of_duplicates_the_first_that_is_right_wins() -> None:
    content = "email,hour\nann@example.org,99\nANN@Example.org,7\nann@example.org,8\nbob@example.org,9\n"
    first, second, third, fourth = read(content)
    assert isinstance(first, RosterProblem)
    assert isinstance(second, RosterRow)
    assert third == RosterProblem(4, ANN, "the same address as in line 3; that one counts", Fate.DUPLICATE)
    assert isinstance(fourth, RosterRow)


def test_cells_that_a_broken_row_shifts_are_not_taken() -> None:
    content = 'email,name,feeds\nann@example.org,Lee, Ann,covid-19\nbob@example.org,"Bob,covid-19\ncy@example.org,Cy,\n'
    first, second, third = read(content)
    assert first == RosterProblem(2, ANN, "4 cells for 3 columns; quote a cell that holds ','")
    assert isinstance(second, RosterProblem)
    assert (second.line, "quote" in second.problem) == (3, True)
    assert third == row(4, "cy@example.org", "Cy")


def test_names_come_in_clean() -> None:
    (found,) = read('email,name\nann@example.org,"Ann\r\nBcc: evil@example.org\x00\u202e"\n')
    assert found == row(2, ANN, "Ann Bcc: evil@example.org")


@pytest.mark.parametrize(
    ("content", "choices", "words"),
    [
        (b"", {}, "empty"),
        (b"PK\x03\x04", {}, "save it as CSV"),
        (b"name,feeds\nAnn,covid-19\n", {}, "no column email; the first line has: name, feeds; name the one with"),
        (b"ann@example.org,Ann\n", {}, "no line of column names; put one above the people"),
        (b"email\n", {"columns": {"emial": "x"}}, "no such column: 'emial'; known: email, name"),
        (b"email\n", {"columns": {"name": "Nom"}}, "no column 'Nom' for name; the first line has: email"),
        (b"email\n", {"encoding": "utf8000"}, "no such encoding: 'utf8000'"),
        (b"\n" * 80, {"encoding": "utf-8"}, "no column email"),
    ],
)
def test_a_file_that_is_no_roster_is_refused_with_the_mend(
    content: bytes, choices: dict[str, object], words: str
) -> None:
    with pytest.raises(RosterError) as caught:
        opened(content, **choices)
    assert words in caught.value.problem
    assert caught.value.name == "people.csv"


def test_a_path_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(RosterError, match=str(path)), open_roster(path, feeds=()):
            pass


def test_a_roster_can_be_read_again_and_left_half_way(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\n" + "".join(f"reader{n}@example.org\n" for n in range(5000)))
    with open_roster(path, feeds=()) as roster:
        half = iter(roster)
        assert next(half) == row(2, "reader0@example.org")
        assert 0 < roster.position < roster.size == path.stat().st_size
    half.close()  # type: ignore[attr-defined]  # a generator, and closing it late must not complain
    with open_roster(path, feeds=()) as roster:
        assert len(list(roster)) == len(list(roster)) == 5000
        assert roster.position == roster.size


def test_memory_stays_flat(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    with path.open("w") as file:
        file.write("email,name,feeds\n")
        file.writelines(f"reader{n}@example.org,Reader {n},covid-19\n" for n in range(30_000))
    tracemalloc.start()
    try:
        with open_roster(path, feeds=FEEDS) as roster:
            assert sum(isinstance(each, RosterRow) for each in roster) == 30_000
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_an_export_has_the_columns_of_a_roster_and_runs_nothing() -> None:
    rows = [WHOLE, row(3, "+bob@example.org", '=HYPERLINK("x")', feeds=None)]
    lines = list(write(rows))
    assert lines[0] == "email,name,feeds,cadence,weekday,hour,timezone,max_papers,language\r\n"
    assert lines[1] == "ann@example.org,Zoë Ann,covid-19;microbicides,daily,tuesday,6,Europe/Berlin,5,de\r\n"
    assert lines[2] == '\'+bob@example.org,"\'=HYPERLINK(""x"")",,,,,,,\r\n'
    assert read("".join(lines)) == rows


names = (st.text() | st.text("'=+-@\t\r\n \";,|a")).map(clean_name)
atoms = st.text(string.ascii_letters + string.digits + "!#$%&'*+-/=?^_`{|}~", min_size=1, max_size=20)
emails = st.builds("{}@{}".format, atoms, st.sampled_from(["example.org", "bücher.example", "mail.test"]))
wishes = st.builds(
    Wish,
    st.sampled_from([str(cadence) for cadence in Cadence]),
    st.integers(0, 6),
    st.integers(0, 23),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
)


@st.composite
def rosters(draw: st.DrawFn) -> list[RosterRow]:
    found = [read_address(email) for email in draw(st.lists(emails, max_size=8))]
    people = list({address.key: address for address in found}.values())
    return [
        RosterRow(
            line,
            address.email,
            address.key,
            draw(names),
            draw(st.none() | st.lists(st.sampled_from(FEEDS), min_size=1, unique=True).map(tuple)),
            draw(st.none() | wishes),
            draw(st.none() | st.integers(1, 100)),
            draw(st.none() | st.sampled_from(["en", "pt-BR"])),
        )
        for line, address in enumerate(people, 2)
    ]


@settings(deadline=None)
@given(rosters(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_what_is_exported_is_read_again_as_it_was(rows: list[RosterRow], encoding: str) -> None:
    assert read("".join(write(rows)).encode(encoding)) == rows


def lines_of(rows: list[str]) -> Iterator[str]:
    yield "email,name,feeds,hour"
    yield from rows


@settings(deadline=None, max_examples=settings().max_examples // 2)
@given(st.lists(st.text('ab@.;,"=\t7\x00é') | st.just("ann@example.org,Ann,covid-19,7"), max_size=12))
def test_every_row_gives_one_item_and_nothing_stops_the_rest(rows: list[str]) -> None:
    content = "\n".join(lines_of(rows)) + "\n\nlast@example.org,Last,,\n"
    # A tenth of control characters is no text, and refused as a whole.
    assume(content.count("\0") * 10 <= len(content))
    found = read(content)
    numbers = [each.line for each in found]
    assert numbers == sorted(set(numbers))
    assert found[-1] == row(len(rows) + 3, "last@example.org", "Last")


@given(st.binary(max_size=300))
def test_any_bytes_after_a_header_are_read(content: bytes) -> None:
    for each in read(b"email,name\n" + content.replace(b"\0", b"") + b"\n"):
        assert each.line >= 2
