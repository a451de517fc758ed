"""An event as the API shows it: one shape for the list, the stream and webhooks.

Knows neither where events come from nor how they travel.
"""

from collections.abc import Callable

import msgspec

from admin_api.shapes import Ref, Shapes, timestamp
from session_store import Event, StoredEvent

RenderEvent = Callable[[StoredEvent], bytes]
"""An event in JSON."""

_JSON = msgspec.json.Encoder()
_UNTIL_MS = "until_ms"


class EventObject(msgspec.Struct, frozen=True, kw_only=True):
    """What an event is about: ``user``, ``session``, ``token`` or ``none``, which has the id ""."""

    kind: str
    id: str


class ShownEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened; ``effective_at`` is set where something ended."""

    id: str
    type: str
    at: str
    actor: str
    operation_id: str
    object: EventObject
    user: Ref | None
    sessions: tuple[str, ...]
    effective_at: str | None
    details: dict[str, str]


class EventList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of events."""

    events: list[ShownEvent]
    uri: str
    next_page_uri: str | None


def event_shape(stored: StoredEvent, shapes: Shapes) -> ShownEvent:
    """The event in ``stored``."""
    event = stored.event
    user = Ref(id=event.user_id, uri=shapes.uri("app", "users", event.user_id)) if event.user_id else None
    return ShownEvent(
        id=stored.id,
        type=event.type,
        at=timestamp(event.at),
        actor=event.actor,
        operation_id=event.operation_id,
        object=_object_of(event),
        user=user,
        sessions=event.sessions,
        effective_at=timestamp(event.effective_at) if event.effective_at else None,
        details=_details_of(event),
    )


def event_renderer(public_url: str) -> RenderEvent:
    """Shows events in JSON, with addresses that begin with ``public_url``."""
    shapes = Shapes(public_url)
    return lambda stored: _JSON.encode(event_shape(stored, shapes))


def _object_of(event: Event) -> EventObject:
    if event.token_id:
        return EventObject(kind="token", id=event.token_id)
    if len(event.sessions) == 1:
        return EventObject(kind="session", id=event.sessions[0])
    return EventObject(kind="user" if event.user_id else "none", id=event.user_id)


def _details_of(event: Event) -> dict[str, str]:
    """As they were told, with the one time among them as the API writes times."""
    until = event.details.get(_UNTIL_MS, "")
    if not until.isdecimal():
        return event.details
    others = {name: text for name, text in event.details.items() if name != _UNTIL_MS}
    return {**others, "until": timestamp(int(until))}
