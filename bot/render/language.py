"""Which language a text of a paper is in, as far as it can be told."""

from __future__ import annotations

import re
import unicodedata

#: Languages that pages are written in, the fallback first.
FRAME_LANGUAGES = ("en",)

_OTHER_SCRIPT = frozenset("ar bg el fa he hi ja ko ru th uk ur zh".split())
_RIGHT_TO_LEFT = frozenset("ar dv fa he ps sd ug ur yi".split())
_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def frame_language(wished: str) -> str:
    """The language of the frame's own words: the wished one where there are such words."""
    primary = wished.partition("-")[0].lower()
    return primary if primary in FRAME_LANGUAGES else FRAME_LANGUAGES[0]


def frame_direction(language: str) -> str:
    """`rtl` or `ltr`."""
    return "rtl" if language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


def text_language(text: str, language: str, frame: str) -> str:
    """The BCP 47 tag for a paper's title or abstract where it differs from the frame's, otherwise empty.

    A source names the language of the paper, not of the title: PubMed translates titles and puts
    them in square brackets, and a title in Latin letters is not Chinese.
    """
    primary = language.partition("-")[0]
    if not _TAG.fullmatch(language) or primary == frame or text.startswith("["):
        return ""
    if primary in _OTHER_SCRIPT:
        letters = [char for char in text if char.isalpha()]
        foreign = sum(not unicodedata.name(char, "LATIN").startswith("LATIN") for char in letters)
        return language if foreign * 2 > len(letters) else ""
    return language
