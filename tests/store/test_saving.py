"""What becomes of papers after they are stored: notices, retractions, records taken back, merges."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from sqlalchemy import delete, select

from bot.errors import UnknownError
from bot.models.papers import Finding, Identifier, Mark, Notice
from bot.store import feeds, papers
from bot.store.engine import Store
from bot.store.explaining import paper_story
from bot.store.merging import withdraw
from bot.store.papers import EnteredPaper
from bot.store.saving import Saved
from bot.store.tables import paper, paper_change, shown
from tests.builders import NOW, announcement, catalogue_feed, finding, save

PMID = Identifier("pmid", "90000001")
DOI = Identifier("doi", "10.5555/sample.1")


def clock() -> datetime:
    return NOW


@pytest.fixture
def feed_id(store: Store) -> int:
    feeds.apply_catalogue(store, [catalogue_feed("one"), catalogue_feed("two")], NOW)
    return feeds.feed(store, "one").id


def notice(mark: Mark = Mark.RETRACTED, about: Identifier = PMID) -> Finding:
    return finding(9, title="A notice about a sample", notices=(Notice(mark, about),))


def entries(store: Store, feed_id: int) -> dict[str, EnteredPaper]:
    return {entry.paper.title: entry for entry in papers.newest(store, feed_id)}


def changes(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(select(paper_change.c.kind).order_by(paper_change.c.id)).scalars())


@pytest.mark.parametrize("first", ["paper", "notice", "both"])
def test_a_notice_marks_its_paper_in_whatever_order_they_come(store: Store, feed_id: int, first: str) -> None:
    batches = {
        "paper": [[Finding(announcement(1), 0.8)], [notice()]],
        "notice": [[notice()], [Finding(announcement(1), 0.8)]],
        "both": [[Finding(announcement(1), 0.8), notice()]],
    }
    for batch in batches[first]:
        save(store, feed_id, batch, clock)
    found = entries(store, feed_id)
    assert found["Sample paper 1"].paper.marks == (Mark.RETRACTED,)
    assert found["Sample paper 1"].relevance == 0
    assert found["A notice about a sample"].paper.marks == ()
    assert found["A notice about a sample"].relevance > 0


def test_what_its_own_source_says_later_is_kept_as_a_change_once(store: Store, feed_id: int) -> None:
    save(store, feed_id, [Finding(announcement(1), 0.8)], clock)
    for _ in range(2):
        save(store, feed_id, [Finding(announcement(1, marks=(Mark.CORRECTED, Mark.RETRACTED)), 0.9)], clock)
    entry = entries(store, feed_id)["Sample paper 1"]
    assert entry.paper.marks == (Mark.RETRACTED, Mark.CORRECTED)
    assert entry.relevance == 0
    assert changes(store) == ["retracted", "corrected"]


def test_the_better_reason_stands_in_whatever_order_they_come(store: Store, feed_id: int) -> None:
    weak, strong = Finding(announcement(1), 0.3, "found"), Finding(announcement(1), 0.7, "title: sample")
    for batch in ([weak], [strong], [weak]):
        save(store, feed_id, batch, clock)
    entry = entries(store, feed_id)["Sample paper 1"]
    assert (entry.relevance, entry.why) == (0.7, "title: sample")


@pytest.mark.parametrize("first", ["paper", "deletion"])
def test_a_record_that_is_taken_back_is_gone_for_good(store: Store, feed_id: int, first: str) -> None:
    if first == "paper":
        save(store, feed_id, [finding(1), finding(2)], clock)
        assert withdraw(store, [PMID, Identifier("pmid", "404")], "pubmed", clock) == 1
    else:
        assert withdraw(store, [PMID], "pubmed", clock) == 0
    assert save(store, feed_id, [finding(1), finding(2)], clock).seen == (1 if first == "paper" else 0)
    assert set(entries(store, feed_id)) == {"Sample paper 2"}
    with pytest.raises(UnknownError, match="pubmed has taken that record back"):
        paper_story(store, [PMID], None, "90000001")


def test_a_paper_that_is_known_by_another_record_stays_without_the_name(store: Store, feed_id: int) -> None:
    crossref = finding(1, source="crossref", identifiers=(DOI,))
    save(store, feed_id, [finding(1), crossref], clock)
    assert withdraw(store, [PMID], "pubmed", clock) == 0
    assert entries(store, feed_id)["Sample paper 1"].identifiers == (DOI,)
    epmc = finding(1, source="openalex", identifiers=(Identifier("openalex", "W1"), PMID, DOI))
    save(store, feed_id, [epmc], clock)
    assert PMID not in entries(store, feed_id)["Sample paper 1"].identifiers


def test_a_merge_keeps_who_was_shown_what_the_earlier_time_and_the_better_reason(store: Store, feed_id: int) -> None:
    other_feed = feeds.feed(store, "two").id
    pre = Identifier("doi", "10.1101/2026.01.02.100001")
    preprint = announcement(
        1, source="biorxiv", identifiers=(pre,), preprint=True, title="What the preprint was called then"
    )
    save(store, feed_id, [Finding(preprint, 0.3, "found")], clock)
    later = NOW + timedelta(hours=1)
    save(store, feed_id, [Finding(announcement(1), 0.8, "title: sample")], lambda: later)
    save(store, other_feed, [Finding(announcement(1), 0.5, "found")], lambda: later)
    before = entries(store, feed_id)
    gone = before["Sample paper 1"].paper.id
    linking = announcement(1, source="crossref", identifiers=(DOI,), links=(pre,))
    assert save(store, feed_id, [Finding(linking, 0.3, "found")], lambda: later) == Saved(0, 1, 0)
    (entry,) = papers.newest(store, feed_id)
    assert (entry.entered_at, entry.relevance, entry.why) == (NOW, 0.8, "title: sample")
    assert [one.paper.id for one in papers.newest(store, other_feed)] == [entry.paper.id]
    assert changes(store) == ["published"]
    with store.reading() as connection:
        assert connection.execute(select(shown)).all() == []
    story = paper_story(store, [], gone, str(gone))
    assert story.paper.id == entry.paper.id
    assert [merged.paper_id for merged in story.merges] == [gone]
    assert story.merges[0].why == "crossref doi:10.5555/sample.1: doi and doi"
    assert [seen.how for seen in story.sightings] == ["new", "new", "doi"]


@pytest.mark.parametrize("first", ["preprint", "article"])
def test_a_merge_tells_of_a_retraction_and_puts_the_paper_last(store: Store, feed_id: int, first: str) -> None:
    other_feed = feeds.feed(store, "two").id
    pre = Identifier("doi", "10.1101/2026.01.02.100001")
    preprint = announcement(1, source="biorxiv", identifiers=(pre,), preprint=True, title="What it was called at first")
    article = announcement(1, marks=(Mark.RETRACTED,))
    parts = [(feed_id, Finding(preprint, 0.9)), (other_feed, Finding(article, 0.8))]
    for feed, found in parts if first == "preprint" else reversed(parts):
        save(store, feed, [found], clock)
    linking = announcement(1, source="crossref", identifiers=(DOI,), links=(pre,))
    save(store, other_feed, [Finding(linking, 0.7)], clock)
    assert sorted(changes(store)) == ["published", "retracted"]
    for feed in (feed_id, other_feed):
        (entry,) = papers.newest(store, feed)
        assert entry.relevance == 0
        assert entry.paper.marks == (Mark.RETRACTED,)


def test_a_record_that_gets_another_name_is_remembered_with_both(store: Store, feed_id: int) -> None:
    """In whatever order: the record once had no DOI, so that the other one joined it by its title."""
    title = "A title that is long enough to stand for a paper"
    early = finding(1, title=title, identifiers=(PMID,))
    late = finding(1, title=title, identifiers=(PMID, Identifier("doi", "10.5555/a")))
    other = finding(1, title=title, source="crossref", identifiers=(Identifier("doi", "10.5555/b"),))
    counts = set()
    for order in permutations((early, late, other)):
        with store.writing() as connection:
            connection.execute(delete(paper))
        for found in order:
            save(store, feed_id, [found], clock)
        counts.add(len(papers.newest(store, feed_id)))
    assert counts == {1}
