"""Bodies that come slowly, in the smallest pieces, or not at all hold nobody up; the next is answered."""

import asyncio
import time

import pytest

from tests.support.edge import Edge
from tests.support.http_client import Client, connected, request


async def test_a_body_that_trickles_is_given_up_and_one_that_flows_is_not(
    edge: Edge, cookie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.forwarding.BODY_TIMEOUT_S", 0.3)
    monkeypatch.setattr("proxy.forwarding.LEAST_BODY_BYTES", 100)
    head = request("POST", cookie=cookie, headers=[("Content-Length", "100000")])

    async def send(client: Client, piece: bytes, pieces: int) -> None:
        for _ in range(pieces):
            client.write(piece)
            await asyncio.sleep(0.02)

    async with connected(edge.port) as slow, connected(edge.port) as flowing:
        await slow.send(head)
        await flowing.send(head)
        sending = [
            asyncio.create_task(send(slow, b"x", 1000)),
            asyncio.create_task(send(flowing, b"x" * 1250, 80)),
        ]
        assert (await slow.answer("POST")).problem == (408, "1013")
        assert (await flowing.answer("POST")).status == 200
        for task in sending:
            task.cancel()


async def test_a_body_of_the_smallest_chunks_holds_nobody_up(edge: Edge) -> None:
    """Forty thousand chunks of one byte, in one write, before anything may be forwarded."""
    async with connected(edge.port) as client:
        head = request("POST", "/.outerward/x", headers=[("Transfer-Encoding", "chunked")])
        began = time.monotonic()
        await client.send(head + b"1\r\nx\r\n" * 40_000 + b"0\r\n\r\n")
        assert (await client.answer("POST")).status in (200, 404, 405, 413)
        assert time.monotonic() - began < 5


async def test_what_follows_a_refused_short_body_is_answered(edge: Edge, cookie: str) -> None:
    async with connected(edge.port) as client:
        await client.send(request("POST", headers=[("Content-Length", "10")]) + b"x")
        assert (await client.answer("POST")).status == 401
        await client.send(b"y" * 9 + request(cookie=cookie))
        assert (await client.answer()).status == 200
