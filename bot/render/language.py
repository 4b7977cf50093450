"""Which language a text of a paper is in, as far as it can be told."""

from __future__ import annotations

import re
import unicodedata

_OTHER_SCRIPT = frozenset("ar bg el fa he hi ja ko ru th uk ur zh".split())
_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


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
