"""A request read once: the edge's header, navigation, own pages, parameters; total on any input."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import Site
from proxy.context import kept_network, kept_whole
from proxy.login.visit import Unreadable, Visit, read_visit
from proxy.problems import BAD_REQUEST, UNKNOWN_HOST
from tests.support.control import route

SITE = Site.of([route("app.example.com")])
EDGE = (b"X-Outerward-Edge", b"192.0.2.1 app.example.com req_1")
ORIGIN = b"https://app.example.com"


def read(*headers: tuple[bytes, bytes], method: str = "GET", target: str = "/.outerward/login") -> Visit:
    visit = read_visit(SITE, method, target, [EDGE, *headers], kept_whole)
    assert isinstance(visit, Visit)
    return visit


def test_the_edge_names_the_client_the_host_and_the_request_and_the_host_header_counts_for_nothing() -> None:
    visit = read((b"Host", b"evil.example"))

    assert (visit.caller.address, visit.caller.request_id) == ("192.0.2.1", "req_1")
    assert visit.host.hostname == "app.example.com"


@pytest.mark.parametrize("value", [b"", b"192.0.2.1 app.example.com", b"a b c d", b"192.0.2.1  req_1"])
def test_without_a_whole_edge_header_nothing_is_answered(value: bytes) -> None:
    unreadable = read_visit(SITE, "GET", "/.outerward/login", [(b"X-Outerward-Edge", value)], kept_whole)

    assert isinstance(unreadable, Unreadable)
    assert unreadable.problem is BAD_REQUEST


def test_of_the_clients_address_what_may_be_kept_is_shown_and_the_whole_is_not() -> None:
    visit = read_visit(SITE, "GET", "/.outerward/login", [EDGE], kept_network)

    assert isinstance(visit, Visit)
    assert (visit.caller.address, visit.caller.whole_address) == ("192.0.2.0", "192.0.2.1")
    assert "192.0.2.1" not in repr(visit)


def test_two_edge_headers_are_none() -> None:
    assert isinstance(read_visit(SITE, "GET", "/.outerward/login", [EDGE, EDGE], kept_whole), Unreadable)


def test_a_host_that_the_site_does_not_have_is_unknown() -> None:
    unreadable = read_visit(
        SITE, "GET", "/", [(b"X-Outerward-Edge", b"192.0.2.1 other.example.com req_1")], kept_whole
    )

    assert isinstance(unreadable, Unreadable)
    assert unreadable.problem is UNKNOWN_HOST


@pytest.mark.parametrize(
    ("method", "headers", "navigation"),
    [
        ("GET", {"Sec-Fetch-Mode": "navigate"}, True),
        ("POST", {"Sec-Fetch-Mode": "navigate"}, True),
        ("GET", {"Sec-Fetch-Mode": "no-cors", "Accept": "text/html"}, False),
        ("GET", {"Sec-Fetch-Mode": "cors", "Accept": "text/html"}, False),
        ("GET", {"Accept": "text/html,*/*"}, True),
        ("HEAD", {"Accept": "application/xhtml+xml, text/html"}, True),
        ("POST", {"Accept": "text/html"}, True),
        ("PUT", {"Accept": "text/html"}, False),
        ("GET", {"Accept": "*/*"}, False),
        ("GET", {}, False),
        ("GET", {"Accept": "text/html", "X-Requested-With": "XMLHttpRequest"}, False),
        ("OPTIONS", {"Sec-Fetch-Mode": "navigate", "Accept": "text/html"}, False),
    ],
)
def test_a_navigation_is_told_from_everything_else(
    method: str, headers: dict[str, str], navigation: bool
) -> None:
    lines = [(name.encode(), value.encode()) for name, value in headers.items()]

    assert read(*lines, method=method).navigation is navigation


@pytest.mark.parametrize(
    ("site", "origin", "own"),
    [
        (b"same-origin", ORIGIN, True),
        (b"same-origin", None, True),
        (None, ORIGIN, True),
        (None, b"https://APP.example.com", True),
        (None, None, False),
        (b"cross-site", ORIGIN, False),
        (b"same-site", ORIGIN, False),
        (b"none", None, False),
        (b"same-origin", b"null", False),
        (None, b"null", False),
        (None, b"", False),
        (None, b"http://app.example.com", False),
        (None, b"https://app.example.com:444", False),
        (None, b"https://app.example.com.evil.example", False),
        (None, b"https://evil.example", False),
    ],
)
def test_only_a_page_of_the_very_origin_is_an_own_page(
    site: bytes | None, origin: bytes | None, own: bool
) -> None:
    lines = [(n, v) for n, v in ((b"Sec-Fetch-Site", site), (b"Origin", origin)) if v is not None]

    assert read(*lines, method="POST").from_own_page is own


def test_two_origins_are_none_of_ours() -> None:
    assert not read((b"Origin", ORIGIN), (b"Origin", ORIGIN), method="POST").from_own_page


def test_parameters_keep_their_order_their_doubles_and_their_empty_values() -> None:
    visit = read(target="/.outerward/login?a=1&b=&a=2&c")

    assert visit.parameters == (("a", "1"), ("b", ""), ("a", "2"), ("c", ""))
    assert visit.parameter("a") == "1"
    assert visit.parameter("d") is None
    assert visit.doubles(frozenset({"a"}))
    assert not visit.doubles(frozenset({"b"}))


def test_the_session_cookie_is_known_by_its_hash_alone() -> None:
    value = b"s" * 43

    assert read((b"Cookie", b"__Host-outerward=" + value)).session.hash == hashlib.sha256(value).digest()
    assert read((b"Cookie", b"outerward=" + value)).session.hash is None


def test_a_prefetch_is_known_as_such() -> None:
    assert read((b"Sec-Purpose", b"prefetch;prerender")).prefetch
    assert not read().prefetch


def test_a_visit_prints_neither_cookies_nor_parameters() -> None:
    visit = read(
        (b"Cookie", b"__Host-outerward=" + b"s" * 43), target="/.outerward/callback/corp?code=canary"
    )

    assert "sss" not in repr(visit)
    assert "canary" not in repr(visit)


NAMES = st.sampled_from(
    [b"Accept", b"Origin", b"Cookie", b"Sec-Fetch-Site", b"Sec-Fetch-Mode", b"X-Outerward-Edge"]
)


@given(
    st.text(max_size=30), st.text(max_size=60), st.lists(st.tuples(NAMES, st.binary(max_size=60)), max_size=6)
)
def test_no_request_raises(method: str, target: str, headers: list[tuple[bytes, bytes]]) -> None:
    visit = read_visit(SITE, method, "/.outerward/login?" + target, [EDGE, *headers], kept_whole)

    assert isinstance(visit, Unreadable) or visit.from_own_page in {True, False}


def test_more_parameters_than_anybody_needs_are_refused() -> None:
    assert isinstance(read_visit(SITE, "GET", "/?" + "&".join(["a=b"] * 101), [EDGE], kept_whole), Unreadable)


@pytest.mark.parametrize("target", ["/.outerward/login?redirect_path=/\u00e9", "/.outerward/\udcff"])
def test_a_target_beyond_ascii_is_refused(target: str) -> None:
    unreadable = read_visit(SITE, "GET", target, [EDGE], kept_whole)

    assert isinstance(unreadable, Unreadable)
    assert unreadable.problem is BAD_REQUEST
