"""WebSockets through the edge: what may become one, what passes, and that one ends with its session."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

from proxy import UpstreamAddress
from session_store import ApplicationSession, EndReason, Store, decode
from tests.support.edge import HOST, Edge, ada, hash_of, route, running_edge
from tests.support.http_client import connected, request, until
from tests.support.upstreams import Peer, Scripted, ok

MB = 1024 * 1024
PATIENCE_S = 20
Handler = Callable[[ServerConnection], Awaitable[None]]


class Application:
    """An upstream of the websockets library; ``closes`` holds the close codes that it received."""

    def __init__(self) -> None:
        self.address = UpstreamAddress("http")
        self.opened: list[ServerConnection] = []
        self.closes: list[int | None] = []

    async def _serve(self, socket: ServerConnection) -> None:
        self.opened.append(socket)
        try:
            async for message in socket:
                if message == "close 4001":
                    await socket.close(4001, "as asked")
                else:
                    await socket.send(message)
        except ConnectionClosed:
            pass
        finally:
            self.closes.append(socket.close_code)

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator["Application"]:
        """One on a free port."""
        application = cls()
        async with serve(application._serve, "127.0.0.1", 0, max_size=None) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            application.address = UpstreamAddress("http", "127.0.0.1", port)
            yield application


@pytest.fixture
async def application() -> AsyncIterator[Application]:
    async with Application.running() as running:
        yield running


@pytest.fixture
async def edge(store: Store, application: Application) -> AsyncIterator[Edge]:
    async with running_edge(store, [route(application)]) as running:
        yield running


async def opened(edge: Edge, cookie: str = "", origin: str | None = None) -> ClientConnection:
    """A WebSocket through the edge."""
    headers = {"Cookie": f"outerward={cookie}"} if cookie else {}
    if origin is not None:
        headers["Origin"] = origin
    return await connect(
        f"ws://{HOST}/socket?a=b",
        host="127.0.0.1",
        port=edge.port,
        additional_headers=headers,
        max_size=None,
        open_timeout=PATIENCE_S,
    )


async def closed(socket: ClientConnection) -> int | None:
    """The close code that comes; None where the connection just ends."""
    async with asyncio.timeout(PATIENCE_S):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd is not None else None


def handshake(cookie: str, *headers: tuple[str, str], method: str = "GET", version: str = "1.1") -> bytes:
    given = headers or (
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
    )
    return request(method, "/socket", cookie=cookie, headers=given, version=version)


# What passes


async def test_messages_of_any_size_and_kind_pass_both_ways(edge: Edge, cookie: str) -> None:
    async with await opened(edge, cookie) as socket:
        for message in ("", "hello", "é" * 1000, b"", bytes(range(256)), b"x" * 65536, b"y" * (3 * MB)):
            await socket.send(message)
            assert await socket.recv() == message
        await socket.send(["in ", "three ", "pieces"])
        assert await socket.recv() == "in three pieces"
        assert await asyncio.wait_for(await socket.ping(), PATIENCE_S) >= 0


async def test_close_codes_pass_both_ways(edge: Edge, cookie: str, application: Application) -> None:
    socket = await opened(edge, cookie)
    await socket.send("close 4001")
    assert await closed(socket) == 4001

    socket = await opened(edge, cookie)
    await socket.close(4002)
    await until(lambda: application.closes == [4001, 4002])


async def test_the_upstream_is_told_who_asks_and_what_was_offered(
    edge: Edge, cookie: str, application: Application
) -> None:
    async with await opened(edge, cookie, f"http://{HOST}") as socket:
        (upstream,) = application.opened
        assert upstream.request is not None
        headers = upstream.request.headers
        assert headers["X-Forwarded-User"]
        assert headers["Origin"] == f"http://{HOST}"
        assert "outerward=" not in headers.get("Cookie", "")
        assert "permessage-deflate" in headers["Sec-WebSocket-Extensions"]
        assert "permessage-deflate" in (socket.response.headers["Sec-WebSocket-Extensions"] or "")  # type: ignore[union-attr]
        assert upstream.request.path == "/socket?a=b"


async def test_what_is_sent_with_the_handshake_arrives_after_it(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nearly"
        )
        assert await peer.read() == b"at once"
        await peer.send(b"and back")
        await peer.gone()

    async with scripted(store, script) as (edge, cookie), connected(edge.port) as client:
        client.write(handshake(cookie) + b"at once")
        got = b""
        while b"and back" not in got:
            got += await client.read()
    head, _, rest = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert {b"Connection: Upgrade", b"Upgrade: websocket"} <= set(head.split(b"\r\n"))
    assert rest == b"earlyand back"


async def test_a_client_that_does_not_read_stops_its_upstream_and_nobody_else(
    store: Store, application: Application
) -> None:
    sent = [0]

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 101 Y\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        while True:
            await peer.send(b"\x82\x7e\xff\xff" + b"x" * 65535)
            sent[0] += 65539

    async with (
        scripted(store, script) as (edge, cookie),
        connected(edge.port, receive_buffer=65536) as client,
    ):
        await client.send(handshake(cookie))
        await client.read()
        client.stop_reading()
        before = -1
        while before != sent[0]:
            before = sent[0]
            await asyncio.sleep(0.3)
        assert sent[0] < 32 * MB
        client.reset()
        await until(lambda: edge.worker.streams.count == 0)


@asynccontextmanager
async def scripted(
    store: Store, script: Callable[[Peer], Awaitable[None]]
) -> AsyncIterator[tuple[Edge, str]]:
    async with Scripted.running(script) as upstream, running_edge(store, [route(upstream)]) as edge:
        yield edge, await edge.sign_in()


# What may not become one


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        f"https://{HOST}",
        f"http://{HOST}:4180",
        f"http://{HOST}.evil.example",
    ],
    ids=["another site", "null", "empty", "https", "another port", "a longer name"],
)
async def test_ws_01_a_page_of_another_site_opens_nothing(
    edge: Edge, cookie: str, application: Application, origin: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await opened(edge, cookie, origin)
    assert refused.value.response.status_code == 403
    assert b"ERR_OUTERWARD_1005" in (refused.value.response.body or b"")
    assert application.opened == []


async def test_ws_01_two_origins_are_none_of_ours(edge: Edge, cookie: str, application: Application) -> None:
    own = ("Origin", f"http://{HOST}")
    lines = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Key", "x"),
        ("Sec-WebSocket-Version", "13"),
    ]
    async with connected(edge.port) as client:
        await client.send(handshake(cookie, *lines, own, own))
        assert (await client.answer()).problem == (403, "1005")
    assert application.opened == []


async def test_without_a_session_there_is_no_websocket(edge: Edge, application: Application) -> None:
    for cookie in ("", "A" * 43):
        with pytest.raises(InvalidStatus) as refused:
            await opened(edge, cookie)
        assert refused.value.response.status_code == 401
        assert application.opened == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Upgrade", "h2c"),
        ("Upgrade", "h2c, websocket"),
        ("Sec-WebSocket-Version", "8"),
        ("Sec-WebSocket-Key", ""),
    ],
    ids=["h2c", "a list", "another version", "no key"],
)
async def test_any_other_upgrade_is_served_as_plain_http_and_closed(
    store: Store, name: str, value: str
) -> None:
    lines = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "x",
        "Sec-WebSocket-Version": "13",
    }
    lines[name] = value
    if not value:
        del lines[name]
    heads = []

    async def script(peer: Peer) -> None:
        heads.append(await peer.head())
        await peer.send(ok(b"plain"))

    async with scripted(store, script) as (edge, cookie), connected(edge.port) as client:
        await client.send(handshake(cookie, *lines.items()))
        answer = await client.answer()
        assert (answer.status, answer.body, answer.header("connection")) == (200, b"plain", "close")
    (head,) = heads
    assert "upgrade" not in head.names


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["another protocol", "no connection", "no upgrade", "a length", "chunked"],
)
async def test_an_answer_that_does_not_agree_is_502(store: Store, answer: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(answer)
        await peer.gone()

    async with scripted(store, script) as (edge, cookie), connected(edge.port) as client:
        await client.send(handshake(cookie))
        assert (await client.answer()).status == 502


async def test_an_upstream_may_say_no(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno")
        await peer.gone()

    async with scripted(store, script) as (edge, cookie), connected(edge.port) as client:
        await client.send(handshake(cookie) + b"frames that nobody reads")
        answer = await client.answer()
        assert (answer.status, answer.body) == (426, b"no")
        assert await client.read() == b""


# Its end


async def end(store: Store, cookie: str, way: str, application: Application) -> None:
    value = await store.check(hash_of(cookie), route(application).endpoint.id)
    assert value is not None
    session = decode(value, ApplicationSession)
    if way == "user":
        assert await store.delete_user(session.user_id, by="a test")
    elif way == "logout":
        assert await store.end_browser_session(hash_of(cookie), EndReason.LOGOUT, by="a test")
    else:
        assert await store.end_application_session(session.id, EndReason.REVOKED, by="a test")


@pytest.mark.parametrize("way", ["session", "user", "logout"])
async def test_a_websocket_ends_with_its_session_by_1008_and_no_other_does(
    edge: Edge, cookie: str, store: Store, application: Application, way: str
) -> None:
    somebody = await edge.sign_in(principal=ada(subject="somebody else"))
    other, socket = await opened(edge, somebody), await opened(edge, cookie)
    await socket.send("hello")
    assert await socket.recv() == "hello"

    await end(store, cookie, way, application)

    assert await closed(socket) == 1008
    await until(lambda: len(application.closes) == 1)
    await other.send("still here")
    assert await other.recv() == "still here"
    await other.close()
    await until(lambda: edge.worker.streams.count == 0)


async def test_inside_a_message_it_breaks_off(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(
            b"HTTP/1.1 101 Y\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x82\x7e\xff\xffhalf"
        )
        await peer.gone()

    async with scripted(store, script) as (edge, cookie), connected(edge.port) as client:
        await client.send(handshake(cookie))
        got = b""
        while not got.endswith(b"half"):
            got += await client.read()
        assert await store.end_browser_session(hash_of(cookie), EndReason.REVOKED, by="a test")
        with pytest.raises(ConnectionResetError):
            assert await client.read() == b""


async def test_it_ends_when_the_session_expires(edge: Edge) -> None:
    socket = await opened(edge, await edge.sign_in(lasts_s=1.5))
    assert await closed(socket) == 1008
