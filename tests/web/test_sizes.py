"""How large pages are, and what else they ask for; printed for `docs/reference/site.md`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.concepts.catalogue import starter
from bot.models.papers import AbstractSection
from bot.store import feeds
from bot.store.schema import open_store
from tests.builders import NOW, finding, save
from tests.web.sites import SENTENCES, Visit, settings, visiting

PATHS = (
    "/", "/feeds/covid-19", "/feeds/covid-19/weeks", "/papers/1", "/search?q=paper", "/sign-up", "/sample",
    "/style.css",
)  # fmt: skip
#: Bytes of a page, and of the style sheet.
MOST, MOST_STYLE = 100_000, 15_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """A site with the starter catalogue and twenty papers with long abstracts in each feed."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('sizes')}/bot.db")
    feeds.apply_catalogue(store, starter(), NOW - timedelta(weeks=60))
    for place, feed in enumerate(feeds.feeds(store)):
        found = [
            replace(
                finding(place * 100 + number, abstract=(AbstractSection("RESULTS", SENTENCES * 3),)),
                entered_at=NOW - timedelta(days=3 * number),
            )
            for number in range(20)
        ]
        save(store, feed.id, found, lambda: NOW)
    yield from visiting(store, settings())
    store.close()


@pytest.mark.parametrize("path", PATHS)
def test_pages_are_small_and_ask_for_little(large: Visit, path: str) -> None:
    answer = large.get(path)
    assert answer.status_code == 200
    asked = re.findall(r'<(?:link rel="stylesheet" href|script src|img [^>]*src)="([^"]*)', answer.text)
    assert all(address.startswith(("/style.css", "/sign-up.js")) for address in asked)
    assert len(answer.content) <= (MOST_STYLE if path == "/style.css" else MOST)
    print(f"| `{path}` | {len(answer.content):,} | {1 + len(asked)} |")  # noqa: T201 (for the document)
