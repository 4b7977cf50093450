"""Papers that are about concepts or narrower ones: what was found, and how it was ranked, beside phrases and BM25."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from bench.baselines import BM25, Phrases
from bench.concepts_cases import DISEASES, apiece, case, together
from bench.labelled import Document, JudgedConcept, Qrels, Records
from bench.measure import Case
from bench.ranking import Measures, Summary, measured, summary
from bench.taggers import Tagger, names_of
from bot.concepts.vocabulary import Vocabulary

#: Concepts with fewer papers tell little, those with more are none to follow.
FEWEST, MOST = 15, 300
#: Authors' keywords name fewer.
FEWEST_BY_KEYWORD = 10
_PHRASES = "exact phrases"
#: Of each concept, the scores of documents.
_Scores = dict[int, dict[str, float]]
_Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Group:
    """Concepts that are measured together, with their papers."""

    name: str
    concepts: dict[int, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Sides:
    """The measures of each concept."""

    ours: Mapping[int, Measures]
    phrases: Mapping[int, Measures]
    #: By the words that BM25 was asked with.
    queries: Mapping[str, Mapping[int, Measures]]


def cases(records: Records, vocabulary: Vocabulary, ours: Tagger, tell: _Tell) -> Iterator[Case]:
    """All measures on every set of judged papers."""
    sets = records.qrels()
    if not sets:
        return
    tell("concepts: reading the papers that were judged")
    papers = records.papers(frozenset[str]().union(*(one.judged for one in sets)))
    phrases = Phrases(names_of(vocabulary))
    for one in sets:
        documents = [papers[pmid] for pmid in sorted(one.judged) if pmid in papers]
        if missing := len(one.judged) - len(documents):
            tell(f"concepts: {one.name}: {missing:,} of {len(one.judged):,} papers are not in pubmed/, and left out")
        groups = _groups(one, {document.id for document in documents}, vocabulary, tell)
        gold = {number: papers for group in groups for number, papers in group.concepts.items()}
        tell(f"concepts: {one.name}: {len(documents):,} papers, {len(gold):,} concepts")
        sides = _sides(documents, gold, vocabulary, ours, phrases)
        for group in groups:
            if group.concepts:
                yield from _compared(group, sides)


def _groups(qrels: Qrels, documents: Collection[str], vocabulary: Vocabulary, tell: _Tell) -> list[_Group]:
    """Diseases and all concepts, with so many papers."""
    known = [(vocabulary.number_of(one.id), one, one.papers & frozenset(documents)) for one in qrels.concepts]
    if unknown := sum(number is None for number, _, _ in known):
        tell(f"concepts: {qrels.name}: {unknown:,} concepts are not in the vocabulary, and left out")
    bounds = {f"{FEWEST} to {MOST} papers": (FEWEST, MOST)}
    if qrels.name.startswith("update"):
        bounds[f"{FEWEST_BY_KEYWORD} papers or more"] = (FEWEST_BY_KEYWORD, len(documents))
    return [
        _Group(
            f"{qrels.name}, {kind} with {words}",
            {
                number: papers
                for number, one, papers in known
                if number is not None and fewest <= len(papers) <= most and chosen(one)
            },
        )
        for words, (fewest, most) in bounds.items()
        for kind, chosen in (("diseases", _is_disease), ("concepts", lambda _: True))
    ]


def _is_disease(concept: JudgedConcept) -> bool:
    return any(tree.startswith(DISEASES) for tree in concept.trees)


def _sides(
    documents: Collection[Document],
    gold: Mapping[int, frozenset[str]],
    vocabulary: Vocabulary,
    ours: Tagger,
    phrases: Phrases,
) -> _Sides:
    judged = [document.id for document in documents]
    index = BM25({document.id: document.text for document in documents})

    def queried(numbers: Callable[[int], Iterable[int]]) -> dict[int, Measures]:
        # No score of BM25's tells what is about a concept and what is not: it is measured by its ranking alone. One
        # concept at a time, since nearly every document has some score.
        measures: dict[int, Measures] = {}
        for number, papers in gold.items():
            scores = {number: index.scores(name for name, _ in names_of(vocabulary, numbers(number)))}
            measures |= measured({number: papers}, scores, judged, 0)
        return measures

    def by_phrases(document: Document) -> Mapping[int, float]:
        return _with_broader(phrases.all_in(document.text), vocabulary)

    scores = _scored(documents, gold, lambda document: ours.concepts(document.title, document.abstract))
    return _Sides(
        measured(gold, scores, judged, ours.threshold),
        measured(gold, _scored(documents, gold, by_phrases), judged, 1),
        {
            "BM25, own names": queried(lambda number: (number,)),
            "BM25, own and narrower names": queried(vocabulary.narrower),
        },
    )


def _scored(
    documents: Iterable[Document], wanted: Iterable[int], score: Callable[[Document], Mapping[int, float]]
) -> _Scores:
    scores: _Scores = {number: {} for number in wanted}
    for document in documents:
        for number, relevance in score(document).items():
            if number in scores:
                scores[number][document.id] = relevance
    return scores


def _with_broader(counted: Mapping[int, int], vocabulary: Vocabulary) -> dict[int, float]:
    """How often each concept or a narrower one is named."""
    times: Counter[int] = Counter()
    for number, count in counted.items():
        for above in vocabulary.broader(number):
            times[above] += count
    return dict(times)


def _compared(group: _Group, sides: _Sides) -> Iterator[Case]:
    def of(measures: Mapping[int, Measures]) -> Summary:
        return summary([measures[number] for number in group.concepts])

    name, mine, phrases = group.name, of(sides.ours), of(sides.phrases)
    queries = {asked: of(measures) for asked, measures in sides.queries.items()}
    best = max(queries, key=lambda asked: queries[asked].average_precision)
    yield Case("concepts", f"{name}: how many", mine.concepts, "concepts")
    yield from apiece(name, mine, phrases, _PHRASES)
    yield from together(name, mine.micro, phrases.micro, _PHRASES)
    for peer, theirs in ((_PHRASES, phrases), (best, queries[best])):
        yield case(f"{name}: average precision", mine.average_precision, peer, theirs.average_precision)
        yield case(f"{name}: nDCG@10", mine.ndcg, peer, theirs.ndcg)
