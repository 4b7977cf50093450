"""Which names are near to one that is not known: for mistyped ones, and for those of another year."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from heapq import nlargest

from bot.concepts.vocabulary import Vocabulary

#: Names that are compared in full; comparing 168,000 of them takes seconds.
_COMPARED = 200
#: How alike a name must be, as difflib measures it.
_ALIKE = 0.7


def nearest(vocabulary: Vocabulary, name: str, most: int = 3) -> tuple[str, ...]:
    """The preferred names of the concepts that have a name near to that one, the nearest first."""
    wanted = _plain(name)
    pieces = {wanted[start : start + 3] for start in range(max(1, len(wanted) - 2))}
    likely = nlargest(
        _COMPARED,
        (
            (hits / (len(pieces) + len(known)), known, text, number)
            for number, one in enumerate(vocabulary.descriptors)
            for text in (one.name, *one.terms)
            if (hits := _hits(pieces, known := _plain(text)))
        ),
    )
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    alike: dict[int, float] = {}
    for _, known, text, number in likely:
        if vocabulary.number_of(text) != number:
            continue  # it means another concept
        matcher.set_seq1(known)
        if matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE:
            alike[number] = max(alike.get(number, 0.0), matcher.ratio())
    found = sorted((-how, vocabulary.descriptors[number].name) for number, how in alike.items() if how >= _ALIKE)
    return tuple(name for _, name in found[:most])


def in_words(names: Sequence[str]) -> str:
    """`near it: 'Tea', 'Teas'`. Names are quoted, since they may hold commas."""
    return "near it: " + ", ".join(f"'{name}'" for name in names) if names else "no name is near it"


def _hits(pieces: set[str], known: str) -> int:
    return sum(piece in known for piece in pieces)


def _plain(name: str) -> str:
    """Without capitals and commas, and words in order: `Fatigue Syndrome, Chronic` is a chronic fatigue syndrome."""
    return " ".join(sorted(name[:200].casefold().replace(",", " ").split()))
