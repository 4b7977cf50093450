"""A small made-up data set in the forms of the real ones, so that the benchmark of concepts runs where those are not.

Diseases are put together from syllables, papers from words by a generator with a seed; nothing in them is anybody's. A
paper is about what it was made to be about, however it writes it: as the vocabulary does, in the plural, with another
hyphen, or, seldom, not at all; others name a disease in passing.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

SEED = 20261126
FAMILIES, KINDS, PAPERS = 12, 4, 900
_SYLLABLES = [a + b for a in ("k", "l", "m", "n", "r", "s", "t", "v", "br", "zh") for b in ("a", "e", "i", "ou")]
_SORTS = ("fever", "syndrome", "disorder", "neuropathy", "palsy", "anaemia")
_WHERE = ("cardiac", "renal", "infantile", "post-traumatic")
_WORDS = (
    "cells patients expression response treatment cohort receptor outcome baseline pathway tissue risk model protein "
    "increased reduced observed clinical measured inhibition activity between after during among with of in and for the"
).split()
#: Ways to write a name that the vocabulary has not.
_WAYS = (str, str.lower, str.upper, lambda name: f"{name}s", lambda name: name.replace(" ", "-", 1))


class _Disease(NamedTuple):
    id: str
    name: str
    terms: tuple[str, ...]
    tree: str


class _Paper(NamedTuple):
    id: str
    title: str
    abstract: str
    about: frozenset[_Disease]


def write(folder: Path) -> None:
    """Write `vocab/`, `pubmed/` and `labelled/` below a folder; the same each time."""
    draw = random.Random(SEED)
    diseases = list(_diseases(draw))
    papers = [_paper(draw, number, diseases) for number in range(1, PAPERS + 1)]
    for name in ("vocab", "pubmed", "labelled/derived_qrels", *(f"labelled/{one}" for one in _SETS)):
        (folder / name).mkdir(parents=True)
    lines = (f"{one.id}\t{one.name}\t{'|'.join(one.terms)}\t{one.tree}" for one in diseases)
    _write(folder / "vocab/mesh_id_label_mappings.tsv", lines)
    _write(folder / "pubmed/pubmed-made.xml", _xml(papers))
    half = len(papers) // 2
    _write(folder / "labelled/derived_qrels/baseline_made.tsv", _qrels(diseases, papers[:half]))
    _write(folder / "labelled/derived_qrels/update_made.tsv", _qrels(diseases, papers[half:]))
    _write(folder / "labelled/bc5cdr/made.PubTator.txt", _pubtator(papers[:half], "Disease"))
    _write(folder / "labelled/ncbi_disease/made_corpus.txt", _pubtator(papers[half:], "SpecificDisease"))
    wanted = diseases[0]
    name = "".join(word.title() for word in wanted.name.split())
    for where, columns in (("cohen2006", ("label1", "label2")), ("screening", ("label_included",))):
        _write_review(folder / f"labelled/{where}/{name}.csv", papers, wanted, columns)


_SETS = ("bc5cdr", "ncbi_disease", "cohen2006", "screening")


def _diseases(draw: random.Random) -> Iterator[_Disease]:
    """Families, each with narrower ones."""
    number = 0
    for family in range(FAMILIES):
        stem = "".join(draw.sample(_SYLLABLES, 3)).title()
        name = f"{stem} {draw.choice(_SORTS)}"
        short = "".join(draw.sample("BDFGHJKLMNPRSTVX", 4))
        tree = f"C90.{family:03}"
        number += 1
        yield _Disease(f"D9{number:05}", name, (short, f"{stem}'s disease"), tree)
        for kind, where in enumerate(_WHERE[:KINDS]):
            number += 1
            yield _Disease(f"D9{number:05}", f"{name}, {where.title()}", (f"{where} {name}",), f"{tree}.{kind:03}")


def _paper(draw: random.Random, number: int, diseases: list[_Disease]) -> _Paper:
    about = draw.sample(diseases, draw.choice((0, 1, 1, 1, 2)))
    title, abstract = [_phrase(draw, 6)], [_phrase(draw, 30)]
    for one in about:
        seen = draw.random()
        if seen < 0.7:
            title.append(_written(draw, one))
        if 0.4 < seen < 0.95:
            abstract += [f"{_phrase(draw, 12)} {_written(draw, one)}" for _ in range(draw.randint(1, 4))]
    if draw.random() < 0.2:
        abstract.append(f"unlike {_written(draw, draw.choice(diseases))} {_phrase(draw, 10)}")
    return _Paper(f"9{number:06}", " in ".join(title), ". ".join(abstract) + ".", frozenset(about))


def _written(draw: random.Random, one: _Disease) -> str:
    name = draw.choice((one.name, *one.terms))
    if name.isupper():
        return name
    return draw.choice(_WAYS)(" ".join(reversed(name.split(", "))))


def _phrase(draw: random.Random, words: int) -> str:
    return " ".join(draw.choices(_WORDS, k=words)).capitalize()


def _xml(papers: Iterable[_Paper]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="utf-8"?>\n<PubmedArticleSet>'
    for one in papers:
        yield (
            f'<PubmedArticle><MedlineCitation><PMID Version="1">{one.id}</PMID><Article><Journal><JournalIssue>'
            f"<PubDate><Year>2026</Year></PubDate></JournalIssue><Title>Made up</Title></Journal>"
            f"<ArticleTitle>{one.title}.</ArticleTitle><Abstract><AbstractText>{one.abstract}</AbstractText></Abstract>"
            "</Article></MedlineCitation>"
            f'<PubmedData><ArticleIdList><ArticleId IdType="pubmed">{one.id}</ArticleId></ArticleIdList></PubmedData>'
            "</PubmedArticle>"
        )
    yield "</PubmedArticleSet>"


def _qrels(diseases: Iterable[_Disease], papers: list[_Paper]) -> Iterator[str]:
    yield "# made up"
    for one in diseases:
        ids = [paper.id for paper in papers if any(f"{it.tree}.".startswith(f"{one.tree}.") for it in paper.about)]
        if ids:
            yield f"{one.id}\t{one.name}\t{one.tree}\t{len(ids)}\t{','.join(ids)}"
    yield f"#JUDGED\t{','.join(paper.id for paper in papers)}"


def _pubtator(papers: Iterable[_Paper], kind: str) -> Iterator[str]:
    for one in papers:
        yield f"{one.id}|t|{one.title}"
        yield f"{one.id}|a|{one.abstract}"
        # Where it stands is not read, so a paper's diseases may stand anywhere.
        for disease in sorted(one.about):
            yield f"{one.id}\t0\t0\t{disease.name}\t{kind}\t{disease.id}"
        yield ""


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _write_review(path: Path, papers: Iterable[_Paper], wanted: _Disease, columns: tuple[str, ...]) -> None:
    yes, no, number, abstract = (
        ("I", "E", "pubmedID", "abstracts") if len(columns) > 1 else ("1", "0", "record_id", "abstract")
    )
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow((number, "title", abstract, *columns))
        for one in papers:
            taken = yes if any(it.tree.startswith(wanted.tree) for it in one.about) else no
            rows.writerow((one.id, one.title, one.abstract, *(taken for _ in columns)))
