"""The sample records as Europe PMC has them: its search by fields, and its core records page by page.

Speaks as the RESTful web service's own does (Europe PMC, "Articles RESTful API", search and cursorMark).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from bot.demo.query import read_query
from bot.demo.records import Record

SEARCH = "/europepmc/webservices/rest/search"
_LISTED, _MOST = 25, 1_000

_VALUE = r'("[^"]*"|[^\s()]+)'
#: A field of Europe PMC's, and how PubMed would ask for it.
_FIELDS = (
    (re.compile(r"FIRST_IDATE:\[(\S+) TO (\S+?)\]"), r"\1:\2[edat]"),
    (re.compile(rf"TITLE_ABS:{_VALUE}"), r"\1[tiab]"),
    (re.compile(rf"TITLE:{_VALUE}"), r"\1[ti]"),
    (re.compile(rf"ABSTRACT:{_VALUE}"), r"\1[ab]"),
    (re.compile(rf"KW:{_VALUE}"), r"(\1[mh] OR \1[ot])"),
)


def answer(form: Mapping[str, str], records: Sequence[Record]) -> bytes:
    """The JSON of one page of what a search finds, the newest first."""
    term = form.get("query", "")
    for field, asked in _FIELDS:
        term = field.sub(asked, term)
    query = read_query(term)
    found = [record for record in records if query.matches(record.searchable)]
    size = min(_number(form.get("pageSize", "")) or _LISTED, _MOST)
    cursor = form.get("cursorMark") or "*"
    start = _number(cursor.removeprefix("at"))
    page = found[start : start + size]
    said: dict[str, Any] = {
        "version": "6.9",
        "hitCount": len(found),
        "nextCursorMark": f"at{start + len(page)}" if page else cursor,
        "resultList": {"result": [_core(record) for record in page]},
    }
    return json.dumps(said).encode()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _core(record: Record) -> dict[str, Any]:
    article = etree.fromstring(record.xml)
    doi = article.findtext('.//ArticleId[@IdType="doi"]')
    day = record.entered.isoformat()
    return {
        "id": record.pmid,
        "source": "MED",
        "pmid": record.pmid,
        **({"doi": doi} if doi else {}),
        "title": _text(article, "ArticleTitle"),
        "authorList": {"author": [_author(each) for each in article.iterfind(".//AuthorList/Author")]},
        "journalInfo": {"journal": {"title": article.findtext(".//Journal/Title")}},
        "abstractText": "".join(_section(each) for each in article.iterfind(".//Abstract/AbstractText")),
        "language": article.findtext(".//Language"),
        "pubTypeList": {"pubType": [each.text for each in article.iter("PublicationType")]},
        "keywordList": {"keyword": ["".join(each.itertext()) for each in article.iter("Keyword")]},
        "meshHeadingList": {
            "meshHeading": [
                {"majorTopic_YN": each.get("MajorTopicYN"), "descriptorName": each.text}
                for each in article.iter("DescriptorName")
            ]
        },
        "firstIndexDate": day,
        "firstPublicationDate": record.searchable.dates["pdat"].isoformat(),
    }


def _text(article: etree._Element, tag: str) -> str:
    found = article.find(f".//{tag}")
    return "" if found is None else "".join(found.itertext())


def _section(element: etree._Element) -> str:
    label = element.get("Label")
    return (f"<h4>{label}</h4>" if label else "") + "".join(element.itertext())


def _author(element: etree._Element) -> dict[str, str | None]:
    if group := element.findtext("CollectiveName"):
        return {"collectiveName": group}
    return {
        "lastName": element.findtext("LastName"),
        "firstName": element.findtext("ForeName"),
        "initials": element.findtext("Initials"),
    }
