"""One side of the benchmark of matching, in a process of its own: `python -m bench.match_sides SIDE FOLDER COUNT`."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from bench.labelled import Document, Records
from bench.taggers import Topic, feed_tagger, names_of
from bot.concepts.catalogue import starter
from bot.concepts.lexicon import Lexicon
from bot.concepts.reading import Reader
from bot.concepts.relevance import relevance
from bot.concepts.vocabulary import Vocabulary
from bot.concepts.words import visible

#: How many texts are held at a time.
BATCH = 500
TEXTS = "texts.jsonl"

Look = Callable[[Document], object]


class Measured(NamedTuple):
    """What a process needed."""

    #: Seconds of the processor from names in memory to the first text.
    load: float
    #: Texts a second the first time over all of them, and the second time.
    cold: float
    warm: float
    #: MB.
    peak: float


def names(vocabulary: Vocabulary) -> Look:
    """All names of the vocabulary by our lexicon, not yet weighed."""
    lexicon = Lexicon(names_of(vocabulary))
    return lambda text: (lexicon.hits(visible(text.title)), lexicon.hits(visible(text.abstract)))


def concepts(vocabulary: Vocabulary) -> Look:
    """All concepts that a text names, with their relevance: what each new paper is read for."""
    reader = Reader(vocabulary)

    def look(text: Document) -> dict[int, float]:
        found = reader.read(text.title, text.abstract).by_concept
        return {number: relevance(evidence) for number, evidence in found.items() if evidence.named}

    return look


def feeds(_: Vocabulary) -> Look:
    """Ten feeds with their relevance."""
    ours = feed_tagger(topics())
    return lambda text: ours.feeds(text.title, text.abstract)


def automaton(words: Iterable[str]) -> Look:
    """The peer: a bare pass over the text in lower case, which knows neither words nor capitals nor other spellings."""
    made = AhoCorasick(sorted({word.lower() for word in words}), matchkind=MatchKind.LeftmostLongest)
    return lambda text: made.find_matches_as_indexes(text.text.lower())


def expression(words: Iterable[str]) -> Look:
    """The peer without a library: one regular expression of all names, the longest first."""
    longest_first = sorted({word.lower() for word in words}, key=lambda word: (-len(word), word))
    made = re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b")
    return lambda text: [found.span() for found in made.finditer(text.text.lower())]


def topics() -> list[Topic]:
    """The first ten feeds of the starter catalogue."""
    return [Topic(feed.name, feed.synonyms) for feed in starter()[:10]]


def _all_names(vocabulary: Vocabulary) -> list[str]:
    return [name for name, _ in names_of(vocabulary)]


def _feed_names(_: Vocabulary) -> list[str]:
    return [name for topic in topics() for name in topic.names]


SIDES: dict[str, Callable[[Vocabulary], Look]] = {
    "names": names,
    "concepts": concepts,
    "names by automaton": lambda vocabulary: automaton(_all_names(vocabulary)),
    "names by expression": lambda vocabulary: expression(_all_names(vocabulary)),
    "feeds": feeds,
    "feeds by automaton": lambda vocabulary: automaton(_feed_names(vocabulary)),
    "feeds by expression": lambda vocabulary: expression(_feed_names(vocabulary)),
}


def measure(side: str, folder: Path, count: int) -> Measured:
    """What a side needs for so many texts of a folder."""
    vocabulary = Vocabulary(()) if side.startswith("feeds") else Records((folder,)).vocabulary()
    started = time.process_time()
    look = SIDES[side](vocabulary)
    load = time.process_time() - started
    cold, warm = (_rate(look, folder, count) for _ in range(2))
    return Measured(load, cold, warm, _peak())


def _rate(look: Look, folder: Path, count: int) -> float:
    """Texts a second; reading them is not measured."""
    seconds, looked = 0.0, 0
    for batch in _batches(folder / TEXTS, count):
        started = time.process_time()
        for text in batch:
            look(text)
        seconds += time.process_time() - started
        looked += len(batch)
    return looked / max(seconds, 1e-9)


def _batches(path: Path, count: int) -> Iterator[list[Document]]:
    with path.open(encoding="utf-8") as lines:
        texts = (Document(*json.loads(line)) for line in islice(lines, count))
        while batch := list(islice(texts, BATCH)):
            yield batch


def _peak() -> float:
    # What getrusage tells was the parent's before this program was started in its place.
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201 (read by who asked)
