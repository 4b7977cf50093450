"""Signing up: a form on many pages, and one answer whatever there is of the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from bot.models.feeds import FeedRecord
from bot.models.signups import LIFETIME
from bot.render.languages import SPOKEN, Language
from bot.render.plain import plain
from bot.store.feeds import feeds
from bot.store.signups import ask
from bot.subscribe import work
from bot.subscribe.asking import Flaw, read_sign_up
from bot.subscribe.networks import network_of
from bot.web.choices import FEEDS_FIELD
from bot.web.edges import Edges, SiteEdges
from bot.web.forms import AnyForm, Posted
from bot.web.guard import SCRIPTED
from bot.web.pages import PERSONAL, PUBLIC, READ, Pages, SitePages

BUTTON = ("sign-up", "yes")
#: A field that no reader sees; programs fill in all that there are.
TRAP = "website"

_ADDRESS_LENGTH = 254

routes = APIRouter()


@dataclass(frozen=True, slots=True)
class SignUpView:
    """What `web/_signup.html` sees, wherever it is included."""

    #: Feeds that the form lists to tick; empty where it is for `chosen` alone, or where the page has boxes of its own,
    #: each with `form="sign-up"` and the name `feeds_field`.
    feeds: tuple[FeedRecord, ...]
    #: Slugs.
    chosen: tuple[str, ...]
    #: The words to agree to.
    wording: str
    #: Of the mails: one of `SiteView.languages`.
    language: str
    email: str = ""
    timezone: str = ""
    #: By field, in words.
    problems: dict[str, str] | None = None
    #: What the browser is to work on, and how many bits; 0 where nothing is asked of it.
    stamp: str = ""
    bits: int = 0
    feeds_field: str = FEEDS_FIELD
    button: tuple[str, str] = BUTTON
    trap: str = TRAP


def sign_up_view(
    edges: SiteEdges, pages: Pages, *, chosen: Sequence[str] = (), listed: Sequence[FeedRecord] = ()
) -> SignUpView:
    """The form for a page; its answer must carry `bot.web.guard.SCRIPTED`.

    Args:
        chosen: slugs that are ticked, or that the form is for.
        listed: feeds that it lists to tick.
    """
    bits = edges.settings.proof_of_work
    return SignUpView(
        feeds=tuple(listed),
        chosen=tuple(chosen),
        wording=wording(pages.language),
        language=pages.language.code,
        stamp=work.stamp(edges.tokens, edges.clock()) if bits else "",
        bits=bits,
    )


def wording(spoken: Language) -> str:
    """What somebody agrees to who signs up; kept with their consent."""
    return spoken.gettext(
        "Send me new papers of these feeds by mail, as a digest. Each mail has links to change that, and to stop it."
    )


@routes.api_route("/sign-up", methods=READ)
def show(edges: Edges, pages: SitePages, feed: Annotated[list[str] | None, Query()] = None) -> Response:
    """The form with all feeds; those that the address names are ticked."""
    offered = feeds(edges.store)
    chosen = [one.slug for one in offered if one.slug in (feed or ())]
    view = sign_up_view(edges, pages, chosen=chosen, listed=offered)
    return pages.page("sign_up", headers=PUBLIC | SCRIPTED, signup=view, outcome="")


@routes.post("/sign-up")
def sign_up(request: Request, posted: AnyForm, edges: Edges, pages: SitePages) -> Response:
    """Where to look for the mail with the button. The same, and the same work, for every address."""
    offered = feeds(edges.store)
    slugs = {one.slug for one in offered}
    settings, now = edges.settings, edges.clock()
    email = posted.one("email").strip()[: 2 * _ADDRESS_LENGTH]
    asked = read_sign_up(
        email=email,
        feeds=[slug for slug in posted.every(FEEDS_FIELD) if slug],
        offered=slugs,
        language=posted.one("language"),
        languages=SPOKEN,
        usual_language=pages.language.code,
        timezone=posted.one("timezone")[:_ADDRESS_LENGTH],
        usual_timezone=settings.timezone,
        wording=wording(pages.language),
        network=caller(request, edges),
        name=posted.one("name"),
    )
    if isinstance(asked, frozenset):
        return _again(edges, pages, posted, offered, "wrong", _in_words(asked, pages.language))
    # Another site may hand somebody over, with all fields filled in; the button is to be pressed here.
    if posted.foreign or BUTTON not in posted.fields:
        return _again(edges, pages, posted, offered, "foreign" if posted.foreign else "missed")
    bits = settings.proof_of_work
    if bits and not work.is_done(edges.tokens, posted.one("stamp"), posted.one("nonce"), email, bits, now):
        return _again(edges, pages, posted, offered, "no work")
    # Whoever walks into the trap is told nothing.
    if not posted.one(TRAP).strip() and not ask(edges.store, asked, edges.limits, now):
        raise HTTPException(429, headers={"Retry-After": str(int(edges.limits.network.window.total_seconds()))})
    return pages.page("mailbox", headers=PERSONAL, address=plain(asked.email), days=LIFETIME.days)


def caller(request: Request, edges: SiteEdges) -> str:
    """The network that a request comes from, cut; see `bot.subscribe.networks.network_of`."""
    peer = request.client.host if request.client else ""
    return network_of(peer, request.headers.getlist("x-forwarded-for"), edges.settings.trusted_proxies)


def _again(
    edges: SiteEdges,
    pages: Pages,
    posted: Posted,
    offered: Sequence[FeedRecord],
    outcome: str,
    problems: dict[str, str] | None = None,
) -> Response:
    """The form as it was filled in, and why it comes back."""
    bits = edges.settings.proof_of_work
    language = posted.one("language")
    view = SignUpView(
        feeds=tuple(offered),
        chosen=tuple(posted.every(FEEDS_FIELD)),
        wording=wording(pages.language),
        language=language if language in SPOKEN else pages.language.code,
        email=plain(posted.one("email"), _ADDRESS_LENGTH),
        timezone=plain(posted.one("timezone"), 60),
        problems=problems or {},
        stamp=work.stamp(edges.tokens, edges.clock()) if bits else "",
        bits=bits,
    )
    status = 200 if outcome == "foreign" else 400
    return pages.page("sign_up", status, PERSONAL | SCRIPTED, signup=view, outcome=outcome)


def _in_words(flaws: frozenset[Flaw], spoken: Language) -> dict[str, str]:
    words = {
        Flaw.NO_ADDRESS: ("email", spoken.gettext("Write the address that digests are to go to.")),
        Flaw.BAD_ADDRESS: ("email", spoken.gettext("No mail can go to this address. Write it like name@example.org.")),
        Flaw.NO_FEEDS: ("feeds", spoken.gettext("Choose at least one feed.")),
        Flaw.GONE_FEEDS: (
            "feeds",
            spoken.gettext("A feed that you chose is no longer offered. These are the feeds there are now."),
        ),
    }
    return dict(words[flaw] for flaw in flaws)
