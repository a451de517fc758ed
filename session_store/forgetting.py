"""Forgets what was kept long enough: events, ended sessions, users whom nobody saw; completes erasures."""

from collections.abc import Callable
from typing import cast

from session_store import indexes, keys
from session_store.commands import Commands
from session_store.directory import Directory
from session_store.endings import Act
from session_store.erasure import Erasure
from session_store.events import Events
from session_store.ids import SessionId, UserId
from session_store.lifecycle import EndReason
from session_store.records import Milliseconds
from session_store.settings import Retention
from session_store.tombstones import TIME

_AT_ONCE = 100


class Forgetting:
    """Deletes what is old."""

    def __init__(
        self,
        commands: Commands,
        directory: Directory,
        erasure: Erasure,
        events: Events,
        retention: Retention,
        now_ms: Callable[[], Milliseconds],
    ) -> None:
        self._commands = commands
        self._directory = directory
        self._erasure = erasure
        self._events = events
        self._retention = retention
        self._now_ms = now_ms

    async def forget_old(self) -> None:
        """Forget what was kept long enough, and do the rest of erasures. Raises StoreUnavailable."""
        await self._erasure.finish_some()
        await self._events.trim()
        while await self._forget_ended():
            pass
        oldest = self._now_ms() - self._retention.user
        while await self._forget_users(oldest):
            pass

    async def _forget_ended(self) -> bool:
        """Forget some of the sessions that were kept long enough; whether there may be more."""
        oldest = self._now_ms() - self._retention.ended
        found = await self._commands.run(
            "ZRANGE", keys.ENDED_AT, "-inf", f"({oldest}", "BYSCORE", "LIMIT", 0, _AT_ONCE
        )
        ids = [SessionId(entry.decode()) for entry in cast("list[bytes]", found)]
        if ids:
            await self._commands.run_all(
                [
                    *(("DEL", keys.ended_session(each)) for each in ids),
                    *indexes.leave_ended(ids),
                ]
            )
        return len(ids) == _AT_ONCE

    async def _forget_users(self, oldest: Milliseconds) -> bool:
        """Delete some users without sessions, last seen before ``oldest``; whether there may be more."""
        found = await self._commands.run(
            "ZRANGE", keys.USERS_ACTIVE, "-inf", f"({oldest}", "BYSCORE", "LIMIT", 0, _AT_ONCE
        )
        ids = [entry.decode() for entry in cast("list[bytes]", found)]
        act = Act(reason=EndReason.USER_DELETED, by=TIME, note="not seen for store.user_retention")
        for each, view in zip(ids, await self._directory.user_views(ids), strict=True):
            if view is None:
                await self._commands.run("ZREM", keys.USERS_ACTIVE, each)
            elif view.last_active >= oldest or view.sessions:
                at = max(view.last_active, oldest)
                await self._commands.run("ZADD", keys.USERS_ACTIVE, "XX", at, each)
            else:
                await self._erasure.delete(UserId(each), act)
        return len(ids) == _AT_ONCE
