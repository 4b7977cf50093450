"""Fixtures for tests of delivering."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.engine import Store
from bot.store.schema import open_store


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """A fresh database, for what its kind has no part in."""
    store = open_store(f"sqlite:///{tmp_path}/bot.db")
    yield store
    store.close()
