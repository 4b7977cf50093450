"""Pages that are kept: how long, for whom, and when they are made anew."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.errors import StoreError
from bot.store import feeds
from bot.store.engine import Store
from bot.store.schema import open_store
from bot.web.keeping import KEPT, LOOKED, PAGES, KeptPages
from bot.web.site import SiteEdges, build_site
from tests.builders import NOW, finding, save
from tests.web.sites import TOKENS, fill, settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Pages:
    """An app that counts what it makes, with a clock and a version to turn."""

    now: datetime = NOW
    version: int = 1
    gone: bool = False
    looked: int = 0
    made: list[str] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        self.made.append(str(request.url.path))
        await asyncio.sleep(0)
        if request.url.path == "/feeds/own":
            return PlainTextResponse("own", headers={"Cache-Control": "no-store"})
        if request.url.path == "/feeds/missing":
            return PlainTextResponse("none", 404, headers={"Cache-Control": "public"})
        headers = {"Cache-Control": "public, max-age=60", "Last-Modified": "Mon, 23 Nov 2026 09:30:00 GMT"}
        return PlainTextResponse(f"{request.url} {request.headers.get('accept-language', '')}", headers=headers)

    def look(self) -> int:
        self.looked += 1
        if self.gone:
            raise StoreError("database", "is gone")
        return self.version

    def client(self, kept: timedelta = KEPT) -> httpx.AsyncClient:
        app = Starlette(routes=[Route("/{path:path}", self.answer, methods=["GET", "HEAD", "POST"])])
        kept_pages = KeptPages(app, lambda: self.now, self.look, "en", kept)
        return httpx.AsyncClient(transport=httpx.ASGITransport(kept_pages), base_url="http://site.example")


async def seen(client: httpx.AsyncClient, path: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.get(path, headers={"Accept-Language": "en"} | named)


async def test_a_page_is_made_once_a_minute() -> None:
    pages = Pages()
    client = pages.client()
    first = await seen(client, "/")
    pages.now += KEPT - timedelta(seconds=1)
    assert (await seen(client, "/")).content == first.content
    assert pages.made == ["/"]
    pages.now += timedelta(seconds=1)
    await seen(client, "/")
    assert pages.made == ["/", "/"]
    # A clock that was set back must not keep an old page.
    pages.now -= timedelta(days=1)
    await seen(client, "/")
    assert len(pages.made) == 3


async def test_papers_that_come_are_there_a_second_later() -> None:
    pages = Pages()
    client = pages.client()
    await seen(client, "/")
    pages.version = 2
    await seen(client, "/")
    assert (len(pages.made), pages.looked) == (1, 1)
    pages.now += LOOKED
    await seen(client, "/")
    assert (len(pages.made), pages.looked) == (2, 2)


async def test_while_the_database_is_gone_what_is_kept_is_shown() -> None:
    pages = Pages()
    client = pages.client()
    await seen(client, "/")
    pages.gone = True
    pages.now += LOOKED
    assert (await seen(client, "/")).status_code == 200
    assert len(pages.made) == 1


async def test_languages_and_what_an_address_asks_for_are_pages_of_their_own() -> None:
    pages = Pages()
    client = pages.client()
    for path, language in (("/", "en"), ("/", "de"), ("/?lang=de", "en"), ("/?page=2", "en"), ("/?q=a", "en")):
        await seen(client, path, Accept_Language=language)
        await seen(client, path, Accept_Language=f"{language}, fr;q=0.1")
        # Whatever else stands there makes no other page.
        await seen(client, f"{path}{'&' if '?' in path else '?'}utm_source=x", Accept_Language=language)
    assert len(pages.made) == 5


async def test_what_is_somebodys_own_or_missing_or_sent_is_never_kept() -> None:
    pages = Pages()
    client = pages.client()
    for path in ("/feeds/own", "/feeds/own", "/feeds/missing", "/feeds/missing", "/api/feeds", "/api/feeds"):
        assert "etag" not in (await seen(client, path)).headers
    assert len(pages.made) == 6
    for _ in range(2):
        await client.post("/")
    assert len(pages.made) == 8


@pytest.mark.parametrize("kept", [KEPT, timedelta(0)])
async def test_who_has_it_already_gets_nothing_again(kept: timedelta) -> None:
    client = Pages().client(kept)
    first = await seen(client, "/")
    tag, modified = first.headers["etag"], first.headers["last-modified"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await seen(client, "/", If_None_Match=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == "public, max-age=60"
    assert (await seen(client, "/", If_None_Match='"other"', If_Modified_Since=modified)).status_code == 200
    assert (await seen(client, "/", If_Modified_Since=modified)).status_code == 304
    assert (await seen(client, "/", If_Modified_Since="Mon, 23 Nov 2026 09:29:59 GMT")).status_code == 200
    assert (await seen(client, "/", If_Modified_Since="soon")).status_code == 200


async def test_head_gets_no_body_and_the_same_headers() -> None:
    client = Pages().client()
    head = await client.head("/", headers={"Accept-Language": "en"})
    get = await seen(client, "/")
    assert head.content == b""
    assert head.headers == get.headers


async def test_who_asks_for_the_same_meanwhile_waits_for_it() -> None:
    pages = Pages()
    client = pages.client()
    answers = await asyncio.gather(*(seen(client, "/") for _ in range(20)))
    assert len({answer.content for answer in answers}) == 1
    assert len(pages.made) == 1


async def test_no_more_than_a_few_hundred_are_kept() -> None:
    pages = Pages()
    client = pages.client()
    for number in range(PAGES + 1):
        await seen(client, f"/papers/{number}")
    await seen(client, "/papers/1")
    assert len(pages.made) == PAGES + 1
    await seen(client, "/papers/0")
    assert len(pages.made) == PAGES + 2


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/bot.db")
    fill(store)
    yield store
    store.close()


async def test_a_new_paper_is_on_the_feeds_page_a_second_later(filled: Store) -> None:
    times = [NOW]
    site = build_site(SiteEdges(filled, TOKENS, settings(), lambda: times[-1]))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url="http://site.example")
    path = "/feeds/microbicides"
    before = await client.get(path)
    save(filled, feeds.feed(filled, "microbicides").id, [finding(99, title="Just out")], lambda: times[-1])
    assert (await client.get(path)).content == before.content
    times.append(NOW + LOOKED)
    after = await client.get(path)
    assert "Just out" in after.text
    assert after.headers["etag"] != before.headers["etag"]
    # Of that moment alone, and no page is anybody's who has a token.
    assert (await client.get("/unsubscribe/x")).headers["cache-control"] == "no-store"
