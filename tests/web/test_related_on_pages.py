"""Related concepts of the papers on a feed's page: each leads to the feed that follows it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from bot.store import feeds, papers, tags
from bot.store.engine import Store
from tests.builders import NOW, finding, save
from tests.web.sites import Visit, fill, settings, visiting

MICROBICIDES = "/feeds/microbicides"


def enter(store: Store, tagged: dict[int, tuple[str, ...]], **changes: object) -> None:
    """Papers in the feed on microbicides, with tags."""
    feed_id = feeds.feed(store, "microbicides").id
    titles = {f"Tagged paper {number}": names for number, names in tagged.items()}
    found = [finding(500 + number, title=f"Tagged paper {number}", **changes) for number in tagged]
    save(store, feed_id, found, lambda: NOW)
    entered = [entry.paper for entry in papers.newest(store, feed_id)]
    tags.tag(store, [(paper, titles[paper.title]) for paper in entered], "any", lambda: NOW)


def lines(page: str) -> list[str]:
    return re.findall(r'<p class="related">(.*?)</p>', page)


@pytest.fixture
def below(store: Store) -> Iterator[Visit]:
    """A site that does not lie at the root of its host, on each kind of database."""
    fill(store)
    yield from visiting(store, settings(public_url="https://papers.example.org/digest"))


def test_tags_lead_to_the_feed_that_follows_them_and_never_to_the_page_itself(below: Visit) -> None:
    enter(below.store, {1: ("Microbicides", "Blastomycosis", "Gels"), 2: ()})
    page = below.get(MICROBICIDES).text
    assert lines(page) == ['Related: <a href="/digest/feeds/blastomycosis">Blastomycosis</a>, Gels']
    assert page.count("<article") == 2


def test_keywords_go_before_tags_and_no_more_than_four_are_shown(visit: Visit) -> None:
    enter(visit.store, {1: ("Gels", "Rings", "Films", "Creams")}, keywords=("<b>hot & new",))
    assert lines(visit.get(MICROBICIDES).text) == ["Related: &lt;b&gt;hot &amp; new, Gels, Rings, Films"]
