"""Reading a paper's text once for all concepts: names, short forms that the text itself introduces, words that speak
of a concept without naming it, and concepts told by their parts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from bot.concepts.characters import BREAK, STOP
from bot.concepts.company import Company, Features, features_of
from bot.concepts.composition import Composition
from bot.concepts.derivations import spoken_names
from bot.concepts.everyday import everyday_names
from bot.concepts.evidence import KEYWORDS, TITLE, Evidence, evidence_of
from bot.concepts.lexicon import Hit, Lexicon
from bot.concepts.short_forms import ShortForm, ShortForms, is_shouted, telling_words
from bot.concepts.vocabulary import Vocabulary
from bot.concepts.words import is_short_form, key_of_word, spans_of, tokens_of, visible

#: Names that say something else almost wherever they stand.
_EVERYDAY: Final = frozenset(
    "association associations can cane canes control drive drives lead mean set sets understanding will wills".split()
) | {"hypotension, induced", "induced hypotension", "hyperthermia, induced", "induced hyperthermia"}
#: What is absent, or is named to set it apart, stands behind one of these, at most so many words away.
_DENIALS: Final = tuple("no not without neither nor absence negative unlike excluding except".split())
_DENIAL_REACH: Final = 3
#: What is not only, or not just, the case is the case.
_NO_DENIALS: Final = ("only", "just", "merely", "solely")
_PHRASE_ENDS: Final = (STOP, BREAK, "")
_WITHOUT_BRACKETS: Final = str.maketrans(dict.fromkeys("()[]", " "))


@dataclass(slots=True)
class Reading:
    """All that a paper mentions."""

    by_concept: dict[int, Evidence]
    #: The visible texts of title, abstract and keywords.
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
            " ".join(text[spans[start][0] : spans[end - 1][1]].translate(_WITHOUT_BRACKETS).split())
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
            known=[*_DENIALS, *_NO_DENIALS, *(word for text in (about or {}).values() for word in telling_words(text))],
        )
        self._denials = re.compile("|".join(map(re.escape, self._lexicon.characters_of(_DENIALS))))
        self._no_denials = self._lexicon.characters_of(_NO_DENIALS)
        self._composition = Composition.of(vocabulary, self._speaks_of)
        self._meanings = _Meanings(self._lexicon, self._spoken, self._composition)
        self._short_forms = ShortForms(self._lexicon, self._spoken, vocabulary, about or {})

    def read(self, title: str, abstract: str = "", keywords: Iterable[str] = ()) -> Reading:
        """Give what a paper mentions; the texts as they are."""
        found: dict[int, Evidence] = {}
        reading = Reading(found, (visible(title), visible(abstract), visible(" ; ".join(keywords))))
        short: list[ShortForm] = []
        for place, text in enumerate(reading.texts):
            if text:
                self._look(reading, place, text, short)
        if short and is_shouted(title):
            short = [one for one in short if one.place != TITLE]
        if short or found:
            self._short_forms.count(reading.texts, reading.encoded, short, found)
        if self.company is not None:
            title_text, abstract_text, _ = reading.texts
            reading.features = features_of(title_text, abstract_text, found, self._vocabulary)
            for number, score in self.company.scores(reading.features).items():
                evidence_of(found, number).company = score
        return reading

    def _look(self, reading: Reading, place: int, text: str, short: list[ShortForm]) -> None:
        """Count what stands in one text; its short forms, which need all the rest first, are added to `short`."""
        hits, encoded = self._lexicon.read(text)
        reading.encoded.append(encoded)
        if not hits:
            return
        found, meanings, length = reading.by_concept, self._meanings, len(encoded)
        denied = self._denied(encoded)
        for position, start, end in hits:
            meaning = meanings[position]
            if meaning.bare:
                short.append(ShortForm(meaning.bare, meaning.named, place, start, end, length))
                continue
            if start in denied:
                for number in meaning.named:
                    evidence_of(found, number).denied += 1
                continue
            for number in meaning.named:
                evidence = found.get(number)
                if evidence is None:
                    evidence = found[number] = Evidence()
                evidence.mention(place, start, end, length)
            for number in meaning.spoken:
                evidence_of(found, number).speak(place)
            for number in meaning.inside:
                evidence_of(found, number).inside += 1
        if place != KEYWORDS and len(hits) > 1:
            self._compose(found, hits, place, encoded)

    def _compose(self, found: dict[int, Evidence], hits: list[Hit], place: int, encoded: str) -> None:
        """Count the concepts whose parts stand in one sentence."""
        meant = [(start, end, self._meanings[position]) for position, start, end in hits]
        bearers = [(start, end, made) for start, end, meaning in meant for made in meaning.bearers]
        if bearers:
            kinds = [(start, end, kinds) for start, end, meaning in meant for kinds in meaning.kinds]
            for numbers, of_any, nearness in self._composition.told(bearers, kinds, encoded):
                for number in numbers:
                    evidence_of(found, number).composed(place, nearness, of_any=of_any)

    def _denied(self, encoded: str) -> frozenset[int]:
        """The tokens at which a name is denied by one of the words right before it, in the same phrase."""
        denied: set[int] = set()
        for denial in self._denials.finditer(encoded):
            at = denial.end()
            denied.add(at)
            if encoded[at : at + 1] in self._no_denials:
                continue
            for behind in range(at, at + _DENIAL_REACH - 1):
                if encoded[behind : behind + 1] in _PHRASE_ENDS:
                    break
                denied.add(behind + 1)
        return frozenset(denied)

    def name_of(self, word: str) -> str:
        """Give a word of a model of company as a reader understands it: concepts by their names."""
        if not word.startswith("@"):
            return word
        number = self._vocabulary.number_of(word[1:])
        return word if number is None else self._vocabulary.descriptors[number].name

    def _speaks_of(self, text: str) -> list[int]:
        """The concepts that a text as a whole names or speaks of."""
        numbers = (one - self._spoken if one >= self._spoken else one for one in self._lexicon.named(text))
        return [number for number in numbers if number < len(self._vocabulary)]


class _Meaning(NamedTuple):
    """What an entry of the lexicon tells."""

    #: A short form that means nothing by itself; else empty.
    bare: str
    #: Concepts that it names, that it speaks of, and that have names inside of it.
    named: tuple[int, ...]
    spoken: tuple[int, ...]
    inside: tuple[int, ...]
    #: What it is a part of, as the composition has it.
    bearers: tuple[Mapping[int, Sequence[int]], ...]
    kinds: tuple[Sequence[int], ...]


class _Meanings(dict[int, _Meaning]):
    """What the entries of a lexicon tell, by their positions; worked out where one is met first, since few are.

    Args:
        lexicon: its numbers from `spoken` on stand for what a name only speaks of.
        composition: what is told by parts.
    """

    def __init__(self, lexicon: Lexicon, spoken: int, composition: Composition) -> None:
        super().__init__()
        self._lexicon, self._spoken, self._composition = lexicon, spoken, composition

    def __missing__(self, position: int) -> _Meaning:
        entry, composition = self._lexicon.entry(position), self._composition
        named = tuple(number for number in entry.ids if number < self._spoken)
        spoken = tuple(number - self._spoken for number in entry.ids if number >= self._spoken)
        meaning = self[position] = _Meaning(
            entry.bare,
            named,
            spoken,
            entry.inside,
            tuple(filter(None, map(composition.of_bearers.get, (*named, *spoken)))),
            tuple(filter(None, map(composition.kinds_of.get, (*named, *spoken)))),
        )
        return meaning
