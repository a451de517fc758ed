"""From where and with what: what the API shows of sessions while requests come in by a trusted proxy."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from session_store import Store
from tests.support.admin_api import RunningApi, running_api
from tests.support.edge import Edge, route, running_edge
from tests.support.places import nested, write
from tests.support.upstreams import Echo

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)
IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
CURL = "curl/8.5.0"
BERGEN, OSAKA, HOME = "203.0.113.7", "2001:db8::7", "192.168.7.7"

IN_BERGEN = {"country_code": "NO", "latitude": 60.39, "longitude": 5.32, "lat_long_radius_km": 20}
IN_JAPAN = {"country_code": "JP", "latitude": None, "longitude": None, "lat_long_radius_km": None}


@pytest.fixture
def databases(tmp_path: Path) -> list[Path]:
    city = write(tmp_path / "city.mmdb", {"203.0.113.0/24": nested("NO", 60.39, 5.32)})
    return [city, write(tmp_path / "country.mmdb", {"2001:db8::/32": nested("JP")}, ip_version=6)]


@pytest.fixture
async def edge(
    store: Store, upstream: Echo, databases: list[Path], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Edge]:
    monkeypatch.setattr("proxy.recorder.FLUSH_EVERY_S", 0.05)
    routes = [route(upstream, prefix="/wiki"), route(upstream, prefix="/mail")]
    proxies = ["127.0.0.0/8"]
    async with running_edge(store, routes, trusted_proxies=proxies, geoip_databases=databases) as running:
        yield running


@pytest.fixture
async def api(store: Store) -> AsyncIterator[RunningApi]:
    async with running_api(store) as running:
        yield running


async def visit(
    edge: Edge, cookie: str, target: str, address: str, agent: str, *more: tuple[str, str]
) -> None:
    headers = [("X-Forwarded-For", f"198.51.100.99, {address}"), ("User-Agent", agent), *more]
    assert (await edge.ask(target, cookie=cookie, headers=headers)).status == 200


async def shown(api: RunningApi, settled: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The sessions by path, with what the API says of them, once ``settled``."""
    async with asyncio.timeout(20):
        while True:
            answer = await api.call("GET", "/app/sessions")
            sessions = {
                each["public_url"].rpartition("/")[2]: each for each in answer.json["application_sessions"]
            }
            if settled(sessions):
                return sessions
            await asyncio.sleep(0.05)


def told(session: dict[str, Any]) -> tuple[str, ...]:
    browser = session["browser_session"]
    agent = browser["user_agent"]
    names = (agent["device_type"], agent["browser_name"], agent["os_name"])
    return (*names, browser["ip_address"], session["outerward"]["network"])


def requests(sessions: dict[str, Any], name: str) -> int:
    return int(sessions[name]["outerward"]["requests"])


async def test_each_session_shows_the_device_and_place_of_its_latest_request(
    edge: Edge, api: RunningApi
) -> None:
    cookie = await edge.sign_in()
    await visit(edge, cookie, "/wiki", BERGEN, CHROME)
    await visit(edge, cookie, "/mail", OSAKA, IPAD)

    both = await shown(api, lambda found: requests(found, "wiki") == requests(found, "mail") == 1)
    assert told(both["wiki"]) == ("Desktop", "Chrome", "Windows", BERGEN, "reserved")
    assert both["wiki"]["browser_session"]["location"] == IN_BERGEN
    assert both["wiki"]["browser_session"]["user_agent"]["browser_version"] == "131.0.0"
    assert told(both["mail"]) == ("Tablet", "Mobile Safari", "iOS", OSAKA, "reserved")
    assert both["mail"]["browser_session"]["location"] == IN_JAPAN

    await visit(edge, cookie, "/wiki/page", HOME, CURL)
    both = await shown(api, lambda found: requests(found, "wiki") == 2)
    assert told(both["wiki"]) == ("Script", "curl", "Other", HOME, "lan")
    assert both["wiki"]["browser_session"]["location"] is None
    assert told(both["mail"])[0] == "Tablet"


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/wiki/next", [("Sec-Purpose", "prefetch;prerender")]),
        ("/wiki/next", [("Purpose", "prefetch")]),
        ("/wiki/favicon.ico", [("Sec-Fetch-Dest", "image")]),
    ],
)
async def test_a_prefetch_or_the_icon_is_activity_and_changes_no_context(
    edge: Edge, api: RunningApi, target: str, headers: list[tuple[str, str]]
) -> None:
    cookie = await edge.sign_in()
    await visit(edge, cookie, "/wiki", BERGEN, CHROME)
    await visit(edge, cookie, target, OSAKA, CURL, *headers)
    found = await shown(api, lambda found: requests(found, "wiki") == 2)
    assert told(found["wiki"]) == ("Desktop", "Chrome", "Windows", BERGEN, "reserved")

    await visit(edge, cookie, target, OSAKA, CURL, *headers)
    found = await shown(api, lambda found: requests(found, "wiki") == 3)
    assert told(found["wiki"])[3] == BERGEN


async def test_the_first_request_of_a_session_is_its_context_whatever_it_is(
    edge: Edge, api: RunningApi
) -> None:
    cookie = await edge.sign_in()
    await visit(edge, cookie, "/wiki/favicon.ico", OSAKA, IPAD, ("Sec-Purpose", "prefetch"))
    found = await shown(api, lambda found: requests(found, "wiki") == 1)
    assert told(found["wiki"])[:1] == ("Tablet",)
    assert found["wiki"]["browser_session"]["location"] == IN_JAPAN


async def test_m27_a_database_that_breaks_or_moves_stops_no_request(
    edge: Edge, api: RunningApi, databases: list[Path]
) -> None:
    cookie = await edge.sign_in()
    databases[0].write_bytes(b"damaged")
    databases[1].unlink()
    await edge.worker.contexts.refresh()
    await visit(edge, cookie, "/wiki", BERGEN, CHROME)
    found = await shown(api, lambda found: requests(found, "wiki") == 1)
    assert found["wiki"]["browser_session"]["location"] == IN_BERGEN

    write(databases[0], {"203.0.113.0/24": nested("SE", 59.33, 18.07)})
    await edge.worker.contexts.refresh()
    await visit(edge, cookie, "/wiki", BERGEN, CHROME)
    found = await shown(api, lambda found: requests(found, "wiki") == 2)
    assert found["wiki"]["browser_session"]["location"]["country_code"] == "SE"


async def test_changed_databases_are_looked_for_again_and_again(
    store: Store, upstream: Echo, databases: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.context.contexts.REFRESH_EVERY_S", 0.01)
    async with running_edge(store, [route(upstream)], geoip_databases=databases) as edge:
        assert edge.worker.contexts.of(BERGEN, b"").location is not None
        write(databases[0], {"203.0.113.0/24": nested("SE", 59.33, 18.07)})
        async with asyncio.timeout(20):
            while True:
                place = edge.worker.contexts.of(BERGEN, b"").location
                if place is not None and place.country_code == "SE":
                    break
                await asyncio.sleep(0.01)
