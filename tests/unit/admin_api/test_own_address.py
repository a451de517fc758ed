"""Which requests come to, and from, the dashboard's own address."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from admin_api.own_address import OwnAddress


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("http://127.0.0.1:4040", ["127.0.0.1:4040"]),
        ("https://admin.example.com", ["admin.example.com", "ADMIN.example.com", "admin.example.com:443"]),
        ("http://admin.example.com", ["admin.example.com", "admin.example.com:80"]),
        ("https://admin.example.com:8443", ["admin.example.com:8443"]),
        ("http://[::1]:4040", ["[::1]:4040"]),
    ],
)
def test_a_host_is_ours_by_name_and_port(url: str, hosts: list[str]) -> None:
    assert all(OwnAddress(url).is_host([host]) for host in hosts)
    assert OwnAddress(url).secure is url.startswith("https")


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [""],
        ["127.0.0.1"],
        ["127.0.0.1:80"],
        ["127.0.0.1:4040:80"],
        ["127.0.0.1:04040"],
        ["127.0.0.1.:4040"],
        ["localhost:4040"],
        ["rebound.example:4040"],
        ["u@127.0.0.1:4040"],
        ["127.0.0.1:4040", "127.0.0.1:4040"],
    ],
    ids=lambda hosts: " and ".join(hosts) or "none",
)
def test_any_other_host_is_not(hosts: list[str]) -> None:
    assert not OwnAddress("http://127.0.0.1:4040").is_host(hosts)


@example("admin.example.com")
@example("admin.example.com:443")
@given(st.text("admin.exploAD:43@/\0é\udcff", max_size=24))
def test_of_all_texts_two_are_hosts_of_ours(text: str) -> None:
    ours = text.lower() in {"admin.example.com", "admin.example.com:443"}
    assert OwnAddress("https://admin.example.com/").is_host([text]) is ours


@pytest.mark.parametrize(
    ("origins", "sites", "foreign"),
    [
        ([], [], ""),
        (["https://admin.example.com"], ["same-origin"], ""),
        ([], ["same-origin"], ""),
        (["null"], ["same-origin"], "origin"),
        ([""], [], "origin"),
        (["https://evil.example"], [], "origin"),
        (["http://admin.example.com"], [], "origin"),
        (["https://admin.example.com:443"], [], "origin"),
        (["https://admin.example.com", "https://evil.example"], [], "origin"),
        (["https://admin.example.com"], ["cross-site"], "sec-fetch-site"),
        ([], ["same-site"], "sec-fetch-site"),
        ([], ["none"], "sec-fetch-site"),
        ([], ["same-origin", "cross-site"], "sec-fetch-site"),
    ],
)
def test_every_line_must_name_our_own_origin(origins: list[str], sites: list[str], foreign: str) -> None:
    assert OwnAddress("https://admin.example.com").foreign_line(origins, sites) == foreign
