"""``/tokens``: the API's own tokens, made, listed, read and revoked."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from admin_api.bodies import parse_json
from admin_api.operations import Call
from admin_api.paging import next_page_uri, requested_slice
from admin_api.problems import Code, Problem, json_response
from admin_api.shapes import Shapes, TokenList
from session_store import Store, TokenId

ID_PREFIX = "owtok_"

_YEAR_10000_MS = 253_402_300_800_000  # RFC 3339 has four digits for the year


class TokenRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller asks for when making a token."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    scope: Literal["read", "revoke", "admin"]
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | msgspec.UnsetType = msgspec.UNSET


class Tokens:
    """The operations on tokens; ``now_ms`` is Unix time. Each raises StoreUnavailable."""

    def __init__(self, store: Store, shapes: Shapes, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._shapes = shapes
        self._now_ms = now_ms

    async def list(self, call: Call) -> web.Response:
        """A page of tokens, newest first."""
        part = requested_slice(call.query, ID_PREFIX)
        tokens = sorted(await self._store.tokens(), key=lambda token: token.id, reverse=True)
        rest = [token for token in tokens if part.before is None or token.id < part.before]
        page = rest[: part.limit]
        uri = self._shapes.uri("tokens")
        return json_response(
            TokenList(
                tokens=[self._shapes.token(token) for token in page],
                uri=uri,
                next_page_uri=next_page_uri(uri, call.query, page[-1].id) if len(rest) > len(page) else None,
            )
        )

    async def get(self, call: Call) -> web.Response:
        """One token, without its secret. Raises Problem (404)."""
        for token in await self._store.tokens():
            if token.id == call.id:
                return json_response(self._shapes.token(token))
        raise Problem(Code.NOT_FOUND)

    async def create(self, call: Call) -> web.Response:
        """A new token; its secret is in this one answer. Raises Problem (400)."""
        wanted = parse_json(call.body, TokenRequest)
        # Printable, so that a name can neither hide nor break a line in a terminal or a log.
        if not wanted.name.isprintable() or wanted.name != wanted.name.strip():
            raise Problem(Code.BAD_BODY)
        token, secret = await self._store.create_token(wanted.name, wanted.scope, self._expiry(wanted))
        made = self._shapes.new_token(token, secret)
        return json_response(made, status=201, headers={"Location": made.uri})

    async def delete(self, call: Call) -> web.Response:
        """Revoke a token; durable before the answer. Raises Problem (404)."""
        if not await self._store.delete_token(TokenId(call.id)):
            raise Problem(Code.NOT_FOUND)
        return web.Response(status=204)

    def _expiry(self, wanted: TokenRequest) -> int | None:
        if isinstance(wanted.expires_at, msgspec.UnsetType):
            return None
        expires_at = int(wanted.expires_at.timestamp() * 1000)
        if not self._now_ms() < expires_at < _YEAR_10000_MS:
            raise Problem(Code.BAD_BODY)
        return expires_at
