"""What a paper's stored fields are, when several announcements tell of it.

Each field is taken from the announcement that ranks highest of those that have it: an article before its preprint,
then by how well the source describes papers, then the higher version, then the later revision, and at last the greater
text, so that nothing is left to chance. So the outcome is the same in whatever order, and however often, the
announcements come: `joined` is commutative, associative and idempotent, as the tests prove.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bot.models.papers import Announcement, Mark

#: How well sources describe papers: the more is checked by people, the higher.
PRECEDENCE = {
    "pubmed": 8,
    "europepmc": 7,
    "crossref": 6,
    "biorxiv": 5,
    "medrxiv": 5,
    "arxiv": 5,
    "openalex": 3,
    "syndication": 1,
}

#: Fields of which each has an origin, in the order of the table.
FIELDS = (
    "title",
    "url",
    "abstract",
    "authors",
    "journal",
    "keywords",
    "mesh",
    "publication_types",
    "published",
    "language",
    "source",
)

#: Form (1 preprint, 2 article), precedence, version, revision (ordinal day, 0 where not known), source.
Rank = tuple[int, int, int, int, str]


@dataclass(frozen=True, slots=True)
class Edition:
    """A paper's fields, each with its rank."""

    values: Mapping[str, Any]
    ranks: Mapping[str, Rank]
    #: The first day on which any source began to show it.
    indexed: date | None = None
    preprint: bool = False
    version: int = 1
    marks: frozenset[Mark] = field(default_factory=frozenset)

    @property
    def origins(self) -> dict[str, str]:
        """As the database keeps the ranks: one for all fields, and those that differ from it."""
        most = self.ranks["title"]
        differing = {name: _written(rank) for name, rank in self.ranks.items() if rank != most}
        return {"": _written(most), **differing}


def edition_of(one: Announcement) -> Edition:
    """What a single announcement says."""
    rank: Rank = (
        1 if one.preprint else 2,
        PRECEDENCE.get(one.source, 0),
        one.version,
        one.revised.toordinal() if one.revised else 0,
        one.source,
    )
    values: dict[str, Any] = {
        "title": one.title,
        "url": one.url,
        "abstract": [list(part) for part in one.abstract],
        "authors": [list(author) for author in one.authors],
        "journal": one.journal,
        "keywords": list(one.keywords),
        "mesh": [list(heading) for heading in one.mesh],
        "publication_types": list(one.publication_types),
        "published": one.published,
        "language": one.language,
        "source": one.source,
    }
    ranks = {name: rank for name in FIELDS if values[name] or name == "title"}
    return Edition(values, ranks, one.indexed, one.preprint, one.version, frozenset(one.marks))


def stored_edition(row: Mapping[Any, Any]) -> Edition:
    """What a row of the table says.

    Args:
        row: the table's columns by name.
    """
    origins = row["origins"]
    most = _read(origins.get("", ""))
    values = {name: row[name] for name in FIELDS}
    ranks = {
        name: _read(origins[name]) if name in origins else most for name in FIELDS if values[name] or name == "title"
    }
    marks = frozenset(Mark(mark) for mark in row["marks"])
    return Edition(values, ranks, row["indexed"], bool(row["preprint"]), row["version"], marks)


def joined(one: Edition, other: Edition) -> Edition:
    """What two editions of one paper say together."""
    if one == other:
        return one
    values, ranks = dict(one.values), dict(one.ranks)
    for name, rank in other.ranks.items():
        there = ranks.get(name)
        value = other.values[name]
        if there is None or rank > there or (rank == there and _weight(value) > _weight(values[name])):
            values[name], ranks[name] = value, rank
    return Edition(
        values,
        ranks,
        min((day for day in (one.indexed, other.indexed) if day), default=None),
        one.preprint and other.preprint,
        max(one.version, other.version),
        one.marks | other.marks,
    )


def columns_of(edition: Edition) -> dict[str, Any]:
    """An edition as columns of the table."""
    return {
        **edition.values,
        "indexed": edition.indexed,
        "preprint": edition.preprint,
        "version": edition.version,
        "marks": in_order(edition.marks),
        "origins": edition.origins,
    }


def in_order(marks: Iterable[Mark]) -> list[str]:
    """Marks, the gravest first."""
    kept = set(marks)
    return [mark.value for mark in Mark if mark in kept]


def _weight(value: Any) -> tuple[int, str]:
    text = json.dumps(value, ensure_ascii=False)
    return len(text), text


def _written(rank: Rank) -> str:
    return " ".join(map(str, rank))


def _read(text: str) -> Rank:
    # Of before origins were kept: whatever comes goes before it.
    form, precedence, version, revised, source = text.split(" ", 4) if text else ("0", "0", "1", "0", "")
    return int(form), int(precedence), int(version), int(revised), source
