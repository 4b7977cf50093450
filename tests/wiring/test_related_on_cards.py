"""Cards of papers without headings and keywords show what their text tells, from the sources to the mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.concepts import rarity
from bot.models.papers import MeshHeading
from bot.models.vocabulary import Descriptor
from bot.settings import read_settings
from bot.store import feeds, vocabulary
from bot.wiring import App, build
from tests.builders import NOW, catalogue_feed, finding, save
from tests.concepts.vocabularies import SMALL

ZOE = "zoe@example.org"
COCOA = Descriptor("D990008", "Sample Cocoa", (), ("B01.650.200",))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Two feeds and a reader of the first one; nothing is asked."""
    app = build(read_settings(tmp_path, {"BOT_DATABASE_URL": f"sqlite:///{tmp_path}/bot.db"}), lambda: NOW)
    brews = catalogue_feed("brews", mesh=("Sample Beverages",), queries=())
    feeds.apply_catalogue(app.store, [brews, catalogue_feed("cocoa", mesh=("Sample Cocoa",), queries=())], NOW)
    vocabulary.replace(app.store, (*SMALL, COCOA))
    app.matchers.of(feeds.feeds(app.store))
    (tmp_path / "people.csv").write_text(f"email,feeds,max_papers\n{ZOE},brews,100\n", "utf-8")
    app.import_roster(tmp_path / "people.csv")
    yield app
    app.close()


def enter(app: App, *titles: str, **changes: object) -> None:
    found = [finding(number, title=title, **changes) for number, title in enumerate(titles)]
    save(app.store, feeds.feed(app.store, "brews").id, found, lambda: NOW)
    app.collect()


def related(app: App) -> list[str]:
    """What the cards of a digest say, one line a card, without the numbers of notes."""
    lines = (re.sub(r" \[\d+\]", "", line.strip()) for line in app.preview(ZOE).text.splitlines())
    return [line for line in lines if line.startswith("Related: ")]


def test_cards_show_what_the_text_tells_and_lead_to_its_feed(app: App) -> None:
    enter(app, "Sample cocoa and sample plants")
    assert related(app) == ["Related: Sample Cocoa, Sample Plants"]
    assert re.search(r'href="[^"]*/feeds/cocoa"[^>]*>Sample Cocoa</a>', app.preview(ZOE).html)


def test_headings_go_before_what_the_text_tells(app: App) -> None:
    enter(app, "Sample cocoa", mesh=(MeshHeading("Sleep", "D1", major=True),))
    assert related(app) == ["Related: Sleep, Sample Cocoa"]


def test_what_most_papers_have_comes_last(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rarity, "ENOUGH", 20)
    enter(app, "Tea leaf brew of sample plants")
    assert related(app) == ["Related: Sample Tea, Sample Plants"]
    enter(app, "Tea leaf brew of sample plants", *[f"Tea leaf brew {number}" for number in range(25)])
    assert sorted(set(related(app))) == ["Related: Sample Plants, Sample Tea", "Related: Sample Tea"]
