"""The vocabulary: replaced whole, and read whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

from sqlalchemy import Connection, Text, bindparam, delete, insert, select, type_coerce, update

from bot.models.vocabulary import Descriptor
from bot.store.engine import Store
from bot.store.tables import concept_feed, source_query, vocabulary_concept, vocabulary_state

#: Rows that are handled together.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class VocabularyChange:
    """What replacing the vocabulary did."""

    concepts: int
    #: Preferred names and entry terms.
    names: int
    added: int
    changed: int
    removed: int


@dataclass(frozen=True, slots=True)
class VocabularyOverview:
    """Which vocabulary is loaded."""

    concepts: int = 0
    file: str = ""


def replace(store: Store, descriptors: Iterable[Descriptor], file: str = "") -> VocabularyChange:
    """Make the vocabulary these concepts and no others, in one transaction; the same ones again change nothing.

    Args:
        descriptors: each id once.
        file: what they were read from, as it is shown later.
    """
    wanted = {one.id: one for one in descriptors}
    with store.writing(lock="vocabulary") as connection:
        there = {one.id: one for one in _read(connection)}
        added = [one for one in wanted.values() if one.id not in there]
        changed = [one for one in wanted.values() if there.get(one.id, one) != one]
        removed = [one for one in there if one not in wanted]
        _write(connection, added, changed, removed)
        _note(connection, wanted, file)
        if added or changed or removed:
            _read_again(connection)
    names = sum(1 + len(one.terms) for one in wanted.values())
    return VocabularyChange(len(wanted), names, len(added), len(changed), len(removed))


def read(store: Store) -> tuple[Descriptor, ...]:
    """All concepts, by id; none where no vocabulary was loaded."""
    with store.reading() as connection:
        return tuple(_read(connection))


def version(store: Store) -> str:
    """A fingerprint of the vocabulary, the same for the same concepts; empty where none was loaded."""
    with store.reading() as connection:
        found: str | None = connection.execute(select(vocabulary_state.c.version)).scalar()
    return found or ""


def overview(store: Store) -> VocabularyOverview:
    """Which vocabulary is loaded."""
    with store.reading() as connection:
        row = connection.execute(select(vocabulary_state.c.concepts, vocabulary_state.c.file)).one_or_none()
    return VocabularyOverview(row.concepts, row.file) if row else VocabularyOverview()


def _read(connection: Connection) -> list[Descriptor]:
    columns = vocabulary_concept.c
    # As text, decoded together: one by one, in the column's type, takes twice as long.
    query = select(columns.id, columns.name, type_coerce(columns.terms, Text), type_coerce(columns.trees, Text))
    found: list[Descriptor] = []
    for rows in connection.execute(query).partitions(_AT_ONCE):
        terms = json.loads(f"[{','.join(row[2] for row in rows)}]")
        trees = json.loads(f"[{','.join(row[3] for row in rows)}]")
        found += [
            Descriptor(row[0], row[1], tuple(names), tuple(places))
            for row, names, places in zip(rows, terms, trees, strict=True)
        ]
    # Not by the database, whose order depends on its locale: a concept's number is its position.
    found.sort(key=lambda one: one.id)
    return found


def _write(connection: Connection, added: list[Descriptor], changed: list[Descriptor], removed: list[str]) -> None:
    for start in range(0, len(removed), _AT_ONCE):
        some = removed[start : start + _AT_ONCE]
        connection.execute(delete(vocabulary_concept).where(vocabulary_concept.c.id.in_(some)))
    if changed:
        this = update(vocabulary_concept).where(vocabulary_concept.c.id == bindparam("this"))
        connection.execute(this, [{"this": row.pop("id"), **row} for row in _rows(changed)])
    if added:
        connection.execute(insert(vocabulary_concept), list(_rows(added)))


def _rows(descriptors: Iterable[Descriptor]) -> Iterator[dict[str, object]]:
    for one in descriptors:
        yield {"id": one.id, "name": one.name, "terms": list(one.terms), "trees": list(one.trees)}


def _note(connection: Connection, wanted: dict[str, Descriptor], file: str) -> None:
    fingerprint = blake2b(digest_size=8)
    for one in sorted(wanted.values(), key=lambda one: one.id):
        fingerprint.update(json.dumps([one.id, one.name, one.terms, one.trees]).encode())
    connection.execute(delete(vocabulary_state))
    row = {"version": fingerprint.hexdigest(), "concepts": len(wanted), "file": file}
    connection.execute(insert(vocabulary_state).values(row))


def _read_again(connection: Connection) -> None:
    """See that answers which have not changed are read again: what was not taken before may match now."""
    feeds = connection.execute(select(concept_feed.c.id, concept_feed.c.mesh)).all()
    by_concept = [feed_id for feed_id, mesh in feeds if mesh]
    unread = update(source_query).where(source_query.c.feed_id.in_(by_concept))
    connection.execute(unread.values(etag="", last_modified="", next_ask_at=None))
