"""Requests abandoned half-way (M22): the worker holds nothing of them afterwards, and works for nobody."""

import asyncio
import socket
import struct
from pathlib import Path

import pytest

from tests.support.lone_edge import LoneEdge, lone_edge
from tests.support.watched_edge import Held

PATIENCE_S = 60.0
AT_ONCE = 50
# Connections to the store and to the edge's own pages are kept; now and then it takes some more.
KEPT = 20


def ways(lone: LoneEdge) -> list[bytes]:
    """What a client has sent when it goes."""
    return [
        lone.head("/")[:40],
        lone.head("/")[:-2],
        lone.head("/"),
        lone.head("/") * 3,
        lone.head("/50000000"),
        lone.head("/", "Content-Length: 100000", method="PUT") + bytes(5000),
        lone.head("/", "Transfer-Encoding: chunked", method="PUT") + b"ff\r\nhalf a chunk",
        lone.head("/", "Content-Length: 100000", "Expect: 100-continue", method="PUT"),
        lone.head("/.outerward/login"),
        lone.head("/").replace(lone.cookie.encode(), b"A" * 43),
        b"",
    ]


async def leave(lone: LoneEdge, sent: bytes, number: int) -> None:
    """Go half-way: at once, or when something has come of the answer; with a reset every other time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", lone.edge.port)
    writer.write(sent)
    await writer.drain()
    if number % 3 == 0 and b"/50000000" in sent:
        await reader.read(100)
    if number % 2:
        reset = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        writer.transport.abort()
    else:
        writer.close()


async def leave_all(lone: LoneEdge, count: int) -> None:
    each = ways(lone)
    for start in range(0, count, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, count))
        await asyncio.gather(*(leave(lone, each[n % len(each)], n) for n in numbers))


async def at_rest(lone: LoneEdge) -> Held:
    """What the worker holds when nobody is there and the upstream has hung up, once that changes no more."""
    async with asyncio.timeout(PATIENCE_S):
        last, held = lone.edge.held(), None
        while held is None or held[:2] != last[:2]:
            lone.upstream.hang_up()
            await asyncio.sleep(0.5)
            last, held = held or last, lone.edge.held()
        return held


@pytest.mark.timeout(900)
@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.long)])
async def test_m22_files_and_tasks_are_afterwards_as_before(
    tmp_path: Path, store_url: str, count: int
) -> None:
    async with lone_edge(tmp_path, store_url) as lone:
        await leave_all(lone, 500)
        assert await lone.ask() == b"0"
        before = await at_rest(lone)
        hits = lone.upstream.hits
        await leave_all(lone, count)
        after = await at_rest(lone)
        assert await lone.ask() == b"0"
    grown = (after.resident - before.resident) / 1024
    print(
        f"\n{count} abandoned, {lone.upstream.hits - hits} seen by the upstream: tasks and files "
        f"{before[:2]} before, {after[:2]} after; memory +{grown:.0f} kB"
    )

    assert after.tasks <= before.tasks + KEPT
    assert after.files <= before.files + KEPT
    assert after.resident - before.resident < 16 * 1024 * 1024
