"""``/app/sessions``: application sessions listed, counted, read and ended, with the history of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from aiohttp import web

from admin_api.access_shapes import access_shape
from admin_api.auth import Scope
from admin_api.csv_export import SESSION_COLUMNS, Cell, cells_at
from admin_api.finding import FIND_PARAMETERS, chosen
from admin_api.lists import LIST_PARAMETERS, Listing, answer_count, answer_list, is_costly
from admin_api.operations import Call, Operation, Resource, Stream, always
from admin_api.problems import Code, Problem, json_response
from admin_api.shapes import Shapes
from session_store import SESSION_PREFIX, EndReason, SessionId, SessionView, Store, provider_of

STATE_PARAMETERS = frozenset({"state"})

_PROVIDER_COLUMN = "identity_provider"


class Sessions:
    """The operations on application sessions. Each raises StoreUnavailable."""

    def __init__(self, store: Store, shapes: Shapes) -> None:
        self._store = store
        self._shapes = shapes
        self._live = Listing(
            kind="sessions",
            id_prefix=SESSION_PREFIX,
            member="application_sessions",
            filename="sessions.csv",
            columns=(*SESSION_COLUMNS, _PROVIDER_COLUMN),
            read=store.sessions,
            id_of=lambda view: view.session.id,
            shape=shapes.session,
            cells=self._cells,
        )
        self._ended = replace(
            self._live, kind="ended", filename="ended-sessions.csv", read=store.ended_sessions
        )

    def resources(self) -> Sequence[Resource]:
        """The paths of application sessions."""
        ids = (SESSION_PREFIX,)
        found = FIND_PARAMETERS | STATE_PARAMETERS
        return [
            Resource(
                "/app/sessions",
                {"GET": Operation(self.list, query=LIST_PARAMETERS | STATE_PARAMETERS, is_costly=is_costly)},
            ),
            Resource("/app/sessions/count", {"GET": Operation(self.count, query=found, is_costly=always)}),
            Resource(
                "/app/sessions/{id}",
                {
                    "GET": Operation(self.get, id_prefixes=ids),
                    "DELETE": Operation(self.delete, Scope.REVOKE, id_prefixes=ids),
                },
            ),
            Resource("/app/sessions/{id}/accesses", {"GET": Operation(self.accesses, id_prefixes=ids)}),
        ]

    def listing(self, query: Mapping[str, str]) -> Listing[SessionView]:
        """Of live sessions or of those that are over, as ``state`` says. Raises Problem (400)."""
        return self._live if chosen(query, "state", "active", "ended") == "active" else self._ended

    async def list(self, call: Call) -> web.Response | Stream:
        """Sessions, newest first: a page, or all as CSV. Raises Problem (400), TooBroad."""
        return await answer_list(self.listing(call.query), self._shapes.uri("app", "sessions"), call.query)

    async def count(self, call: Call) -> web.Response:
        """How many sessions are asked for. Raises Problem (400)."""
        return await answer_count(self._store.count, self.listing(call.query).kind, call.query)

    async def get(self, call: Call) -> web.Response:
        """One live session. Raises Problem (404)."""
        view = await self._store.session(SessionId(call.id))
        if view is None:
            raise Problem(Code.NOT_FOUND)
        return json_response(self._shapes.session(view))

    async def delete(self, call: Call) -> web.Response:
        """End one session for good; durable before the answer. Raises Problem (404)."""
        ended = await self._store.end_application_session(
            SessionId(call.id), EndReason.REVOKED, call.actor, operation_id=call.operation_id
        )
        if not ended:
            raise Problem(Code.NOT_FOUND)
        return web.Response(status=204)

    async def accesses(self, call: Call) -> web.Response:
        """The history of one session, live or over, the latest access first. Raises Problem (404)."""
        accesses = await self._store.accesses(SessionId(call.id))
        if accesses is None:
            raise Problem(Code.NOT_FOUND)
        return json_response(
            {
                "accesses": [access_shape(access) for access in accesses],
                "uri": self._shapes.uri("app", "sessions", call.id, "accesses"),
                "next_page_uri": None,
            }
        )

    def _cells(self, view: SessionView) -> Iterator[Cell]:
        yield from cells_at(self._shapes.session(view), SESSION_COLUMNS)
        yield provider_of(view.session)
