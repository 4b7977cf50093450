"""Signing up from other sites: the verb of the form, for servers; and the form itself, to be put on a page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field

from bot.models.signups import LIFETIME
from bot.render.languages import SPOKEN, language
from bot.store.api_tokens import token_of
from bot.store.feeds import feeds
from bot.store.signups import ask
from bot.subscribe.asking import MOST_FEEDS, read_sign_up
from bot.web.api.access import Credentials
from bot.web.api.problems import problems
from bot.web.api.reading import NOT_MODIFIED, SLUG
from bot.web.choices import FEEDS_FIELD
from bot.web.edges import Edges
from bot.web.forms import is_foreign
from bot.web.joining import caller, wording

#: It is a piece to look at and copy; nothing of it runs here.
_PIECE_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox"

routes = APIRouter(tags=["signing up"])

_Slug = Annotated[str, Field(pattern=SLUG)]


class SignUp(BaseModel):
    """Somebody who wants digests, and said so on your page."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=320)
    feeds: list[_Slug] = Field(min_length=1, max_length=MOST_FEEDS, description="Slugs.")
    name: str = Field("", max_length=200)
    language: str = Field(
        "", max_length=10, description=f"Of the mails: {', '.join(sorted(SPOKEN))}; the site's without."
    )
    timezone: str = Field("", max_length=64, description="An IANA name; the site's without.")


class Asked(BaseModel):
    """What happens next."""

    next: str = Field("confirm", description="Always `confirm`: a mail with a button goes out, if one may.")
    days: int = Field(LIFETIME.days, description="So long the button works.")


@routes.post("/sign-ups", status_code=202, responses=problems(400, 403, 409, 413, 422))
def sign_up(one: SignUp, request: Request, credentials: Credentials, edges: Edges) -> Asked:
    """Ask somebody to confirm by mail. The answer is the same whatever there is of the address.

    For servers: pages of other sites post a form to `/sign-up`, see `/embed.html`. Where the site asks browsers for a
    proof of work, a token that may write is needed here.
    """
    if is_foreign(request):
        raise HTTPException(403, "pages of other sites post a form to /sign-up")
    if edges.settings.proof_of_work:
        token = token_of(edges.store, credentials.credentials, edges.clock()) if credentials else None
        if token is None or not token.may_write():
            raise HTTPException(403, "sign-ups without a proof of work need a token that may write")
    settings = edges.settings
    asked = read_sign_up(
        email=one.email,
        feeds=one.feeds,
        offered={feed.slug for feed in feeds(edges.store)},
        language=one.language,
        languages=SPOKEN,
        usual_language=settings.language,
        timezone=one.timezone,
        usual_timezone=settings.timezone,
        wording=wording(language(one.language if one.language in SPOKEN else settings.language)),
        network=caller(request, edges),
        name=one.name,
    )
    if isinstance(asked, frozenset):
        raise HTTPException(422, ", ".join(sorted(flaw.value for flaw in asked)))
    if not ask(edges.store, asked, edges.limits, edges.clock()):
        window = int(edges.limits.network.window.total_seconds())
        raise HTTPException(429, "too many sign-ups", {"Retry-After": str(window)})
    return Asked(next="confirm", days=LIFETIME.days)


@routes.get(
    "/embed.html",
    response_class=HTMLResponse,
    responses=NOT_MODIFIED | problems(404, 422),
)
def embed(
    edges: Edges,
    feed: Annotated[
        list[_Slug] | None, Query(max_length=MOST_FEEDS, description="Slugs of the feeds to choose from; all without.")
    ] = None,
) -> HTMLResponse:
    """A form for a page of your own, as a piece of HTML: no script, no style, no cookie.

    It hands its fields over to our sign-up page, where its reader presses the button.
    """
    offered = {one.slug: one for one in feeds(edges.store)}
    wanted = list(dict.fromkeys(feed or offered))
    if unknown := [slug for slug in wanted if slug not in offered]:
        raise HTTPException(404, f"no such feed: {unknown[0]}")
    boxes = Markup("").join(
        Markup('  <label><input type="checkbox" name="{}" value="{}"{}> {}</label>\n').format(
            FEEDS_FIELD, slug, Markup(" checked") if len(wanted) == 1 else "", offered[slug].name
        )
        for slug in wanted
    )
    piece = Markup(
        '<form action="{}/sign-up" method="post" accept-charset="utf-8">\n{}'
        '  <label>Your address <input type="email" name="email" autocomplete="email" required></label>\n'
        '  <input type="hidden" name="language" value="{}">\n'
        "  <button>Sign up</button>\n</form>\n"
    ).format(edges.settings.public_url, boxes, edges.settings.language)
    return HTMLResponse(str(piece), headers={"Content-Security-Policy": _PIECE_POLICY})
