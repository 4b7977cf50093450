"""Europe PMC over its RESTful web service: PubMed's records, articles that PMC alone has, preprints of many servers.

"Europe PMC RESTful Web Service" and its reference guide (6.9): `search` pages by `cursorMark`, from `*` on; the end is
reached where `nextCursorMark` is missing or repeats itself; `searchPOST` takes the same as a form, for long queries.
FIRST_IDATE is the day on which Europe PMC first indexed a record.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta

from bot.collect.answer import Check, Fetched
from bot.collect.fetch import Fetcher
from bot.collect.sources.europepmc_record import NAME, announced
from bot.collect.sources.protocol import HOURLY, MOST_IN_WINDOW, PAPERS, IndexWindow, Page, Validators, counted
from bot.collect.sources.streams import LARGEST_PAGE, UNREADABLE, JsonAnswer, flagged, json_problem, readable, text_at
from bot.collect.text import clean
from bot.errors import SourceError
from bot.models.papers import Announcement

#: The service's own limit; core records with hundreds of authors make pages of that size large.
MOST_IN_PAGE = 1_000
_RECORDS = "resultList.result"
#: Addresses that are longer may be cut on their way (RFC 9110, section 4.1, asks for no more than 8,000 octets).
_LONG_QUERY = 5_000


@dataclass(frozen=True, slots=True)
class EuropePmc:
    """Europe PMC as a source.

    Args:
        base_url: of the RESTful service, `https://www.ebi.ac.uk/europepmc/webservices/rest`.
        email: named to Europe PMC, so that they can write about changes.
        page: records in one answer, up to 1,000.
    """

    base_url: str
    email: str | None = None
    page: int = PAPERS

    name = NAME
    #: Records come in daily loads; a load that began on one day may be shown on the next.
    overlap = timedelta(days=2)
    exact = True
    every = HOURLY

    def selects(self, query: str) -> bool:
        """Always: Europe PMC searches."""
        return True

    async def collect(
        self, query: str, window: IndexWindow, fetch: Fetcher, known: Validators | None = None
    ) -> AsyncIterator[Page]:
        """Every record that Europe PMC first indexed on a day of `window`; see `Source.collect`."""
        size = min(max(1, self.page), MOST_IN_PAGE)
        days = f"FIRST_IDATE:[{window.first_day} TO {window.last_day}]"
        form = {
            # The blanks inside of the brackets keep the last word apart, for readers that split at blanks alone.
            "query": f"( {query.strip()} ) AND {days}" if query.strip() else days,
            "resultType": "core",
            "format": "json",
            "pageSize": str(size),
            # Expanding by MeSH and UniProt synonyms is off at the service too, unlike on its web site: a concept feed
            # has its own synonyms, and its query finds what it says.
            "synonym": "false",
        }
        if self.email:
            form["email"] = self.email
        seen: set[str] = set()
        stated, cursor = 0, "*"
        while True:
            answer = _Answer(window.today, size, len(seen))
            with await self._ask(form | {"cursorMark": cursor}, fetch, answer.problem):
                fresh = [paper for key, paper in answer.found.items() if key not in seen]
            first, stated = not seen, max(stated, answer.stated)
            if stated > MOST_IN_WINDOW:
                raise SourceError(NAME, f"{stated:,} records, more than {MOST_IN_WINDOW:,}; narrow the query")
            seen.update(answer.found)
            for at in range(0, len(fresh), PAPERS):
                yield Page(tuple(fresh[at : at + PAPERS]), stated)
            if first and not fresh:
                yield Page(stated=stated)
            if len(seen) > stated:
                raise SourceError(NAME, f"{len(seen):,} records came, though {stated:,} were stated")
            if len(seen) == stated or answer.following in {"", cursor}:
                break
            if not fresh:
                raise SourceError(NAME, f"the cursor does not advance: {len(seen):,} of {stated:,} records came")
            cursor = answer.following
        counted(NAME, len(seen), stated)

    async def _ask(self, form: dict[str, str], fetch: Fetcher, check: Check) -> Fetched:
        base = self.base_url.rstrip("/").removesuffix("/search")
        if len(form["query"]) > _LONG_QUERY:
            return await fetch.post(f"{base}/searchPOST", form, check=check)
        return await fetch.get(f"{base}/search", form, check=check, size=LARGEST_PAGE)


class _Answer:
    """One answer, read while it is looked at, so that a broken one is asked for again.

    Args:
        today: the day of fetching.
        most: records that were asked for.
        before: records that came in the answers before.
    """

    def __init__(self, today: date, most: int, before: int) -> None:
        self._today, self._most, self._before = today, most, before
        self.stated, self.following = 0, ""
        #: By what Europe PMC calls each.
        self.found: dict[str, Announcement] = {}

    def problem(self, fetched: Fetched) -> str:
        """What is wrong with the answer; empty where it was read."""
        return json_problem(fetched, self._read)

    def _read(self, fetched: Fetched) -> str:
        stream, repaired = readable(fetched, lambda whole: JsonAnswer(NAME, whole, _RECORDS).drained())
        answer = JsonAnswer(NAME, stream, _RECORDS)
        self.found = {}
        for at, record in enumerate(answer):
            if at >= self._most:
                return f"more than the {self._most} records that were asked for"
            key = f"{text_at(record, 'source')}:{text_at(record, 'id') or f'#{self._before + at}'}"
            self.found[key] = announced(record, self._today)
        stated = answer.number("hitCount")
        if stated is None:
            said = clean(text_at(answer.values, "errMsg") or text_at(answer.values, "message"))[:200]
            return f"europe pmc says: {said}" if said else "no hitCount in the answer"
        if stated and not self.found:
            return f"no records in the answer, though {self._before:,} of {stated:,} have come"
        self.stated, self.following = stated, str(answer.values.get("nextCursorMark") or "")
        if repaired:
            # What was left out instead of replaced has left no trace.
            everywhere = UNREADABLE not in repr(self.found)
            self.found = {key: flagged(one, all_of_them=everywhere) for key, one in self.found.items()}
        return ""
