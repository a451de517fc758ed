"""Limits: of sizes, of time, and of what a client may pile up; and that the answer arrives all the same."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proxy import Limits
from proxy.connection import ClientConnection
from session_store import Store
from tests.support.edge import Edge, route, running_edge
from tests.support.http_client import Answer, Client, Closed, connected, exchange, refused, request, until
from tests.support.upstreams import Echo, Peer, Script, Scripted, received

MB = 1024 * 1024


@asynccontextmanager
async def scene(store: Store, script: Script) -> AsyncIterator[tuple[Edge, Scripted, str]]:
    """An edge in front of a scripted upstream, and a visitor's cookie."""
    async with Scripted.running(script) as upstream, running_edge(store, [route(upstream)]) as edge:
        yield edge, upstream, await edge.sign_in()


def problem(answer: Answer) -> tuple[int, str]:
    return answer.problem


# Sizes


@pytest.mark.parametrize("size", [8 * 1024, 8 * 1024 + 1, 9_000, 40_000, 300_000])
async def test_an_address_has_at_most_8_kilobytes(edge: Edge, cookie: str, upstream: Echo, size: int) -> None:
    data = request(target="/" + "a" * (size - 1), cookie=cookie)
    if size <= 8 * 1024:
        assert (await exchange(edge.port, data))[0].status in (200, 400), "aiohttp's own limit may be lower"
    else:
        assert problem(await refused(edge.port, data)) == (414, "1011")
        assert upstream.hits == 0


async def test_an_address_without_end_is_refused_before_its_end(edge: Edge) -> None:
    async with connected(edge.port) as client:
        client.write(b"GET /")
        for _ in range(100):
            client.write(b"a" * 10_000)
            await asyncio.sleep(0)
        assert problem(await client.answer()) == (414, "1011")


@pytest.mark.parametrize(
    "headers",
    [
        [("X", "1")] * 100,
        [("X", "a" * 17_000)],
        [("X", "a" * 10_000)] * 4,
        [("X" * 17_000, "1")],
        [("X", "a" * 300_000)],
    ],
)
async def test_headers_have_limits(
    edge: Edge, cookie: str, upstream: Echo, headers: list[tuple[str, str]]
) -> None:
    assert problem(await refused(edge.port, request(cookie=cookie, headers=headers))) == (431, "1012")
    assert upstream.hits == 0


async def test_a_header_without_end_is_refused_before_its_end(edge: Edge) -> None:
    for piece in (b"a" * 10_000, b"X: a\r\n" * 1000):
        async with connected(edge.port) as client:
            client.write(b"GET / HTTP/1.1\r\nHost: app.localhost\r\nX: 1\r\n" + piece[:3])
            for _ in range(100):
                client.write(piece)
                await asyncio.sleep(0)
            assert problem(await client.answer()) == (431, "1012")


async def test_what_a_chunked_body_carries_beside_its_data_has_limits(edge: Edge, cookie: str) -> None:
    head = request("POST", cookie=cookie, headers=[("Transfer-Encoding", "chunked")])
    for beside in (b"5;" + b"x" * 100_000, b"0\r\nX: " + b"x" * 100_000, b"0\r\n" + b"X: 1\r\n" * 20_000):
        async with connected(edge.port) as client:
            await client.send(head + b"5;a=b\r\nhello\r\n")
            for start in range(0, len(beside), 1000):
                client.write(beside[start : start + 1000])
                await asyncio.sleep(0)
            assert problem(await client.answer("POST")) == (400, "1000")


# Time


@pytest.mark.parametrize("start", [b"G", b"GET / HTTP/1.1\r\nHost: app", b"\r\nGET"])
async def test_a_head_must_come_in_time(edge: Edge, start: bytes) -> None:
    edge.worker.limits = Limits(header_timeout_s=0.3)
    async with connected(edge.port) as client:
        await client.send(start)
        answer = await client.answer()
        assert problem(answer) == (408, "1013")
        assert answer.header("connection") == "close"
        assert await client.ended() == b""


async def test_a_head_that_trickles_is_no_reason_to_wait_longer(edge: Edge) -> None:
    edge.worker.limits = Limits(header_timeout_s=0.5)
    async with connected(edge.port) as client:
        trickle = asyncio.create_task(_trickle(client, request()[:-2] + b"X: " + b"a" * 1000))
        began = time.monotonic()
        assert problem(await client.answer()) == (408, "1013")
        assert time.monotonic() - began < 5
        trickle.cancel()


async def _trickle(client: Client, data: bytes) -> None:
    for at in range(len(data)):
        client.write(data[at : at + 1])
        await asyncio.sleep(0.05)


async def test_a_second_heads_time_counts_from_its_first_byte(edge: Edge, cookie: str) -> None:
    edge.worker.limits = Limits(header_timeout_s=0.3)
    async with connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        assert (await client.answer()).status == 200
        await asyncio.sleep(0.6)
        await client.send(request(cookie=cookie))
        assert (await client.answer()).status == 200
        await client.send(b"GET")
        assert problem(await client.answer()) == (408, "1013")


async def test_an_idle_connection_closes_without_a_word(edge: Edge, cookie: str) -> None:
    edge.worker.limits = Limits(idle_timeout_s=0.3)
    async with connected(edge.port) as client:
        assert await client.ended() == b""
    async with connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        assert (await client.answer()).status == 200
        assert await client.ended() == b""


async def test_a_body_must_come_in_time(edge: Edge, cookie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.forwarding.BODY_TIMEOUT_S", 0.3)
    async with connected(edge.port) as client:
        await client.send(request("POST", cookie=cookie, headers=[("Content-Length", "5")]) + b"he")
        assert problem(await client.answer("POST")) == (408, "1013")
        assert await client.ended() == b""


async def test_a_refused_body_that_never_comes_holds_nobody(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.course.DROP_TIMEOUT_S", 0.3)
    async with connected(edge.port) as client:
        await client.send(request("POST", headers=[("Content-Length", "5")]) + b"he")
        assert (await client.answer("POST")).status == 401
        assert await client.ended() == b""


async def test_a_client_that_does_not_take_its_answer_is_let_go(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.forwarding.WRITE_TIMEOUT_S", 0.3)
    monkeypatch.setattr("proxy.connection.WRITE_TIMEOUT_S", 0.3)
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        try:
            await peer.request()
            await peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                await peer.send(b"x" * MB)
        finally:
            gone.set()

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        client.stop_reading()
        await client.send(request(cookie=cookie))
        await asyncio.wait_for(gone.wait(), 10)
        await until(lambda: not edge.worker.connections)


async def test_a_client_that_takes_its_answer_slowly_is_waited_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.forwarding.WRITE_TIMEOUT_S", 1.0)
    monkeypatch.setattr("proxy.connection.WRITE_TIMEOUT_S", 1.0)
    whole = 8 * MB

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % whole)
        await peer.send(b"x" * whole)
        await peer.gone()

    async with scene(store, script) as (edge, _, cookie):
        loop = asyncio.get_running_loop()
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
            client.setblocking(False)
            await loop.sock_connect(client, ("127.0.0.1", edge.port))
            await loop.sock_sendall(client, request(cookie=cookie))
            taken = 0
            ends = loop.time() + 2.5
            while loop.time() < ends:
                taken += len(await loop.sock_recv(client, 16 * 1024))
                await asyncio.sleep(0.05)
            while taken < whole:
                piece = await loop.sock_recv(client, MB)
                assert piece, "the answer was cut"
                taken += len(piece)


# Refused, and still heard


@pytest.mark.parametrize("size", [100_000, 10 * MB])
@pytest.mark.parametrize("framing", ["Content-Length", "Transfer-Encoding"])
async def test_who_sends_a_large_body_to_a_refused_request_reads_the_answer(
    edge: Edge, upstream: Echo, size: int, framing: str
) -> None:
    value = str(size) if framing == "Content-Length" else "chunked"
    body = b"x" * size if framing == "Content-Length" else b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size)
    async with connected(edge.port) as client:
        await client.send(request("POST", headers=[(framing, value)]) + body)
        answer = await client.answer("POST")
        assert (answer.status, answer.header("connection")) == (401, "close")
    assert upstream.hits == 0


@pytest.mark.parametrize("length", ["5", "1000000000"])
async def test_who_waits_for_100_is_refused_before_it(edge: Edge, upstream: Echo, length: str) -> None:
    headers = [("Expect", "100-continue"), ("Content-Length", length)]
    async with connected(edge.port) as client:
        await client.send(request("POST", headers=headers))
        answer = await client.answer("POST")
        assert (answer.status, answer.interim, answer.header("connection")) == (401, (), "close")
    assert upstream.hits == 0


async def test_a_body_that_breaks_its_framing_is_400_and_the_upstream_is_let_go(store: Store) -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.gone()
        gone.set()

    async with scene(store, script) as (edge, upstream, cookie):
        async with connected(edge.port) as client:
            head = request("POST", cookie=cookie, headers=[("Transfer-Encoding", "chunked")])
            await client.send(head + b"5\r\nhello\r\n")
            await until(lambda: upstream.hits)
            await client.send(b"5\r\nhelloEVIL\r\n0\r\n\r\n")
            assert problem(await client.answer("POST")) == (400, "1000")
            assert await client.ended() == b""
        await asyncio.wait_for(gone.wait(), 10)


async def test_a_broken_request_in_the_queue_is_answered_in_its_turn(edge: Edge, cookie: str) -> None:
    broken = request("POST", cookie=cookie, headers=[("Transfer-Encoding", "chunked")]) + b"5\r\nhelloEVIL"
    for second in (broken, b"NONSENSE\r\n\r\n", request(target="/%zz")):
        async with connected(edge.port) as client:
            client.write(request(target="/first", cookie=cookie) + second)
            assert received(await client.answer()).target == "/first"
            assert problem(await client.answer("POST"))[0] == 400
            assert await client.ended() == b""


async def test_a_refused_client_sees_the_end_at_once(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.connection.LINGER_S", 60)
    for data in (b"NONSENSE\r\n\r\n", request(target="/%zz"), request(headers=[("Connection", "close")])):
        async with connected(edge.port) as client:
            await client.send(data)
            await client.answer()
            assert await client.ended() == b""


# What may be piled up


async def test_requests_behind_a_slow_one_are_not_piled_up(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.gone()

    async with scene(store, script) as (edge, upstream, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        await until(lambda: upstream.hits)
        (connection,) = edge.worker.connections
        client.write(request() * 200_000)
        await until(lambda: len(connection._queue) > 1)
        await asyncio.sleep(0.3)
        assert len(connection._queue) < 10_000
        client.reset()


async def test_five_thousand_requests_in_one_write_are_all_answered_in_order(edge: Edge) -> None:
    async with connected(edge.port) as client:
        client.write(b"".join(request(target=f"/{number}", host="h") for number in range(5000)))
        for _ in range(5000):
            assert (await client.answer()).status == 404


async def test_answers_that_are_not_read_are_not_piled_up(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [0]
    write = ClientConnection.write

    def noted(connection: ClientConnection, data: bytes) -> None:
        write(connection, data)
        assert connection._transport is not None
        held.append(max(held[-1], connection._transport.get_write_buffer_size()))

    monkeypatch.setattr(ClientConnection, "write", noted)
    async with connected(edge.port, receive_buffer=65536) as client:
        client.stop_reading()
        client.write(request() * 20_100)
        await until(lambda: held[-1] > 64 * 1024)
        await asyncio.sleep(0.3)
        assert held[-1] < 128 * 1024
        client.go_on_reading()
        answered = 0
        while answered < 20_000:
            answered += (await client.read()).count(b"HTTP/1.1 401 ")


async def test_who_never_reads_pipelined_answers_is_let_go(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.connection.WRITE_TIMEOUT_S", 0.3)
    async with connected(edge.port, receive_buffer=65536) as client:
        client.stop_reading()
        client.write(request() * 20_000)
        await until(lambda: edge.worker.connections)
        await until(lambda: not edge.worker.connections)


async def test_a_body_in_tiny_pieces_costs_no_more_than_its_bytes(edge: Edge) -> None:
    data = request("POST", cookie="A" * 43, headers=[("Transfer-Encoding", "chunked")])
    data += b"1\r\nx\r\n" * 40_000 + b"0\r\n\r\n"
    began = time.monotonic()
    async with connected(edge.port) as client:
        client.write(data)
        assert (await client.answer("POST")).status == 401
    assert time.monotonic() - began < 5


async def test_an_error_of_ours_passes_nothing_and_tells_nothing(
    edge: Edge, cookie: str, upstream: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a secret")

    for place in ("proxy.gate.Gate.judge", "proxy.exchange.upstream_head", "proxy.standing.read_cookies"):
        with monkeypatch.context() as patched:
            patched.setattr(place, fails)
            async with connected(edge.port) as client:
                await client.send(request(cookie=cookie) * 2)
                with pytest.raises(Closed):
                    await client.answer()
    assert upstream.hits == 0
    assert len(edge.errors) == 3
    edge.logged.clear()
    assert (await edge.ask(cookie=cookie)).status == 200
