"""Short forms that are words, too, or mean several things: STING, ME, ALS. They count where the paper confirms them.

A paper confirms one where it introduces it, `chronic fatigue syndrome (CFS)`, where it names the concept otherwise, or
where it has other words of the concept's names. What it introduces holds for the rest of it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from bot.concepts.abbreviations import Definition, definitions, explains, occurrences
from bot.concepts.evidence import ABSTRACT, TITLE, Evidence, evidence_of
from bot.concepts.lexicon import Lexicon
from bot.concepts.vocabulary import Vocabulary
from bot.concepts.words import is_short_form, key_of_word, spans_of, tokens_of, visible

#: Short forms that mean one thing wherever they stand in the life sciences.
_PLAIN: Final = frozenset(
    "ATP BMI CNS COVID CRISPR CT DNA ECG EEG EKG ELISA FDA GABA HIV HLA HPV IgA IgE IgG IgM LDL MRI mRNA miRNA NMR PCR"
    " RNA rRNA SARS siRNA SNP TNF tRNA WHO".split()
)
#: Words this long are no short forms, so that a title with one in capitals is shouted.
_SHOUTED_LENGTH: Final = 7
#: A short form that stands in its own bracket alone tells nothing more.
_SEEN_AGAIN: Final = 2
#: How many short forms of one text are looked at; no abstract introduces as many.
_INTRODUCED: Final = 200
#: Words that tell nothing of what a short form beside them means.
_NO_COMPANY: Final = frozenset(
    key_of_word(word)
    for word in (
        "acute analysis and animal associated cell chronic clinical complex condition disease disorder effect factor"
        " from gene group human illness level method model patient research response study syndrome system test therapy"
        " treatment type with without"
    ).split()
)


class ShortForm(NamedTuple):
    """A short form where it stands."""

    short: str
    #: What it may mean.
    numbers: tuple[int, ...]
    place: int
    #: Its first token, the token behind its last, and how many the text has.
    start: int
    end: int
    length: int


class ShortForms:
    """Tells what the short forms of a paper mean.

    Args:
        lexicon: has `telling_words` of `about` among its words.
        spoken: from here on the lexicon's numbers are no concepts that a name means.
        vocabulary: whose names confirm its short forms.
        about: for further numbers, text whose words do.
    """

    def __init__(self, lexicon: Lexicon, spoken: int, vocabulary: Vocabulary, about: Mapping[int, str]) -> None:
        self._lexicon, self._spoken, self._vocabulary, self._about = lexicon, spoken, vocabulary, about
        self._confirming: dict[int, frozenset[str]] = {}

    def count(
        self, texts: Sequence[str], encoded: Iterable[str], standing: Sequence[ShortForm], found: dict[int, Evidence]
    ) -> None:
        """Add to `found` what the short forms of a paper tell.

        Args:
            texts: title, abstract and keywords, visible.
            encoded: their words, as the lexicon has them.
            standing: the short forms in them that mean nothing by themselves.
            found: what the paper names otherwise.
        """
        title, abstract = texts[TITLE], texts[ABSTRACT]
        settled: Collection[str] = ()
        if "(" in title or "(" in abstract:
            settled = self._introduced(title, abstract, {one.short for one in standing}, found)
        if standing:
            present = frozenset().union(*encoded)
            for one in standing:
                if one.short not in settled:
                    self._count(one, present, found)

    def _count(self, form: ShortForm, present: Collection[str], found: dict[int, Evidence]) -> None:
        """Count it for each concept that the rest of the paper, with these words, confirms."""
        plain = form.short in _PLAIN and len(form.numbers) == 1
        for number in form.numbers:
            evidence = evidence_of(found, number)
            if plain or evidence.named or not self._words_confirming(number).isdisjoint(present):
                evidence.mention(form.place, form.start, form.end, form.length)
            else:
                evidence.bare += 1

    def _words_confirming(self, number: int) -> frozenset[str]:
        """The characters of words that confirm a short form: those of the concept's other names."""
        confirming = self._confirming.get(number)
        if confirming is None:
            if number < len(self._vocabulary):
                one = self._vocabulary.descriptors[number]
                text = " . ".join((one.name, *one.terms))
            else:
                text = self._about.get(number, "")
            confirming = self._confirming[number] = self._lexicon.characters_of(telling_words(text))
        return confirming

    def _introduced(
        self, title: str, abstract: str, standing: Collection[str], found: dict[int, Evidence]
    ) -> frozenset[str]:
        """Count the short forms that the text introduces; give those whose meaning is settled by it."""
        settled: set[str] = set()
        counted: set[tuple[str, int]] = set()
        every = {(one.short, one.before): one for one in (*definitions(title), *definitions(abstract))}
        for definition in islice(every.values(), _INTRODUCED):
            short = definition.short
            if short not in standing and abstract.count(short) + title.count(short) < _SEEN_AGAIN:
                continue
            numbers = self._explained(definition)
            if numbers or (short not in settled and explains(definition)):
                settled.add(short)
            numbers.difference_update([number for number in numbers if (short, number) in counted])
            if numbers and short not in standing:
                # What the lexicon knows by more than its capitals, such as ME/CFS, was counted as a name.
                numbers.difference_update(self._lexicon.named(short))
            if numbers:
                counted.update((short, number) for number in numbers)
                shares = [start / len(abstract) for start in occurrences(short, abstract)]
                spans = [] if is_shouted(title) else list(_tokens_at(title, short))
                for number in sorted(numbers):
                    evidence_of(found, number).introduced(spans, shares)
        return frozenset(settled)

    def _explained(self, definition: Definition) -> set[int]:
        """The concepts whose name stands right before the bracket."""
        hits, encoded = self._lexicon.read(visible(definition.before))
        entries = [self._lexicon.entry(position) for position, _, end in hits if end == len(encoded)]
        return {number for entry in entries if not entry.bare for number in entry.ids if number < self._spoken}


def telling_words(text: str) -> list[str]:
    """Give the words of a text that tell what a short form beside them means."""
    words = (word for word in tokens_of(visible(text)) if len(word) > 3 and not is_short_form(word))
    return [word for word in words if key_of_word(word) not in _NO_COMPANY]


def is_shouted(title: str) -> bool:
    """Whether a title of several words is all in capitals: a short form in it tells nothing."""
    if not title.isupper():
        return False
    words = [token for token in tokens_of(title) if token.isalpha()]
    return len(words) > 3 or (len(words) > 1 and max(map(len, words)) >= _SHOUTED_LENGTH)


def _tokens_at(text: str, short: str) -> Iterator[tuple[int, int]]:
    """The first token of a short form and the one behind its last, for each place that has it."""
    if short in text:
        spans = spans_of(text)
        starts = [start for start, _ in spans]
        for at in occurrences(short, text):
            yield bisect_left(starts, at), bisect_left(starts, at + len(short))
