"""`bot concepts`: what loading and showing say, where, and how they end."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Ran
from tests.concepts.vocabularies import BEVERAGES, SMALL, TEA, tsv, xml

Bot = Callable[..., Ran]

CATALOGUE = """
[[feed]]
slug = "brews"
name = "Brews"
mesh = ["hot beverages, sample", "Sample Tae"]

[[feed.query]]
source = "pubmed"
query = "brew[tiab]"

[[feed]]
slug = "leaves"
name = "Leaves"
mesh = ["Sample Tea"]

[[feed.query]]
source = "pubmed"
query = "leaf[tiab]"
"""


@pytest.fixture
def loaded(bot: Bot, folder: Path) -> Bot:
    (folder / "catalogue.toml").write_text(CATALOGUE, "utf-8")
    assert bot("feeds", "apply", "catalogue.toml").code == 0
    (folder / "small.tsv").write_text(tsv(), "utf-8")
    assert bot("concepts", "load", "small.tsv").code == 0
    return bot


def test_loading_tells_what_came_and_what_feeds_name_in_vain(bot: Bot, folder: Path) -> None:
    (folder / "catalogue.toml").write_text(CATALOGUE, "utf-8")
    bot("feeds", "apply", "catalogue.toml")
    (folder / "desc.gz").write_bytes(gzip.compress(xml().encode()))
    ran = bot("concepts", "load", "desc.gz")
    assert (ran.code, ran.out) == (0, "7 concepts, 13 names: added 7\n")
    assert ran.err == "feed 'brews': mesh 'Sample Tae' is not in the vocabulary; near it: 'Sample Tea'\n"


def test_loading_the_same_again_changes_nothing(loaded: Bot) -> None:
    assert loaded("concepts", "load", "small.tsv").out == "7 concepts, 13 names: nothing changed\n"
    ran = loaded("concepts", "load", "small.tsv", "--json")
    assert ran.json == {
        "concepts": 7,
        "names": 13,
        "added": 0,
        "changed": 0,
        "removed": 0,
        "skipped": 0,
        "problems": [],
        "unknown": [{"feed": "brews", "mesh": "Sample Tae", "near": ["Sample Tea"]}],
    }


def test_the_next_years_file_takes_the_place_of_the_last(loaded: Bot, folder: Path) -> None:
    (folder / "next.tsv").write_text(tsv([replace(BEVERAGES, name="Sample Liquids"), *SMALL[1:-1]]), "utf-8")
    assert loaded("concepts", "load", "next.tsv").out == "6 concepts, 12 names: changed 1, removed 1\n"
    assert loaded("concepts", "show", "sample liquids").code == 0
    assert loaded("concepts", "show", "Sample Beverages").code == 1


def test_rows_with_errors_are_named_and_the_rest_is_done(bot: Bot, folder: Path) -> None:
    many = "".join(f"D{980000 + number}\tConcept {number}\t\t\t\n" for number in range(40))
    (folder / "part.tsv").write_text(tsv() + "oops\n" * 22 + many, "utf-8")
    ran = bot("concepts", "load", "part.tsv")
    assert (ran.code, ran.out) == (3, "47 concepts, 53 names: added 47\n")
    assert ran.err.startswith("part.tsv:8: left out: too few columns")
    assert ran.err.endswith("part.tsv: 2 more records left out\n")


def test_a_file_that_is_none_changes_nothing(loaded: Bot, folder: Path) -> None:
    (folder / "none.csv").write_text("a,b\n", "utf-8")
    for name in ("none.csv", "nowhere"):
        ran = loaded("concepts", "load", name)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith(f"bot: vocabulary: {name}")
        assert ran.err.count("\n") == 1
    assert loaded("concepts", "show", "Sample Tea").code == 0


def test_showing_a_concept(loaded: Bot) -> None:
    ran = loaded("concepts", "show", "té")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "Sample Tea (D990003)",
        "  also: Té; Tea Leaf Brew",
        "  B01.650.100: Sample Plants > Sample Tea",
        "  J02.100.200.300: Sample Beverages > Hot Beverages, Sample > Sample Tea",
        "  narrower: Green Sample Tea",
        "  followed by: brews (by Hot Beverages, Sample)",
        "  followed by: leaves",
    ]
    assert loaded("concepts", "show", "D990006").out == "Check Tag of a Sample (D990006)\n  followed by no feed\n"


def test_showing_a_concept_as_json(loaded: Bot) -> None:
    assert loaded("concepts", "show", "Sample Tea", "--json").json == {
        "id": "D990003",
        "name": "Sample Tea",
        "terms": ["Té", "Tea Leaf Brew"],
        "places": [
            {"tree": "B01.650.100", "broader": ["Sample Plants"]},
            {"tree": "J02.100.200.300", "broader": ["Sample Beverages", "Hot Beverages, Sample"]},
        ],
        "narrower": ["Green Sample Tea"],
        "feeds": [{"feed": "brews", "by": "Hot Beverages, Sample"}, {"feed": "leaves", "by": "Sample Tea"}],
    }


def test_of_many_narrower_concepts_the_first_are_named(bot: Bot, folder: Path) -> None:
    many = [
        replace(TEA, id=f"D{980000 + n}", name=f"Tea {n:04}", terms=(), trees=(f"J02.100.{n}",)) for n in range(1025)
    ]
    (folder / "many.tsv").write_text(tsv([BEVERAGES, *many]), "utf-8")
    bot("concepts", "load", "many.tsv")
    said = bot("concepts", "show", "D990001").out
    assert "  narrower: Tea 0000; Tea 0001; " in said
    assert "; Tea 0019; and 1,005 more\n" in said
    assert len(bot("concepts", "show", "D990001", "--json").json["narrower"]) == 1025


def test_a_term_that_nobody_knows_is_one_clear_line(bot: Bot, folder: Path) -> None:
    ran = bot("concepts", "show", "Sample Tea")
    assert (ran.code, ran.err) == (1, "bot: vocabulary: none is loaded; run `bot concepts load FILE`\n")
    (folder / "small.tsv").write_text(tsv(), "utf-8")
    bot("concepts", "load", "small.tsv")
    ran = bot("concepts", "show", "Sampel Tea")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "bot: no such concept: 'Sampel Tea'; near it: 'Sample Tea'\n"
    assert bot("concepts", "show", "qqq").err == "bot: no such concept: 'qqq'; no name is near it\n"


def test_the_check_says_which_vocabulary_there_is(bot: Bot, folder: Path) -> None:
    def words() -> str:
        (found,) = (one for one in bot("check", "--json").json["checks"] if one["check"] == "vocabulary")
        assert found["ok"]
        return str(found["detail"])

    assert words() == "none; feeds go by their own names and synonyms (`bot concepts load FILE`)"
    (folder / "small.tsv").write_text(tsv(), "utf-8")
    bot("concepts", "load", "small.tsv")
    assert words() == "7 concepts, from small.tsv"
