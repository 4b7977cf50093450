"""Rosters and tokens on the command line."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran

Bot = Callable[..., Ran]

PEOPLE = """email,name,feeds,hour
zoe@reader.example,Zoë,covid-19,7
=cmd@reader.example,Eve,covid-19,7
not an address,,covid-19,7
ann@reader.example,Ann,microbicides,9
"""


@pytest.fixture
def starter(bot: Bot, folder: Path) -> Bot:
    """A bot with the starter catalogue, and a roster beside it."""
    assert bot("feeds", "apply", "--starter").code == 0
    (folder / "people.csv").write_text(PEOPLE, "utf-8")
    return bot


def test_a_dry_run_shows_what_would_become_of_each_row(starter: Bot) -> None:
    ran = starter("subscribers", "import", "people.csv", "--dry-run")
    assert ran.code == 3
    lines = ran.out.splitlines()
    assert lines[0].split() == ["new", "3", "subscribers", "would", "be", "added"]
    assert lines[1].split() == ["line", "2:", "zoe@reader.example"]
    assert lines[4].split() == ["broken", "1", "cannot", "be", "read"]
    assert "line 4: not an address: address" in lines[5]
    assert len(lines) == 6


def test_a_report_has_every_row_and_nothing_that_a_spreadsheet_runs(starter: Bot, folder: Path) -> None:
    starter("subscribers", "import", "people.csv", "--report", "fates.csv")
    with (folder / "fates.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["fate"]) for row in rows] == [("2", "new"), ("3", "new"), ("4", "broken"), ("5", "new")]
    assert rows[1]["email"] == "'=cmd@reader.example"
    refused = starter("subscribers", "import", "people.csv", "--report", "nowhere/fates.csv")
    assert (refused.code, refused.err) == (
        1,
        "bot: report: nowhere/fates.csv: cannot be written: no such file or directory\n",
    )


def test_who_is_here_is_changed_when_asked_for_and_put_back(starter: Bot, folder: Path) -> None:
    starter("subscribers", "import", "people.csv")
    (folder / "people.csv").write_text(PEOPLE.replace("Zoë,covid-19,7", "Zoë,microbicides,8"), "utf-8")
    kept = starter("subscribers", "import", "people.csv")
    assert "kept               1  is here with other choices, and keeps them" in kept.out
    assert "line 2: zoe@reader.example: is a subscriber already" in kept.out
    done = starter("subscribers", "import", "people.csv", "--update", "--json").json
    assert (done["changed"], done["first"]["changed"][0]["words"]) == (
        1,
        "hour: 7 -> 8; feeds: covid-19 -> microbicides",
    )
    listed = starter("subscribers", "imports", "--json").json
    assert [(one["import"], one["added"], one["changed"], one["open"]) for one in listed] == [
        (3, 0, 1, False),
        (2, 0, 0, False),
        (1, 3, 0, False),
    ]
    undone = starter("subscribers", "undo", "3", "--json").json
    assert undone == {"import": 3, "removed": 0, "restored": 1, "stayed": 0}
    zoe = starter("subscribers", "show", "zoe@reader.example", "--json").json
    assert (zoe["hour"], zoe["feeds"]) == (7, ["covid-19"])
    gone = starter("subscribers", "undo", "1")
    # Zoë's choices were changed since, though not by herself.
    assert gone.out == "removed: 2 subscribers; as they were: 0\n1 subscriber did something since, and stayed\n"
    again = starter("subscribers", "undo", "1")
    assert (again.code, "was undone on" in again.err) == (1, True)
    assert "undone" in starter("subscribers", "imports").out


def test_newcomers_may_be_asked_first(starter: Bot) -> None:
    ran = starter("subscribers", "import", "people.csv", "--pending")
    assert "3  subscribers to be asked to confirm" in ran.out
    assert ran.err == "waiting to be asked: 3 people, 10 a minute: some 1 minute\n"
    assert "would be asked to confirm" in starter("subscribers", "import", "people.csv", "--pending", "--dry-run").out
    assert starter("subscribers", "list", "--json").json["standings"]["pending"] == 3


def test_the_erased_are_brought_back_by_no_file(starter: Bot) -> None:
    starter("subscribers", "import", "people.csv")
    assert starter("subscribers", "erase", "ZOE@reader.example", "--yes").out == "erased: zoe@reader.example\n"
    assert starter("subscribers", "erase", "zoe@reader.example", "--yes").code == 1
    assert starter("subscribers", "import", "people.csv", "--json").json["rows"]["erased"] == 1
    again = starter("subscribers", "add", "zoe@reader.example")
    assert (again.code, "was erased on request" in again.err) == (1, True)


def test_tokens_are_shown_once(starter: Bot) -> None:
    made = starter("tokens", "add", "dash board", "--days", "2")
    assert made.out.startswith("cdt_")
    assert starter("tokens", "add", "dash board").code == 1
    wide = starter("tokens", "add", "sync", "--write", "--json").json
    assert (wide["scope"], wide["expires"]) == ("write", None)
    (first, second) = starter("tokens", "list", "--json").json
    assert (first["name"], first["scope"], first["state"]) == ("dash board", "read", "good")
    assert wide["token"] not in str(second)
    assert starter("tokens", "revoke", "sync").out == "revoked: sync\n"
    assert starter("tokens", "revoke", "nope").code == 1
    assert "revoked" in starter("tokens", "list").out
