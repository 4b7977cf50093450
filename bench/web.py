"""Requests a second to the pages that anybody reads, beside the same pages made for each request, and a bare server."""

from __future__ import annotations

import asyncio
import logging
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import structlog
from sqlalchemy import insert
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bench.measure import Asked, Case
from bench.store import BATCH, _found
from bot.collect.identity import RULES
from bot.concepts.catalogue import starter
from bot.models.papers import Finding
from bot.models.signups import Limit, SignUpLimits
from bot.settings import Settings
from bot.store import feeds, saving
from bot.store.engine import Store
from bot.store.schema import open_store
from bot.store.tables import subscriber, subscription
from bot.subscribe.tokens import Tokens
from bot.web.choices import FEEDS_FIELD
from bot.web.joining import BUTTON
from bot.web.keeping import KEPT
from bot.web.serve import Server
from bot.web.site import SiteEdges, build_site

#: What the database holds.
PAPERS, SUBSCRIBERS, WEEKS = 50_000, 100_000, 60
#: How many clients ask at a time, and how often in all.
CLIENTS, REQUESTS = 16, 3_000
SIGN_UPS = 1_000
#: Pages that are made for each request are slower by far.
FEWER = 20
_CASES = {
    "home": ["/"],
    "feed": ["/feeds/covid-19"],
    "paper": ["/papers/{number}"],
    "search": ["/search?q={word}"],
    "RSS": ["/feeds/covid-19.rss"],
}
#: Words of the made-up papers.
_WORDS = ("patients", "inhibition", "receptor", "mice", "protein", "baseline", "cohort", "treatment", "tissue", "cells")
MADE, BARE = "made for each request", "Starlette, bytes of that size"


def run(asked: Asked) -> Iterator[Case]:
    """Requests a second of each page, kept and made anew, and the time that all but a hundredth of them take.

    The server is a process of its own, its clients are another one on the same machine.
    """
    with tempfile.TemporaryDirectory(prefix="bot-bench-") as folder:
        path = Path(folder) / "bot.db"
        asked.tell(f"web: {SUBSCRIBERS:,} subscribers, {PAPERS:,} papers")
        fill(path)
        for name, paths in _CASES.items():
            kept: list[tuple[float, float]] = []
            made: list[tuple[float, float]] = []
            bare: list[tuple[float, float]] = []
            for turn in range(asked.rounds):
                asked.tell(f"web: {name}: round {turn + 1} of {asked.rounds}")
                kept.append(_rate(path, "kept", paths, REQUESTS))
                made.append(_rate(path, "made", paths, REQUESTS // FEWER))
                bare.append(_rate(path, "bare", paths, REQUESTS))
            ours, theirs, hello = (median(rate for rate, _ in one) for one in (kept, made, bare))
            late = median(late for _, late in kept)
            yield Case("web", name, round(ours, 1), "requests/s", MADE, round(theirs, 1), round(ours / theirs, 2))
            yield Case("web", name, round(ours, 1), "requests/s", BARE, round(hello, 1), round(ours / hello, 2))
            made_late = median(late for _, late in made)
            yield Case(
                "web", f"{name}, p99", round(late, 1), "ms", MADE, round(made_late, 1), round(made_late / late, 2)
            )
        yield from _sign_ups(asked, path)


def _sign_ups(asked: Asked, path: Path) -> Iterator[Case]:
    """Forms a second that are sent in, each with an address of its own, and written down durably."""
    asked.tell(f"web: sign-up: {asked.rounds} rounds")
    # Each round's addresses are new ones.
    forms = [[_form(turn * SIGN_UPS + number) for number in range(SIGN_UPS)] for turn in range(asked.rounds)]
    ours, theirs = ([_measured(path, kind, some) for some in forms] for kind in ("kept", "bare"))
    rate, bare = (median(rate for rate, _ in one) for one in (ours, theirs))
    yield Case("web", "sign-up", round(rate, 1), "requests/s", BARE, round(bare, 1), round(rate / bare, 2))
    late, bare_late = (median(late for _, late in one) for one in (ours, theirs))
    yield Case("web", "sign-up, p99", round(late, 1), "ms", BARE, round(bare_late, 1), round(bare_late / late, 2))


def _form(number: int) -> bytes:
    fields = {"email": f"new{number}@reader.example", FEEDS_FIELD: "covid-19", "language": "en", BUTTON[0]: BUTTON[1]}
    body = urlencode(fields).encode()
    return (
        b"POST /sign-up HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: en\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )


def fill(path: Path) -> None:
    """A database with subscribers, feeds and papers of more than a year."""
    now, chance = datetime.now(UTC), random.Random(7)
    store = open_store(f"sqlite:///{path}")
    feeds.apply_catalogue(store, starter(), now - timedelta(weeks=WEEKS))
    offered = feeds.feeds(store)
    for number, batch in enumerate(_found(None, PAPERS)):
        placed = [
            Finding(one.announcement, 0.5, "found", now - timedelta(weeks=WEEKS * chance.random())) for one in batch
        ]
        saving.save(store, offered[number % len(offered)].id, placed, lambda: now, RULES)
    assert number * BATCH < PAPERS <= (number + 1) * BATCH
    _subscribe(store, [feed.id for feed in offered], now, chance)
    store.close()


def _subscribe(store: Store, feed_ids: list[int], now: datetime, chance: random.Random) -> None:
    people = [
        {
            "id": number,
            "email": f"r{number}@reader.example",
            "email_key": f"r{number}@reader.example",
            "created_at": now,
        }
        for number in range(1, SUBSCRIBERS + 1)
    ]
    chosen = [
        {"subscriber_id": one["id"], "feed_id": feed_id, "position": place, "created_at": now}
        for one in people
        for place, feed_id in enumerate(chance.sample(feed_ids, 3))
    ]
    with store.writing() as connection:
        connection.execute(insert(subscriber), people)
        connection.execute(insert(subscription), chosen)


def _rate(path: Path, kind: str, paths: list[str], requests: int) -> tuple[float, float]:
    chance = random.Random(3)
    asked = [
        one.format(number=chance.randint(1, 200), word=chance.choice(_WORDS)) for one in (paths * requests)[:requests]
    ]
    warm = list(dict.fromkeys(asked))[:200] if kind == "kept" else asked[:4]
    return _measured(path, kind, [_get(one) for one in asked], [_get(one) for one in warm])


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: en\r\n\r\n".encode()


def _measured(path: Path, kind: str, asked: Sequence[bytes], warm: Sequence[bytes] = ()) -> tuple[float, float]:
    """Requests a second, and the milliseconds that 99 of 100 take at the most."""
    words = [sys.executable, "-m", "bench.web", str(path), kind]
    root = Path(__file__).parents[1]
    with subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as server:  # noqa: S603 (this very file)
        assert server.stdout is not None
        assert server.stdin is not None
        port = int(server.stdout.readline())
        try:
            asyncio.run(_ask(port, warm))
            began = time.perf_counter()
            seconds = asyncio.run(_ask(port, asked))
            rate = len(asked) / (time.perf_counter() - began)
        finally:
            server.stdin.close()
            server.terminate()
    return rate, sorted(seconds)[int(len(seconds) * 0.99) - 1] * 1000


async def _ask(port: int, requests: Sequence[bytes]) -> list[float]:
    """Ask for all of them over a few connections that stay open; the seconds that each took."""
    left = iter(requests)
    seconds: list[float] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        for request in left:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            (length,) = (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
            seconds.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return seconds


def _main(path: str, kind: str) -> None:
    """Serve until whoever asked has gone."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    plenty = Limit(10**9, timedelta(hours=1))
    edges = SiteEdges(
        open_store(f"sqlite:///{path}"),
        Tokens(["bench"]),
        Settings(),
        lambda: datetime.now(UTC),
        limits=SignUpLimits(network=plenty, all=plenty),
    )
    if kind == "bare":
        body = "x" * 20_000

        async def hello(_request: object) -> HTMLResponse:
            return HTMLResponse(body)

        site = Starlette(routes=[Route("/{path:path}", hello, methods=["GET", "POST"])])
    else:
        site = build_site(edges, KEPT if kind == "kept" else timedelta(0))
    server = Server(site, "127.0.0.1", 0)
    server.start()
    print(server.url.rpartition(":")[2], flush=True)  # noqa: T201 (read by the process that asked)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
