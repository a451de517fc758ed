"""Logins: what is remembered while one is under way, what it leaves behind, and how often it failed."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from session_store import indexes, keys, lua
from session_store.access_tokens import AccessTokens
from session_store.commands import Commands, Reply
from session_store.endings import Act
from session_store.errors import LoginBlocked, LoginOvertaken, StoreUnavailable
from session_store.ids import IdSource
from session_store.lifecycle import EndReason
from session_store.named import Named
from session_store.records import (
    Block,
    BrowserSession,
    CookieHash,
    Milliseconds,
    Principal,
    StoreTime,
    User,
    UserTag,
    decode,
    encode,
    is_tombstone,
    user_tag,
)
from session_store.revocation import GENERATION_LIFE_MS, Revocation
from session_store.sealing import Sealer
from session_store.user_entries import take_back

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Login:
    """A login that the provider has confirmed."""

    tag: UserTag
    principal: Principal
    provider_name: str
    begun_at: StoreTime
    at: Milliseconds
    cookie_hash: CookieHash
    expires_at: Milliseconds

    @property
    def life(self) -> Milliseconds:
        """How long the browser session's record stands."""
        return self.expires_at + keys.GRACE_MS - self.at

    def user(self, known: User | None, ids: IdSource) -> User:
        """The user after this login: ``known`` with what the provider says now, or a new one."""
        return User(
            id=known.id if known else ids.user(),
            tag=self.tag,
            provider_name=self.provider_name,
            principal=self.principal,
            created_at=known.created_at if known else self.at,
            last_login=self.at,
        )


class Logins:
    """Login transactions, sealed and single-use; users and browser sessions as logins make them."""

    def __init__(
        self,
        commands: Commands,
        revocation: Revocation,
        named: Named,
        sealer: Sealer,
        ids: IdSource,
        now_ms: Callable[[], Milliseconds],
    ) -> None:
        self._commands = commands
        self._revocation = revocation
        self._named = named
        self._sealer = sealer
        self._tokens = AccessTokens(sealer)
        self._ids = ids
        self._now_ms = now_ms

    async def now(self) -> StoreTime:
        """See Store.now."""
        return _store_time(await self._commands.run("TIME"))

    async def save(self, key: str, payload: bytes, ttl_s: int) -> None:
        """See Store.save_login."""
        place = keys.login(key)
        await self._commands.run("SET", place, self._sealer.seal(payload, place), "EX", ttl_s)

    async def take(self, key: str) -> bytes | None:
        """See Store.take_login."""
        place = keys.login(key)
        sealed = await self._commands.run("GETDEL", place)
        return self._opened(sealed, place)

    async def read(self, key: str) -> tuple[bytes | None, StoreTime]:
        """See Store.read_login."""
        place = keys.login(key)
        sealed, now = await self._commands.run_all([("GET", place), ("TIME",)])
        return self._opened(sealed, place), _store_time(now)

    async def memory(self, cookie_hash: CookieHash) -> bytes | None:
        """See Store.session_memory."""
        place = keys.memory(cookie_hash)
        browser, sealed = cast(
            "list[Reply]", await self._commands.run("MGET", keys.browser(cookie_hash), place)
        )
        lives = isinstance(browser, bytes) and not is_tombstone(browser)
        return self._opened(sealed, place) if lives else None

    async def complete(
        self,
        principal: Principal,
        *,
        provider_name: str,
        begun_at: StoreTime,
        scope: str,
        cookie_hash: CookieHash,
        expires_at: Milliseconds,
        names: Sequence[str] = (),
        memory: bytes = b"",
        access_token: str = "",
    ) -> BrowserSession:
        """See Store.complete_login."""
        login = _Login(
            tag=user_tag(principal.issuer, principal.subject),
            principal=principal,
            provider_name=provider_name,
            begun_at=begun_at,
            at=self._now_ms(),
            cookie_hash=cookie_hash,
            expires_at=expires_at,
        )
        await self._named.enter(
            principal.provider, names, begun_at=begun_at, cookie_hash=cookie_hash, life=login.life
        )
        user, generation = await self._signed_in(login)
        session = BrowserSession(
            cookie_hash=cookie_hash,
            user_id=user.id,
            user_tag=user.tag,
            generation=generation,
            scope=scope,
            principal=principal,
            issued_at=login.at,
            expires_at=expires_at,
            refreshed_at=login.at,
            access_token=self._tokens.sealed(access_token, cookie_hash),
            provider_name=provider_name,
        )
        await self._write(session, login.life, memory)
        return session

    async def count_failure(self, key: str, window_s: int) -> int:
        """See Store.count_failure."""
        return cast("int", await self._commands.run(*lua.COUNT.call([keys.failures(key)], window_s * 1000)))

    async def failures(self, key: str) -> int:
        """See Store.failures."""
        return int(cast("bytes | None", await self._commands.run("GET", keys.failures(key))) or 0)

    async def _signed_in(self, login: "_Login") -> tuple[User, int]:
        """The user as this login leaves it, indexed with its browser session, and the generation."""
        for _ in range(_ATTEMPTS):
            standing = cast("bytes | None", await self._commands.run("GET", keys.user(login.tag)))
            known = decode(standing, User) if standing is not None else None
            user = login.user(known, self._ids)
            await self._commands.run_all(indexes.enter_user(user))
            outcome, *generation = cast("list[bytes]", await self._put_user(login, user, known))
            if outcome == b"written":
                await self._forget_words(known, user)
                return user, int(generation[0])
            await take_back(self._commands, user)
            if outcome == b"blocked":
                raise LoginBlocked(decode(generation[0], Block).until)
            if outcome == b"overtaken":
                raise LoginOvertaken("the user was deleted after this login began")
        raise StoreUnavailable("the user kept changing")

    async def _put_user(self, login: "_Login", user: User, known: User | None) -> Reply:
        return await self._commands.run(
            *lua.PUT_USER.call(
                [
                    keys.user(login.tag),
                    keys.generation(login.tag),
                    keys.user_browsers(login.tag),
                    keys.block(login.tag),
                ],
                known.id if known else "",
                encode(user),
                login.begun_at,
                keys.tag(login.cookie_hash),
                login.life,
                GENERATION_LIFE_MS,
            )
        )

    async def _write(self, session: BrowserSession, life: Milliseconds, memory: bytes) -> None:
        """Write the record where nothing stands, and take it back if the user was deleted meanwhile."""
        place = keys.memory(session.cookie_hash)
        start = lua.START_BROWSER.call(
            [keys.browser(session.cookie_hash), place],
            encode(session),
            life,
            self._sealer.seal(memory, place) if memory else b"",
            max(1, session.expires_at - session.issued_at),
        )
        if await self._commands.run(*start) != 1:
            raise LoginOvertaken("the session was ended while the login was completed")
        generation = await self._commands.run("HGET", keys.generation(session.user_tag), "generation")
        if int(cast("bytes | None", generation) or 0) != session.generation:
            act = Act(reason=EndReason.USER_DELETED, by="")
            await self._revocation.end(session.cookie_hash, session.user_tag, act)
            raise LoginOvertaken("the user was deleted while the login was completed")

    def _opened(self, sealed: Reply, place: bytes) -> bytes | None:
        return self._sealer.open(sealed, place) if isinstance(sealed, bytes) else None

    async def _forget_words(self, before: User | None, now: User) -> None:
        """Words that no longer find a user are hints that lead astray, and no more."""
        if before is not None:
            with suppress(StoreUnavailable):
                await self._commands.run_all(indexes.leave_words(before, now))


def _store_time(reply: Reply) -> StoreTime:
    seconds, microseconds = cast("list[bytes]", reply)
    return StoreTime(int(seconds) * 1_000_000 + int(microseconds))
