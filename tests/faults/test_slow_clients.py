"""Slow clients (M21): they send a head or a body, or read an answer, byte by byte, and hold up nobody."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.lone_edge import LoneEdge, lone_edge
from tests.support.slow_clients import SlowClients, Slowness, slow_clients
from tests.support.watched_edge import Held

OTHERS = 8
LARGE = 10_000_000
MOST_KB = 2560


def heads(lone: LoneEdge) -> dict[Slowness, bytes]:
    """What the slow ones of each kind ask."""
    return {
        "head": lone.head("/"),
        "body": lone.head("/", "Content-Length: 100000", method="PUT"),
        "reading": lone.head(f"/{LARGE}"),
    }


async def p99_ms(lone: LoneEdge, requests: int) -> float:
    """What 99 of 100 requests take at most that the others make, each on its connection that stays open."""
    took: list[float] = []
    data = lone.head("/")

    async def visit() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", lone.edge.port)
        for _ in range(requests // OTHERS):
            began = time.perf_counter()
            writer.write(data)
            await reader.readuntil(b"\r\n\r\n0")
            took.append(time.perf_counter() - began)
            await asyncio.sleep(0.005)
        writer.close()

    await asyncio.gather(*(visit() for _ in range(OTHERS)))
    return sorted(took)[len(took) * 99 // 100] * 1000


async def grown(lone: LoneEdge, files: int) -> Held:
    """What the worker holds once it has so many files open and its memory grows no more."""
    last, held = lone.edge.held(), None
    while held is None or held.files < files or held.resident > last.resident:
        await asyncio.sleep(0.5)
        last, held = held or last, lone.edge.held()
    return held


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("count", "requests"), [(200, 800), pytest.param(2000, 16_000, marks=pytest.mark.long)]
)
async def test_m21_slow_clients_hold_up_nobody_and_cost_little(
    tmp_path: Path, store_url: str, count: int, requests: int
) -> None:
    told: list[str] = []
    clients: dict[Slowness, SlowClients] = {}
    async with lone_edge(tmp_path, store_url) as lone, AsyncExitStack() as stack:
        await p99_ms(lone, requests // 4)
        alone = await p99_ms(lone, requests)
        for slowness, head in heads(lone).items():
            before = lone.edge.held()
            share = count // 3
            clients[slowness] = await stack.enter_async_context(
                slow_clients(lone.edge.port, share, slowness, head)
            )
            after = await grown(lone, before.files + share)
            each = (after.resident - before.resident) / share / 1024
            told.append(f"{slowness} {each:.1f} kB")
            assert each < MOST_KB, slowness
        among = await p99_ms(lone, requests)
        again = {slowness: slow.begun_anew for slowness, slow in clients.items()}
        assert await lone.ask() == b"0"
        pauses = await asyncio.to_thread(lone.edge.stop)
    longest = max((pause.waited_s for pause in pauses), default=0.0)
    print(
        f"\n{count} slow clients: p99 of the others {alone:.2f} ms alone, {among:.2f} ms among them "
        f"({among / alone:.1f}x); memory each: {', '.join(told)}; began anew {again}; "
        f"longest pause {longest * 1000:.0f} ms"
    )

    assert among < 2000
