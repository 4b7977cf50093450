"""A paper as reference programs read it: BibTeX and RIS."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from bot.models.papers import Author, Identifier, PaperRecord
from bot.render.plain import plain, web_link

#: What TeX would take for its own in a text.
_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
#: Months as BibTeX names them.
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
#: Words that say nothing of what a title is about.
_SMALL = frozenset("a an and at by for from in is of on or the to with".split())
_WORD = re.compile(r"[a-z0-9]+")


def bibtex(paper: PaperRecord, names: Sequence[Identifier]) -> str:
    """The paper as an entry of BibTeX, in UTF-8, as biber and bibtex8 read it; ends with a line end."""
    known = _known(names)
    kind = "misc" if paper.preprint else "article"
    year, month, _ = _date(paper.published)
    fields = {
        # Twice, so that no style changes its capitals.
        "title": f"{{{_tex(plain(paper.title))}}}",
        "author": " and ".join(filter(None, map(_tex_name, paper.authors))),
        ("howpublished" if paper.preprint else "journal"): _tex(plain(paper.journal)),
        "year": year,
        "month": _MONTHS[int(month) - 1] if month else "",
        "doi": _tex(known.get("doi", "")),
        "eprint": _tex(known.get("arxiv", "") or known.get("pmid", "")),
        "eprinttype": "arxiv" if known.get("arxiv") else "pubmed" if known.get("pmid") else "",
        "url": web_link(paper.url),
        "keywords": ", ".join(_tex(plain(one).replace(",", " ")) for one in paper.keywords),
        "abstract": _tex(_abstract(paper)),
        "note": "Retracted" if "retracted" in paper.marks else "",
    }
    lines = [
        f"  {name} = {value}" if name == "month" else f"  {name} = {{{value}}}"
        for name, value in fields.items()
        if value
    ]
    return f"@{kind}{{{cite_key(paper)},\n" + ",\n".join(lines) + "\n}\n"


def ris(paper: PaperRecord, names: Sequence[Identifier]) -> str:
    """The paper in RIS: a tag a line, lines that end with CR LF."""
    known = _known(names)
    year, month, day = _date(paper.published)
    rows: list[tuple[str, str]] = [
        ("TY", "UNPB" if paper.preprint else "JOUR"),
        ("TI", plain(paper.title)),
        *(("AU", _ris_name(author)) for author in paper.authors),
        ("JO", plain(paper.journal)),
        ("PY", year),
        ("DA", f"{year}/{month}/{day}/" if year else ""),
        ("DO", plain(known.get("doi", ""))),
        ("AN", plain(known.get("pmid", ""))),
        ("C2", plain(known.get("pmcid", ""))),
        ("UR", web_link(paper.url)),
        ("AB", _abstract(paper)),
        *(("KW", plain(one)) for one in paper.keywords),
        ("LA", plain(paper.language)),
        ("N1", "Retracted" if "retracted" in paper.marks else ""),
    ]
    return "".join(f"{tag}  - {value}\r\n" for tag, value in rows if value) + "ER  - \r\n"


def cite_key(paper: PaperRecord) -> str:
    """What the paper is called in a text: `okafor2026sample17`; the number at the end keeps two apart."""
    family = paper.authors[0].family if paper.authors else ""
    words = [word for word in _WORD.findall(_ascii(paper.title)) if word not in _SMALL]
    name = "".join(_WORD.findall(_ascii(family))) or "anonymous"
    return f"{name[:40]}{_date(paper.published)[0]}{words[0][:20] if words else ''}n{paper.id}"


def _known(names: Iterable[Identifier]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.scheme, name.value)
    return found


def _date(published: str) -> tuple[str, str, str]:
    """Year, month and day, each empty where it is not known."""
    found = re.fullmatch(r"([0-9]{4})(?:-(0[1-9]|1[0-2])(?:-([0-9]{2}))?)?", published, re.ASCII)
    return (found[1], found[2] or "", found[3] or "") if found else ("", "", "")


def _tex(text: str) -> str:
    return "".join(_TEX.get(char, char) for char in text)


def _tex_name(author: Author) -> str:
    family, given = plain(author.family), plain(author.given or author.initials)
    if not given:
        # A group: in braces, or its words would be taken for names.
        return f"{{{_tex(family)}}}" if family else ""
    # What separates names stands for itself in braces.
    name = f"{{{_tex(family)}}}" if "," in family or " and " in f" {family.lower()} " else _tex(family)
    return f"{name}, {_tex(given.replace(',', ' '))}"


def _ris_name(author: Author) -> str:
    # RIS has no way to write a comma that separates nothing.
    family, given = plain(author.family).replace(",", " "), plain(author.given or author.initials).replace(",", " ")
    return f"{family}, {given}" if given else family


def _abstract(paper: PaperRecord) -> str:
    return " ".join(
        f"{plain(part.label)}: {plain(part.text)}" if part.label else plain(part.text) for part in paper.abstract
    )


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
