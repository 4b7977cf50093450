"""Every page that the site has, in each of its states, as a browser gets it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx
from fastapi.responses import HTMLResponse
from sqlalchemy import select, text, update
from starlette.types import Receive, Scope, Send

from bot.concepts.catalogue import starter
from bot.digests.plan import plan
from bot.models.papers import AbstractSection, Announcement, Finding, Identifier, Mark
from bot.models.rosters import RosterRow
from bot.models.signups import SIGN_UP_LIMITS, Limit
from bot.models.subscribers import Wish
from bot.store import feeds, rosters, votes
from bot.store.engine import Store
from bot.store.leaving import leave
from bot.store.schema import open_store
from bot.store.signups import take_in
from bot.store.subscribers import subscriber_by_email
from bot.store.tables import delivery, paper, sign_up, subscriber
from bot.subscribe.tokens import Purpose
from bot.web.forms import BODY_LIMIT
from bot.web.serve import Server
from bot.web.site import SiteEdges, build_site
from tests.builders import NOW, announcement, catalogue_feed, finding, save
from tests.web.sites import DUE, SENTENCES, TOKENS, present, settings

_TOKEN = re.compile(r"[0-9]+\.[\w-]{20,}")

#: Headers of an answer that the next one of the same page makes for itself.
_OF_THE_ANSWER = frozenset({"content-length", "date", "connection"})

Fields = dict[str, str | list[str]]

#: The feed that has most to show, and its papers in each week, the last one last.
FEED, WEEKS = "covid-19", (*[1, 2, 1] * 10, 2, 15)
#: What browsers say where a page of another site posts a form.
FOREIGN = {"Sec-Fetch-Site": "cross-site"}
#: Sign-ups that the site takes in an hour.
MOST = 5
READERS = tuple(f"{name}@example.org" for name in ("ada", "ben", "cat", "dan", "eve", "fay", "gus", "hal", "ida"))
ADA, BEN, CAT, DAN, EVE, FAY, GUS, HAL, IDA = READERS


@dataclass(frozen=True, slots=True)
class Seen:
    """A page as it was answered."""

    name: str
    #: What was asked for, without the token of a person's page.
    path: str
    status: int
    html: str
    headers: dict[str, str]


@dataclass(slots=True)
class Walk:
    """Through the whole site, page by page.

    Args:
        language: of the browser, and of all readers' mails.
    """

    language: str
    client: httpx.Client
    store: Store
    seen: list[Seen]

    def get(self, name: str, path: str, status: int = 200) -> None:
        """Look at a page."""
        self._keep(name, path, self.client.get(path), status)

    def post(
        self, name: str, path: str, fields: Fields, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        """Press a button."""
        self._keep(name, path, self.client.post(path, data=fields, headers=headers), status)

    def link(self, purpose: Purpose, email: str) -> str:
        """A link as a mail has it."""
        return f"/{purpose.value}/{TOKENS.make(purpose, self.person(email))}"

    def person(self, email: str) -> int:
        """A reader's number."""
        return subscriber_by_email(self.store, email).id

    def _keep(self, name: str, path: str, answer: httpx.Response, status: int) -> None:
        assert (name, answer.status_code) == (name, status)
        self.seen.append(Seen(name, _TOKEN.sub("TOKEN", path), status, answer.text, dict(answer.headers)))


@contextmanager
def every_page(language: str, folder: Path) -> Iterator[tuple[str, list[Seen]]]:
    """Where the site is, and its pages in that language, seen again at `/seen/3` while the context lasts."""
    store = open_store(f"sqlite:///{folder}/{language}.db")
    _fill(store, language)
    limits = replace(SIGN_UP_LIMITS, network=Limit(MOST, timedelta(hours=1)))
    edges = SiteEdges(store, TOKENS, settings(language=language), present, limits)
    site = build_site(edges, kept=timedelta(0))

    @site.get("/broken")
    def broken() -> None:
        raise RuntimeError("a mistake of ours")

    seen: list[Seen] = []

    async def shown(scope: Scope, receive: Receive, send: Send) -> None:
        """The site, and beside it what was seen, with its own headers and style."""
        _, _, number = str(scope.get("path", "")).partition("/seen/")
        if not number:
            await site(scope, receive, send)
            return
        page = seen[int(number)]
        headers = {name: value for name, value in page.headers.items() if name not in _OF_THE_ANSWER}
        await HTMLResponse(page.html, headers=headers)(scope, receive, send)

    server = Server(shown, "127.0.0.1", 0)
    server.start()
    try:
        # A connection for each: the server ends some of them after what goes wrong.
        alone = httpx.Limits(max_keepalive_connections=0)
        spoken = {"Accept-Language": language}
        with httpx.Client(base_url=server.url, headers=spoken, limits=alone, timeout=30) as client:
            walk = Walk(language, client, store, seen)
            for part in (_reading, _signing_up, _choosing, _pausing, _voting, _leaving, _problems):
                part(walk)
            yield server.url, seen
    finally:
        server.stop()
        store.close()


def _fill(store: Store, language: str) -> None:
    feeds.apply_catalogue(store, starter(), NOW - timedelta(weeks=len(WEEKS)))
    feeds.apply_catalogue(store, [catalogue_feed("empty"), catalogue_feed("given-up")], NOW)
    for place, feed in enumerate(feeds.feeds(store)):
        weeks = () if feed.slug == "empty" else WEEKS if feed.slug == FEED else (9,)
        found = [
            replace(
                finding(
                    place * 1000 + 50 * back + number,
                    title=f"A paper of {feed.name} that came {back} weeks ago: what it found, number {number}.",
                    abstract=(AbstractSection("RESULTS", SENTENCES * 3),),
                    keywords=("Microbicides", "Blastomycosis", "occupational health"),
                ),
                entered_at=NOW - timedelta(weeks=back, hours=7 * number + 1),
            )
            for back, papers in enumerate(reversed(weeks))
            for number in range(papers)
        ]
        save(store, feed.id, found, present)
    feeds.retire(store, "given-up", NOW)
    both = [Finding(_preprint()), Finding(_retracted())]
    for slug in (FEED, "microbicides"):
        save(store, feeds.feed(store, slug).id, both, present)
    rosters.import_rows(
        store,
        [
            RosterRow(
                line, email, email, "", (FEED, "microbicides"), Wish("weekly", 1, 7, "Europe/Berlin"), 12, language
            )
            for line, email in enumerate(READERS)
        ],
        import_id=rosters.begin_import(store, "roster.csv", NOW),
        how="roster.csv",
        defaults=rosters.Defaults(Wish(), language),
        next_due=lambda _wish: DUE,
        now=NOW,
    )


def _preprint() -> Announcement:
    return replace(
        announcement(99000, source="biorxiv", preprint=True, title="Of gels & rings"),
        identifiers=(Identifier("biorxiv", "10.1101/2026.1"), Identifier("doi", "10.1101/2026.1")),
        links=(Identifier("doi", "10.5555/sample.99000"),),
    )


def _retracted() -> Announcement:
    return announcement(99000, title="Of gels & rings", marks=(Mark.RETRACTED,), abstract=(), keywords=("Rings",))


def _reading(walk: Walk) -> None:
    """What anybody may see."""
    walk.get("home", "/")
    walk.get("a feed", f"/feeds/{FEED}")
    walk.get("a feed, its second page", f"/feeds/{FEED}?page=2")
    walk.get("a feed without papers", "/feeds/empty")
    walk.get("a feed that is given up", "/feeds/given-up")
    walk.get("weeks of a feed", f"/feeds/{FEED}/weeks")
    walk.get("a week", f"/feeds/{FEED}/weeks/2026-W47")
    walk.get("a paper", "/papers/1")
    with walk.store.reading() as connection:
        retracted = connection.execute(select(paper.c.id).where(paper.c.title == "Of gels & rings")).scalar_one()
    walk.get("a retracted paper", f"/papers/{retracted}")
    walk.get("search", "/search")
    walk.get("search, with results", "/search?q=paper")
    walk.get("search, within a feed", f"/search?q=paper&feed={FEED}")
    walk.get("search, without results", "/search?q=zyzzyva")
    walk.get("a sample digest", "/sample")


def _signing_up(walk: Walk) -> None:
    """From the form to the first digest, for a newcomer and for a reader who adds a feed."""
    form: Fields = {"email": "new@example.org", "feed[]": [FEED, "microbicides"], "timezone": "Europe/Berlin"}
    form |= {"language": walk.language, "sign-up": "yes"}
    walk.get("signing up", "/sign-up")
    walk.post("signing up, to mend", "/sign-up", {"email": "nobody", "sign-up": "yes"}, 400)
    walk.post("signing up, no button", "/sign-up", {**form, "sign-up": ""}, 400)
    walk.post("signing up, from another site", "/sign-up", form, headers=FOREIGN)
    walk.post("signed up", "/sign-up", form)
    walk.post("signed up, for more", "/sign-up", {**form, "email": ADA, "feed[]": ["blastomycosis"]})
    walk.post("signed up, too late", "/sign-up", {**form, "email": "late@example.org"})
    take_in(walk.store, TOKENS.pseudonyms, SIGN_UP_LIMITS, NOW)
    with walk.store.writing() as connection:
        new, more, late = connection.execute(select(sign_up.c.id).order_by(sign_up.c.id)).scalars()
        connection.execute(update(sign_up).where(sign_up.c.id == late).values(expires_at=NOW))
    begin, add, expired = (f"/confirm/{TOKENS.make(Purpose.CONFIRM, one)}" for one in (new, more, late))
    walk.get("preferences, before confirming", walk.link(Purpose.PREFERENCES, "new@example.org"))
    walk.get("pausing, before confirming", walk.link(Purpose.PAUSE, "new@example.org"))
    walk.get("confirming", begin)
    walk.post("confirming, no button", begin, {}, 400)
    walk.post("welcome", begin, {"confirm": "yes"})
    walk.get("confirmed already", begin)
    walk.get("adding feeds", add)
    walk.post("feeds added", add, {"confirm": "yes"})
    walk.get("a link that is not valid any more", expired, 404)


def _choosing(walk: Walk) -> None:
    """Preferences."""
    link = walk.link(Purpose.PREFERENCES, BEN)
    wished: Fields = {"feed[]": [FEED, "microbicides"], "cadence": "weekly", "weekday": "tuesday", "hour": "7"}
    wished |= {"timezone": "Europe/Berlin", "max_papers": "12", "language": walk.language}
    save_it: Fields = {"save": "yes"}
    walk.get("preferences", link)
    walk.get("preferences, with a feed to add", f"{link}?add=blastomycosis")
    walk.post("preferences, saved", link, wished | save_it | {"hour": "16", f"most-{FEED}": "3"})
    walk.post("preferences, nothing to save", link, wished | save_it | {"hour": "16", f"most-{FEED}": "3"})
    walk.post("preferences, a feed moved", link, wished | {"up": "microbicides"})
    wrong: Fields = {"feed[]": [], "hour": "25", "timezone": "Nowhere", "max_papers": "0", "cadence": "hourly"}
    walk.post("preferences, to mend", link, wished | save_it | wrong, 400)
    walk.post("preferences, no button", link, {}, 400)
    votes.cast(walk.store, walk.person(BEN), 1, liked=True, now=NOW)
    walk.post("preferences, learning off", link, {"learning": "off"})
    walk.post("preferences, learning on", link, {"learning": "on"})
    walk.post("preferences, votes erased", link, {"votes": "erase"})
    walk.get("erasing", f"{link}/erase")
    walk.post("erasing, no button", f"{link}/erase", {}, 400)
    walk.post("erased", f"{link}/erase", {"erase": "all"})


def _pausing(walk: Walk) -> None:
    link = walk.link(Purpose.PAUSE, CAT)
    walk.get("pausing", link)
    walk.post("pausing, to mend", link, {"digests": "pause", "until": "day", "day": "2020-01-01"}, 400)
    walk.post("pausing, no button", link, {}, 400)
    walk.post("paused until a day", link, {"digests": "pause", "until": "2"})
    walk.get("pausing, while paused", link)
    walk.get("preferences, while paused", walk.link(Purpose.PREFERENCES, CAT))
    walk.post("paused until further notice", link, {"digests": "pause", "until": "open"})
    walk.post("going on", link, {"digests": "go-on"})


def _voting(walk: Walk) -> None:
    reader = TOKENS.make_vote(walk.person(DAN))
    more, less = (f"/vote/{reader}/1/{way}" for way in ("more", "less"))
    walk.get("a vote for more", more)
    walk.get("a vote for less", less)
    walk.post("a vote, no button", more, {}, 400)
    walk.post("a vote, cast", more, {"vote": "more"})
    walk.get("a vote, the other way", less)
    walk.post("a vote, taken back", more, {"vote": "back"})
    with walk.store.writing() as connection:
        connection.execute(update(subscriber).where(subscriber.c.email == DAN).values(learns=False))
    walk.get("a vote, switched off", more)


def _leaving(walk: Walk) -> None:
    """A digest in the browser, and all ways to leave and to come back."""
    with walk.store.writing() as connection:
        connection.execute(update(subscriber).where(subscriber.c.email == EVE).values(next_due=NOW))
    assert plan(walk.store, present).chosen == 1
    with walk.store.reading() as connection:
        number = connection.execute(select(delivery.c.id)).scalar_one()
    walk.get("a digest in the browser", f"/digest/{TOKENS.make(Purpose.DIGEST, number)}")

    link = walk.link(Purpose.UNSUBSCRIBE, EVE)
    walk.get("unsubscribing", link)
    walk.post("unsubscribing, no button", link, {}, 400)
    walk.post("unsubscribed", link, {"leave": "all"})
    walk.get("preferences, after leaving", walk.link(Purpose.PREFERENCES, EVE))
    walk.post("unsubscribed, undone", link, {"stay": "yes"})
    one = walk.link(Purpose.UNSUBSCRIBE, FAY)
    walk.get("dropping a feed", f"{one}?feed={FEED}")
    walk.post("a feed dropped", f"{one}?feed={FEED}", {"leave": "feed"})
    walk.post("the last feed dropped", f"{one}?feed=microbicides", {"leave": "feed"})
    leave(walk.store, walk.person(GUS), NOW - timedelta(days=1), "test")
    walk.get("unsubscribed before", walk.link(Purpose.UNSUBSCRIBE, GUS))
    walk.post("unsubscribed, too late to undo", walk.link(Purpose.UNSUBSCRIBE, GUS), {"stay": "yes"}, 409)


def _problems(walk: Walk) -> None:
    walk.get("no such page", "/nowhere", 404)
    walk.get("no such feed", "/feeds/nowhere", 404)
    walk.get("no such paper", "/papers/999999", 404)
    walk.get("a link that is not valid", "/preferences/nobody", 404)
    walk.post("a form of another site", walk.link(Purpose.PAUSE, HAL), {}, 403, headers=FOREIGN)
    walk.post("not to be done here", "/search", {}, 405)
    walk.post("too much at once", "/sign-up", {"email": "x" * BODY_LIMIT}, 413)
    while walk.client.post("/sign-up", data={"email": IDA, "feed[]": FEED, "sign-up": "yes"}).status_code == 200:
        continue
    walk.post("too many at once", "/sign-up", {"email": IDA, "feed[]": FEED, "sign-up": "yes"}, 429)
    walk.get("broken", "/broken", 500)
    with walk.store.writing() as connection:
        connection.execute(text("ALTER TABLE concept_feed RENAME TO elsewhere"))
    walk.get("not available", "/", 503)
