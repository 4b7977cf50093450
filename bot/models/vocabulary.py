"""What the vocabulary is made of: the concepts that papers are tagged with."""

from __future__ import annotations

from dataclasses import dataclass


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
