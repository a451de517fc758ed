"""API tokens: made, recognised by their secret, listed, deleted. The secret itself is never stored."""

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

from session_store import keys
from session_store.commands import Commands, Reply
from session_store.errors import StoreUnavailable
from session_store.ids import TOKEN_PREFIX, IdSource, TokenId, is_id, may_be_under_way
from session_store.records import ApiToken, Milliseconds, decode, encode

_SECRET_BYTES = 32
_USE_NOTED_EVERY_MS = 60_000
_SHAPE = re.compile(r"owt_[A-Za-z0-9_-]{43}", re.ASCII)


class Tokens:
    """Tokens by the SHA-256 of their secrets: a look-up by hash tells nothing by its timing."""

    def __init__(self, commands: Commands, ids: IdSource, now_ms: Callable[[], Milliseconds]) -> None:
        self._commands = commands
        self._ids = ids
        self._now_ms = now_ms
        self._used: dict[str, Milliseconds] = {}

    async def create(
        self, name: str, scope: str, expires_at: Milliseconds | None, secret: str
    ) -> tuple[ApiToken, str]:
        """See Store.create_token."""
        now = self._now_ms()
        token = ApiToken(id=self._ids.token(), name=name, scope=scope, created_at=now, expires_at=expires_at)
        life = ("PX", max(1, expires_at - now)) if expires_at is not None else ()
        place = keys.token(secret_hash(secret))
        await self._commands.run_all(
            [
                ("SET", keys.token_hash_of(TokenId(token.id)), secret_hash(secret), *life),
                ("ZADD", keys.TOKENS, 0, token.id),
            ]
        )
        await self._commands.run("SET", place, encode(token), *life)
        return token, secret

    async def by_secret(self, secret: str) -> ApiToken | None:
        """See Store.token_by_secret."""
        if not _SHAPE.fullmatch(secret):
            return None
        token = self._valid(await self._commands.run("GET", keys.token(secret_hash(secret))))
        if token is not None:
            await self._note_use(token)
        return token

    async def by_id(self, token_id: TokenId, *, in_use: bool) -> ApiToken | None:
        """The token with this id, if it is neither expired nor deleted; whether this is a use of it."""
        token_hash = await self._commands.run("GET", keys.token_hash_of(token_id))
        if not isinstance(token_hash, bytes):
            return None
        token = self._valid(await self._commands.run("GET", keys.token(token_hash)))
        if token is not None and in_use:
            await self._note_use(token)
        return token

    async def _note_use(self, token: ApiToken) -> None:
        """Note that it was used, once in a minute; that this could not be noted refuses nobody."""
        now = self._now_ms()
        if abs(now - self._used.get(token.id, 0)) < _USE_NOTED_EVERY_MS:
            return
        self._used = {each: at for each, at in self._used.items() if abs(now - at) < _USE_NOTED_EVERY_MS}
        self._used[token.id] = now
        life = ("PX", max(1, token.expires_at - now)) if token.expires_at is not None else ()
        with suppress(StoreUnavailable):
            await self._commands.run("SET", keys.token_use(TokenId(token.id)), now, *life)

    async def uses(self, ids: Sequence[TokenId]) -> dict[TokenId, Milliseconds]:
        """See Store.token_uses."""
        replies = await self._commands.run_all([("GET", keys.token_use(token_id)) for token_id in ids])
        return {token_id: int(at) for token_id, at in zip(ids, replies, strict=True) if isinstance(at, bytes)}

    async def all(self) -> list[ApiToken]:
        """See Store.tokens."""
        ids = cast("list[bytes]", await self._commands.run("ZRANGE", keys.TOKENS, "+", "-", "BYLEX", "REV"))
        hashes = await self._commands.run_all(
            [("GET", keys.token_hash_of(TokenId(token_id.decode()))) for token_id in ids]
        )
        values = await self._commands.run_all(
            [("GET", keys.token(token_hash)) for token_hash in hashes if isinstance(token_hash, bytes)]
        )
        tokens = [token for token in map(self._valid, values) if token is not None]
        await self._drop({token_id.decode() for token_id in ids} - {token.id for token in tokens})
        return tokens

    async def _drop(self, ids: set[str]) -> None:
        """Take expired tokens out of the list, unless they may still be on their way."""
        now = self._now_ms()
        stale = [token_id for token_id in ids if not may_be_under_way(token_id, now)]
        if stale:
            with suppress(StoreUnavailable):
                await self._commands.run("ZREM", keys.TOKENS, *stale)

    async def delete(self, token_id: TokenId) -> bool:
        """See Store.delete_token."""
        if not is_id(token_id, TOKEN_PREFIX):
            return False
        async with self._commands.confirmed():
            token_hash = await self._commands.run("GET", keys.token_hash_of(token_id))
            if not isinstance(token_hash, bytes):
                return False
            deleted = await self._commands.run("DEL", keys.token(token_hash))
            with suppress(StoreUnavailable):
                await self._commands.run_all(
                    [
                        ("ZREM", keys.TOKENS, token_id),
                        ("DEL", keys.token_hash_of(token_id)),
                        ("DEL", keys.token_use(token_id)),
                    ]
                )
            return deleted == 1

    def _valid(self, value: Reply) -> ApiToken | None:
        if not isinstance(value, bytes):
            return None
        token = decode(value, ApiToken)
        return token if token.expires_at is None or token.expires_at > self._now_ms() else None


def new_token_secret() -> str:
    """A secret for a token that is made later: it may be kept safe before it is worth anything."""
    return f"owt_{secrets.token_urlsafe(_SECRET_BYTES)}"


def secret_hash(secret: str) -> bytes:
    """What is kept of a secret of 256 random bits: its SHA-256, in base64url."""
    return urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).rstrip(b"=")
