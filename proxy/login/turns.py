"""How many messages of one provider are dealt with at a time: the rest wait, and visitors come in between.

A turn of the event loop then holds a few of them at most, however many are posted at once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_ONCE = 2
"""One is verified while another waits for the store."""
MOST_WAITING = 64
PATIENCE_S = 5.0
"""How long a message waits: behind a provider that does not answer, not for ever."""


class Turns:
    """The turns at one address of one provider, in one worker."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[bool]:
        """Wait for a turn, in order, and have it inside; False where none is to be had."""
        if self._waiting >= MOST_WAITING:
            yield False
            return
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._turns.acquire()
        except TimeoutError:
            yield False
            return
        finally:
            self._waiting -= 1
        try:
            yield True
        finally:
            self._turns.release()
