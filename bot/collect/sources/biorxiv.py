"""bioRxiv and medRxiv over their details API: every version that was posted on a day, as one record each.

api.biorxiv.org, "content detail": `/details/SERVER/FROM/TO/CURSOR/json`, days inclusive; the cursor counts records from
0; a page has 30 or 100 records, as the service likes; `messages[0]` states the `total`, and `no posts found` where
there is none. The API cannot search: it knows one category at a time, and text is looked for here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from bot.collect.answer import Fetched
from bot.collect.fetch import Fetcher
from bot.collect.sources import dates
from bot.collect.sources.entries import author_of
from bot.collect.sources.identifiers import doi_link, doi_of, names_of, rxiv_of
from bot.collect.sources.protocol import MOST_IN_WINDOW, PAPERS, IndexWindow, Page, Validators, counted
from bot.collect.sources.streams import LARGEST_PAGE, UNREADABLE, JsonAnswer, flagged, json_problem, readable, text_at
from bot.collect.text import clean, plain_markup
from bot.concepts.match import Matcher, compile_names, text_of
from bot.concepts.query_fields import FieldQuery, category_key, read
from bot.errors import SourceError
from bot.models.papers import AbstractSection, Announcement, Author, Identifier

_RECORDS = "collection"
#: No page of the service has ever been larger than 100; what is far larger is no page.
_MOST = 1_000
_OK, _NOTHING = "ok", "no posts found"
_ONE_DAY = timedelta(days=1)
_SITES = {"biorxiv": "bioRxiv", "medrxiv": "medRxiv"}
#: How the service writes that there is nothing to write.
_NOT_THERE = {"", "na", "n/a", "none"}


@dataclass(frozen=True, slots=True)
class Rxiv:
    """bioRxiv or medRxiv as a source.

    Args:
        name: which of the two.
        base_url: of the API of both, `https://api.biorxiv.org`.
    """

    name: Literal["biorxiv", "medrxiv"]
    base_url: str

    #: Days are those of posting, in the servers' time; what is posted late in one may be shown on the next.
    overlap = timedelta(days=3)
    exact = True
    #: It cannot search, so that each round reads whole days again.
    every = timedelta(hours=6)

    def selects(self, query: str) -> bool:
        """Whether the query looks for words; a category alone is no topic of a feed."""
        return bool(read(query).texts)

    async def collect(
        self, query: str, window: IndexWindow, fetch: Fetcher, known: Validators | None = None
    ) -> AsyncIterator[Page]:
        """Every version that was posted on a day of `window` and that `query` wants; see `Source.collect`."""
        wanted = read(query)
        if wanted.faults:
            raise SourceError(self.name, f"query not understood: {'; '.join(wanted.faults)}")
        sieve = _Sieve(wanted)
        # The service takes one category; each paper has one too, so that no paper comes twice.
        for category in wanted.categories or ("",):
            async for page in self._category(category, window, sieve, fetch):
                yield page

    async def _category(self, category: str, window: IndexWindow, sieve: _Sieve, fetch: Fetcher) -> AsyncIterator[Page]:
        base = self.base_url.rstrip("/").removesuffix("/details")
        url = f"{base}/details/{self.name}/{window.first_day}/{window.last_day}"
        params = {"category": category.replace(" ", "_")} if category else None
        seen: set[str] = set()
        came = stated = 0
        while True:
            answer = _Answer(self.name, window.today, came, stated)
            with await fetch.get(f"{url}/{came}/json", params, check=answer.problem, size=LARGEST_PAGE):
                stated = max(stated, answer.stated)
                if stated > MOST_IN_WINDOW:
                    raise SourceError(self.name, f"{stated:,} records, more than {MOST_IN_WINDOW:,}")
                fresh = {key: paper for key, paper in answer.found.items() if key not in seen}
            chosen = [paper for paper in fresh.values() if sieve.keeps(paper, category)]
            for at in range(0, len(chosen) or 1, PAPERS):
                yield Page(tuple(chosen[at : at + PAPERS]), stated if sieve.keeps_all_of(category) else None)
            came += answer.came
            if came >= stated:
                break
            if not fresh:
                raise SourceError(self.name, f"the cursor does not advance: {came:,} of {stated:,} records came")
            seen.update(fresh)
        counted(self.name, came, stated)


class _Sieve:
    """Keeps what a query wants."""

    def __init__(self, wanted: FieldQuery) -> None:
        self._categories = wanted.categories
        self._matcher: Matcher | None = compile_names(wanted.texts) if wanted.texts else None

    def keeps_all_of(self, category: str) -> bool:
        """Whether what the service counts in a category is what the query finds."""
        return self._matcher is None and self._categories in ((category,), ())

    def keeps(self, paper: Announcement, category: str) -> bool:
        """Whether a paper that came for a category is wanted; the service's own filter is not relied on."""
        if category and category not in map(category_key, paper.keywords):
            return False
        return self._matcher is None or self._matcher.match(paper.title, text_of(paper.abstract), ()) is not None


class _Answer:
    """One answer, read while it is looked at, so that a broken one is asked for again.

    Args:
        server: as the query names it.
        today: the day of fetching.
        before: records that came before, which is the cursor.
        stated: the total that was stated before.
    """

    def __init__(self, server: str, today: date, before: int, stated: int) -> None:
        self._server, self._today, self._before, self._stated = server, today, before, stated
        self.stated, self.came = 0, 0
        #: By DOI and version.
        self.found: dict[str, Announcement] = {}

    def problem(self, fetched: Fetched) -> str:
        """What is wrong with the answer; empty where it was read."""
        return json_problem(fetched, self._read)

    def _read(self, fetched: Fetched) -> str:
        stream, repaired = readable(fetched, lambda whole: JsonAnswer(self._server, whole, _RECORDS).drained())
        answer = JsonAnswer(self._server, stream, _RECORDS)
        self.found, self.came = {}, 0
        for record in answer:
            if self.came >= _MOST:
                return f"more than {_MOST} records in one answer"
            paper = announced(record, self._server, self._today)
            key = text_at(record, "doi").strip().lower() or f"#{self._before + self.came}"
            self.found[f"{key} v{paper.version}"] = paper
            self.came += 1
        status = clean(text_at(answer.values, "messages.item.status"))
        stated = answer.number("messages.item.total")
        if status.lower() == _NOTHING and not self.came:
            self.stated = 0
            return f"{_NOTHING} at {self._before:,} of {self._stated:,} records" if self._stated else ""
        if status.lower() != _OK or stated is None:
            return f"the service says: {status[:200]}" if status.lower() not in {"", _OK} else "no total in the answer"
        if not self.came and max(stated, self._stated):
            return f"no records in the answer, though {self._before:,} of {max(stated, self._stated):,} have come"
        self.stated = stated
        if repaired:
            # What was left out instead of replaced has left no trace.
            everywhere = UNREADABLE not in repr(self.found)
            self.found = {key: flagged(one, all_of_them=everywhere) for key, one in self.found.items()}
        return ""


def announced(record: dict[str, object], server: str, today: date) -> Announcement:
    """The announcement of one version of a preprint.

    Args:
        record: as JSON has it; whatever is missing or of another kind is left out.
        server: `biorxiv` or `medrxiv`.
        today: the day of fetching; nothing was posted later.
    """
    doi = doi_of(text_at(record, "doi"))
    identifiers = [Identifier(server, rxiv)] if (rxiv := rxiv_of(doi)) else []
    written, whole = dates.from_iso(text_at(record, "date"))
    posted, kept = dates.not_ahead(written, today, _ONE_DAY)
    day = dates.day_of(posted)
    article = _said(record, "published")
    abstract = plain_markup(_said(record, "abstract"))
    version = text_at(record, "version").strip().lower().removeprefix("v")
    return Announcement(
        source=server,
        identifiers=(*identifiers, *names_of(doi)),
        title=plain_markup(text_at(record, "title")) or "[no title]",
        url=doi_link(doi) if doi else f"https://www.{server}.org/",
        abstract=(AbstractSection("", abstract),) if abstract else (),
        authors=_authors(_said(record, "authors")),
        journal=_SITES.get(server, server),
        keywords=(category,) if (category := plain_markup(_said(record, "category"))[:200]) else (),
        published=posted,
        indexed=min(day, today) if day else today,
        repairs=() if whole and kept and day else ("date",),
        preprint=True,
        version=int(version) if version.isascii() and version.isdigit() and 0 < int(version[:4]) == int(version) else 1,
        revised=min(day, today) if day else None,
        links=names_of(doi_of(article)) if article else (),
    )


def _said(record: dict[str, object], name: str) -> str:
    text = clean(text_at(record, name))
    return "" if text.lower() in _NOT_THERE else text


def _authors(text: str) -> tuple[Author, ...]:
    """People from `Doe, J.; Roe, R. A.`; what has no comma is a group, or a whole name."""
    return tuple(dict.fromkeys(author for part in text.split(";") if (author := author_of(plain_markup(part)))))
