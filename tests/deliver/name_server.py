"""A name server on loopback that knows what a test tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from dns import flags, message, rcode, rdatatype, rrset
from dns.asyncresolver import Resolver


@dataclass
class NameServer:
    """What it knows, and what it was asked."""

    #: By domain, preference and host; None: it fails.
    servers: Mapping[str, Sequence[tuple[int, str]] | None]
    asked: list[str] = field(default_factory=list)
    #: Questions that wait for an answer, now and at the most.
    under_way: int = 0
    most: int = 0
    resolver: Resolver = field(default_factory=lambda: Resolver(configure=False))

    def answer(self, question: bytes) -> bytes:
        """The answer to a query for MX records (RFC 1035, 4)."""
        query = message.from_wire(question)
        name = query.question[0].name
        domain = name.to_text(omit_final_dot=True)
        self.asked.append(domain)
        made = message.make_response(query)
        made.flags |= flags.RA
        if domain not in self.servers:
            made.set_rcode(rcode.NXDOMAIN)
        elif (records := self.servers[domain]) is None:
            made.set_rcode(rcode.SERVFAIL)
        elif records:
            lines = [f"{preference} {host}" for preference, host in records]
            made.answer.append(rrset.from_text_list(name, 300, "IN", rdatatype.MX, lines))
        return made.to_wire()


class _Talk(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        server = self._server
        server.under_way += 1
        server.most = max(server.most, server.under_way)
        asyncio.get_running_loop().call_soon(self._answer, data, addr)

    def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.under_way -= 1
        self._transport.sendto(self._server.answer(data), addr)


@asynccontextmanager
async def name_server(servers: Mapping[str, Sequence[tuple[int, str]] | None]) -> AsyncIterator[NameServer]:
    """A name server at work, with a resolver that asks it alone."""
    server = NameServer(servers)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Talk(server), local_addr=("127.0.0.1", 0))
    server.resolver.nameservers = ["127.0.0.1"]
    server.resolver.port = transport.get_extra_info("sockname")[1]
    try:
        yield server
    finally:
        transport.close()
