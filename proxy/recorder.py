"""The sixth hop: activity, noted in memory and written behind once a second as "touch if alive".

What is lost when a worker dies is at most a second of activity; a touch never revives a session.
"""

import asyncio
from collections.abc import Callable

import structlog

from session_store import ApplicationSession, Context, CookieHash, EndpointId, Store, StoreUnavailable, Touch

FLUSH_EVERY_S = 1.0
_MOST_NOTED = 100_000
_BATCH = 500

log = structlog.get_logger("proxy.recorder")


class Recorder:
    """Collects what was let through, by application session."""

    def __init__(self, store: Store, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._now_ms = now_ms
        self._noted: dict[tuple[CookieHash, EndpointId], Touch] = {}
        self._task: asyncio.Task[None] | None = None

    def note(self, session: ApplicationSession, context: Context | None) -> None:
        """A request of ``session`` was let through just now; without a context it counts as activity only."""
        key = (session.cookie_hash, session.endpoint.id)
        earlier = self._noted.get(key)
        if earlier is None and len(self._noted) >= _MOST_NOTED:
            return
        now = self._now_ms()
        self._noted[key] = Touch(
            cookie_hash=session.cookie_hash,
            endpoint_id=session.endpoint.id,
            user_tag=session.user_tag,
            at_ms=now,
            requests=1 + (earlier.requests if earlier else 0),
            idle_timeout_s=session.idle_timeout_s,
            context=context or (earlier.context if earlier else None),
            context_at_ms=now if context else (earlier.context_at_ms if earlier else 0),
        )

    def start(self) -> None:
        """Begin to write behind."""
        self._task = asyncio.create_task(self._run(), name="recorder")

    async def close(self) -> None:
        """Write what is noted, once, and stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self.flush()

    async def flush(self) -> None:
        """Write what is noted now; what the store does not take is noted again."""
        noted, self._noted = self._noted, {}
        touches = list(noted.items())
        for start in range(0, len(touches), _BATCH):
            try:
                await self._store.touch([touch for _, touch in touches[start : start + _BATCH]])
            except StoreUnavailable:
                for key, touch in touches[start:]:
                    self._merge(key, touch)
                log.warning("activity_not_written", sessions=len(touches) - start)
                return

    def _merge(self, key: tuple[CookieHash, EndpointId], touch: Touch) -> None:
        newer = self._noted.get(key)
        if newer is None:
            self._noted[key] = touch
        else:
            self._noted[key] = Touch(
                cookie_hash=newer.cookie_hash,
                endpoint_id=newer.endpoint_id,
                user_tag=newer.user_tag,
                at_ms=newer.at_ms,
                requests=newer.requests + touch.requests,
                idle_timeout_s=newer.idle_timeout_s,
                context=newer.context or touch.context,
                context_at_ms=newer.context_at_ms or touch.context_at_ms,
            )

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            await self.flush()
