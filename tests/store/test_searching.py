"""Papers found by words, on either kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text

from bot.models.asking import read_asked
from bot.models.papers import AbstractSection
from bot.store import feeds
from bot.store.engine import Store
from bot.store.schema import open_store
from bot.store.searching import COUNTED, Hits, search
from bot.store.tables import paper
from tests.builders import NOW, catalogue_feed, finding, save

TEXTS = (
    ("Exosomes in metastasis", "Tumour-derived exosomes travel far."),
    ("Fatigue after COVID-19", "Patients with ME/CFS were compared (p<0.05); α-synuclein was not."),
    ("Nuclear pores in ALS", "The nuclear pore complex fails. An exosome is named once."),
    ("Pores of the nuclear envelope", "Cafés serve naïve readers."),
)


def found(store: Store, written: str, **window: int) -> list[str]:
    hits = search(store, read_asked(written), **({"limit": 20} | window))
    with store.reading() as connection:
        titles = {row.id: row.title for row in connection.execute(text("select id, title from paper"))}
    assert hits.total >= len(hits.ids)
    return [titles[paper_id] for paper_id in hits.ids]


def fill(store: Store) -> dict[str, int]:
    feeds.apply_catalogue(store, [catalogue_feed("one"), catalogue_feed("two", threshold=0.5)], NOW)
    ids = {feed.slug: feed.id for feed in feeds.feeds(store)}
    papers = [
        finding(number, title=title, abstract=(AbstractSection("RESULTS", words), AbstractSection("", "The end.")))
        for number, (title, words) in enumerate(TEXTS)
    ]
    save(store, ids["one"], papers[:3], lambda: NOW)
    save(store, ids["two"], [replace(papers[3], relevance=0.9), replace(papers[0], relevance=0.1)], lambda: NOW)
    return ids


def test_words_are_found_in_titles_and_abstracts_and_titles_go_first(store: Store) -> None:
    ids = fill(store)
    first, second, third, fourth = (title for title, _ in TEXTS)
    assert found(store, "exosome") == [first, third]
    assert found(store, "covid-19") == found(store, "COVID 19") == found(store, "me/cfs") == [second]
    assert found(store, "α-synuclein") == [second]
    assert set(found(store, "nuclear pore")) == {third, fourth}
    assert found(store, '"nuclear pore"') == [third]
    assert found(store, "nuclear -complex") == [fourth]
    assert found(store, "exosome -metastasis") == [third]
    assert found(store, "naïve cafés") == [fourth]
    # Neither labels of abstracts nor what is written around words.
    assert found(store, "results") == found(store, "RESULTS: [") == []
    assert found(store, "exosome", feed_id=ids["one"]) == [first, third]
    # Below the threshold of the other one.
    assert found(store, "exosome", feed_id=ids["two"]) == []
    assert found(store, "exosome", limit=1, offset=1) == [third]
    assert search(store, read_asked("exosome"), 1, 5) == Hits((), 2)


def test_the_index_goes_with_the_papers(store: Store) -> None:
    fill(store)
    changed = finding(0, title="Renamed", abstract=(AbstractSection("", "Something else."),), version=2)
    save(store, feeds.feed(store, "one").id, [changed], lambda: NOW)
    assert found(store, "renamed else") == ["Renamed"]
    assert found(store, "metastasis") == found(store, "travel") == []
    with store.writing() as connection:
        connection.execute(delete(paper).where(paper.c.title == "Renamed"))
    assert found(store, "renamed") == []
    assert len(found(store, "the end")) == 3


def test_papers_of_retired_feeds_are_found_there_alone(store: Store) -> None:
    ids = fill(store)
    feeds.retire(store, "two", NOW)
    assert found(store, "envelope") == []
    assert found(store, "envelope", feed_id=ids["two"]) == ["Pores of the nuclear envelope"]


def test_of_papers_that_fit_alike_the_newer_goes_first(store: Store) -> None:
    feeds.apply_catalogue(store, [catalogue_feed("one")], NOW)
    same = [finding(number, title=f"Pores, part {number}") for number in range(50)]
    save(store, feeds.feed(store, "one").id, same, lambda: NOW)
    assert found(store, "pores", limit=3) == [f"Pores, part {number}" for number in (49, 48, 47)]
    assert search(store, read_asked("pores"), 3).total == 50 <= COUNTED


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('search')}/bot.db")
    fill(store)
    yield store
    store.close()


signs = st.text(st.sampled_from("a αﬁ½²中ا́\x00\ud800\"'*()^:-+{}~|&!<>%\\OR NOT NEAR/2 title"), max_size=30)


@given(signs | st.text(max_size=40))
@settings(max_examples=settings().max_examples, deadline=None)
def test_nothing_that_can_be_written_is_an_error(filled: Store, written: str) -> None:
    hits = search(filled, read_asked(written), 20)
    assert len(hits.ids) == hits.total


@given(signs | st.text(max_size=40))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nor_on_either_database(store: Store, written: str) -> None:
    assert search(store, read_asked(written), 20) == Hits()


def test_without_fts5_titles_are_searched_and_that_is_said(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/bot.db")
    with store.writing() as connection:
        for name in ("added", "dropped", "changed"):
            connection.execute(text(f"drop trigger paper_search_{name}"))
        connection.execute(text("drop table paper_search"))
    fill(store)
    hits = search(store, read_asked('"nuclear pore" -mouse'), 20)
    assert (len(hits.ids), hits.total, hits.whole) == (1, 1, False)
    assert search(store, read_asked("travel"), 20) == Hits((), 0, whole=False)
    store.close()
