"""Connections to public addresses only: what is checked is the address connected to, so that no name can lie."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpcore
import httpx

Address = IPv4Address | IPv6Address

#: Addresses of IPv6 that stand for one of IPv4 in their last 32 bits: NAT64 (RFC 6052, RFC 8215) and the
#: IPv4-compatible ones (RFC 4291, section 2.5.5.1).
_TRANSLATED = tuple(ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96"))

#: Where a cloud's machines find their credentials, over IPv6.
_METADATA = frozenset({ip_address("fd00:ec2::254")})

#: How many of a name's addresses are tried in turn.
_ADDRESSES = 4


class ForbiddenAddressError(Exception):
    """An address that must not be connected to; raised on the way to it, shown as a `FetchError`."""

    def __init__(self, host: str, address: str, *, forever: bool) -> None:
        self.host, self.address = host, address
        name = address if host == address else f"{address} of {host}"
        mend = "no source lies there" if forever else "BOT_FETCH_ALLOW_PRIVATE=true allows it"
        super().__init__(f"address refused: {name} is not public; {mend}")


def is_public(address: Address) -> bool:
    """Whether anybody on the Internet would reach the same machine at `address`."""
    return all(inner.is_global and not inner.is_multicast for inner in _meant(address))


def may_be_private(address: Address) -> bool:
    """Whether an admin may have a source at `address`: this machine and its own network, never a link's own.

    Link-local addresses (RFC 3927) are where machines in a cloud find their credentials.
    """
    return not any(
        inner.is_link_local or inner.is_multicast or inner.is_unspecified or inner in _METADATA
        for inner in _meant(address)
    )


def _meant(address: Address) -> tuple[Address, ...]:
    """The address and those that it carries inside: mapped, 6to4, Teredo, translated."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    inside: list[Address] = [address]
    if address.sixtofour:
        inside.append(address.sixtofour)
    if address.teredo:
        inside += address.teredo
    if any(address in net for net in _TRANSLATED):
        inside.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(inside)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves a name, checks its addresses, and connects to one that was checked."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A stream to `host`, at an address that may be connected to.

        Raises:
            ForbiddenAddressError: where one of the name's addresses is not public: a name that mixes them is up to
                no good.
            httpcore.ConnectError: where none of them answers.
        """
        addresses = await self._resolve(host, port)
        allowed = may_be_private if self._allow_private else is_public
        for address in addresses:
            if not allowed(ip_address(address)):
                raise ForbiddenAddressError(host, address, forever=self._allow_private)
        problem: Exception = httpcore.ConnectError("no address")
        for address in addresses[:_ADDRESSES]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
        raise problem

    async def _resolve(self, host: str, port: int) -> list[str]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(place[0]) for *_, place in found))

    async def sleep(self, seconds: float) -> None:
        """Waits; httpcore asks for it between its own tries, of which there are none here."""
        await asyncio.sleep(seconds)


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._answer.aiter_stream():
            yield piece

    async def aclose(self) -> None:
        await self._answer.aclose()


@cache
def _trust() -> ssl.SSLContext:
    # Reading the certificates takes longer than many a request.
    return httpx.create_ssl_context(trust_env=False)


class GuardedTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 through a `GuardedBackend`; errors are httpcore's own."""

    def __init__(self, *, allow_private: bool, connections: int = 64) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_trust(),
            max_connections=connections,
            keepalive_expiry=5.0,
            network_backend=GuardedBackend(allow_private=allow_private),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer to `request`, its body still to be read."""
        answer = await self._pool.handle_async_request(
            httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=await request.aread(),
                extensions=request.extensions,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._pool.aclose()
