"""``/app/users``: users listed, read and deleted. A session's id is accepted in place of a user's."""

from aiohttp import web

from admin_api.operations import Call
from admin_api.paging import next_page_uri, requested_slice
from admin_api.problems import Code, Problem, json_response
from admin_api.sessions import SESSION_PREFIX, Sessions
from admin_api.shapes import Shapes, UserList
from session_store import Store, UserId

USER_PREFIX = "edgusr_"


class Users:
    """The operations on users. Each raises StoreUnavailable."""

    def __init__(self, store: Store, shapes: Shapes, sessions: Sessions) -> None:
        self._store = store
        self._shapes = shapes
        self._sessions = sessions

    async def list(self, call: Call) -> web.Response:
        """A page of users, newest first."""
        part = requested_slice(call.query, USER_PREFIX)
        page = await self._store.users(limit=part.limit, before=part.before)
        uri = self._shapes.uri("app", "users")
        return json_response(
            UserList(
                application_users=[self._shapes.user(view) for view in page.items],
                uri=uri,
                next_page_uri=next_page_uri(uri, call.query, page.items[-1].user.id) if page.more else None,
            )
        )

    async def get(self, call: Call) -> web.Response:
        """One user, or the session where the id is a session's. Raises Problem (404)."""
        if call.id.startswith(SESSION_PREFIX):
            return await self._sessions.get(call)
        view = await self._store.user(UserId(call.id))
        if view is None:
            raise Problem(Code.NOT_FOUND)
        return json_response(self._shapes.user(view))

    async def delete(self, call: Call) -> web.Response:
        """Delete a user with all sessions, or end the session where the id is a session's.

        Durable before the answer. Raises Problem (404).
        """
        if call.id.startswith(SESSION_PREFIX):
            return await self._sessions.delete(call)
        if not await self._store.delete_user(UserId(call.id), call.actor):
            raise Problem(Code.NOT_FOUND)
        return web.Response(status=204)
