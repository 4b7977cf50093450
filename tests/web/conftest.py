"""Fixtures of the tests of the site."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.engine import Store
from bot.store.schema import open_store
from tests.web.sites import Visit, fill, settings, visiting


@pytest.fixture
def visit(store: Store) -> Iterator[Visit]:
    """A visit to a site with feeds, papers and readers, on each kind of database."""
    fill(store)
    yield from visiting(store, settings())


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Visit]:
    """The same on SQLite alone, for what does not hang on the kind of database."""
    store = open_store(f"sqlite:///{tmp_path}/bot.db")
    fill(store)
    yield from visiting(store, settings())
    store.close()
