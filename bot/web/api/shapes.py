"""The JSON of the API: what is read of feeds, papers, subscribers and runs."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from bot.models.papers import Identifier, PaperRecord
from bot.models.subscribers import WEEKDAYS
from bot.render.cards import author_name
from bot.render.plain import web_link
from bot.store.feeds import FeedOverview
from bot.store.papers import EnteredPaper
from bot.store.runs import RunRecord
from bot.store.subscribers import SubscriberRecord

_NEXT = "The cursor of the next page; null on the last one."


class Feed(BaseModel):
    """A concept feed."""

    slug: str
    name: str
    description: str
    field: str = Field(description="What readers find it under; empty where nobody said.")
    page: str = Field(description="Its page for people.")
    papers: int
    week: int = Field(description="Papers that entered in the last seven days.")


class Feeds(BaseModel):
    """The feeds on offer, by name."""

    items: list[Feed]


class Part(BaseModel):
    """A section of an abstract."""

    label: str
    text: str


class Name(BaseModel):
    """A name of a paper in some scheme."""

    scheme: str = Field(description="`doi`, `pmid`, `pmcid`, `arxiv` …")
    value: str


class Paper(BaseModel):
    """A paper."""

    id: int
    title: str
    url: str | None = Field(description="Where to read it.")
    page: str = Field(description="Its page for people here.")
    authors: list[str]
    journal: str
    published: str = Field(description="As far as it is known: `2026`, `2026-11` or `2026-11-20`.")
    language: str
    preprint: bool
    marks: list[str] = Field(description="What has become of it, gravest first: `retracted` …")
    abstract: list[Part]
    names: list[Name]


class PaperInFeed(Paper):
    """A paper with its place in a feed."""

    entered: datetime
    relevance: float = Field(description="The probability that it is about the feed, 0 to 1.")


class PaperWithFeeds(Paper):
    """A paper with the feeds that it is in."""

    feeds: list[str] = Field(description="Slugs.")


class PapersInFeed(BaseModel):
    """A page of a feed's papers, the last that entered first."""

    items: list[PaperInFeed]
    next: str | None = Field(description=_NEXT)


class PapersFound(BaseModel):
    """A page of papers that were found, the best first."""

    items: list[Paper]
    next: str | None = Field(description=_NEXT)
    total: int = Field(description="In all, counted up to 1,000.")


class Subscriber(BaseModel):
    """A subscriber."""

    id: int
    email: str
    name: str
    standing: str = Field(description="`pending`, `active`, `paused` or `left`.")
    feeds: list[str] = Field(description="Slugs, in the order of the digest.")
    cadence: str
    weekday: str
    hour: int
    timezone: str
    max_papers: int
    language: str
    next: datetime | None = Field(description="When the next digest is due; of who pauses, when that ends by itself.")


class Subscribers(BaseModel):
    """A page of subscribers, in the order they came."""

    items: list[Subscriber]
    next: str | None = Field(description=_NEXT)


class AdminFeed(Feed):
    """A concept feed as an admin sees it."""

    subscribers: int = Field(description="Active ones.")
    threshold: float | None = Field(description="From which relevance on papers belong to it; null: the usual one.")
    mesh: list[str]
    synonyms: list[str]
    exclude: list[str]


class AdminFeeds(BaseModel):
    """The feeds on offer, by name."""

    items: list[AdminFeed]


class Run(BaseModel):
    """A run of deliveries."""

    id: int
    state: str = Field(description="`open`, `paused`, `cancelled` or `closed`.")
    planned: datetime
    closed: datetime | None
    chosen: int
    deliveries: dict[str, int] = Field(description="How many are in each state.")
    passed_over: dict[str, int] = Field(description="Subscribers who were due and get no mail, by reason.")


class Runs(BaseModel):
    """A page of runs, the newest first."""

    items: list[Run]
    next: str | None = Field(description=_NEXT)


def feed_of(one: FeedOverview, public_url: str) -> Feed:
    """A feed as anybody may see it."""
    return Feed(**_feed(one, public_url))  # type: ignore[arg-type]  # pydantic checks them


def admin_feed_of(one: FeedOverview, public_url: str) -> AdminFeed:
    """A feed as an admin sees it."""
    feed = one.feed
    own = {
        "subscribers": one.subscribers,
        "threshold": feed.threshold,
        "mesh": list(feed.mesh),
        "synonyms": list(feed.synonyms),
        "exclude": list(feed.exclude),
    }
    return AdminFeed(**_feed(one, public_url), **own)  # type: ignore[arg-type]  # as above


def _feed(one: FeedOverview, public_url: str) -> dict[str, object]:
    feed = one.feed
    return {
        "slug": feed.slug,
        "name": feed.name,
        "description": feed.description,
        "field": feed.field,
        "page": f"{public_url}/feeds/{feed.slug}",
        "papers": one.papers,
        "week": one.week,
    }


def paper_values(paper: PaperRecord, names: tuple[Identifier, ...], public_url: str) -> dict[str, object]:
    """The values of a `Paper`."""
    return {
        "id": paper.id,
        "title": paper.title,
        "url": web_link(paper.url) or None,
        "page": f"{public_url}/papers/{paper.id}",
        "authors": [name for name in map(author_name, paper.authors) if name],
        "journal": paper.journal,
        "published": paper.published,
        "language": paper.language,
        "preprint": paper.preprint,
        "marks": [mark.value for mark in paper.marks],
        "abstract": [Part(label=part.label, text=part.text) for part in paper.abstract],
        # What a feed calls a paper, and what binds versions together, names it nowhere else.
        "names": [
            Name(scheme=one.scheme, value=one.value) for one in names if one.scheme not in {"guid", "link", "work"}
        ],
    }


def entered_of(one: EnteredPaper, public_url: str) -> PaperInFeed:
    """A paper with its place in a feed."""
    values = paper_values(one.paper, one.identifiers, public_url)
    return PaperInFeed(**values, entered=one.entered_at, relevance=one.relevance)  # type: ignore[arg-type]  # as above


def subscriber_of(one: SubscriberRecord) -> Subscriber:
    """A subscriber as an admin sees them."""
    return Subscriber(
        id=one.id,
        email=one.email,
        name=one.name,
        standing=one.standing,
        feeds=list(one.feeds),
        cadence=one.wish.cadence,
        weekday=WEEKDAYS[one.wish.weekday],
        hour=one.wish.hour,
        timezone=one.wish.timezone,
        max_papers=one.max_papers,
        language=one.language,
        next=one.next_due,
    )


def run_of(one: RunRecord) -> Run:
    """A run as an admin sees it."""
    return Run(
        id=one.id,
        state=one.state.value,
        planned=one.planned_at,
        closed=one.closed_at,
        chosen=one.chosen,
        deliveries={state.value: count for state, count in one.counts.items()},
        passed_over=dict(one.passed_over),
    )
