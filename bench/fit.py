"""Fitting the models behind relevance: `python -m bench.fit --records DIR [--write]`.

They are fitted to MEDLINE records, each with a title, most with an abstract, and with the headings that indexers gave.
A paper is about a concept where it has the concept's heading or a narrower one. Two models come of it: the company that
each disease keeps (`bot/concepts/company.tsv`), and the weights of relevance, without company and with it, which are
fitted to company as it is for papers that the company was not learned from, in five parts.

No text of the records is kept: a model is a list of words with weights.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.labelled import Records, citations_of
from bot.concepts.company import WORTH, features_of, write_models
from bot.concepts.derivations import DISEASES
from bot.concepts.evidence import Evidence, together
from bot.concepts.reading import Reader
from bot.concepts.relevance import BY_NAMES, WITH_COMPANY, features
from bot.concepts.vocabulary import Vocabulary

#: Fewer papers tell nothing of a concept's company; and fewer do not count in the weights.
FEWEST, FEWEST_WEIGHED, MOST_WEIGHED = 12, 15, 300
#: Words of a model that are kept, and in how many papers a word must stand to be one, as a number and as a share.
KEPT, RARE, COMMON = 80, 5, 0.25
#: How strongly weights are drawn to nothing: those of company (by the mean square of a paper's words), of relevance.
RIDGE, PENALTY = 1.5, 1.0
PARTS = 5
_PACKAGED = Path(__file__).parent.parent / "bot" / "concepts" / "company.tsv"

Numbers = NDArray[np.float32]


class Paper(NamedTuple):
    """A record to learn from."""

    id: str
    title: str
    abstract: str
    headings: tuple[str, ...]

    @property
    def part(self) -> int:
        """In which part it is; by its id, so that it stays there. Papers without an abstract are learned from only."""
        return int(hashlib.sha256(self.id.encode()).hexdigest(), 16) % PARTS if self.abstract else -1


def papers_of(file: Path) -> Iterator[Paper]:
    """Give the papers with headings of a file of PubMed records."""
    for citation in citations_of(file):
        paper = citation.announcement
        if paper.mesh:
            abstract = "\n".join(section.text for section in paper.abstract)
            yield Paper(citation.pmid, paper.title, abstract, tuple(heading.ui for heading in paper.mesh))


class Examples(NamedTuple):
    """All that is learned from."""

    papers: list[Paper]
    #: What each paper mentions.
    mentions: list[dict[int, Evidence]]
    #: What models of company see of each.
    company: list[dict[str, float]]
    #: The concepts, and for each paper whether it is about each.
    concepts: list[int]
    about: Numbers


def examples_of(papers: list[Paper], vocabulary: Vocabulary) -> Examples:
    """Read `papers`, and find the concepts that enough of them are about."""
    reader = Reader(vocabulary)
    mentions, company = [], []
    about: dict[int, list[int]] = {}
    for index, paper in enumerate(papers):
        reading = reader.read(paper.title, paper.abstract)
        mentions.append(reading.by_concept)
        company.append(features_of(reading.texts[0], reading.texts[1], reading.by_concept, vocabulary))
        numbers = {
            broader
            for heading in paper.headings
            if (number := vocabulary.number_of(heading)) is not None
            for broader in vocabulary.broader(number)
        }
        for number in numbers:
            about.setdefault(number, []).append(index)
    concepts = sorted(number for number, found in about.items() if len(found) >= FEWEST)
    matrix = np.zeros((len(papers), len(concepts)), dtype=np.float32)
    for column, number in enumerate(concepts):
        matrix[about[number], column] = 1
    return Examples(papers, mentions, company, concepts, matrix)


def matrix_of(company: Sequence[dict[str, float]]) -> tuple[Numbers, list[str], Numbers]:
    """Give the words of all papers as a matrix, each weighed by its rarity; the words; and their rarity."""
    often = Counter(word for one in company for word in one)
    words = [word for word, count in sorted(often.items()) if RARE <= count <= COMMON * len(company)]
    columns = {word: column for column, word in enumerate(words)}
    rarity = np.array([math.log(len(company) / often[word]) for word in words], dtype=np.float32)
    matrix = np.zeros((len(company), len(words)), dtype=np.float32)
    for row, one in enumerate(company):
        known = [(columns[word], value) for word, value in one.items() if word in columns]
        matrix[row, [column for column, _ in known]] = [value for _, value in known]
    matrix *= rarity
    return matrix, words, rarity


def company_weights(words: Numbers, alike: Numbers, about: Numbers, penalty: float) -> Numbers:
    """Give ridge regression's weights of each word for each concept, the strongest ones alone.

    Args:
        words: the papers' words.
        alike: how alike each two papers are, `words @ words.T`: the dual form is smaller, and most of it is made once.
        about: whether each paper is about each concept.
        penalty: how strongly weights are drawn to nothing.
    """
    alike = alike + penalty * np.eye(len(alike), dtype=np.float32)
    weights: Numbers = words.T @ np.linalg.solve(alike, about - about.mean(axis=0))
    for column in range(weights.shape[1]):
        weak = np.argpartition(-np.abs(weights[:, column]), KEPT)[KEPT:]
        weights[weak, column] = 0
    return weights


def rows_of(
    examples: Examples,
    columns: Sequence[int],
    vocabulary: Vocabulary,
    names: Sequence[str],
    company: Numbers | None = None,
) -> tuple[Numbers, Numbers, NDArray[np.int32]]:
    """Give what relevance sees of each paper and concept worth a thought; whether it is about it; and which they are.

    Args:
        examples: the papers.
        columns: of the concepts that are looked at.
        vocabulary: what the concepts are of.
        names: the features, in order.
        company: how much of each concept's company each paper has, of papers that it was not learned from. None: it is
            not looked at, so that papers without an abstract can be examples too.
    """
    known = {examples.concepts[column]: column for column in columns}
    breadth = {column: len(vocabulary.narrower(number)) for number, column in known.items()}
    rows, truth, pairs = [], [], []
    for index, paper in enumerate(examples.papers):
        if company is not None and not paper.abstract:
            continue
        parts: dict[int, list[Evidence]] = {}
        for number, found in examples.mentions[index].items():
            for broader in vocabulary.broader(number):
                if broader in known:
                    parts.setdefault(known[broader], []).append(found)
        near = () if company is None else np.flatnonzero(company[index] > WORTH).tolist()
        for column in {*parts, *near} & breadth.keys():
            found = together(parts.get(column, ()))
            found.company = 0.0 if company is None or company[index, column] <= WORTH else float(company[index, column])
            seen = features(found, breadth[column], has_abstract=bool(paper.abstract))
            rows.append([seen.get(name, 0.0) for name in names])
            truth.append(examples.about[index, column])
            pairs.append((index, column))
    return np.array(rows, np.float32), np.array(truth, np.float32), np.array(pairs, np.int32)


def logistic_weights(rows: Numbers, truth: Numbers) -> Numbers:
    """Give the weights of logistic regression by Newton's method."""
    weights = np.zeros(rows.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (truth - chance) - PENALTY * weights
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows + PENALTY * np.eye(rows.shape[1])
        step = np.linalg.solve(bend, slope)
        weights += step
        if np.abs(step).max() < 1e-5:
            break
    return weights.astype(np.float32)


def told(scores: Numbers, about: Numbers) -> Iterator[str]:
    """Give the figures at several thresholds, over concepts."""
    for threshold in np.arange(0.2, 0.6, 0.05):
        taken = scores >= threshold
        right = (taken * about).sum(axis=0)
        precision, recall = right / np.maximum(taken.sum(axis=0), 1), right / np.maximum(about.sum(axis=0), 1)
        both = 2 * right / np.maximum(taken.sum(axis=0) + about.sum(axis=0), 1)
        p, r = precision.mean(), recall.mean()
        means = 2 * p * r / (p + r)
        yield f"threshold {threshold:.2f}: P {p:.3f} R {r:.3f} F1 {both.mean():.3f}, of the means {means:.3f}"


def fitted(
    examples: Examples, columns: Sequence[int], vocabulary: Vocabulary, names: Sequence[str], company: Numbers | None
) -> Iterator[str]:
    """Fit the weights of relevance; give how well they do on parts not learned from, and the weights themselves."""
    rows, truth, pairs = rows_of(examples, columns, vocabulary, names, company)
    part = np.array([paper.part for paper in examples.papers])
    scores = np.zeros_like(examples.about)
    for one in range(PARTS):
        learned = part[pairs[:, 0]] != one
        chance = 1 / (1 + np.exp(-rows[~learned] @ logistic_weights(rows[learned], truth[learned])))
        scores[pairs[~learned, 0], pairs[~learned, 1]] = chance
    diseases = [one for one in columns if vocabulary.in_tree(examples.concepts[one], DISEASES)]
    for name, chosen in (("diseases", diseases), ("all", columns)):
        yield f"{name}: {len(chosen):,} concepts"
        yield from told(scores[part >= 0][:, list(chosen)], examples.about[part >= 0][:, list(chosen)])
    for name, weight in zip(names, logistic_weights(rows, truth), strict=True):
        yield f'    "{name}": {weight:.2f},'


def main() -> None:
    """Fit, tell how well that does on papers not learned from, and write the models where asked to."""
    parser = argparse.ArgumentParser(prog="python -m bench.fit")
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="put the models of company in place")
    asked = parser.parse_args()
    records = Records((asked.records,))
    vocabulary = records.vocabulary()
    papers = [paper for file in records.files("pubmed/pubmed*.xml*") for paper in papers_of(file)]
    examples = examples_of(papers, vocabulary)
    part = np.array([paper.part for paper in papers])
    sizes = examples.about[part >= 0].sum(axis=0)
    feeds = np.flatnonzero((sizes >= FEWEST_WEIGHED) & (sizes <= MOST_WEIGHED)).tolist()
    _tell(f"{len(papers):,} papers, {len(examples.concepts):,} concepts; by names alone:")
    _tell(*fitted(examples, feeds, vocabulary, list(BY_NAMES), None))
    modelled = [at for at, one in enumerate(examples.concepts) if vocabulary.in_tree(one, DISEASES)]
    matrix, words, rarity = matrix_of(examples.company)
    alike = matrix @ matrix.T
    penalty = RIDGE * float(np.diag(alike).mean())
    company = np.zeros_like(examples.about)
    for one in range(PARTS):
        rest = np.flatnonzero(part != one)
        about = examples.about[rest][:, modelled]
        weights = company_weights(matrix[rest], alike[np.ix_(rest, rest)], about, penalty)
        company[np.ix_(np.flatnonzero(part == one), np.array(modelled))] = matrix[part == one] @ weights
    _tell("with company:")
    _tell(*fitted(examples, sorted({*feeds} & {*modelled}), vocabulary, list(WITH_COMPANY), company))
    if asked.write:
        weights = company_weights(matrix, alike, examples.about[:, modelled], penalty) * rarity[:, None]
        models = {
            vocabulary.descriptors[examples.concepts[at]].name: sorted(
                ((words[row], float(weights[row, column])) for row in np.flatnonzero(weights[:, column])),
                key=lambda one: (-abs(one[1]), one[0]),
            )
            for column, at in enumerate(modelled)
        }
        _PACKAGED.write_text("".join(write_models(models)), "utf-8")
        _tell(f"written: {_PACKAGED}")


def _tell(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
