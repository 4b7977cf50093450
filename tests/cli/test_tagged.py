"""What the admin sees of tags: how many papers a round has tagged, and a paper's own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.demo.service import SampleService
from bot.models.vocabulary import Descriptor
from tests.cli.test_commands import Bot
from tests.concepts.vocabularies import tsv

CATALOGUE = """
[[feed]]
slug = "microbicides"
name = "Microbicides"

[[feed.query]]
source = "pubmed"
query = "microbicide*[tiab]"
"""
VAGINA = Descriptor("D990010", "Vagina, Sample", ("Microbicide Gel", "vaginal"), ("A05.360",))


@pytest.fixture
def ready(bot: Bot, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """A feed at a service that answers, not asked yet."""
    (folder / "c.toml").write_text(CATALOGUE, "utf-8")
    (folder / "mesh.tsv").write_text(tsv([VAGINA]), "utf-8")
    with SampleService(datetime.now(UTC).date()) as running:
        monkeypatch.setenv("BOT_PUBMED_URL", running.pubmed_url)
        monkeypatch.setenv("BOT_FETCH_ALLOW_PRIVATE", "true")
        assert bot("feeds", "apply", "c.toml").code == 0
        yield bot


def test_a_round_tells_how_many_papers_it_tagged(ready: Bot) -> None:
    first = ready("collect", "--json").json
    assert (first["tagged"], first["untagged"]) == (0, None)
    assert ready("concepts", "load", "mesh.tsv").code == 0
    # What came before the vocabulary did is tagged with it.
    second = ready("collect", "--json").json
    assert (second["new"], second["tagged"], second["untagged"]) == (0, first["papers"], None)
    assert ready("collect", "--json").json["tagged"] == 0


def test_the_tags_of_a_paper_are_told(ready: Bot) -> None:
    ready("concepts", "load", "mesh.tsv")
    ready("collect")
    told = {}
    for number in range(1, 4):
        told[number] = ready("explain", "paper", str(number), "--json").json["tags"]
    assert ["Vagina, Sample"] in told.values()
    for number, names in told.items():
        assert ("  tags: Vagina, Sample\n" in ready("explain", "paper", str(number)).out) is bool(names)


def test_a_round_that_cannot_tag_says_so_and_is_done_all_the_same(ready: Bot, folder: Path) -> None:
    ready("concepts", "load", "mesh.tsv")
    with sqlite3.connect(folder / "bot.db") as database:
        database.execute("drop table paper_tags")
    ran = ready("collect")
    assert ran.code == 0
    assert " new and 0 seen" in ran.out
    assert ran.err.count("warning: not all papers tagged: ") == 1
