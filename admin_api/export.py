"""``/app/users/{id}/export``: all that is kept on one person, as one JSON object, written part by part.

A session that ends while it is written may be in both of its lists. Knows no shape but that
of the whole.
"""

from collections.abc import AsyncGenerator, Sequence

import msgspec

from admin_api.access_shapes import ShownAccess, access_shape
from admin_api.auth import Scope
from admin_api.block_shapes import ShownBlock, block_shape
from admin_api.event_shapes import event_shape
from admin_api.lists import ReadsPages
from admin_api.operations import Call, Operation, Resource, Stream, always
from admin_api.problems import Code, Problem
from admin_api.shapes import ApplicationSession, ApplicationUser, Shapes, timestamp
from admin_api.users import sessions_of
from session_store import USER_PREFIX, EventPage, Kind, Page, SessionView, Store, UserId

_SESSIONS_AT_ONCE = 50
_EVENTS_AT_ONCE = 100

_JSON = msgspec.json.Encoder()


class ExportedSession(ApplicationSession, frozen=True, kw_only=True):
    """A session with its history, the latest access first."""

    accesses: list[ShownAccess]


class ShownFamiliar(msgspec.Struct, frozen=True, kw_only=True):
    """A device or a country that the person has come from: what is new about an access is judged by it."""

    kind: str
    name: str
    last_seen: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """The members that an export begins with; ``application_user`` is null where only traces are left."""

    application_user: ApplicationUser | None
    block: ShownBlock | None
    familiar: list[ShownFamiliar]


class Exports:
    """The export of what is kept on a person. Raises StoreUnavailable."""

    def __init__(self, store: Store, shapes: Shapes) -> None:
        self._store = store
        self._shapes = shapes

    def resources(self) -> Sequence[Resource]:
        """The one path."""
        export = Operation(self.export, Scope.ADMIN, id_prefixes=(USER_PREFIX,), is_costly=always)
        return [Resource("/app/users/{id}/export", {"GET": export})]

    async def export(self, call: Call) -> Stream:
        """Everything on one person, deleted or not. Raises Problem (404) where nothing is kept."""
        user_id = UserId(call.id)
        view = await self._store.user(user_id)
        block = await self._store.block(user_id)
        if view is None and block is None and not await self._has_traces(user_id):
            raise Problem(Code.NOT_FOUND)
        person = Person(
            application_user=None if view is None else self._shapes.user(view),
            block=None if block is None else block_shape(block, self._shapes),
            familiar=[
                ShownFamiliar(kind=each.kind, name=each.name, last_seen=timestamp(each.last_seen))
                for each in await self._store.familiar(user_id)
            ],
        )
        return Stream(self._parts(user_id, person), "application/json", filename=f"{user_id}.json")

    async def _has_traces(self, user_id: UserId) -> bool:
        ended = await self._store.ended_sessions(limit=1, before=None, wanted=sessions_of(user_id, "ended"))
        if ended.items:
            return True
        page = await self._events(user_id, None)
        while not page.items and page.next is not None:
            page = await self._events(user_id, page.next)
        return bool(page.items)

    async def _parts(self, user_id: UserId, person: Person) -> AsyncGenerator[bytes, None]:
        yield _JSON.encode(person)[:-1]
        yield b',"application_sessions":['
        async for part in self._sessions(self._store.sessions, user_id, "sessions"):
            yield part
        yield b'],"ended_sessions":['
        async for part in self._sessions(self._store.ended_sessions, user_id, "ended"):
            yield part
        yield b'],"events":['
        async for part in self._told(user_id):
            yield part
        yield b"]}\n"

    async def _sessions(
        self, read: ReadsPages[SessionView], user_id: UserId, kind: Kind
    ) -> AsyncGenerator[bytes, None]:
        before, separator = None, b""
        while True:
            page: Page[SessionView] = await read(
                limit=_SESSIONS_AT_ONCE, before=before, wanted=sessions_of(user_id, kind)
            )
            for view in page.items:
                yield separator + _JSON.encode(await self._session(view))
                separator = b","
            if not page.more:
                return
            before = page.items[-1].session.id

    async def _session(self, view: SessionView) -> ExportedSession:
        accesses = await self._store.accesses(view.session.id) or []
        shown = msgspec.structs.asdict(self._shapes.session(view))
        return ExportedSession(**shown, accesses=[access_shape(access) for access in accesses])

    async def _told(self, user_id: UserId) -> AsyncGenerator[bytes, None]:
        page, separator = await self._events(user_id, None), b""
        while True:
            for stored in page.items:
                yield separator + _JSON.encode(event_shape(stored, self._shapes))
                separator = b","
            if page.next is None:
                return
            # Nothing to write: a page without any of this person's events has its own deadline too.
            yield b""
            page = await self._events(user_id, page.next)

    async def _events(self, user_id: UserId, before: str | None) -> EventPage:
        return await self._store.events(limit=_EVENTS_AT_ONCE, before=before, user_id=user_id)
