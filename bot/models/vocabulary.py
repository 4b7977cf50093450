"""What the vocabulary is made of: the concepts that papers are tagged with."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column
from sqlmodel import Field

from bot.models.columns import JsonText, Table


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One concept of the vocabulary, as MeSH describes it."""

    #: As MeSH numbers them, `D015673`.
    id: str
    #: The preferred name, `Fatigue Syndrome, Chronic`.
    name: str
    #: Entry terms: other names of the same, the preferred one not among them.
    terms: tuple[str, ...]
    #: Tree numbers, `C23.888.369.500`: its places in the vocabulary, each below the one without the last part.
    trees: tuple[str, ...]


class VocabularyConcept(Table, table=True):
    """A descriptor as it is kept."""

    id: str = Field(primary_key=True, max_length=16)
    name: str
    terms: list[str] = Field(default_factory=list, sa_column=Column(JsonText, nullable=False))
    trees: list[str] = Field(default_factory=list, sa_column=Column(JsonText, nullable=False))


class VocabularyState(Table, table=True):
    """One row: which vocabulary this is; none before the first was loaded."""

    id: int | None = Field(default=None, primary_key=True)
    #: A fingerprint: the same for the same concepts.
    version: str = Field(max_length=16)
    concepts: int
    #: The name of the file that it was read from.
    file: str
