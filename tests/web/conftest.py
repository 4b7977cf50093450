"""Fixtures of the tests of the site."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.store.engine import Store
from bot.store.schema import open_store
from tests.web.sites import Visit, fill, settings, visiting


@pytest.fixture
def visit(store: Store) -> Iterator[Visit]:
    """A visit to a site with feeds, papers and readers, on each kind of database."""
    fill(store)
    yield from visiting(store, settings())


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """The same on SQLite and for a whole file of tests: for those that change nothing."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('site')}/bot.db")
    fill(store)
    yield from visiting(store, settings())
    store.close()
