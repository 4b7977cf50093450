"""Fetching against a real service that misbehaves: each request ends, in time and in memory, with an honest word."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import time as real_time
import zlib
from collections.abc import Iterator
from threading import Thread

import pytest

from bot.collect.answer import Fetched, shown
from bot.collect.budget import HostBudget, Pace
from bot.collect.fetch import Fetcher, Limits
from bot.errors import FetchError
from tests.collect.services import Answer, Service, Time, always, fetcher, in_turn, loopback

OK = Answer(body=b"<ok/>")
BUSY = Answer(503, b"busy", headers={"Retry-After": "1"})


@pytest.fixture
def service() -> Iterator[Service]:
    with loopback() as running:
        yield running


def got(fetch: Fetcher, url: str, **options: object) -> Fetched:
    async def ask() -> Fetched:
        async with fetch as opened:
            return await opened.get(url, **options)  # type: ignore[arg-type]  # options are get's own

    return asyncio.run(ask())


def refused(fetch: Fetcher, url: str, **options: object) -> str:
    with pytest.raises(FetchError) as caught:
        got(fetch, url, **options)
    assert "\n" not in str(caught.value)
    return caught.value.problem


def test_a_whole_answer(service: Service) -> None:
    service.rules["/x"] = always(Answer(body=b"<ok/>", kind="text/xml; charset=UTF-8", headers={"ETag": '"1"'}))
    answer = got(fetcher(), service.url + "/x?a=1", params={"b": "ä 2"})
    assert (answer.status, answer.body, answer.content_type) == (200, b"<ok/>", "text/xml; charset=UTF-8")
    assert answer.headers["etag"] == '"1"'
    assert service.asked[0].fields == {"a": "1", "b": "ä 2"}
    assert service.asked[0].headers["user-agent"].endswith("(mailto:admin@papers.example.org)")


def test_a_form_is_posted(service: Service) -> None:
    service.rules["/x"] = always(OK)

    async def ask() -> Fetched:
        async with fetcher() as fetch:
            return await fetch.post(service.url + "/x", {"term": "a&b"})

    assert asyncio.run(ask()).body == b"<ok/>"
    assert (service.asked[0].method, service.asked[0].fields) == ("POST", {"term": "a&b"})
    assert service.asked[0].target == "/x"


def test_proxies_of_the_environment_are_not_used(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    service.rules["/x"] = always(OK)
    assert got(fetcher(), service.url + "/x").body == b"<ok/>"


def test_not_modified_is_an_answer_to_a_conditional_request_alone(service: Service) -> None:
    service.rules["/x"] = always(Answer(304))
    assert got(fetcher(), service.url + "/x", headers={"If-None-Match": '"1"'}).status == 304
    assert refused(fetcher(), service.url + "/x") == "http 304"


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(500),
        BUSY,
        Answer(429),
        Answer(dropped=True),
        Answer(body=b"<half", promised=100),
        Answer(body=gzip.compress(b"<ok/>")[:-9], headers={"Content-Encoding": "gzip"}),
        Answer(body=b"not gzip at all", headers={"Content-Encoding": "gzip"}),
    ],
    ids=["500", "503", "429", "drop", "truncated", "truncated gzip", "broken gzip"],
)
def test_passing_trouble_is_tried_again_and_lasting_trouble_told(service: Service, trouble: Answer) -> None:
    service.rules["/passing"] = in_turn(trouble, trouble, OK)
    service.rules["/lasting"] = always(trouble)
    assert got(fetcher(), service.url + "/passing").body == b"<ok/>"
    assert "(4 tries)" in refused(fetcher(), service.url + "/lasting")
    assert len(service.asked) == 3 + 4


def test_back_off_doubles_and_listens_to_retry_after(service: Service) -> None:
    time = Time()
    service.rules["/x"] = always(Answer(500))
    refused(fetcher(time), service.url + "/x")
    assert time.slept == [1.0, 2.0, 4.0]
    time = Time()
    service.rules["/x"] = in_turn(Answer(429, headers={"Retry-After": "9"}), OK)
    assert got(fetcher(time), service.url + "/x").body == b"<ok/>"
    assert sum(time.slept) == 9.0


def test_retry_after_as_a_date_counts_from_the_answers_own(service: Service) -> None:
    # The service's Date is the real one, long after this.
    service.rules["/x"] = in_turn(Answer(503, headers={"Retry-After": "Mon, 01 Jan 2001 00:00:00 GMT"}), OK)
    time = Time()
    assert got(fetcher(time), service.url + "/x").body == b"<ok/>"
    assert time.slept == [1.0]


def test_a_service_that_asks_for_an_hour_gets_it(service: Service) -> None:
    time = Time()
    service.rules["/x"] = always(Answer(503, headers={"Retry-After": "3600"}))
    fetch = fetcher(time)
    assert refused(fetch, service.url + "/x") == "http 503; asks to wait 3600 s"
    assert "wants to be left alone" in refused(fetch, service.url + "/x")
    assert len(service.asked) == 1
    time.now += 3600
    refused(fetch, service.url + "/x")
    assert len(service.asked) == 2


def test_lasting_refusals_are_not_asked_again(service: Service) -> None:
    for status in (400, 401, 403, 404, 410, 501):
        service.rules["/x"] = always(Answer(status))
        assert refused(fetcher(), service.url + "/x") == f"http {status}"
    assert len(service.asked) == 6


def test_an_answer_that_the_caller_finds_wanting_is_asked_for_again(service: Service) -> None:
    service.rules["/x"] = in_turn(Answer(body=b"<html>"), OK)
    check = lambda answer: "a web page" if b"html" in answer.body else ""  # noqa: E731 (a rule in one line)
    assert got(fetcher(), service.url + "/x", check=check).body == b"<ok/>"
    service.rules["/x"] = always(Answer(body=b"<html>"))
    assert refused(fetcher(), service.url + "/x", check=check) == "a web page (4 tries)"


def test_nobody_there() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert "cannot connect" in refused(fetcher(), f"http://127.0.0.1:{nobody.getsockname()[1]}/x")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://example.org/",
        "file:///etc/passwd",
        "http://",
        "http:///x",
        "http://[::1",
        "http://a:b/",
        "javascript:1",
    ],
)
def test_what_is_no_web_address(url: str) -> None:
    assert "not a web address" in refused(fetcher(), url)


@pytest.fixture
def slow() -> Iterator[str]:
    """A service that sends its head, then a byte now and then."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(10)

        def drip() -> None:
            peer, _ = door.accept()
            with peer:
                peer.recv(65536)
                try:
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                    while True:
                        peer.sendall(b"x")
                        real_time.sleep(0.02)
                except OSError:
                    return

        thread = Thread(target=drip)
        thread.start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}/"
        thread.join()


def test_a_slow_drip_ends_with_the_deadline(slow: str) -> None:
    started = real_time.monotonic()
    fetch = fetcher(limits=Limits(total=0.3))
    assert refused(fetch, slow) == "no whole answer within 0.3 s"
    assert real_time.monotonic() - started < 5


def test_silence_ends_with_the_read_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        url = f"http://127.0.0.1:{door.getsockname()[1]}/"
        assert refused(fetcher(limits=Limits(read=0.05, tries=2)), url) == "no answer in time (2 tries)"


def test_gzip_is_unpacked(service: Service) -> None:
    text = b"<ok>" + b"0123456789" * 200_000 + b"</ok>"
    zipped = {"Content-Encoding": "gzip"}
    service.rules["/x"] = always(Answer(body=gzip.compress(text), headers=zipped))
    assert got(fetcher(), service.url + "/x").body == text
    service.rules["/x"] = always(Answer(body=gzip.compress(b"<a>") + gzip.compress(b"</a>"), headers=zipped))
    assert got(fetcher(), service.url + "/x").body == b"<a></a>"
    assert service.asked[0].headers["accept-encoding"] == "gzip"


def test_a_gzip_bomb_is_refused_where_it_grows(service: Service) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b"\0" * (1 << 20)) for _ in range(200)) + packer.flush()
    assert len(bomb) < 300_000
    service.rules["/x"] = always(Answer(body=bomb, headers={"Content-Encoding": "gzip"}))
    assert refused(fetcher(limits=Limits(size=1 << 20)), service.url + "/x") == "answer larger than 1 MiB"
    assert len(service.asked) == 1


def test_a_large_body_is_refused_by_its_promise_or_by_its_bytes(service: Service) -> None:
    service.rules["/promised"] = always(Answer(body=b"x", promised=512 << 20))
    assert refused(fetcher(), service.url + "/promised") == "answer larger than 32 MiB"
    service.rules["/sent"] = always(Answer(body=b"x" * 2000))
    assert "answer larger" in refused(fetcher(limits=Limits(size=1999)), service.url + "/sent")
    assert len(got(fetcher(limits=Limits(size=2000)), service.url + "/sent").body) == 2000


def test_another_coding_than_asked_for_is_refused(service: Service) -> None:
    service.rules["/x"] = always(Answer(body=b"??", headers={"Content-Encoding": "br"}))
    assert refused(fetcher(), service.url + "/x") == "content coding that was not asked for: br"


def to(location: str, status: int = 302) -> Answer:
    return Answer(status, headers={"Location": location})


def test_redirects_are_followed_and_end(service: Service) -> None:
    service.rules["/a"] = always(to("/b?x=1"))
    service.rules["/b"] = always(to(service.url + "/c", 301))
    service.rules["/c"] = always(OK)
    assert got(fetcher(), service.url + "/a").url == service.url + "/c"
    service.rules["/loop"] = always(to("/loop"))
    assert refused(fetcher(), service.url + "/loop") == "more than 6 redirects"
    assert len(service.asked) == 3 + 7


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        ("file:///etc/passwd", "redirect refused: file:/etc/passwd"),
        ("javascript:alert(1)", "redirect to what is none"),
        ("http://[::1", "redirect to what is none"),
        ("ftp://papers.example.org/", "redirect refused"),
    ],
)
def test_redirects_out_of_the_web_are_refused(service: Service, location: str, problem: str) -> None:
    service.rules["/a"] = always(to(location))
    assert problem in refused(fetcher(), service.url + "/a")


def test_a_form_goes_on_only_within_its_host(service: Service) -> None:
    async def post(path: str) -> Fetched:
        async with fetcher() as fetch:
            return await fetch.post(service.url + path, {"api_key": "sesame"})

    service.rules["/same"] = always(to("/end", 307))
    service.rules["/end"] = always(OK)
    asyncio.run(post("/same"))
    assert service.asked[-1].fields == {"api_key": "sesame"}
    service.rules["/see"] = always(to("/end", 303))
    asyncio.run(post("/see"))
    assert (service.asked[-1].method, service.asked[-1].fields) == ("GET", {})
    service.rules["/away"] = always(to(service.url.replace("127.0.0.1", "localhost") + "/end", 308))
    with pytest.raises(FetchError, match="a form would go to localhost"):
        asyncio.run(post("/away"))


def test_secrets_stay_out_of_errors_and_logs(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = service.url.replace("//", "//me:sesame@") + "/private/feed?token=sesame#sesame"
    service.rules["/private/feed"] = in_turn(OK, Answer(500))
    assert "sesame" not in got(fetcher(), url).url.partition("?")[0]
    assert service.asked[0].headers["authorization"].startswith("Basic ")
    with pytest.raises(FetchError) as caught:
        got(fetcher(), url, params={"api_key": "sesame"})
    assert "sesame" not in str(caught.value) + repr(caught.value) + caplog.text
    assert caught.value.url == service.url + "/private/feed"


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("https://u:p@host.example.org:8443/a/b?c=d#e", "https://host.example.org:8443/a/b"),
        ("http://[broken?key=1", "http://[broken"),
        ("me:sesame@[broken?key=1", "me:[broken"),
    ],
)
def test_shown(url: str, seen: str) -> None:
    assert shown(url) == seen


def test_a_host_is_asked_no_more_often_than_it_wants(service: Service) -> None:
    service.rules["/x"] = always(OK)
    time = Time()
    fetch = fetcher(time)
    fetch.budget = HostBudget({"pubmed": service.url}, {"pubmed": Pace("ncbi.nlm.nih.gov", 0.5)})

    async def ask() -> None:
        async with fetch as opened:
            for _ in range(3):
                await opened.get(service.url + "/x")

    asyncio.run(ask())
    assert sum(time.slept) == pytest.approx(1.0, abs=0.01)


def test_it_must_be_opened(service: Service) -> None:
    with pytest.raises(RuntimeError, match="async with"):
        asyncio.run(fetcher().get(service.url + "/x"))


def test_a_port_that_there_is_not_is_refused(service: Service) -> None:
    service.rules["/x"] = always(to("http://127.0.0.1:999999/"))
    assert refused(fetcher(), service.url + "/x").startswith("not a web address")
