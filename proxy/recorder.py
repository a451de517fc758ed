"""The sixth hop: activity, noted in memory and written behind once a second as "touch if alive".

What is lost when a worker dies is at most a second of activity; a touch never revives a session. Where a
request came from is looked up when it is written, once a second and session, not once a request.
"""

import asyncio
from collections.abc import Callable

import structlog

from session_store import ApplicationSession, Context, SessionId, Store, StoreUnavailable, Touch

FLUSH_EVERY_S = 1.0
_MOST_NOTED = 100_000
_BATCH = 500

log = structlog.get_logger("proxy.recorder")


class _Noted:
    """What one session did since the last write; ``seen_at_ms`` is 0 while all of it was speculative."""

    __slots__ = ("address", "agent", "at_ms", "requests", "seen_at_ms", "session")

    def __init__(self, session: ApplicationSession) -> None:
        self.session = session
        self.requests = 0
        self.at_ms = 0
        self.seen_at_ms = 0
        self.address = ""
        self.agent = b""

    def add(self, earlier: "_Noted") -> None:
        """Take in what was noted before this."""
        self.requests += earlier.requests
        if not self.seen_at_ms:
            self.seen_at_ms, self.address, self.agent = earlier.seen_at_ms, earlier.address, earlier.agent


class Recorder:
    """Collects what was let through, by application session.

    ``context_of`` tells the context of an address and a User-Agent.
    """

    def __init__(self, store: Store, context_of: Callable[[str, bytes], Context]) -> None:
        self._store = store
        self._context_of = context_of
        self._noted: dict[SessionId, _Noted] = {}
        self._task: asyncio.Task[None] | None = None

    def note(
        self,
        session: ApplicationSession,
        at_ms: int,
        address: str,
        agent: bytes,
        *,
        speculative: bool,
        requests: int = 1,
    ) -> None:
        """A request of ``session`` was let through at ``at_ms``, from ``address`` with a User-Agent.

        ``speculative``: nobody asked to see it, so it counts as activity only. ``requests``: 0 for activity
        on what was let through before.
        """
        noted = self._noted.get(session.id)
        if noted is None:
            if len(self._noted) >= _MOST_NOTED:
                return
            noted = self._noted[session.id] = _Noted(session)
        noted.requests += requests
        noted.at_ms = at_ms
        if not speculative:
            noted.seen_at_ms = at_ms
            noted.address = address
            noted.agent = agent

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
        taken, self._noted = list(self._noted.values()), {}
        for start in range(0, len(taken), _BATCH):
            try:
                await self._store.touch([self._touch(noted) for noted in taken[start : start + _BATCH]])
            except StoreUnavailable:
                for noted in taken[start:]:
                    self._note_again(noted)
                log.warning("activity_not_written", sessions=len(taken) - start)
                return

    def _touch(self, noted: _Noted) -> Touch:
        return Touch(
            session=noted.session,
            at_ms=noted.at_ms,
            requests=noted.requests,
            context=self._context_of(noted.address, noted.agent) if noted.seen_at_ms else None,
            context_at_ms=noted.seen_at_ms,
        )

    def _note_again(self, noted: _Noted) -> None:
        newer = self._noted.get(noted.session.id)
        if newer is None:
            self._noted[noted.session.id] = noted
        else:
            newer.add(noted)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            try:
                await self.flush()
            except Exception as error:  # one write that fails must not end all that follow
                log.error("activity_failed", exc_info=error)
