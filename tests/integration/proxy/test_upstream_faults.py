"""Upstreams that refuse, stay silent, break off or speak nonsense: 502, 504, an abort; never a short 200."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proxy import UpstreamAddress
from session_store import Store
from tests.support.edge import Edge, route, running_edge
from tests.support.http_client import Cut, chunked, connected, exchange, request, until
from tests.support.upstreams import Peer, Script, Scripted, always, answering, ok


@asynccontextmanager
async def scene(
    store: Store, script: Script, *, request_timeout_s: float = 60
) -> AsyncIterator[tuple[Edge, Scripted, str]]:
    async with Scripted.running(script) as upstream:
        routes = [route(upstream, request_timeout_s=request_timeout_s)]
        async with running_edge(store, routes) as edge:
            yield edge, upstream, await edge.sign_in()


async def test_an_upstream_that_refuses_is_502_and_the_client_is_kept(store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = UpstreamAddress("http", "127.0.0.1", probe.getsockname()[1])
    async with running_edge(store, [route(address)]) as edge, connected(edge.port) as client:
        cookie = await edge.sign_in()
        for method in ("GET", "POST"):
            await client.send(request(method, cookie=cookie, body=b"x" if method == "POST" else b""))
            answer = await client.answer(method)
            assert answer.problem == (502, "1020")
            assert answer.header("connection") == ""


@pytest.mark.parametrize(
    "address",
    [
        UpstreamAddress("unix", path="/nonexistent/socket"),
        UpstreamAddress("http", "a" * 64 + ".invalid", 80),
        UpstreamAddress("https", "127.0.0.1", 1),
    ],
)
async def test_an_upstream_that_is_nowhere_is_502(store: Store, address: UpstreamAddress) -> None:
    async with running_edge(store, [route(address)]) as edge:
        assert (await edge.ask(cookie=await edge.sign_in())).problem == (502, "1020")


async def test_an_upstream_on_a_unix_socket_is_reached(
    store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("s") / "s"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ok(b"unix", "Connection: close"))
        writer.close()

    server = await asyncio.start_unix_server(serve, path)
    async with running_edge(store, [route(UpstreamAddress("unix", path=str(path)))]) as edge:
        assert (await edge.ask(cookie=await edge.sign_in())).body == b"unix"
    server.close()


async def test_a_silent_upstream_is_504_and_is_let_go(store: Store) -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.gone()
        gone.set()

    async with scene(store, script, request_timeout_s=0.3) as (edge, upstream, cookie):
        for body in (b"", b"x"):
            gone.clear()
            answer = await edge.ask(method="POST" if body else "GET", cookie=cookie, body=body)
            assert answer.problem == (504, "1021")
            await asyncio.wait_for(gone.wait(), 10)
    assert upstream.hits == 2


async def test_an_upstream_that_takes_no_connection_is_504(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.upstream_pool.CONNECT_TIMEOUT_S", 0.2)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(8)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        async with running_edge(store, [route(UpstreamAddress("http", *address))]) as edge:
            assert (await edge.ask(cookie=await edge.sign_in())).problem == (504, "1021")
        for each in waiting:
            each.close()


async def test_an_answer_that_keeps_coming_is_not_cut_by_the_time_limit_of_its_head(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            await asyncio.sleep(0.15)
            await peer.send(b"x")

    async with scene(store, script, request_timeout_s=0.3) as (edge, _, cookie):
        assert (await edge.ask(cookie=cookie)).body == b"x" * 8


# Answers that break off


@pytest.mark.parametrize("reset", [False, True])
async def test_an_upstream_that_closes_without_an_answer_is_502(store: Store, reset: bool) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        if reset:
            peer.reset()

    async with scene(store, script) as (edge, upstream, cookie):
        for method in ("GET", "POST"):
            answer = await edge.ask(method=method, cookie=cookie, body=b"x" if method == "POST" else b"")
            assert answer.problem == (502, "1020")
    assert upstream.hits == 2, "a fresh connection is not tried again"


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
    ],
)
@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_an_answer_that_breaks_off_breaks_the_client_off(
    store: Store, start: bytes, reset: bool, version: str
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(start)
        if reset:
            await asyncio.sleep(0.05)
            peer.reset()

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie, version=version))
        with pytest.raises(Cut):
            await client.answer()


async def test_an_until_close_answer_that_is_reset_is_not_taken_for_whole_even_by_http_1_0(
    store: Store,
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
        await asyncio.sleep(0.05)
        peer.reset()

    async with scene(store, script) as (edge, _, cookie):
        for version in ("1.1", "1.0"):
            async with connected(edge.port) as client:
                await client.send(request(cookie=cookie, version=version))
                with pytest.raises(Cut):
                    await client.answer()


# Once more, or not


async def test_a_get_on_a_connection_that_turned_out_closed_is_sent_once_more(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(ok())
        await peer.request()

    async with scene(store, script) as (edge, upstream, cookie), connected(edge.port) as client:
        for _ in range(2):
            await client.send(request(cookie=cookie))
            assert (await client.answer()).status == 200
        assert (upstream.hits, upstream.connections) == (3, 2)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_what_must_not_happen_twice_is_never_sent_once_more(store: Store, method: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(ok())
        await peer.request()

    async with scene(store, script) as (edge, upstream, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        assert (await client.answer()).status == 200
        await client.send(request(method, cookie=cookie, body=b"x"))
        assert (await client.answer(method)).problem == (502, "1020")
        assert (upstream.hits, upstream.connections) == (2, 1)


async def test_a_get_is_not_sent_once_more_when_an_answer_had_begun(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(ok())
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n")

    async with scene(store, script) as (edge, upstream, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        assert (await client.answer()).status == 200
        await client.send(request(cookie=cookie))
        assert (await client.answer()).problem == (502, "1020")
        assert upstream.hits == 2


# Nonsense


async def test_what_must_not_happen_twice_is_not_sent_on_a_connection_that_has_waited(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.upstream_pool.FRESH_FOR_S", -1)
    async with scene(store, always(ok())) as (edge, upstream, cookie):
        for method, connections in (("GET", 1), ("GET", 1), ("POST", 2)):
            assert (await edge.ask(method=method, cookie=cookie)).status == 200
            assert upstream.connections == connections


async def test_a_connection_that_is_closing_is_not_taken(store: Store) -> None:
    async with scene(store, always(ok())) as (edge, upstream, cookie):
        assert (await edge.ask(cookie=cookie)).status == 200
        pool = edge.worker.pool(upstream.address)
        (connection,) = pool._idle
        assert connection._transport is not None
        connection._transport.close()
        assert pool.take(fresh=False) is None


NONSENSE = [
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + ok(),
    b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50 + ok(),
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"ok"),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" + chunked(b"ok"),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nX: a\rY: b\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nX: a\nY: b\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 \x00\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 600 Odd\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 99 Odd\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x16\x03\x03\x00\x01",
    b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 500 + b"\r\n",
]


@pytest.mark.parametrize("sent", NONSENSE)
async def test_nonsense_is_502_and_its_connection_is_not_used_again(store: Store, sent: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(sent)
        await peer.gone()

    async with scene(store, script) as (edge, upstream, cookie), connected(edge.port) as client:
        for _ in range(2):
            await client.send(request(cookie=cookie))
            assert (await client.answer()).problem == (502, "1022")
    assert (upstream.hits, upstream.connections) == (2, 2)


EXCESS = [
    (ok(), b"more"),
    (ok(), ok(b"evil")),
    (ok(b"ok", "Connection: close"), b"more"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"ok"), ok(b"evil")),
    (b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n", b"evil"),
    (b"HTTP/1.1 204 No Content\r\n\r\n", ok(b"evil")),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n", b"evil"),
]


@pytest.mark.parametrize(("sent", "excess"), EXCESS)
@pytest.mark.parametrize("apart", [False, True])
async def test_what_comes_after_an_answer_is_never_the_next_one(
    store: Store, sent: bytes, excess: bytes, apart: bool
) -> None:
    first = True

    async def script(peer: Peer) -> None:
        nonlocal first
        while True:
            await peer.request()
            if not first:
                await peer.send(ok(b"good"))
                continue
            first = False
            await peer.send(sent if apart else sent + excess)
            if apart:
                await asyncio.sleep(0.05)
                await peer.send(excess)

    async with scene(store, script) as (edge, upstream, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        assert (await client.answer()).body in (b"ok", b"")
        if apart:
            await until(lambda: not edge.worker.pool(upstream.address)._open)
        for _ in range(2):
            await client.send(request(cookie=cookie))
            assert (await client.answer()).body == b"good"
    assert upstream.connections == 2


async def test_head_answered_with_a_body_is_answered_without_and_the_connection_is_not_used_again(
    store: Store,
) -> None:
    async with scene(store, always(ok(b"evil"))) as (edge, upstream, cookie):
        data = request("HEAD", cookie=cookie) + request(cookie=cookie)
        head, got = await exchange(edge.port, data, "HEAD", "GET")

    assert (head.body, got.body) == (b"", b"evil")
    assert upstream.connections == 2


async def test_an_answer_before_it_was_asked_for_is_never_given(store: Store) -> None:
    async def script(peer: Peer) -> None:
        if upstream_first.pop():
            await peer.request()
            await peer.send(ok(b"good") + ok(b"evil"))
            await peer.gone()
        else:
            await always(ok(b"good"))(peer)

    upstream_first = [False, False, True]
    async with scene(store, script) as (edge, _, cookie):
        data = request(cookie=cookie) * 3
        answers = await exchange(edge.port, data, "GET", "GET", "GET")

    assert [answer.body for answer in answers] == [b"good"] * 3


async def test_a_head_that_never_ends_is_502(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await peer.send(b"X-Endless: and so on\r\n" * 100)

    async with scene(store, script) as (edge, _, cookie):
        assert (await edge.ask(cookie=cookie)).problem == (502, "1022")


async def test_an_upstream_that_means_to_close_is_not_asked_again_on_that_connection(store: Store) -> None:
    async with scene(store, always(ok(b"ok", "Connection: close"))) as (edge, upstream, cookie):
        for connections in (1, 2, 3):
            assert (await edge.ask(cookie=cookie)).status == 200
            assert upstream.connections == connections


async def test_a_large_answer_in_one_read_is_no_endless_head(store: Store) -> None:
    body = b"x" * 1_000_000
    async with scene(store, answering(ok(body), ok(body))) as (edge, _, cookie):
        for _ in range(2):
            assert (await edge.ask(cookie=cookie)).body == body
