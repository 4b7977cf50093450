"""Deliveries that are broken off again and again, and whether the books tell of each what has become of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from bench.senders import Senders
from bench.taker import Taker
from bot.collect.identity import RULES
from bot.digests.cadence import next_occasion
from bot.digests.plan import plan
from bot.models.deliveries import OPEN, State
from bot.models.feeds import CatalogueFeed, CatalogueQuery
from bot.models.papers import Announcement, Finding, Identifier
from bot.models.rosters import RosterRow
from bot.models.subscribers import Wish
from bot.store import feeds, rosters, runs, saving
from bot.store.engine import Store
from bot.store.schema import open_store, upgrade

#: Of each sender.
CONNECTIONS = 4
PAPERS = 12
#: Senders that end without having done anything, one after another: then nothing more comes.
IDLE = 3

_READ = (
    "select subscriber.email, delivery.state, delivery.message_id, delivery.doubted_at is not null "
    "from delivery join subscriber on subscriber.id = delivery.subscriber_id"
)


class Row(NamedTuple):
    """What the books tell of one delivery."""

    email: str
    state: str
    message_id: str
    #: Whether it is known that an earlier try may have arrived.
    doubted: bool


class Verdict(NamedTuple):
    """How the books and what the mail server has taken go together."""

    #: Sent, as it is written, but the server has not got it; or it has come to an end without being sent.
    lost: int
    #: Taken more than once, and not in doubt, or under several Message-IDs.
    twice: int
    #: Taken, and would be sent once more as if it had not been.
    forgotten: int
    uncertain: int
    #: Handed over, and nobody has settled it.
    handed_over: int
    open: int


def judge(rows: Iterable[Row], taken: Mapping[str, Sequence[str]]) -> Verdict:
    """What the books got right and wrong, where nobody is at work between reading `rows` and asking for `taken`."""
    count: Counter[str] = Counter()
    for row in rows:
        got = taken.get(row.email, ())
        doubt = row.doubted or row.state == State.UNCERTAIN
        ended = row.state not in OPEN and row.state not in {State.SENT, State.UNCERTAIN}
        count["lost"] += ended or (row.state == State.SENT and not got)
        # Of what is uncertain, and was never sent again, there is at most one as well.
        count["twice"] += (len(got) > 1 and not row.doubted) or not set(got) <= {row.message_id}
        waits = row.state in {State.QUEUED, State.CLAIMED, State.DEFERRED}
        count["forgotten"] += bool(got) and waits and not doubt
        count["uncertain"] += row.state == State.UNCERTAIN
        count["handed_over"] += row.state == State.HANDED_OVER
        count["open"] += row.state in OPEN
    return Verdict(**{name: count[name] for name in Verdict._fields})


class Scene:
    """A database with deliveries, a mail server that takes them, and senders to be killed.

    Args:
        url: of a fresh database, as SQLAlchemy writes it.
        folder: for what senders say.
        senders: started already.
        plain: send mails of one line, which takes no time to render.
        uncertain: `BOT_UNCERTAIN`; sent again without waiting.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        senders: Senders,
        count: int,
        *,
        plain: bool = False,
        uncertain: str = "hold",
    ) -> None:
        self.url, self.count = url, count
        self._folder, self.senders = folder, senders
        self._settings = {
            "database_url": url,
            "from": "Concept Digest <digest@papers.example.org>",
            "postal_address": "1 Sample Street, Exampleton",
            "smtp_connections": str(CONNECTIONS),
            "render_processes": "0",
            "uncertain": uncertain,
            "uncertain_wait": "0",
        }
        if plain:
            self._settings["templates"] = str(_plain_templates(folder))
        self.taker = Taker()
        self.run_id = _planned(url, count)

    def __enter__(self) -> Self:
        self.taker.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.senders.kill(self.senders.alive)
        self.taker.__exit__(kind, error, trace)

    def start(self, die: str = "", limit: int | None = None, **settings: str) -> int:
        """Start a sender; its process."""
        wanted = {**self._settings, "smtp_url": self.taker.url, **settings}
        return self.senders.start(self._folder, die=die, limit=limit, **wanted)

    def verdict(self) -> Verdict:
        """How it stands now, whether or not anybody is at work."""
        # What had been taken before the books were read must stand in them; what they say is sent was taken by now.
        before = self.taker.taken()
        rows = read(self.url)
        return judge(rows, self.taker.taken())._replace(forgotten=judge(rows, before).forgotten)

    def finish(self) -> Verdict:
        """Have senders go on by themselves, one after another, until there is no more to do; how it stands then."""
        idle, verdict = 0, self.verdict()
        while verdict.open and idle < IDLE:
            self.senders.ended(self.start())
            before, verdict = verdict, self.verdict()
            idle = idle + 1 if verdict == before else 0
        return verdict

    def account(self) -> str:
        """What is wrong with the account of the run; empty where it adds up and the run is closed."""
        store = open_store(self.url)
        try:
            run = runs.run_by_id(store, self.run_id)
        finally:
            store.close()
        if not run.adds_up or run.chosen != self.count:
            return f"chosen {run.chosen} of {self.count}, and {dict(run.counts)}"
        return "" if run.closed_at else "not closed"

    def said(self) -> str:
        """What senders have said that they should not have."""
        said = self._folder / "said"
        words = said.read_text("utf-8", "replace") if said.exists() else ""
        return words[words.index("Traceback") :][:2000] if "Traceback" in words else ""


def read(url: str) -> list[Row]:
    """What the books tell, all of one moment; nothing stays open."""
    store = Store(url)
    try:
        with store.reading() as connection:
            return [Row(row[0], row[1], row[2], bool(row[3])) for row in connection.exec_driver_sql(_READ)]
    finally:
        store.close()


def _planned(url: str, count: int) -> int:
    """The run of so many deliveries, due now, in a database that was empty."""
    now = datetime.now(UTC)
    fresh = Store(url)
    upgrade(fresh)
    fresh.close()
    store = open_store(url)
    try:
        feeds.apply_catalogue(store, [CatalogueFeed("sting", "STING", queries=(CatalogueQuery("pubmed", "x"),))], now)
        found = [
            Finding(Announcement("pubmed", (Identifier("pmid", f"9000{n}"),), f"Paper {n}", f"https://example.org/{n}"))
            for n in range(PAPERS)
        ]
        saving.save(store, feeds.feed(store, "sting").id, found, lambda: now, RULES)
        rows = [
            RosterRow(n + 2, email, email, "", ("sting",), Wish("weekly", 0, 7, "UTC"))
            for n in range(count)
            for email in [f"reader{n}@reader.example"]
        ]
        rosters.import_rows(
            store,
            rows,
            import_id=rosters.begin_import(store, "made up", now),
            how="made up",
            defaults=rosters.Defaults(Wish(), "en"),
            next_due=lambda wish: next_occasion(wish, now),
            now=now,
        )
        run = plan(store, lambda: datetime.now(UTC), everyone=True).run
    finally:
        store.close()
    assert run is not None
    return run


def _plain_templates(folder: Path) -> Path:
    of_digest = folder / "templates/email/digest"
    of_digest.mkdir(parents=True)
    (of_digest / "body.html").write_text("<html><body><p>{{ mail.subject }}</p></body></html>", "utf-8")
    (of_digest / "body.txt").write_text("{{ mail.subject }}\n", "utf-8")
    return folder / "templates"
