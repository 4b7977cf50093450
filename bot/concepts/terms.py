"""How one term is found in running text: word boundaries, capitals of short forms, hyphens, plurals."""

from __future__ import annotations

import re
import unicodedata

#: Hyphens and dashes that authors and typesetters use for one another (Unicode general category Pd, minus sign).
_DASHES = "\\-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_APOSTROPHES = "'\u2018\u2019\u02bc\u2032"
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
_TAIL = re.compile(r"[)\]+]*")
_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_SHORT_LENGTH = 12

_PLURAL = rf"(?:[{_APOSTROPHES}]?s|es)?"
#: How English words end, how much of the end to cut, and what may stand in its place; the first that fits counts.
_NUMBERS = tuple(
    (re.compile(rf"{ending}$"), cut, end)
    for ending, cut, end in (
        ("sis", 2, "[ie]s"),  # metastasis, metastases
        ("ses", 2, "(?:es?|is)?"),  # diseases, viruses, metastases
        ("ies", 3, "(?:y|ies)"),  # therapies
        ("[^aeiou]y", 1, "(?:y|ies)"),  # therapy
        ("(?:ss|us|is)", 0, "(?:es)?"),  # virus
        ("s", 1, _PLURAL),  # agonists
    )
)


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


def key_of(term: str) -> str:
    """Give what is the same for every way to write `term` as a keyword: number, hyphens and case, but for short forms.

    Where `key_of(a)` is in a table of names, `a` is one of them; try `key_of(a.lower())` next, for names
    that come in capitals: names with a short form are not found by it.
    """
    words: list[str] = _WORD.findall(prepared(term))
    return " ".join(
        word.removesuffix("s") if is_short_form(word) else _stem_and_end(word.lower())[0].removesuffix("e")
        for word in words
    )


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
    # The bracket that closes Su(var) is part of the name, and after it anything may follow: Su(var)205.
    tail = _TAIL.match(term, words[-1].end())
    if tail is not None and tail[0]:
        end = re.escape(tail[0])
    else:
        end = _SHORT_END if is_short_form(words[-1][0]) or words[-1][0].isdecimal() else _END
    return f"{_START}{''.join(parts)}{end}"


def anchor_of(term: str) -> str:
    """Give a piece of text, case folded, that is wherever `term` is: a quick look before the whole pattern."""
    words: list[str] = _WORD.findall(prepared(term))
    stems = [word.removesuffix("s") if is_short_form(word) else _stem_and_end(word)[0] for word in words]
    return max((stem.casefold() for stem in stems), key=len, default="")


def _gap_pattern(between: str) -> str:
    between = between.strip()
    if not between:
        return _GAP
    if between == "/":
        return _SLASH_GAP
    if re.fullmatch(f"[{_DASHES}]", between):
        return _LOOSE_GAP
    return r"\s*" + r"\s*".join(_mark_pattern(mark) for mark in between if not mark.isspace()) + r"\s*"


def _mark_pattern(mark: str) -> str:
    """Marks that are written in several ways, or left out, need not be there: 2'3'-cGAMP, 2′3′-cGAMP."""
    for alike in (_DASHES, _APOSTROPHES):
        if mark in alike.replace("\\", ""):
            return f"[{alike}]?"
    return re.escape(mark)


def _word_pattern(word: str) -> str:
    if is_short_form(word):
        return rf"{re.escape(word.removesuffix('s'))}s?"
    if not word.isalpha() and not re.search(rf"[{_APOSTROPHES}]s$", word):
        return f"(?i:{re.escape(word)})"
    return f"(?i:{_any_number(word)})"


def _any_number(word: str) -> str:
    """A common word, singular or plural."""
    stem, end = _stem_and_end(word)
    return re.escape(stem) + end


def _stem_and_end(word: str) -> tuple[str, str]:
    """What singular and plural share, and the expression for how they end; words of up to three letters keep theirs."""
    word = re.sub(rf"[{_APOSTROPHES}]s$", "", word)
    if len(word) < 4:
        return word, rf"(?:[{_APOSTROPHES}]s)?"
    for ending, cut, end in _NUMBERS:
        if ending.search(word.lower()):
            return word[: len(word) - cut], end
    return word, _PLURAL
