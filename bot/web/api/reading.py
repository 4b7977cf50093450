"""Feeds and papers, for anybody."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response

from bot.errors import UnknownError
from bot.models.asking import LENGTH, read_asked
from bot.models.feeds import FeedRecord
from bot.models.papers import Identifier
from bot.store.archive import paper_whole
from bot.store.feeds import feeds, overviews
from bot.store.paging import papers_after
from bot.store.papers import named, names_of, papers
from bot.store.searching import COUNTED, search
from bot.web.api import shapes
from bot.web.api.paging import LARGEST, Cursor, Limit, lead_on, moment_in, number_in, written
from bot.web.api.problems import problems
from bot.web.edges import Edges, SiteEdges

SLUG = r"^[a-z0-9][a-z0-9-]{0,99}$"
Slug = Annotated[str, Path(pattern=SLUG)]
PaperId = Annotated[int, Path(ge=1, le=LARGEST)]
#: What a DOI, or a number that a service gives, is made of: printable ASCII.
_VALUE = r"^[!-~]{1,250}$"
_PLAIN_TEXT = r"^[^\x00-\x1f\x7f]*$"

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "What `If-None-Match` names is still so."}}

routes = APIRouter(tags=["reading"])


@routes.get("/feeds", responses=NOT_MODIFIED | problems())
def list_feeds(edges: Edges) -> shapes.Feeds:
    """The feeds on offer, by name."""
    found = overviews(edges.store, edges.clock())
    url = edges.settings.public_url
    return shapes.Feeds(items=[shapes.feed_of(one, url) for one in found if not one.retired])


@routes.get("/feeds/{slug}", responses=NOT_MODIFIED | problems(404, 422))
def show_feed(slug: Slug, edges: Edges) -> shapes.Feed:
    """One feed."""
    _offered(edges, slug)
    (found,) = overviews(edges.store, edges.clock(), slug)
    return shapes.feed_of(found, edges.settings.public_url)


@routes.get("/feeds/{slug}/papers", responses=NOT_MODIFIED | problems(400, 404, 422))
def list_papers(
    slug: Slug, request: Request, response: Response, edges: Edges, limit: Limit = 20, cursor: Cursor = None
) -> shapes.PapersInFeed:
    """A feed's papers, the last that entered first."""
    last = moment_in(cursor)
    found = papers_after(edges.store, _offered(edges, slug).id, limit + 1, last)
    page, more = found[:limit], len(found) > limit
    url = edges.settings.public_url
    following = written(page[-1].entered_at, page[-1].paper.id) if more else None
    lead_on(request, response, url, following, limit=limit)
    return shapes.PapersInFeed(items=[shapes.entered_of(one, url) for one in page], next=following)


@routes.get("/papers/by-name", responses=NOT_MODIFIED | problems(404, 422))
def find_paper(
    edges: Edges,
    doi: Annotated[str | None, Query(pattern=_VALUE, description="`10.5555/sample.1`")] = None,
    pmid: Annotated[str | None, Query(pattern=r"^[1-9][0-9]{0,9}$")] = None,
    pmcid: Annotated[str | None, Query(pattern=r"^PMC[0-9]{1,10}$")] = None,
    arxiv: Annotated[str | None, Query(pattern=_VALUE, description="`2411.01234`, without a version.")] = None,
) -> shapes.PaperWithFeeds:
    """The paper that one of these names, the first that is known."""
    given = (("doi", doi and doi.lower()), ("pmid", pmid), ("pmcid", pmcid), ("arxiv", arxiv))
    asked = [Identifier(scheme, value) for scheme, value in given if value]
    if not asked:
        raise HTTPException(422, "write one of doi, pmid, pmcid and arxiv")
    return _paper(edges, named(edges.store, asked))


@routes.get("/papers/{paper_id}", responses=NOT_MODIFIED | problems(404, 422))
def show_paper(paper_id: PaperId, edges: Edges) -> shapes.PaperWithFeeds:
    """One paper by its number here; what was merged into another is that one."""
    found = papers(edges.store, [paper_id]).get(paper_id)
    return _paper(edges, found.id if found else None)


@routes.get("/search", responses=NOT_MODIFIED | problems(400, 404, 422))
def find_papers(
    request: Request,
    response: Response,
    edges: Edges,
    q: Annotated[
        str,
        Query(
            min_length=1, max_length=LENGTH, pattern=_PLAIN_TEXT, description='Words, and phrases in "quotation marks".'
        ),
    ],
    feed: Annotated[str | None, Query(pattern=SLUG, description="In this feed alone.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> shapes.PapersFound:
    """Papers that have all words in title or abstract, the best first."""
    start = number_in(cursor)
    if start > COUNTED:
        raise HTTPException(400, "cursor: further than is counted; ask more closely")
    store, url = edges.store, edges.settings.public_url
    hits = search(store, read_asked(q), limit, start, _offered(edges, feed).id if feed else None)
    records, names = papers(store, hits.ids), names_of(store, hits.ids)
    items = [
        shapes.Paper(**shapes.paper_values(records[one], names.get(one, ()), url))  # type: ignore[arg-type]  # pydantic checks
        for one in hits.ids
        if one in records
    ]
    end = start + limit
    following = written(end) if end < min(hits.total, COUNTED) else None
    lead_on(request, response, url, following, q=q, feed=feed, limit=limit)
    return shapes.PapersFound(items=items, next=following, total=hits.total)


def _offered(edges: SiteEdges, slug: str) -> FeedRecord:
    """The feed on offer of that name.

    Raises:
        UnknownError: there is none.
    """
    found = next((one for one in feeds(edges.store) if one.slug == slug), None)
    if found is None:
        raise UnknownError("feed", slug)
    return found


def _paper(edges: SiteEdges, paper_id: int | None) -> shapes.PaperWithFeeds:
    whole = paper_whole(edges.store, paper_id) if paper_id is not None else None
    if whole is None:
        raise HTTPException(404, "no such paper")
    values = shapes.paper_values(whole.paper, whole.identifiers, edges.settings.public_url)
    return shapes.PaperWithFeeds(**values, feeds=[one.slug for one in whole.feeds])  # type: ignore[arg-type]  # as above
