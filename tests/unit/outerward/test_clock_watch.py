"""A machine whose clock is set, and one whose clock runs."""

import asyncio
from collections.abc import Iterator

import pytest
import structlog

from outerward.clock_watch import watch_clock


async def watched(monkeypatch: pytest.MonkeyPatch, ahead_s: list[float]) -> list[float]:
    """The jumps that are told while the wall clock is ahead of the steady one by each of ``ahead_s``."""
    monkeypatch.setattr("outerward.clock_watch.LOOK_EVERY_S", 0)
    offsets: Iterator[float] = iter(ahead_s)
    seen = asyncio.Event()

    def wall_s() -> float:
        try:
            return 1000.0 + next(offsets)
        except StopIteration:
            seen.set()
            return 1000.0 + ahead_s[-1]

    with structlog.testing.capture_logs() as logs:
        watching = asyncio.create_task(watch_clock(wall_s, lambda: 1000.0))
        await seen.wait()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    return [line["by_s"] for line in logs if line["event"] == "clock_jumped"]


async def test_m28_a_clock_that_was_set_is_told_once_for_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await watched(monkeypatch, [0, 0, 3600, 3600, 0, -315_000_000]) == [3600, -3600, -315_000_000]


async def test_m28_a_clock_that_is_slewed_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await watched(monkeypatch, [0, 1, 2, 3, 2]) == []
