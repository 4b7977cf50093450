"""A vocabulary file into the database, and what the feeds make of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.concepts.followers import UnknownHeading, unknown_headings
from bot.concepts.vocabulary import Vocabulary
from bot.concepts.vocabulary_files import KINDS, MOST_NAMES, RecordProblem, parse_tsv, parse_xml
from bot.errors import VocabularyError
from bot.models.vocabulary import Descriptor
from bot.store import feeds, vocabulary
from bot.store.engine import Store
from bot.store.vocabulary import VocabularyChange
from bot.wiring.unpacked import PIECE, unpacked

#: Bytes of a file at the most, unpacked; NLM's XML has 320 MB.
MOST_BYTES = 1 << 30
#: Bytes of a row at the most; the longest of MeSH has 3,300.
ROW_BYTES = 1_000_000
#: Problems that are told one by one; the rest are counted.
PROBLEMS_TOLD = 20


@dataclass(frozen=True, slots=True)
class VocabularyFile:
    """What a file gives."""

    descriptors: tuple[Descriptor, ...]
    #: Records that were left out.
    skipped: int
    #: The first of them, and why.
    problems: tuple[RecordProblem, ...]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What loading a vocabulary did."""

    change: VocabularyChange
    skipped: int
    problems: tuple[RecordProblem, ...]
    #: What feeds follow and the vocabulary does not have.
    unknown: tuple[UnknownHeading, ...]

    def as_json(self) -> dict[str, object]:
        """What `bot concepts load --json` prints."""
        return {
            "concepts": self.change.concepts,
            "names": self.change.names,
            "added": self.change.added,
            "changed": self.change.changed,
            "removed": self.change.removed,
            "skipped": self.skipped,
            "problems": [{"line": one.line, "problem": one.text} for one in self.problems],
            "unknown": [{"feed": one.slug, "mesh": one.name, "near": list(one.near)} for one in self.unknown],
        }


def load_vocabulary(
    store: Store, path: Path, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> LoadReport:
    """Make the vocabulary what a file says.

    Args:
        progress: told the bytes read and the bytes in all.

    Raises:
        VocabularyError: the file is no vocabulary; nothing has changed.
    """
    found = read_vocabulary(path, progress)
    change = vocabulary.replace(store, found.descriptors, path.name)
    unknown = unknown_headings(Vocabulary(found.descriptors), feeds.feeds(store))
    return LoadReport(change, found.skipped, found.problems, unknown)


def read_vocabulary(path: Path, progress: Callable[[int, int], None] = lambda _done, _all: None) -> VocabularyFile:
    """What the file at `path` gives: XML or rows, as its content says, packed or not.

    Raises:
        VocabularyError: it cannot be read, or is no vocabulary.
    """
    name = str(path)
    descriptors: list[Descriptor] = []
    problems: list[RecordProblem] = []
    skipped = names = 0
    with unpacked(path, MOST_BYTES, progress) as stream:
        for one in _records(stream, name):
            if isinstance(one, RecordProblem):
                skipped += 1
                problems += [one] if len(problems) < PROBLEMS_TOLD else []
                continue
            descriptors.append(one)
            names += 1 + len(one.terms) + len(one.trees)
            if names > MOST_NAMES:
                raise VocabularyError(name, f"more than {MOST_NAMES:,} names; {KINDS}")
    if skipped >= max(1, len(descriptors)):
        first = problems[0]
        share = f"{skipped:,} of {skipped + len(descriptors):,} records are none" if descriptors else "no descriptor"
        raise VocabularyError(f"{name}:{first.line}", f"{share}: {first.text}; {KINDS}")
    if not descriptors:
        raise VocabularyError(name, f"no descriptor in it; {KINDS}")
    return VocabularyFile(tuple(descriptors), skipped, tuple(problems))


def _records(stream: io.BufferedReader[Any], name: str) -> Iterator[Descriptor | RecordProblem]:
    start = stream.peek(PIECE)
    wide = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    if wide or start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return parse_xml(stream, name)
    return parse_tsv(_lines(stream, name))


def _lines(stream: io.BufferedReader[Any], name: str) -> Iterator[str]:
    """Lines as text, with a mark where bytes are none."""
    number = 0
    while line := stream.readline(ROW_BYTES + 1):
        number += 1
        if len(line) > ROW_BYTES:
            raise VocabularyError(f"{name}:{number}", f"a row of more than {ROW_BYTES:,} bytes; {KINDS}")
        yield line.decode("utf-8-sig" if number == 1 else "utf-8", "replace")
