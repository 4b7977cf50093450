"""arXiv over its API: preprints by the time of their first submission, as an Atom feed.

"arXiv API User's Manual": `submittedDate:[YYYYMMDDHHMM TO YYYYMMDDHHMM]` in GMT, both ends included (5.1); slices of
up to 2,000 by `start` and `max_results` (3.1.1.2), with 3 seconds between requests, which the host's budget keeps; an
error is a feed too, with one entry of the title Error (3.4). An empty slice where the total says that there is more is
a known fault of the service, and mostly passes.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

from lxml import etree

from bot.collect.answer import Check, Fetched
from bot.collect.fetch import Fetcher
from bot.collect.latex import readable_latex
from bot.collect.sources import dates
from bot.collect.sources.arxiv_subjects import subject_of
from bot.collect.sources.entries import author_of
from bot.collect.sources.identifiers import arxiv_names, arxiv_of, doi_link, doi_of, names_of
from bot.collect.sources.protocol import PAPERS, IndexWindow, Page, Validators, counted, halved
from bot.collect.sources.streams import LARGEST_PAGE, UNREADABLE, Bytes, Proportioned, flagged, readable
from bot.collect.text import clean
from bot.errors import SourceError
from bot.models.papers import AbstractSection, Announcement

NAME = "arxiv"
_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_TOTAL = "{http://a9.com/-/spec/opensearch/1.1/}totalResults"
_ONE_DAY = timedelta(days=1)
#: Manual, 3.1.1.2: so many in a slice.
MOST_IN_PAGE = 2_000
#: The manual allows 30,000 in all, and asks to refine what finds more than 1,000: far slices are slow to come.
MOST = 10_000
_LONG_QUERY = 1_500
_VERSION = re.compile(r"v(\d{1,4})$")


@dataclass(frozen=True, slots=True)
class Arxiv:
    """arXiv as a source.

    Args:
        base_url: of the API, `https://export.arxiv.org/api`.
        page: papers in one answer, up to 2,000.
        most: papers of one search that are read; larger ones are split by days.
    """

    base_url: str
    page: int = PAPERS
    most: int = MOST

    name = NAME
    #: A paper shows only when it is announced, but its date is that of submission: one to four days before (arXiv,
    #: "Availability of submissions": no announcements on Friday and Saturday, nor on some holidays), and weeks where
    #: moderators put it on hold ("Submission status"). Three weeks find nearly all that were on hold, and cost a
    #: query on a topic no more requests than one day would.
    overlap = timedelta(days=21)
    exact = True
    #: New papers are announced once a day.
    every = timedelta(hours=6)

    def selects(self, query: str) -> bool:
        """Always: arXiv searches."""
        return True

    async def collect(
        self, query: str, window: IndexWindow, fetch: Fetcher, known: Validators | None = None
    ) -> AsyncIterator[Page]:
        """Every paper that was first submitted on a day of `window`, in its newest version; see `Source.collect`."""
        spans = [(window.first_day, window.last_day)]
        total: int | None = None
        while spans:
            first, last = spans.pop()
            term = f"submittedDate:[{first:%Y%m%d}0000 TO {last:%Y%m%d}2359]"
            term = f"({query}) AND {term}" if query.strip() else term
            answer = await self._slice(term, 0, window.today, fetch)
            total = answer.stated if total is None else total
            if answer.stated > self.most:
                spans += halved(NAME, first, last, self.most)
                continue
            async for page in self._read(term, answer, window.today, fetch):
                yield replace(page, stated=total)

    async def _read(self, term: str, answer: _Answer, today: date, fetch: Fetcher) -> AsyncIterator[Page]:
        seen: set[str] = set()
        start = stated = 0
        while True:
            stated = max(stated, answer.stated)
            fresh = [paper for key, paper in answer.found.items() if key not in seen]
            seen.update(answer.found)
            for at in range(0, len(fresh) or 1, PAPERS):
                yield Page(tuple(fresh[at : at + PAPERS]))
            start += answer.came
            if start >= stated:
                break
            if not fresh:
                raise SourceError(NAME, f"the same papers again: {len(seen):,} of {stated:,} came")
            answer = await self._slice(term, start, today, fetch)
        counted(NAME, len(seen), stated)

    async def _slice(self, term: str, start: int, today: date, fetch: Fetcher) -> _Answer:
        size = min(max(1, self.page), MOST_IN_PAGE)
        form = {
            "search_query": term,
            "start": str(start),
            "max_results": str(size),
            "sortBy": "submittedDate",
            "sortOrder": "ascending",
        }
        answer = _Answer(today, size, start)
        with await self._ask(form, fetch, answer.problem):
            if answer.refused:
                raise SourceError(NAME, f"arxiv refused the query: {answer.refused}")
        return answer

    async def _ask(self, form: dict[str, str], fetch: Fetcher, check: Check) -> Fetched:
        url = self.base_url.rstrip("/").removesuffix("/query") + "/query"
        if len(form["search_query"]) > _LONG_QUERY:
            # Manual, 3.1: POST where the parameters are long.
            return await fetch.post(url, form, check=check)
        return await fetch.get(url, form, check=check, size=LARGEST_PAGE // 2)


class _Answer:
    """One answer, read while it is looked at, so that a broken one is asked for again.

    Args:
        today: the day of fetching.
        most: papers that were asked for.
        start: papers that came before.
    """

    def __init__(self, today: date, most: int, start: int) -> None:
        self._today, self._most, self._start = today, most, start
        self.stated, self.came = 0, 0
        #: What arXiv says against the query; asking again would not help.
        self.refused = ""
        #: By arXiv's identifier.
        self.found: dict[str, Announcement] = {}

    def problem(self, fetched: Fetched) -> str:
        """What is wrong with the answer; empty where it was read, or refused."""
        start = fetched.beginning(4096).lstrip()
        if not start:
            return "empty answer"
        if b"<feed" not in start and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
            page = b"<html" in start.lower() or start.lower().startswith(b"<!doctype html")
            return "a web page instead of a feed" if page else "not a feed"
        try:
            stream, repaired = readable(fetched, lambda whole: self._read(whole, keep=False))
            problem = self._read(stream, keep=True)
        except SourceError as error:
            return error.problem
        if repaired:
            # What was left out instead of replaced has left no trace.
            everywhere = UNREADABLE not in repr(self.found)
            self.found = {key: flagged(one, all_of_them=everywhere) for key, one in self.found.items()}
        return problem

    def _read(self, stream: Bytes, *, keep: bool) -> str:
        self.found, self.came, self.refused = {}, 0, ""
        total: str | None = None
        context = etree.iterparse(
            Proportioned(NAME, stream),
            events=("end",),
            tag=(f"{_ATOM}entry", _TOTAL),
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            for _, element in context:
                if element.tag == _TOTAL:
                    total = (element.text or "").strip()
                    continue
                if keep and self.came >= self._most:
                    return f"more than the {self._most} papers that were asked for"
                self._take(element, keep=keep)
                element.clear(keep_tail=False)
                parent = element.getparent()
                while parent is not None and element.getprevious() is not None:
                    del parent[0]
        except etree.XMLSyntaxError as error:
            raise SourceError(NAME, f"broken xml: {clean(error.msg or 'unreadable')[:200]}") from error
        return self._judged(total)

    def _take(self, entry: etree._Element, *, keep: bool) -> None:
        name = clean(entry.findtext(f"{_ATOM}id") or "")
        title = clean(entry.findtext(f"{_ATOM}title") or "")
        if "/api/errors" in name or (title == "Error" and not arxiv_of(name)):
            self.refused = clean(entry.findtext(f"{_ATOM}summary") or "")[:300] or "no reason given"
        elif keep:
            self.found[arxiv_of(name) or f"#{self._start + self.came} {name}"] = announced(entry, self._today)
        self.came += 1

    def _judged(self, total: str | None) -> str:
        if self.refused:
            return ""
        if total is None or not (total.isascii() and total.isdigit() and len(total) < 16):
            return "no total in the answer"
        self.stated = int(total)
        if not self.came and (self.stated or self._start):
            return f"an empty page, though {self._start:,} of {self.stated:,} papers have come"
        return ""


def announced(entry: etree._Element, today: date) -> Announcement:
    """The announcement of an entry of the feed (manual, 3.3.2), in the version that the feed shows.

    Args:
        today: the day of fetching; nothing was submitted later.
    """
    address = clean(entry.findtext(f"{_ATOM}id") or "")
    arxiv, version = arxiv_of(address), _VERSION.search(address)
    submitted, whole = dates.from_iso(entry.findtext(f"{_ATOM}published") or "")
    published, kept = dates.not_ahead(submitted, today, _ONE_DAY)
    day = dates.day_of(published)
    updated = dates.day_of(dates.from_iso(entry.findtext(f"{_ATOM}updated") or "")[0])
    # The DOI that authors enter when the paper has appeared in a journal.
    article = names_of(doi_of(entry.findtext(f"{_ARXIV}doi") or ""))
    names = arxiv_names(arxiv)
    links = tuple(name for name in article if name not in names)
    title, abstract = _text(entry.find(f"{_ATOM}title")), _text(entry.find(f"{_ATOM}summary"))
    people = [_text(name) for name in entry.iterfind(f"{_ATOM}author/{_ATOM}name")]
    subjects = [subject_of(each.get("term", "")) for each in entry.iterfind(f"{_ATOM}category")]
    found = Announcement(
        source=NAME,
        identifiers=names,
        title=title.plain or "[no title]",
        url=f"https://arxiv.org/abs/{arxiv}" if arxiv else doi_link(links[0].value) if links else "https://arxiv.org/",
        abstract=(AbstractSection("", abstract.plain),) if abstract.plain else (),
        authors=tuple(dict.fromkeys(author for each in people if (author := author_of(each.plain)))),
        keywords=tuple(dict.fromkeys(filter(None, subjects))),
        published=published,
        indexed=min(day, today) if day else today,
        repairs=() if whole and kept and day else ("date",),
        preprint=True,
        version=max(1, int(version[1])) if version else 1,
        revised=min(updated, today) if updated else None,
        links=links,
    )
    return flagged(found, all_of_them=any(each.repaired for each in (title, abstract, *people)))


class _Text(NamedTuple):
    plain: str
    repaired: bool


def _text(element: etree._Element | None) -> _Text:
    """The text of an element without LaTeX; arXiv's fields hold no markup, so that `a < b` is text."""
    written = "" if element is None else "".join(element.itertext())
    once = _undoubled(written)
    return _Text(clean(readable_latex(once)), once != written)


def _undoubled(text: str) -> str:
    """`text` as it was before UTF-8 was taken for Latin-1 and encoded once more (`WÃ¼rzburg`), where that happened."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
