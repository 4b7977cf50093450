"""Subscribers and feeds, for an admin's programs. Addresses stand in bodies and never in URLs, which are logged."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from bot.digests.cadence import next_occasion
from bot.models.rosters import Fate, RosterRow
from bot.models.subscribers import WEEKDAYS, Cadence, Standing, Wish
from bot.render.languages import SPOKEN
from bot.store import rosters, subscribers
from bot.store.feeds import feeds, overviews
from bot.store.leaving import leave
from bot.subscribe import wishes
from bot.subscribe.addresses import clean_name, read_address
from bot.web.api import shapes
from bot.web.api.access import Reader, Writer
from bot.web.api.paging import LARGEST, Cursor, Limit, lead_on, number_in, written
from bot.web.api.problems import problems
from bot.web.api.reading import NOT_MODIFIED, SLUG
from bot.web.edges import Edges

SubscriberId = Annotated[int, Path(ge=1, le=LARGEST)]

routes = APIRouter(prefix="/admin", tags=["admin"])


class Whom(BaseModel):
    """Somebody's address."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=320)


class Newcomer(Whom):
    """Somebody to add. What is left out is as it is for everybody who chose nothing."""

    name: str = Field("", max_length=200)
    feeds: list[Annotated[str, Field(pattern=SLUG)]] = Field([], max_length=200, description="Slugs.")
    cadence: Cadence = Cadence.WEEKLY
    weekday: str = Field("monday", pattern=f"^({'|'.join(WEEKDAYS)})$")
    hour: int = Field(7, ge=0, le=23)
    timezone: str | None = Field(None, max_length=64, description="An IANA name.")
    max_papers: int | None = Field(None, ge=1, le=50)
    language: str | None = Field(None, description=f"One of {', '.join(sorted(SPOKEN))}.")
    vouched: bool = Field(
        default=False,
        description="You have their consent and vouch for it: they are active at once. Otherwise they are asked.",
    )


@routes.get("/feeds", responses=NOT_MODIFIED | problems(401))
def list_feeds(_token: Reader, edges: Edges) -> shapes.AdminFeeds:
    """The feeds on offer, with how they match and how many have them."""
    found = overviews(edges.store, edges.clock())
    url = edges.settings.public_url
    return shapes.AdminFeeds(items=[shapes.admin_feed_of(one, url) for one in found if not one.retired])


@routes.get("/subscribers", responses=NOT_MODIFIED | problems(400, 401, 422))
def list_subscribers(
    request: Request,
    response: Response,
    _token: Reader,
    edges: Edges,
    standing: Standing | None = None,
    feed: Annotated[str | None, Query(pattern=SLUG)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> shapes.Subscribers:
    """Subscribers in the order they came."""
    after = number_in(cursor)
    found = subscribers.subscribers(edges.store, after=after, limit=limit + 1, standing=standing, feed=feed)
    page = found[:limit]
    following = written(page[-1].id) if len(found) > limit else None
    asked = {"standing": standing.value if standing else None, "feed": feed, "limit": limit}
    lead_on(request, response, edges.settings.public_url, following, **asked)
    return shapes.Subscribers(items=[shapes.subscriber_of(one) for one in page], next=following)


@routes.post("/subscribers/find", responses=problems(400, 401, 404, 413, 422))
def find_subscriber(whom: Whom, _token: Reader, edges: Edges) -> shapes.Subscriber:
    """The subscriber of an address; it is posted so that it stands in no URL."""
    address = read_address(whom.email)
    return shapes.subscriber_of(subscribers.subscriber_by_email(edges.store, address.email))


@routes.get("/subscribers/{subscriber_id}", responses=NOT_MODIFIED | problems(401, 404, 422))
def show_subscriber(subscriber_id: SubscriberId, _token: Reader, edges: Edges) -> shapes.Subscriber:
    """One subscriber."""
    return shapes.subscriber_of(subscribers.subscriber_by_id(edges.store, subscriber_id))


@routes.post("/subscribers", status_code=201, responses=problems(400, 401, 403, 409, 413, 422))
def add_subscriber(one: Newcomer, response: Response, token: Writer, edges: Edges) -> shapes.Subscriber:
    """Add somebody, who is asked to confirm unless you vouch for their consent.

    Whoever is here already, has left, was erased or is suppressed is refused (409) and stays as they are.
    """
    now, settings = edges.clock(), edges.settings
    address = read_address(one.email)
    offered = {feed.slug for feed in feeds(edges.store)}
    if unknown := [slug for slug in one.feeds if slug not in offered]:
        raise HTTPException(422, f"no such feed: {unknown[0]}")
    wish = Wish(
        one.cadence,
        WEEKDAYS.index(one.weekday),
        one.hour,
        wishes.read_timezone(one.timezone) if one.timezone else settings.timezone,
    )
    language = wishes.read_language(one.language) if one.language else settings.language
    row = RosterRow(
        0,
        address.email,
        address.key,
        clean_name(one.name),
        tuple(dict.fromkeys(one.feeds)),
        wish,
        one.max_papers,
        language,
    )
    how = f"API token {token.name}: " + ("the admin vouches for their consent" if one.vouched else "asked to confirm")
    done = rosters.import_rows(
        edges.store,
        [row],
        import_id=None,
        how=how,
        defaults=rosters.Defaults(wish, language),
        next_due=lambda wish: next_occasion(wish, now),
        now=now,
        pending=not one.vouched,
        pseudonyms=edges.tokens.pseudonyms,
    )
    if not done.added:
        kept = [problem.problem for problem in done.problems if problem.fate is not Fate.KEPT]
        raise HTTPException(409, kept[0] if kept else "is a subscriber already")
    found = subscribers.subscriber_by_email(edges.store, address.email)
    response.headers["Location"] = f"{settings.public_url}/api/v1/admin/subscribers/{found.id}"
    return shapes.subscriber_of(found)


@routes.delete("/subscribers/{subscriber_id}", status_code=204, responses=problems(401, 403, 404, 422))
def remove_subscriber(subscriber_id: SubscriberId, token: Writer, edges: Edges) -> None:
    """Unsubscribe somebody, in force with the answer; whoever has left already stays so."""
    found = subscribers.subscriber_by_id(edges.store, subscriber_id)
    leave(edges.store, found.id, edges.clock(), f"API token {token.name}")
