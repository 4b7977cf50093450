"""A feed's threshold from the command line, and what it lets in: `bot feeds preview`, `show`, `add`, `edit`, `test`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.models.papers import Finding, Mark
from bot.store import feeds
from bot.store.schema import open_store
from tests.builders import announcement, save
from tests.cli.conftest import Ran
from tests.concepts.vocabularies import tsv

Bot = Callable[..., Ran]

CATALOGUE = """
[[feed]]
slug = "tea"
name = "Sample tea"
threshold = 0.5
exclude = ["iced"]

[[feed.query]]
source = "pubmed"
query = "tea[tiab]"

[[feed]]
slug = "cups"
name = "Cups"

[[feed.query]]
source = "pubmed"
query = "cup[tiab]"
"""


@pytest.fixture
def filled(bot: Bot, folder: Path) -> Bot:
    """Two feeds: one with a threshold and papers on both sides of it, one with papers that are about the first."""
    (folder / "c.toml").write_text(CATALOGUE, "utf-8")
    assert bot("feeds", "apply", "c.toml").code == 0
    store = open_store("sqlite:///bot.db")
    now = datetime.now(UTC)

    def put(slug: str, number: int, title: str, relevance: float, days: float = 1, **more: object) -> None:
        one = announcement(number, title=title, abstract=(), **more)
        found = Finding(one, relevance, "found by this feed's PubMed query", now - timedelta(days=days))
        save(store, feeds.feed(store, slug).id, [found], lambda: now)

    put("tea", 1, "Much about tea", 0.9)
    put("tea", 2, "A little about tea", 0.55, days=2)
    put("tea", 3, "Nearly about tea", 0.45)
    put("tea", 4, "Long ago nearly about tea", 0.44, days=30)
    put("tea", 5, "Taken back", 0.8, days=3, marks=(Mark.RETRACTED,))
    put("cups", 6, "Cups for sample tea", 0.8)
    put("cups", 7, "Cups for iced sample tea", 0.8)
    put("cups", 8, "Cups of any kind", 0.8)
    put("cups", 9, "Cups for sample tea of old", 0.8, days=30)
    store.close()
    return bot


def titles(papers: list[dict[str, object]]) -> list[object]:
    return [paper["title"] for paper in papers]


def test_a_preview_tells_what_is_in_what_is_just_out_and_why(filled: Bot) -> None:
    shown = filled("feeds", "preview", "tea", "--json").json
    assert (shown["feed"], shown["threshold"], shown["set"]) == ("tea", 0.5, 0.5)
    assert shown["papers"] == {"in": 3, "below": 2, "now": 3}
    assert titles(shown["in"]) == ["Much about tea", "A little about tea", "Taken back"]
    assert [(paper["relevance"], paper["marks"]) for paper in shown["in"]] == [
        (0.9, []),
        (0.55, []),
        (0, ["retracted"]),
    ]
    first = shown["in"][0]
    assert first["why"] == "found by this feed's PubMed query"
    assert (first["identifiers"]["pmid"], first["moves"]) == ("90000001", False)
    assert datetime.fromisoformat(first["entered"]).tzinfo is not None
    out = {paper["title"]: paper for paper in shown["out"]}
    assert out["Nearly about tea"]["why"] == "below the threshold; found by this feed's PubMed query"
    assert (out["Nearly about tea"]["own"], out["Nearly about tea"]["feeds"]) == (True, [])
    assert "Long ago nearly about tea" not in out
    assert "Cups of any kind" not in out
    assert [paper["relevance"] for paper in shown["out"]] == sorted(
        (paper["relevance"] for paper in shown["out"]), reverse=True
    )


def test_papers_of_other_feeds_are_told_with_why_they_are_not_in(filled: Bot) -> None:
    out = {
        paper["title"]: (paper["why"], paper["feeds"])
        for paper in filled("feeds", "preview", "tea", "--threshold", "0.01", "--json").json["out"]
    }
    assert out == {
        "Cups for sample tea": ("no query of this feed has found it; title: sample tea", ["cups"]),
        "Cups for iced sample tea": ("has an excluded term; title: sample tea", ["cups"]),
    }
    strict = {
        paper["title"]: paper["why"]
        for paper in filled("feeds", "preview", "tea", "--threshold", "1", "--json").json["out"]
    }
    assert strict.get("Cups for sample tea", "below the threshold; title: sample tea").startswith("below the threshold")


def test_more_days_and_fewer_papers_can_be_asked_for(filled: Bot) -> None:
    longer = titles(filled("feeds", "preview", "tea", "--days", "60", "--json").json["out"])
    assert "Long ago nearly about tea" in longer
    wide = filled("feeds", "preview", "tea", "--days", "60", "--threshold", "0.01", "--json").json["out"]
    assert "Cups for sample tea of old" in titles(wide)
    few = filled("feeds", "preview", "tea", "--limit", "1", "--json").json
    assert titles(few["in"]) == ["Much about tea"]
    assert sum(paper["own"] for paper in few["out"]) == 1
    assert len(few["out"]) <= 2
    assert few["papers"]["in"] == 3


def test_another_threshold_is_tried_and_not_set(filled: Bot) -> None:
    stricter = filled("feeds", "preview", "tea", "--threshold", "0.6", "--json").json
    assert (stricter["threshold"], stricter["set"]) == (0.6, 0.5)
    assert titles(stricter["in"]) == ["Much about tea", "Taken back"]
    assert stricter["papers"] == {"in": 2, "below": 3, "now": 3}
    assert {paper["title"]: paper["moves"] for paper in stricter["out"]}["A little about tea"] is True
    wider = filled("feeds", "preview", "tea", "--threshold", "usual").out
    assert "threshold: the usual one" in wider
    assert "tried, not set; set is 0.5" in wider
    assert "5 papers in, 2 more than now" in wider
    assert "\n+ " in wider
    assert filled("feeds", "show", "tea", "--json").json["threshold"] == 0.5
    assert filled("feeds", "show", "tea", "--json").json["papers"] == 3


def test_a_preview_for_people(filled: Bot) -> None:
    ran = filled("feeds", "preview", "tea")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(
        "Sample tea (tea)\n  threshold: 0.5\n  3 papers in, 2 below the threshold\n\nin, the newest"
    )
    assert "  0.90  Much about tea\n" in ran.out
    assert "  0.00  RETRACTED  Taken back\n" in ran.out
    assert "(in cups)" in filled("feeds", "preview", "tea", "--threshold", "0.01").out
    assert ran.out.index("just out since") < ran.out.index("Nearly about tea")
    filled("feeds", "add", "new", "--name", "New", "--query", "pubmed=new[tiab]")
    assert "no papers yet; run `bot collect --feed new`" in filled("feeds", "preview", "new").out


def test_what_cannot_be_previewed_is_said(filled: Bot) -> None:
    ran = filled("feeds", "preview", "nope")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("bot: no such feed: 'nope'; known: cups, tea")
    for threshold in ("1.1", "-0.1", "much", "nan", ""):
        ran = filled("feeds", "preview", "tea", "--threshold", threshold)
        assert (ran.code, ran.out) == (2, "")
    assert filled("feeds", "preview", "tea", "--days", "0").code == 2
    filled("feeds", "retire", "tea")
    assert titles(filled("feeds", "preview", "tea", "--json").json["in"])[0] == "Much about tea"


def test_a_threshold_is_set_shown_written_and_unset(filled: Bot) -> None:
    assert "  threshold: 0.5\n" in filled("feeds", "show", "tea").out
    assert "threshold: the usual one" in filled("feeds", "show", "cups").out
    assert filled("feeds", "edit", "tea", "--threshold", "0.95").out == "changed: tea: threshold\n"
    assert {feed["slug"]: (feed["threshold"], feed["papers"]) for feed in filled("feeds", "list", "--json").json} == {
        "cups": (None, 4),
        "tea": (0.95, 1),
    }
    assert "threshold = 0.95" in filled("feeds", "export").out
    assert "threshold: 0.95 becomes 0.5" in filled("feeds", "apply", "c.toml", "--dry-run").out
    assert filled("feeds", "edit", "tea", "--threshold", "usual").code == 0
    assert "threshold" not in filled("feeds", "export").out
    assert filled("feeds", "edit", "tea", "--threshold", "2").code == 2
    added = ("feeds", "add", "mine", "--name", "Mine", "--query", "pubmed=mine[tiab]")
    assert filled(*added, "--threshold", "x").code == 2
    assert filled(*added, "--threshold", "0.25").code == 0
    assert filled("feeds", "show", "mine", "--json").json["threshold"] == 0.25


def test_a_paper_says_that_a_feed_does_not_show_it(filled: Bot) -> None:
    assert (
        "not in tea: relevance 0.45 is below its threshold of 0.5: found by"
        in filled("explain", "paper", "90000003").out
    )
    (place,) = filled("explain", "paper", "90000003", "--json").json["feeds"]
    assert (place["threshold"], place["shown"]) == (0.5, False)


def tried(bot: Bot, folder: Path, title: str, catalogue: str) -> list[str]:
    (folder / "mine.toml").write_text(catalogue, "utf-8")
    (folder / "papers.jsonl").write_text(json.dumps({"id": 1, "title": title}) + "\n", "utf-8")
    ran = bot("feeds", "test", "mine.toml", "--papers", "papers.jsonl")
    assert ran.code == 0, ran.err
    return [match["feed"] for match in ran.json["matches"]]


def test_feeds_are_tried_with_their_thresholds_and_the_vocabulary_that_is_there(bot: Bot, folder: Path) -> None:
    about_tea = CATALOGUE.replace("threshold = 0.5", 'mesh = ["Sample Beverages"]')
    assert tried(bot, folder, "Tea Leaf Brew", about_tea) == []
    assert sorted(path.name for path in folder.iterdir()) == ["mine.toml", "papers.jsonl"]
    (folder / "small.tsv").write_text(tsv(), "utf-8")
    assert bot("concepts", "load", "small.tsv").code == 0
    assert tried(bot, folder, "Tea Leaf Brew", about_tea) == ["tea"]
    assert tried(bot, folder, "Tea Leaf Brew", about_tea.replace("mesh", "threshold = 1\nmesh")) == []


def test_feeds_are_tried_whatever_is_wrong_with_the_database(
    bot: Bot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url, words in (
        (f"sqlite:///{folder}/nowhere/bot.db", ""),
        ("nonsense", "without a vocabulary: "),
        ("postgresql://bot@127.0.0.1:1/bot", "without a vocabulary: "),
    ):
        monkeypatch.setenv("BOT_DATABASE_URL", url)
        assert tried(bot, folder, "Sample tea", CATALOGUE.replace("0.5", "0.01")) == ["tea"]
        ran = bot("feeds", "test", "mine.toml", "--papers", "papers.jsonl")
        assert ran.err.startswith(words)
        assert bool(ran.err) is bool(words)
    monkeypatch.setenv("BOT_NONSENSE", "1")
    assert tried(bot, folder, "Sample tea", CATALOGUE.replace("0.5", "0.01")) == ["tea"]
