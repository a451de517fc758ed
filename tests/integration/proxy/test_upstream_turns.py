"""More requests than an upstream may have connections: they wait in order, and those who go are dropped."""

import asyncio

import pytest

from session_store import Store
from tests.support.edge import route, running_edge
from tests.support.http_client import connected, request, until
from tests.support.upstreams import Peer, Scripted, ok


async def test_requests_wait_in_order_and_those_whose_client_is_gone_are_never_sent(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.upstream_pool.MOST_OPEN", 1)
    go = asyncio.Event()
    targets = []

    async def script(peer: Peer) -> None:
        while True:
            targets.append((await peer.request()).target)
            await go.wait()
            await peer.send(ok())

    async with (
        Scripted.running(script) as upstream,
        running_edge(store, [route(upstream)]) as edge,
        connected(edge.port) as first,
        connected(edge.port) as gone,
        connected(edge.port) as last,
    ):
        cookie = await edge.sign_in()
        pool = edge.worker.pool(upstream.address)
        await first.send(request(target="/1", cookie=cookie))
        await until(lambda: targets)
        for count, client in ((1, gone), (2, last)):
            await client.send(request("POST", f"/{count + 1}", cookie=cookie, body=b"x"))
            await until(lambda count=count: len(pool._waiting) == count)  # type: ignore[misc]
        gone.reset()
        await until(lambda: len(pool._waiting) == 1)
        go.set()
        assert (await first.answer()).status == 200
        assert (await last.answer("POST")).status == 200
    assert targets == ["/1", "/3"]
    assert upstream.connections == 1


async def test_who_waits_in_vain_is_told_503_and_may_come_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.upstream_pool.MOST_OPEN", 1)
    monkeypatch.setattr("proxy.upstream_pool.WAIT_TIMEOUT_S", 0.1)
    asked = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.gone()

    async with (
        Scripted.running(script) as upstream,
        running_edge(store, [route(upstream)]) as edge,
        connected(edge.port) as first,
    ):
        cookie = await edge.sign_in()
        await first.send(request(cookie=cookie))
        await asyncio.wait_for(asked.wait(), 10)

        answer = await edge.ask(cookie=cookie)

        assert answer.problem == (503, "1023")
        assert answer.header("retry-after") == "1"


async def test_a_client_that_goes_while_its_upstream_is_connected_to_leaves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    connecting, cancelled = asyncio.Event(), asyncio.Event()

    async def never(_: object) -> None:
        connecting.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with (
        Scripted.running(lambda peer: peer.gone()) as upstream,
        running_edge(store, [route(upstream)]) as edge,
        connected(edge.port) as client,
    ):
        pool = edge.worker.pool(upstream.address)
        monkeypatch.setattr(pool, "_connector", never)
        await client.send(request(cookie=await edge.sign_in()))
        await asyncio.wait_for(connecting.wait(), 10)
        client.reset()
        await asyncio.wait_for(cancelled.wait(), 2)
        await until(lambda: not pool._reserved and not edge.worker._tasks)
