"""How one term is found in running text: word boundaries, capitals of short forms, hyphens, plurals."""

from __future__ import annotations

import re
import unicodedata

#: Hyphens and dashes that authors and typesetters use for one another (Unicode general category Pd, minus sign).
_DASHES = "\\-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_APOSTROPHES = "'\u2019\u02bc"
#: Between words: blanks, a hyphen, or the bracket that closes an explanation, as in "genes (STING) agonist".
_GAP = rf"(?:[)\]]?\s+[(\[]?|\s?[{_DASHES}]\s?)"
#: For a hyphen in a term: the same, or nothing (COVID19).
_LOOSE_GAP = rf"{_GAP}?"
#: For a slash in a term: ME/CFS, ME / CFS, ME-CFS, ME CFS.
_SLASH_GAP = rf"\s?[/{_DASHES}\s]\s?"
# No letter, digit or combining mark may touch a term; letters of every script count, so IL-1 is not in IL-1β.
_TOUCHING = r"(?:[^\W_]|[\u0300-\u036f])"
_START, _END = rf"(?<!{_TOUCHING})", rf"(?!{_TOUCHING})"
#: SARS-CoV-2 is not SARS-CoV: after a short form, a hyphen and a digit or Greek letter go on with the name.
_SHORT_END = rf"{_END}(?![{_DASHES}][0-9\u0370-\u03ff])"
_WORD = re.compile(rf"[^\W_]+(?:[{_APOSTROPHES}]s(?![^\W_]))?")
_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_SHORT_LENGTH = 12


def prepared(text: str) -> str:
    """Give `text` as terms are looked up in it: NFC, without soft hyphens and other unseen characters."""
    return unicodedata.normalize("NFC", _UNSEEN.sub("", text))


def is_short_form(word: str) -> bool:
    """Whether the capitals of `word` matter: two or more capitals that are at least half of its letters.

    STING, ALS, PEV, cGAMP, CoV and iPSC are short forms; Covid, McArdle and Drosophila are not. Each word of
    a term is judged by itself, so `STING agonist` wants STING in capitals and agonist in any.
    """
    letters = [character for character in word if character.isalpha()]
    capitals = sum(character.isupper() for character in letters)
    return capitals >= 2 and 2 * capitals >= len(letters) and len(word) <= _SHORT_LENGTH


def has_short_form(term: str) -> bool:
    """Whether a word of `term` is a short form."""
    return any(is_short_form(word) for word in _WORD.findall(prepared(term)))


def is_bare_short_form(term: str) -> bool:
    """Whether nothing but capitals tells `term` from a common word: `STING`, but not `TDP-43` or `STING agonist`."""
    words = _WORD.findall(prepared(term))
    return len(words) == 1 and is_short_form(words[0]) and words[0].isalpha()


def pattern_of(term: str) -> str:
    """Give the regular expression, without capturing groups, that finds `term`; empty where it has no word."""
    term = prepared(term)
    words = list(_WORD.finditer(term))
    if not words:
        return ""
    parts = []
    for word, following in zip(words, [*words[1:], None], strict=True):
        parts.append(_word_pattern(word[0]))
        if following is not None:
            parts.append(_gap_pattern(term[word.end() : following.start()]))
    ends_short = is_short_form(words[-1][0]) or words[-1][0].isdecimal()
    # What stands before the first word or after the last, as the bracket of Su(var), is part of the name.
    tail = re.escape(term[words[-1].end() :].strip())
    return f"{_START}(?:{''.join(parts)}){tail}{_SHORT_END if ends_short else _END}"


def _gap_pattern(between: str) -> str:
    between = between.strip()
    if not between:
        return _GAP
    if between == "/":
        return _SLASH_GAP
    if re.fullmatch(f"[{_DASHES}]", between):
        return _LOOSE_GAP
    return r"\s*".join(re.escape(character) for character in between if not character.isspace()).join((r"\s*", r"\s*"))


def _word_pattern(word: str) -> str:
    if is_short_form(word):
        return rf"{re.escape(word.removesuffix('s'))}s?"
    if not word.isalpha() and not re.search(rf"[{_APOSTROPHES}]s$", word):
        return f"(?i:{re.escape(word)})"
    return f"(?i:{_any_number(word)})"


def _any_number(word: str) -> str:
    """A common word, singular or plural; short words and those in -ss, -us and -is keep their end."""
    word = re.sub(rf"[{_APOSTROPHES}]s$", "", word)
    low = word.lower()
    if len(word) < 4:
        return rf"{re.escape(word)}(?:[{_APOSTROPHES}]s)?"
    if low.endswith(("sis", "ses")):
        return rf"{re.escape(word[:-2])}[ie]s"
    if low.endswith("ies"):
        return rf"{re.escape(word[:-3])}(?:y|ies)"
    if low.endswith("y") and low[-2] not in "aeiou":
        return rf"{re.escape(word[:-1])}(?:y|ies)"
    if low.endswith(("ss", "us", "is")):
        return rf"{re.escape(word)}(?:es)?"
    stem = word[:-1] if low.endswith("s") else word
    return rf"{re.escape(stem)}(?:[{_APOSTROPHES}]?s|es)?"
