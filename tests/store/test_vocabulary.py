"""The vocabulary is replaced whole, tells what changed, and comes back as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from bot.errors import StoreError
from bot.models.vocabulary import Descriptor
from bot.store import feeds, vocabulary
from bot.store.engine import Store
from bot.store.tables import source_query, vocabulary_concept
from bot.store.vocabulary import VocabularyChange, VocabularyOverview
from tests.builders import NOW, catalogue_feed

TEA = Descriptor("D990001", "Tea", ("Té", 'Tea "leaf"', "Chá | x"), ("J02.100", "B01.200.300"))
MATE = Descriptor("D990002", "Maté", (), ())
#: Comes after the others by value, and before them in some locales.
COFFEE = Descriptor("D9900010", "Coffee", ("Café\N{COMBINING ACUTE ACCENT}",), ("J02.110",))


def test_there_is_none_until_one_is_loaded(store: Store) -> None:
    assert vocabulary.read(store) == ()
    assert vocabulary.version(store) == ""
    assert vocabulary.overview(store) == VocabularyOverview(0, "")


def test_what_is_kept_comes_back_by_id(store: Store) -> None:
    assert vocabulary.replace(store, [MATE, COFFEE, TEA], "tea.tsv") == VocabularyChange(3, 7, 3, 0, 0)
    assert vocabulary.read(store) == (TEA, COFFEE, MATE)
    assert vocabulary.overview(store) == VocabularyOverview(3, "tea.tsv")


def test_the_same_concepts_again_change_nothing(store: Store) -> None:
    vocabulary.replace(store, [TEA, MATE])
    before = vocabulary.version(store)
    assert vocabulary.replace(store, (one for one in (MATE, TEA))) == VocabularyChange(2, 5, 0, 0, 0)
    assert vocabulary.version(store) == before
    assert len(before) == 16


def test_what_is_new_different_and_gone_is_counted(store: Store) -> None:
    vocabulary.replace(store, [TEA, MATE])
    before = vocabulary.version(store)
    other = replace(TEA, terms=TEA.terms[:1])
    assert vocabulary.replace(store, [other, COFFEE]) == VocabularyChange(2, 4, 1, 1, 1)
    assert vocabulary.read(store) == (other, COFFEE)
    assert vocabulary.version(store) != before
    assert vocabulary.replace(store, []) == VocabularyChange(0, 0, 0, 0, 2)
    assert vocabulary.read(store) == ()


@pytest.mark.parametrize("change", [{"name": "Tee"}, {"terms": ("Té",)}, {"trees": ("J02.100",)}])
def test_every_part_of_a_concept_counts_for_the_version(store: Store, change: dict[str, object]) -> None:
    vocabulary.replace(store, [TEA])
    before = vocabulary.version(store)
    other = replace(TEA, **change)  # type: ignore[arg-type]  # keys are the fields' own
    assert vocabulary.replace(store, [other]).changed == 1
    assert vocabulary.version(store) != before


def test_many_concepts_go_at_once(store: Store) -> None:
    many = [Descriptor(f"D{990000 + number}", f"Concept {number}", (), ()) for number in range(1500)]
    assert vocabulary.replace(store, many).added == 1500
    assert vocabulary.read(store) == tuple(many)
    assert vocabulary.replace(store, many[:10]) == VocabularyChange(10, 10, 0, 0, 1490)


def test_an_error_on_the_way_leaves_the_old_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary.replace(store, [TEA], "tea.tsv")
    before = vocabulary.version(store)

    def broken() -> object:
        yield MATE
        raise StoreError("somewhere", "gone")

    with pytest.raises(StoreError):
        vocabulary.replace(store, broken())  # type: ignore[arg-type]  # it breaks
    with pytest.raises(Exception, match=r"not|null|NUL"):
        vocabulary.replace(store, [MATE, replace(COFFEE, name=None)])  # type: ignore[arg-type]  # so it must be
    assert vocabulary.read(store) == (TEA,)
    assert (vocabulary.version(store), vocabulary.overview(store).file) == (before, "tea.tsv")


def test_answers_are_read_again_where_a_feed_goes_by_concepts(store: Store) -> None:
    by_concept = replace(catalogue_feed("one"), mesh=("Tea",))
    feeds.apply_catalogue(store, [by_concept, replace(catalogue_feed("two"), mesh=())], NOW)

    def tagged() -> dict[int, str]:
        with store.reading() as connection:
            return dict(connection.execute(select(source_query.c.feed_id, source_query.c.etag)).all())

    def read_whole() -> None:
        with store.writing() as connection:
            connection.execute(update(source_query).values(etag="same", last_modified="same", next_ask_at=NOW))

    one, two = feeds.feed(store, "one").id, feeds.feed(store, "two").id
    read_whole()
    vocabulary.replace(store, [TEA])
    assert tagged() == {one: "", two: "same"}
    read_whole()
    vocabulary.replace(store, [TEA])
    assert tagged() == {one: "same", two: "same"}


def test_text_that_cannot_be_told_from_a_value_of_json_stays_text(store: Store) -> None:
    odd = Descriptor("D990003", "null", ("[]", '"', "\\", "1", "\N{PILE OF POO}"), ())
    vocabulary.replace(store, [odd])
    assert vocabulary.read(store) == (odd,)
    with store.reading() as connection:
        assert connection.execute(select(vocabulary_concept.c.terms)).scalar_one() == list(odd.terms)
