"""From where somebody asks: cut, and not what they say of themselves."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import Network
from bot.subscribe.networks import network_of

TRUSTED: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"), ip_network("10.0.0.0/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        ("192.0.2.77", [], "192.0.2.0/24"),
        ("2001:db8:1:2::3", [], "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", [], "192.0.2.0/24"),
        ("64:ff9b::192.0.2.77", [], "192.0.2.0/24"),
        ("fe80::1%eth0", [], "fe80::/48"),
        # What a stranger says of themselves is not believed.
        ("192.0.2.77", ["198.51.100.1"], "192.0.2.0/24"),
        ("127.0.0.1", ["198.51.100.1, 192.0.2.77"], "192.0.2.0/24"),
        ("127.0.0.1", ["198.51.100.1", "192.0.2.77, 10.1.2.3"], "192.0.2.0/24"),
        ("127.0.0.1", ["192.0.2.77, [2001:db8:1:2::3]"], "2001:db8:1::/48"),
        ("127.0.0.1", ["10.1.2.3"], "10.1.2.0/24"),
        ("127.0.0.1", ["nonsense"], ""),
        ("", [], ""),
        ("testclient", [], ""),
    ],
)
def test_the_network_is_that_of_the_nearest_stranger(peer: str, forwarded: list[str], network: str) -> None:
    assert network_of(peer, forwarded, TRUSTED) == network


@given(st.text(max_size=40), st.lists(st.text(max_size=60), max_size=4))
def test_whatever_a_header_says_nothing_breaks(peer: str, forwarded: list[str]) -> None:
    found = network_of(peer, forwarded, TRUSTED)
    assert found == "" or ip_network(found).num_addresses > 1
