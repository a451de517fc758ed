"""A value that is fetched when it is needed and kept for a while: a provider's metadata, its keys.

One load at a time, however many wait for it; a load that fails leaves the old value in use. Knows nothing of
what the value is, and reads only the clock that it is given.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

from idp_adapters.provider import LoginError

T = TypeVar("T")

RETRY_S = 30.0
"""The shortest time between two loads that an old value makes optional."""

log = structlog.get_logger("idp_adapters")


class Refreshed(Generic[T]):
    """``load`` returns the value and for how many seconds it is fresh; it raises LoginError.

    ``what`` names the value in the log, ``monotonic`` is in seconds.
    """

    def __init__(
        self, what: str, load: Callable[[], Awaitable[tuple[T, float]]], monotonic: Callable[[], float]
    ) -> None:
        self._what = what
        self._load = load
        self._monotonic = monotonic
        self._value: T | None = None
        self._stale_at = 0.0
        self._renewable_at = 0.0
        self._loading: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """The value, loaded first where there is none or it is stale.

        Raises LoginError only while no load has ever succeeded.
        """
        if self._value is not None and self._monotonic() < self._stale_at:
            return self._value
        return await self._load_once()

    async def renew(self) -> T:
        """Load anew because the value did not fit, but at most once in 30 s; else the value as it is."""
        if self._value is not None and self._loading is None:
            if self._monotonic() < self._renewable_at:
                return self._value
            self._renewable_at = self._monotonic() + RETRY_S
        return await self._load_once()

    async def close(self) -> None:
        """End a load that is under way."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])

    async def _load_once(self) -> T:
        if self._loading is None:
            self._loading = asyncio.create_task(self._load_or_keep())
            self._loading.add_done_callback(self._loaded)
        # Shielded: a login that is given up must not take the load away from the others.
        return await asyncio.shield(self._loading)

    def _loaded(self, task: asyncio.Task[T]) -> None:
        self._loading = None
        if not task.cancelled():
            task.exception()  # Seen here, so that a load which nobody waits for any more is not reported.

    async def _load_or_keep(self) -> T:
        try:
            value, fresh_s = await self._load()
        except LoginError as error:
            if self._value is None:
                raise
            log.warning("old_kept", what=self._what, reason=error.reason, detail=error.detail)
            value, fresh_s = self._value, RETRY_S
        self._value = value
        self._stale_at = self._monotonic() + fresh_s
        return value
