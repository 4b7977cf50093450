"""Search: feeds by their names, and papers by the words of titles and abstracts."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response

from bot.models.asking import LENGTH, Asked, read_asked, words_in
from bot.models.feeds import FeedRecord
from bot.render.excerpt import excerpt
from bot.render.plain import plain
from bot.store.feeds import feeds
from bot.store.papers import papers
from bot.store.searching import COUNTED, search
from bot.web.edges import Edges
from bot.web.marking import Part, marked, passage, stem_of
from bot.web.pages import PUBLIC, READ, SitePages
from bot.web.reading import page_number
from bot.web.views import LinkView, PaperView, headline_view, link_view

#: Papers on one page of results.
PAGE = 20
#: Feeds above them at the most.
_FEEDS = 8
_WHOLE = 1_000_000

routes = APIRouter()


@dataclass(frozen=True, slots=True)
class HitView:
    """A paper that was found, with what was looked for marked in it."""

    paper: PaperView
    title: tuple[Part, ...]
    passage: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class SearchView:
    """What the template of the page sees."""

    #: As it was written, and the slug of the feed that is searched alone.
    written: str
    feed: str
    feeds: tuple[FeedRecord, ...]
    #: Whether there were words to look for.
    asked: bool
    named: tuple[LinkView, ...]
    hits: tuple[HitView, ...]
    total: int
    #: Whether there are more than are counted.
    many: bool
    whole: bool
    number: int
    last: int


@routes.api_route("/search", methods=READ)
def seek(edges: Edges, pages: SitePages, q: str = "", feed: str = "", page: str = "1") -> Response:
    """What is found for the words behind `?q=`, in all feeds or in one."""
    written = plain(q[:LENGTH])
    asked = read_asked(written)
    offered = feeds(edges.store)
    chosen = next((one for one in offered if one.slug == feed), None)
    number = page_number(page) or 1
    hits = search(edges.store, asked, PAGE, (number - 1) * PAGE, chosen.id if chosen else None)
    records = papers(edges.store, hits.ids)
    found = (records[paper_id] for paper_id in hits.ids if paper_id in records)
    shown = []
    for paper in found:
        view = headline_view(paper, pages.site.language)
        text = " ".join(part.text for part in excerpt(paper.abstract, _WHOLE).parts)
        shown.append(HitView(view, marked(view.title, asked.words), marked(passage(text, asked.words), asked.words)))
    seen = SearchView(
        written=written,
        feed=chosen.slug if chosen else "",
        feeds=offered,
        asked=bool(asked),
        named=() if chosen or number > 1 else tuple(map(link_view, named(offered, asked)[:_FEEDS])),
        hits=tuple(shown),
        total=hits.total,
        many=hits.total >= COUNTED,
        whole=hits.whole,
        number=number,
        last=max(1, -(-hits.total // PAGE)),
    )
    return pages.page("search", headers=PUBLIC | {"X-Robots-Tag": "noindex"}, search=seen)


def named(offered: tuple[FeedRecord, ...], asked: Asked) -> list[FeedRecord]:
    """Feeds whose name, synonyms, field or description have all the words, those by name first."""
    words = {stem_of(word) for word in asked.words}
    if not words:
        return []

    def stems(*texts: str) -> set[str]:
        return {stem_of(word) for text in texts for word in words_in(text)}

    by_name = [feed for feed in offered if words <= stems(feed.name, *feed.synonyms)]
    others = [feed for feed in offered if words <= stems(feed.name, feed.description, feed.field)]
    return list(dict.fromkeys([*by_name, *others]))
