"""What holds on every page: headers, problems, health, and the server itself."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import httpx
import pytest
import structlog
from starlette.requests import Request

from bot.errors import ServeError, SettingsError, StoreError, UnknownError, WishError
from bot.settings import Settings
from bot.store.schema import open_store
from bot.subscribe.tokens import Purpose
from bot.web.problems import problem_of
from bot.web.serve import Server
from bot.web.site import SiteEdges, build_site
from tests.web.sites import ADA, BEN, TOKENS, Visit, fill, present, settings, visiting


def test_every_answer_is_guarded(quick: Visit) -> None:
    paths = ["/", "/feeds/microbicides", "/feeds/nope", "/nope", "/healthz", "/style.css", "/robots.txt"]
    paths += ["/unsubscribe/x", *(quick.link(purpose, ADA) for purpose in Purpose)]
    for path in paths:
        for method in ("GET", "HEAD", "POST", "PUT"):
            headers = quick.client.request(method, path).headers
            policy = headers.get_list("content-security-policy", split_commas=False)
            # The pages with a form to sign up with may run our own script.
            assert [one.removesuffix("; script-src 'self'") for one in policy] == [
                "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            ]
            assert headers["referrer-policy"] == "same-origin"
            assert headers["x-content-type-options"] == "nosniff"
            assert "server" not in headers
            assert "set-cookie" not in headers


def test_pages_need_nothing_from_elsewhere_and_no_script_but_ours(quick: Visit) -> None:
    for path in ("/", "/feeds/blastomycosis", quick.link(Purpose.PREFERENCES, ADA), quick.link(Purpose.PAUSE, ADA)):
        page = quick.get(path).text
        assert page.count("<script") == page.count('<script src="/') <= 1
        assert page.count("</script>") == page.count("defer></script>")
        assert "<style" not in page
        assert " style=" not in page
        assert page.count("src=") == page.count("<script")
        assert page.count('<link rel="stylesheet"') == 1
        assert '<html lang="en" dir="ltr">' in page
        assert page.count("<h1") == 1
        assert len(page.encode()) < 100_000


def test_head_is_get_without_its_body(quick: Visit) -> None:
    for path in ("/", "/feeds/nope", "/healthz", "/style.css"):
        head, get = quick.client.head(path), quick.get(path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert head.headers["content-length"] == str(len(get.content))


def test_unknown_paths_are_told_so(quick: Visit) -> None:
    for path in ("/nope", "/docs", "/redoc", "/openapi.json", "/..%2f..%2fetc/passwd", "/unsubscribe"):
        answer = quick.get(path)
        assert answer.status_code == 404
        assert "There is no such page" in answer.text


def test_a_method_that_does_not_fit_gets_a_page(quick: Visit) -> None:
    answer = quick.client.post("/")
    assert answer.status_code == 405
    assert "This cannot be done here" in answer.text


def test_the_style_sheet_is_kept_by_browsers(quick: Visit) -> None:
    page = quick.get("/").text
    link = page[page.index("/style.css") :].partition('"')[0]
    answer = quick.get(link)
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert "immutable" not in quick.get("/style.css").headers["cache-control"]
    again = quick.client.get(link, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_robots_are_kept_from_what_links_open(quick: Visit) -> None:
    lines = quick.get("/robots.txt").text.splitlines()
    paths = ("unsubscribe", "preferences", "pause", "confirm", "vote", "digest/")
    assert lines == ["User-agent: *", *(f"Disallow: /{path}" for path in paths)]


def test_the_brand_and_address_are_those_of_the_settings(quick: Visit) -> None:
    page = quick.get("/").text
    assert "<title>New papers by research concept &middot; Sample Digest</title>" in page
    assert "Sample Digest, 1 Road" in page


def test_health_is_good_while_the_database_is(visit: Visit) -> None:
    answer = visit.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_database_that_is_gone_is_said_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    store = open_store(f"sqlite:///{path}")
    fill(store)
    for visit in visiting(store, settings()):
        link = visit.link(Purpose.UNSUBSCRIBE, BEN)
        with sqlite3.connect(path) as connection:
            connection.executescript("drop table alembic_version; pragma foreign_keys = off; drop table concept_feed")
        connection.close()
        answer = visit.get("/healthz")
        assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
        page = visit.get("/")
        assert page.status_code == 503
        assert "retry-after" in page.headers
        assert "Please try again in a few minutes." in page.text
        assert "sqlite" not in page.text
        assert str(tmp_path) not in page.text
        assert visit.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 503
    store.close()


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (UnknownError("feed", "x", ["y"]), 404, "no such page"),
        (WishError("hour", "25", "write 0 to 23"), 400, "Hour: '25'; write 0 to 23."),
        (StoreError("postgresql://db", "gone"), 503, "Not available"),
        (SettingsError(["secret"]), 500, "not your fault"),
        (RuntimeError("secret"), 500, "not your fault"),
    ],
)
def test_errors_have_the_right_status_and_words_for_a_reader(error: Exception, status: int, words: str) -> None:
    problem = problem_of(error)
    assert problem.status == status
    assert words in f"{problem.title} {problem.sentence}"
    assert "secret" not in problem.sentence
    assert "postgresql" not in problem.sentence


def test_own_templates_go_before_and_a_broken_one_breaks_its_page_only(tmp_path: Path) -> None:
    own = tmp_path / "own" / "web"
    own.mkdir(parents=True)
    (own / "home.html").write_text("<p>{{ nothing.here }}</p>")
    store = open_store(f"sqlite:///{tmp_path}/bot.db")
    fill(store)
    for visit in visiting(store, settings(templates=own.parent)):
        page = visit.get("/")
        assert page.status_code == 500
        assert "Something is broken here" in page.text
        assert "undefined" not in page.text
        assert str(tmp_path) not in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert visit.get("/feeds/microbicides").status_code == 200
    (own / "problem.html").write_text("{{ oh")
    for visit in visiting(store, settings(templates=own.parent)):
        page = visit.get("/")
        assert page.status_code == 500
        assert "<h1>Something is broken here</h1>" in page.text
    store.close()


def test_a_mistake_of_ours_is_a_page_with_its_headers_and_is_logged(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/bot.db")
    site = build_site(SiteEdges(store, TOKENS, settings(), present))

    @site.get("/mistake")
    def mistake(request: Request) -> None:
        raise ZeroDivisionError("a detail of ours")

    server = Server(site, "127.0.0.1", 0)
    server.start()
    try:
        with structlog.testing.capture_logs() as logs:
            answer = httpx.get(server.url + "/mistake")
    finally:
        server.stop()
    store.close()
    assert answer.status_code == 500
    assert "a detail" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert [line["problem"] for line in logs if line["event"] == "page failed"] == ["ZeroDivisionError"]


def test_requests_are_logged_without_tokens(quick: Visit) -> None:
    link = quick.link(Purpose.UNSUBSCRIBE, ADA)
    with structlog.testing.capture_logs() as logs:
        quick.get(link)
        quick.get("/feeds/microbicides")
    lines = [line for line in logs if line["event"] == "request"]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("GET", "/unsubscribe…", 200),
        ("GET", "/feeds/microbicides", 200),
    ]
    assert link.rpartition("/")[2] not in repr(logs)


def _small_site(tmp_path: Path) -> tuple[SiteEdges, Settings]:
    told = settings()
    return SiteEdges(open_store(f"sqlite:///{tmp_path}/bot.db"), TOKENS, told, present), told


def test_an_address_in_use_is_one_clear_error(tmp_path: Path) -> None:
    edges, _ = _small_site(tmp_path)
    first = Server(build_site(edges), "127.0.0.1", 0)
    first.start()
    try:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(ServeError, match=rf"page: 127\.0\.0\.1:{port}: address already in use"):
            Server(build_site(edges), "127.0.0.1", port).start()
        with pytest.raises(ServeError):
            Server(build_site(edges), "no.such.host.invalid", 0).start()
    finally:
        first.stop()
        edges.store.close()


def test_stopping_ends_the_thread_and_frees_the_port(tmp_path: Path) -> None:
    edges, _ = _small_site(tmp_path)
    before = {thread for thread in threading.enumerate() if thread.name == "web"}
    for _ in range(2):
        server = Server(build_site(edges), "127.0.0.1", 0)
        server.start()
        with httpx.Client(base_url=server.url) as kept_alive:
            assert kept_alive.get("/healthz").status_code == 200
            server.stop()
            with pytest.raises(httpx.ConnectError):
                httpx.get(server.url + "/healthz")
    server.stop()
    assert {thread for thread in threading.enumerate() if thread.name == "web"} == before
    edges.store.close()
