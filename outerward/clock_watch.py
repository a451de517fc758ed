"""Tells the log when the machine's clock was set: sessions end by it, so whoever looks for why finds it."""

import asyncio
import time
from collections.abc import Callable

import structlog

LOOK_EVERY_S = 1.0
JUMP_S = 2.0

log = structlog.get_logger("outerward.clock")


async def watch_clock(
    wall_s: Callable[[], float] = time.time, steady_s: Callable[[], float] = time.monotonic
) -> None:
    """Compare ``wall_s`` with ``steady_s``, both in seconds, for ever; a warning where they part."""
    offset = wall_s() - steady_s()
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        now = wall_s() - steady_s()
        if abs(now - offset) >= JUMP_S:
            log.warning("clock_jumped", by_s=round(now - offset), until="sessions end by the clock as it is")
        offset = now
