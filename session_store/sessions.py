"""Browser and application sessions: reading, starting, touching. Ends are revocation.py's.

Records live until their absolute end and a grace, so that a reader can tell *expired* from *unknown*; an idle
limit is the application record's own shorter life, which a touch prolongs only where the record stands.
"""

from collections.abc import Callable, Sequence
from typing import cast

from session_store import keys, lua
from session_store.commands import Commands
from session_store.errors import StoreUnavailable
from session_store.ids import IdSource, is_id
from session_store.lifecycle import EndReason
from session_store.limits import Limits
from session_store.lookup import write_place
from session_store.pins import pins_of
from session_store.records import (
    ApplicationSession,
    BrowserSession,
    Context,
    CookieHash,
    Endpoint,
    Milliseconds,
    Tombstone,
    UserTag,
    decode,
    encode,
    is_tombstone,
)
from session_store.refreshes import caught_up
from session_store.revocation import Revocation
from session_store.tombstones import TIME, tombstone
from session_store.views import Touch

_TOUCHES_AT_ONCE = 100
_ATTEMPTS = 5


class Sessions:
    """What the gate and the recorder ask for beside the check itself."""

    def __init__(
        self,
        commands: Commands,
        revocation: Revocation,
        limits: Limits,
        ids: IdSource,
        now_ms: Callable[[], Milliseconds],
    ) -> None:
        self._commands = commands
        self._revocation = revocation
        self._limits = limits
        self._ids = ids
        self._now_ms = now_ms

    async def browser_session(self, cookie_hash: CookieHash) -> BrowserSession | Tombstone | None:
        """See Store.browser_session."""
        value = await self._commands.run("GET", keys.browser(cookie_hash))
        if not isinstance(value, bytes):
            return None
        record: BrowserSession | Tombstone
        record = decode(value, Tombstone) if is_tombstone(value) else decode(value, BrowserSession)
        if record.cookie_hash != cookie_hash:
            raise StoreUnavailable("the store answered with another session's record")
        return record

    async def start(
        self,
        browser: BrowserSession,
        endpoint: Endpoint,
        *,
        expires_at: Milliseconds,
        idle_timeout_s: int,
        context: Context,
        session_limit: int,
    ) -> ApplicationSession | Tombstone | None:
        """See Store.start_application_session."""
        if not is_id(endpoint.id, "ep_"):
            raise ValueError("not an endpoint id")
        now = self._now_ms()
        expires_at = min(expires_at, browser.expires_at)
        if expires_at <= now:
            return tombstone(browser.cookie_hash, endpoint.id, EndReason.EXPIRED, TIME, expires_at)
        session = ApplicationSession(
            id=self._ids.session(),
            cookie_hash=browser.cookie_hash,
            endpoint=endpoint,
            user_id=browser.user_id,
            user_tag=browser.user_tag,
            principal=browser.principal,
            created_at=now,
            expires_at=expires_at,
            idle_timeout_s=idle_timeout_s,
            refreshed_at=browser.refreshed_at,
            access_token=browser.access_token,
            pins=pins_of(context),
        )
        await self._index(session)
        session, outcome, value = await self._write(session, browser, context)
        if outcome != b"started":
            await self._unindex(session)
            return _standing(outcome, value, session)
        kept = await self._keep_or_take_back(session, browser)
        if session_limit and isinstance(kept, ApplicationSession):
            await self._limits.make_place(kept, session_limit)
        return kept

    async def touch(self, touches: Sequence[Touch]) -> None:
        """See Store.touch."""
        for first in range(0, len(touches), _TOUCHES_AT_ONCE):
            batch = touches[first : first + _TOUCHES_AT_ONCE]
            alive = await self._commands.run_all([self._touch_call(touch) for touch in batch])
            latest: dict[UserTag, Milliseconds] = {}
            for touch, was_alive in zip(batch, alive, strict=True):
                if was_alive:
                    latest[touch.user_tag] = max(touch.at_ms, latest.get(touch.user_tag, 0))
            await self._commands.run_all(
                [
                    lua.TOUCH_USER.call([keys.user(user_tag), keys.last_active(user_tag)], at_ms)
                    for user_tag, at_ms in latest.items()
                ]
            )

    async def _index(self, session: ApplicationSession) -> None:
        """Make the session findable before it exists: what can be let through can be listed and ended."""
        life = session.expires_at + keys.GRACE_MS - session.created_at
        place = write_place(session.cookie_hash, session.endpoint.id)
        await self._commands.run_all(
            [
                ("SET", keys.session_place(session.id), place, "PX", life),
                ("ZADD", keys.SESSIONS, 0, session.id),
                lua.INDEX_APPLICATION.call([keys.user_applications(session.user_tag)], session.id, life),
            ]
        )

    async def _unindex(self, session: ApplicationSession) -> None:
        await self._commands.run_all(
            [
                ("ZREM", keys.user_applications(session.user_tag), session.id),
                ("ZREM", keys.SESSIONS, session.id),
                ("DEL", keys.session_place(session.id)),
            ]
        )

    async def _write(
        self, session: ApplicationSession, browser: BrowserSession, context: Context
    ) -> tuple[ApplicationSession, bytes, list[bytes]]:
        """Write the session as its browser session's record has it in that step: it, and what came of it."""
        read = encode(browser)
        for _ in range(_ATTEMPTS):
            outcome, *value = cast("list[bytes]", await self._commands.run(*_start(session, read, context)))
            if outcome != b"changed":
                return session, outcome, value
            (read,) = value
            session = caught_up(session, decode(read, BrowserSession))
        raise StoreUnavailable("the browser session kept changing")

    async def _keep_or_take_back(
        self, session: ApplicationSession, browser: BrowserSession
    ) -> ApplicationSession | Tombstone:
        """The session; its tombstone, and the end of all, where the user was revoked since the login."""
        generation, by = cast(
            "list[bytes | None]",
            await self._commands.run("HMGET", keys.generation(browser.user_tag), "generation", "by"),
        )
        if int(generation or 0) == browser.generation:
            return session
        reason, author = EndReason.USER_DELETED, (by or b"").decode()
        await self._revocation.end(browser.cookie_hash, browser.user_tag, reason, author)
        return tombstone(browser.cookie_hash, session.endpoint.id, reason, author, self._now_ms())

    def _touch_call(self, touch: Touch) -> lua.Command:
        life = 0
        if touch.idle_timeout_s:
            life = max(1, touch.idle_timeout_s * 1000 - (self._now_ms() - touch.at_ms))
        place = (touch.cookie_hash, touch.endpoint_id)
        return lua.TOUCH_APPLICATION.call(
            [keys.application(*place), keys.activity(*place)],
            touch.at_ms,
            touch.requests,
            life,
            keys.GRACE_MS,
            encode(touch.context) if touch.context is not None else b"",
            touch.context_at_ms or touch.at_ms,
        )


def _start(session: ApplicationSession, read: bytes, context: Context) -> lua.Command:
    """The command that writes ``session`` while its browser session's record is the one ``read``."""
    life = session.expires_at + keys.GRACE_MS - session.created_at
    if session.idle_timeout_s:
        life = min(life, session.idle_timeout_s * 1000)
    place = (session.cookie_hash, session.endpoint.id)
    return lua.START_APPLICATION.call(
        [
            keys.browser(session.cookie_hash),
            keys.application(*place),
            keys.endpoints(session.cookie_hash),
            keys.activity(*place),
        ],
        session.endpoint.id,
        session.id,
        encode(session),
        life,
        session.created_at,
        session.expires_at,
        encode(context),
        read,
    )


def _standing(
    outcome: bytes, value: list[bytes], session: ApplicationSession
) -> ApplicationSession | Tombstone | None:
    """What the script found in the way of ``session``."""
    if outcome == b"none":
        return None
    if outcome == b"idle":
        idle_since = int(value[0]) + session.idle_timeout_s * 1000
        return tombstone(session.cookie_hash, session.endpoint.id, EndReason.IDLE, TIME, idle_since)
    if is_tombstone(value[0]):
        return decode(value[0], Tombstone)
    record = decode(value[0], ApplicationSession)
    if record.expires_at <= session.created_at:
        return tombstone(record.cookie_hash, record.endpoint.id, EndReason.EXPIRED, TIME, record.expires_at)
    return record
