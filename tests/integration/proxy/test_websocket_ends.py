"""WebSockets that are ended, drained, refused or not looked after, each at an odd moment."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from session_store import EndReason, Store
from tests.support.edge import HOST, Edge, hash_of, route, running_edge
from tests.support.http_client import Client, connected, request, until
from tests.support.upstreams import Peer, Script, Scripted, ok

HANDSHAKE = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
)
AGREED = b"HTTP/1.1 101 Y\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
GOODBYE = b"\x88\x02\x03\xf0"
STREAMS = 1000
LONGEST_PAUSE_S = 2.0


def handshake(cookie: str = "", *more: tuple[str, str]) -> bytes:
    return request("GET", "/socket", cookie=cookie, headers=(*HANDSHAKE, *more))


@asynccontextmanager
async def scene(store: Store, script: Script, **changes: Any) -> AsyncIterator[tuple[Edge, Scripted, str]]:
    async with (
        Scripted.running(script) as upstream,
        running_edge(store, [route(upstream, **changes)]) as edge,
    ):
        yield edge, upstream, await edge.sign_in()


async def agreed(client: Client) -> bytes:
    """What comes with the 101 and behind it."""
    got = b""
    while b"\r\n\r\n" not in got:
        data = await client.read()
        assert data, got
        got += data
    assert got.startswith(b"HTTP/1.1 101 ")
    return got.partition(b"\r\n\r\n")[2]


async def echo(peer: Peer) -> None:
    await peer.head()
    await peer.send(AGREED)
    while data := await peer.read():
        await peer.send(data)


async def revoke(store: Store, cookie: str) -> bool:
    return await store.end_browser_session(hash_of(cookie), EndReason.REVOKED, by="a test")


async def longest_pause(left: Callable[[], int]) -> float:
    """The longest turn of the event loop, in seconds, until nothing is left."""
    longest, before = 0.0, time.perf_counter()
    while left():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, before = max(longest, now - before), now
    return longest


async def test_an_end_before_the_check_opens_nothing(store: Store) -> None:
    async with scene(store, echo) as (edge, upstream, cookie), connected(edge.port) as client:
        whole = handshake(cookie)
        await client.send(whole[:-1])
        assert await revoke(store, cookie)
        await client.send(whole[-1:])
        assert (await client.answer()).status == 401
        assert upstream.hits == 0


@pytest.mark.parametrize("early", [b"", b"\x82\x80mask"], ids=["silent", "with early frames"])
async def test_an_end_between_check_and_101_lets_no_frame_through(store: Store, early: bytes) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        asked.set()
        await go_on.wait()
        await peer.send(AGREED)
        await peer.gone()

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(handshake(cookie) + early)
        await asked.wait()
        assert await revoke(store, cookie)
        go_on.set()
        assert (await client.ended()).partition(b"\r\n\r\n")[2] in (b"", GOODBYE)
        await until(lambda: edge.worker.streams.count == 0)


async def test_an_end_between_the_101_and_a_first_byte_is_told(store: Store) -> None:
    async with scene(store, echo) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(handshake(cookie))
        assert await agreed(client) == b""
        assert await revoke(store, cookie)
        client.write(b"\x82\x80mask")
        assert (await client.ended()).endswith(GOODBYE)
        await until(lambda: edge.worker.streams.count == 0)


async def test_a_session_that_is_ended_twice_ends_once(store: Store) -> None:
    async with scene(store, echo) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(handshake(cookie))
        await agreed(client)
        first, second = await asyncio.gather(revoke(store, cookie), revoke(store, cookie))
        assert {first, second} == {True, False}
        assert await client.ended() == GOODBYE
        assert edge.worker.streams.count == 0


async def test_a_thousand_streams_of_one_cookie_end_without_a_long_pause(store: Store) -> None:
    async with scene(store, echo) as (edge, _, cookie), AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(edge.port)) for _ in range(STREAMS)]
        for client in clients:
            await client.send(handshake(cookie))
        for client in clients:
            await agreed(client)
        await until(lambda: edge.worker.streams.count == STREAMS)
        pauses = asyncio.create_task(longest_pause(lambda: edge.worker.streams.count))
        assert await revoke(store, cookie)
        for client in clients:
            assert await client.ended() == GOODBYE
        pause_s = await asyncio.wait_for(pauses, 15)
        print(f"\n{STREAMS} streams of one cookie ended: the loop paused for {pause_s * 1000:.1f} ms at most")
        assert pause_s < LONGEST_PAUSE_S


async def test_draining_leaves_a_websocket_open_until_its_limit(store: Store) -> None:
    async with scene(store, echo) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(handshake(cookie))
        await agreed(client)
        draining = asyncio.create_task(edge.worker.drain(1.0))
        await until(lambda: edge.worker.draining)
        await client.send(b"\x82\x80mask")
        assert await client.read() == b"\x82\x80mask"
        await draining
        assert edge.worker.streams.count == 1
        await edge.worker.close()
        with pytest.raises(ConnectionResetError):
            await client.read()


async def test_while_draining_a_websocket_still_ends_with_its_session(store: Store) -> None:
    async with scene(store, echo) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(handshake(cookie))
        await agreed(client)
        draining = asyncio.create_task(edge.worker.drain(30))
        await until(lambda: edge.worker.draining)
        assert await revoke(store, cookie)
        assert await client.ended() == GOODBYE
        client.close()
        await asyncio.wait_for(draining, 15)


async def test_a_websocket_has_no_body_that_could_be_too_large(store: Store) -> None:
    async with scene(store, echo, max_body=10) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(handshake(cookie))
        await agreed(client)
        sent = b"\x82\xfe\x03\xe8mask" + b"x" * 1000
        await client.send(sent)
        got = b""
        while len(got) < len(sent):
            got += await client.read()
        assert got == sent


async def test_a_client_that_says_no_more_frees_its_upstream(store: Store) -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(AGREED)
        assert await peer.read() == b"\x88\x80mask"
        await peer.gone()
        gone.set()

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(handshake(cookie))
        await agreed(client)
        await client.send(b"\x88\x80mask")
        client.half_close()
        await asyncio.wait_for(gone.wait(), 15)
        await until(lambda: edge.worker.streams.count == 0)


async def test_what_follows_a_refused_upgrade_reaches_no_upstream(store: Store) -> None:
    targets = []

    async def script(peer: Peer) -> None:
        while True:
            targets.append((await peer.request()).target)
            await peer.send(ok(b"no"))

    async with scene(store, script) as (edge, _, cookie):
        async with connected(edge.port) as client:
            await client.send(handshake(cookie) + b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await client.answer()).header("connection") == "close"
            assert await client.ended() == b""
        assert (await edge.ask("/next", cookie=cookie)).body == b"no"
    assert targets == ["/socket", "/next"]


async def test_on_a_public_path_the_origin_is_judged_and_no_session_looked_after(store: Store) -> None:
    async with scene(store, echo, public_paths=["/socket"]) as (edge, upstream, cookie):
        async with connected(edge.port) as client:
            await client.send(handshake(cookie, ("Origin", "http://evil.example")))
            assert (await client.answer()).problem == (403, "1005")
        assert upstream.hits == 0
        async with connected(edge.port) as client:
            await client.send(handshake(cookie, ("Origin", f"http://{HOST}")))
            await agreed(client)
            await client.send(b"\x82\x80mask")
            assert await client.read() == b"\x82\x80mask"
            assert edge.worker.streams.count == 0
