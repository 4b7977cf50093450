"""What happens to papers after they have entered a feed, kept once each, so that readers can be told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.models.editions import Edition, in_order
from bot.models.papers import Mark
from bot.store.tables import feed_entry, paper_change

#: What happened when a preprint appears in a journal; the other kinds of change are marks.
PUBLISHED = "published"


def note_changes(connection: Connection, paper_id: int, before: Edition, after: Edition, now: datetime) -> None:
    """Keep what happened to a paper between two editions, each kind once."""
    kinds = in_order(after.marks - before.marks)
    if Mark.RETRACTED in kinds:
        _sink(connection, [paper_id])
    if before.preprint and not after.preprint:
        kinds.append(PUBLISHED)
    rows = [{"paper_id": paper_id, "kind": kind, "at": now} for kind in kinds]
    insert_new(connection, paper_change, rows)


def _sink(connection: Connection, ids: Collection[int]) -> None:
    """A retracted paper is worth knowing of, after all others."""
    these = feed_entry.c.paper_id.in_(list(ids)) & (feed_entry.c.relevance > 0)
    connection.execute(update(feed_entry).where(these).values(relevance=0.0))


def insert_new(connection: Connection, table: Table, rows: Collection[Mapping[str, Any]]) -> None:
    """Insert rows, leaving alone those that are there."""
    if rows:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(dialect.insert(table).on_conflict_do_nothing(), list(rows))
