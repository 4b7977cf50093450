"""The sample papers: that they are plainly samples, in PubMed's own form, and do what the demo shows with them."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from lxml import etree

import bot.demo
from bot.concepts import catalogue
from bot.concepts.match import compile_names
from bot.demo.query import read_query
from bot.demo.records import Record, atom_of, records_of
from bot.models.rosters import RosterRow
from bot.subscribe.roster import open_roster
from tests.collect.citations import citations_of

TODAY = date(2026, 11, 23)
PAPERS = Path(bot.demo.__file__).parent / "papers"
ROSTER = Path(__file__).parents[2] / "subscribers.example.csv"
FEEDS = catalogue.starter()
ATOM = "{http://www.w3.org/2005/Atom}"
PRISM_DOI = "{http://prismstandard.org/namespaces/basic/2.0/}doi"
DC_IDENTIFIER = "{http://purl.org/dc/elements/1.1/}identifier"


@pytest.fixture(scope="module")
def records() -> tuple[Record, ...]:
    return tuple(records_of(PAPERS / "pubmed.xml", TODAY))


@pytest.fixture(scope="module")
def entries() -> tuple[etree._Element, ...]:
    return tuple(etree.fromstring(atom_of(PAPERS / "journal.atom", TODAY)).iter(f"{ATOM}entry"))


def found_by(slug: str, records: tuple[Record, ...]) -> set[str]:
    (feed,) = (feed for feed in FEEDS if feed.slug == slug)
    queries = [read_query(query.query) for query in feed.queries if query.source == "pubmed"]
    return {record.pmid for record in records for query in queries if query.matches(record.searchable)}


def doi_in(entry: etree._Element) -> str:
    said = entry.findtext(PRISM_DOI) or entry.findtext(DC_IDENTIFIER, "").removeprefix("doi:")
    return said.lower()


def named_by(entry: etree._Element) -> list[str]:
    title, text = entry.findtext(f"{ATOM}title", ""), entry.findtext(f"{ATOM}summary", "")
    words = [each.get("term", "") for each in entry.iter(f"{ATOM}category")]
    return [
        feed.slug
        for feed in FEEDS
        if compile_names((feed.name, *feed.synonyms), feed.exclude).match(title, text, words)
    ]


def test_are_plainly_samples(records: tuple[Record, ...], entries: tuple[etree._Element, ...]) -> None:
    for name in ("pubmed.xml", "journal.atom"):
        assert "paper in this f" in (PAPERS / name).read_text(encoding="utf-8")[:600]
    assert [int(record.pmid) for record in records] == list(range(90_000_001, 90_000_001 + len(records)))
    dois = [doi for record in records for doi in re.findall(r'IdType="doi"[^>]*>([^<]+)<', record.xml)]
    assert len(dois) >= len(records)
    assert all(doi.startswith("10.5555/") for doi in [*dois, *map(doi_in, entries)])


def test_are_sixty_six_or_more(records: tuple[Record, ...], entries: tuple[etree._Element, ...]) -> None:
    known = {doi for record in records for doi in re.findall(r'IdType="doi"[^>]*>([^<]+)<', record.xml)}
    twice = [entry for entry in entries if doi_in(entry) in known]
    assert len(twice) == 2
    assert len(records) + len(entries) - len(twice) >= 66


def test_are_read_whole_by_the_real_reader(records: tuple[Record, ...]) -> None:
    body = f"<PubmedArticleSet>{''.join(record.xml for record in records)}</PubmedArticleSet>".encode()
    read = [citation.announcement for citation in citations_of(body, TODAY)]
    assert len(read) == len(records)
    assert [each.title for each in read if each.repairs] == []
    assert all(each.authors and each.journal and each.published and each.keywords for each in read)
    assert [each.indexed for each in read] == [record.entered for record in records]
    assert sum(not each.abstract for each in read) == 1
    assert sum(len(each.abstract) > 2 for each in read) > len(read) / 2
    assert {each.language for each in read} == {"en", "de"}
    kinds = Counter(kind for each in read for kind in each.publication_types)
    assert {
        "Review",
        "Preprint",
        "Retracted Publication",
        "Case Reports",
        "Randomized Controlled Trial",
    } <= kinds.keys()


def test_mesh_headings_are_numbered_and_some_are_major(records: tuple[Record, ...]) -> None:
    names: dict[str, str] = {}
    for record in records:
        headings = etree.fromstring(record.xml).findall(".//DescriptorName")
        for heading in headings:
            assert re.fullmatch(r"D\d{6,9}", heading.get("UI", ""))
            assert names.setdefault(heading.get("UI", ""), heading.text or "") == heading.text
        if headings:
            assert 'MajorTopicYN="Y"' in record.xml
    assert len(names) > 100


def test_each_feed_finds_five_or_more_and_no_paper_is_left_over(records: tuple[Record, ...]) -> None:
    found = {feed.slug: found_by(feed.slug, records) for feed in FEEDS}
    assert {slug: len(pmids) for slug, pmids in found.items() if not 5 <= len(pmids) <= 8} == {}
    often = Counter(pmid for pmids in found.values() for pmid in pmids)
    assert often.keys() == {record.pmid for record in records}
    assert sum(times > 1 for times in often.values()) >= 2


def test_most_are_new_and_ten_are_not(records: tuple[Record, ...], entries: tuple[etree._Element, ...]) -> None:
    days = [record.entered for record in records]
    days += [date.fromisoformat(entry.findtext(f"{ATOM}published", "")[:10]) for entry in entries]
    ages = sorted((TODAY - day).days for day in days)
    assert ages[0] == 0
    assert ages[-1] == 60
    assert sum(age > 7 for age in ages) == 10
    assert not any(age == 7 for age in ages)
    assert TODAY - timedelta(days=6) in days


def test_entries_are_matched_by_text_but_four(entries: tuple[etree._Element, ...]) -> None:
    assert len(entries) == 14
    named = [named_by(entry) for entry in entries]
    assert [len(slugs) for slugs in named] == [1] * 10 + [0] * 4
    assert len({slugs[0] for slugs in named[:10]}) == 9
    everyday = " ".join(entry.findtext(f"{ATOM}summary", "") for entry in entries[10:])
    assert re.search(r"\bsting\b", everyday)
    assert re.search(r"\bme\b", everyday)


def test_the_example_roster_is_sound() -> None:
    with open_roster(ROSTER, feeds={feed.slug for feed in FEEDS}) as roster:
        rows = list(roster)
    readers = [row for row in rows if isinstance(row, RosterRow)]
    assert len(readers) == len(rows) == 8
    assert all(re.search(r"@example\.(org|com|net)$", row.email) for row in readers)
    assert {row.wish.cadence for row in readers if row.wish} == {"daily", "weekly", "monthly"}
    assert len({row.wish.timezone for row in readers if row.wish}) == 8
    counts = [len(row.feeds or ()) for row in readers]
    assert (min(counts), max(counts)) == (1, 10)
    assert {slug for row in readers for slug in row.feeds or ()} == {feed.slug for feed in FEEDS}
    assert any(not row.name.isascii() for row in readers)
