"""Crossref's works: what was registered on the days of a window, read with a cursor.

Crossref, "REST API filters": `from-created-date` and `until-created-date`, both inclusive, go by the day on which a
DOI was first registered. (`index-date` moves with every change of a record, `pub-date` is what the publisher says.)
Crossref, "Access and authentication": who names an address is served politely.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from bot.collect.answer import Fetched
from bot.collect.fetch import Fetcher
from bot.collect.sources.crossref_works import NAME, announcement_of, name_of
from bot.collect.sources.cursors import FIRST, Listing, Part, pages_from, part_of, problem_with
from bot.collect.sources.protocol import IndexWindow, Page, Validators, halved
from bot.collect.sources.streams import LARGEST_PAGE, JsonAnswer, text_at
from bot.collect.text import clean
from bot.concepts.query_parameters import crossref_parameters, faults_of
from bot.errors import SourceError

#: Works in one answer. With their references they are some 30 KB each, and `select` cannot name all that is wanted.
ROWS = 100
#: Works of one search that are read: its words are joined by OR, so that more is a query which is too wide.
MOST = 10_000

_LISTING = Listing(NAME, "message.items", "message.total-results", "message.next-cursor", name_of, announcement_of)
_REFUSALS = frozenset({400})


@dataclass(frozen=True, slots=True)
class Crossref:
    """Crossref as a source.

    Args:
        base_url: of the REST API, `https://api.crossref.org`.
        email: named to Crossref, so that they can write before they block.
        rows: works in one answer.
        most: works of one search that are read.
    """

    base_url: str
    email: str | None = None
    rows: int = ROWS
    most: int = MOST

    name = NAME
    #: Records appear within minutes of their registration ("REST API", frequency of indexing); at busy times in days.
    overlap = timedelta(days=3)
    exact = True
    #: Lists are dear to it (Crossref, "Tips for using the REST API").
    every = timedelta(hours=6)

    def selects(self, query: str) -> bool:
        """Never: Crossref finds papers that have any of the words, so that their text must be matched."""
        return False

    async def collect(
        self, query: str, window: IndexWindow, fetch: Fetcher, known: Validators | None = None
    ) -> AsyncIterator[Page]:
        """Every work that was registered on a day of `window`; see `Source.collect`."""
        if faults := faults_of(NAME, query):
            raise SourceError(NAME, f"query: {'; '.join(faults)}")
        asked = crossref_parameters(query)
        stated: int | None = None
        spans = [(window.first_day, window.last_day)]
        while spans:
            first, last = spans.pop()
            days = f"from-created-date:{first.isoformat()},until-created-date:{last.isoformat()}"
            form = asked | {"filter": f"{asked['filter']},{days}" if "filter" in asked else days}

            async def ask(cursor: str, form: Mapping[str, str] = form) -> Part:
                return await self._part(form, cursor, window.today, fetch)

            part = await ask(FIRST)
            stated = part.total if stated is None else stated
            if part.total > self.most:
                spans += halved(NAME, first, last, self.most)
                continue
            async for page in pages_from(_LISTING, part, ask, self.most, stated):
                yield page

    async def _part(self, form: Mapping[str, str], cursor: str, today: date, fetch: Fetcher) -> Part:
        form = {**form, "rows": str(self.rows), "cursor": cursor}
        if self.email:
            form["mailto"] = self.email
        url = self.base_url.rstrip("/").removesuffix("/works") + "/works"
        with await fetch.get(url, form, check=_problem, refusals=_REFUSALS, size=LARGEST_PAGE) as fetched:
            if fetched.status in _REFUSALS:
                raise SourceError(NAME, f"refused the query: {refusal_in(fetched) or 'http 400'}")
            return part_of(_LISTING, fetched, today)


def _problem(fetched: Fetched) -> str:
    if fetched.status in _REFUSALS:
        return ""
    return refusal_in(fetched) or problem_with(_LISTING, fetched)


def refusal_in(fetched: Fetched) -> str:
    """What a refusal says is wrong: `{"status": "failed", "message": [{"message": …}]}`; empty where it is none."""
    # Lists of works are large, and say in their first words that all is well.
    if b"failed" not in fetched.beginning(1024):
        return ""
    answer = JsonAnswer(NAME, fetched.opened(), "message")
    try:
        said = [text for each in answer if (text := clean(text_at(each, "message")))]
    except SourceError:
        return ""
    said = said or [clean(str(answer.values.get("message", "")))]
    return "; ".join(said)[:300] if answer.values.get("status") == "failed" else ""
