"""Messages a second into a mail server that takes everything: from the outbox, on a short link and a long one."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.measure import Asked, Case, compared
from bench.sinks import GET_ONE, HOST, link, program, sink
from bench.weeks import Weeks
from bot.deliver.deliver import deliver
from bot.deliver.jobs import Job, Jobs
from bot.deliver.pool import Pool, Relay, Relays
from bot.deliver.url import SmtpUrl
from bot.digests.plan import plan
from bot.models.deliveries import Claim, Message, Reply
from bot.models.subscribers import Standing
from bot.store.engine import Store

MESSAGES = 10_000
#: By those who are slow: aiosmtplib anywhere, and smtp-source on a long link.
FEWER = 2_000
CONNECTIONS = (10, 50)
#: Of a long link.
ROUND_TRIP = 0.02
SIZE = 51_200
SENDER, DOMAIN = "digest@papers.example.org", "papers.example.org"
SOURCE, AIOSMTPLIB = "smtp-source", "aiosmtplib"


class Took(NamedTuple):
    """What a sender needed."""

    #: Of the clock, and of the processors for itself.
    seconds: float
    cpu: float


def run(asked: Asked) -> Iterator[Case]:
    """Ours claims, hands over and settles each message in an SQLite file, durably, and renders nothing.

    Postfix's smtp-source keeps no books and makes the message up once; so does aiosmtplib, in a process of its own. All
    keep their connections. What a message costs us without books is measured on the pool of connections alone.
    """
    with sink() as port:
        if port is None or program(SOURCE) is None:
            asked.tell(f"smtp: no smtp-sink here: {GET_ONE}")
            return
        if find_spec(AIOSMTPLIB) is None:
            asked.tell("smtp: no aiosmtplib here: pip install aiosmtplib")
        with tempfile.TemporaryDirectory(prefix="bot-bench-") as folder:
            asked.tell(f"smtp: {MESSAGES:,} subscribers join")
            weeks = Weeks(f"sqlite:///{folder}/bot.db", MESSAGES)
            try:
                yield from _measured(asked, weeks, port)
            finally:
                weeks.close()


def _measured(asked: Asked, weeks: Weeks, port: int) -> Iterator[Case]:
    for connections in CONNECTIONS:
        case = f"SQLite, {connections} connections"
        asked.tell(f"smtp: {case}")
        ours, theirs, pool = [], [], []
        for _ in range(asked.rounds):
            ours.append(MESSAGES / _outbox(weeks, port, connections).seconds)
            theirs.append(MESSAGES / _source(port, connections, MESSAGES).seconds)
            if find_spec(AIOSMTPLIB) is not None:
                pool.append(FEWER / _alone("aiosmtplib", port, connections, FEWER).seconds)
        yield compared("smtp", case, "messages/s", ours, SOURCE, theirs)
        if pool:
            yield compared("smtp", case, "messages/s", ours, AIOSMTPLIB, pool)
    yield _far(asked, weeks, port)
    asked.tell("smtp: processor time")
    costs: list[list[float]] = [[], []]
    for _ in range(asked.rounds):
        costs[0].append(_alone("pool", port, CONNECTIONS[0], MESSAGES).cpu / MESSAGES * 1e6)
        costs[1].append(_source(port, CONNECTIONS[0], MESSAGES).cpu / MESSAGES * 1e6)
    yield compared("smtp", "CPU of a message, without books", "µs", costs[0], SOURCE, costs[1], less=True)


def _far(asked: Asked, weeks: Weeks, port: int) -> Case:
    connections = CONNECTIONS[-1]
    case = f"SQLite, {connections} connections, {ROUND_TRIP * 1000:g} ms"
    with link(port, ROUND_TRIP) as far:
        asked.tell(f"smtp: {case}; a round trip takes {asyncio.run(_round_trip(far)) * 1000:.1f} ms")
        ours, theirs = [], []
        for _ in range(asked.rounds):
            ours.append(MESSAGES / _outbox(weeks, far, connections).seconds)
            theirs.append(FEWER / _source(far, connections, FEWER).seconds)
    return compared("smtp", case, "messages/s", ours, SOURCE, theirs)


def _outbox(weeks: Weeks, port: int, connections: int) -> Took:
    """One week's digests, planned beforehand, out of the outbox."""
    weeks.pass_on()
    chosen = plan(weeks.store, weeks.clock).chosen
    if chosen != MESSAGES:
        raise RuntimeError(f"{chosen:,} of {MESSAGES:,} digests")
    return _alone("outbox", port, connections, MESSAGES, str(weeks.store.path), weeks.now.isoformat())


def _source(port: int, connections: int, messages: int) -> Took:
    path = program(SOURCE)
    assert path is not None
    # Kept connections (-d) are the faster way for it, too.
    words = [path, "-d", "-s", str(connections), "-l", str(SIZE), "-m", str(messages), "-f", SENDER]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*words, "-t", "reader@reader.example", f"{HOST}:{port}"], check=True)  # noqa: S603 (found above)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Took(seconds, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def _alone(what: str, port: int, connections: int, messages: int, *words: str) -> Took:
    """What a sender needs in a process of its own, once everything is loaded."""
    given = [sys.executable, "-m", "bench.smtp", what, str(port), str(connections), str(messages), *words]
    done = subprocess.run(given, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 (this very file)
    return Took(*json.loads(done.stdout))


async def _round_trip(port: int) -> float:
    """Seconds from a command to its reply, the median of many."""
    reader, writer = await asyncio.open_connection(HOST, port)
    await reader.readline()
    found = []
    for _ in range(25):
        started = time.perf_counter()
        writer.write(b"NOOP\r\n")
        await reader.readline()
        found.append(time.perf_counter() - started)
    writer.close()
    return median(found)


def _content(message_id: str) -> bytes:
    line = b"From where patients with a marker had a response, cells of the cohort did too.\r\n"
    headers = f"From: {SENDER}\r\nSubject: Papers\r\nMessage-ID: {message_id}\r\nMIME-Version: 1.0\r\n\r\n"
    return headers.encode() + line * (SIZE // len(line))


def _message(recipient: str, message_id: str, content: bytes) -> Message:
    # As the processes that render hand them over.
    return Message(SENDER, recipient, "Papers", message_id, content, dotless=True)


def _relays(port: int, connections: int) -> Relays:
    return Relays([SmtpUrl.parse(f"smtp://{HOST}:{port}")], connections, messages=MESSAGES, name=DOMAIN)


def _send_outbox(port: int, connections: int, messages: int, path: str, now: str) -> None:
    store, content = Store(f"sqlite:///{path}"), _content("<1@papers.example.org>")
    begun, beginning = time.perf_counter(), datetime.fromisoformat(now)

    async def render(claims: Sequence[Claim]) -> list[Message]:
        return [_message(claim.email, claim.message_id, content) for claim in claims]

    report = deliver(
        store,
        _relays(port, connections),
        render,
        lambda: beginning + timedelta(seconds=time.perf_counter() - begun),
        domain=DOMAIN,
        suppression_for=lambda _: None,
    )
    store.close()
    if report.error or report.sent != messages:
        raise RuntimeError(f"{report.sent:,} of {messages:,} sent: {report.error or report.reasons}")


def _send_pool(port: int, connections: int, messages: int) -> None:
    sent, content = count(1), _content("<1@papers.example.org>")
    moment = datetime.now().astimezone()

    async def send() -> None:
        jobs = Jobs()
        jobs.put(
            [
                Job(_claim(number, moment), _message(f"r{number}@reader.example", "", content))
                for number in range(messages)
            ]
        )

        async def hand_over(_: Job) -> bool:
            return True

        def concluded(_job: Job, reply: Reply, _relay: Relay) -> None:
            if reply.code != 250:
                raise RuntimeError(str(reply))
            next(sent)
            jobs.done()

        pool = Pool(
            _relays(port, connections),
            jobs,
            hand_over=hand_over,
            concluded=concluded,
            may_go_on=lambda: True,
            give_up=lambda: False,
        )
        pool.grow()
        jobs.close()
        await pool.join()

    asyncio.run(send())
    if next(sent) != messages + 1:
        raise RuntimeError("not all were sent")


def _claim(number: int, now: datetime) -> Claim:
    return Claim(
        delivery_id=number,
        run_id=1,
        subscriber_id=number,
        email=f"r{number}@reader.example",
        name="",
        standing=Standing.ACTIVE,
        language="en",
        timezone="UTC",
        suppressed=False,
        message_id="",
        attempts=0,
        window_start=now,
        window_end=now,
        expires_at=now,
    )


def _send_aiosmtplib(port: int, connections: int, messages: int) -> None:
    import aiosmtplib  # noqa: PLC0415 (may be missing)

    left, content = iter(range(messages)), _content("<1@papers.example.org>")

    async def work() -> None:
        client = aiosmtplib.SMTP(hostname=HOST, port=port, start_tls=False)
        await client.connect()
        for number in left:
            await client.sendmail(SENDER, [f"r{number}@reader.example"], content)
        await client.quit()

    async def send() -> None:
        await asyncio.gather(*(work() for _ in range(connections)))

    asyncio.run(send())


_WAYS: dict[str, Any] = {"outbox": _send_outbox, "pool": _send_pool, "aiosmtplib": _send_aiosmtplib}


def _main(what: str, *numbers: str) -> None:
    given = (*map(int, numbers[:3]), *numbers[3:])
    started, cpu = time.perf_counter(), time.process_time()
    _WAYS[what](*given)
    print(json.dumps([time.perf_counter() - started, time.process_time() - cpu]))  # noqa: T201 (read by the process that asked)


if __name__ == "__main__":
    _main(*sys.argv[1:])
