"""Replies read from whatever pieces they come in."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.deliver.wire import REPLY_LIMIT, ReadLostError, Wire, WriteLostError

CODES = st.integers(200, 599)
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
REPLIES = st.lists(st.tuples(CODES, st.lists(TEXTS, min_size=1, max_size=3)), min_size=1, max_size=5)


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Wire, socket.socket]]:
    """A wire, and the socket at its other end."""
    near, far = socket.socketpair()
    near.setblocking(False)  # noqa: FBT003 (the socket module's own)
    _, wire = await asyncio.get_running_loop().create_connection(Wire, sock=near)
    try:
        yield wire, far
    finally:
        wire.close()
        far.close()


def spoken(code: int, texts: list[str], end: str) -> bytes:
    lines = [f"{code}-{text}" for text in texts[:-1]] + [f"{code} {texts[-1]}"]
    return "".join(line + end for line in lines).encode()


@settings(max_examples=60)
@given(REPLIES, st.sampled_from(["\r\n", "\n"]), st.data())
def test_replies_are_the_same_wherever_they_are_torn(
    replies: list[tuple[int, list[str]]], end: str, data: st.DataObject
) -> None:
    octets = b"".join(spoken(code, texts, end) for code, texts in replies)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(octets) - 1), max_size=8)) if len(octets) > 1 else [])
    pieces = [octets[a:b] for a, b in zip([0, *cuts], [*cuts, len(octets)], strict=True)]

    async def go() -> list[tuple[int, list[str]]]:
        found = []
        async with connected() as (wire, _):
            for piece in pieces:
                wire.data_received(piece)
            assert wire.unasked()
            for _ in replies:
                lines = await wire.read(10)
                found.append((lines[0].code, [line.text for line in lines]))
            assert not wire.unasked()
        return found

    assert asyncio.run(go()) == [(code, [text.strip() for text in texts]) for code, texts in replies]


def test_each_octet_by_itself_over_a_socket() -> None:
    octets = b"250-2.1.0 so\r\n250 2.1.0 ok\r\n354 go on\r\n"

    async def go() -> list[int]:
        async with connected() as (wire, far):

            async def drip() -> None:
                for octet in octets:
                    far.sendall(bytes([octet]))
                    await asyncio.sleep(0)

            dripping = asyncio.create_task(drip())
            found = [(await wire.read(10))[-1].code for _ in range(2)]
            await dripping
            return found

    assert asyncio.run(go()) == [250, 354]


def test_what_was_said_before_hanging_up_is_heard() -> None:
    async def go() -> None:
        async with connected() as (wire, far):
            far.sendall(b"250 ok\r\n421 4.3.2 bye\r\n")
            far.shutdown(socket.SHUT_RDWR)
            assert [(await wire.read(10))[0].code for _ in range(2)] == [250, 421]
            with pytest.raises(ReadLostError, match="hung up"):
                await wire.read(10)
            assert not wire.write(b"MAIL\r\n")

    asyncio.run(go())


@pytest.mark.parametrize(
    "said",
    [b"hello\r\n", b"150 no\r\n", b"600 no\r\n", b"250-a\r\n251 b\r\n", b"25\r\n", b"250x\r\n", b"\r\n", b"\xff\r\n"],
)
def test_what_is_no_reply_ends_it(said: bytes) -> None:
    async def go() -> None:
        async with connected() as (wire, _):
            wire.data_received(said)
            with pytest.raises(ReadLostError, match="no SMTP reply"):
                await wire.read(10)

    asyncio.run(go())


@pytest.mark.parametrize("piece", [b"x" * 4096, b"250-and so on\r\n" * 300])
def test_a_reply_without_an_end_ends_it(piece: bytes) -> None:
    async def go() -> int:
        async with connected() as (wire, _):
            fed = 0
            while not wire.unasked() or not fed or fed <= REPLY_LIMIT:
                wire.data_received(piece)
                fed += len(piece)
            with pytest.raises(ReadLostError, match="no SMTP reply"):
                await wire.read(10)
            return fed

    assert asyncio.run(go()) < REPLY_LIMIT + 2 * len(piece)


def test_a_wait_ends_in_time_and_can_be_given_up() -> None:
    async def go() -> None:
        async with connected() as (wire, _):
            with pytest.raises(ReadLostError, match=r"no reply for 0\.2 s"):
                await wire.read(0.2)
        near, far = socket.socketpair()
        near.setblocking(False)  # noqa: FBT003 (the socket module's own)
        _, wire = await asyncio.get_running_loop().create_connection(lambda: Wire(lambda: True), sock=near)
        with pytest.raises(ReadLostError, match="stopped while waiting for a reply"):
            await wire.read(600)
        wire.close()
        far.close()

    asyncio.run(go())


def test_drained_means_that_all_has_gone() -> None:
    async def go() -> None:
        async with connected() as (wire, far):
            body = b"x" * 4_000_000
            assert wire.write(body)
            with pytest.raises(WriteLostError, match=r"nothing taken for 0\.2 s"):
                await wire.drain(0.2)
        async with connected() as (wire, far):
            assert wire.write(body)
            reading = asyncio.get_running_loop().run_in_executor(None, _read, far, len(body))
            await wire.drain(10)
            assert await reading == len(body)
            far.sendall(b"250 ok\r\n")
            assert (await wire.read(10))[0].code == 250

    asyncio.run(go())


def test_a_write_to_whoever_has_gone_is_surely_lost_or_told_when_it_is_drained() -> None:
    async def go() -> None:
        async with connected() as (wire, far):
            assert wire.write(b"x" * 4_000_000)
            far.close()
            with pytest.raises(WriteLostError):
                await wire.drain(10)
            assert not wire.write(b".\r\n")

    asyncio.run(go())


def _read(far: socket.socket, count: int) -> int:
    found = 0
    while found < count:
        found += len(far.recv(1 << 16))
    return found
