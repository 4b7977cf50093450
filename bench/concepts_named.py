"""Diseases that documents name, as people have marked them: what was found, beside exact names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from bench.baselines import Phrases
from bench.concepts_cases import DISEASES, apiece, together
from bench.labelled import Annotated
from bench.measure import Case
from bench.ranking import Counts, Summary, measured, micro, summary
from bench.taggers import Tagger, names_of
from bot.concepts.vocabulary import Vocabulary


def cases(corpus: Annotated, vocabulary: Vocabulary, ours: Tagger, tell: Callable[[str], None]) -> Iterator[Case]:
    """Diseases that each document names, by their ids."""
    diseases = {number for number in range(len(vocabulary)) if vocabulary.in_tree(number, DISEASES)}
    names = Phrases(names_of(vocabulary, sorted(diseases)))
    gold, left = _countable(corpus, vocabulary, diseases)
    told = ", ".join(f"{count:,} {why}" for why, count in sorted(left.items())) or "none"
    tell(f"concepts: {corpus.name}: {len(corpus.documents):,} documents; ids of documents left out: {told}")
    mine = {one.id: diseases & set(ours.named(one.title, one.abstract)) for one in corpus.documents}
    theirs = {one.id: set(names.longest_in(one.text)) for one in corpus.documents}
    peer = "exact names of diseases"
    yield Case("concepts", f"{corpus.name}: how many", sum(map(len, gold.values())), "ids of documents")
    yield Case("concepts", f"{corpus.name}: left out", left.total(), "ids of documents")
    yield from together(corpus.name, micro(_pairs(mine, gold)), micro(_pairs(theirs, gold)), peer)
    yield from apiece(corpus.name, _by_concept(mine, gold), _by_concept(theirs, gold), peer)


def _countable(
    corpus: Annotated, vocabulary: Vocabulary, diseases: Collection[int]
) -> tuple[dict[str, frozenset[int]], Counter[str]]:
    """By document the diseases that the vocabulary knows, and how many ids are left out for which reason."""
    left: Counter[str] = Counter()
    gold: dict[str, frozenset[int]] = {}
    for document in corpus.documents:
        numbers = set()
        for one in corpus.diseases[document.id]:
            number = vocabulary.number_of(one)
            if number in diseases:
                numbers.add(number)
            elif one.startswith("OMIM:"):
                left["of OMIM"] += 1
            elif number is None:
                left["of supplementary or former concepts"] += 1
            else:
                left["of other trees"] += 1
        gold[document.id] = frozenset(number for number in numbers if number is not None)
    return gold, left


def _pairs(found: Mapping[str, Collection[int]], gold: Mapping[str, Collection[int]]) -> Iterator[Counts]:
    for document, relevant in gold.items():
        both = len(set(found[document]) & set(relevant))
        yield Counts(both, len(found[document]), len(relevant))


def _by_concept(found: Mapping[str, Collection[int]], gold: Mapping[str, Collection[int]]) -> Summary:
    scores = {number: dict.fromkeys(documents, 1.0) for number, documents in _turned(found).items()}
    return summary(measured(_turned(gold), scores, gold, 1).values())


def _turned(by_document: Mapping[str, Iterable[int]]) -> dict[int, frozenset[str]]:
    documents: dict[int, set[str]] = {}
    for document, numbers in by_document.items():
        for number in numbers:
            documents.setdefault(number, set()).add(document)
    return {number: frozenset(ids) for number, ids in documents.items()}
