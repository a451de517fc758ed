"""100 MB down and up through a worker in its own process: whole, and in flat memory."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.lone_edge import LoneEdge, lone_edge

MB = 1024 * 1024
SIZE = 100 * MB
PIECE = bytes(256 * 1024)
Transfer = Callable[[LoneEdge], Awaitable[None]]


async def download(lone: LoneEdge) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", lone.edge.port, limit=MB)
    writer.write(lone.head(f"/{SIZE}", "Connection: close"))
    await reader.readuntil(b"\r\n\r\n")
    got = 0
    while data := await reader.read(MB):
        got += len(data)
    writer.close()
    assert got == SIZE


async def upload(lone: LoneEdge) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", lone.edge.port)
    writer.write(lone.head("/", f"Content-Length: {SIZE}", "Connection: close", method="PUT"))
    for _ in range(SIZE // len(PIECE)):
        writer.write(PIECE)
        await writer.drain()
    assert (await reader.read(-1)).endswith(b"\r\n\r\n%d" % SIZE)
    writer.close()


async def highest(lone: LoneEdge, moving: "asyncio.Future[None]") -> int:
    """The most bytes of memory that the worker was seen with while something moved."""
    most = 0
    while not moving.done():
        most = max(most, (await asyncio.to_thread(lone.edge.held)).resident)
        await asyncio.wait([moving], timeout=0.02)
    return most


@pytest.mark.parametrize("transfer", [pytest.param(download, id="down"), pytest.param(upload, id="up")])
async def test_100_mb_pass_whole_in_flat_memory(tmp_path: Path, store_url: str, transfer: Transfer) -> None:
    async with lone_edge(tmp_path, store_url) as lone:
        await lone.ask()
        before, began = lone.edge.held().resident, time.monotonic()
        moving = asyncio.ensure_future(transfer(lone))
        most = await highest(lone, moving)
        await moving
        took, after = time.monotonic() - began, lone.edge.held().resident
    print(
        f"\n{transfer.__name__}: {SIZE / MB / took:.0f} MB/s, the worker had {before / MB:.1f} MB before, "
        f"{most / MB:.1f} at most, {after / MB:.1f} after"
    )

    assert most - before < 24 * MB
    assert after - before < 24 * MB
