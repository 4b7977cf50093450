"""Papers for reference programs, by values."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models.papers import AbstractSection, Author, Identifier, Mark, PaperRecord
from bot.render.citing import bibtex, cite_key, ris

PAPER = PaperRecord(
    17,
    "The 100% effect of {braces} & $x_1$ on α~β",
    "https://doi.org/10.5555/a_b",
    (AbstractSection("AIM", "To see\nall."), AbstractSection("", "Seen.")),
    (Author("Göğüş", "Per Olof", "PO"), Author("WHO Group, the"), Author("Sand and Sea", "A")),
    "Annals of Samples & Co",
    keywords=("one, two", "three"),
    published="2026-11-20",
    language="en",
    marks=(Mark.RETRACTED,),
)
NAMES = (Identifier("doi", "10.5555/a_b"), Identifier("pmid", "123"), Identifier("pmcid", "PMC9"))


def test_bibtex() -> None:
    assert (
        bibtex(PAPER, NAMES)
        == r"""@article{gogus2026100n17,
  title = {{The 100\% effect of \{braces\} \& \$x\_1\$ on α\textasciitilde{}β}},
  author = {Göğüş, Per Olof and {WHO Group, the} and {Sand and Sea}, A},
  journal = {Annals of Samples \& Co},
  year = {2026},
  month = nov,
  doi = {10.5555/a\_b},
  eprint = {123},
  eprinttype = {pubmed},
  url = {https://doi.org/10.5555/a_b},
  keywords = {one  two, three},
  abstract = {AIM: To see all. Seen.},
  note = {Retracted}
}
"""
    )


def test_ris() -> None:
    assert ris(PAPER, NAMES).split("\r\n") == [
        "TY  - JOUR",
        "TI  - The 100% effect of {braces} & $x_1$ on α~β",
        "AU  - Göğüş, Per Olof",
        "AU  - WHO Group  the",
        "AU  - Sand and Sea, A",
        "JO  - Annals of Samples & Co",
        "PY  - 2026",
        "DA  - 2026/11/20/",
        "DO  - 10.5555/a_b",
        "AN  - 123",
        "C2  - PMC9",
        "UR  - https://doi.org/10.5555/a_b",
        "AB  - AIM: To see all. Seen.",
        "KW  - one, two",
        "KW  - three",
        "LA  - en",
        "N1  - Retracted",
        "ER  - ",
        "",
    ]


@pytest.mark.parametrize(
    ("paper", "key"),
    [
        (PaperRecord(1, "", ""), "anonymousn1"),
        (PaperRecord(2, "On the origin", "", authors=(Author("O'Neil-Ø"),), published="1859"), "oneil1859originn2"),
        (PaperRecord(3, "中文", "", authors=(Author("王"),), published="soon"), "anonymousn3"),
    ],
)
def test_keys_are_ascii_and_tell_papers_apart(paper: PaperRecord, key: str) -> None:
    assert cite_key(paper) == key


def test_a_preprint_is_one() -> None:
    paper = PaperRecord(1, "T", "", journal="bioRxiv", preprint=True, published="2026-11")
    assert bibtex(paper, ()).startswith("@misc{anonymous2026tn1,\n  title = {{T}},\n  howpublished = {bioRxiv},")
    assert ris(paper, ()).startswith("TY  - UNPB\r\nTI  - T\r\nJO  - bioRxiv\r\nPY  - 2026\r\nDA  - 2026/11//\r\n")


words = st.text(max_size=30)


@given(words, words, words, words)
def test_nothing_a_source_writes_leaves_its_field(title: str, family: str, given_name: str, journal: str) -> None:
    paper = PaperRecord(1, title, "", (AbstractSection(title, journal),), (Author(family, given_name),), journal)
    written = bibtex(paper, ())
    bare = re.sub(r"\\textbackslash\{\}|\\text\w+\{\}|\\[{}$&#%_]", "", written)
    depth = 0
    for char in bare:
        depth += (char == "{") - (char == "}")
        assert depth >= 0
    assert depth == 0
    for line in ris(paper, ()).removesuffix("\r\n").split("\r\n"):
        assert re.match(r"[A-Z][A-Z0-9]  - ", line)
        assert "\n" not in line
