"""The whole job, mails a second from the plan to the mail server's last reply, beside what others would send with."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench import clusters
from bench.bots import Took, bots, told
from bench.measure import Asked, Case, compared
from bench.peers import peers, rate
from bench.sinks import GET_ONE, HOST, sink
from bench.weeks import WEEK, Weeks

READERS = 20_000
#: In whose rounds memory is measured.
FEW = 5_000
#: That share one PostgreSQL.
SENDERS = 4

#: Gives the URL of a fresh database.
Fresh = Callable[[], AbstractContextManager[str]]


class Sent(NamedTuple):
    """One job."""

    planning: Took
    sending: Took

    @property
    def whole(self) -> float:
        """Mails a second, planning included."""
        return self.sending.digests / (self.planning.seconds + self.sending.seconds)

    @property
    def rate(self) -> float:
        """Mails a second of sending alone."""
        return self.sending.digests / self.sending.seconds

    @property
    def per_core(self) -> float:
        """Mails in a second of a processor's, of those who send."""
        return self.sending.digests / self.sending.cpu


@dataclass(frozen=True, slots=True)
class Job:
    """What a job is done with: the mail server's port, and settings of one's own."""

    port: int
    settings: Mapping[str, str]

    def done(self, url: str, readers: int, senders: int = 1) -> Sent:
        """The digests of two weeks, in a fresh database: one bot plans, and then so many send.

        Raises:
            RuntimeError: not all were sent.
        """
        weeks = Weeks(url, readers, _last_evening() - 2 * WEEK)
        weeks.pass_on()
        weeks.pass_on()
        weeks.close()
        settings = {
            "BOT_DATABASE_URL": url,
            "BOT_SMTP_URL": f"smtp://{HOST}:{self.port}",
            "BOT_FROM": "Concept Digest <digest@papers.example.org>",
            "BOT_POSTAL_ADDRESS": "Example Society, 1 Sample Street, 12345 Sampletown",
            "BOT_PUBLIC_URL": "https://papers.example.org",
            # Both weeks, so that there are twelve papers for nearly everybody.
            "BOT_LOOKBACK_DAYS": "14",
            **self.settings,
        }
        with tempfile.TemporaryDirectory(prefix="bot-bench-") as folder, bots(senders, folder, settings) as running:
            planning = told(running[:1], "plan")
            sending = told(running, "deliver")
        # A few follow four feeds without news.
        if sending.digests != planning.digests or sending.digests < 0.9 * readers:
            raise RuntimeError(f"{planning.digests:,} planned and {sending.digests:,} sent of {readers:,}")
        return Sent(planning, sending)


def run(asked: Asked) -> Iterator[Case]:
    """The job is what `bot plan` and then `bot deliver` do, in a bot that is loaded and has rendered nothing yet.

    Every mail is planned and rendered for its reader, and accounted for durably. The peers have their digests at hand,
    already composed, are warm, and account for nothing.

    Raises:
        BotError: there is a PostgreSQL or an smtp-sink, and it does not start.
    """
    with sink() as port:
        if port is None:
            asked.tell(f"job: no smtp-sink here: {GET_ONE}")
            return
        theirs = _peers(asked, port)
        plain, signing = Job(port, {}), Job(port, _signing())
        ours = _jobs(asked, "SQLite, unsigned", plain, _file)
        yield from _beside("SQLite, unsigned", ours, theirs, "tuned", "nodemailer")
        signed = _jobs(asked, "SQLite, signed, RSA-2048", signing, _file)
        yield from _beside("SQLite, signed, RSA-2048", signed, theirs, "naive", "tuned", "nodemailer")
        yield _planning("SQLite, planning alone", ours)
        few = _jobs(Asked(1, tell=asked.tell), f"SQLite, {FEW:,} subscribers", plain, _file, readers=FEW)
        yield _memory("SQLite", ours, few)
        with clusters.server() as server:
            if server is None:
                asked.tell(f"job: no PostgreSQL here: install one, or name one in {clusters.URL}")
                return
            yield from _on_postgresql(asked, plain, lambda: clusters.database(server))


def _on_postgresql(asked: Asked, job: Job, fresh: Fresh) -> Iterator[Case]:
    one = _jobs(asked, "PostgreSQL, one sender", job, fresh)
    several = _jobs(asked, f"PostgreSQL, {SENDERS} senders", job, fresh, senders=SENDERS)
    yield Case("job", "PostgreSQL, unsigned", round(median(sent.whole for sent in one), 1), "mails/s")
    yield _planning("PostgreSQL, planning alone", one)
    case = f"PostgreSQL, sending alone, {SENDERS} senders"
    yield compared("job", case, "mails/s", [s.rate for s in several], "one sender", [s.rate for s in one])
    cores = [[sent.per_core for sent in some] for some in (several, one)]
    yield compared("job", f"{case}, of each core", "mails/s", cores[0], "one sender", cores[1])


def _jobs(
    asked: Asked, case: str, job: Job, fresh: Fresh, *, readers: int | None = None, senders: int = 1
) -> list[Sent]:
    found = []
    for turn in range(asked.rounds):
        asked.tell(f"job: {case}: round {turn + 1} of {asked.rounds}")
        with fresh() as url:
            found.append(job.done(url, readers or READERS, senders))
    return found


def _peers(asked: Asked, port: int) -> dict[str, list[float]]:
    """Mails a second of each peer that is there, in each round."""
    found: dict[str, list[float]] = {}
    for which, peer in peers().items():
        if peer.missing:
            asked.tell(f"job: left out: {peer.name}: {peer.missing}")
            continue
        asked.tell(f"job: {peer.name}: {asked.rounds} rounds of {peer.mails:,} mails")
        found[which] = [rate(which, port) for _ in range(asked.rounds)]
    return found


def _beside(case: str, ours: Sequence[Sent], theirs: Mapping[str, Sequence[float]], *which: str) -> Iterator[Case]:
    rates = [sent.whole for sent in ours]
    beside = [one for one in which if one in theirs]
    for one in beside:
        yield compared("job", case, "mails/s", rates, peers()[one].name, theirs[one])
    if not beside:
        yield Case("job", case, round(median(rates), 1), "mails/s")


def _planning(case: str, some: Sequence[Sent]) -> Case:
    return Case(
        "job", case, round(median(sent.planning.digests / sent.planning.seconds for sent in some), 1), "mails/s"
    )


def _memory(name: str, many: Sequence[Sent], few: Sequence[Sent]) -> Case:
    """Of the process that sends and those that render for it, together."""
    peaks = [round(median(sent.sending.peak for sent in some), 1) for some in (many, few)]
    case = f"{name}, memory, {many[0].sending.digests:,} subscribers"
    return Case(
        "job", case, peaks[0], "MB", f"{few[0].sending.digests:,} subscribers", peaks[1], round(peaks[1] / peaks[0], 2)
    )


def _signing() -> dict[str, str]:
    key = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {"BOT_DKIM_SELECTOR": "a", "BOT_DKIM_KEY": key.decode("ascii")}


def _last_evening() -> datetime:
    """The last time that it was 20:00 UTC: late enough that all are due, early enough that nothing has expired."""
    now = datetime.now(UTC)
    evening = now.replace(hour=20, minute=0, second=0, microsecond=0)
    return evening if evening <= now else evening - timedelta(days=1)


@contextmanager
def _file() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="bot-bench-") as folder:
        yield f"sqlite:///{folder}/bot.db"
