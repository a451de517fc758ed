"""``/app/sessions``: application sessions listed, read and ended."""

from aiohttp import web

from admin_api.operations import Call
from admin_api.paging import next_page_uri, requested_slice
from admin_api.problems import Code, Problem, json_response
from admin_api.shapes import SessionList, Shapes
from session_store import EndReason, SessionId, Store

SESSION_PREFIX = "edgses_"


class Sessions:
    """The operations on application sessions. Each raises StoreUnavailable."""

    def __init__(self, store: Store, shapes: Shapes) -> None:
        self._store = store
        self._shapes = shapes

    async def list(self, call: Call) -> web.Response:
        """A page of live sessions, newest first."""
        part = requested_slice(call.query, SESSION_PREFIX)
        page = await self._store.sessions(limit=part.limit, before=part.before)
        uri = self._shapes.uri("app", "sessions")
        return json_response(
            SessionList(
                application_sessions=[self._shapes.session(view) for view in page.items],
                uri=uri,
                next_page_uri=next_page_uri(uri, call.query, page.items[-1].session.id)
                if page.more
                else None,
            )
        )

    async def get(self, call: Call) -> web.Response:
        """One live session. Raises Problem (404)."""
        view = await self._store.session(SessionId(call.id))
        if view is None:
            raise Problem(Code.NOT_FOUND)
        return json_response(self._shapes.session(view))

    async def delete(self, call: Call) -> web.Response:
        """End one session for good; durable before the answer. Raises Problem (404)."""
        if not await self._store.end_application_session(SessionId(call.id), EndReason.REVOKED, call.actor):
            raise Problem(Code.NOT_FOUND)
        return web.Response(status=204)
