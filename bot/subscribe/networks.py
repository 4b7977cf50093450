"""From where somebody asks, cut to a network that holds many."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from bot.settings import Network

#: The smallest networks that are announced to the world; one household or office has no more.
_CUTS = {4: 24, 6: 48}
#: The prefix by which a NAT64 writes the addresses of IPv4 (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")


def network_of(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The network that a request comes from, `192.0.2.0/24` or `2001:db8::/48`; empty where it cannot be told.

    Args:
        peer: whoever is connected to us.
        forwarded: the lines of X-Forwarded-For, in their order; each program on the way adds whom it heard from.
        trusted: networks of our own programs on the way, whose word is taken.
    """
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    came_from = _address(peer)
    # From the near end: whatever stands before the first stranger may be the stranger's invention.
    while came_from is not None and hops and any(came_from in network for network in trusted):
        came_from = _address(hops.pop())
    if came_from is None:
        return ""
    return str(ip_network((came_from, _CUTS[came_from.version]), strict=False))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.partition("%")[0].strip("[]"))
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return found.ipv4_mapped
        if found in _NAT64:
            return IPv4Address(int(found) & 0xFFFFFFFF)
    return found
