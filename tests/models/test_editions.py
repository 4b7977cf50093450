"""What a paper's fields are does not depend on the order in which announcements come, nor on how often."""

from __future__ import annotations

from datetime import date
from functools import reduce
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.models.editions import FIELDS, PRECEDENCE, Edition, columns_of, edition_of, joined, stored_edition
from bot.models.papers import AbstractSection, Announcement, Author, Identifier, Mark, MeshHeading
from tests.builders import announcement

_WORDS = st.sampled_from(["", "one", "two", "three"])
_ANNOUNCEMENTS = st.builds(
    Announcement,
    source=st.sampled_from(list(PRECEDENCE)),
    identifiers=st.just((Identifier("pmid", "1"),)),
    title=st.sampled_from(["A title", "Another title", "A title."]),
    url=st.sampled_from(["https://a.example/", "https://b.example/"]),
    abstract=st.lists(st.builds(AbstractSection, _WORDS, _WORDS), max_size=2).map(tuple),
    authors=st.lists(st.builds(Author, _WORDS.filter(bool)), max_size=2).map(tuple),
    journal=_WORDS,
    keywords=st.lists(_WORDS.filter(bool), max_size=2, unique=True).map(tuple),
    mesh=st.lists(st.builds(MeshHeading, _WORDS.filter(bool)), max_size=1).map(tuple),
    publication_types=st.just(()),
    published=st.sampled_from(["", "2026", "2026-11", "2026-11-20"]),
    indexed=st.none() | st.dates(date(2026, 11, 1), date(2026, 11, 5)),
    language=_WORDS,
    preprint=st.booleans(),
    version=st.integers(1, 3),
    revised=st.none() | st.dates(date(2026, 11, 1), date(2026, 11, 3)),
    marks=st.lists(st.sampled_from(list(Mark)), max_size=2, unique=True).map(tuple),
)
_EDITIONS = st.lists(_ANNOUNCEMENTS.map(edition_of), min_size=1, max_size=3).map(lambda some: reduce(joined, some))


def shown(edition: Edition) -> dict[str, Any]:
    return columns_of(edition)


@given(_EDITIONS, _EDITIONS)
def test_joining_is_commutative(one: Edition, other: Edition) -> None:
    assert shown(joined(one, other)) == shown(joined(other, one))


@given(_EDITIONS, _EDITIONS, _EDITIONS)
def test_joining_is_associative(one: Edition, two: Edition, three: Edition) -> None:
    assert shown(joined(joined(one, two), three)) == shown(joined(one, joined(two, three)))


@given(_EDITIONS, _EDITIONS)
def test_joining_again_changes_nothing(one: Edition, other: Edition) -> None:
    together = joined(one, other)
    assert shown(joined(together, other)) == shown(joined(together, one)) == shown(together)


@given(_EDITIONS)
def test_what_is_stored_comes_back(one: Edition) -> None:
    assert stored_edition(columns_of(one)) == one


def fields(*announcements: Announcement) -> dict[str, Any]:
    return shown(reduce(joined, map(edition_of, announcements)))


def test_an_article_goes_before_its_preprint_whoever_tells_of_it() -> None:
    preprint = announcement(1, source="biorxiv", preprint=True, title="As a preprint", journal="bioRxiv")
    article = announcement(1, source="syndication", title="As an article", abstract=(), authors=())
    together = fields(preprint, article)
    assert (together["title"], together["journal"], together["preprint"]) == (
        "As an article",
        "Journal of Samples",
        False,
    )
    # What the article's source does not say is the preprint's.
    assert together["abstract"] == [["RESULTS", "Result 1 was found."]]


def test_a_later_revision_of_the_same_source_holds() -> None:
    before = announcement(1, title="A tittle", revised=date(2026, 11, 1))
    after = announcement(1, title="A title", revised=date(2026, 11, 9))
    assert fields(before, after)["title"] == fields(after, before)["title"] == "A title"


def test_origins_are_one_for_all_fields_and_those_that_differ() -> None:
    bare = announcement(1, source="syndication", mesh=(), abstract=())
    full = announcement(1, source="europepmc", journal="")
    origins = fields(bare, full)["origins"]
    assert origins[""].endswith(" europepmc")
    assert origins["journal"].endswith(" syndication")
    assert set(origins) <= {"", *FIELDS}


def test_the_earliest_day_the_highest_version_and_all_marks_are_kept() -> None:
    one = announcement(1, indexed=date(2026, 11, 3), version=2, marks=(Mark.CORRECTED,))
    two = announcement(1, indexed=date(2026, 11, 1), marks=(Mark.RETRACTED,))
    together = fields(one, two)
    assert (together["indexed"], together["version"]) == (date(2026, 11, 1), 2)
    assert together["marks"] == ["retracted", "corrected"]
