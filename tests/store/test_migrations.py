"""A database of an earlier version is brought up to date with what is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select, text

from bot.models.papers import Identifier
from bot.store import feeds, migrations, papers, queries
from bot.store.engine import Store
from bot.store.saving import Saved
from bot.store.schema import upgrade
from bot.store.tables import account, delivery
from tests.builders import NOW, finding, save

_FIRST = (
    "insert into concept_feed (id, slug, name, description, mesh, synonyms, exclude, created_at) "
    "values (1, 'one', 'One', '', '[]', '[]', '[]', :at)",
    "insert into source_query (id, feed_id, source, query, watermark, health, failures, error) "
    "values (1, 1, 'pubmed', 'one', :at, 'quiet', 0, '')",
    "insert into paper (id, title, url, abstract, authors, journal, keywords, mesh, publication_types, published, "
    "language, source, first_seen_at) values (7, 'A sample of old', 'https://doi.org/10.5555/sample.1', '[]', "
    ":authors, 'Old journal', '[]', '[]', '[]', '2026-11', 'en', 'pubmed', :at)",
    "insert into paper_identifier (scheme, value, paper_id) values ('doi', '10.5555/sample.1', 7)",
    "insert into feed_entry (feed_id, paper_id, entered_at, relevance, why) values (1, 7, :at, 0.5, 'found')",
)


@pytest.fixture
def first(empty_database_url: str) -> Iterator[Store]:
    """A database as the first version left it, with a paper in a feed."""
    store = Store(empty_database_url)
    with store.writing() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        values = {
            "at": NOW.replace(tzinfo=None) if store.is_sqlite else NOW,
            "authors": json.dumps([["Okafor", "Ada", "A"]]),
        }
        for statement in _FIRST:
            named = {name: values[name] for name in values if f":{name}" in statement}
            connection.execute(text(statement), named)
    yield store
    store.close()


def clock() -> datetime:
    return NOW


def test_papers_of_the_first_version_stay_and_are_known_again(first: Store) -> None:
    assert upgrade(first) == ("0001", migrations.HEAD)
    (entry,) = papers.newest(first, 1)
    assert (entry.paper.id, entry.paper.title, entry.paper.marks, entry.paper.preprint) == (
        7,
        "A sample of old",
        (),
        False,
    )
    assert save(first, feeds.feed(first, "one").id, [finding(1)], clock) == Saved(0, 1, 0)
    (entry,) = papers.newest(first, 1)
    assert (entry.paper.id, entry.paper.title, entry.paper.journal) == (7, "Sample paper 1", "Journal of Samples")
    assert Identifier("pmid", "90000001") in entry.identifiers
    (query,) = queries.standing_queries(first)
    assert (query.watermark, query.health, query.habit, query.begins_at) == (NOW, "quiet", (), None)


def test_runs_of_earlier_versions_get_their_accounts_and_doubts_are_kept(first: Store) -> None:
    at = NOW.replace(tzinfo=None) if first.is_sqlite else NOW
    rows = [(1, "sent", ""), (1, "uncertain", "no reply to the final dot, twice"), (2, "queued", "sent once more")]
    with first.writing() as connection:
        for run_id, chosen, closed in ((1, 2, at), (2, 1, None), (3, 0, at), (4, 5, at)):
            connection.execute(
                text(
                    "insert into run (id, planned_at, chosen, passed_over, closed_at) values (:id, :at, :n, '{}', :c)"
                ),
                {"id": run_id, "at": at, "n": chosen, "c": closed},
            )
        for run_id, state, reason in rows:
            connection.execute(
                text(
                    "insert into delivery (run_id, occasion, window_start, window_end, content, state, phase, reason, "
                    "attempts, due_at, expires_at, message_id, reply_code, reply_enhanced, reply_text) "
                    "values (:run, :at, :at, :at, '', :state, '', :reason, 1, :at, :at, '', 0, '', '')"
                ),
                {"run": run_id, "at": at, "state": state, "reason": reason},
            )
    upgrade(first)
    with first.reading() as connection:
        accounts = connection.execute(select(account).order_by(account.c.run_id)).all()
        doubted = list(connection.execute(select(delivery.c.doubted_at).order_by(delivery.c.id)).scalars())
    # The last run had lost its deliveries: it stays without.
    assert [tuple(row) for row in accounts] == [(1, 2, 1, 0, 0, 0, 1), (3, 0, 0, 0, 0, 0, 0)]
    assert doubted == [None, NOW, NOW]
