"""Matchers are kept until something changes, and then the change is noticed, on each kind of database."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.models.feeds import FeedRecord
from bot.models.papers import Announcement
from bot.store import vocabulary
from bot.store.engine import Store
from bot.store.schema import open_store
from bot.wiring.matchers import Matchers, vocabulary_at
from tests.concepts.vocabularies import HOT, SMALL

BREWS = FeedRecord(1, "brews", "Beverages", mesh=("Sample Beverages",))
OTHER = FeedRecord(2, "other", "Something else")
PAPER = Announcement("pubmed", (), "Tea Leaf Brew at work", "https://x.example/1")


def test_what_was_compiled_is_kept_while_nothing_changes(store: Store) -> None:
    matchers = Matchers(store)
    first = matchers.of((BREWS, OTHER))
    assert [matcher.feed for matcher in first] == [BREWS, OTHER]
    assert matchers.of([BREWS, OTHER]) is first
    assert matchers.of(()) == ()


@pytest.mark.parametrize(
    "changed",
    [(OTHER, BREWS), (BREWS,), (BREWS, replace(OTHER, synonyms=("x",))), (BREWS, replace(OTHER, threshold=0.1))],
)
def test_changed_feeds_are_compiled_anew(store: Store, changed: tuple[FeedRecord, ...]) -> None:
    matchers = Matchers(store)
    first = matchers.of((BREWS, OTHER))
    again = matchers.of(changed)
    assert again is not first
    assert [matcher.feed for matcher in again] == list(changed)
    assert again[-1].threshold == (changed[-1].threshold or first[-1].threshold)


def test_a_vocabulary_that_is_loaded_later_is_noticed(store: Store) -> None:
    matchers = Matchers(store)
    assert matchers.of((BREWS,))[0].weigh(PAPER).terms == ()
    vocabulary.replace(store, SMALL)
    first = matchers.of((BREWS,))
    assert first[0].weigh(PAPER).terms == ("Tea Leaf Brew",)
    vocabulary.replace(store, SMALL)
    assert matchers.of((BREWS,)) is first
    vocabulary.replace(store, [one for one in SMALL if one.name == "Sample Beverages"])
    assert matchers.of((BREWS,))[0].weigh(PAPER).terms == ()
    vocabulary.replace(store, ())
    assert matchers.of((BREWS,))[0].weigh(PAPER).terms == ()


def test_the_vocabulary_of_a_database_is_read(store: Store, database_url: str) -> None:
    assert not vocabulary_at(database_url)
    vocabulary.replace(store, SMALL)
    assert set(vocabulary_at(database_url).descriptors) == set(SMALL)


def test_no_database_is_made_or_changed_for_its_vocabulary(tmp_path: Path) -> None:
    assert not vocabulary_at(f"sqlite:///{tmp_path}/bot.db")
    assert not vocabulary_at("sqlite://")
    assert not vocabulary_at(f"sqlite:///{tmp_path}/nowhere/bot.db")
    assert list(tmp_path.iterdir()) == []
    empty = tmp_path / "empty.db"
    empty.touch()
    assert not vocabulary_at(f"sqlite:///{empty}")
    (tmp_path / "other.db").write_bytes(b"certainly not a database" * 100)
    for url in (f"sqlite:///{tmp_path}/other.db", "nonsense", "postgresql://bot@127.0.0.1:1/bot"):
        with pytest.raises(StoreError):
            vocabulary_at(url)
    store = open_store(f"sqlite:///{tmp_path}/whole.db")
    vocabulary.replace(store, [HOT])
    store.close()
    assert vocabulary_at(f"sqlite:///{tmp_path}/whole.db").descriptors == (HOT,)
