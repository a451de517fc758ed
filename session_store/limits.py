"""How many sessions a user may have at an endpoint: the oldest make way for the newest.

Which of two that come at once is the later one is decided by one script in the user's slot, so that no clock
of a worker's matters and exactly so many stay as are allowed: docs/decisions/keys.md.
"""

from collections.abc import Callable
from typing import cast

from session_store import keys, lua
from session_store.commands import Commands
from session_store.directory import Directory
from session_store.endings import Act
from session_store.ids import may_be_under_way
from session_store.lifecycle import EndReason
from session_store.records import ApplicationSession, Milliseconds
from session_store.revocation import Revocation


class Limits:
    """Ends what a new application session leaves no place for."""

    def __init__(
        self,
        commands: Commands,
        revocation: Revocation,
        directory: Directory,
        now_ms: Callable[[], Milliseconds],
    ) -> None:
        self._commands = commands
        self._revocation = revocation
        self._directory = directory
        self._now_ms = now_ms

    async def make_place(self, session: ApplicationSession, allowed: int) -> None:
        """End the oldest of the user's other sessions at this endpoint: ``allowed`` stay, with this one.

        ``session`` has been written. Raises NotConfirmed; the next session at the endpoint does the rest.
        """
        others = await self._directory.live_at(await self._others(session), session.endpoint.id)
        others.sort(key=lambda other: (other.created_at, other.id))
        for other in others[: max(0, len(others) + 1 - allowed)]:
            act = Act(reason=EndReason.SESSION_LIMIT, by=session.user_id)
            await self._revocation.end_application_session(other.id, act)

    async def _others(self, session: ApplicationSession) -> list[str]:
        """Ids of the user's sessions that came before ``session``, and perhaps to this endpoint.

        One that had no turn came when there was no limit, or may be about to have it, after this one.
        """
        order = lua.ORDER_APPLICATION.call(
            [keys.user_order(session.user_tag), keys.user_applications(session.user_tag)],
            session.id,
            session.expires_at + keys.GRACE_MS - session.created_at,
        )
        ordered, indexed = cast("list[list[bytes]]", await self._commands.run(*order))
        had_a_turn = {entry.decode() for entry in ordered}
        unlimited = {entry.decode() for entry in indexed} - had_a_turn
        now = self._now_ms()
        came_before = had_a_turn | {entry for entry in unlimited if not may_be_under_way(entry, now)}
        return sorted(came_before - {session.id})
