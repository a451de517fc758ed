"""Sessions that are held to an address, a country or a device, as told through a trusted proxy."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy.settings import PinKind
from session_store import ApplicationSession, BrowserSession, EndReason, Store, Tombstone, decode
from tests.support.edge import Edge, hash_of, route, running_edge
from tests.support.http_client import Answer, Headers
from tests.support.places import nested, write
from tests.support.refreshing import NAVIGATION
from tests.support.upstreams import Echo

BERGEN, OSLO, OSAKA, NOWHERE = "203.0.113.7", "203.0.113.8", "198.51.100.9", "192.0.2.1"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
CHROME = WINDOWS + "Chrome/131.0.0.0 Safari/537.36"
NEWER_CHROME = WINDOWS + "Chrome/140.0.0.0 Safari/537.36"
IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
PINNED, PINNED_TOO, FREE, PUBLIC = "/pinned", "/too", "/free", "/pinned/public"


@pytest.fixture
def places(tmp_path: Path) -> list[Path]:
    return [
        write(tmp_path / "c.mmdb", {"203.0.113.0/24": nested("NO"), "198.51.100.0/24": nested("JP")}),
    ]


@asynccontextmanager
async def pinned(
    store: Store, upstream: Echo, places: list[Path], *pins: PinKind, trusted: str = "127.0.0.0/8"
) -> AsyncIterator[Edge]:
    routes = [
        route(upstream, prefix=PINNED, pins=pins, public_paths=[PUBLIC], allow_cors_preflight=True),
        route(upstream, prefix=PINNED_TOO, pins=pins),
        route(upstream, prefix=FREE),
    ]
    proxies = [trusted] if trusted else []
    async with running_edge(store, routes, trusted_proxies=proxies, geoip_databases=places) as edge:
        yield edge


@pytest.fixture
async def upstream() -> AsyncIterator[Echo]:
    async with Echo.running() as echo:
        yield echo


async def visit(
    edge: Edge,
    cookie: str,
    address: str,
    agent: str = CHROME,
    target: str = PINNED,
    *,
    headers: Headers = (),
    method: str = "GET",
) -> Answer:
    sent = [("X-Forwarded-For", address), ("User-Agent", agent), *headers]
    return await edge.ask(target, cookie=cookie, headers=sent, method=method)


CHANGES = {
    "another IPv4 address": ("ip", (BERGEN, CHROME), (OSLO, CHROME)),
    "another IPv6 network": ("ip", ("2001:db8:1:2::7", CHROME), ("2001:db8:1:3::7", CHROME)),
    "IPv4 to IPv6": ("ip", (BERGEN, CHROME), ("2001:db8:1:2::7", CHROME)),
    "another country": ("country", (BERGEN, CHROME), (OSAKA, CHROME)),
    "another device": ("device", (BERGEN, CHROME), (BERGEN, IPAD)),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_ends_the_session_everywhere_and_for_good(
    store: Store, upstream: Echo, places: list[Path], change: str
) -> None:
    kind, before, after = CHANGES[change]
    async with pinned(store, upstream, places, kind) as edge:  # type: ignore[arg-type]
        cookie = await edge.sign_in()
        for target in (PINNED, FREE):
            assert (await visit(edge, cookie, *before, target)).status == 200
        hits = upstream.hits

        refused = await visit(edge, cookie, *after)
        assert (refused.status, refused.json["details"]["reason"]) == (401, "revoked")
        page = await visit(edge, cookie, *after, headers=NAVIGATION)
        assert (page.status, page.header("location")[:17]) == (302, "/.outerward/login")
        for target in (PINNED, FREE):
            assert (await visit(edge, cookie, *before, target)).status == 401
        assert upstream.hits == hits
        ended = await store.browser_session(hash_of(cookie))

    assert isinstance(ended, Tombstone)
    assert ended.reason is EndReason.PIN
    assert ended.ended_by.startswith("edgusr_")


NO_CHANGES = {
    "the same": ("ip", (BERGEN, CHROME), (BERGEN, CHROME)),
    "an address within the /64": ("ip", ("2001:db8:1:2::7", CHROME), ("2001:db8:1:2:a:b:c:d", CHROME)),
    "IPv4 in IPv6": ("ip", (BERGEN, CHROME), (f"::ffff:{BERGEN}", CHROME)),
    "another device, held to an address": ("ip", (BERGEN, CHROME), (BERGEN, IPAD)),
    "another address in the country": ("country", (BERGEN, CHROME), (OSLO, CHROME)),
    "no known country any more": ("country", (BERGEN, CHROME), (NOWHERE, CHROME)),
    "no known country before": ("country", (NOWHERE, CHROME), (OSAKA, CHROME)),
    "an update of the browser": ("device", (BERGEN, CHROME), (OSAKA, NEWER_CHROME)),
    "no known device any more": ("device", (BERGEN, CHROME), (BERGEN, "")),
    "no known device before": ("device", (BERGEN, "what is this"), (BERGEN, IPAD)),
}


@pytest.mark.parametrize("change", NO_CHANGES)
async def test_what_is_no_change_or_not_known_ends_nothing(
    store: Store, upstream: Echo, places: list[Path], change: str
) -> None:
    kind, before, after = NO_CHANGES[change]
    async with pinned(store, upstream, places, kind) as edge:  # type: ignore[arg-type]
        cookie = await edge.sign_in()
        assert (await visit(edge, cookie, *before)).status == 200
        assert (await visit(edge, cookie, *after)).status == 200
        assert isinstance(await store.browser_session(hash_of(cookie)), BrowserSession)


async def test_m27_a_country_whose_database_has_gone_is_unknown_and_ends_nothing(
    store: Store, upstream: Echo, places: list[Path]
) -> None:
    async with pinned(store, upstream, [], "country") as edge:
        cookie = await edge.sign_in()
        for address in (BERGEN, OSAKA):
            assert (await visit(edge, cookie, address)).status == 200


async def test_without_a_pin_nothing_ends(store: Store, upstream: Echo, places: list[Path]) -> None:
    async with pinned(store, upstream, places) as edge:
        cookie = await edge.sign_in()
        for address, agent in ((BERGEN, CHROME), (OSAKA, IPAD)):
            assert (await visit(edge, cookie, address, agent)).status == 200


async def test_an_address_that_an_untrusted_client_makes_up_ends_nothing(
    store: Store, upstream: Echo, places: list[Path]
) -> None:
    async with pinned(store, upstream, places, "ip", "country", trusted="") as edge:
        cookie = await edge.sign_in()
        for address in (BERGEN, OSAKA):
            assert (await visit(edge, cookie, address)).status == 200
        (view,) = (await store.sessions(limit=10, before=None)).items
        assert view.session.pins.ip == "127.0.0.1"


SPECULATIVE: dict[str, tuple[str, Headers]] = {
    "a prefetch": ("GET", [("Sec-Purpose", "prefetch")]),
    "OPTIONS": ("OPTIONS", []),
    "HEAD": ("HEAD", []),
    "an icon": ("GET", [("Sec-Fetch-Dest", "image")]),
}


@pytest.mark.parametrize("kind", SPECULATIVE)
async def test_no_kind_of_request_gets_around_a_pin(
    store: Store, upstream: Echo, places: list[Path], kind: str
) -> None:
    method, headers = SPECULATIVE[kind]
    async with pinned(store, upstream, places, "ip") as edge:
        cookie = await edge.sign_in()
        assert (await visit(edge, cookie, BERGEN)).status == 200
        hits = upstream.hits
        assert (await visit(edge, cookie, OSAKA, headers=headers, method=method)).status == 401
        assert upstream.hits == hits


async def test_what_passes_without_a_session_ends_none_from_wherever_it_comes(
    store: Store, upstream: Echo, places: list[Path]
) -> None:
    preflight = [("Origin", "https://other.example"), ("Access-Control-Request-Method", "PUT")]
    async with pinned(store, upstream, places, "ip") as edge:
        cookie = await edge.sign_in()
        assert (await visit(edge, cookie, BERGEN)).status == 200
        assert (await visit(edge, cookie, OSAKA, target=PUBLIC)).status == 200
        answer = await visit(edge, cookie, OSAKA, headers=preflight, method="OPTIONS")
        assert answer.status == 200
        assert (await visit(edge, cookie, BERGEN)).status == 200


async def test_a_first_visit_to_another_endpoint_is_no_way_around_a_pin(
    store: Store, upstream: Echo, places: list[Path]
) -> None:
    async with pinned(store, upstream, places, "ip") as edge:
        cookie = await edge.sign_in()
        assert (await visit(edge, cookie, BERGEN)).status == 200
        hits = upstream.hits
        assert (await visit(edge, cookie, OSAKA, target=PINNED_TOO)).status == 401
        assert (await visit(edge, cookie, BERGEN)).status == 401
        assert upstream.hits == hits


async def test_who_was_elsewhere_at_an_endpoint_without_pins_may_begin_at_one_that_has(
    store: Store, upstream: Echo, places: list[Path]
) -> None:
    async with pinned(store, upstream, places, "ip") as edge:
        cookie = await edge.sign_in()
        assert (await visit(edge, cookie, OSAKA, target=FREE)).status == 200
        for target in (PINNED, PINNED_TOO):
            assert (await visit(edge, cookie, BERGEN, target=target)).status == 200
        kept = await store.check(hash_of(cookie), route(upstream, prefix=PINNED).endpoint.id)
        assert kept is not None
        assert decode(kept, ApplicationSession).pins.ip == BERGEN
