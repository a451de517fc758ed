"""Whose attempts to sign in count together."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.login.desk import client_network


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
    ids=["ipv4", "ipv6", "first_of_a_network", "neighbour", "loopback", "nothing", "no_address"],
)
def test_an_ipv4_address_counts_by_itself_and_an_ipv6_address_by_its_64(address: str, network: str) -> None:
    assert client_network(address) == network


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1).map(lambda network: network << 64))
def test_a_host_leaves_its_network_by_no_address_of_its_own(host: int, network: int) -> None:
    assert client_network(str(IPv6Address(network | host))) == f"{IPv6Address(network)}/64"


@given(st.text())
def test_any_text_counts_without_a_crash(text: str) -> None:
    assert isinstance(client_network(text), str)
