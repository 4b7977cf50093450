"""People a second from a roster file into an SQLite database, addresses strictly validated; in flat memory."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from email_validator import validate_email
from sqlalchemy import create_engine, event
from sqlmodel import Session, SQLModel, select

from bench.measure import Asked, Case, compared
from bot.digests.cadence import next_occasion
from bot.models.feeds import CatalogueFeed, CatalogueQuery
from bot.models.rosters import RosterRow
from bot.models.subscribers import Evidence, Subscriber, Subscription, Wish
from bot.store import feeds, rosters
from bot.store.engine import Store
from bot.store.schema import open_store
from bot.subscribe.roster import open_roster
from bot.wiring.roster import import_roster

COUNT = 1_000_000
#: As many are enough to know the peer's speed.
PEER_COUNT = 3_000
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SLUGS = ("covid-19", "microbicides", "chronic-fatigue-syndrome", "blastomycosis", "sting-receptor-agonists")
PEER = "sqlmodel, one row at a time"


def run(asked: Asked) -> Iterator[Case]:
    """A million people: seconds and memory, and how many a second beside the peer.

    The peer does the same for each person by itself: validates with the library that we validate the odd addresses
    with, looks whether the person is there, and commits subscriber, subscriptions and evidence.
    """
    with tempfile.TemporaryDirectory(prefix="bot-bench-") as folder:
        file = Path(folder) / "people.csv"
        write(file, COUNT)
        seconds: list[float] = []
        again: list[float] = []
        theirs: list[float] = []
        memory = 0.0
        # A round takes minutes on a small machine, and its figures differ little.
        for turn in range(min(asked.rounds, 3)):
            asked.tell(f"roster: round {turn + 1} of {min(asked.rounds, 3)}")
            took, dry, peak = _in_a_process(file)
            seconds.append(took)
            again.append(dry)
            memory = max(memory, peak)
            theirs.append(PEER_COUNT / _theirs(file))
        yield Case("roster", f"{COUNT:,} people", round(sorted(seconds)[len(seconds) // 2], 1), "s")
        ours = [COUNT / one for one in seconds]
        yield compared("roster", f"{COUNT:,} people, each new", "people/s", ours, PEER, theirs)
        yield compared("roster", "dry run, each there", "people/s", [COUNT / one for one in again], PEER, theirs)
        yield Case("roster", f"memory, {COUNT:,} people", round(memory, 1), "MB")


def write(file: Path, count: int) -> None:
    """A roster of made-up people, always the same."""
    chance = random.Random(7)
    domains = ("mail.example", "uni-north.example.edu", "example.org", "hospital.example.net", "labs.example.com")
    zones = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Africa/Lagos", "UTC")
    with file.open("w", encoding="utf-8") as out:
        out.write("email,name,feeds,cadence,weekday,hour,timezone,max_papers,language\n")
        for number in range(count):
            name = f"{chance.choice(('Ada', 'Ben', 'Chiara', 'Dong'))} {chance.choice(('Okafor', 'Lindqvist', 'Sato'))}"
            local = f"{name.lower().replace(' ', '.')}.{chance.randrange(10**6)}{number}"
            cells = (
                f"{local}@{chance.choice(domains)}",
                name,
                ";".join(chance.sample(SLUGS, chance.randint(1, 3))),
                chance.choice(("daily", "weekly", "monthly")),
                chance.choice(("monday", "thursday", "")),
                str(chance.randrange(24)),
                chance.choice(zones),
                chance.choice(("", "12", "5")),
                chance.choice(("en", "de", "")),
            )
            out.write(",".join(cells) + "\n")


def _opened(folder: str) -> Store:
    store = open_store(f"sqlite:///{folder}/bot.db")
    offered = [CatalogueFeed(slug, slug, queries=(CatalogueQuery("pubmed", slug),)) for slug in SLUGS]
    feeds.apply_catalogue(store, offered, NOW)
    return store


def _ours(file: Path) -> tuple[float, float]:
    """Seconds to bring everybody in, and to look at everybody again without writing."""
    took = []
    with tempfile.TemporaryDirectory(prefix="bot-bench-") as folder:
        store = _opened(folder)
        for dry_run in (False, True):
            began = time.perf_counter()
            import_roster(
                store,
                file,
                NOW,
                defaults=rosters.Defaults(Wish(), "en"),
                dry_run=dry_run,
                pseudonyms=lambda key: (key,),
            )
            took.append(time.perf_counter() - began)
        store.close()
    return took[0], took[1]


def _theirs(file: Path) -> float:
    """Seconds of the peer."""
    with tempfile.TemporaryDirectory(prefix="bot-bench-") as folder:
        store = _opened(folder)
        slugs = {feed.slug: feed.id for feed in feeds.feeds(store)}
        store.close()
        with open_roster(file, feeds=SLUGS) as roster:
            rows = [row for row in islice(roster, PEER_COUNT) if isinstance(row, RosterRow)]
        engine = create_engine(f"sqlite:///{folder}/bot.db")

        @event.listens_for(engine, "connect")
        def prepare(connection: object, _record: object) -> None:
            # As durable as ours.
            for pragma in ("foreign_keys = on", "journal_mode = wal", "synchronous = full"):
                connection.execute(f"pragma {pragma}")  # type: ignore[attr-defined]  # the driver's own connection

        began = time.perf_counter()
        with Session(engine) as session:
            for row in rows:
                _one_by_one(session, row, slugs)
        took = time.perf_counter() - began
        engine.dispose()
    return took


def _one_by_one(session: Session, row: RosterRow, slugs: dict[str, int]) -> None:
    validate_email(row.email, check_deliverability=False, strict=True, test_environment=True)
    if session.exec(select(Subscriber).where(Subscriber.email_key == row.email_key)).first():
        return
    wish = row.wish or Wish()
    person = Subscriber(
        email=row.email,
        email_key=row.email_key,
        name=row.name,
        cadence=wish.cadence,
        weekday=wish.weekday,
        hour=wish.hour,
        timezone=wish.timezone,
        max_papers=row.max_papers or 12,
        language=row.language or "en",
        next_due=next_occasion(wish, NOW),
        created_at=NOW,
    )
    session.add(person)
    session.flush()
    assert person.id is not None
    made: list[SQLModel] = [
        Subscription(subscriber_id=person.id, feed_id=slugs[slug], position=place, created_at=NOW)
        for place, slug in enumerate(row.feeds or ())
    ]
    made.append(Evidence(subscriber_id=person.id, at=NOW, what="imported", how="people.csv"))
    session.add_all(made)
    session.commit()


_MEASURED = """
import json, resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from bench.roster import _ours
took = _ours(Path(sys.argv[2]))
print(json.dumps([*took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def _in_a_process(file: Path) -> tuple[float, float, float]:
    """Seconds as `_ours` has them, and megabytes at the peak of a process that does nothing else."""
    here = str(Path(__file__).resolve().parents[1])
    words = [sys.executable, "-c", _MEASURED, here, str(file)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603 (our own words)
    took, again, peak = json.loads(done.stdout)
    return took, again, peak
