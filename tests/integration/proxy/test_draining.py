"""The end of a worker: what is under way ends, nothing new is taken, and there is an end to the waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from session_store import Store
from tests.support.edge import Edge, route, running_edge
from tests.support.http_client import connected, request
from tests.support.upstreams import Peer, Script, Scripted


@asynccontextmanager
async def scene(store: Store, script: Script) -> AsyncIterator[tuple[Edge, Scripted, str]]:
    async with Scripted.running(script) as upstream, running_edge(store, [route(upstream)]) as edge:
        yield edge, upstream, await edge.sign_in()


async def test_draining_lets_what_is_under_way_end_and_takes_nothing_new(store: Store) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            asked.set()
            await go_on.wait()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with scene(store, script) as (edge, _, cookie):
        async with connected(edge.port) as idle, connected(edge.port) as busy:
            await busy.send(request(cookie=cookie))
            await asked.wait()
            draining = asyncio.create_task(edge.worker.drain(30))
            assert await idle.ended() == b""
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", edge.port)
            assert not draining.done()
            go_on.set()
            answer = await busy.answer()
            assert (answer.body, answer.header("connection")) == (b"ok", "close")
            assert await busy.ended() == b""
        await asyncio.wait_for(draining, 10)


async def test_draining_closes_after_an_answer_that_had_begun_before(store: Store) -> None:
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
        await go_on.wait()
        await peer.send(b"k")

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        begun = await client.read()
        while b"\r\n\r\no" not in begun:
            begun += await client.read()
        draining = asyncio.create_task(edge.worker.drain(30))
        await asyncio.sleep(0)
        go_on.set()
        assert await client.ended() == b"k"
        await asyncio.wait_for(draining, 10)


async def test_draining_has_an_end(store: Store) -> None:
    asked = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.gone()

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        await asked.wait()
        await asyncio.wait_for(edge.worker.drain(0.2), 10)
