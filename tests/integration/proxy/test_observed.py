"""Every request that ends at the edge has one line and one count, whatever became of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from proxy import AccessLog, Journal, Metrics, Route, wall_clock_ms
from session_store import Store
from tests.support.edge import HOST, Edge, ada, route, running_edge
from tests.support.http_client import Headers, connected, exchange, request, until
from tests.support.redis_server import RedisServer
from tests.support.upstreams import Echo, Peer, Scripted, received

NAVIGATION: Headers = [("Sec-Fetch-Mode", "navigate"), ("Accept", "text/html")]
CANARY = "canary-of-the-tests"


@dataclass
class Observed:
    """An edge, and what it wrote about its requests."""

    edge: Edge
    text: bytearray
    metrics: Metrics
    journal: Journal

    async def lines(self, number: int) -> list[dict[str, Any]]:
        """The lines so far, once there are ``number``; more are a mistake."""
        await until(lambda: self.text.count(b"\n") >= number)
        lines = [json.loads(line) for line in self.text.splitlines()]
        assert len(lines) == number
        return lines

    async def line(self) -> dict[str, Any]:
        """The only line."""
        return (await self.lines(1))[0]


@asynccontextmanager
async def observed(
    store: Store, routes: Sequence[Route], *, trusted_proxies: Sequence[str] = ()
) -> AsyncIterator[Observed]:
    """An edge with an access log and metrics; after it, everything has been told."""
    text, metrics = bytearray(), Metrics()
    journal = Journal(metrics, AccessLog("json", text.extend, wall_clock_ms))
    async with running_edge(store, routes, trusted_proxies=trusted_proxies, journal=journal) as edge:
        yield Observed(edge, text, metrics, journal)


async def test_a_request_that_passes_is_told_with_who_asked_and_how_long_it_took(
    store: Store, upstream: Echo
) -> None:
    async with observed(store, [route(upstream)]) as scene:
        cookie = await scene.edge.sign_in()
        answer = await scene.edge.ask("/page?q=1", cookie=cookie, headers=[("User-Agent", "Mozilla/5.0")])
        line = await scene.line()
    (session,) = (await store.sessions(limit=10, before=None)).items
    assert (line["method"], line["host"], line["path"], line["status"]) == ("GET", HOST, "/page", 200)
    assert (line["verdict"], line["complete"], line["user_agent"]) == ("allow", True, "Mozilla/5.0")
    assert (line["session"], line["user"]) == (session.session.id, session.session.user_id)
    assert (line["endpoint"], line["tunnel"]) == (f"http://{HOST}", HOST)
    assert line["client"] == "127.0.0.1"
    assert line["bytes"] > len(answer.body)
    assert 0 < line["upstream_ms"] < line["duration_ms"] < 60_000


async def test_every_verdict_has_its_line(store: Store, upstream: Echo) -> None:
    routes = [route(upstream), route(upstream, "ops.localhost", allow=["group:nobody"])]
    async with observed(store, routes) as scene:
        edge = scene.edge
        cookie, other = await edge.sign_in(), await edge.sign_in("ops.localhost", ada())
        statuses = [
            (await edge.ask("/", cookie=cookie)).status,
            (await edge.ask("/", cookie=cookie)).status,
            (await edge.ask("/api")).status,
            (await edge.ask("/", headers=NAVIGATION)).status,
            (await edge.ask("/", host="ops.localhost", cookie=other)).status,
            (await edge.ask("/", host="unknown.localhost")).status,
            (await edge.ask("/.outerward/login")).status,
            (await edge.ask("/a%00")).status,
        ]
        lines = await scene.lines(8)
    assert [line["status"] for line in lines] == statuses
    assert [line["verdict"] for line in lines] == [
        *("allow", "allow", "login", "login", "forbid", "refused", "internal", "refused")
    ]
    assert [line["endpoint"] is None for line in lines] == [False] * 5 + [True] * 3


async def test_what_is_no_request_has_a_line_too(store: Store, upstream: Echo) -> None:
    async with observed(store, [route(upstream)]) as scene:
        (answer,) = await exchange(scene.edge.port, b"\x16\x03\x01 nonsense\r\n\r\n")
        line = await scene.line()
    assert (line["status"], line["verdict"], line["path"]) == (answer.status, "refused", "")
    assert line["request_id"] == answer.header("x-request-id")
    assert line["client"] == "127.0.0.1"


async def test_requests_of_one_connection_have_a_line_each_in_order(store: Store, upstream: Echo) -> None:
    async with observed(store, [route(upstream)]) as scene:
        cookie = await scene.edge.sign_in()
        data = b"".join(request("GET", f"/{i}", host=HOST, cookie=cookie) for i in range(20))
        await exchange(scene.edge.port, data, *["GET"] * 20)
        lines = await scene.lines(20)
    assert [line["path"] for line in lines] == [f"/{i}" for i in range(20)]


async def test_log_line_upstream_and_error_page_name_the_same_request(store: Store, upstream: Echo) -> None:
    async with observed(store, [route(upstream)]) as scene:
        cookie = await scene.edge.sign_in()
        passed = received(await scene.edge.ask("/", cookie=cookie))
        as_json = await scene.edge.ask("/", host="unknown.localhost")
        as_page = await scene.edge.ask("/", host="unknown.localhost", headers=NAVIGATION)
        ids = [line["request_id"] for line in await scene.lines(3)]
    assert passed.all("X-Request-Id") == [ids[0]]
    assert as_json.json["details"]["operation_id"] == as_json.header("x-request-id") == ids[1]
    assert as_page.header("x-request-id") == ids[2]
    assert ids[2].encode() in as_page.body
    assert len(set(ids)) == 3


async def test_a_trusted_proxys_request_id_and_client_are_logged(store: Store, upstream: Echo) -> None:
    async with observed(store, [route(upstream)], trusted_proxies=["127.0.0.1/32"]) as scene:
        headers = [("X-Request-Id", "from-the-front"), ("X-Forwarded-For", "192.0.2.7")]
        await scene.edge.ask("/", headers=headers)
        line = await scene.line()
    assert (line["request_id"], line["client"]) == ("from-the-front", "192.0.2.7")


async def test_traceparent_passes_untouched(store: Store, upstream: Echo) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    trace = [("traceparent", parent), ("tracestate", "a=b,c=d")]
    async with observed(store, [route(upstream)]) as scene:
        cookie = await scene.edge.sign_in()
        passed = received(await scene.edge.ask("/", cookie=cookie, headers=trace))
    assert [(name, passed.all(name)) for name, _ in trace] == [(name, [value]) for name, value in trace]


async def test_a_client_that_leaves_before_the_answer_is_499(store: Store) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await gone.wait()

    async with Scripted.running(script) as upstream, observed(store, [route(upstream)]) as scene:
        cookie = await scene.edge.sign_in()
        async with connected(scene.edge.port) as client:
            client.write(request("GET", "/", host=HOST, cookie=cookie))
            await asked.wait()
        line = await scene.line()
        gone.set()
    assert (line["status"], line["complete"], line["verdict"]) == (499, False, "allow")
    assert (line["bytes"], line["upstream_ms"]) == (0, None)


async def test_an_answer_that_breaks_off_is_not_complete(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        peer.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await peer.writer.drain()
        peer.writer.close()

    async with Scripted.running(script) as upstream, observed(store, [route(upstream)]) as scene:
        cookie = await scene.edge.sign_in()
        async with connected(scene.edge.port) as client:
            client.write(request("GET", "/", host=HOST, cookie=cookie))
            assert await client.ended()
        line = await scene.line()
    assert (line["status"], line["complete"]) == (200, False)


async def test_without_a_store_requests_are_unavailable(upstream: Echo) -> None:
    server = RedisServer()
    server.start()
    store = Store.open(server.url, secrets=["a secret of the tests, 32 long.."])
    await store.start()
    try:
        await store.ping()
        async with observed(store, [route(upstream)]) as scene:
            cookie = await scene.edge.sign_in()
            server.kill()
            assert (await scene.edge.ask("/", cookie=cookie)).status == 503
            line = await scene.line()
            samples = {each.name: each.values for each in scene.journal.counted().added}
    finally:
        await store.close()
        server.stop()
    assert (line["verdict"], line["status"]) == ("unavailable", 503)
    assert samples["outerward_checks_failed_total"] == (1,)


@pytest.mark.parametrize("outcome", ["allow", "login", "refused", "internal"])
async def test_log_02_no_secret_of_a_request_is_in_its_line_or_in_the_metrics(
    store: Store, upstream: Echo, outcome: str
) -> None:
    target = f"/?code={CANARY}&token={CANARY}&SAMLResponse={CANARY}"
    headers = [
        ("Authorization", f"Bearer {CANARY}"),
        ("Cookie", f"other={CANARY}; outerward-login-x={CANARY}"),
        ("Referer", f"http://{HOST}/?code={CANARY}"),
        ("X-Api-Key", CANARY),
    ]
    async with observed(store, [route(upstream)]) as scene:
        cookie = await scene.edge.sign_in(cookie=(CANARY * 3)[:43])
        if outcome == "internal":
            target = f"/.outerward/callback/corp{target[1:]}"
        await scene.edge.ask(
            target,
            host=HOST if outcome != "refused" else "unknown.localhost",
            cookie=cookie if outcome == "allow" else "",
            headers=headers,
            method="POST",
            body=f"password={CANARY}".encode(),
        )
        line = await scene.line()
        counted = scene.journal.counted()
    assert line["verdict"] == outcome
    assert CANARY not in scene.text.decode()
    assert CANARY not in repr(counted)
    assert counted.added


async def test_what_is_open_is_told_as_it_is(store: Store, upstream: Echo) -> None:
    async with observed(store, [route(upstream)]) as scene:
        cookie = await scene.edge.sign_in()

        def gauges() -> dict[tuple[str, ...], float]:
            return {(each.name, *each.labels): each.values[0] for each in scene.journal.counted().gauges}

        async with connected(scene.edge.port) as client:
            client.write(request("GET", "/", host=HOST, cookie=cookie))
            await client.answer()
            open_ = gauges()
        await until(lambda: gauges()["outerward_connections",] == 0)
    address = str(upstream.address)
    assert open_["outerward_connections",] == 1
    assert open_["outerward_open_streams",] == 0
    assert open_["outerward_upstream_connections", address, "open"] == 1
    assert open_["outerward_upstream_connections", address, "idle"] == 1
