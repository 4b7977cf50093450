"""The first sentences of an abstract."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.models.papers import AbstractSection
from bot.render.plain import plain, shortened
from bot.render.wrap import columns

#: Characters of abstract that a card shows, about.
EXCERPT_LENGTH = 420
#: What is left below this share of the limit is worth a cut within a sentence.
_WORTHWHILE = 0.4
#: Whole parts that come to this share of the limit need nothing of the next one but whole sentences.
_ENOUGH = 0.3
#: An abstract that is longer by no more than this share is shown whole: to cut it would spare nobody anything.
_GENEROUS = 1.15

_LABEL_LENGTH = 60
#: Labels by which PubMed says that a part has none.
_NO_LABEL = {"unlabelled", "unlabeled", "unassigned", "abstract"}

#: Parts that say what was found, the best first; each word may stand among others.
_FOUND = ("conclusion", "interpretation", "significance", "implication", "discussion", "results", "result", "finding")
#: A sentence of another length says too little, or too much, to stand for the paper.
_KEY_LENGTHS = range(40, 330)
#: Sentences that many abstracts end with, and that say nothing of what was found.
_NO_KEY = re.compile(
    r"https?://|www\.|\bdoi\b|copyright|©|all rights reserved|\bregist(?:ration|ered|ry)\b|\bNCT\d|supplementary|"
    r"funded|funding|available (?:at|on|from)|author's transl|keywords?:",
    re.IGNORECASE,
)
#: So many sentences an abstract without parts must have before its last one is taken for what was found.
_ENOUGH_SENTENCES = 4

_ABBREVIATIONS = frozenset({
    "e.g", "i.e", "al", "fig", "figs", "vs", "cf", "ca", "approx", "no", "nos", "dr", "drs", "prof", "st",
    "ref", "refs", "eq", "eqs", "sp", "spp", "subsp", "ssp", "var", "cv", "resp", "inc", "ltd", "co", "vol",
    "vols", "pp", "ed", "eds", "viz", "mr", "mrs", "ms", "jr", "sr", "tab", "suppl", "sec", "ch", "ext",
    "dept", "univ", "incl", "excl", "aff", "nov", "gen", "a.m", "p.m", "u.s", "u.k", "i.v", "i.p", "s.c",
    "i.m", "p.o", "q.d", "b.i.d", "t.i.d", "w.r.t", "abb", "bzw", "z.b", "d.h", "u.a", "ggf",
})  # fmt: skip
#: Where a sentence may end: a mark, closing quotes and brackets, then space and no small letter or digit.
#: Some sources lose the space before a label (`infections.Methods: we`).
_END = re.compile(
    r"(?:\.(?=[A-Z][a-z]+: )|[.!?…]+[)\]\"'”’»]*(?=\s+(?:[^\sa-zß-öø-ÿ\d]|\d\d?\.\s))|[。！？｡]+[」』）”’]*)"
)
_LAST_WORD = re.compile(r"[^\s(\[{/“\"'‘«–—]*$")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """As much of an abstract as a card shows."""

    #: Labels are written as words (`Background`), and empty where the abstract is not structured.
    parts: tuple[AbstractSection, ...] = ()
    #: Whether there is more to read.
    cut: bool = False

    @property
    def length(self) -> int:
        """Characters of text, labels not counted."""
        return sum(len(part.text) for part in self.parts)


def sentence_ends(text: str) -> list[int]:
    """Positions just after each sentence of `text` but the last; abbreviations, initials and decimals end none."""
    return [match.end() for match in _END.finditer(text) if not _is_abbreviation(text, match)]


def _is_abbreviation(text: str, match: re.Match[str]) -> bool:
    if match.group() != ".":
        return False
    found = _LAST_WORD.search(text, max(0, match.start() - 40), match.start())
    word = found.group() if found else ""
    if word.isdecimal():  # a number that stands where a sentence begins is that of an item in a list
        before = text[max(0, match.start() - len(word) - 9) : match.start() - len(word)].rstrip()
        return not before or before[-1] in ".:;!?"
    # One letter is an initial or a genus (`E. coli`); letters with full stops between them are a short form.
    return (len(word) == 1 and word.isalpha()) or word.casefold() in _ABBREVIATIONS


def cut(text: str, limit: int = EXCERPT_LENGTH) -> str:
    """The first sentences of `text`: about `limit` characters, at most a third more.

    Where no sentence ends in reach, it ends at a word, with an ellipsis.
    """
    if len(text) <= limit * _GENEROUS:
        return text
    ends = sentence_ends(text)
    within = [end for end in ends if limit * _WORTHWHILE <= end <= limit * _GENEROUS]
    if within:
        return text[: within[-1]]
    beyond = [end for end in ends if limit < end <= limit * 4 // 3]
    return text[: beyond[0]] if beyond else shortened(text, limit)


def excerpt(abstract: Sequence[AbstractSection], limit: int = EXCERPT_LENGTH) -> Excerpt:
    """The beginning of `abstract`, cut at the end of a sentence.

    Args:
        abstract: its parts in order.
        limit: characters, about; 0 shows nothing.
    """
    whole = [AbstractSection(readable_label(label), plain(text)) for label, text in abstract]
    whole = [part for part in whole if part.text]
    if limit <= 0:
        return Excerpt((), bool(whole))
    letters = "".join(part.text for part in whole)
    if columns(letters) > len(letters) * 3 // 2:
        limit //= 2  # Chinese, Japanese and Korean say as much with half as many letters, each twice as wide.
    if sum(len(part.text) for part in whole) <= limit * _GENEROUS:
        return Excerpt(tuple(whole))
    shown: list[AbstractSection] = []
    left = limit
    for part in whole:
        if shown and left < limit * _WORTHWHILE / 2:
            return Excerpt(tuple(shown), cut=True)
        text = cut(part.text, left)
        enough = limit - left >= limit * _ENOUGH
        if enough and text.endswith("…") and text != part.text:
            return Excerpt(tuple(shown), cut=True)
        shown.append(AbstractSection(part.label, text))
        if text != part.text:
            return Excerpt(tuple(shown), cut=True)
        left -= len(text)
    return Excerpt(tuple(shown))


def key_sentence(abstract: Sequence[AbstractSection]) -> str:
    """What the paper itself says it found, in one sentence of its abstract; empty where none can be told.

    The first sentence of its conclusions, else the last of its results; without such parts the last sentence.
    """
    parts = [(label.casefold(), plain(text)) for label, text in abstract]
    for word in _FOUND:
        found = [text for label, text in parts if word in label and text]
        if found:
            said = sentences(found[-1])
            return _key(said[::-1] if word.startswith(("result", "finding")) else said)
    said = sentences(" ".join(text for _, text in parts))
    return _key(said[::-1]) if len(said) >= _ENOUGH_SENTENCES else ""


def _key(said: Sequence[str]) -> str:
    """The first of three sentences that can stand by itself."""
    fitting = (one for one in said[:3] if len(one) in _KEY_LENGTHS and not one.endswith("?"))
    return next((one for one in fitting if not _NO_KEY.search(one)), "")


def sentences(text: str) -> list[str]:
    """The sentences of `text`, which is one line."""
    ends = [0, *sentence_ends(text), len(text)]
    return [one for start, end in pairwise(ends) if (one := text[start:end].strip())]


def readable_label(label: str) -> str:
    """`BACKGROUND:` as `Background`; labels that only say that there is none are empty."""
    words = plain(label, _LABEL_LENGTH).rstrip(" :.")
    if words.casefold() in _NO_LABEL:
        return ""
    return words.capitalize() if words.isupper() else words
