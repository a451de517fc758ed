"""The demo clock's ticks, once a second: over a WebSocket, and as an event stream.

Both stay open until the edge, or the visitor, closes them. They know nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from aiohttp import web

Clock = Callable[[], float]
"""Unix time in seconds."""


def time_of(now_s: float) -> datetime:
    """``now_s`` in UTC."""
    return datetime.fromtimestamp(now_s, UTC)


def ticking_routes(clock: Clock) -> Sequence[web.RouteDef]:
    """``/ticks`` for a WebSocket, ``/events`` for an event stream."""

    async def ticks(request: web.Request) -> web.StreamResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        ticking = asyncio.create_task(_tick(clock, line.send_str))
        try:
            async for _ in line:
                pass
        finally:
            ticking.cancel()
        return line

    async def events(request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        stream = web.StreamResponse(headers=headers)
        await stream.prepare(request)
        await _tick(clock, lambda text: stream.write(f"data: {text}\n\n".encode()))
        return stream

    return [web.get("/ticks", ticks), web.get("/events", events)]


async def _tick(clock: Clock, send: Callable[[str], Awaitable[None]]) -> None:
    """Send the time at each full second, until nobody is there to hear it."""
    try:
        while True:
            await send(time_of(clock()).isoformat(timespec="seconds"))
            await asyncio.sleep(1 - clock() % 1)
    except ConnectionError:
        return
