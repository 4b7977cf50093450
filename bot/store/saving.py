"""Announcements into papers and feeds: each paper once, in one transaction per batch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from bot.models.editions import Edition, columns_of, edition_of, in_order, joined, stored_edition
from bot.models.papers import Announcement, Finding, Identifier, Mark
from bot.models.sightings import Known, Recognised, Rules, SightingRecord
from bot.store.changes import insert_new, note_changes
from bot.store.engine import Store
from bot.store.instance import tick
from bot.store.merging import merge
from bot.store.tables import feed_entry, paper, paper_identifier, paper_notice, sighting, withdrawn_record
from bot.store.tags import outdate

#: Values looked up in one statement; SQLite takes 32,766 parameters in one.
LOOKUP = 5000


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a batch of findings."""

    #: Papers that are new to the feed.
    new: int
    #: Papers that the feed had.
    seen: int
    #: Papers that were new altogether.
    papers: int


def save(store: Store, feed_id: int, findings: Sequence[Finding], clock: Callable[[], datetime], rules: Rules) -> Saved:
    """Put a batch of findings into a feed, each paper once, in one transaction.

    Papers that an announcement shows to be one are merged. What announcements say of a paper is joined as
    `bot.models.editions` has it; what becomes of one that is there already is kept as a change.
    """
    if not findings:
        return Saved(0, 0, 0)
    with store.writing() as connection:
        now = tick(connection, clock())
        findings = _not_withdrawn(connection, findings)
        batch = [finding.announcement for finding in findings]
        seen = [rules.sight(one, 0) for one in batch]
        known = _known(connection, batch, seen)
        recognised = rules.recognise(batch, seen, known)
        for one in recognised.merges:
            merge(connection, one, now)
        ids, made = _write_papers(connection, batch, known, recognised, now)
        _write_identifiers(connection, known, recognised, ids)
        _write_sightings(connection, batch, seen, recognised, ids, now)
        _write_notices(connection, batch, now)
        places: dict[int, Finding] = {}
        for node, finding in zip(recognised.papers, findings, strict=True):
            places[ids[node]] = _better(places.get(ids[node]), finding)
        retracted = _retracted(connection, list(places))
        new = _enter(connection, feed_id, places, retracted, now)
    return Saved(new, len(places) - new, made)


def _better(one: Finding | None, other: Finding) -> Finding:
    """The finding that fits better; of both, the earlier time."""
    if one is None:
        return other
    best = max(one, other, key=lambda finding: (finding.relevance, finding.why))
    times = [one.entered_at, other.entered_at]
    return replace(best, entered_at=min(times) if all(times) else None)  # type: ignore[type-var]  # none is None here


def _known(connection: Connection, batch: Sequence[Announcement], seen: Sequence[SightingRecord]) -> Known:
    names = dict.fromkeys(name for one in batch for name in (*one.identifiers, *one.links))
    owners = {
        Identifier(row.scheme, row.value): row.paper_id for row in _rows_of_names(connection, paper_identifier, names)
    }
    keys = sorted({one.title_key for one in seen if one.title_key})
    titled = _sightings(connection, sighting.c.title_key, keys)
    # Whether a name or title that is only a feed's own may join depends on what else is known of the paper.
    weak = {owner for name, owner in owners.items() if name.scheme in {"guid", "link"}}
    weak |= {one.paper_id for one in titled if not one.strong}
    of_paper: dict[int, list[SightingRecord]] = {}
    for one in _sightings(connection, sighting.c.paper_id, sorted(weak)):
        of_paper.setdefault(one.paper_id, []).append(one)
    return Known(owners, titled, of_paper)


def _rows_of_names(connection: Connection, table: Table, names: Iterable[Identifier]) -> list[Any]:
    by_scheme: dict[str, list[str]] = {}
    for name in names:
        by_scheme.setdefault(name.scheme, []).append(name.value)
    return [
        row
        for scheme, values in by_scheme.items()
        for start in range(0, len(values), LOOKUP)
        for row in connection.execute(
            select(table).where(table.c.scheme == scheme, table.c.value.in_(values[start : start + LOOKUP]))
        )
    ]


def _is_empty(connection: Connection, table: Table) -> bool:
    """Whether there is nothing to look up: most databases never see a record taken back, and few a notice."""
    return connection.execute(select(table.c.value).limit(1)).first() is None


def _sightings(connection: Connection, column: Any, values: Sequence[Any]) -> list[SightingRecord]:
    return [
        SightingRecord(
            row.paper_id,
            row.title_key,
            row.year,
            tuple(Identifier(*name.split(":", 1)) for name in row.names),
            row.preprint,
            row.strong,
        )
        for start in range(0, len(values), LOOKUP)
        for row in connection.execute(select(sighting).where(column.in_(values[start : start + LOOKUP])))
    ]


def _not_withdrawn(connection: Connection, findings: Sequence[Finding]) -> Sequence[Finding]:
    """The findings whose records have not been taken back, without names that have."""
    if _is_empty(connection, withdrawn_record):
        return findings
    names = dict.fromkeys(name for finding in findings for name in finding.announcement.identifiers)
    gone = {Identifier(row.scheme, row.value) for row in _rows_of_names(connection, withdrawn_record, names)}
    if not gone:
        return findings
    kept = []
    for finding in findings:
        own, *others = finding.announcement.identifiers
        if own not in gone:
            names_left = (own, *(name for name in others if name not in gone))
            kept.append(replace(finding, announcement=replace(finding.announcement, identifiers=names_left)))
    return kept


def _write_papers(
    connection: Connection, batch: Sequence[Announcement], known: Known, recognised: Recognised, now: datetime
) -> tuple[dict[int, int], int]:
    """The stored paper of each node, and how many were made."""
    said: dict[int, Edition] = {}
    for one, node in zip(batch, recognised.papers, strict=True):
        edition = edition_of(one)
        said[node] = joined(said[node], edition) if node in said else edition
    notices = _notices_about(connection, batch, known, recognised)
    for node, marks in notices.items():
        said[node] = replace(said[node], marks=said[node].marks | marks)
    new = sorted((node for node in said if node < 0), reverse=True)
    ids = {node: node for node in said if node > 0}
    if new:
        rows = [{**columns_of(said[node]), "first_seen_at": now} for node in new]
        made = connection.execute(insert(paper).returning(paper.c.id, sort_by_parameter_order=True), rows)
        ids |= dict(zip(new, made.scalars(), strict=True))
    _update_papers(connection, {node: said[node] for node in ids if node > 0}, now)
    return ids, len(new)


def _update_papers(connection: Connection, said: Mapping[int, Edition], now: datetime) -> None:
    """Take over what announcements add to papers that are there; what happened to them since is kept as a change."""
    for row in connection.execute(select(paper).where(paper.c.id.in_(list(said)))).mappings().all():
        before = stored_edition(row)
        after = joined(before, said[row["id"]])
        if columns_of(after) == {name: row[name] for name in columns_of(after)}:
            continue
        connection.execute(update(paper).where(paper.c.id == row["id"]).values(**columns_of(after)))
        note_changes(connection, row["id"], before, after, now)
        outdate(connection, row["id"], before, after)


def _notices_about(
    connection: Connection, batch: Sequence[Announcement], known: Known, recognised: Recognised
) -> dict[int, frozenset[Mark]]:
    """Marks that earlier notices give to papers of this batch, by node; names that are known have theirs already."""
    if _is_empty(connection, paper_notice):
        return {}
    nodes = {
        name: node
        for one, node in zip(batch, recognised.papers, strict=True)
        for name in (*one.identifiers, *one.links)
        if name not in known.owners
    }
    found: dict[int, frozenset[Mark]] = {}
    for row in _rows_of_names(connection, paper_notice, nodes):
        node = nodes[Identifier(row.scheme, row.value)]
        found[node] = found.get(node, frozenset()) | {Mark(row.mark)}
    return found


def _write_notices(connection: Connection, batch: Sequence[Announcement], now: datetime) -> None:
    """Remember notices about other papers, and mark those that are there."""
    said = {
        (notice.about.scheme, notice.about.value, notice.mark.value): f"{one.source} {one.identifiers[0]}"
        for one in batch
        for notice in one.notices
    }
    if not said:
        return
    rows = [{"scheme": s, "value": v, "mark": m, "said_by": by} for (s, v, m), by in said.items()]
    insert_new(connection, paper_notice, rows)
    marks: dict[int, set[Mark]] = {}
    for row in _rows_of_names(connection, paper_identifier, dict.fromkeys(Identifier(s, v) for s, v, _ in said)):
        new = {Mark(m) for s, v, m in said if (s, v) == (row.scheme, row.value)}
        marks.setdefault(row.paper_id, set()).update(new)
    for row in connection.execute(select(paper).where(paper.c.id.in_(list(marks)))).mappings().all():
        before = stored_edition(row)
        after = replace(before, marks=before.marks | marks[row["id"]])
        if after != before:
            connection.execute(update(paper).where(paper.c.id == row["id"]).values(marks=in_order(after.marks)))
            note_changes(connection, row["id"], before, after, now)


def _write_identifiers(connection: Connection, known: Known, recognised: Recognised, ids: Mapping[int, int]) -> None:
    rows = [
        {"scheme": name.scheme, "value": name.value, "paper_id": ids[node]}
        for name, node in recognised.owners.items()
        if node in ids and name not in known.owners
    ]
    insert_new(connection, paper_identifier, rows)


def _write_sightings(
    connection: Connection,
    batch: Sequence[Announcement],
    seen: Sequence[SightingRecord],
    recognised: Recognised,
    ids: Mapping[int, int],
    now: datetime,
) -> None:
    rows = [
        {
            "source": one.source,
            "name": str(one.identifiers[0]),
            "title_key": sight.title_key,
            "year": sight.year,
            "digest": _digest(sight),
            "paper_id": ids[node],
            "names": [str(name) for name in one.identifiers],
            "preprint": sight.preprint,
            "strong": sight.strong,
            "how": how,
            "seen_at": now,
        }
        for one, sight, node, how in zip(batch, seen, recognised.papers, recognised.how, strict=True)
    ]
    insert_new(connection, sighting, rows)


def _retracted(connection: Connection, ids: Sequence[int]) -> set[int]:
    rows = connection.execute(select(paper.c.id, paper.c.marks).where(paper.c.id.in_(ids), paper.c.marks != []))
    return {row.id for row in rows if Mark.RETRACTED in row.marks}


def _digest(sight: SightingRecord) -> str:
    said = f"{sight.preprint} {' '.join(map(str, sight.names))}"
    return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()


def _enter(
    connection: Connection, feed_id: int, places: Mapping[int, Finding], retracted: Collection[int], now: datetime
) -> int:
    """Make feed entries where there are none, and let the better reason stand; how many were made."""
    places = {
        paper_id: replace(finding, relevance=0.0) if paper_id in retracted else finding
        for paper_id, finding in places.items()
    }
    there = select(feed_entry).where(feed_entry.c.feed_id == feed_id, feed_entry.c.paper_id.in_(list(places)))
    known = {row.paper_id: row for row in connection.execute(there)}
    rows = []
    for paper_id, finding in places.items():
        entry = known.get(paper_id)
        if entry is None:
            rows.append(
                {
                    "feed_id": feed_id,
                    "paper_id": paper_id,
                    "entered_at": finding.entered_at or now,
                    "relevance": finding.relevance,
                    "why": finding.why,
                }
            )
        elif (finding.relevance, finding.why) > (entry.relevance, entry.why):
            this = (feed_entry.c.feed_id == feed_id) & (feed_entry.c.paper_id == paper_id)
            connection.execute(update(feed_entry).where(this).values(relevance=finding.relevance, why=finding.why))
    insert_new(connection, feed_entry, rows)
    return len(rows)
