"""What is open ends with its session: event streams, bodies both ways; also when no end can be heard."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from proxy.upstream import UpstreamConnection
from session_store import EndReason, Store
from tests.support.edge import Clock, Edge, hash_of, route, running_edge
from tests.support.http_client import Client, connected, request, until
from tests.support.redis_server import RedisServer
from tests.support.upstreams import Peer, Scripted, ok

SECRET = "a secret of the tests, 32 long.."
Script = Callable[[Peer], Awaitable[None]]


@asynccontextmanager
async def scene(
    store: Store, script: Script, *, now_ms: Clock | None = None
) -> AsyncIterator[tuple[Edge, Scripted, str]]:
    async with (
        Scripted.running(script) as upstream,
        running_edge(store, [route(upstream)], now_ms=now_ms) as edge,
    ):
        yield edge, upstream, await edge.sign_in()


async def events(peer: Peer) -> None:
    """An event stream without an end."""
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
    await peer.gone()


async def download(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
    await peer.gone()


async def upload(peer: Peer) -> None:
    await peer.head()
    await peer.gone()


SCRIPTS = {"events": events, "download": download, "upload": upload}
REQUESTS: dict[str, dict[str, object]] = {
    "events": {},
    "download": {},
    "upload": {"method": "PUT", "headers": [("Content-Length", "1000000")]},
}


async def begin(client: Client, kind: str, cookie: str, edge: Edge) -> None:
    """Open a stream of ``kind`` and wait until the edge looks after it."""
    given = REQUESTS[kind]
    await client.send(request(cookie=cookie, **given) + (b"y" * 1000 if kind == "upload" else b""))  # type: ignore[arg-type]
    before = edge.worker.streams.count
    if kind != "upload":
        got = b""
        while not got.endswith((b"data: 1\n\n\r\n", b"x" * 100)):
            got += await client.read()
    await until(lambda: edge.worker.streams.count > before or before > 0)


async def broken(client: Client) -> None:
    """The connection breaks off by a reset, so that nothing looks whole."""
    data = b"something"
    while data:
        try:
            data = await client.read()
        except ConnectionResetError:
            return
    pytest.fail("it ended like a whole one")


@pytest.mark.parametrize("kind", ["events", "download", "upload"])
async def test_a_stream_breaks_off_when_its_session_is_ended_and_no_other_does(
    store: Store, kind: str
) -> None:
    async with scene(store, SCRIPTS[kind]) as (edge, _, cookie):
        somebody = await edge.sign_in()
        async with connected(edge.port) as client, connected(edge.port) as other:
            await begin(other, kind, somebody, edge)
            await begin(client, kind, cookie, edge)
            await until(lambda: edge.worker.streams.count == 2)
            assert await store.end_browser_session(hash_of(cookie), EndReason.REVOKED, by="a test")

            await broken(client)
            await until(lambda: edge.worker.streams.count == 1)
            other.write(b"z")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(other.read(), 0.2)


async def test_an_event_arrives_before_the_stream_ends(store: Store) -> None:
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for number in (b"1", b"2", b"3"):
            await peer.send(b"data: " + number + b"\n\n")
            await go_on.wait()
            go_on.clear()

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        got = b""
        for number in (b"1", b"2", b"3"):
            while b"data: " + number not in got:
                got += await client.read()
            go_on.set()


async def test_what_is_whole_is_looked_after_no_more(store: Store) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
            await asyncio.sleep(0.05)
            await peer.send(b"k")

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        for _ in range(3):
            await client.send(request(cookie=cookie))
            assert (await client.answer()).body == b"ok"
            assert edge.worker.streams.count == 0


async def test_a_short_request_is_never_looked_after(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(ok(b"ok"))

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        assert (await client.answer()).body == b"ok"
        monkeypatch.setattr(edge.worker.streams, "add", lambda *_: pytest.fail("it was held"))
        for _ in range(3):
            await client.send(request(cookie=cookie))
            assert (await client.answer()).body == b"ok"


async def test_an_end_that_came_before_the_stream_was_looked_after_is_found(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the check and the first piece of the answer: nobody was listening for that session yet."""
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        reached.set()
        await go_on.wait()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx")
        await peer.gone()

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        await reached.wait()
        assert await store.end_browser_session(hash_of(cookie), EndReason.REVOKED, by="a test")
        go_on.set()
        await broken(client)


async def test_a_request_that_waits_for_its_upstream_is_answered_as_if_it_came_after_the_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was allowed, and its upstream has not accepted a connection yet."""
    async with scene(store, events) as (edge, upstream, cookie), connected(edge.port) as client:
        pool = edge.worker.pool(upstream.address)
        connector = pool._connector
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def late(factory: Callable[[], UpstreamConnection]) -> UpstreamConnection:
            reached.set()
            await go_on.wait()
            return await connector(factory)

        monkeypatch.setattr(pool, "_connector", late)
        await client.send(request("POST", cookie=cookie))
        await reached.wait()
        assert await store.end_browser_session(hash_of(cookie), EndReason.REVOKED, by="a test")
        answer = await client.answer("POST")
        assert (answer.status, answer.json["details"]["reason"]) == (401, "revoked")
        go_on.set()
        await until(lambda: edge.worker._tasks == set())
        assert upstream.hits == 0


async def test_a_stream_ends_with_its_session_at_the_latest(store: Store) -> None:
    clock = Clock()
    async with scene(store, events, now_ms=clock) as (edge, _, cookie), connected(edge.port) as client:
        await begin(client, "events", cookie, edge)
        clock.ahead_ms = 24 * 3_600_000
        await broken(client)


# When no end can be heard


@asynccontextmanager
async def own_store() -> AsyncIterator[tuple[RedisServer, Store]]:
    server = RedisServer()
    server.start()
    store = Store.open(server.url, secrets=[SECRET])
    try:
        await store.start()
        await store.ping()
        yield server, store
    finally:
        await store.close()
        server.stop()


async def test_without_a_subscription_ends_are_found_by_asking() -> None:
    """As where the store's user may not use the channel."""
    async with own_store() as (server, _):
        server.client.acl_setuser("worker", enabled=True, nopass=True, commands=["+@all"], keys=["*"])
        limited = Store.open(server.url.replace("unix://", "unix://worker:x@"), secrets=[SECRET])
        try:
            await limited.start()
            await limited.ping()
            async with scene(limited, events) as (edge, _, cookie), connected(edge.port) as client:
                await begin(client, "events", cookie, edge)
                assert await limited.end_browser_session(hash_of(cookie), EndReason.REVOKED, by="a test")
                await broken(client)
        finally:
            await limited.close()


async def test_a_stream_of_which_nothing_is_known_for_five_seconds_is_cut() -> None:
    async with own_store() as (server, store), scene(store, events) as (edge, _, cookie):
        loop = asyncio.get_running_loop()
        async with connected(edge.port) as client:
            await begin(client, "events", cookie, edge)
            server.kill()
            killed = loop.time()
            await broken(client)
            assert 4 < loop.time() - killed < 9
            server.start()


async def test_a_stream_outlives_a_store_that_comes_back_in_time() -> None:
    async with (
        own_store() as (server, store),
        scene(store, events) as (edge, _, cookie),
        connected(edge.port) as client,
    ):
        await begin(client, "events", cookie, edge)
        server.hang()
        await asyncio.sleep(2)
        server.go_on()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.read(), 3.5)


async def test_an_end_that_was_not_heard_is_found_once_ends_are_heard_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with (
        own_store() as (server, store),
        scene(store, events) as (edge, _, cookie),
        connected(edge.port) as client,
    ):
        await begin(client, "events", cookie, edge)
        monkeypatch.setattr("session_store.ends.read_notice", lambda _: None)
        assert await store.end_browser_session(hash_of(cookie), EndReason.REVOKED, by="a test")
        server.client.client_kill_filter(_type="pubsub")
        await broken(client)
