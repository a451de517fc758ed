"""What the edge makes of a message and what h11 makes of it are the same, in any pieces, whole or broken.

One edge serves all examples. The upstream reads by h11, and an example fails when h11 cannot follow.
"""

import asyncio
import string
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import pairwise

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from session_store import Store
from tests.support.edge import HOST, Edge, route, running_edge
from tests.support.http_client import Closed, connected
from tests.support.redis_server import RedisServer
from tests.support.upstreams import Peer, Received, Scripted, ok


@dataclass
class World:
    """An edge, what its upstream received, and a visitor's cookie."""

    runner: asyncio.Runner
    edge: Edge
    received: list[Received]
    cookie: str


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    server = RedisServer()
    server.start()
    got: list[Received] = []

    async def script(peer: Peer) -> None:
        while True:
            got.append(await peer.request())
            await peer.send(ok(b"%d" % len(got)))

    async def build(stack: AsyncExitStack) -> World:
        store = Store.open(server.url, secrets=["a secret of the tests, 32 long.."], check_timeout_s=10)
        await store.start()
        stack.push_async_callback(store.close)
        await store.ping()
        upstream = await stack.enter_async_context(Scripted.running(script))
        edge = await stack.enter_async_context(running_edge(store, [route(upstream)]))
        return World(runner, edge, got, await edge.sign_in())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = AsyncExitStack()
        try:
            yield runner.run(build(stack))
        finally:
            runner.run(stack.aclose())
            server.stop()


@dataclass(frozen=True)
class Message:
    """A request as it is sent, and as it should arrive."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    framed: bytes
    framing: str

    def sent(self, cookie: str) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {HOST}", f"Cookie: outerward={cookie}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += [self.framing] if self.framing else []
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + self.framed


path_text = st.text(string.ascii_letters + string.digits + "-_~!$&'()*+,=:@", max_size=12)
queries = st.text(string.ascii_letters + '/?%:@;=&.\\"<>{}|^`[]', max_size=12)
targets = st.builds(lambda path, query: f"/x{path}{query and '?' + query}", path_text, queries)
names = st.text(string.ascii_letters + string.digits + "!#$%&'*+.^_`|~", min_size=1, max_size=12)
visible = st.characters(codec="latin-1", exclude_categories=["Cc"])
values = st.text(visible, max_size=20).map(str.strip)
headers = st.lists(st.tuples(names.map(lambda name: "Z-" + name), values), max_size=6)
extensions = st.sampled_from(["", ";a", ";a=b", ';a="b;c"', ";" + "x" * 100])


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, bytes, str]:
    """A body, the bytes that carry it, and the line that frames it."""
    pieces = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
    body = b"".join(pieces)
    if not draw(st.booleans()):
        return body, body, f"Content-Length: {len(body)}" if body else ""
    framed = b""
    for piece in pieces:
        size = draw(st.sampled_from([b"%x", b"%X", b"00%x"])) % len(piece)
        framed += size + draw(extensions).encode() + b"\r\n" + piece + b"\r\n"
    end = draw(st.sampled_from([b"0\r\n\r\n", b"000\r\n\r\n", b"0;x\r\nTrailer: x\r\nHost: evil\r\n\r\n"]))
    return body, framed + end, "Transfer-Encoding: chunked"


@st.composite
def messages(draw: st.DrawFn) -> Message:
    body, framed, framing = draw(bodies())
    method = draw(st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"]))
    return Message(method, draw(targets), draw(headers), body, framed, framing)


cuts = st.lists(st.floats(0, 1), max_size=6)


def pieces_of(data: bytes, at: list[float]) -> list[bytes]:
    places = [0, *sorted(int(each * len(data)) for each in at), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


EXAMPLES = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@EXAMPLES
@given(st.lists(messages(), min_size=1, max_size=4), cuts)
def test_every_message_arrives_as_it_was_meant(world: World, sent: list[Message], at: list[float]) -> None:
    world.received.clear()

    async def ask() -> None:
        async with connected(world.edge.port) as client:
            for piece in pieces_of(b"".join(each.sent(world.cookie) for each in sent), at):
                client.write(piece)
                await asyncio.sleep(0)
            for number, each in enumerate(sent, 1):
                assert (await client.answer(each.method)).body == b"%d" % number

    world.runner.run(ask())
    for message, got in zip(sent, world.received, strict=True):
        assert (got.method, got.target, got.body) == (message.method, message.target, message.body)
        assert [(name, value) for name, value in got.headers if name.startswith("Z-")] == message.headers
        assert got.all("X-Forwarded-User") == ["ada"]
        assert got.all("Host") == [HOST]


SPLICED = [
    *(b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b":", b";", b"\xff", b"%2f", b"..", b"0\r\n\r\n"),
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"X-Forwarded-User: root\r\n",
    b"Host: evil\r\n",
    b"GET / HTTP/1.1\r\n",
    b"HTTP/1.0",
    b"Connection: close\r\n",
    b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    b"Expect: x\r\n",
]
splices = st.one_of(st.sampled_from(SPLICED), st.binary(max_size=3))
damage = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), splices), max_size=3)

ANSWERS = {200, 400, 401, 404, 405, 414, 417, 431, 501, 505}


@EXAMPLES
@given(st.lists(messages(), min_size=1, max_size=3), damage, cuts)
def test_a_damaged_message_is_refused_or_arrives_in_one_meaning(
    world: World, sent: list[Message], blows: list[tuple[float, int, bytes]], at: list[float]
) -> None:
    world.received.clear()
    data = b"".join(each.sent(world.cookie) for each in sent)
    for place, cut, put in blows:
        where = int(place * len(data))
        data = data[:where] + put + data[where + cut :]

    async def ask() -> None:
        async with connected(world.edge.port) as client:
            for piece in pieces_of(data, at):
                client.write(piece)
                await asyncio.sleep(0)
            client.half_close()
            try:
                while True:
                    assert (await client.answer()).status in ANSWERS
            except Closed:
                pass

    world.runner.run(ask())
    for got in world.received:
        assert got.all("X-Forwarded-User") == ["ada"]
        assert got.all("Host")[0].split(":")[0].rstrip(".").lower() == HOST
        assert len(got.all("Content-Length")) + len(got.all("Transfer-Encoding")) <= 1
        assert not got.all("Connection")
    assert world.edge.errors == []
    assert world.edge.unhandled == []
