"""A site with two readers and some papers, to be served on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import httpx

from bot.models.feeds import CatalogueFeed
from bot.models.papers import AbstractSection
from bot.models.rosters import RosterRow
from bot.models.signups import SIGN_UP_LIMITS, SignUpLimits
from bot.models.subscribers import Wish
from bot.settings import Settings
from bot.store import feeds, rosters, subscribers
from bot.store.engine import Store
from bot.store.subscribers import SubscriberRecord
from bot.subscribe.tokens import Purpose, Tokens
from bot.web.serve import Server
from bot.web.site import SiteEdges, build_site
from tests.builders import NOW, catalogue_feed, finding, save

TOKENS = Tokens(["a key that only tests have"])
ADA, BEN = "ada@example.org", "ben@example.org"
ADAS_WISH = Wish("weekly", 1, 7, "Europe/Berlin")
DUE = NOW + timedelta(days=3)
CATALOGUE: tuple[CatalogueFeed, ...] = (
    catalogue_feed("microbicides"),
    catalogue_feed("blastomycosis"),
    catalogue_feed("chronic-fatigue-syndrome", description="Fatigue & <its> causes."),
)
SENTENCES = " ".join(f"Sentence number {number} says something of its own." for number in range(40))


def settings(**changes: object) -> Settings:
    """What a small site is told."""
    values: dict[str, object] = {"BOT_FROM": "Sample Digest <digest@papers.example.org>", "postal_address": "1 Road"}
    return Settings(**(values | changes))  # type: ignore[arg-type]  # the keys are those of the settings


def fill(store: Store) -> None:
    """Put feeds, papers and readers into a fresh database."""
    feeds.apply_catalogue(store, CATALOGUE, NOW)
    by_slug = {feed.slug: feed.id for feed in feeds.feeds(store)}
    fatigue = [
        replace(
            finding(number, title=f"Fatigue paper {number}", abstract=(AbstractSection("RESULTS", SENTENCES),)),
            entered_at=NOW - timedelta(hours=12 * number),
        )
        for number in range(20)
    ]
    save(store, by_slug["chronic-fatigue-syndrome"], fatigue, present)
    hostile = finding(90, title="<script>alert(1)</script> & p<0.05", url="javascript:alert(1)")
    save(store, by_slug["blastomycosis"], [hostile], present)
    rosters.import_rows(
        store,
        [
            RosterRow(2, ADA, ADA, "Ada", ("microbicides", "blastomycosis"), ADAS_WISH, 5, "en"),
            RosterRow(3, BEN, BEN, "", ("microbicides",)),
        ],
        import_id=rosters.begin_import(store, "roster.csv", NOW),
        how="roster.csv",
        defaults=rosters.Defaults(Wish(), "en"),
        next_due=lambda _wish: DUE,
        now=NOW,
    )


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser that runs no script, and what it looks at."""

    client: httpx.Client
    store: Store

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def post(self, path: str, fields: dict[str, str | list[str]]) -> httpx.Response:
        return self.client.post(path, data=fields)

    def person(self, email: str) -> SubscriberRecord:
        return subscribers.subscriber_by_email(self.store, email)

    def link(self, purpose: Purpose, email: str) -> str:
        return f"/{purpose.value}/{TOKENS.make(purpose, self.person(email).id)}"


def present() -> datetime:
    """The site's clock, which stands."""
    return NOW


def visiting(store: Store, site_settings: Settings, limits: SignUpLimits = SIGN_UP_LIMITS) -> Iterator[Visit]:
    """A visit to a site that is served while it lasts."""
    # Nothing is kept, since the clock stands; what is kept, and how long, is tried in `test_keeping`.
    site = build_site(SiteEdges(store, TOKENS, site_settings, present, limits), kept=timedelta(0))
    server = Server(site, "127.0.0.1", 0)
    server.start()
    try:
        with httpx.Client(base_url=server.url, follow_redirects=False) as client:
            yield Visit(client, store)
    finally:
        server.stop()
