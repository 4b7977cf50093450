"""PubMed over NCBI's E-utilities: esearch keeps the result at NCBI, efetch reads it page by page.

"E-utilities In-Depth" (NCBI, NBK25499): esearch shows 9,999 records of one search at the most, so that larger windows
are split by days; `edat` is the day on which a record entered PubMed, in NCBI's own time zone.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from bot.collect.fetch import Check, Fetched, Fetcher
from bot.collect.sources.protocol import IndexWindow, Page, Validators, each_missing_once, pages_of
from bot.collect.sources.pubmed_xml import NAME, Citation, citations_of
from bot.collect.text import clean
from bot.errors import SourceError

PAGE = 200
#: NCBI shows no more of one search.
MOST = 9_999
#: NCBI asks for POST where an address would become long.
_LONG_TERM = 1_000
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

    def selects(self, query: str) -> bool:
        """Always: PubMed searches."""
        return True

    async def collect(
        self, query: str, window: IndexWindow, fetch: Fetcher, known: Validators | None = None
    ) -> AsyncIterator[Page]:
        """Every citation that entered PubMed on a day of `window`; see `Source.collect`."""
        today = window.last_day
        stated: int | None = None
        spans = [(window.first_day, window.last_day)]
        while spans:
            first, last = spans.pop()
            found = await self._search(query, first, last, fetch)
            stated = found.count if stated is None else stated
            if found.count > self.most:
                spans += _halved(first, last, self.most)
                continue
            async for page in self._read(found, today, stated, fetch):
                yield page

    async def _read(self, found: _Found, today: date, stated: int, fetch: Fetcher) -> AsyncIterator[Page]:
        if not found.count:
            yield Page(stated=stated, warnings=found.warnings)
            return
        wanted = dict.fromkeys(found.pmids)
        warnings = found.warnings
        for start in range(0, found.count, self.page):
            form = {"WebEnv": found.web_env, "query_key": found.query_key, "retstart": str(start)}
            page = await self._page(form, today, fetch)
            yield Page(_taken(page, wanted), stated, warnings)
            warnings = ()
        for part in pages_of(list(wanted), self.page):
            page = await self._page({"id": ",".join(part)}, today, fetch)
            yield Page(_taken(page, wanted), stated)
        each_missing_once(NAME, found.count, list(wanted))

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
        fetched = await self._ask("esearch.fcgi", form, fetch, _search_problem)
        return _found(_json(fetched.body), self.most)

    async def _page(self, form: dict[str, str], today: date, fetch: Fetcher) -> list[Citation]:
        form = form | {"retmax": str(self.page), "retmode": "xml"}
        return citations_of((await self._ask("efetch.fcgi", form, fetch, _page_problem)).body, today)

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


def _halved(first: date, last: date, most: int) -> list[tuple[date, date]]:
    """Two spans of days in place of one, the earlier last, since it is taken first."""
    if first == last:
        raise SourceError(NAME, f"more than {most} records entered on {first}; narrow the query")
    middle = first + (last - first) // 2
    return [(middle + timedelta(days=1), last), (first, middle)]


def _taken(page: list[Citation], wanted: dict[str, None]) -> tuple[Any, ...]:
    """The announcements of a page that are still wanted; they are wanted no more."""
    taken = []
    for citation in page:
        if citation.pmid in wanted:
            del wanted[citation.pmid]
            taken.append(citation.announcement)
    return tuple(taken)


def _json(body: bytes) -> object:
    # Broken characters are left out: an id that they stood in place of will be missed when the records are counted.
    return json.loads(body.decode("utf-8", "ignore"), strict=False)


def _search_problem(fetched: Fetched) -> str:
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
    body = fetched.body
    if not body.strip():
        return "empty answer"
    if b"<PubmedArticleSet" in body[:4096] or body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "" if _END.search(body[-200:]) or body.startswith((b"\xff\xfe", b"\xfe\xff")) else "answer cut off"
    if error := _XML_ERROR.search(body[:4096]):
        return clean(error[1].decode("utf-8", "replace"))[:200]
    return "a web page instead of xml" if b"<html" in body[:4096].lower() else "not a PubmedArticleSet"


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
