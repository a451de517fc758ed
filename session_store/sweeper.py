"""The sweep: takes sessions that time has ended out of the list of all sessions, where nobody else would.

Once an hour, by one of the processes that offer it, a hundred entries at a time with a pause between. Ends
and lists take their own entries out; what a sweep that fails half way leaves, the next one finds.
"""

import asyncio
from contextlib import suppress

from session_store import keys
from session_store.commands import Commands
from session_store.directory import Directory
from session_store.errors import StoreUnavailable

_PERIOD_S = 3600
_PAUSE_S = 0.05


class Sweeper:
    """Sweeps when a sweep is due; ``pause_s`` leaves the store to others between two batches."""

    def __init__(self, commands: Commands, directory: Directory, *, pause_s: float = _PAUSE_S) -> None:
        self._commands = commands
        self._directory = directory
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
        last = await self._directory.drop_some_sessions("")
        while last is not None:
            await asyncio.sleep(self._pause_s)
            last = await self._directory.drop_some_sessions(last)
        return True

    async def _sweep_for_ever(self) -> None:
        while True:
            with suppress(StoreUnavailable):
                await self.sweep()
            await asyncio.sleep(_PERIOD_S)
