"""The sweep: notes what time has ended, completes what a crash has left half done, and forgets what is old.

Every few seconds what is due, once an hour every index whole, each by one of the processes that offer it,
some at a time with a pause between. What a sweep that fails half way leaves, the next one finds.
"""

import asyncio
from contextlib import suppress

import structlog

from session_store import keys
from session_store.commands import Commands
from session_store.errors import StoreError, StoreUnavailable
from session_store.forgetting import Forgetting
from session_store.overdue import Overdue
from session_store.strays import Strays

_PERIOD_S = 3600
_DUE_EVERY_S = 10
_PAUSE_S = 0.05

log = structlog.get_logger("session_store.sweeper")


class Sweeper:
    """Sweeps when a sweep is due; ``pause_s`` leaves the store to others between two batches."""

    def __init__(
        self,
        commands: Commands,
        overdue: Overdue,
        strays: Strays,
        forgetting: Forgetting,
        *,
        pause_s: float = _PAUSE_S,
    ) -> None:
        self._commands = commands
        self._overdue = overdue
        self._strays = strays
        self._forgetting = forgetting
        self._pause_s = pause_s
        self._sweeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Sweep whenever it is due, until ``close``. A store that is away is no error."""
        self._sweeping = asyncio.create_task(self._sweep_for_ever())

    async def close(self) -> None:
        """Stop, also half way."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.wait([self._sweeping])

    async def sweep(self) -> bool:
        """Sweep if it is due; False where a process has begun to within the hour. Raises StoreUnavailable."""
        if await self._commands.run("SET", keys.SWEEP, b"", "NX", "EX", _PERIOD_S) is None:
            return False
        for step in (self._overdue.note_listed, *self._strays.steps()):
            last = await step("")
            while last is not None:
                await asyncio.sleep(self._pause_s)
                last = await step(last)
        await self._forgetting.forget_old()
        return True

    async def sweep_due(self) -> bool:
        """Note what time has ended, if nobody has begun to within some seconds. Raises StoreUnavailable."""
        if await self._commands.run("SET", keys.SWEEP_DUE, b"", "NX", "PX", _DUE_EVERY_S * 900) is None:
            return False
        more = await self._overdue.note_some()
        while more:
            await asyncio.sleep(self._pause_s)
            more = await self._overdue.note_some()
        return True

    async def _sweep_for_ever(self) -> None:
        while True:
            try:
                with suppress(StoreUnavailable):
                    await self.sweep_due()
                    await self.sweep()
            except StoreError as error:
                log.error("sweep_failed", error=str(error))
            except Exception as error:  # one record that cannot be told must not end the looking after others
                log.error("sweep_failed", exc_info=error)
            await asyncio.sleep(_DUE_EVERY_S)
