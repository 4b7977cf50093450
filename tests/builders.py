"""Values that tests of many rooms start from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from bot.collect.identity import RULES
from bot.models.feeds import CatalogueFeed, CatalogueQuery
from bot.models.papers import AbstractSection, Announcement, Author, Finding, Identifier
from bot.store import saving
from bot.store.engine import Store

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def announcement(number: int, **changes: object) -> Announcement:
    """A paper that PubMed announced; `number` makes it unlike others."""
    values: dict[str, object] = {
        "source": "pubmed",
        "identifiers": (Identifier("pmid", str(90_000_000 + number)), Identifier("doi", f"10.5555/sample.{number}")),
        "title": f"Sample paper {number}",
        "url": f"https://doi.org/10.5555/sample.{number}",
        "abstract": (AbstractSection("RESULTS", f"Result {number} was found."),),
        "authors": (Author("Okafor", "Ada", "A"), Author("Lindqvist", "Per", "P")),
        "journal": "Journal of Samples",
        "published": "2026-11-20",
        "indexed": date(2026, 11, 21),
        "language": "en",
    }
    return Announcement(**(values | changes))  # type: ignore[arg-type]  # the keys are those of the class


def finding(number: int, **changes: object) -> Finding:
    """The same, found for a feed."""
    return Finding(announcement(number, **changes))


def save(store: Store, feed_id: int, findings: Sequence[Finding], clock: Callable[[], datetime]) -> saving.Saved:
    """Findings put into a feed, as collecting does it."""
    return saving.save(store, feed_id, findings, clock, RULES)


def catalogue_feed(slug: str, **changes: object) -> CatalogueFeed:
    """A concept feed with one PubMed query."""
    values: dict[str, object] = {
        "slug": slug,
        "name": slug.replace("-", " ").capitalize(),
        "description": f"All about {slug}.",
        "queries": (CatalogueQuery("pubmed", f'"{slug}"[tiab]'),),
    }
    return CatalogueFeed(**(values | changes))  # type: ignore[arg-type]  # the keys are those of the class
