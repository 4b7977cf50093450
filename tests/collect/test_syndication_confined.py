"""What feeds must not do to the process: every reading ends, in time and in memory, and the next feed is read."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.collect.sources import confined
from bot.collect.sources.confined import ConfinedParser
from bot.collect.sources.feed_child import LARGEST_ANSWER, MOST_ENTRIES
from bot.errors import FetchError, SourceError
from tests.collect.feeds import json_feed, papers, rss
from tests.collect.services import Service, loopback

ADDRESS = "http://x.example.org/"
MIB = 1 << 20


@pytest.fixture(scope="module")
def parser() -> Iterator[ConfinedParser]:
    running = ConfinedParser()
    yield running
    running.close()


@pytest.fixture
def service() -> Iterator[Service]:
    with loopback() as running:
        yield running


def titles(parser: ConfinedParser, body: str | bytes) -> list[str]:
    body = body.encode() if isinstance(body, str) else body
    return [entry.get("title", "") for entry in parser.read("syndication", body, "", ADDRESS)["entries"]]


def many_attributes(count: int) -> bytes:
    attributes = b" ".join(b"a%d='1'" % n for n in range(count))
    return b"<rss version='2.0'><channel><item " + attributes + b"><title>One</title></item></channel></rss>"


def test_a_feed_that_takes_too_long_is_refused_and_the_next_is_read() -> None:
    impatient = ConfinedParser(seconds=0.5)
    try:
        with pytest.raises(SourceError, match="it takes too long to read"):
            titles(impatient, many_attributes(50_000))
        impatient._seconds = 15
        assert titles(impatient, rss("<title>One</title>")) == ["One"]
    finally:
        impatient.close()


def test_the_processors_time_is_counted_for_each_feed_anew() -> None:
    impatient = ConfinedParser(processor=1)
    try:
        titles(impatient, rss("<title>One</title>"))
        for _ in range(12):
            assert titles(impatient, many_attributes(3_000)) == ["One"]
        (child,) = impatient._children
        started = time.monotonic()
        with pytest.raises(SourceError, match="it takes too long to read"):
            titles(impatient, many_attributes(50_000))
        assert time.monotonic() - started < impatient._seconds
        assert child.returncode == -24
        assert titles(impatient, rss("<title>One</title>")) == ["One"]
    finally:
        impatient.close()


def resident(parser: ConfinedParser) -> int:
    """The most that a child has ever had in memory, in bytes."""
    found = [0]
    for child in parser._children:
        status = Path(f"/proc/{child.pid}/status")
        if not status.exists():
            pytest.skip("no /proc here to look a process's memory up in")
        found += [int(line.split()[1]) << 10 for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return max(found)


@pytest.mark.parametrize(
    "body",
    [
        b"<rss version='2.0'><channel>" + b"<item><title>a</title></item>" * (8 * MIB // 29) + b"</channel></rss>",
        b"<rss version='2.0'><channel><item>" + b"<a>" * MIB + b"</a>" * MIB + b"</item></channel></rss>",
        many_attributes(600_000),
        b'{"version":"https://jsonfeed.org/version/1.1","items":[' + b"[]," * (2 * MIB) + b"[]]}",
        b'{"version":"https://jsonfeed.org/version/1.1","items":' + b"[" * (4 * MIB) + b"]" * (4 * MIB) + b"}",
        b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":' + b"9" * (8 * MIB) + b"}]}",
    ],
    ids=["tiny entries", "nested elements", "attributes", "lists", "nested lists", "a number"],
)
def test_what_wants_all_memory_or_time_gets_little_of_either(body: bytes) -> None:
    parser, most = ConfinedParser(processor=4), [0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            most.append(resident(parser))

    watching = threading.Thread(target=watch)
    started = time.monotonic()
    try:
        titles(parser, rss())
        watching.start()
        with pytest.raises(SourceError, match="feed refused: "):
            titles(parser, body)
        assert titles(parser, rss("<title>One</title>")) == ["One"]
    finally:
        done.set()
        watching.join()
        parser.close()
    assert time.monotonic() - started < 2 * parser._seconds
    assert max(most) < 200 * MIB


def test_more_entries_than_a_feed_has_are_refused(parser: ConfinedParser) -> None:
    with pytest.raises(SourceError, match="more than 10,000 entries"):
        titles(parser, json_feed(*({"id": str(n)} for n in range(MOST_ENTRIES + 1))))
    assert len(titles(parser, json_feed(*({"id": str(n)} for n in range(MOST_ENTRIES))))) == MOST_ENTRIES


def test_text_that_grows_while_it_is_read_is_refused(parser: ConfinedParser) -> None:
    items = ({"id": str(n), "content_text": "&" * 40_000} for n in range(LARGEST_ANSWER // 200_000 + 5))
    with pytest.raises(SourceError, match="more text than a feed has"):
        titles(parser, json_feed(*items))


XML_BOMB = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a0 "lol">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + ']><rss version="2.0"><channel><title>&a11;</title><item><title>&a11;</title></item></channel></rss>'
)


def test_nested_entities_are_refused_unread(parser: ConfinedParser, service: Service) -> None:
    with pytest.raises(SourceError, match="entities from entities"):
        papers(parser, service, XML_BOMB)


@pytest.mark.parametrize(
    "body",
    [
        XML_BOMB,
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "{"x" * MIB}">]><rss version="2.0"><channel><item><title>'
        + "&a;" * MIB
        + "</title></item></channel></rss>",
    ],
)
def test_what_grows_by_its_own_entities_ends_in_the_child(parser: ConfinedParser, body: str) -> None:
    with contextlib.suppress(SourceError):
        assert len("".join(titles(parser, body))) < LARGEST_ANSWER
    assert titles(parser, rss("<title>One</title>")) == ["One"]


def test_external_entities_are_not_loaded(parser: ConfinedParser, service: Service, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sesame")
    body = (
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>'
        '<rss version="2.0"><channel><title>T</title><item><title>A &x; b</title></item></channel></rss>'
    )
    assert "sesame" not in repr(papers(parser, service, body))


def test_a_body_larger_than_a_feed_is_not_read(parser: ConfinedParser, service: Service) -> None:
    with pytest.raises(FetchError, match="answer larger than 8 MiB"):
        papers(parser, service, b"<rss>" + b" " * (9 * MIB))


def test_a_feed_that_takes_too_much_memory_is_refused_and_the_next_is_read() -> None:
    greedy = b"<rss version='2.0'><channel><title>" + b"x" * (7 * MIB) + b"</title></channel></rss>"
    frugal = ConfinedParser(memory=48 * MIB)
    try:
        with pytest.raises(SourceError, match=r"feed refused: (more memory|its reader died|unreadable)"):
            titles(frugal, greedy)
        assert titles(frugal, rss("<title>One</title>")) == ["One"]
    finally:
        frugal.close()


def test_a_child_that_has_gone_is_replaced(parser: ConfinedParser) -> None:
    titles(parser, rss())
    child = parser._idle[-1]
    child.kill()
    child.wait()
    assert titles(parser, rss("<title>One</title>")) == ["One"]
    assert child not in parser._children


def test_a_child_that_idles_away_under_the_question_is_replaced(
    parser: ConfinedParser, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = confined._conversed
    answers: list[int] = []

    def ends_first(child: confined._Child, frames: tuple[bytes, bytes]) -> dict[str, object]:
        if not answers and child.stdin is not None:
            child.stdin.close()
            answers.append(child.wait(5))
            raise BrokenPipeError
        return said(child, frames)

    monkeypatch.setattr(confined, "_conversed", ends_first)
    assert titles(parser, rss("<title>One</title>")) == ["One"]
    assert answers == [0]


def test_several_feeds_are_read_at_once_and_never_more_than_there_are_children() -> None:
    parser = ConfinedParser(children=2)
    bodies = [rss(f"<title>Paper {n}</title>") for n in range(40)]
    try:
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(lambda body: titles(parser, body), bodies))
        assert found == [[f"Paper {n}"] for n in range(40)]
        assert 1 <= len(parser._children) <= 2
    finally:
        parser.close()
    assert not parser._children


def test_one_bad_feed_does_not_stop_the_one_beside_it() -> None:
    parser = ConfinedParser(seconds=1.0)
    try:
        with ThreadPoolExecutor(2) as threads:
            bad = threads.submit(titles, parser, many_attributes(50_000))
            for _ in range(10):
                assert titles(parser, rss("<title>One</title>")) == ["One"]
            with pytest.raises(SourceError, match="too long"):
                bad.result()
    finally:
        parser.close()


def test_a_reading_that_nobody_wants_any_more_ends_at_once() -> None:
    parser = ConfinedParser()

    async def give_up() -> float:
        titles(parser, rss())
        asked = asyncio.ensure_future(parser.reading(lambda: titles(parser, many_attributes(50_000))))
        while not parser._busy:
            await asyncio.sleep(0)
        started = time.monotonic()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        parser.close()
        return time.monotonic() - started

    assert asyncio.run(give_up()) < 5


def test_the_child_knows_no_secrets(parser: ConfinedParser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_SECRET_KEY", "sesame")
    parser.close()
    titles(parser, rss())
    surroundings = Path(f"/proc/{parser._children[0].pid}/environ")
    if not surroundings.exists():
        pytest.skip("no /proc here to look a process's surroundings up in")
    assert b"sesame" not in surroundings.read_bytes()
