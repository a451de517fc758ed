"""``/events/stream``: events as they happen, as server-sent events (WHATWG HTML §9.2).

Every event is sent once and in order, from the position that the reader names. A stream ends when the token
or the session that opened it does, when its reader is too slow, and when the process stops; a store that is
away is waited for. How the parts travel is ``streaming``'s.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress

import msgspec

from admin_api.event_shapes import RenderEvent
from admin_api.events import CHOICE_PARAMETERS, Choice, requested_choice
from admin_api.operations import Call, Operation, Resource, Stands, Stream
from admin_api.places import Places
from admin_api.problems import Code, Problem
from session_store import (
    ApiToken,
    FellBehind,
    Store,
    StoredEvent,
    StoreUnavailable,
    Subscription,
    is_event_id,
)

MOST_STREAMS = 100
STREAMS_EACH = 10
"""How many of them one token may have."""

HEARTBEAT_S = 15.0

_RETRY_MS = 1000
_MAY_END_READERS = frozenset({"dashboard_logout", "logout", "block", "user_deleted", "user_erased"})
_CHECK_WITHIN_S = 15.0
_JSON = msgspec.json.Encoder()


class EventStreams:
    """All open streams of a process. ``heartbeat_s`` is also how often it is looked at who reads."""

    def __init__(
        self, store: Store, render: RenderEvent, now_ms: Callable[[], int], heartbeat_s: float
    ) -> None:
        self._store = store
        self._render = render
        self._now_ms = now_ms
        self._heartbeat_s = heartbeat_s
        self._places = Places(MOST_STREAMS, STREAMS_EACH, Code.TOO_MANY_STREAMS)
        self._closing = asyncio.Event()

    def resources(self) -> Sequence[Resource]:
        """The path of the streams."""
        query = CHOICE_PARAMETERS | {"last_event_id"}
        return [Resource("/events/stream", {"GET": Operation(self.stream, query=query)})]

    async def stream(self, call: Call) -> Stream:
        """Events from the caller's position on. Raises Problem (400).

        It begins with Problem (401, 503) or StoreUnavailable where it cannot be begun.
        """
        after = call.last_event_id or call.query.get("last_event_id")
        if after is not None and not is_event_id(after):
            raise Problem(Code.BAD_ID, details={"parameter": "last_event_id"})
        return Stream(
            parts=self._parts(after, requested_choice(call.query), call),
            content_type="text/event-stream",
            charset="utf-8",
            part_within_s=self._heartbeat_s + _CHECK_WITHIN_S,
            endless=True,
        )

    def end(self) -> None:
        """End all streams, and those that are opened later as they begin."""
        self._closing.set()

    async def _parts(self, after: str | None, choice: Choice, call: Call) -> AsyncGenerator[bytes, None]:
        with self._places.one(call.actor):
            begin = after or await self._store.last_event()
            coming = await self._store.follow_events(begin)
            # Asked only now: what revokes the token later is among the events that come.
            token = await self._token(call.actor)
            if not await call.stands():
                raise Problem(Code.SESSION_OVER)
            yield f"retry: {_RETRY_MS}\nid: {begin}\n\n".encode()
            if coming.gap:
                yield b"event: gap\ndata: %b\n\n" % _JSON.encode({"after": begin})
            async for part in self._from(coming, choice, token, call.stands):
                yield part

    async def _from(
        self, coming: Subscription, choice: Choice, token: ApiToken | None, stands: Stands
    ) -> AsyncGenerator[bytes, None]:
        """What is sent of the events that come, and heartbeats, until the stream is over."""
        clock_s = asyncio.get_running_loop().time
        position, beat_at_s = "", clock_s() + self._heartbeat_s
        while not self._closing.is_set() and self._left_s(token) > 0:
            try:
                stored = await self._next(coming, min(beat_at_s - clock_s(), self._left_s(token)))
            except (FellBehind, StopAsyncIteration):
                return
            if stored is not None:
                position = stored.id
                if choice.has(stored.event):
                    yield self._frame(stored)
                if _revokes(stored, token):
                    return
                if stored.event.type in _MAY_END_READERS and not await _still(stands):
                    return
            if clock_s() >= beat_at_s:
                # The id, so that who reads few of many events need not read the others again.
                yield f": heartbeat\nid: {position}\n\n".encode() if position else b": heartbeat\n\n"
                if not await _still(stands):
                    return
                beat_at_s = clock_s() + self._heartbeat_s

    async def _next(self, coming: Subscription, within_s: float) -> StoredEvent | None:
        """The next event; None where none comes within ``within_s``, or all streams end."""
        reading = asyncio.ensure_future(coming.__anext__())
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait(
                (reading, closing), timeout=max(within_s, 0), return_when=asyncio.FIRST_COMPLETED
            )
            return reading.result() if reading.done() else None
        finally:
            reading.cancel()
            closing.cancel()

    def _frame(self, stored: StoredEvent) -> bytes:
        head = f"id: {stored.id}\nevent: {stored.event.type}\n".encode()
        return b"%bdata: %b\n\n" % (head, self._render(stored))

    def _left_s(self, token: ApiToken | None) -> float:
        """For how many seconds the token is still valid."""
        if token is None or token.expires_at is None:
            return float("inf")
        return (token.expires_at - self._now_ms()) / 1000

    async def _token(self, actor: str) -> ApiToken | None:
        """The token behind ``actor``; None where it is none that the store has. Raises Problem (401)."""
        if not actor.startswith("token:"):
            return None
        for token in await self._store.tokens():
            if actor == f"token:{token.id}":
                return token
        raise Problem(Code.BAD_CREDENTIALS)


async def _still(stands: Stands) -> bool:
    """Whether the caller may still read, as far as the store says: an event of its end may not be written."""
    with suppress(StoreUnavailable):
        return await stands()
    return True


def _revokes(stored: StoredEvent, token: ApiToken | None) -> bool:
    event = stored.event
    return token is not None and event.type == "token_revoked" and event.token_id == token.id
