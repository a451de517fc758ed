"""The store as whoever tells or follows events sees it; ``Store`` is this and more.

``events``, ``event_tail`` and ``webhook_turns`` do it.
"""

from collections.abc import Sequence

from session_store.event_tail import EventTail, Subscription
from session_store.events import Event, EventPage, Events
from session_store.records import Milliseconds
from session_store.webhook_turns import WebhookTurns


class EventFace:
    """What happened: told, read, followed, and delivered; any method may raise StoreUnavailable."""

    _events: Events
    _event_tail: EventTail
    _webhook_turns: WebhookTurns

    async def record_events(self, events: Sequence[Event]) -> None:
        """Write ``events`` in order, each with a line of the log, which also tells what was not written."""
        await self._events.append(events)

    async def events(
        self, *, limit: int, before: str | None, types: frozenset[str] = frozenset(), user_id: str = ""
    ) -> EventPage:
        """``limit`` events at most, newest first; ``before`` is an exclusive position, an event's id.

        Only of ``types`` and those that name the user, where these are given. A page goes on at its ``next``,
        even when it is short or empty: 5,000 events are read for it at most.
        """
        return await self._events.page(limit=limit, before=before, types=types, user_id=user_id)

    async def follow_events(self, after: str | None) -> Subscription:
        """All events behind ``after``, an event's id, and on; without one, those that come from now on."""
        return await self._event_tail.subscribe(after)

    async def last_event(self) -> str:
        """The position behind all that has been told."""
        return await self._events.last_position()

    async def take_webhook(self, name: str, holder: str, turn_ms: Milliseconds) -> str | None:
        """Take the turn to deliver to a webhook, for ``turn_ms``: the position from which to go on.

        "" where nothing was delivered yet; None where the turn is another's. ``holder``: a name that no other
        has.
        """
        return await self._webhook_turns.take(name, holder, turn_ms)

    async def keep_webhook(self, name: str, holder: str, turn_ms: Milliseconds, position: str) -> bool:
        """Note how far the webhook has come, and have the turn for ``turn_ms`` from now; with 0 give it back.

        False, and nothing is noted, where another has taken the turn meanwhile.
        """
        return await self._webhook_turns.keep(name, holder, turn_ms, position)
