"""Large bodies and people who leave: flat memory, back-pressure both ways, and nobody works for nobody."""

import asyncio
import gc
import os
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from session_store import Store
from tests.support.edge import Edge, route, running_edge
from tests.support.http_client import Client, connected, request, until
from tests.support.upstreams import Echo, Peer, Script, Scripted, ok

MB = 1024 * 1024
PIECE = b"x" * (256 * 1024)


@asynccontextmanager
async def scene(store: Store, script: Script) -> AsyncIterator[tuple[Edge, Scripted, str]]:
    async with Scripted.running(script) as upstream, running_edge(store, [route(upstream)]) as edge:
        yield edge, upstream, await edge.sign_in()


def resident() -> int:
    """Bytes of memory in use now."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


async def stable(count: "list[int]") -> int:
    """The last of ``count`` once it has stopped growing."""
    async with asyncio.timeout(20):
        before = -1
        while before != count[0]:
            before = count[0]
            await asyncio.sleep(0.3)
    return before


async def skip_head(client: Client) -> int:
    """Read to the end of an answer's head; how many bytes of body came with it."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += await client.read()
    assert got.startswith(b"HTTP/1.1 200 ")
    return len(got.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize(
    "framing", [f"Content-Length: {64 * MB}", "Transfer-Encoding: chunked", "X: until-close"]
)
async def test_a_large_answer_passes_whole_in_flat_memory(store: Store, framing: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode())
        for _ in range(64 * MB // len(PIECE)):
            await peer.send(b"40000\r\n" + PIECE + b"\r\n" if "chunked" in framing else PIECE)
        if "chunked" in framing:
            await peer.send(b"0\r\n\r\n")

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie, headers=[("Connection", "close")]))
        got = await skip_head(client)
        before = resident()
        highest = before
        while data := await client.read():
            got += len(data)
            highest = max(highest, resident())

    assert got == 64 * MB if "Content-Length" in framing else 64 * MB < got < 65 * MB
    assert highest - before < 24 * MB


@pytest.mark.parametrize("framing", ["Content-Length", "Transfer-Encoding"])
async def test_a_large_body_passes_whole_in_flat_memory(store: Store, framing: str) -> None:
    got = [0]

    async def script(peer: Peer) -> None:
        await peer.head()
        while got[0] < 64 * MB:
            got[0] += len(await peer.read(256 * 1024))
        await peer.send(ok(b"thanks", "Connection: close"))
        await peer.gone()

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        value = str(64 * MB) if framing == "Content-Length" else "chunked"
        await client.send(request("PUT", cookie=cookie, headers=[(framing, value)]))
        before = resident()
        for _ in range(64 * MB // len(PIECE)):
            await client.send(PIECE if framing == "Content-Length" else b"40000\r\n" + PIECE + b"\r\n")
        if framing != "Content-Length":
            await client.send(b"0\r\n\r\n")
        assert resident() - before < 24 * MB
        assert (await client.answer("PUT")).body == b"thanks"


async def test_a_client_that_does_not_read_stops_the_upstream(store: Store) -> None:
    sent = [0]

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * MB))
        while sent[0] < 64 * MB:
            await peer.send(PIECE)
            sent[0] += len(PIECE)

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        client.stop_reading()
        await client.send(request(cookie=cookie, headers=[("Connection", "close")]))
        held = await stable(sent)
        assert 0 < held < 48 * MB, "kernel buffers and ours, but not the whole"
        client.go_on_reading()
        got = await skip_head(client)
        while data := await client.read():
            got += len(data)

    assert got == 64 * MB


async def test_an_upstream_that_does_not_read_stops_the_client(store: Store) -> None:
    read_on = asyncio.Event()
    sent = [0]

    async def script(peer: Peer) -> None:
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await read_on.wait()
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await peer.head()
        got = 0
        while got < 64 * MB:
            got += len(await peer.read(MB))
        await peer.send(ok(b"thanks"))

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:

        async def upload() -> None:
            await client.send(request("PUT", cookie=cookie, headers=[("Content-Length", str(64 * MB))]))
            while sent[0] < 64 * MB:
                await client.send(PIECE)
                sent[0] += len(PIECE)

        uploading = asyncio.create_task(upload())
        before = resident()
        assert await stable(sent) < 48 * MB
        assert resident() - before < 16 * MB
        read_on.set()
        await uploading
        assert (await client.answer("PUT")).body == b"thanks"


async def test_a_body_that_comes_before_the_upstream_is_there_waits_in_bounds(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = asyncio.Event()
    sent = [0]

    async def script(peer: Peer) -> None:
        asked = await peer.request()
        await peer.send(ok(str(len(asked.body)).encode()))

    async with scene(store, script) as (edge, upstream, cookie), connected(edge.port) as client:
        pool = edge.worker.pool(upstream.address)
        connect = pool._connector

        async def slowly(factory: object) -> object:
            await go_on.wait()
            return await connect(factory)  # type: ignore[arg-type]

        monkeypatch.setattr(pool, "_connector", slowly)
        monkeypatch.setattr("proxy.upstream_pool.CONNECT_TIMEOUT_S", 30)

        async def upload() -> None:
            await client.send(request("PUT", cookie=cookie, headers=[("Content-Length", str(16 * MB))]))
            while sent[0] < 16 * MB:
                await client.send(PIECE)
                sent[0] += len(PIECE)

        uploading = asyncio.create_task(upload())
        before = resident()
        assert await stable(sent) < 16 * MB
        assert resident() - before < 8 * MB
        go_on.set()
        await uploading
        assert (await client.answer("PUT")).body == str(16 * MB).encode()


async def test_an_upstream_that_answers_and_stops_reading_is_let_go(store: Store) -> None:
    done = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await done.wait()
        await peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await asyncio.Event().wait()

    async with scene(store, script) as (edge, upstream, cookie), connected(edge.port) as client:
        client.write(
            request("PUT", cookie=cookie, headers=[("Content-Length", str(64 * MB))]) + b"x" * 32 * MB
        )
        pool = edge.worker.pool(upstream.address)
        await until(lambda: [each for each in pool._open if each._transport.get_write_buffer_size()])  # type: ignore[union-attr]
        done.set()
        assert (await client.answer("PUT")).status == 413
        await until(lambda: not pool._open)


# People who leave


async def wait_for(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), 10)


LEAVE = ["reset", "close", "half_close"]


@pytest.mark.parametrize("leave", LEAVE)
async def test_a_client_that_leaves_while_it_waits_ends_the_upstreams_work(store: Store, leave: str) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.gone()
        gone.set()

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        await wait_for(asked)
        getattr(client, leave)()
        await wait_for(gone)


@pytest.mark.parametrize("leave", LEAVE)
async def test_a_client_that_leaves_in_its_body_ends_the_upstreams_work(store: Store, leave: str) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        asked.set()
        await peer.gone()
        gone.set()

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(request("POST", cookie=cookie, headers=[("Content-Length", "1000")]) + b"x" * 10)
        await wait_for(asked)
        getattr(client, leave)()
        await wait_for(gone)


@pytest.mark.parametrize("leave", LEAVE)
async def test_a_client_that_leaves_a_quiet_stream_ends_the_upstreams_work(store: Store, leave: str) -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await peer.gone()
        gone.set()

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        await skip_head(client)
        getattr(client, leave)()
        await wait_for(gone)


async def test_a_client_that_leaves_before_the_upstream_is_there_asks_nothing_of_it(
    store: Store, upstream: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = asyncio.Event()
    async with running_edge(store, [route(upstream)]) as edge, connected(edge.port) as client:
        pool = edge.worker.pool(upstream.address)
        connect = pool._connector

        async def slowly(factory: object) -> object:
            await go_on.wait()
            return await connect(factory)  # type: ignore[arg-type]

        monkeypatch.setattr(pool, "_connector", slowly)
        await client.send(request(cookie=await edge.sign_in()))
        await until(lambda: edge.worker.recorder._noted)
        client.reset()
        await until(lambda: not edge.worker.connections)
        go_on.set()
        await until(lambda: not edge.worker._tasks and not pool._open)
    assert upstream.hits == 0


async def test_a_stream_is_not_buffered(store: Store) -> None:
    heard = asyncio.Queue[bytes]()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        while True:
            await peer.send(b"data: " + await heard.get() + b"\n\n")

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        await skip_head(client)
        for number in range(20):
            heard.put_nowait(b"%d" % number)
            got = b""
            while b"data: %d\n\n" % number not in got:
                got += await client.read()


async def test_a_thousand_clients_that_leave_leave_nothing_behind(store: Store, upstream: Echo) -> None:
    async with running_edge(store, [route(upstream)]) as edge:
        cookie = await edge.sign_in()
        ways = [
            request(cookie=cookie),
            request(cookie=cookie) * 3,
            request("POST", cookie=cookie, headers=[("Content-Length", "100")]) + b"x" * 10,
            request("POST", cookie=cookie, headers=[("Transfer-Encoding", "chunked")]) + b"5\r\nhe",
            request(cookie=cookie)[:40],
            request(),
            request(cookie="A" * 43),
            request(target="/.outerward/x"),
            b"\x00garbage\r\n\r\n",
            b"",
        ]

        async def leave(number: int) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
            writer.write(ways[number % len(ways)])
            for _ in range(number % 7):
                await asyncio.sleep(0)
            if number % 2:
                Client(reader, writer).reset()
            writer.close()

        async def all_leave(count: int) -> None:
            for start in range(0, count, 50):
                await asyncio.gather(*(leave(number) for number in range(start, start + 50)))

        await all_leave(100)
        await settled(edge, upstream)
        files, tasks = open_files(), len(asyncio.all_tasks())
        await all_leave(1000)
        await settled(edge, upstream)
        # Each way to leave is taken a hundred times; the store's client may keep some connections more.
        await until(lambda: open_files() < files + 64 and len(asyncio.all_tasks()) < tasks + 64)
        assert edge.worker._tasks == set()
        assert (await edge.ask(cookie=cookie)).status == 200


def open_files() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


async def settled(edge: Edge, upstream: Echo) -> None:
    """Wait until the edge has nothing under way, and no idle connection to anybody."""
    await until(lambda: not edge.worker.connections and not edge.worker._tasks)
    pools = edge.worker.control_pool, edge.worker.pool(upstream.address)
    for pool in pools:
        pool.close()
    await until(lambda: not any(pool._open for pool in pools))
