"""Logins: what is remembered while one is under way, what it leaves behind, and how often it failed."""

from collections.abc import Callable
from typing import cast

from session_store import keys, lua
from session_store.commands import Commands
from session_store.errors import LoginOvertaken, StoreUnavailable
from session_store.ids import IdSource, UserId
from session_store.lifecycle import EndReason
from session_store.records import (
    BrowserSession,
    CookieHash,
    Milliseconds,
    Principal,
    User,
    UserTag,
    decode,
    encode,
    user_tag,
)
from session_store.revocation import GENERATION_LIFE_MS, Revocation
from session_store.sealing import Sealer

_ATTEMPTS = 5


class Logins:
    """Login transactions, sealed and single-use; users and browser sessions as logins make them."""

    def __init__(
        self,
        commands: Commands,
        revocation: Revocation,
        sealer: Sealer,
        ids: IdSource,
        now_ms: Callable[[], Milliseconds],
    ) -> None:
        self._commands = commands
        self._revocation = revocation
        self._sealer = sealer
        self._ids = ids
        self._now_ms = now_ms

    async def save(self, key: str, payload: bytes, ttl_s: int) -> None:
        """See Store.save_login."""
        place = keys.login(key)
        await self._commands.run("SET", place, self._sealer.seal(payload, place), "EX", ttl_s)

    async def take(self, key: str) -> bytes | None:
        """See Store.take_login."""
        place = keys.login(key)
        sealed = await self._commands.run("GETDEL", place)
        return self._sealer.open(sealed, place) if isinstance(sealed, bytes) else None

    async def complete(
        self,
        principal: Principal,
        *,
        provider_name: str,
        begun_at: Milliseconds,
        scope: str,
        cookie_hash: CookieHash,
        expires_at: Milliseconds,
    ) -> BrowserSession:
        """See Store.complete_login."""
        now = self._now_ms()
        life = expires_at + keys.GRACE_MS - now
        tag = user_tag(principal.issuer, principal.subject)
        for _ in range(_ATTEMPTS):
            put = await self._put_user(tag, principal, provider_name, now, begun_at, cookie_hash, life)
            if put is not None:
                break
        else:
            raise StoreUnavailable("the user kept changing")
        user, generation = put
        session = BrowserSession(
            cookie_hash=cookie_hash,
            user_id=user.id,
            user_tag=tag,
            generation=generation,
            scope=scope,
            principal=principal,
            issued_at=now,
            expires_at=expires_at,
        )
        written = await self._commands.run(
            "SET", keys.browser(cookie_hash), encode(session), "NX", "PX", life
        )
        if written is None:
            raise LoginOvertaken("the user was deleted while the login was completed")
        current = await self._commands.run("HGET", keys.generation(tag), "generation")
        if int(cast("bytes | None", current) or 0) != generation:
            await self._revocation.end(cookie_hash, tag, EndReason.USER_DELETED, "")
            raise LoginOvertaken("the user was deleted while the login was completed")
        return session

    async def count_failure(self, key: str, window_s: int) -> int:
        """See Store.count_failure."""
        return cast("int", await self._commands.run(*lua.COUNT.call([keys.failures(key)], window_s * 1000)))

    async def failures(self, key: str) -> int:
        """See Store.failures."""
        return int(cast("bytes | None", await self._commands.run("GET", keys.failures(key))) or 0)

    async def _put_user(
        self,
        tag: UserTag,
        principal: Principal,
        provider_name: str,
        now: Milliseconds,
        begun_at: Milliseconds,
        cookie_hash: CookieHash,
        life: Milliseconds,
    ) -> tuple[User, int] | None:
        """The user as this login leaves it, with the generation; None when another user came between."""
        standing = cast("bytes | None", await self._commands.run("GET", keys.user(tag)))
        known = decode(standing, User) if standing is not None else None
        user = User(
            id=known.id if known else self._ids.user(),
            tag=tag,
            provider_name=provider_name,
            principal=principal,
            created_at=known.created_at if known else now,
            last_login=now,
        )
        if known is None:
            await self._index(user)
        outcome, *generation = cast(
            "list[bytes]",
            await self._commands.run(
                *lua.PUT_USER.call(
                    [keys.user(tag), keys.generation(tag), keys.user_browsers(tag)],
                    known.id if known else "",
                    encode(user),
                    begun_at,
                    keys.tag(cookie_hash),
                    life,
                    GENERATION_LIFE_MS,
                )
            ),
        )
        if outcome == b"written":
            return user, int(generation[0])
        if known is None:
            await self._unindex(user.id)
        if outcome == b"overtaken":
            raise LoginOvertaken("the user was deleted after this login began")
        return None

    async def _index(self, user: User) -> None:
        """Make a new user findable before the record exists."""
        await self._commands.run_all(
            [("SET", keys.user_tag_of(user.id), user.tag), ("ZADD", keys.USERS, 0, user.id)]
        )

    async def _unindex(self, user_id: UserId) -> None:
        await self._commands.run_all([("ZREM", keys.USERS, user_id), ("DEL", keys.user_tag_of(user_id))])
