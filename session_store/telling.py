"""Tells what was done to a user, once it is done: that it could not be told undoes nothing.

What an end of sessions tells is ``endings``'.
"""

from collections.abc import Mapping
from contextlib import suppress

from session_store.errors import StoreUnavailable
from session_store.events import Event, Events
from session_store.records import Milliseconds


async def tell_of_user(
    events: Events,
    event_type: str,
    user_id: str,
    *,
    at: Milliseconds,
    by: str,
    operation_id: str,
    details: Mapping[str, str],
    effective_at: Milliseconds = 0,
) -> None:
    """Tell it, with those ``details`` that say something; ``user_id`` is "" where nobody may be named."""
    event = Event(
        type=event_type,
        at=at,
        actor=by,
        user_id=user_id,
        operation_id=operation_id,
        effective_at=effective_at,
        details={name: text for name, text in details.items() if text},
    )
    with suppress(StoreUnavailable):
        await events.append([event])
