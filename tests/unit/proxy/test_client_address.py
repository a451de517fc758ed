"""The client's address: right to left through the proxies that are trusted, and no further."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.context import TrustedProxies, client_address, keep_for, kept_network, plain_address

TRUSTED = ("10.0.0.0/8", "127.0.0.1", "fd00::/8")


def seen(peer: str, *forwarded_for: bytes, trusted: tuple[str, ...] = TRUSTED) -> str:
    return client_address(peer, TrustedProxies(trusted), forwarded_for)


def test_by_default_nobody_is_trusted_and_the_socket_counts() -> None:
    assert seen("10.0.0.1", b"203.0.113.9", trusted=()) == "10.0.0.1"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.1", [b"127.0.0.1"], "203.0.113.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [b"203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", [b"198.51.100.7, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", [b"198.51.100.7", b"203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", [b"198.51.100.7, 203.0.113.9, 10.1.1.1 ,10.2.2.2"], "203.0.113.9"),
        ("10.0.0.1", [b"10.3.3.3, 10.2.2.2"], "10.3.3.3"),
        ("10.0.0.1", [b"203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.1", [b"[2001:db8::9]:4711"], "2001:db8::9"),
        ("10.0.0.1", [b"[2001:db8::9]"], "2001:db8::9"),
        ("10.0.0.1", [b"2001:DB8:0:0::9"], "2001:db8::9"),
        ("10.0.0.1", [b"fe80::1%eth0"], "fe80::1"),
        ("10.0.0.1", [b"::ffff:203.0.113.9"], "203.0.113.9"),
        ("::ffff:10.0.0.1", [b"203.0.113.9"], "203.0.113.9"),
        ("fd00::1", [b"2001:db8::9"], "2001:db8::9"),
        ("fe80::1%eth0", [b"203.0.113.9"], "fe80::1"),
    ],
)
def test_the_right_most_address_that_is_not_a_trusted_proxys_counts(
    peer: str, forwarded: list[bytes], address: str
) -> None:
    assert seen(peer, *forwarded) == address


@pytest.mark.parametrize(
    "garbage",
    [
        b"unknown",
        b"_hidden",
        b"",
        b" ",
        b"1.2.3",
        b"1.2.3.4.5",
        b"1.2.3.4:x",
        b"01.2.3.4",
        b"[::1",
        b"[::1]x80",
        b"::1::2",
        b"1.2.3.4/8",
        b"\xff\xfe",
        b"999.1.1.1",
        b"1.2.3.4\x00",
        b"for=1.2.3.4",
    ],
)
def test_where_the_entry_found_is_no_address_the_last_trusted_peer_counts(garbage: bytes) -> None:
    assert seen("10.0.0.1", b"203.0.113.9, " + garbage) == "10.0.0.1"
    assert seen("10.0.0.1", b"203.0.113.9, " + garbage + b", 10.9.9.9") == "10.9.9.9"


entries = st.one_of(
    st.binary(max_size=20),
    st.ip_addresses().map(lambda address: str(address).encode()),
    st.sampled_from([b"10.1.1.1", b"127.0.0.1", b"[::1]:80"]),
)


@given(st.lists(st.lists(entries, max_size=4).map(b",".join), max_size=4), st.ip_addresses().map(str))
def test_whatever_is_sent_the_result_is_an_address(forwarded: list[bytes], peer: str) -> None:
    address = client_address(peer, TrustedProxies(TRUSTED), forwarded)

    assert plain_address(str(ipaddress.ip_address(address))) == address


@given(st.lists(entries, max_size=4).map(b",".join), st.ip_addresses(v=4).map(str))
def test_an_untrusted_peer_cannot_say_anything(forwarded: bytes, peer: str) -> None:
    assert client_address(peer, TrustedProxies(()), [forwarded]) == peer


# What is kept of it


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("192.0.2.77", "192.0.2.0"),
        ("192.0.2.0", "192.0.2.0"),
        ("255.255.255.255", "255.255.255.0"),
        ("127.0.0.1", "127.0.0.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("2001:DB8:0001::1", "2001:db8:1::"),
        ("::1", "::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:192.0.2.77", "192.0.2.0"),
        ("[2001:db8:1::77]:4711", "2001:db8:1::"),
        ("2002:c000:24d::1", "2002:c000:200::"),
        ("64:ff9b::192.0.2.77", "64:ff9b::"),
        ("2001:0:192:2:0:0:3fff:fdd2", "2001:0:192::"),
        ("", ""),
        ("/run/client.sock", ""),
        ("192.0.2.77 ", ""),
        ("999.0.0.1", ""),
    ],
    ids=[
        *("v4", "v4 network", "v4 last", "v4 loopback", "v6", "v6 spelled", "v6 loopback", "v6 zone"),
        *("mapped", "with port", "6to4", "nat64", "teredo", "nothing", "path", "blank", "no address"),
    ],
)
def test_of_an_address_its_network_is_kept(address: str, kept: str) -> None:
    assert keep_for("truncated")(address) == kept


networks = st.ip_addresses(v=4).map(lambda address: ipaddress.ip_network((address, 24), strict=False)) | (
    st.ip_addresses(v=6, network="2400::/12").map(
        lambda address: ipaddress.ip_network((address, 48), strict=False)
    )
)


@given(networks, st.data())
def test_all_addresses_of_a_network_are_kept_as_one(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network, data: st.DataObject
) -> None:
    address = data.draw(st.ip_addresses(network=network))

    assert kept_network(str(address)) == str(network.network_address)


@given(st.text(max_size=60))
def test_what_is_kept_is_an_address_or_nothing_whatever_comes(text: str) -> None:
    kept = kept_network(text)

    assert kept == "" or str(ipaddress.ip_address(kept)) == kept


@given(st.text(max_size=60))
def test_without_the_setting_an_address_is_kept_as_it_is(text: str) -> None:
    assert keep_for("full")(text) == text
