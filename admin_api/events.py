"""``/events``: what happened, in pages, newest first. What follows it as it happens is ``event_stream``."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from admin_api.event_shapes import EventList, event_shape
from admin_api.operations import Call, Operation, Resource
from admin_api.paging import PAGE_PARAMETERS, next_page_uri, requested_limit
from admin_api.problems import Code, Problem, json_response
from admin_api.shapes import Shapes
from session_store import EVENT_TYPES, USER_PREFIX, Event, EventPage, Store, is_event_id, is_id

CHOICE_PARAMETERS = frozenset({"type", "user"})

_LOOK_FOR_S = 1.0
"""How long one answer looks for an event that was asked for, before it says where to go on from."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which events: of ``types`` and of the user, where these are given."""

    types: frozenset[str] = frozenset()
    user_id: str = ""

    def has(self, event: Event) -> bool:
        """Whether ``event`` is one of them."""
        return (not self.types or event.type in self.types) and self.user_id in ("", event.user_id)


def requested_choice(query: Mapping[str, str]) -> Choice:
    """What ``type`` and ``user`` in ``query`` ask for. Raises Problem (400)."""
    types = frozenset(query["type"].split(",")) if "type" in query else frozenset[str]()
    if not types <= EVENT_TYPES:
        details = {"parameter": "type", "values": ", ".join(sorted(EVENT_TYPES))}
        raise Problem(Code.BAD_CHOICE, details=details)
    user_id = query.get("user", "")
    if "user" in query and not is_id(user_id, USER_PREFIX):
        raise Problem(Code.BAD_ID, details={"parameter": "user"})
    return Choice(types, user_id)


def _is_choosy(query: Mapping[str, str]) -> bool:
    return not CHOICE_PARAMETERS.isdisjoint(query)


class Events:
    """The list of events."""

    def __init__(self, store: Store, shapes: Shapes) -> None:
        self._store = store
        self._shapes = shapes

    def resources(self) -> Sequence[Resource]:
        """The path of the list."""
        query = PAGE_PARAMETERS | CHOICE_PARAMETERS
        return [Resource("/events", {"GET": Operation(self.list, query=query, is_costly=_is_choosy)})]

    async def list(self, call: Call) -> web.Response:
        """A page of events, newest first. Raises StoreUnavailable, Problem (400).

        It may be short, or empty, and have a next page: where few of very many events are asked for.
        """
        before = call.query.get("before_id")
        if before is not None and not is_event_id(before):
            raise Problem(Code.BAD_BEFORE_ID)
        limit, choice = requested_limit(call.query), requested_choice(call.query)
        page = await self._page(limit, before, choice)
        uri = self._shapes.uri("events")
        return json_response(
            EventList(
                events=[event_shape(stored, self._shapes) for stored in page.items],
                uri=uri,
                next_page_uri=None if page.next is None else next_page_uri(uri, call.query, page.next),
            )
        )

    async def _page(self, limit: int, before: str | None, choice: Choice) -> EventPage:
        clock_s = asyncio.get_running_loop().time
        until_s = clock_s() + _LOOK_FOR_S
        while True:
            page = await self._store.events(
                limit=limit, before=before, types=choice.types, user_id=choice.user_id
            )
            if page.items or page.next is None or clock_s() >= until_s:
                return page
            before = page.next
