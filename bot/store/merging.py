"""Two stored papers that turn out to be one, and records that their source has taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Table, delete, exists, insert, select, update

from bot.models.editions import columns_of, joined, stored_edition
from bot.models.papers import Identifier
from bot.models.sightings import Merge
from bot.store.changes import insert_new, note_changes
from bot.store.engine import Store
from bot.store.instance import tick
from bot.store.tables import (
    feed_entry,
    paper,
    paper_change,
    paper_identifier,
    paper_merge,
    shown,
    sighting,
    vote,
    withdrawn_record,
)
from bot.store.tags import outdate


def merge(connection: Connection, one: Merge, now: datetime) -> None:
    """Make `one.gone` a part of `one.kept`: whoever has been shown either has been shown the paper."""
    rows = {
        row["id"]: row
        for row in connection.execute(select(paper).where(paper.c.id.in_([one.kept, one.gone]))).mappings()
    }
    kept, gone = stored_edition(rows[one.kept]), stored_edition(rows[one.gone])
    together = joined(kept, gone)
    first = min(rows[one.kept]["first_seen_at"], rows[one.gone]["first_seen_at"])
    connection.execute(update(paper).where(paper.c.id == one.kept).values(**columns_of(together), first_seen_at=first))
    # Its own tags, if any, and not those of the other, which go with it: they are of another text.
    outdate(connection, one.kept, kept, together)
    for table in (paper_identifier, sighting, paper_merge):
        connection.execute(update(table).where(table.c.paper_id == one.gone).values(paper_id=one.kept))
    _merge_entries(connection, one)
    _move(connection, shown, ("subscriber_id",), one)
    _merge_votes(connection, one)
    _move(connection, paper_change, ("kind", "at"), one)
    connection.execute(
        insert(paper_merge).values(
            merged_id=one.gone, paper_id=one.kept, title=rows[one.gone]["title"], why=one.why, at=now
        )
    )
    connection.execute(delete(paper).where(paper.c.id == one.gone))
    # Readers of either are told what it has become.
    for before in (kept, gone):
        note_changes(connection, one.kept, before, together, now)


def _move(connection: Connection, table: Table, others: Sequence[str], one: Merge) -> None:
    """Rows of the one paper as rows of the other, where it has none of its own; what is left goes with the paper."""
    theirs = select(*(table.c[name] for name in others)).where(table.c.paper_id == one.gone)
    rows = [{**row, "paper_id": one.kept} for row in connection.execute(theirs).mappings()]
    insert_new(connection, table, rows)


def _merge_votes(connection: Connection, one: Merge) -> None:
    """Of a subscriber who voted on both papers, the later vote."""
    other = vote.alias()
    later = exists().where(
        other.c.paper_id == one.gone, other.c.subscriber_id == vote.c.subscriber_id, other.c.at > vote.c.at
    )
    connection.execute(delete(vote).where(vote.c.paper_id == one.kept, later))
    _move(connection, vote, ("subscriber_id", "liked", "at"), one)


def _merge_entries(connection: Connection, one: Merge) -> None:
    """In each feed the earlier time, and the better reason."""
    query = select(feed_entry).where(feed_entry.c.paper_id.in_([one.kept, one.gone]))
    by_feed: dict[int, list[dict[str, object]]] = {}
    for row in connection.execute(query).mappings():
        by_feed.setdefault(row["feed_id"], []).append(dict(row))
    connection.execute(delete(feed_entry).where(feed_entry.c.paper_id.in_([one.kept, one.gone])))
    rows = []
    for entries in by_feed.values():
        best = max(entries, key=lambda entry: (entry["relevance"], entry["why"]))
        earliest = min(entries, key=lambda entry: entry["entered_at"])  # type: ignore[arg-type,return-value]  # a time
        rows.append({**best, "entered_at": earliest["entered_at"], "paper_id": one.kept})
        if any(not entry["relevance"] for entry in entries):
            # One of them was retracted.
            rows[-1]["relevance"] = 0.0
    if rows:
        connection.execute(insert(feed_entry), rows)


def withdraw(store: Store, names: Sequence[Identifier], source: str, clock: Callable[[], datetime]) -> int:
    """Take back the records of those names, for good; how many papers went with them.

    A paper that is known by other records as well stays, without this name.
    """
    if not names:
        return 0
    gone = 0
    with store.writing() as connection:
        now = tick(connection, clock())
        for name in dict.fromkeys(names):
            row = {"scheme": name.scheme, "value": name.value, "source": source, "at": now}
            insert_new(connection, withdrawn_record, [row])
            gone += _withdraw(connection, name)
    return gone


def _withdraw(connection: Connection, name: Identifier) -> int:
    this = (paper_identifier.c.scheme == name.scheme) & (paper_identifier.c.value == name.value)
    paper_id = connection.execute(select(paper_identifier.c.paper_id).where(this)).scalar()
    if paper_id is None:
        return 0
    here = sighting.c.paper_id == paper_id
    seen = connection.execute(delete(sighting).where(here, sighting.c.name == str(name))).rowcount
    connection.execute(delete(paper_identifier).where(this))
    if connection.execute(select(exists().where(sighting.c.paper_id == paper_id))).scalar():
        return 0
    named = exists().where(paper_identifier.c.paper_id == paper_id, paper_identifier.c.scheme.in_(("doi", "pmcid")))
    if not seen and connection.execute(select(named)).scalar():
        # Of before sightings were kept: another source may have told of it as well.
        return 0
    connection.execute(delete(paper).where(paper.c.id == paper_id))
    return 1
