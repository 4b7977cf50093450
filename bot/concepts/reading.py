"""Reading a paper's text once for all concepts: names, short forms that the text itself introduces, words that speak
of a concept without naming it, and concepts told by their parts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Final

from bot.concepts.abbreviations import definitions, explains, occurrences
from bot.concepts.company import Company, Features, features_of
from bot.concepts.composition import ANY, Composition
from bot.concepts.derivations import everyday_names, spoken_names
from bot.concepts.evidence import ABSTRACT, KEYWORDS, TITLE, Evidence
from bot.concepts.lexicon import BREAK, STOP, Entry, Hit, Lexicon
from bot.concepts.vocabulary import Vocabulary
from bot.concepts.words import is_short_form, key_of_word, prepared, spans_of, tokens_of

#: Short forms that mean one thing wherever they stand in the life sciences.
_PLAIN: Final = frozenset(
    "ATP BMI CNS COVID CRISPR CT DNA ECG EEG EKG ELISA FDA GABA HIV HLA HPV IgA IgE IgG IgM LDL MRI mRNA miRNA NMR PCR"
    " RNA rRNA SARS siRNA SNP TNF tRNA WHO".split()
)
#: Names that say something else almost wherever they stand.
_EVERYDAY: Final = frozenset(
    "association associations can cane canes control drive drives lead mean set sets understanding will wills".split()
)
#: What is absent, or is named to set it apart, stands behind one of these, at most so many words away.
_DENIALS: Final = tuple("no not without neither nor absence negative unlike excluding except".split())
_DENIAL_REACH: Final = 3
#: What is not only, or not just, the case is the case.
_NO_DENIALS: Final = ("only", "just", "merely", "solely")
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


@dataclass(slots=True)
class Reading:
    """All that a paper mentions."""

    by_concept: dict[int, Evidence]
    #: The prepared texts of title, abstract and keywords.
    texts: tuple[str, str, str]
    #: What models of company look at; empty where there are none.
    features: Features = field(default_factory=dict, repr=False)
    #: Their words, one character each, as the reader has them.
    encoded: list[str] = field(default_factory=list, repr=False)

    def written(self, evidence: Evidence, place: int) -> list[str]:
        """Give how the paper writes a concept at a place, in order, as often as it does."""
        text = self.texts[place]
        spans = spans_of(text)
        return [
            " ".join(text[spans[start][0] : spans[end - 1][1]].split())
            for where, start, end in sorted(evidence.spans)
            if where == place
        ]

    def written_words(self, keys: Collection[str]) -> dict[str, str]:
        """Give how title or abstract first write the words of `keys`, in small letters but for short forms."""
        found: dict[str, str] = {}
        for token in (token for text in self.texts[:KEYWORDS] for token in tokens_of(text)):
            key = key_of_word(token)
            if key in keys and key not in found:
                found[key] = token if is_short_form(token) else token.lower()
        return found


class Reader:
    """Reads papers for the concepts of a vocabulary and for further names, such as those of feeds.

    Args:
        vocabulary: its concepts have their own numbers.
        names: further names, each with a number that is no concept's; one number may have many names.
        about: for further numbers, text whose words confirm a short form.
        company: the models of what comes with further numbers; none where there is no vocabulary to go with them.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        names: Iterable[tuple[str, int]] = (),
        *,
        about: Mapping[int, str] | None = None,
        company: Company | None = None,
    ) -> None:
        names = list(names)
        self._vocabulary = vocabulary
        self._about = about or {}
        self._confirming: dict[int, frozenset[str]] = {}
        self.company = company if company and vocabulary else None
        #: From here on a number stands for a word that only speaks of a concept.
        self._spoken = max([len(vocabulary), *(number + 1 for _, number in names)])
        of_concepts = (
            (name, number)
            for number, one in enumerate(vocabulary.descriptors)
            for name in (one.name, *one.terms)
            if name.lower() not in _EVERYDAY
        )
        self._lexicon = Lexicon(
            [*names, *of_concepts],
            weaker=[
                *everyday_names(vocabulary),
                *((name, self._spoken + number) for name, number in spoken_names(vocabulary)),
            ],
            sought_inside=names,
            known=[*_DENIALS, *_NO_DENIALS, *(word for text in self._about.values() for word in _telling_words(text))],
        )
        self._denials = self._lexicon.characters_of(_DENIALS)
        self._no_denials = self._lexicon.characters_of(_NO_DENIALS)
        self._composition = Composition.of(vocabulary, self._speaks_of)

    def read(self, title: str, abstract: str = "", keywords: Iterable[str] = ()) -> Reading:
        """Give what a paper mentions; the texts as they are, unprepared."""
        found: dict[int, Evidence] = {}
        reading = Reading(found, (prepared(title), prepared(abstract), prepared(" ; ".join(keywords))))
        bare = [
            (hit, place, length)
            for place, text in enumerate(reading.texts)
            if text
            for hit, length in self._look(reading, place, text)
        ]
        if bare and _shouts(title):
            bare = [one for one in bare if one[1] != TITLE]
        bracketed = (found or bare) and ("(" in abstract or "(" in title)
        taken = self._introduced(reading, title, abstract, {hit[0].bare for hit, _, _ in bare}) if bracketed else ()
        present = frozenset().union(*reading.encoded) if bare else frozenset()
        for hit, place, length in bare:
            if hit[0].bare not in taken:
                self._count_bare(found, hit, place, length, present)
        if self.company is not None:
            title_text, abstract_text, _ = reading.texts
            reading.features = features_of(title_text, abstract_text, found, self._vocabulary)
            for number, score in self.company.scores(reading.features).items():
                self._evidence(found, number).company = score
        return reading

    def _look(self, reading: Reading, place: int, text: str) -> list[tuple[Hit, int]]:
        """Count what stands in one text; give its short forms, which need all the rest first, with its length."""
        hits, encoded = self._lexicon.read(text)
        reading.encoded.append(encoded)
        found = reading.by_concept
        bare = []
        for hit in hits:
            entry, start, _ = hit
            if entry.bare:
                bare.append((hit, len(encoded)))
            elif self._is_denied(encoded[max(0, start - _DENIAL_REACH) : start]):
                for number in entry.ids:
                    if number < self._spoken:
                        self._evidence(found, number).denied += 1
            else:
                self._count(found, hit, place, len(encoded))
        if place != KEYWORDS and len(hits) > 1 and self._composition.of_bearers:
            self._compose(found, hits, place, encoded)
        return bare

    def _is_denied(self, before: str) -> bool:
        """Whether one of the words right before a name denies it, in the same phrase."""
        if self._denials.isdisjoint(before):
            return False
        phrase = before[max(before.rfind(STOP), before.rfind(BREAK)) + 1 :]
        return any(
            word in self._denials and after not in self._no_denials for word, after in zip_longest(phrase, phrase[1:])
        )

    def name_of(self, word: str) -> str:
        """Give a word of a model of company as a reader understands it: concepts by their names."""
        if not word.startswith("@"):
            return word
        number = self._vocabulary.number_of(word[1:])
        return word if number is None else self._vocabulary.descriptors[number].name

    def _count(self, found: dict[int, Evidence], hit: Hit, place: int, length: int) -> None:
        entry, start, end = hit
        for number in entry.ids:
            if number >= self._spoken:
                evidence = self._evidence(found, number - self._spoken)
                if place == TITLE:
                    evidence.spoken_title += 1
                else:
                    evidence.spoken_abstract += 1
                continue
            evidence = found.get(number) or self._evidence(found, number)
            evidence.spans.append((place, start, end))
            evidence.longest = max(evidence.longest, end - start)
            if place == ABSTRACT:
                evidence.abstract += 1
                share = start / length
                evidence.first = min(evidence.first, share)
                evidence.last = max(evidence.last, share)
            elif place == TITLE:
                evidence.title += 1
            else:
                evidence.keywords += 1
        for number in entry.inside:
            self._evidence(found, number).inside += 1

    def _count_bare(self, found: dict[int, Evidence], hit: Hit, place: int, length: int, present: Set[str]) -> None:
        """Count a short form for each concept that the rest of the paper, with these words, confirms."""
        entry, start, end = hit
        confirmed = []
        for number in entry.ids:
            evidence = found.get(number)
            if (
                (evidence is not None and evidence.named)
                or (entry.bare in _PLAIN and len(entry.ids) == 1)
                or not self._words_confirming(number).isdisjoint(present)
            ):
                confirmed.append(number)
            else:
                self._evidence(found, number).bare += 1
        if confirmed:
            only = entry if len(confirmed) == len(entry.ids) else Entry(tuple(confirmed), entry.bare, entry.open)
            self._count(found, (only, start, end), place, length)

    def _words_confirming(self, number: int) -> frozenset[str]:
        """The characters of words that confirm a short form: those of the concept's other names."""
        confirming = self._confirming.get(number)
        if confirming is None:
            if number < len(self._vocabulary):
                one = self._vocabulary.descriptors[number]
                text = " . ".join((one.name, *one.terms))
            else:
                text = self._about.get(number, "")
            confirming = self._confirming[number] = self._lexicon.characters_of(_telling_words(text))
        return confirming

    def _introduced(self, reading: Reading, title: str, abstract: str, bare: Collection[str]) -> frozenset[str]:
        """Count the short forms that the text introduces; give those whose meaning is settled by it."""
        taken: set[str] = set()
        counted: set[tuple[str, int]] = set()
        every = {(one.short, one.before): one for one in (*definitions(title), *definitions(abstract))}
        for definition in islice(every.values(), _INTRODUCED):
            short = definition.short
            if short not in bare and abstract.count(short) + title.count(short) < _SEEN_AGAIN:
                continue
            hits, encoded = self._lexicon.read(prepared(definition.before))
            numbers = {
                number
                for entry, _, end in hits
                if end == len(encoded) and not entry.bare
                for number in entry.ids
                if number < self._spoken
            }
            if numbers or (short not in taken and explains(definition)):
                taken.add(short)
            # What the lexicon knows by more than its capitals, such as ME/CFS, was counted as a name.
            known = () if short in bare else self._lexicon.named(short)
            numbers.difference_update(known, [number for number in numbers if (short, number) in counted])
            counted.update((short, number) for number in numbers)
            if numbers:
                self._count_introduced(reading, short, sorted(numbers), title, abstract)
        return frozenset(taken)

    def _count_introduced(
        self, reading: Reading, short: str, numbers: Iterable[int], title: str, abstract: str
    ) -> None:
        """Count a short form for what it was introduced for, wherever title and abstract have it."""
        shares = [start / len(abstract) for start in occurrences(short, abstract)]
        spans = [] if _shouts(title) else list(_tokens_at(reading.texts[TITLE], short))
        for number in numbers:
            evidence = self._evidence(reading.by_concept, number)
            counted = {at for place, start, end in evidence.spans if place == TITLE for at in range(start, end)}
            new = [(TITLE, start, end) for start, end in spans if start not in counted]
            evidence.title += len(new)
            evidence.spans += new
            evidence.abstract += len(shares)
            evidence.first = min([evidence.first, *shares])
            evidence.last = max([evidence.last, *shares])

    def _compose(self, found: dict[int, Evidence], hits: list[Hit], place: int, encoded: str) -> None:
        """Count the concepts whose parts stand in one sentence."""
        composition = self._composition
        bearers, kinds = [], []
        for entry, start, end in hits:
            for one in entry.ids:
                number = one - self._spoken if one >= self._spoken else one
                if number in composition.of_bearers:
                    bearers.append((start, end, composition.of_bearers[number]))
                if number in composition.kinds_of:
                    kinds.append((start, end, composition.kinds_of[number]))
        # Hits do not lie over one another, so that both beginnings and ends of the kinds go up.
        starts, ends = [start for start, _, _ in kinds], [end for _, end, _ in kinds]
        for start, end, made in bearers:
            near = slice(
                bisect_left(ends, start - composition.furthest), bisect_right(starts, end + composition.furthest)
            )
            for other_start, other_end, of in kinds[near]:
                distance = max(other_start - end, start - other_end)
                if distance < 0 or STOP in encoded[min(end, other_end) : max(start, other_start)]:
                    continue
                for kind in of:
                    if kind in made and distance <= composition.reach[kind]:
                        self._composed(found, made[kind], kind, place, 1 / (1 + distance))

    def _composed(
        self, found: dict[int, Evidence], numbers: Iterable[int], kind: int, place: int, nearness: float
    ) -> None:
        for number in numbers:
            evidence = self._evidence(found, number)
            if kind == ANY:
                evidence.befallen = max(evidence.befallen, nearness)
            elif place == TITLE:
                evidence.composed_title = max(evidence.composed_title, nearness)
            else:
                evidence.composed_abstract = max(evidence.composed_abstract, nearness)

    def _speaks_of(self, text: str) -> list[int]:
        """The concepts that a text as a whole names or speaks of."""
        numbers = (one - self._spoken if one >= self._spoken else one for one in self._lexicon.named(text))
        return [number for number in numbers if number < len(self._vocabulary)]

    @staticmethod
    def _evidence(found: dict[int, Evidence], number: int) -> Evidence:
        evidence = found.get(number)
        if evidence is None:
            evidence = found[number] = Evidence()
        return evidence


def _telling_words(text: str) -> list[str]:
    words = (word for word in tokens_of(prepared(text)) if len(word) > 3 and not is_short_form(word))
    return [word for word in words if key_of_word(word) not in _NO_COMPANY]


def _tokens_at(text: str, short: str) -> Iterator[tuple[int, int]]:
    """The first token of a short form and the one behind its last, for each place that has it."""
    if short in text:
        spans = spans_of(text)
        starts = [start for start, _ in spans]
        for at in occurrences(short, text):
            yield bisect_left(starts, at), bisect_left(starts, at + len(short))


def _shouts(title: str) -> bool:
    """Whether a title of several words is all in capitals: a short form in it tells nothing."""
    if not title.isupper():
        return False
    words = [token for token in tokens_of(title) if token.isalpha()]
    return len(words) > 3 or (len(words) > 1 and max(map(len, words)) >= _SHOUTED_LENGTH)
