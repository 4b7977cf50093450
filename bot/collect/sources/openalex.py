"""OpenAlex's works: what was published from the first day of a window on, read with a cursor.

The filters by the day on which OpenAlex made or changed a record belong to its paid plans ("Sync", premium API
filters). So the window goes by publication date, which OpenAlex itself does not call reliable ("Filter works",
from_publication_date), reaches far back, and is open to the future: see `OpenAlex.overlap`.

Since February 2026 OpenAlex wants a key, which is free, and counts what it costs ("Authentication & pricing"): a page
of a search 0.001 $, of a mere filter 0.0001 $, of 1 $ a day. Without a key there is a tenth of that, and cursors may
be refused.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from bot.collect.answer import Fetched
from bot.collect.fetch import Fetcher
from bot.collect.sources.cursors import FIRST, Listing, Part, pages_from, part_of, problem_with
from bot.collect.sources.openalex_works import NAME, announcement_of, name_of
from bot.collect.sources.protocol import IndexWindow, Page, Validators
from bot.collect.sources.streams import LARGEST_PAGE, JsonAnswer
from bot.collect.text import clean
from bot.concepts.query_parameters import faults_of, openalex_parameters, openalex_selects
from bot.errors import SourceError

#: Works in one answer; 100 is the most ("Paging").
PER_PAGE = 100
#: Works of one query that are read: half of a day's free searches.
MOST = 50_000

_LISTING = Listing(NAME, "results", "meta.count", "meta.next_cursor", name_of, announcement_of)
_REFUSALS = frozenset({400, 401, 403})


@dataclass(frozen=True, slots=True)
class OpenAlex:
    """OpenAlex as a source.

    Args:
        base_url: of the API, `https://api.openalex.org`.
        email: named to OpenAlex, which no longer asks for it.
        api_key: free; it travels in a header, never in an address ("Authentication", bearer token).
        per_page: works in one answer.
        most: works of one query that are read.
    """

    base_url: str
    email: str | None = None
    api_key: str | None = field(default=None, repr=False)
    per_page: int = PER_PAGE
    most: int = MOST

    name = NAME
    #: OpenAlex hears of a paper days to weeks after it appeared, and writes the first of the month where no day is
    #: known: a month, and two weeks. What it learns later than that is missed.
    overlap = timedelta(days=45)
    exact = False
    #: A round reads weeks again, and a key is good for some hundred pages a day.
    every = timedelta(days=1)

    def selects(self, query: str) -> bool:
        """Where it searches, or filters by a topic; otherwise (a journal, an institution) texts must be matched."""
        return openalex_selects(query)

    async def collect(
        self, query: str, window: IndexWindow, fetch: Fetcher, known: Validators | None = None
    ) -> AsyncIterator[Page]:
        """Every work that is dated in `window` or later; see `Source.collect`.

        There is no end to it, since issues are dated ahead: what OpenAlex shows is taken when it shows it.
        """
        if faults := faults_of(NAME, query):
            raise SourceError(NAME, f"query: {'; '.join(faults)}")
        form = openalex_parameters(query)
        days = f"from_publication_date:{window.first_day.isoformat()}"
        form["filter"] = f"{form['filter']},{days}" if "filter" in form else days

        async def ask(cursor: str) -> Part:
            return await self._part(form, cursor, window.today, fetch)

        async for page in pages_from(_LISTING, await ask(FIRST), ask, self.most):
            yield page

    async def _part(self, form: Mapping[str, str], cursor: str, today: date, fetch: Fetcher) -> Part:
        form = {**form, "per_page": str(self.per_page), "cursor": cursor}
        if self.email:
            form["mailto"] = self.email
        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        url = self.base_url.rstrip("/").removesuffix("/works") + "/works"
        with await fetch.get(
            url, form, headers=headers, check=_problem, refusals=_REFUSALS, size=LARGEST_PAGE
        ) as fetched:
            if fetched.status in _REFUSALS:
                raise SourceError(NAME, self._refusal(fetched))
            return part_of(_LISTING, fetched, today)

    def _refusal(self, fetched: Fetched) -> str:
        said = refusal_in(fetched) or f"http {fetched.status}"
        if self.api_key:
            said = said.replace(self.api_key, "…")
        elif fetched.status != 400:
            said += "; OpenAlex wants an API key, which is free: https://openalex.org/settings/api"
        return f"refused the query: {said}"


def _problem(fetched: Fetched) -> str:
    return "" if fetched.status in _REFUSALS else problem_with(_LISTING, fetched)


def refusal_in(fetched: Fetched) -> str:
    """What a refusal says is wrong: `{"error": …, "message": …}`; empty where it says nothing."""
    if not fetched.beginning(1024).lstrip().startswith(b"{"):
        return ""
    try:
        values = JsonAnswer(NAME, fetched.opened(), "results").drained().values
    except SourceError:
        return ""
    return clean(str(values.get("message") or values.get("error") or ""))[:300]
