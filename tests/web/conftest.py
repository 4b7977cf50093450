"""Fixtures of the tests of the site."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.store.engine import Store
from tests.web.sites import Visit, fill, settings, visiting


@pytest.fixture
def visit(store: Store) -> Iterator[Visit]:
    """A visit to a site with feeds, papers and readers, on each kind of database."""
    fill(store)
    yield from visiting(store, settings())
