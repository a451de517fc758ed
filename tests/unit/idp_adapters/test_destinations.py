"""Where a provider's URLs may lead."""

import ipaddress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from idp_adapters.destinations import Destinations, UrlError, is_localhost_name
from idp_adapters.transport import _JudgingResolver

PUBLIC = Destinations()
OWN = Destinations.of("http://id.localhost:4190/realm", allow_private_network=True)

PRIVATE_NETWORKS = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4"),
    *("192.0.0.0/24", "192.0.0.192/32", "192.88.99.0/24", "168.63.129.16/32"),
    *("198.51.100.0/24", "203.0.113.0/24", "255.255.255.255/32", "100.100.100.200/32"),
    *("::/128", "::1/128", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2001:db8::/32"),
    *("::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "3fff::/20", "5f00::/16"),
]
IANA_WITHOUT_A_NETWORK = ["4000::1", "0:0:1::1", "e000::1"]
"""Addresses that are nobody's, of no registered network (RFC 4291 §2.4)."""
PRIVATE = st.sampled_from(PRIVATE_NETWORKS).flatmap(lambda network: st.ip_addresses(network=network))


@given(PRIVATE)
def test_f1_no_private_address_is_admitted(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert not PUBLIC.admits("public.example", address)
    assert not OWN.admits("public.example", address)
    assert OWN.admits("id.localhost", address)


@given(PRIVATE.filter(lambda address: address.version == 4))
def test_f1_no_private_address_is_admitted_inside_another(address: ipaddress.IPv4Address) -> None:
    inner = int(address)
    for number in (
        int(ipaddress.IPv6Address("::ffff:0:0")) | inner,
        int(ipaddress.IPv6Address("64:ff9b::")) | inner,
        int(ipaddress.IPv6Address("2002::")) | inner << 80,
        int(ipaddress.IPv6Address("2001::")) | inner ^ 0xFFFFFFFF,
    ):
        assert not PUBLIC.admits("public.example", ipaddress.IPv6Address(number))


@pytest.mark.parametrize("network", PRIVATE_NETWORKS)
def test_f1_the_first_and_the_last_address_of_no_private_network_are_admitted(network: str) -> None:
    whole = ipaddress.ip_network(network)
    assert not PUBLIC.admits("public.example", whole[0])
    assert not PUBLIC.admits("public.example", whole[-1])


@pytest.mark.parametrize("address", IANA_WITHOUT_A_NETWORK)
def test_f1_a_reserved_address_is_not_admitted(address: str) -> None:
    assert not PUBLIC.admits("public.example", ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "168.63.129.17", "2001:200::1"],
)
def test_a_public_address_is_admitted(address: str) -> None:
    assert PUBLIC.admits("public.example", ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://public.example",
        "https://public.example:8443/a/b?c=d%20e",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "HTTPS://Public.Example/",
    ],
)
def test_https_to_public_names_and_addresses_passes(url: str) -> None:
    PUBLIC.check_url(url)
    OWN.check_url(url)


REFUSED = [
    "http://public.example/",
    "file:///etc/passwd",
    "gopher://public.example/",
    "javascript:alert(1)",
    "public.example",
    "",
    "https://",
    "https://user@public.example/",
    "https://user:password@public.example/",
    "https://@public.example/",
    "https://public.example/#fragment",
    "https://public.example/#",
    "https://public.example\\@evil.example/",
    "https://public.example:port/",
    "https://public.example:99999/",
    "https://[::1",
    "https://[fe80::1%25eth0]/",
    "https://%31%30.0.0.1/",
    "https://bücher.example/",
    "https://a..example/",
    "https://.example/",
    "https://" + "a" * 64 + ".example/",
    "https://../",
    "https://public.example/ a",
    "https://public.example/\n",
    "https://public.example/" + "a" * 2000,
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000002/",
    "https://0177.0.0.2/",
    "https://public.example.0x/",
    "https://8.8.8.8./",
    "https://10.0.0.1/",
    "https://127.0.0.1/",
    "https://[::ffff:127.0.0.1]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://168.63.129.16/",
    "https://192.0.0.192/",
    "https://[3fff::1]/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://app.localhost/",
    "https://public.example:0/",
    "https://public.example:00/",
    "https://[2606:4700::1111]:0/",
    "https://[::1].public.example/",
    "https://[2606:4700::1111].public.example/",
    "https://[2606:4700::1111]public.example/",
    "https://public.example[2606:4700::1111]/",
    "https://[8.8.8.8]/",
    "https://[:::]/",
    "https://[v1.a]/",
    "https://::1/",
]


@pytest.mark.parametrize("url", REFUSED)
def test_f1_any_other_url_is_refused(url: str) -> None:
    for destinations in (PUBLIC, OWN):
        with pytest.raises(UrlError):
            destinations.check_url(url)


@pytest.mark.parametrize(
    "url", ["http://id.localhost:4190/token", "https://ID.localhost/", "http://id.localhost:80/"]
)
def test_the_permission_covers_the_issuer_s_host(url: str) -> None:
    OWN.check_url(url)


@pytest.mark.parametrize(
    "url", ["http://other.localhost:4190/", "http://127.0.0.1:4190/", "http://id.localhost.evil/"]
)
def test_the_permission_covers_no_other_host(url: str) -> None:
    with pytest.raises(UrlError):
        OWN.check_url(url)


@pytest.mark.parametrize("host", ["[::1].example.com", "[::1]x", "x[::1]", "[:::]", "[127.0.0.1]"])
def test_the_permission_is_given_to_no_host_that_is_none(host: str) -> None:
    with pytest.raises(UrlError):
        Destinations.of(f"http://{host}/", allow_private_network=True)


@given(st.text())
def test_any_text_is_judged_without_a_crash(url: str) -> None:
    for text in (url, f"https://{url}", f"https://public.example/{url}"):
        try:
            PUBLIC.check_url(text)
        except UrlError:
            continue
        assert text.isascii()
        assert (URL(text, encoded=True).host or "").lower() == urlsplit(text).hostname
        assert text.lower().startswith("https://")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "app.localhost", "a.b.Localhost."])
def test_localhost_names(host: str) -> None:
    assert is_localhost_name(host)


@pytest.mark.parametrize("host", ["", "localhost.example", "notlocalhost", "127.0.0.1", "localhost.."])
def test_other_names(host: str) -> None:
    assert not is_localhost_name(host)


async def test_f1_of_several_addresses_only_the_public_ones_are_left_to_connect_to() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1", "8.8.8.8", "fd00::1", "2606:4700::1111"]

    found = await _JudgingResolver(PUBLIC, resolve).resolve("public.example", 443)
    assert [entry["host"] for entry in found] == ["8.8.8.8", "2606:4700::1111"]


async def test_f1_a_name_whose_addresses_are_all_private_is_refused() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1", "10.0.0.1"]

    with pytest.raises(UrlError):
        await _JudgingResolver(PUBLIC, resolve).resolve("public.example", 443)
