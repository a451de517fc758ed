"""Answers that are none: an interim one with a body, trailers without end, headers behind the end."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from session_store import Store
from tests.support.edge import Edge, route, running_edge
from tests.support.http_client import Closed, Cut, connected, request
from tests.support.upstreams import Peer, Scripted

Script = Callable[[Peer], Awaitable[None]]
FORGED = b"HTTP/1.1 200 OK\r\nSet-Cookie: outerward=theirs\r\nContent-Length: 2\r\n\r\nno"
FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"


@asynccontextmanager
async def scene(store: Store, script: Script) -> AsyncIterator[tuple[Edge, str]]:
    async with Scripted.running(script) as upstream, running_edge(store, [route(upstream)]) as edge:
        yield edge, await edge.sign_in()


@pytest.mark.parametrize(
    "framing",
    [b"Content-Length: %d" % len(FORGED), b"Transfer-Encoding: chunked"],
    ids=["length", "chunked"],
)
@pytest.mark.parametrize("status", [100, 102, 103, 104, 150, 199])
async def test_an_interim_answer_with_a_body_is_no_answer(store: Store, status: int, framing: bytes) -> None:
    body = FORGED if b"Length" in framing else b"%x\r\n%b\r\n0\r\n\r\n" % (len(FORGED), FORGED)

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 %d X\r\n%b\r\n\r\n" % (status, framing) + body + FINAL)
        await peer.gone()

    async with scene(store, script) as (edge, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        answer = await client.answer()
        assert (answer.status, answer.header("set-cookie"), answer.interim) == (502, "", ())


async def test_trailers_without_end_are_given_up(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nTrailer: ")
        for _ in range(100):
            await peer.send(b"a" * 65536)
        await peer.gone()

    async with scene(store, script) as (edge, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie, headers=[("TE", "trailers"), ("Connection", "TE")]))
        with pytest.raises((Cut, Closed, ConnectionResetError)):
            await client.answer()


async def test_the_headers_of_a_second_answer_are_no_trailers_of_the_first(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nX-Evil: 1\r\nContent-Length: 0\r\n\r\n"
        )
        await peer.gone()

    async with scene(store, script) as (edge, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie, headers=[("TE", "trailers"), ("Connection", "TE")]))
        got = b""
        while b"0\r\n" not in got:
            got += await client.read()
        assert b"X-Evil" not in got
