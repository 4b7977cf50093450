"""Records of PubMed XML and entries of Atom, with dates laid relative to a day, ready to be served and searched.

Where a file leaves a date element empty, it is filled in: `age="3"` is so many days before the day, and an element
without an age of its own has that of its record; `to="month"` leaves the day out. What a file dates itself stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources.abc import Traversable
from pathlib import Path

from lxml import etree

from bot.demo.query import DATE_FIELDS, Searchable, days_of, words_of

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

#: Parts of a PubMed record that are dates: year, month and day as elements.
_DATED = ("PubDate", "ArticleDate", "DateCompleted", "DateRevised", "PubMedPubDate")
_ATOM = "{http://www.w3.org/2005/Atom}"
_ATOM_TIMES = (f"{_ATOM}updated", f"{_ATOM}published")
_PRISM_DATE = "{http://prismstandard.org/namespaces/basic/2.0/}publicationDate"

XmlFile = Path | Traversable


@dataclass(frozen=True, slots=True)
class Record:
    """One citation as it is served and as it is searched."""

    pmid: str
    xml: str
    searchable: Searchable

    @property
    def entered(self) -> date:
        """The day on which it entered PubMed."""
        return self.searchable.dates["edat"]


def records_of(file: XmlFile, today: date) -> Iterator[Record]:
    """Every citation of a PubmedArticleSet, its empty dates laid before `today`."""
    root = etree.fromstring(file.read_bytes(), _parser())
    for article in root.iterfind("PubmedArticle"):
        _lay(article, today)
        # A record that does not say when it entered counts as entered today.
        yield _record(article, today)


def atom_of(file: XmlFile, today: date) -> bytes:
    """An Atom feed, its empty times laid before `today` at midnight, UTC."""
    root = etree.fromstring(file.read_bytes(), _parser())
    for element in root.iter(*_ATOM_TIMES, _PRISM_DATE):
        if not (element.text or "").strip():
            day = today - timedelta(days=_age(element))
            element.text = day.isoformat() if element.tag == _PRISM_DATE else f"{day.isoformat()}T00:00:00Z"
    _forget_ages(root)
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)


def _age(element: etree._Element) -> int:
    """The days of age of the nearest element that has one, from this one outwards."""
    at: etree._Element | None = element
    while at is not None:
        if (age := at.get("age")) is not None:
            return int(age)
        at = at.getparent()
    return 0


def _forget_ages(root: etree._Element) -> None:
    for element in root.iter():
        element.attrib.pop("age", None)
        element.attrib.pop("to", None)


def _lay(article: etree._Element, today: date) -> None:
    for element in list(article.iter(*_DATED, "MedlineDate")):
        if len(element) or (element.text or "").strip():
            continue
        day = today - timedelta(days=_age(element))
        if element.tag == "MedlineDate":
            element.text = _season(day)
            continue
        # PubMed writes months of issues as words, those of its own history without a zero (efetch, DTD of 2025).
        own = element.tag == "PubMedPubDate"
        month = MONTHS[day.month - 1] if element.tag == "PubDate" else str(day.month) if own else f"{day.month:02d}"
        parts = {"Year": str(day.year), "Month": month}
        if element.get("to") != "month":
            parts["Day"] = str(day.day) if own else f"{day.day:02d}"
        if own:
            parts |= {"Hour": "0", "Minute": "0"}
        for tag, text in parts.items():
            etree.SubElement(element, tag).text = text
    _forget_ages(article)


def _season(day: date) -> str:
    """A double issue, `2026 Nov-Dec`, as MedlineDate has it."""
    first = (day.month - 1) // 2 * 2
    return f"{day.year} {MONTHS[first]}-{MONTHS[first + 1]}"


def _record(article: etree._Element, today: date) -> Record:
    article.tail = None
    return Record(
        article.findtext("MedlineCitation/PMID", ""),
        etree.tostring(article, encoding="unicode"),
        Searchable(_texts(article), _values(article), _dates(article, today)),
    )


def _texts(article: etree._Element) -> dict[str, str]:
    title = _words(article, "ArticleTitle")
    abstract = _words(article, "AbstractText")
    keywords = _words(article, "Keyword")
    headings = _words(article, "DescriptorName", "QualifierName", "NameOfSubstance", "PublicationType")
    people = _words(article, "LastName", "Initials", "CollectiveName")
    journal = _words(article, "Title", "MedlineTA")
    titled = title + abstract + keywords
    return {
        "ti": title,
        "ab": abstract,
        "ot": keywords,
        "tiab": titled,
        "tw": titled + headings,
        "all": titled + headings + people + journal,
    }


def _words(article: etree._Element, *tags: str) -> str:
    # Two spaces come to lie between two elements, so that no phrase is found across them.
    return "".join(words_of("".join(element.itertext())) for element in article.iter(*tags))


def _values(article: etree._Element) -> dict[str, frozenset[str]]:
    headings: set[str] = set()
    major: set[str] = set()
    for heading in article.iterfind("MedlineCitation/MeshHeadingList/MeshHeading"):
        name = heading.findtext("DescriptorName", "")
        names = {name, *(f"{name}/{part.text}" for part in heading.iterfind("QualifierName"))}
        headings |= names
        if any(part.get("MajorTopicYN") == "Y" for part in heading.iterchildren()):
            major |= names
    journal = article.find("MedlineCitation/Article/Journal")
    found: dict[str, set[str] | set[str | None]] = {
        "mh": headings,
        "majr": major,
        "pt": {each.text for each in article.iter("PublicationType")},
        "nm": {each.text for each in article.iter("NameOfSubstance")},
        "la": {each.text for each in article.iter("Language")},
        "ta": set() if journal is None else {journal.findtext("Title"), journal.findtext("ISOAbbreviation")},
        "pmid": {article.findtext("MedlineCitation/PMID")},
        "au": {
            words_of(f"{each.findtext('LastName', '')} {each.findtext('Initials', '')}").strip()
            for each in article.iter("Author")
        },
    }
    return {name: frozenset(value.casefold() for value in values if value) for name, values in found.items()}


def _dates(article: etree._Element, today: date) -> dict[str, date]:
    history = {
        each.get("PubStatus", ""): day for each in article.iter("PubMedPubDate") if (day := _day_in(each)) is not None
    }
    entered = history.get("entrez", today)
    printed = [day for tag in ("ArticleDate", "PubDate") for each in article.iter(tag) if (day := _day_in(each))]
    dates = {"edat": entered, "crdt": history.get("pubmed", entered), "pdat": (printed or [entered])[0]}
    return {name: dates[name] for name in set(DATE_FIELDS.values())}


def _day_in(element: etree._Element) -> date | None:
    year, month, day = (element.findtext(tag, "").strip() for tag in ("Year", "Month", "Day"))
    if month[:3].title() in MONTHS:
        month = str(MONTHS.index(month[:3].title()) + 1)
    days = days_of("/".join(part for part in (year, month, day) if part))
    return days[0] if days else None
