"""A database with papers and readers, and claims on digests for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from bot.models.deliveries import Claim, Digest, DigestSection
from bot.models.rosters import RosterRow
from bot.models.subscribers import Standing, Wish
from bot.settings import Settings, read_settings
from bot.store import feeds, papers, rosters, subscribers
from bot.store.engine import Store
from bot.store.instance import secret_key
from bot.subscribe.tokens import Tokens
from bot.wiring.mailroom import Mailroom
from bot.wiring.printing import Printers
from tests.builders import NOW, catalogue_feed, finding, save

SLUGS = ("microbicides", "blastomycosis", "chronic-fatigue-syndrome")
PAPERS = 8
LANGUAGES = ("en", "de", "ar")


def clock() -> datetime:
    """The same moment always; processes can be given it."""
    return NOW


def settings_for(url: str, folder: Path, **more: str) -> Settings:
    """What sending from that database needs."""
    given = {
        "DATABASE_URL": url,
        "FROM": "Concept Digest <digest@papers.example.org>",
        "POSTAL_ADDRESS": "1 Sample Street, Exampleton",
        "PUBLIC_URL": "https://papers.example.org",
        "BOUNCE_ADDRESS": "bounce@papers.example.org",
        **more,
    }
    return read_settings(folder, {f"BOT_{name}": value for name, value in given.items()})


def fill(store: Store, readers: int) -> list[int]:
    """Put papers into feeds, every fourth into two of them, and readers of all feeds; the ids of the papers."""
    feeds.apply_catalogue(store, [catalogue_feed(slug) for slug in SLUGS], NOW)
    first, second, third = (feeds.feed(store, slug).id for slug in SLUGS)
    found = [finding(number) for number in range(PAPERS)]
    save(store, first, found[: PAPERS // 2], clock)
    save(store, second, found[PAPERS // 2 :], clock)
    save(store, third, found[::4], clock)
    rows = [
        RosterRow(number + 2, f"r{number}@reader.example", f"r{number}@reader.example", f"Reader {number}", SLUGS)
        for number in range(readers)
    ]
    rosters.import_rows(
        store,
        rows,
        import_id=rosters.begin_import(store, "people.csv", NOW),
        how="people.csv",
        defaults=rosters.Defaults(Wish(), "en"),
        next_due=lambda _wish: NOW,
        now=NOW,
    )
    entered = [entry.paper.id for feed in (first, second) for entry in papers.newest(store, feed)]
    return sorted(entered)


def claims(store: Store, ids: Sequence[int], readers: int) -> list[Claim]:
    """A claim on a digest for each reader: no two alike, in some languages."""
    first, second, _ = (feeds.feed(store, slug).id for slug in SLUGS)
    paper_ids = tuple(ids)
    half = len(paper_ids) // 2
    made = []
    for number in range(readers):
        turn = number % half
        sections = (
            DigestSection(first, (*paper_ids[turn:half], *paper_ids[:turn]), more=number),
            DigestSection(second, paper_ids[half : half + 1 + turn]),
        )
        person = subscribers.subscriber_by_email(store, f"r{number}@reader.example")
        made.append(
            Claim(
                delivery_id=number + 1,
                run_id=1,
                subscriber_id=person.id,
                email=person.email,
                name=person.name,
                standing=Standing.ACTIVE,
                language=LANGUAGES[number % len(LANGUAGES)],
                timezone="Europe/Berlin",
                suppressed=False,
                message_id=f"<{number}@papers.example.org>",
                attempts=0,
                window_start=NOW - timedelta(days=7),
                window_end=NOW,
                expires_at=NOW + timedelta(days=7),
                content=Digest(sections, updates=((paper_ids[-1], "retracted"),)).frozen(),
                learns=number % 2 == 0,
            )
        )
    return made


def mailroom(store: Store, settings: Settings, at: list[datetime] | None = None) -> Mailroom:
    """A mailroom with a press of its own.

    Args:
        at: what its clock shows, the last of them; may be changed.
    """
    assert settings.from_ is not None
    tokens = Tokens((*settings.secret_keys, secret_key(store)))
    printing = Printers(settings.templates, settings.public_url).current()
    return Mailroom(store, settings, settings.from_, tokens, printing, (lambda: at[-1]) if at else clock)
