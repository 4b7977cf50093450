"""Texts a second in which all names of a vocabulary are looked for on one core, seconds to load, and memory; ten feeds.

Each side runs in a process of its own, so that its memory is its own and its first pass is cold.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from itertools import cycle, islice
from pathlib import Path

from bench.labelled import Document, Records
from bench.match_sides import TEXTS, Measured
from bench.measure import Asked, Case, compared
from bot.errors import BotError

COUNT = 30_000
#: So few, since one expression of all names takes about a second for each.
BY_EXPRESSION = {"names": 10, "feeds": 3_000}
#: Of names that are made up: as many as MeSH has concepts and names.
CONCEPTS, TERMS = 30_000, 5
SEED = 20261126
_AUTOMATON, _EXPRESSION = "ahocorasick_rs, bare", "re, one expression"
_WORDS = (
    "cells patients expression signalling response treatment cohort receptor outcome baseline pathway mice tissue risk "
    "between after during among with without under over the of in and for was were that this these a an higher lower"
).split()


def run(asked: Asked) -> Iterator[Case]:
    """Names, concepts with their relevance, and feeds, over the same texts.

    Raises:
        BotError: where a folder has no vocabulary or no texts, or a file cannot be read.
    """
    folders = tuple(path for path in asked.records if path.is_dir())
    with tempfile.TemporaryDirectory(prefix="bot-bench-") as name:
        folder = Path(name)
        (folder / "vocab").mkdir()
        if not folders:
            asked.tell("match: no folder in --records: names and texts are made up")
            _make_up(folder)
        else:
            _take(Records(folders), folder)
        asked.tell(f"match: {asked.rounds} rounds; each side reads {COUNT:,} texts twice")
        every = [_round(folder, f"{turn + 1} of {asked.rounds}", asked) for turn in range(asked.rounds)]
        asked.tell("match: one regular expression, once, on few texts")
        slow = {side: _side(f"{side} by expression", folder, count) for side, count in BY_EXPRESSION.items()}
    sides = {side: [one[side] for one in every] for side in every[0]}
    for side, peer in (("names", "names"), ("concepts", "names"), ("feeds", "feeds")):
        yield from _compared(side, sides[side], sides[f"{peer} by automaton"], slow[peer])


def _round(folder: Path, which: str, asked: Asked) -> dict[str, Measured]:
    asked.tell(f"match: round {which}")
    sides = ("names", "names by automaton", "concepts", "feeds", "feeds by automaton")
    return {side: _side(side, folder, COUNT) for side in sides}


def _side(side: str, folder: Path, count: int) -> Measured:
    words = [sys.executable, "-m", "bench.match_sides", side, str(folder), str(count)]
    done = subprocess.run(words, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)  # noqa: S603 (this very folder)
    return Measured(*json.loads(done.stdout))


def _compared(side: str, ours: list[Measured], theirs: list[Measured], slow: Measured) -> Iterator[Case]:
    for warmth in ("cold", "warm"):
        rates = [getattr(one, warmth) for one in ours]
        case = f"{side}, {warmth}"
        yield compared("match", case, "texts/s", rates, _AUTOMATON, [getattr(one, warmth) for one in theirs])
        yield compared("match", case, "texts/s", rates, _EXPRESSION, [getattr(slow, warmth)])
    for what, unit in (("load", "s"), ("peak", "MB")):
        mine, other = ([getattr(one, what) for one in side] for side in (ours, theirs))
        case = f"{side}, {'memory at the most' if what == 'peak' else what}"
        yield compared("match", case, unit, mine, _AUTOMATON, other, less=True)


def _take(records: Records, folder: Path) -> None:
    """The vocabulary and the abstracts that are there, again and again where they are fewer."""
    rows = (
        f"{one.id}\t{one.name}\t{'|'.join(one.terms)}\t{'|'.join(one.trees)}"
        for one in records.vocabulary().descriptors
    )
    texts = [text for text in records.papers().values() if text.abstract]
    if not texts:
        where = ", ".join(map(str, records.folders))
        raise BotError(f"records: {where}: no abstracts in pubmed/pubmed*.xml*; name the folder that has pubmed/")
    _write(folder, rows, islice(cycle(texts), COUNT))


def _make_up(folder: Path) -> None:
    """Names of one to four words, and texts of common words and words of names; the same each time."""
    draw = random.Random(SEED)
    syllables = [a + b for a in "bcdfghklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "or")]
    words = ["".join(draw.choices(syllables, k=draw.randint(2, 4))) for _ in range(CONCEPTS)]
    names = [
        [" ".join(draw.choices(words, k=draw.randint(1, 4))) for _ in range(1 + draw.randint(0, 2 * TERMS))]
        for _ in range(CONCEPTS)
    ]
    rows = (
        f"D{number:06}\t{own[0]}\t{'|'.join(own[1:])}\tC{number // 1000:02}.{number % 1000:03}"
        for number, own in enumerate(names)
    )
    _write(folder, rows, (_text(draw, number, words, names) for number in range(COUNT)))


def _text(draw: random.Random, number: int, words: list[str], names: list[list[str]]) -> Document:
    parts = [*draw.choices(_WORDS, k=150), *draw.choices(words, k=40)]
    parts += [draw.choice(draw.choice(names)) for _ in range(8)]
    draw.shuffle(parts)
    return Document(
        str(number), " ".join(parts[:12]), ". ".join(" ".join(parts[at : at + 20]) for at in range(12, 190, 20))
    )


def _write(folder: Path, rows: Iterable[str], texts: Iterable[Document]) -> None:
    with (folder / "vocab/mesh_id_label_mappings.tsv").open("w", encoding="utf-8") as out:
        out.writelines(f"{row}\n" for row in rows)
    with (folder / TEXTS).open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(text) + "\n" for text in texts)
