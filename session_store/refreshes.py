"""Refreshing a session: one worker asks the provider again, and all records of the session say what it said.

The turn only spares the provider; what is written is decided by comparing records with what was read. Why a
refresh loses against every end and against nothing else: docs/decisions/keys.md. Knows no provider.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Literal, cast

import msgspec

from session_store import indexes, keys, lua
from session_store.access_tokens import AccessTokens
from session_store.commands import Commands, Reply
from session_store.errors import StoreUnavailable
from session_store.ids import EndpointId
from session_store.records import (
    ApplicationSession,
    BrowserSession,
    CookieHash,
    Milliseconds,
    Principal,
    Tombstone,
    User,
    decode,
    encode,
    is_tombstone,
    user_tag,
)
from session_store.sealing import Sealer
from session_store.user_entries import take_back

RefreshTurn = Literal["yours", "under_way", "put_off"]
"""Whether to ask the provider again now: do; another worker does; nobody should for a while."""

_NOBODY = ""
_ATTEMPTS = 5


class Refreshes:
    """Turns to refresh, and what a refresh writes."""

    def __init__(self, commands: Commands, sealer: Sealer, now_ms: Callable[[], Milliseconds]) -> None:
        self._commands = commands
        self._sealer = sealer
        self._tokens = AccessTokens(sealer)
        self._now_ms = now_ms

    async def begin(self, cookie_hash: CookieHash, holder: str, ttl_ms: Milliseconds) -> RefreshTurn:
        """See Store.begin_refresh."""
        if not holder:
            raise ValueError("a turn has a holder")
        begin = lua.BEGIN_REFRESH.call([keys.refresh_turn(cookie_hash)], holder, ttl_ms)
        return cast("RefreshTurn", cast("bytes", await self._commands.run(*begin)).decode())

    async def prolong(self, cookie_hash: CookieHash, holder: str, ttl_ms: Milliseconds) -> bool:
        """See Store.prolong_refresh."""
        return await self._hold(cookie_hash, holder, holder, ttl_ms)

    async def put_off(self, cookie_hash: CookieHash, holder: str, again_in_ms: Milliseconds) -> None:
        """See Store.put_off_refresh."""
        await self._hold(cookie_hash, holder, _NOBODY, again_in_ms)

    async def finish(
        self,
        browser: BrowserSession,
        holder: str,
        *,
        principal: Principal,
        refreshed_at: Milliseconds,
        access_token: str,
        memory: bytes,
    ) -> bool:
        """See Store.finish_refresh."""
        if user_tag(principal.issuer, principal.subject) != browser.user_tag:
            raise ValueError("a refresh tells of the session's own user")
        said = msgspec.structs.replace(
            browser,
            principal=principal,
            refreshed_at=refreshed_at,
            access_token=self._tokens.sealed(access_token, browser.cookie_hash),
        )
        standing = await self._commands.run("GET", keys.browser(browser.cookie_hash))
        started = await self._started(browser.cookie_hash)
        read = standing if isinstance(standing, bytes) and _is_record_of(standing, browser) else b""
        done, *left = cast(
            "list[bytes | int]", await self._write(said, read, started, holder=holder, memory=memory)
        )
        if done != 1:
            return False
        for endpoint_id in cast("list[bytes]", left):
            with suppress(StoreUnavailable):
                await self._catch_up(browser.cookie_hash, EndpointId(endpoint_id.decode()))
        with suppress(StoreUnavailable):
            await self._renew_user(said)
        return True

    async def applications(self, cookie_hash: CookieHash) -> list[ApplicationSession]:
        """See Store.applications."""
        started = await self._started(cookie_hash)
        records = [decode(value, ApplicationSession) for value in started.values() if not is_tombstone(value)]
        return [record for record in records if record.expires_at > self._now_ms()]

    async def catch_up(self, session: ApplicationSession) -> ApplicationSession | Tombstone | None:
        """See Store.catch_up."""
        return await self._catch_up(session.cookie_hash, session.endpoint.id)

    async def _hold(self, cookie_hash: CookieHash, holder: str, value: str, ttl_ms: Milliseconds) -> bool:
        hold = lua.HOLD_REFRESH.call([keys.refresh_turn(cookie_hash)], holder, value, ttl_ms)
        return await self._commands.run(*hold) == 1

    async def _started(self, cookie_hash: CookieHash) -> dict[EndpointId, bytes]:
        """What stands at each endpoint where the browser session has been, if anything does."""
        found = cast("list[bytes]", await self._commands.run("HKEYS", keys.endpoints(cookie_hash)))
        ids = [EndpointId(entry.decode()) for entry in found]
        if not ids:
            return {}
        places = [keys.application(cookie_hash, endpoint_id) for endpoint_id in ids]
        values = cast("list[Reply]", await self._commands.run("MGET", *places))
        return {
            endpoint_id: value
            for endpoint_id, value in zip(ids, values, strict=True)
            if isinstance(value, bytes)
        }

    async def _write(
        self,
        said: BrowserSession,
        read: bytes,
        started: Mapping[EndpointId, bytes],
        *,
        holder: str,
        memory: bytes,
    ) -> Reply:
        """Write what was ``said`` over the record ``read``, over none where it is empty; end the turn."""
        place = keys.memory(said.cookie_hash)
        applications: list[str | bytes] = []
        for endpoint_id, value in started.items():
            with suppress(StoreUnavailable):
                fresh = encode(caught_up(decode(value, ApplicationSession), said))
                applications += [endpoint_id, value, fresh]
        return await self._commands.run(
            *lua.FINISH_REFRESH.call(
                [
                    keys.browser(said.cookie_hash),
                    keys.endpoints(said.cookie_hash),
                    keys.applications(said.cookie_hash),
                    place,
                    keys.refresh_turn(said.cookie_hash),
                ],
                read,
                encode(said),
                self._sealer.seal(memory, place) if memory else b"",
                keys.GRACE_MS,
                holder,
                *applications,
            )
        )

    async def _catch_up(
        self, cookie_hash: CookieHash, endpoint_id: EndpointId
    ) -> ApplicationSession | Tombstone | None:
        places = [keys.browser(cookie_hash), keys.application(cookie_hash, endpoint_id)]
        for _ in range(_ATTEMPTS):
            browser, standing = cast("list[Reply]", await self._commands.run("MGET", *places))
            if not isinstance(standing, bytes) or not isinstance(browser, bytes):
                return None
            if is_tombstone(standing):
                return decode(standing, Tombstone)
            session = decode(standing, ApplicationSession)
            fresh = caught_up(session, decode(browser, BrowserSession))
            if fresh == session:
                return session
            renew = lua.RENEW_APPLICATION.call(places, browser, standing, encode(fresh))
            if await self._commands.run(*renew) == 1:
                return fresh
        raise StoreUnavailable("the session kept changing")

    async def _renew_user(self, said: BrowserSession) -> None:
        """Show in the user's record what the provider said; a deleted user stays away."""
        place = keys.user(said.user_tag)
        for _ in range(_ATTEMPTS):
            standing = await self._commands.run("GET", place)
            if not isinstance(standing, bytes):
                return
            known = decode(standing, User)
            if known.id != said.user_id or known.principal == said.principal:
                return
            fresh = msgspec.structs.replace(known, principal=said.principal)
            await self._commands.run_all(indexes.enter_user(fresh))
            if await self._commands.run(*lua.RENEW_USER.call([place], standing, encode(fresh))) == 1:
                await self._commands.run_all(indexes.leave_words(known, fresh))
                return
            await take_back(self._commands, fresh)


def caught_up(session: ApplicationSession, browser: BrowserSession) -> ApplicationSession:
    """``session`` as its browser session's record has it now."""
    return msgspec.structs.replace(
        session,
        principal=browser.principal,
        refreshed_at=browser.refreshed_at,
        access_token=browser.access_token,
    )


def _is_record_of(value: bytes, browser: BrowserSession) -> bool:
    return not is_tombstone(value) and decode(value, BrowserSession) == browser
