"""``/app/blocks`` and ``/app/users/{id}/block``: who may not sign in: listed, blocked and let in again."""

from collections.abc import Callable, Sequence

import msgspec
from aiohttp import web

from admin_api.auth import Scope
from admin_api.block_shapes import block_shape
from admin_api.bodies import Moment, Note, future_ms, parse_json, printable
from admin_api.operations import Call, Operation, Resource
from admin_api.paging import PAGE_PARAMETERS, next_page_uri, requested_slice
from admin_api.problems import Code, Problem, json_response
from admin_api.shapes import Shapes
from session_store import USER_PREFIX, Store, UserId


class BlockRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller asks for when blocking; without ``until``, for good."""

    until: Moment | None = None
    reason: Note = ""


class Blocks:
    """The operations on blocks; ``now_ms`` is Unix time. Each raises StoreUnavailable."""

    def __init__(self, store: Store, shapes: Shapes, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._shapes = shapes
        self._now_ms = now_ms

    def resources(self) -> Sequence[Resource]:
        """The paths of blocks."""
        ids = (USER_PREFIX,)
        return [
            Resource("/app/blocks", {"GET": Operation(self.list, query=PAGE_PARAMETERS)}),
            Resource(
                "/app/users/{id}/block",
                {
                    "GET": Operation(self.get, id_prefixes=ids),
                    "PUT": Operation(self.put, Scope.REVOKE, id_prefixes=ids, takes_body=True),
                    "DELETE": Operation(self.delete, Scope.REVOKE, id_prefixes=ids),
                },
            ),
        ]

    async def list(self, call: Call) -> web.Response:
        """A page of blocks, newest user first. Raises Problem (400)."""
        part = requested_slice(call.query, USER_PREFIX)
        rest = [each for each in await self._store.blocks() if not part.before or each.user_id < part.before]
        page = rest[: part.limit]
        uri = self._shapes.uri("app", "blocks")
        following = next_page_uri(uri, call.query, page[-1].user_id) if len(rest) > len(page) else None
        rows = [block_shape(block, self._shapes) for block in page]
        return json_response({"blocks": rows, "uri": uri, "next_page_uri": following})

    async def get(self, call: Call) -> web.Response:
        """The block of one person. Raises Problem (404)."""
        block = await self._store.block(UserId(call.id))
        if block is None:
            raise Problem(Code.NOT_FOUND)
        return json_response(block_shape(block, self._shapes))

    async def put(self, call: Call) -> web.Response:
        """Block a person, or block anew; durable before the answer. Raises Problem (400, 404)."""
        wanted = parse_json(call.body, BlockRequest)
        block = await self._store.block_user(
            UserId(call.id),
            until=None if wanted.until is None else future_ms("until", wanted.until, self._now_ms()),
            reason=printable("reason", wanted.reason),
            by=call.actor,
            operation_id=call.operation_id,
        )
        if block is None:
            raise Problem(Code.NOT_FOUND)
        return json_response(block_shape(block, self._shapes))

    async def delete(self, call: Call) -> web.Response:
        """Let a person sign in again; durable before the answer. Raises Problem (404)."""
        if not await self._store.unblock_user(UserId(call.id), call.actor, operation_id=call.operation_id):
            raise Problem(Code.NOT_FOUND)
        return web.Response(status=204)
