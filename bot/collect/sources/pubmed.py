"""PubMed over NCBI's E-utilities: esearch keeps the result at NCBI, efetch reads it page by page.

"E-utilities In-Depth" (NCBI, NBK25499): esearch shows 9,999 records of one search at the most, so that larger windows
are split by days; `edat` is the day on which a record entered PubMed, in NCBI's own time zone.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from bot.collect.answer import Check, Fetched
from bot.collect.fetch import Fetcher
from bot.collect.sources.protocol import (
    HOURLY,
    PAPERS,
    IndexWindow,
    Page,
    Validators,
    counted,
    each_missing_once,
    halved,
    pages_of,
)
from bot.collect.sources.pubmed_xml import NAME, Citation, Deleted, citations
from bot.collect.sources.streams import flagged, left_out, readable
from bot.collect.text import clean
from bot.errors import SourceError
from bot.models.papers import Announcement, Identifier

PAGE = PAPERS
#: NCBI shows no more of one search.
MOST = 9_999
#: NCBI asks for POST where an address would become long.
_LONG_TERM = 1_000
#: Bytes of esearch's answer at the most: 9,999 ids are an eighth of it.
_LARGEST_SEARCH = 1 << 20
#: Records of one answer that were not asked for, before it is no answer.
_MOST_UNASKED = 10_000
_END = re.compile(rb"(?:</PubmedArticleSet\s*>|<PubmedArticleSet\s*/>)\s*$")
_XML_ERROR = re.compile(rb"<(?:ERROR|error)>([^<]{0,300})")


@dataclass(frozen=True, slots=True)
class _Found:
    """A search as NCBI keeps it."""

    count: int
    pmids: tuple[str, ...]
    web_env: str
    query_key: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PubMed:
    """PubMed as a source.

    Args:
        base_url: of the E-utilities, `https://eutils.ncbi.nlm.nih.gov/entrez/eutils`.
        email: named to NCBI, so that they can write before they block.
        api_key: allows more requests a second; it travels in the body of a POST, never in an address.
        page: records in one answer.
        most: records of one search that the service shows.
    """

    base_url: str
    email: str | None = None
    api_key: str | None = field(default=None, repr=False)
    page: int = PAGE
    most: int = MOST

    name = NAME
    #: A day's records still grow after it.
    overlap = timedelta(days=2)
    exact = True
    every = HOURLY

    def selects(self, query: str) -> bool:
        """Always: PubMed searches."""
        return True

    async def collect(
        self, query: str, window: IndexWindow, fetch: Fetcher, known: Validators | None = None
    ) -> AsyncIterator[Page]:
        """Every citation that entered PubMed on a day of `window`; see `Source.collect`."""
        today = window.today
        stated: int | None = None
        came = 0
        spans = [(window.first_day, window.last_day)]
        while spans:
            first, last = spans.pop()
            found = await self._search(query, first, last, fetch)
            stated = found.count if stated is None else stated
            if found.count > self.most:
                spans += halved(NAME, first, last, self.most)
                continue
            came += found.count
            async for page in self._read(found, today, stated, fetch):
                yield page
        # The parts of a window that was split must make the whole.
        counted(NAME, came, stated or 0)

    async def _read(self, found: _Found, today: date, stated: int, fetch: Fetcher) -> AsyncIterator[Page]:
        """All records of a search; those that its pages lack are asked for once more, by name."""
        if not found.count:
            yield Page(stated=stated, warnings=found.warnings)
            return
        asked = _Asked(found, stated)
        for start in range(0, found.count, self.page):
            form = {"WebEnv": found.web_env, "query_key": found.query_key, "retstart": str(start)}
            async for page in self._pages(form, asked, today, fetch):
                yield page
        for part in pages_of(list(asked.missing), self.page):
            async for page in self._pages({"id": ",".join(part)}, asked, today, fetch):
                yield page
        each_missing_once(NAME, found.count, list(asked.missing))

    async def _search(self, query: str, first: date, last: date, fetch: Fetcher) -> _Found:
        form = {
            "term": query,
            "datetype": "edat",
            "mindate": first.strftime("%Y/%m/%d"),
            "maxdate": last.strftime("%Y/%m/%d"),
            "usehistory": "y",
            "retmode": "json",
            "retmax": str(self.most),
        }
        with await self._ask("esearch.fcgi", form, fetch, _search_problem) as fetched:
            return _found(_json(fetched.body), self.most)

    async def _pages(self, form: dict[str, str], asked: _Asked, today: date, fetch: Fetcher) -> AsyncIterator[Page]:
        form = form | {"retmax": str(self.page), "retmode": "xml"}
        with await self._ask("efetch.fcgi", form, fetch, _page_problem) as fetched:
            stream, repaired = readable(fetched, lambda stream: deque(citations(stream, today), maxlen=0))
            for page in asked.pages(citations(stream, today)):
                yield _flagged(page, all_of_them=left_out(stream)) if repaired else page

    async def _ask(self, tool: str, form: dict[str, str], fetch: Fetcher, check: Check) -> Fetched:
        form = {"db": "pubmed", **form, "tool": "concept-digest"}
        if self.email:
            form["email"] = self.email
        url = f"{self.base_url.rstrip('/')}/{tool}"
        if self.api_key:
            return await fetch.post(url, form | {"api_key": self.api_key}, check=check)
        if len(form.get("term", form.get("id", ""))) > _LONG_TERM:
            return await fetch.post(url, form, check=check)
        return await fetch.get(url, form, check=check)


class _Asked:
    """The records of a search, and which of them have come."""

    def __init__(self, found: _Found, stated: int) -> None:
        self.missing = dict.fromkeys(found.pmids)
        self._stated, self._warnings = stated, found.warnings
        #: The version of each that came.
        self._came: dict[str, int] = {}

    def pages(self, records: Iterable[Citation | Deleted]) -> Iterator[Page]:
        """What was asked for, the highest version of each, and what PubMed took back; `PAPERS` at a time.

        The versions of a paper stand side by side. Where one that is higher comes later still, it is given as well.
        """
        papers: dict[str, Announcement] = {}
        gone: dict[Identifier, None] = {}
        unasked = 0
        for record in records:
            if not (self._is_gone(record) if isinstance(record, Deleted) else self._is_wanted(record)):
                unasked += 1
                if unasked > _MOST_UNASKED:
                    raise SourceError(NAME, f"more than {_MOST_UNASKED:,} records that nobody asked for")
                continue
            if record.pmid not in papers and len(papers) + len(gone) >= PAPERS:
                yield self._page(papers, gone)
                papers, gone = {}, {}
            if isinstance(record, Deleted):
                gone[Identifier("pmid", record.pmid)] = None
            else:
                papers[record.pmid] = record.announcement
        if papers or gone:
            yield self._page(papers, gone)

    def _is_wanted(self, citation: Citation) -> bool:
        if citation.pmid in self.missing:
            del self.missing[citation.pmid]
        elif citation.version <= self._came.get(citation.pmid, citation.version):
            return False
        self._came[citation.pmid] = citation.version
        return True

    def _is_gone(self, deleted: Deleted) -> bool:
        """Whether the paper is gone with it, and not a version only."""
        if deleted.version > 1 or deleted.pmid in self._came:
            return False
        self.missing.pop(deleted.pmid, None)
        return True

    def _page(self, papers: dict[str, Announcement], gone: dict[Identifier, None]) -> Page:
        warnings, self._warnings = self._warnings, ()
        return Page(tuple(papers.values()), self._stated, warnings, tuple(gone))


def _flagged(page: Page, *, all_of_them: bool) -> Page:
    return replace(page, announcements=tuple(flagged(one, all_of_them=all_of_them) for one in page.announcements))


def _json(body: bytes) -> object:
    # Small, so it is not read in a stream, which would not forgive NCBI the controls inside of its strings. Broken
    # characters are left out: an id that they stood in place of will be missed when the records are counted.
    return json.loads(body.decode("utf-8", "ignore"), strict=False)


def _search_problem(fetched: Fetched) -> str:
    if fetched.size > _LARGEST_SEARCH:
        return "answer too large for a list of ids"
    body = fetched.body.strip()
    if not body:
        return "empty answer"
    try:
        answer = _json(body)
    except (ValueError, RecursionError):
        return "a web page instead of json" if body.startswith(b"<") else "broken json"
    # NCBI's own passing troubles come with status 200.
    error = str(_inner(answer).get("ERROR", ""))
    return clean(error)[:200] if "backend failed" in error.lower() else ""


def _page_problem(fetched: Fetched) -> str:
    beginning = fetched.beginning(4096)
    if not beginning.strip():
        return "empty answer"
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        # UTF-16: whether it is whole shows when it is parsed.
        return ""
    if b"<PubmedArticleSet" in beginning:
        return "" if _END.search(fetched.ending(200)) else "answer cut off"
    if error := _XML_ERROR.search(beginning):
        return clean(error[1].decode("utf-8", "replace"))[:200]
    return "a web page instead of xml" if b"<html" in beginning.lower() else "not a PubmedArticleSet"


def _inner(answer: object) -> dict[str, Any]:
    inner = answer.get("esearchresult") if isinstance(answer, dict) else None
    return inner if isinstance(inner, dict) else {}


def _found(answer: object, most: int) -> _Found:
    """What esearch found.

    Raises:
        SourceError: where the query was not understood, or the answer does not add up.
    """
    inner = _inner(answer)
    problem = inner.get("ERROR") or (answer.get("error") if isinstance(answer, dict) else None)
    if problem:
        raise SourceError(NAME, f"esearch refused the query: {clean(str(problem))[:300]}")
    count, listed = str(inner.get("count", "")), inner.get("idlist")
    if not (count.isascii() and count.isdigit()) or not isinstance(listed, list):
        raise SourceError(NAME, "esearch gave no count")
    total, pmids = int(count[:12]), tuple(dict.fromkeys(str(pmid) for pmid in listed))
    if total <= most and len(pmids) != total:
        raise SourceError(NAME, f"short: esearch listed {len(pmids)} of {total} records")
    web_env, query_key = str(inner.get("webenv") or ""), str(inner.get("querykey") or "1")
    if total and not web_env:
        raise SourceError(NAME, "esearch kept no history")
    return _Found(total, pmids, web_env, query_key, _warnings(inner))


def _warnings(inner: dict[str, Any]) -> tuple[str, ...]:
    """What PubMed left out of the query, in words: it searches on without it."""
    said = []
    for block, name, words in (
        ("errorlist", "fieldsnotfound", "unknown field"),
        ("errorlist", "phrasesnotfound", "found nowhere"),
        ("warninglist", "phrasesignored", "ignored"),
        ("warninglist", "quotedphrasesnotfound", "found nowhere"),
    ):
        phrases = inner[block].get(name) if isinstance(inner.get(block), dict) else None
        if isinstance(phrases, Sequence) and not isinstance(phrases, str):
            said += [f"{words}: {clean(str(phrase))[:100]}" for phrase in phrases]
    return tuple(dict.fromkeys(said))
