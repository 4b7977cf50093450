"""The API: reading page by page, what every answer carries, and whom it lets in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from bot.models.api_tokens import Scope
from bot.models.signups import Limit, SignUpLimits
from bot.store.api_tokens import add_token, revoke
from bot.store.engine import Store
from bot.store.feeds import feed as feed_named
from bot.store.leaving import leave
from bot.store.subscribers import subscriber_by_email
from bot.web.api import limits
from bot.web.api.limits import Limits
from bot.web.api.paging import moment_in, written
from bot.web.serve import Server
from bot.web.site import SiteEdges, build_site
from tests.builders import NOW, finding, save
from tests.web.sites import ADA, TOKENS, fill, present, settings

MINUTE = timedelta(minutes=1)


@pytest.fixture
def api(store: Store) -> Iterator[httpx.Client]:
    """The API of a site with feeds, papers and readers."""
    fill(store)
    few = Limit(3, timedelta(hours=1))
    edges = SiteEdges(store, TOKENS, settings(), present, SignUpLimits(network=few))
    # The kept pages must leave the API alone.
    server = Server(build_site(edges, kept=MINUTE), "127.0.0.1", 0)
    server.start()
    try:
        with httpx.Client(base_url=f"{server.url}/api/v1") as client:
            yield client
    finally:
        server.stop()


def here(api: httpx.Client, url: str) -> str:
    """A URL of the site as it is known outside, where the site is now."""
    return url.replace(settings().public_url, str(api.base_url).removesuffix("/api/v1/"))


def bearer(store: Store, scope: Scope = Scope.READ) -> dict[str, str]:
    return {"Authorization": f"Bearer {add_token(store, scope.value, scope, NOW)}"}


def pages(api: httpx.Client, path: str, headers: dict[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """Every item of a list, from page to page by the header."""
    url: str | None = path
    while url:
        answer = api.get(here(api, url), headers=headers)
        assert answer.status_code == 200
        yield from answer.json()["items"]
        url = answer.links.get("next", {}).get("url")
        assert bool(url) == bool(answer.json()["next"])


def test_the_papers_of_a_feed_come_page_by_page_whatever_comes_meanwhile(api: httpx.Client, store: Store) -> None:
    feed = "feeds/chronic-fatigue-syndrome/papers"
    whole = [paper["id"] for paper in pages(api, f"{feed}?limit=200")]
    assert len(whole) == 20
    found = pages(api, f"{feed}?limit=7")
    first = [next(found)["id"] for _ in range(3)]
    save(store, feed_named(store, "chronic-fatigue-syndrome").id, [finding(77)], present)
    assert [*first, *(paper["id"] for paper in found)] == whole


def test_papers_are_found_by_number_name_and_words(api: httpx.Client) -> None:
    one = api.get("papers/1").json()
    assert one["feeds"] == ["chronic-fatigue-syndrome"]
    names = {name["scheme"]: name["value"] for name in one["names"]}
    assert api.get("papers/by-name", params={"doi": names["doi"].upper()}).json() == one
    assert api.get("papers/by-name", params={"pmid": names["pmid"]}).json() == one
    assert api.get("papers/by-name", params={"pmid": "1"}).status_code == 404
    assert api.get("papers/by-name").status_code == 422
    found = list(pages(api, "search?q=fatigue&limit=8"))
    assert sorted(paper["id"] for paper in found) == list(range(1, 21))
    assert api.get("search?q=fatigue&feed=blastomycosis").json()["total"] == 0


def test_no_link_of_a_paper_runs_anything(api: httpx.Client) -> None:
    (hostile,) = api.get("feeds/blastomycosis/papers").json()["items"]
    assert hostile["url"] is None


@pytest.mark.parametrize("cursor", ["x", "AAAA", "MSAy", "OTk5OS0xMi0zMVQyMzo1OTo1OS0yMzowMCAx", "-", "_" * 100])
def test_foreign_cursors_are_refused(api: httpx.Client, cursor: str) -> None:
    answer = api.get("feeds/blastomycosis/papers", params={"cursor": cursor})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_known_is_not_sent_again(api: httpx.Client) -> None:
    first = api.get("feeds")
    etag = first.headers["etag"]
    for asked in (etag, f'"other", W/{etag}', "*"):
        again = api.get("feeds", headers={"If-None-Match": asked})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert api.get("feeds", headers={"If-None-Match": '"other"'}).status_code == 200
    head = api.head("feeds")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", etag)
    assert head.headers["content-length"] == first.headers["content-length"]


def test_scripts_of_other_sites_may_read_and_nothing_else(api: httpx.Client, store: Store) -> None:
    origin = {"Origin": "https://elsewhere.example"}
    assert api.get("feeds", headers=origin).headers["access-control-allow-origin"] == "*"
    assert api.get("feeds/nope", headers=origin).headers["access-control-allow-origin"] == "*"
    asked = origin | {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match"}
    assert api.options("feeds", headers=asked).status_code == 204
    for path in ("admin/subscribers", "sign-ups"):
        closed = api.options(path, headers=origin | {"Access-Control-Request-Method": "POST"})
        assert closed.status_code == 405
        assert "access-control-allow-origin" not in closed.headers
    read = api.get("admin/subscribers", headers=origin | bearer(store))
    assert "access-control-allow-origin" not in read.headers
    assert read.headers["cache-control"] == "no-store"


def test_problems_are_told_as_such(api: httpx.Client) -> None:
    wrong = api.get("feeds/blastomycosis/papers?limit=0")
    assert (wrong.status_code, wrong.headers["content-type"]) == (422, "application/problem+json")
    assert [one["where"] for one in wrong.json()["errors"]] == ["query.limit"]
    gone = api.get("feeds/nope")
    assert gone.json() == {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "no such feed"}
    assert api.post("feeds").headers["allow"] == "GET"
    long = api.post("sign-ups", content=b"[" * 100_000, headers={"Content-Type": "application/json"})
    assert long.status_code == 413


def test_too_many_requests_of_one_network_are_put_off() -> None:
    moments = iter([NOW, *[NOW] * 4, NOW + timedelta(seconds=59), NOW + MINUTE, NOW - MINUTE])
    counted = Limits(lambda: next(moments), most=2)
    taken = [counted.take(network) for network in ("a", "a", "a", "b", "a", "a", "a")]
    assert [one.ok for one in taken] == [True, True, False, True, False, True, True]
    assert [one.remaining for one in taken] == [1, 0, 0, 1, 0, 1, 1]
    assert [one.reset for one in taken] == [60, 60, 60, 60, 1, 60, 60]
    assert taken[2].headers()["Retry-After"] == "60"


def test_a_flood_of_networks_shares_one_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NETWORKS", 2)
    counted = Limits(lambda: NOW, most=1)
    assert [counted.take(network).ok for network in "abcd"] == [True, True, True, False]


def test_limits_are_told_and_kept(api: httpx.Client) -> None:
    left = int(api.get("feeds").headers["ratelimit-remaining"])
    for _ in range(left):
        assert api.get("nope").status_code == 404
    late = api.get("feeds")
    assert (late.status_code, late.headers["retry-after"], late.headers["ratelimit-remaining"]) == (429, "60", "0")
    assert late.json()["title"] == "Too Many Requests"


def test_admins_bring_a_token_that_is_good_for_it(api: httpx.Client, store: Store) -> None:
    reading, writing = bearer(store), bearer(store, Scope.WRITE)
    for headers in ({}, {"Authorization": "Bearer cdt_x"}, {"Authorization": "Basic eDp5"}):
        answer = api.get("admin/subscribers", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    ada = subscriber_by_email(store, ADA).id
    assert api.get("admin/subscribers", headers=reading).status_code == 200
    assert api.delete(f"admin/subscribers/{ada}", headers=reading).status_code == 403
    assert subscriber_by_email(store, ADA).standing == "active"
    assert api.delete(f"admin/subscribers/{ada}", headers=writing).status_code == 204
    assert subscriber_by_email(store, ADA).standing == "left"
    revoke(store, "write", NOW)
    assert api.get("admin/subscribers", headers=writing).status_code == 401


def test_subscribers_are_added_asked_or_refused(api: httpx.Client, store: Store) -> None:
    writing = bearer(store, Scope.WRITE)
    new = {"email": "new@reader.example", "feeds": ["microbicides"], "hour": 9, "timezone": "Asia/Tokyo"}
    asked = api.post("admin/subscribers", json=new, headers=writing)
    assert (asked.status_code, asked.json()["standing"], asked.json()["hour"]) == (201, "pending", 9)
    assert api.get(here(api, asked.headers["location"]), headers=writing).json() == asked.json()
    assert api.post("admin/subscribers", json=new, headers=writing).status_code == 409
    vouched = api.post("admin/subscribers", json={"email": "b@reader.example", "vouched": True}, headers=writing)
    assert vouched.json()["standing"] == "active"
    leave(store, vouched.json()["id"], NOW, "test")
    back = api.post("admin/subscribers", json={"email": "b@reader.example", "vouched": True}, headers=writing)
    assert (back.status_code, back.json()["detail"]) == (409, "has left; not brought back")
    assert api.post("admin/subscribers", json={"email": "nobody"}, headers=writing).status_code == 422
    found = api.post("admin/subscribers/find", json={"email": "NEW@reader.example"}, headers=writing)
    assert found.json()["id"] == asked.json()["id"]
    emails = [one["email"] for one in pages(api, "admin/subscribers?limit=1", writing)]
    assert len(emails) == 4
    assert [one["email"] for one in pages(api, "admin/subscribers?standing=left", writing)] == ["b@reader.example"]


def test_signing_up_says_the_same_of_every_address(api: httpx.Client, store: Store) -> None:
    answers = [
        api.post("sign-ups", json={"email": email, "feeds": ["microbicides"]}) for email in (ADA, "n@reader.example")
    ]
    assert {(one.status_code, one.text) for one in answers} == {(202, '{"next":"confirm","days":7}')}
    wrong = api.post("sign-ups", json={"email": "n@", "feeds": ["microbicides"]})
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "bad address")
    foreign = api.post(
        "sign-ups", json={"email": ADA, "feeds": ["microbicides"]}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert foreign.status_code == 403
    codes = [api.post("sign-ups", json={"email": ADA, "feeds": ["microbicides"]}).status_code for _ in range(2)]
    assert codes == [202, 429]


class _Form(HTMLParser):
    def __init__(self, piece: str) -> None:
        super().__init__()
        self.action, self.fields = "", list[tuple[str, str]]()
        self.feed(piece)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "form":
            self.action = named["action"] or ""
        elif tag == "input":
            self.fields.append((named["name"] or "", named.get("value") or ""))


def test_the_form_for_other_pages_leads_to_ours(api: httpx.Client) -> None:
    answer = api.get("embed.html?feed=microbicides")
    assert "sandbox" in answer.headers["content-security-policy"]
    form = _Form(answer.text)
    assert form.fields[0] == ("feed[]", "microbicides")
    filled = {name: "new@reader.example" if name == "email" else value for name, value in form.fields}
    landed = api.post(here(api, form.action), data=filled, headers={"Sec-Fetch-Site": "cross-site"})
    assert landed.status_code == 200
    assert "new@reader.example" in landed.text
    assert api.get("embed.html?feed=nope").status_code == 404
    assert len(_Form(api.get("embed.html").text).fields) == 3 + 2


def test_the_document_of_the_api_names_no_address_in_a_path(api: httpx.Client) -> None:
    document = api.get("openapi.json").json()
    assert document["servers"] == [{"url": "/api/v1"}]
    assert not [path for path in document["paths"] if "email" in path]


def test_the_document_tells_headers_where_they_come(api: httpx.Client) -> None:
    document = api.get("openapi.json").json()
    told = document["components"]["headers"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            of = {status: set(answer["headers"]) for status, answer in operation["responses"].items()}
            assert of["429"] >= {"Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}, path
            assert "Retry-After" in of["503"], path
            assert set().union(*of.values()) <= set(told)
            if method == "get":
                assert "ETag" in of["200"] & of["304"], path
            if path.startswith("/admin"):
                assert "WWW-Authenticate" in of["401"], path
    assert "Link" in document["paths"]["/search"]["get"]["responses"]["200"]["headers"]


def test_a_moment_in_a_cursor_is_the_same_in_every_zone() -> None:
    there = datetime.fromisoformat("2026-11-23T10:30:00+01:00")
    assert moment_in(written(there, 7)) == (NOW, 7)
