"""``/app/users``: users found, listed, counted, read and deleted, with the sessions of each.

A session's id is accepted in place of a user's where one is read or deleted.
"""

from collections.abc import Mapping, Sequence

from aiohttp import web

from admin_api.auth import Scope
from admin_api.csv_export import USER_COLUMNS, cells_at
from admin_api.finding import FIND_PARAMETERS, chosen, filtered
from admin_api.lists import (
    LIST_PARAMETERS,
    Listing,
    answer_count,
    answer_list,
    is_costly,
    page_response,
    read_page,
)
from admin_api.operations import Call, Operation, Resource, Stream, always
from admin_api.paging import PAGE_PARAMETERS
from admin_api.problems import Code, Problem, json_response
from admin_api.sessions import STATE_PARAMETERS, Sessions
from admin_api.shapes import Shapes
from session_store import SESSION_PREFIX, USER_PREFIX, Kind, Store, UserId, Wanted


class Users:
    """The operations on users. Each raises StoreUnavailable."""

    def __init__(self, store: Store, shapes: Shapes, sessions: Sessions) -> None:
        self._store = store
        self._shapes = shapes
        self._sessions = sessions
        self._listing = Listing(
            kind="users",
            id_prefix=USER_PREFIX,
            member="application_users",
            filename="users.csv",
            columns=USER_COLUMNS,
            read=store.users,
            id_of=lambda view: view.user.id,
            shape=shapes.user,
            cells=lambda view: cells_at(shapes.user(view), USER_COLUMNS),
        )

    def resources(self) -> Sequence[Resource]:
        """The paths of users."""
        either = (USER_PREFIX, SESSION_PREFIX)
        listed = PAGE_PARAMETERS | STATE_PARAMETERS
        return [
            Resource("/app/users", {"GET": Operation(self.list, query=LIST_PARAMETERS, is_costly=is_costly)}),
            Resource(
                "/app/users/count",
                {"GET": Operation(self.count, query=FIND_PARAMETERS, is_costly=always)},
            ),
            Resource(
                "/app/users/{id}",
                {
                    "GET": Operation(self.get, id_prefixes=either),
                    "DELETE": Operation(
                        self.delete,
                        Scope.REVOKE,
                        query=frozenset({"erase"}),
                        id_prefixes=either,
                        goes_on=_erases,
                    ),
                },
            ),
            Resource(
                "/app/users/{id}/sessions",
                {"GET": Operation(self.sessions, query=listed, id_prefixes=(USER_PREFIX,))},
            ),
        ]

    async def list(self, call: Call) -> web.Response | Stream:
        """Users, newest first: a page, or all as CSV. Raises Problem (400), TooBroad."""
        return await answer_list(self._listing, self._shapes.uri("app", "users"), call.query)

    async def count(self, call: Call) -> web.Response:
        """How many users are asked for. Raises Problem (400)."""
        return await answer_count(self._store.count, "users", call.query)

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

        With ``erase`` whatever else is kept on the person goes too. Durable before the answer. Raises Problem
        (403 where the scope does not cover ``erase``, 404).
        """
        if call.id.startswith(SESSION_PREFIX):
            return await self._delete_session(call)
        act = self._store.delete_user
        chosen(call.query, "erase", "false", "true")
        if _erases(call.query):
            call.require(Scope.ADMIN)
            act = self._store.erase_user
        if not await act(UserId(call.id), call.actor, operation_id=call.operation_id):
            raise Problem(Code.NOT_FOUND)
        return web.Response(status=204)

    async def sessions(self, call: Call) -> web.Response:
        """A page of a user's sessions, live ones or those that are over. Raises Problem (400, 404)."""
        listing = self._sessions.listing(call.query)
        page = await read_page(listing, call.query, sessions_of(UserId(call.id), listing.kind))
        # The sessions that are over stay when the user is deleted.
        if not page.items and await self._store.user(UserId(call.id)) is None:
            raise Problem(Code.NOT_FOUND)
        uri = self._shapes.uri("app", "users", call.id, "sessions")
        return page_response(listing, uri, call.query, page)

    async def _delete_session(self, call: Call) -> web.Response:
        if call.query:
            raise Problem(Code.BAD_PARAMETER, details={"known": "none"})
        return await self._sessions.delete(call)


def _erases(query: Mapping[str, str]) -> bool:
    return query.get("erase") == "true"


def sessions_of(user_id: UserId, kind: Kind) -> Wanted:
    """The sessions of one user."""
    return filtered(f'obj.application_user_id == "{user_id}"', kind)
