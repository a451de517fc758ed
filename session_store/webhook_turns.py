"""Whose turn it is to deliver events to a webhook, and how far they have come. Knows no URL and no event."""

from session_store import keys, lua
from session_store.commands import Commands
from session_store.errors import StoreUnavailable
from session_store.events import is_event_id
from session_store.records import Milliseconds

_KEPT_MS = 30 * 24 * 3_600_000
"""For how long a webhook that nobody delivers to is remembered."""


class WebhookTurns:
    """One turn for each webhook, of which one holder has it at a time."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def take(self, name: str, holder: str, turn_ms: Milliseconds) -> str | None:
        """See EventFace.take_webhook."""
        return await self._hold(name, holder, turn_ms, "")

    async def keep(self, name: str, holder: str, turn_ms: Milliseconds, position: str) -> bool:
        """See EventFace.keep_webhook."""
        if not is_event_id(position):
            raise ValueError("not an event's id")
        return await self._hold(name, holder, turn_ms, position) is not None

    async def _hold(self, name: str, holder: str, turn_ms: Milliseconds, position: str) -> str | None:
        arguments = (holder, turn_ms, position, _KEPT_MS)
        standing = await self._commands.run(*lua.HOLD_WEBHOOK.call([keys.webhook(name)], *arguments))
        if standing is None:
            return None
        if not isinstance(standing, bytes):
            raise StoreUnavailable("the store does not tell how far a webhook has come")
        told = standing.decode("ascii", "replace")
        return told if is_event_id(told) else ""
