"""What the bot's own tagging and ranking are measured beside: exact phrases, and BM25."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from ahocorasick_rs import AhoCorasick, Implementation

_WORD = re.compile(r"[^\W_]+")


class Phrases:
    """Names, found in any capitals on word boundaries, as they are written and in no other way."""

    def __init__(self, names: Iterable[tuple[str, int]]) -> None:
        """Make ready `names`, each with the number of what it stands for."""
        numbers: dict[str, list[int]] = {}
        for name, number in names:
            folded = _folded(name)
            if folded and number not in (known := numbers.setdefault(folded, [])):
                known.append(number)
        self._numbers = list(numbers.values())
        self._automaton = AhoCorasick(list(numbers), implementation=Implementation.ContiguousNFA) if numbers else None

    def all_in(self, text: str) -> Counter[int]:
        """How often each is named, also within longer names."""
        return Counter(number for pattern, _, _ in self._found(_folded(text)) for number in self._numbers[pattern])

    def longest_in(self, text: str) -> Counter[int]:
        """How often each is named where nothing longer is: from left to right, the longest name at each place."""
        counted: Counter[int] = Counter()
        behind = 0
        for pattern, start, end in sorted(self._found(_folded(text)), key=lambda found: (found[1], -found[2])):
            if start >= behind:
                counted.update(self._numbers[pattern])
                behind = end
        return counted

    def _found(self, text: str) -> Iterator[tuple[int, int, int]]:
        if self._automaton is None:
            return
        for pattern, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if not (start and text[start - 1].isalnum()) and not text[end : end + 1].isalnum():
                yield pattern, start, end


class BM25:
    """Documents ranked by the words they share with a query.

    S. E. Robertson et al., TREC-3, 1994, with the idf that Lucene has, which is never below 0: ln(1 + (N - n + 0.5) /
    (n + 0.5)). Words are in lower case and without the plural's s (D. Harman, J. Am. Soc. Inf. Sci. 42, 1991).
    """

    def __init__(self, texts: Mapping[str, str], k1: float = 1.2, b: float = 0.75) -> None:
        """Make the index of texts by their ids."""
        words = {document: Counter(words_of(text)) for document, text in texts.items()}
        lengths = {document: sum(counted.values()) for document, counted in words.items()}
        mean = sum(lengths.values()) / max(1, len(lengths)) or 1.0
        found: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
        for document, counted in words.items():
            longer = k1 * (1 - b + b * lengths[document] / mean)
            for word, times in counted.items():
                found[word].append((document, times * (k1 + 1) / (times + longer)))
        #: What each word adds to the score of the documents that have it.
        self._adds: dict[str, list[tuple[str, float]]] = {}
        for word, postings in found.items():
            idf = math.log1p((len(texts) - len(postings) + 0.5) / (len(postings) + 0.5))
            self._adds[word] = [(document, idf * part) for document, part in postings]

    def scores(self, query: Iterable[str]) -> dict[str, float]:
        """The score of each document that has any of the words; a word counts once, in whatever name it stands."""
        scores: defaultdict[str, float] = defaultdict(float)
        # Sums of the same numbers in another order may differ in the last digit, and so may a ranking.
        for word in sorted({word for text in query for word in words_of(text)}):
            for document, part in self._adds.get(word, ()):
                scores[document] += part
        return dict(scores)


def words_of(text: str) -> list[str]:
    """The words of a text as BM25 compares them."""
    return [_singular(word) for word in _WORD.findall(text.lower())]


@cache
def _singular(word: str) -> str:
    if len(word) < 3:
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return f"{word[:-3]}y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    return word[:-1] if word.endswith("s") and not word.endswith(("us", "ss")) else word


def _folded(text: str) -> str:
    return " ".join(text.lower().split())
