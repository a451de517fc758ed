"""``/tokens``: the API's own tokens, made, listed, read and revoked."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from admin_api.auth import Scope
from admin_api.bodies import Moment, bad_member, future_ms, parse_json, printable
from admin_api.operations import Call, Operation, Resource
from admin_api.paging import PAGE_PARAMETERS, next_page_uri, requested_slice
from admin_api.problems import Code, Problem, json_response
from admin_api.shapes import Shapes, TokenList
from session_store import TOKEN_PREFIX, ApiToken, Event, Store, StoreUnavailable, TokenId


class TokenRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller asks for when making a token."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    scope: Literal["read", "revoke", "admin"]
    expires_at: Moment | msgspec.UnsetType = msgspec.UNSET


class Tokens:
    """The operations on tokens; ``now_ms`` is Unix time. Each raises StoreUnavailable."""

    def __init__(self, store: Store, shapes: Shapes, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._shapes = shapes
        self._now_ms = now_ms

    def resources(self) -> Sequence[Resource]:
        """The paths of tokens."""
        ids = (TOKEN_PREFIX,)
        return [
            Resource(
                "/tokens",
                {
                    "GET": Operation(self.list, Scope.ADMIN, query=PAGE_PARAMETERS),
                    "POST": Operation(self.create, Scope.ADMIN, takes_body=True),
                },
            ),
            Resource(
                "/tokens/{id}",
                {
                    "GET": Operation(self.get, Scope.ADMIN, id_prefixes=ids),
                    "DELETE": Operation(self.delete, Scope.ADMIN, id_prefixes=ids),
                },
            ),
        ]

    async def list(self, call: Call) -> web.Response:
        """A page of tokens, newest first."""
        part = requested_slice(call.query, TOKEN_PREFIX)
        tokens = sorted(await self._store.tokens(), key=lambda token: token.id, reverse=True)
        rest = [token for token in tokens if part.before is None or token.id < part.before]
        page = rest[: part.limit]
        used = await self._store.token_uses([TokenId(token.id) for token in page])
        uri = self._shapes.uri("tokens")
        return json_response(
            TokenList(
                tokens=[self._shapes.token(token, used.get(TokenId(token.id))) for token in page],
                uri=uri,
                next_page_uri=next_page_uri(uri, call.query, page[-1].id) if len(rest) > len(page) else None,
            )
        )

    async def get(self, call: Call) -> web.Response:
        """One token, without its secret. Raises Problem (404)."""
        token = await self._token(call.id)
        if token is None:
            raise Problem(Code.NOT_FOUND)
        used = await self._store.token_uses([TokenId(token.id)])
        return json_response(self._shapes.token(token, used.get(TokenId(token.id))))

    async def create(self, call: Call) -> web.Response:
        """A new token; its secret is in this one answer. Raises Problem (400)."""
        wanted = parse_json(call.body, TokenRequest)
        name = printable("name", wanted.name)
        if name != name.strip():
            raise bad_member("name")
        expires_at = wanted.expires_at
        token, secret = await self._store.create_token(
            name,
            wanted.scope,
            future_ms("expires_at", expires_at, self._now_ms()) if isinstance(expires_at, datetime) else None,
        )
        await self._tell("token_created", token, call)
        made = self._shapes.new_token(token, secret)
        return json_response(made, status=201, headers={"Location": made.uri})

    async def delete(self, call: Call) -> web.Response:
        """Revoke a token; durable before the answer. Raises Problem (404)."""
        token = await self._token(call.id)
        # Also where none was found: it may be gone from here and not yet from where it must be gone too.
        if not await self._store.delete_token(TokenId(call.id)) or token is None:
            raise Problem(Code.NOT_FOUND)
        await self._tell("token_revoked", token, call)
        return web.Response(status=204)

    async def _token(self, token_id: str) -> ApiToken | None:
        found = [token for token in await self._store.tokens() if token.id == token_id]
        return found[0] if found else None

    async def _tell(self, event_type: str, token: ApiToken, call: Call) -> None:
        event = Event(
            type=event_type,
            at=self._now_ms(),
            actor=call.actor,
            token_id=token.id,
            operation_id=call.operation_id,
            details={"name": token.name, "scope": token.scope},
        )
        # What was done is done; the log has what could not be told.
        with suppress(StoreUnavailable):
            await self._store.record_events([event])
