"""Addresses that are refused, however they are spelt, at the moment of connecting."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from bot.collect.guard import is_public, may_be_private
from bot.errors import FetchError
from tests.collect.services import Answer, Service, always, fetcher, loopback


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
        "::127.0.0.1",
    ],
)  # fmt: skip
def test_refused(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "130.14.29.110", "2607:f220:41e:4290::110", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_allowed(address: str) -> None:
    assert is_public(ip_address(address))


def test_an_admin_may_allow_private_addresses_but_never_a_link_s_own() -> None:
    for address in ("127.0.0.1", "10.1.2.3", "192.168.1.1", "::1", "fc00::1", "1.1.1.1"):
        assert may_be_private(ip_address(address)), address
    for address in (
        "169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fe80::1", "fd00:ec2::254", "0.0.0.0",
        "::", "224.0.0.1",
    ):  # fmt: skip
        assert not may_be_private(ip_address(address)), address


@pytest.fixture
def service() -> Iterator[Service]:
    with loopback() as running:
        running.rules["/x"] = always(Answer(body=b"secret"))
        yield running


def refusal(url: str) -> str:
    async def ask() -> None:
        async with fetcher(allow_private=False) as fetch:
            await fetch.get(url)

    with pytest.raises(FetchError) as caught:
        asyncio.run(ask())
    return caught.value.problem


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", "[::1]", "0"]
)
def test_odd_spellings_of_loopback(service: Service, host: str) -> None:
    problem = refusal(f"http://{host}:{service.port}/x")
    assert "address refused" in problem
    assert "BOT_FETCH_ALLOW_PRIVATE" in problem
    assert not service.asked


def test_a_name_that_changes_its_address_is_caught_when_connecting(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The outside world's name service: public at first, then loopback; only what is connected to counts.
    answers = [["8.8.8.8"], ["127.0.0.1"]]

    def look_up(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    socket.getaddrinfo("rebinding.example.org", 80)
    assert "127.0.0.1 of rebinding.example.org" in refusal(f"http://rebinding.example.org:{service.port}/x")
    answers[:] = [["8.8.8.8", "127.0.0.1"]]
    assert "address refused" in refusal(f"http://mixed.example.org:{service.port}/x")
    assert not service.asked


def test_a_redirect_to_the_inside_is_refused(service: Service) -> None:
    service.rules["/go"] = always(Answer(302, headers={"Location": "http://169.254.169.254/latest/meta-data/"}))

    async def ask() -> None:
        # Only the service itself is let through, as an admin's public host would be.
        async with fetcher(allow_private=False) as fetch:
            await fetch.get(f"http://open.example.org:{service.port}/go")

    patched = pytest.MonkeyPatch()
    real = socket.getaddrinfo
    with patched.context() as patch:
        patch.setattr("bot.collect.guard.is_public", lambda address: str(address) == "127.0.0.1")
        patch.setattr(
            socket, "getaddrinfo", lambda host, *a, **o: real("127.0.0.1" if "open" in host else host, *a, **o)
        )
        with pytest.raises(FetchError, match=r"address refused: 169\.254\.169\.254 is not public"):
            asyncio.run(ask())
    assert len(service.asked) == 1


def test_an_allowed_private_service_leads_no_further_than_it_may(service: Service) -> None:
    service.rules["/go"] = always(Answer(302, headers={"Location": "http://169.254.169.254/latest/meta-data/"}))

    async def ask() -> None:
        async with fetcher(allow_private=True) as fetch:
            await fetch.get(f"{service.url}/go")

    with pytest.raises(FetchError, match=r"169\.254\.169\.254 is not public; no source lies there"):
        asyncio.run(ask())


def test_unknown_names() -> None:
    assert refusal("http://no-such-host.invalid/x").startswith(("no such host", "name cannot be looked up"))
