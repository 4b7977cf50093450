"""What the admin sees of sources and of papers: `bot sources`, `bot feeds show`, `bot explain paper`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.collect.identity import RULES
from bot.demo.service import SampleService
from bot.models.papers import Finding, Identifier, Mark
from bot.store import feeds, saving
from bot.store.schema import open_store
from tests.builders import NOW, announcement
from tests.cli.test_commands import Bot, closed_port

CATALOGUE = """
[[feed]]
slug = "sample-concept"
name = "Microbicides"

[[feed.query]]
source = "pubmed"
query = "microbicide*[tiab]"

[[feed.query]]
source = "syndication"
query = "http://127.0.0.1:{port}/dead.xml"
"""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[SampleService]:
    with SampleService(datetime.now(UTC).date()) as running:
        monkeypatch.setenv("BOT_PUBMED_URL", running.pubmed_url)
        monkeypatch.setenv("BOT_FETCH_ALLOW_PRIVATE", "true")
        yield running


@pytest.fixture
def collected(bot: Bot, service: SampleService, folder: Path) -> Bot:
    (folder / "c.toml").write_text(CATALOGUE.format(port=closed_port()))
    assert bot("sources", "list").out == "no queries yet; run `bot feeds apply --starter`\n"
    assert bot("sources", "check").out == "no queries yet; run `bot feeds apply --starter`\n"
    assert bot("feeds", "apply", "c.toml").code == 0
    ran = bot("collect", "--json")
    assert ran.code == 3
    assert ran.json["new"] > 0
    return bot


def test_sources_are_listed_with_those_that_need_a_look_first(collected: Bot) -> None:
    ran = collected("sources", "list")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[1].split()[:3] == ["syndication", "sample-concept", "failing"]
    assert lines[2].split()[:3] == ["pubmed", "sample-concept", "quiet"]
    assert "sample-concept (syndication): failing since " in lines[3]
    assert "1 time in a row: source: http://127.0.0.1:" in lines[3]
    first, second = collected("sources", "list", "--json").json
    assert (first["health"], first["failures"], second["health"]) == ("failing", 1, "quiet")
    assert first["error"]
    assert second["news"]
    assert second["next"] > second["asked"]
    shown = collected("feeds", "show", "sample-concept")
    assert "syndication: failing since " in shown.out
    assert [query["health"] for query in collected("feeds", "show", "sample-concept", "--json").json["queries"]] == [
        "quiet",
        "failing",
    ]


def test_sources_are_checked_one_by_one(collected: Bot) -> None:
    ran = collected("sources", "check")
    assert ran.code == 3
    assert "ok     pubmed: answers, " in ran.out
    assert "WRONG  syndication: source: http://127.0.0.1:" in ran.out
    assert ran.err == "bot: sources: 1 of 2 do not answer\n"
    found = collected("sources", "check", "--json").json
    assert [(one["source"], one["ok"]) for one in found] == [("pubmed", True), ("syndication", False)]


@pytest.fixture
def merged(bot: Bot, folder: Path) -> Bot:
    (folder / "c.toml").write_text(CATALOGUE.format(port=1))
    bot("feeds", "apply", "c.toml")
    store = open_store(f"sqlite:///{folder}/bot.db")
    pre = Identifier("doi", "10.1101/2026.01.02.123456")
    preprint = announcement(1, source="biorxiv", identifiers=(pre,), preprint=True, title="What it was called at first")
    own = Identifier("doi", "10.5555/sample.1")
    linking = announcement(1, source="crossref", identifiers=(own,), links=(pre,), marks=(Mark.CORRECTED,))
    for one in (preprint, announcement(1), linking):
        feed_id = feeds.feed(store, "sample-concept").id
        saving.save(store, feed_id, [Finding(one, 0.5, "title: sample")], lambda: NOW, RULES)
    store.close()
    return bot


@pytest.mark.parametrize(
    "name",
    [
        "10.5555/sample.1", "https://doi.org/10.5555/SAMPLE.1", "90000001", "pmid:90000001", "1", "2",
        "2026.01.02.123456", "https://www.biorxiv.org/content/10.1101/2026.01.02.123456v2",
        "https://pubmed.ncbi.nlm.nih.gov/90000001/",
    ],
)  # fmt: skip
def test_a_paper_is_explained_by_any_of_its_names(merged: Bot, name: str) -> None:
    ran = merged("explain", "paper", name, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["title"] == "Sample paper 1"
    assert {one["source"]: one["how"] for one in ran.json["announced"]} == {
        "biorxiv": "new",
        "pubmed": "new",
        "crossref": "doi",
    }
    assert [one["id"] for one in ran.json["merged"]] == [2]
    assert [one["kind"] for one in ran.json["changes"]] == ["corrected", "published"]
    assert ran.json["preprint"] is False


def test_the_explanation_in_words(merged: Bot) -> None:
    out = merged("explain", "paper", "90000001").out
    for words in (
        "Sample paper 1\n  number 1, article, Journal of Samples, 2026-11-20, https://doi.org/10.5555/sample.1",
        "biorxiv doi:10.1101/2026.01.02.123456 (preprint): a new paper",
        "crossref doi:10.5555/sample.1: recognised by doi",
        "with number 2, 'Sample paper 1'",
        "because of crossref doi:10.5555/sample.1: doi and doi",
        "in sample-concept since Mon 2026-11-23 09:30 UTC, relevance 0.50: title: sample",
    ):
        assert words in out


def test_a_group_without_a_command_shows_its_help_and_no_more(bot: Bot) -> None:
    ran = bot("explain")
    assert ran.code == 2
    assert "paper" in ran.out + ran.err
    assert "bot: " not in ran.err


def test_numbers_beyond_measure_are_no_papers(merged: Bot) -> None:
    assert "no such paper" in merged("explain", "paper", "9" * 40).err


def test_a_paper_that_is_not_there(merged: Bot) -> None:
    ran = merged("explain", "paper", "10.5555/nowhere")
    assert ran.code == 1
    assert ran.err.startswith("bot: no such paper: '10.5555/nowhere'; write a DOI, a PMID")
    assert ran.err.count("\n") == 1
