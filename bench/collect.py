"""Seconds to collect 200 feeds of a slow service: the hosts' budgets should decide, not the sum of the answers."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import feedparser
import httpx

from bench.measure import Asked, Case, compared
from bot.collect.collect import collect
from bot.collect.fetch import Fetcher
from bot.collect.sources.syndication import Syndication
from bot.models.feeds import CatalogueFeed, CatalogueQuery
from bot.store import feeds
from bot.store.schema import open_store

FEEDS = 200
#: Of each answer.
SECONDS = 0.2
ENTRIES = 20
PEER = "httpx + feedparser, one after the other"


def run(asked: Asked) -> Iterator[Case]:
    """One case: each round with a new database. The peer keeps nothing, and is measured once: it takes its time."""
    with _Slow() as service:
        ours = []
        for turn in range(asked.rounds):
            asked.tell(f"collect: {FEEDS} feeds: round {turn + 1} of {asked.rounds}")
            ours.append(_ours(service))
        asked.tell(f"collect: the peer takes {FEEDS * SECONDS:.0f} s and more")
        theirs = _theirs(service)
    case = f"{FEEDS} feeds, {SECONDS * 1000:.0f} ms an answer"
    yield compared("collect", case, "s", ours, PEER, [theirs], less=True)


def _ours(service: _Slow) -> float:
    with tempfile.TemporaryDirectory(prefix="bot-bench-") as folder:
        store = open_store(f"sqlite:///{folder}/bot.db")
        now = datetime.now(UTC)
        offered = [
            CatalogueFeed(f"feed-{at}", f"Sample {at}", "", (), ("sample",), (), (CatalogueQuery("syndication", url),))
            for at, url in enumerate(service.addresses)
        ]
        feeds.apply_catalogue(store, offered, now)

        async def round_() -> int:
            async with Fetcher(allow_private=True) as fetch:
                report = await collect(store, {"syndication": Syndication()}, fetch, lambda: now)
                if report.failing or report.new != FEEDS * ENTRIES:
                    raise RuntimeError(f"{report.failing} failing, {report.new} new")
                return report.new

        started = time.perf_counter()
        asyncio.run(round_())
        seconds = time.perf_counter() - started
        store.close()
    return seconds


def _theirs(service: _Slow) -> float:
    started = time.perf_counter()
    with httpx.Client(trust_env=False) as client:
        entries = sum(len(feedparser.parse(client.get(url).content).entries) for url in service.addresses)
    if entries != FEEDS * ENTRIES:
        raise RuntimeError(f"{entries} entries")
    return time.perf_counter() - started


class _Slow:
    """Feeds on loopback that let one wait."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Conversation)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        base = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.addresses = [f"{base}/{at}" for at in range(FEEDS)]

    def __enter__(self) -> _Slow:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """A feed of its own for each path, after a while."""
        time.sleep(SECONDS)
        name = self.path.strip("/")
        items = "".join(
            f"<item><title>A sample of what feed {name} may hold, number {at}</title>"
            f"<link>http://papers.example.org/{name}/{at}</link><guid>{name}-{at}</guid>"
            f"<description>{'Some words on samples. ' * 20}</description></item>"
            for at in range(ENTRIES)
        )
        body = f'<rss version="2.0"><channel><title>Feed {name}</title>{items}</channel></rss>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
