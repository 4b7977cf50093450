"""Which announcements are one paper: the rules by values, and through the database in any order."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from bot.collect.identity import contradict, recognise, sighting_of, title_key
from bot.collect.sources.identifiers import names_of
from bot.models.papers import Announcement, Author, Finding, Identifier
from bot.models.sightings import Known
from bot.store import feeds, papers
from bot.store.engine import Store
from bot.store.saving import Saved
from bot.store.schema import open_store
from bot.store.tables import paper, paper_identifier, paper_merge, sighting
from tests.builders import NOW, announcement, catalogue_feed, save

TITLE = "Microbial signatures of post-exertional malaise in twins"


def clock() -> datetime:
    return NOW


def doi(value: str) -> Identifier:
    return Identifier("doi", value)


def article(**changes: object) -> Announcement:
    values: dict[str, object] = {"title": TITLE, "authors": (Author("Okafor", "Ada", "A"),), "published": "2026-11-20"}
    return announcement(1, **(values | changes))


def preprint(**changes: object) -> Announcement:
    values: dict[str, object] = {
        "source": "biorxiv",
        "identifiers": (Identifier("biorxiv", "2026.01.02.123456"), doi("10.1101/2026.01.02.123456")),
        "preprint": True,
        "journal": "bioRxiv",
        "published": "2026-01-04",
    }
    return article(**(values | changes))


def feed_item(**changes: object) -> Announcement:
    values: dict[str, object] = {
        "source": "syndication",
        "identifiers": (Identifier("guid", "journal.example.org/rss 1"),),
        "url": "https://journal.example.org/1",
    }
    return article(**(values | changes))


def groups(*found: Announcement) -> list[int]:
    """The paper of each announcement, as numbers from 0 in the order in which they come up."""
    recognised = recognise(found, [sighting_of(one, 0) for one in found], Known())
    numbers: dict[int, int] = {}
    return [numbers.setdefault(node, len(numbers)) for node in recognised.papers]


def test_an_identifier_in_common_makes_one_paper() -> None:
    other = announcement(9, identifiers=(Identifier("openalex", "W9"), doi("10.5555/sample.1")), title="Another title")
    assert groups(article(), other) == [0, 0]
    assert groups(article(), announcement(2)) == [0, 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # PubMed and Crossref tell of the preprint of an article, bioRxiv and arXiv of the article of a preprint.
        (article(links=(doi("10.1101/2026.01.02.123456"),)), preprint(title="Quite another title")),
        (article(), preprint(title="Quite another title", links=(doi("10.5555/sample.1"),))),
        # v2 is the same preprint.
        (preprint(), preprint(version=2, title="A new title for version two of it")),
        (
            preprint(identifiers=names_of("10.21203/rs.3.rs-77/v1"), title="Version one"),
            preprint(identifiers=names_of("10.21203/rs.3.rs-77/v2"), title="Version two"),
        ),
        # Without a link, title, first author and year say it.
        (article(), preprint()),
        (article(published="2028"), preprint()),
        (article(), preprint(identifiers=(Identifier("arxiv", "2601.00001"),))),
        (article(), feed_item()),
        (article(title=TITLE.upper() + "."), feed_item()),
        (
            article(title="Effects of β-catenin on TNF-α in Müller cells"),
            feed_item(title="Effects of beta-catenin on TNF-alpha in Muller cells"),
        ),
        # A feed changes its guid and its link.
        (feed_item(), feed_item(identifiers=(Identifier("guid", "2"),), url="https://journal.example.org/2")),
        (
            feed_item(authors=()),
            feed_item(authors=(), identifiers=(Identifier("guid", "2"),), url="https://journal.example.org/2"),
        ),
        # Copies of a preprint on two servers.
        (preprint(), preprint(identifiers=names_of("10.21203/rs.3.rs-77/v1"))),
    ],
)  # fmt: skip
def test_one_paper(one: Announcement, other: Announcement) -> None:
    assert groups(one, other) == groups(other, one) == [0, 0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (article(), article(identifiers=(doi("10.5555/other"),), authors=(Author("Lindqvist", "Per", "P"),))),
        (article(), article(identifiers=(doi("10.5555/other"),))),
        (article(), article(identifiers=(Identifier("pmid", "12"),))),
        (article(), feed_item(published="2023")),
        (article(), feed_item(published="", indexed=None)),
        (article(), feed_item(authors=())),
        (article(published="2021"), preprint()),
        (preprint(), preprint(identifiers=(doi("10.1101/2026.02.02.654321"),))),
        (article(title="Editorial"), feed_item(title="Editorial")),
        (article(title="Reply to: " + TITLE), feed_item(title="Reply to: " + TITLE)),
        (
            article(title="Response to the letter on fatigue by Lindqvist"),
            feed_item(title="Response to the letter on fatigue by Lindqvist"),
        ),
    ],
)
def test_two_papers(one: Announcement, other: Announcement) -> None:
    assert groups(one, other) == groups(other, one) == [0, 1]


def test_what_only_a_feed_names_brings_no_two_papers_together() -> None:
    one, other = article(), article(identifiers=(doi("10.5555/other"),))
    assert len(set(groups(one, other, feed_item()))) == 2
    assert len(set(groups(feed_item(), one, other))) == 2
    assert len(set(groups(one, feed_item(), other))) == 2


def test_a_feed_that_uses_a_guid_again_makes_another_paper() -> None:
    first = feed_item(identifiers=(Identifier("guid", "latest"), doi("10.5555/first")))
    second = feed_item(identifiers=(Identifier("guid", "latest"), doi("10.5555/second")), title="Something else")
    assert groups(first, second) == [0, 1]


def test_ordinary_words_at_the_beginning_are_no_sign_of_a_reply() -> None:
    for title in ("Response to antiretroviral therapy in rural clinics", "Re-evaluation of fatigue scores in adults"):
        assert title_key(article(title=title))


def test_contradictions() -> None:
    def sight(one: Announcement) -> Any:
        return sighting_of(one, 0)

    assert contradict(sight(article()), sight(article(identifiers=(Identifier("pmid", "3"),))))
    assert not contradict(sight(article()), sight(preprint(identifiers=(Identifier("pmid", "3"),))))
    assert not contradict(sight(article()), sight(article(identifiers=(Identifier("arxiv", "2601.1"),))))


# --- through the database -------------------------------------------------------------------------------------------


@pytest.fixture
def feed_id(store: Store) -> int:
    feeds.apply_catalogue(store, [catalogue_feed("one")], NOW)
    return feeds.feed(store, "one").id


def finding(one: Announcement) -> Finding:
    return Finding(one, 0.5, "found")


def test_two_stored_papers_become_one_when_a_link_comes(store: Store, feed_id: int) -> None:
    renamed = preprint(title="Another title for what is the same")
    save(store, feed_id, [finding(renamed)], clock)
    save(store, feed_id, [finding(article())], clock)
    first, second = (entry.paper.id for entry in reversed(papers.newest(store, feed_id)))
    crossref = article(source="crossref", identifiers=(doi("10.5555/sample.1"),), links=renamed.identifiers[1:])
    assert save(store, feed_id, [finding(crossref)], clock) == Saved(0, 1, 0)
    (entry,) = papers.newest(store, feed_id)
    assert (entry.paper.id, entry.paper.title, entry.paper.journal) == (first, TITLE, "Journal of Samples")
    assert {name.scheme for name in entry.identifiers} == {"biorxiv", "doi", "pmid"}
    # What is frozen in the outbox under the other's number is still found.
    assert papers.papers(store, [second])[second].id == first


SEEDS = st.integers(0, 2**32 - 1)


def universe(chance: random.Random) -> list[Announcement]:
    """Announcements of a few works, in every form that they are announced in."""
    found = []
    for work in range(chance.randint(1, 4)):
        title = f"A study of sample number {work} and what it says of sleep"
        who = (Author(f"Family{work}", "A", "A"),)
        base = article(title=title, authors=who)
        pmid, own = Identifier("pmid", str(100 + work)), doi(f"10.5555/work.{work}")
        pre = doi(f"10.1101/2026.01.02.10000{work}")
        other_title = f"{title}, renamed"
        forms = [
            replace(base, source="pubmed", identifiers=(pmid, own)),
            replace(base, source="pubmed", identifiers=(pmid,), journal="Another spelling"),
            replace(base, source="crossref", identifiers=(own,), links=(pre,)),
            replace(base, source="openalex", identifiers=(Identifier("openalex", f"W{work}"), own)),
            replace(base, source="biorxiv", identifiers=(pre,), preprint=True, published="2026-01-02"),
            replace(base, source="biorxiv", identifiers=(pre,), preprint=True, version=2, title=other_title),
            replace(base, source="europepmc", identifiers=(pre,), preprint=True, title=other_title, links=(own,)),
            replace(base, source="syndication", identifiers=(Identifier("guid", f"g{work}"),), abstract=()),
        ]
        found += chance.sample(forms, chance.randint(1, len(forms)))
    return found


def state(store: Store) -> list[tuple[Any, ...]]:
    """What is stored, without the numbers that depend on what came first."""
    with store.reading() as connection:
        names: dict[int, list[str]] = {}
        for row in connection.execute(select(paper_identifier)):
            names.setdefault(row.paper_id, []).append(f"{row.scheme}:{row.value}")
        rows = connection.execute(select(paper)).all()
    return sorted(
        (sorted(names[row.id]), row.title, row.journal, row.published, row.preprint, row.version, str(row.abstract))
        for row in rows
    )


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('identity')}/bot.db")
    feeds.apply_catalogue(store, [catalogue_feed("one")], NOW)
    yield store
    store.close()


def stored(store: Store, found: Sequence[Announcement], chance: random.Random) -> list[tuple[Any, ...]]:
    """What is stored after the announcements came in that order, in batches, some of them more than once."""
    with store.writing() as connection:
        for table in (sighting, paper_merge, paper_identifier, paper):
            connection.execute(delete(table))
    feed_id = feeds.feed(store, "one").id
    at = 0
    while at < len(found):
        batch = [finding(one) for one in found[at : at + chance.randint(1, 5)]]
        save(store, feed_id, batch, clock)
        # Whoever was stopped begins again before where it was.
        at = max(0, at - 2) if chance.random() < 0.2 else at + len(batch)
    return state(store)


@given(SEEDS)
@settings(
    max_examples=settings().max_examples // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_order_batches_and_replays_give_the_same_papers(shared_store: Store, seed: int) -> None:
    chance = random.Random(seed)
    found = universe(chance)
    expected = stored(shared_store, found, chance)
    again = found + chance.sample(found, chance.randint(0, len(found)))
    chance.shuffle(again)
    assert stored(shared_store, again, chance) == expected
