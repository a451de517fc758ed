"""WebSockets whose peers stand still, go away or are ended at a bad moment: nothing piles up or stays."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from session_store import EndReason, Store
from tests.support.edge import Edge, hash_of, route, running_edge
from tests.support.http_client import Client, connected, request, until
from tests.support.upstreams import Peer, Script, Scripted

MB = 1024 * 1024
HANDSHAKE = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
)
AGREED = b"HTTP/1.1 101 Y\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
GOODBYE = b"\x88\x02\x03\xf0"


def handshake(cookie: str = "", *more: tuple[str, str]) -> bytes:
    return request("GET", "/socket", cookie=cookie, headers=(*HANDSHAKE, *more))


@asynccontextmanager
async def scene(store: Store, script: Script, **changes: object) -> AsyncIterator[tuple[Edge, str]]:
    async with (
        Scripted.running(script) as upstream,
        running_edge(store, [route(upstream, **changes)]) as edge,  # type: ignore[arg-type]
    ):
        yield edge, await edge.sign_in()


def open_to_upstream(edge: Edge) -> int:
    return sum(pool.open for pool in edge.worker._pools.values())


async def agreed(client: Client) -> bytes:
    """What comes up to the end of the 101 and with it."""
    got = b""
    while b"\r\n\r\n" not in got:
        data = await client.read()
        assert data, got
        got += data
    return got


async def deaf(peer: Peer) -> None:
    """Agrees and never reads again."""
    await peer.head()
    peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await peer.send(AGREED)
    await asyncio.Event().wait()


async def fill(client: Client) -> None:
    """Send until nothing more is taken."""
    with contextlib.suppress(TimeoutError):
        while True:
            await asyncio.wait_for(client.send(b"\x82\xfe\xff\xffmask" + b"x" * 65535), 0.5)


@pytest.mark.parametrize("way", ["reset", "close"])
async def test_a_client_that_leaves_an_upstream_that_does_not_read_leaves_nothing(
    store: Store, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.forwarding.WRITE_TIMEOUT_S", 1)
    async with scene(store, deaf) as (edge, cookie):
        async with connected(edge.port) as client:
            await client.send(handshake(cookie))
            await agreed(client)
            await fill(client)
            getattr(client, way)()
        await until(lambda: edge.worker.streams.count == 0)
        await until(lambda: open_to_upstream(edge) == 0)


async def test_a_session_that_ends_frees_an_upstream_that_does_not_read(store: Store) -> None:
    async with scene(store, deaf) as (edge, cookie), connected(edge.port) as client:
        await client.send(handshake(cookie))
        await agreed(client)
        await fill(client)
        assert await store.end_browser_session(hash_of(cookie), EndReason.REVOKED, by="a test")
        await until(lambda: edge.worker.streams.count == 0)
        await until(lambda: open_to_upstream(edge) == 0)


async def test_what_came_before_the_101_holds_back_what_comes_after_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The early bytes alone fill the way to an upstream that does not read."""
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await go_on.wait()
        await peer.send(AGREED)
        await asyncio.Event().wait()

    async with Scripted.running(script) as upstream, running_edge(store, [route(upstream)]) as edge:
        cookie = await edge.sign_in()
        async with connected(edge.port) as client:
            await client.send(handshake(cookie))
            await until(lambda: upstream.hits == 1)
            (pool,) = edge.worker._pools.values()
            (connection,) = pool._open
            sock = connection._transport.get_extra_info("socket")  # type: ignore[union-attr]
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(sock.fileno(), b"z" * 4096)
            client.write(b"x" * 300_000)
            await until(lambda: next(iter(edge.worker.connections))._queue[0]._forwarding._pending)  # type: ignore[union-attr]
            go_on.set()
            await agreed(client)
            await fill(client)
            assert connection._transport.get_write_buffer_size() < 2 * MB  # type: ignore[union-attr]
            client.reset()


async def test_an_upstream_that_hangs_up_unread_is_seen_to(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await peer.send(AGREED)
        await go_on.wait()
        peer.writer.write_eof()
        await asyncio.Event().wait()

    go_on = asyncio.Event()
    async with scene(store, script) as (edge, cookie), connected(edge.port) as client:
        await client.send(handshake(cookie))
        await agreed(client)
        await fill(client)
        go_on.set()
        assert await client.read() == b""
        await until(lambda: open_to_upstream(edge) == 0)


async def test_a_visitor_who_sends_is_not_idle(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.recorder.FLUSH_EVERY_S", 0.1)
    monkeypatch.setattr("proxy.streams.TICK_S", 0.05)

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(AGREED)
        await peer.gone()

    async with scene(store, script, idle_timeout_s=2) as (edge, cookie), connected(edge.port) as client:
        await client.send(handshake(cookie))
        await agreed(client)
        for _ in range(30):
            client.write(b"\x82\x80mask")
            await asyncio.sleep(0.1)
            value = await store.check(
                hash_of(cookie), next(iter(edge.worker.site.hosts.values())).routes[0].endpoint.id
            )
            assert value is not None


async def test_a_visitor_who_sends_nothing_is_idle(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(AGREED)
        while True:
            await peer.send(b"\x82\x00")
            await asyncio.sleep(0.2)

    async with scene(store, script, idle_timeout_s=2) as (edge, cookie), connected(edge.port) as client:
        began = asyncio.get_running_loop().time()
        await client.send(handshake(cookie))
        got = await agreed(client)
        while not got.endswith(GOODBYE):
            data = await client.read()
            got += data
            assert asyncio.get_running_loop().time() - began < 12
