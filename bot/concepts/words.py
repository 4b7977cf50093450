"""Words of running text, and what is the same for every way to write one: number, case, spelling, Greek letters."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: Hyphens and dashes that authors and typesetters use for one another (Unicode general category Pd, minus sign).
DASHES: Final = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_APOSTROPHES: Final = "'\u2018\u2019\u02bc\u2032"
_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
#: More marks on one letter than any script has (UAX #15, stream-safe text); sorting a run takes its square in time.
_MANY: Final = 30
_MANY_MARKS = re.compile(rf"([^\w\s\x00-\x7f]{{{_MANY}}})[^\w\s\x00-\x7f]+")
_GREEK: Final = "\u0391-\u03c9"
#: One token: a run of letters with its possessive, one Greek letter, a number, or a mark that ends a phrase. A name
#: is written with and without hyphens, and blanks between letters and digits come and go (COVID-19, COVID19, IL-1β,
#: IL 1 beta), so that neither is kept. A combining mark belongs to its letter. A bracket explains a name
#: without ending it: stimulator of interferon genes (STING) agonists.
_TOKEN = re.compile(
    rf"[^\W\d_{_GREEK}](?:[^\W\d_{_GREEK}]|[\u0300-\u036f])*(?:[{_APOSTROPHES}]s(?![^\W_]))?"
    rf"|[{_GREEK}]|\d+|[.,;:!?](?=[\s()\[\]]|$)"
)
#: Tokens over which no name goes.
BREAKS: Final = frozenset(".,;:!?")
SENTENCE_ENDS: Final = frozenset(".!?")
#: Short forms are no longer than this; longer words in capitals are shouted.
SHORT_LENGTH: Final = 12

#: Greek letters by name, as databases and older articles write them.
_GREEK_NAMES: Final = dict(
    zip(
        map(chr, range(0x3B1, 0x3CA)),
        (
            "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma"
            " tau upsilon phi chi psi omega"
        ).split(),
        strict=True,
    )
)

#: The keys of Greek letters.
GREEK_KEYS: Final = frozenset(_GREEK_NAMES.values())
#: Plurals that no ending tells.
_IRREGULAR: Final = {
    "bacteria": "bacterium",
    "children": "child",
    "criteria": "criterion",
    "diagnoses": "diagnosis",
    "feet": "foot",
    "foci": "focus",
    "fungi": "fungus",
    "ganglia": "ganglion",
    "genera": "genus",
    "loci": "locus",
    "men": "man",
    "mice": "mouse",
    "mitochondria": "mitochondrion",
    "nuclei": "nucleus",
    "ova": "ovum",
    "phenomena": "phenomenon",
    "spermatozoa": "spermatozoon",
    "stimuli": "stimulus",
    "teeth": "tooth",
    "testes": "testis",
    "women": "woman",
    "bronchi": "bronchus",
    "thrombi": "thrombus",
    "emboli": "embolus",
    "bacilli": "bacillus",
    "cocci": "coccus",
    "staphylococci": "staphylococcus",
    "streptococci": "streptococcus",
    "enterococci": "enterococcus",
    "pneumococci": "pneumococcus",
    "gonococci": "gonococcus",
    "meningococci": "meningococcus",
    "septa": "septum",
    "sera": "serum",
    "capilli": "capillus",
    "villi": "villus",
    "alveoli": "alveolus",
    "glomeruli": "glomerulus",
    "leaves": "leaf",
    "lives": "life",
    "wolves": "wolf",
    "calves": "calf",
    "indices": "index",
    "cortices": "cortex",
    "cervices": "cervix",
    "matrices": "matrix",
    "vertices": "vertex",
    "appendices": "appendix",
    "geese": "goose",
    "oxen": "ox",
}
#: British spellings, and Latin ones, brought to the American; each holds wherever it stands in a word.
_SPELLINGS: Final = tuple(
    (re.compile(british), american)
    for british, american in (
        (r"ae|oe", "e"),  # anaemia, oesophagus
        (r"(?<=[a-z]{2})our(?=$|s$|ed$|ing$|al|abl|less|igen|iti)", "or"),  # tumour, behavioural
        (r"(?<=[a-z]{2})([iy])z(?=e$|ed$|es$|ing$|er$|ation|able)", r"\1s"),  # randomised, randomized
        (r"sulph", "sulf"),
        (r"leuco", "leuko"),
        (r"^(cent|fib|lit|met|tit|calib|goit|spect|millimet|centimet|nanomet)re$", r"\1er"),
        (r"(?<=[a-z]{3})ll(?=ed$|ing$|er$)", "l"),  # labelled
        (r"ogue$", "og"),
        (r"^aluminium$", "aluminum"),
        (r"^grey$", "gray"),
        (r"^programme$", "program"),
        (r"^mould", "mold"),
        (r"^caesium$|^cesium$", "cesium"),
    )
)


#: A quick look before all of them.
_MAYBE_BRITISH = re.compile("ae|oe|our|[iy]z|sulph|leuco|re$|ll|ogue$|aluminium|grey|mme$|mould")


def visible(text: str) -> str:
    """Give `text` in NFC, without soft hyphens and other unseen characters, and with at most 30 marks in a row."""
    if text.isascii():
        return text
    # What is printable has no unseen characters, which is told sooner than they are sought.
    seen = text if text.isprintable() else _UNSEEN.sub("", text)
    return unicodedata.normalize("NFC", few_marks(seen))


def few_marks(text: str) -> str:
    """Give `text` with at most 30 marks in a row, so that normalising it takes no more than its length in time."""
    few = len(text) - len(text.encode("ascii", "ignore")) <= _MANY
    return text if few else _MANY_MARKS.sub(r"\1", text)


def tokens_of(text: str) -> list[str]:
    """Give the tokens of a visible text as they are written, marks that end a phrase among them."""
    return _TOKEN.findall(text)


def spans_of(text: str) -> list[tuple[int, int]]:
    """Give where each token of a visible text begins and ends, in characters."""
    return [found.span() for found in _TOKEN.finditer(text)]


def is_short_form(word: str) -> bool:
    """Whether the capitals of `word` matter: two or more capitals that are at least half of its letters.

    STING, ALS, PEV, cGAMP, CoV and iPSC are short forms; Covid, McArdle and Drosophila are not. Each word of
    a name is judged by itself, so `STING agonist` wants STING in capitals and agonist in any.
    """
    if len(word) > SHORT_LENGTH or word.islower():
        return False
    letters = [character for character in word if character.isalpha()]
    capitals = sum(character.isupper() for character in letters)
    return capitals >= 2 and 2 * capitals >= len(letters)


def key_of_word(word: str) -> str:
    """Give what is the same for every way to write one token, capitals aside; never empty.

    Number (`agonists`), possessive (`Crohn's`), British and American (`tumour`), Greek letters and accents are
    brought to one. Capitals are not looked at: whoever wants a short form compares them too.
    """
    folded = word.casefold()
    if folded[-1] == "s" and folded[-2:-1] in _APOSTROPHES and len(folded) > 2:
        folded = folded[:-2]
    if not folded.isascii():
        folded = _GREEK_NAMES.get(folded, folded)
        letters = unicodedata.normalize("NFKD", folded)
        folded = "".join(letter for letter in letters if unicodedata.category(letter) != "Mn") or folded
    if len(folded) < 4:
        # Of words as short as this, only short forms have a plural that can be told: CTs, but not gas.
        return folded[:-1] if len(word) == 3 and word[-1] == "s" and word[:2].isupper() else folded
    folded = _singular(_IRREGULAR.get(folded, folded))
    if _MAYBE_BRITISH.search(folded):
        for british, american in _SPELLINGS:
            folded = british.sub(american, folded)
    # case and cases must meet, but neither cane and can.
    return folded.removesuffix("e") if len(folded) > 4 or folded.endswith("se") else folded


#: Endings, how long the word must be at least, how much is cut, and what stands there instead; the first that fits.
_ENDINGS: Final = (
    ("ie", 5, 2, "y"),  # calorie
    ("ae", 6, 1, ""),  # vertebra, vertebrae
    ("sis", 0, 2, ""),  # metastasis, metastases
    ("ses", 0, 2, ""),  # disease, diseases; virus, viruses
    ("ies", 0, 3, "y"),  # therapy, therapies
    ("xes", 6, 2, ""),  # complex, complexes
    ("ches", 6, 2, ""),  # branch, branches
    ("shes", 6, 2, ""),
    ("ss", 0, 0, ""),  # illness
    ("us", 0, 0, ""),  # virus
    ("is", 0, 0, ""),  # pelvis
    ("s", 0, 1, ""),  # agonist, agonists
)


def _singular(word: str) -> str:
    """What the singular and the plural of a folded word are reduced to, an `e` at the end aside."""
    if word[-1] not in "se":
        return word
    for ending, least, cut, instead in _ENDINGS:
        if word.endswith(ending) and len(word) >= least:
            return word[: len(word) - cut] + instead
    return word


def key_of(name: str) -> str:
    """Give what is the same for every way to write `name`: words, marks and short forms aside.

    Where `key_of(a)` is in a table of names, `a` is one of them; try `key_of(a.lower())` next, for names that come
    in capitals: names with a short form are not found by it.
    """
    words = [word for word in tokens_of(visible(name)) if word not in BREAKS]
    return " ".join(word.removesuffix("s") if is_short_form(word) else key_of_word(word) for word in words)
